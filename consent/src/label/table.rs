//! The small comma-separated tables of `law/labels/`: `#` comments, one header line, the last column takes the rest.

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{Category, Confidentiality, Labels, Sensitivity};

use super::hierarchy::Hierarchy;

/// The rows with their line numbers.
pub(super) fn rows<'t, const N: usize>(text: &'t str, header: [&str; N]) -> Result<Vec<(usize, [&'t str; N])>, String> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    let mut read = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')).map(|(at, line)| {
        let fields: Vec<&str> = line.splitn(N, ',').map(str::trim).collect();
        <[&str; N]>::try_from(fields).map(|row| (at, row)).map_err(|_| format!("line {at}: expected {N} columns"))
    });
    match read.next() {
        Some(Ok((_, first))) if first == header => read.collect(),
        _ => Err(format!("the first line must be `{}`", header.join(","))),
    }
}

/// Labels separated by spaces, each of which the hierarchy knows.
pub(super) fn labels(words: &str, hierarchy: &Hierarchy, at: usize) -> Result<BTreeSet<Sensitivity>, String> {
    let read = |word: &str| {
        let label = word.parse::<Sensitivity>().ok().filter(|label| hierarchy.knows(label));
        label.ok_or_else(|| format!("line {at}: `{word}` is no code of hierarchy.csv"))
    };
    words.split_whitespace().map(read).collect()
}

/// `categories.csv`: every category once.
pub(super) fn categories(text: &str, hierarchy: &Hierarchy) -> Result<BTreeMap<Category, Labels>, String> {
    let mut all = BTreeMap::new();
    for (at, [slug, words, mark]) in rows(text, ["category", "sensitivity", "confidentiality"])? {
        let category = slug.parse::<Category>().map_err(|e| format!("line {at}: {e}"))?;
        let sensitivity = labels(words, hierarchy, at)?;
        let confidentiality =
            mark.parse::<Confidentiality>().map_err(|_| format!("line {at}: `{mark}` is no confidentiality"))?;
        let mut default = Labels { sensitivity, confidentiality, unlabelled: false };
        let floor = default.sensitivity.iter().map(|label| hierarchy.floor(label)).max();
        default.confidentiality = default.confidentiality.max(floor.unwrap_or(confidentiality));
        if all.insert(category, default).is_some() {
            return Err(format!("line {at}: a second line for `{category}`"));
        }
    }
    match Category::ALL.iter().find(|category| !all.contains_key(category)) {
        Some(missing) => Err(format!("no line for `{missing}`")),
        None => Ok(all),
    }
}
