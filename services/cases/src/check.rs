//! What was expected against what was found.

use std::collections::BTreeSet;

use handoff_spine::command::Refusal;
use serde::Serialize;

use crate::format::{Decision, External, Then, shown};
use crate::found::{Found, word};

/// One thing that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The step of `when`, from 1; 0 for what is given.
    pub step: usize,
    /// The key of `then`.
    pub key: String,
    pub expected: String,
    pub found: String,
}

/// Words that obligations have beside the names that grants carry.
const SAME: &[(&str, &str)] = &[("NO_PROCEEDINGS", "NO_PROCEEDINGS_AGAINST_PATIENT"), ("42CFRPart2", "part2")];

/// Gathers differences of one step.
struct Differ {
    step: usize,
    all: Vec<Difference>,
}

impl Differ {
    fn note(&mut self, key: &str, expected: impl Into<String>, found: impl Into<String>) {
        let (expected, found) = (expected.into(), found.into());
        self.all.push(Difference { step: self.step, key: key.to_owned(), expected, found });
    }

    fn same<T: PartialEq + Copy>(&mut self, key: &str, expected: Option<T>, found: T, say: impl Fn(T) -> String) {
        if let Some(expected) = expected.filter(|e| *e != found) {
            self.note(key, say(expected), say(found));
        }
    }

    fn exactly(&mut self, key: &str, expected: Option<&Vec<String>>, found: &BTreeSet<String>) {
        let Some(expected) = expected else { return };
        let expected: BTreeSet<String> = expected.iter().map(|w| canonical(w)).collect();
        if expected != *found {
            let missing: Vec<_> = expected.difference(found).cloned().collect();
            let more: Vec<_> = found.difference(&expected).cloned().collect();
            let say = format!("{}; missing {}; too much {}", list(found), list(&missing), list(&more));
            self.note(key, list(&expected), say);
        }
    }

    fn include(&mut self, key: &str, expected: &[String], found: &BTreeSet<String>) {
        let missing: Vec<_> = expected.iter().filter(|w| !found.contains(&canonical(w))).collect();
        if !missing.is_empty() {
            self.note(key, list(&missing), list(found));
        }
    }

    fn exclude(&mut self, key: &str, unwanted: &[String], found: &BTreeSet<String>) {
        let there: Vec<_> = unwanted.iter().filter(|w| found.contains(&canonical(w))).collect();
        if !there.is_empty() {
            self.note(key, format!("none of {}", list(&there)), list(found));
        }
    }
}

/// Everything of a step that is not as its `then` says. Without a `then`: it must only have been accepted.
pub fn differences(step: usize, name: &str, then: Option<&Then>, found: &Found) -> Vec<Difference> {
    let mut d = Differ { step, all: Vec::new() };
    for fault in &found.faults {
        d.note("hub", "one answer", fault);
    }
    let usual = Then::default();
    let t = then.unwrap_or(&usual);
    if let Some(what) = &found.undecided {
        d.note(name, "decided", what);
        return d.all;
    }
    accepted(&mut d, then, found);
    let decision = found.decision.unwrap_or(Decision::Permit);
    // What waits for a review is denied so far.
    let waits = decision == Decision::Review && t.decision == Some(Decision::Deny);
    d.same("decision", t.decision.filter(|_| !waits), decision, |x| word(&x));
    shown_fields(&mut d, t, found);
    d.exactly("labels", t.labels.as_ref(), &found.labels);
    d.include("labels_include", &t.labels_include, &found.labels_and_marks());
    d.exactly("obligations", t.obligations.as_ref(), &found.obligations);
    d.include("obligations_include", &t.obligations_include, &found.obligations);
    d.same("notice", t.notice, found.notice, |x| x.to_string());
    for wanted in t.scope_includes.iter().filter(|w| !found.scope.contains(w.as_str())) {
        d.note("scope_includes", wanted, &found.scope);
    }
    for unwanted in t.scope_excludes.iter().filter(|w| found.scope.contains(w.as_str())) {
        d.note("scope_excludes", format!("not `{unwanted}`"), &found.scope);
    }
    d.include("reasons", &t.reasons, &found.reasons);
    d.exclude("reasons_exclude", &t.reasons_exclude, &found.reasons);
    d.exactly("relies_on", t.relies_on.as_ref(), &found.relies_on);
    d.include("basis_include", &t.basis_include, &found.basis);
    let until = |at: Option<handoff_schemas::LogTime>| at.map_or_else(|| "none".to_owned(), shown);
    d.same("valid_until", t.valid_until.map(|v| v.0.map(|at| at.0)), found.valid_until, until);
    d.same("releases", t.releases, found.releases, |x| x.to_string());
    d.same("recalls", t.recalls, found.recalls, |x| x.to_string());
    d.same("duplicate", t.duplicate, found.duplicate, |x| x.to_string());
    external(&mut d, t, found);
    d.include("follows", &t.follows, &found.follows);
    for (key, wanted) in [("rows", t.rows), ("rows_hidden", t.rows_hidden)] {
        if let Some(rows) = wanted {
            d.note(key, rows.to_string(), "no report was made");
        }
    }
    for (cell, value) in &t.cells {
        d.note("cells", format!("{cell}: {value}"), "nothing is published");
    }
    d.all
}

