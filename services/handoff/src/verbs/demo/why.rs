//! Why an agency saw what it saw and not the rest, read back from the recorded rulings.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use handoff::session::Session;
use handoff_law::{Bundle, Reason};
use handoff_schemas::Recipient;
use handoff_spine::release::Ruled;
use serde_json::Value;

use super::cast::unit_name;
use super::sight::Sight;
use super::words;
use crate::verbs::explain;

/// What authorities opened, each in one line: agreement and clause, consent, law.
pub fn got(sight: &Sight) -> Vec<String> {
    let mut by_authority: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for row in sight.rows.iter().filter(|r| !r.is_own) {
        for (category, grant) in row.grants() {
            let key = (authority(grant), unit_name(&row.source).to_owned());
            by_authority.entry(key).or_default().insert(words::short(category));
        }
    }
    let lines = by_authority.into_iter().map(|((authority, source), categories)| {
        let categories: Vec<&str> = categories.into_iter().collect();
        format!("{} from {source}: {authority}", words::list(&categories))
    });
    lines.collect()
}

fn authority(grant: &Value) -> String {
    let text = |pointer: &str| words::text(grant, pointer);
    let purposes: Vec<&str> = words::items(grant, "/purposes").filter_map(Value::as_str).collect();
    let mut why = Vec::new();
    if let Some(id) = text("/agreement/id") {
        why.push(format!("agreement {id}, clause {}", text("/agreement/clause").unwrap_or("-")));
    }
    if let Some(kind) = text("/consent/type") {
        why.push(format!("her {kind} consent"));
    }
    if grant.pointer("/notice").is_some_and(Value::is_object) {
        why.push("with the 42 CFR 2.32 notice".to_owned());
    }
    let (citation, template) = (text("/citation").unwrap_or("-"), text("/template").unwrap_or("-"));
    format!("{} for {} [{citation}; template {template}]", why.join(" + "), purposes.join(", "))
}

/// The newest recorded ruling of each event for one recipient, in log order.
///
/// # Errors
/// The log's.
pub async fn standing(session: &Session, wanted: impl Fn(&Recipient) -> bool) -> Result<Vec<Ruled>> {
    let mut newest: BTreeMap<(u64, u16, String), Ruled> = BTreeMap::new();
    for ruled in explain::rulings(session, wanted).await? {
        newest.insert((ruled.event_pos.0, ruled.event_index, ruled.recipient.to_string()), ruled);
    }
    Ok(newest.into_values().collect())
}

/// What was withheld and the most decisive reason, each in one line with its law.
///
/// # Errors
/// The log's; the bundle's.
pub async fn withheld(session: &Session, unit: &str) -> Result<Vec<String>> {
    let bundle = Bundle::embedded()?;
    let mut by_reason: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    let rulings = standing(session, |r| r.unit.as_str() == unit).await?;
    for ruled in rulings.iter().filter(|r| shown(&r.event_type.to_string())) {
        for slice in &ruled.withheld {
            let Some(first) = slice.reasons.first() else { continue };
            let key = (unit_name(ruled.source.as_str()).to_owned(), reason(&bundle, first));
            by_reason.entry(key).or_default().insert(words::short(slice.category.slug()));
        }
    }
    let lines = by_reason.into_iter().map(|((source, reason), categories)| {
        let categories: Vec<&str> = categories.into_iter().collect();
        format!("{} from {source}: {reason}", words::list(&categories))
    });
    Ok(lines.collect())
}

/// Events of the story; registrations and links show nobody anything.
fn shown(event_type: &str) -> bool {
    words::SCENES.iter().any(|s| s.events.contains(&words::event_name(event_type)))
}

fn reason(bundle: &Bundle, reason: &Value) -> String {
    let text = |pointer: &str| words::text(reason, pointer).unwrap_or("-");
    let plain = text("/reason").parse::<Reason>().ok().and_then(|r| bundle.reasons.text(r));
    let plain = plain.map_or_else(|| text("/reason").to_owned(), |t| t.plain.to_string());
    format!("{plain} [{}, {}]", text("/policy"), text("/citation"))
}