fn accepted(d: &mut Differ, expected: Option<&Then>, found: &Found) {
    let refused = expected.and_then(|t| t.refused.as_ref());
    let Some(was) = found.accepted else {
        answered(d, refused, found);
        return;
    };
    match (&found.refusal, refused) {
        (Some(refusal), Some(word)) if says(refusal, word) => {}
        (Some(refusal), Some(word)) => d.note("refused", word, refusal.to_string()),
        (Some(refusal), None) if expected.is_none_or(|t| t.accepted != Some(false)) => {
            d.note("accepted", "true", format!("refused: {refusal}"));
        }
        (None, Some(word)) => d.note("refused", word, "accepted"),
        (None, None) => d.same("accepted", expected.and_then(|t| t.accepted), was, |x| x.to_string()),
        (Some(_), None) => {}
    }
}

/// A question has an answer; that an ask was refused besides is compared only where the case speaks of it.
fn answered(d: &mut Differ, refused: Option<&String>, found: &Found) {
    match (refused, &found.refusal) {
        (None, _) => {}
        (Some(word), Some(refusal)) if says(refusal, word) => {}
        (Some(word), Some(refusal)) => d.note("refused", word, refusal.to_string()),
        (Some(word), None) => d.note("refused", word, "not refused"),
    }
}

/// Whether a refusal has this code, or begins with this word.
fn says(refusal: &Refusal, word: &str) -> bool {
    refusal.code == word || refusal.message.starts_with(word)
}

fn shown_fields(d: &mut Differ, t: &Then, found: &Found) {
    let nothing = Vec::new();
    let fields = match (&t.fields, t.decision) {
        (None, Some(Decision::Deny | Decision::Review)) => Some(&nothing),
        (fields, _) => fields.as_ref(),
    };
    d.exactly("fields", fields, &found.fields);
    let under =
        |path: &str| found.fields.iter().any(|f| f == path || f.strip_prefix(path).is_some_and(|r| r.starts_with('/')));
    for path in t.fields_include.iter().filter(|path| !under(path)) {
        d.note("fields_include", path, list(&found.fields));
    }
    for path in t.fields_exclude.iter().filter(|path| under(path)) {
        d.note("fields_exclude", format!("not `{path}`"), list(&found.fields));
    }
}

/// A denial is told as if the person were unknown, unless the case says that the refusal is legible.
fn external(d: &mut Differ, t: &Then, found: &Found) {
    let Some(told) = found.external else {
        if let Some(expected) = t.external {
            d.note("external", word(&expected), "nobody was answered");
        }
        return;
    };
    // A refusal that depends on no person is, byte for byte, what a stranger's name gives.
    if t.external == Some(External::Refused) && told == External::NoRecord && found.refusal.is_some() {
        return;
    }
    let expected = t.external.or(match t.decision {
        Some(Decision::Deny | Decision::Review) if told != External::Refused => Some(External::NoRecord),
        Some(Decision::Permit) => Some(External::Content),
        _ => None,
    });
    d.same("external", expected, told, |x| word(&x));
}

fn canonical(said: &str) -> String {
    SAME.iter().find(|(name, _)| *name == said).map_or(said, |(_, word)| *word).to_owned()
}

fn list<'a, S: AsRef<str> + 'a>(words: impl IntoIterator<Item = &'a S>) -> String {
    let words: Vec<&str> = words.into_iter().map(AsRef::as_ref).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}
