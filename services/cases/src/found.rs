//! What really came of a step.

use std::collections::BTreeSet;

use handoff_law::{Grant, Ruling};
use handoff_schemas::{Labels, LogTime};
use handoff_spine::command::Refusal;
use serde::Serialize;
use serde_json::{Value, json};

use crate::format::{Decision, External};

/// Everything a `then` can ask about.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub decision: Option<Decision>,
    pub fields: BTreeSet<String>,
    pub labels: BTreeSet<String>,
    /// How sensitive and confidential what is shown is, as the hub keeps it beside the slices.
    pub mark: Option<Labels>,
    pub obligations: BTreeSet<String>,
    pub notice: bool,
    /// Notices, and scope explanations in every language.
    pub scope: String,
    pub reasons: BTreeSet<String>,
    pub relies_on: BTreeSet<String>,
    pub basis: BTreeSet<String>,
    pub valid_until: Option<LogTime>,
    pub releases: usize,
    /// How many of their events a recall names to its reader.
    pub recalls: usize,
    pub external: Option<External>,
    pub accepted: Option<bool>,
    pub refusal: Option<Refusal>,
    pub duplicate: bool,
    /// Duties that the hub opened, by name.
    pub follows: BTreeSet<String>,
    /// What nothing in the hub decides yet.
    pub undecided: Option<String>,
    /// Where the hub disagrees with itself; never expected.
    pub faults: Vec<String>,
    /// Facts of the step that nothing in the hub looks at yet.
    pub unread: Vec<String>,
}

/// Content shown to a recipient, with the grants it rests on.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    pub event_type: String,
    pub source: String,
    pub data: Value,
    pub grants: Vec<Grant>,
    pub mark: Option<Labels>,
    pub valid_until: Option<LogTime>,
}

impl Found {
    /// Nothing in the hub decides this yet.
    pub fn undecided(what: impl Into<String>) -> Self {
        Self { undecided: Some(what.into()), ..Self::default() }
    }

    pub fn accepted() -> Self {
        Self { accepted: Some(true), ..Self::default() }
    }

    pub fn refused(refusal: Refusal) -> Self {
        Self { accepted: Some(false), refusal: Some(refusal), ..Self::default() }
    }

    /// The asker is no recipient at the hub at all; told so, since it depends on no person.
    pub fn no_recipient() -> Self {
        Self {
            decision: Some(Decision::Deny),
            reasons: BTreeSet::from(["NOT_AUTHORIZED".to_owned()]),
            external: Some(External::Refused),
            ..Self::default()
        }
    }

    /// An answer to a question: the content, and the answer about a person nobody knows beside it.
    pub fn answered(shown: &[Shown], unknown: &[Shown]) -> Self {
        let mut found = Self::default();
        for one in shown {
            leaves(&one.data, String::new(), &mut found.fields);
            found.valid_until = [found.valid_until, one.valid_until].into_iter().flatten().min();
            one.grants.iter().for_each(|grant| found.grant(grant));
            one.mark.iter().for_each(|mark| found.mark.get_or_insert(Labels::none()).join(mark));
        }
        let permitted = !found.fields.is_empty();
        let same = answer(shown) == answer(unknown);
        found.decision = Some(if permitted { Decision::Permit } else { Decision::Deny });
        found.external = Some(if same { External::NoRecord } else { External::Content });
        found
    }

    pub fn withheld(&mut self, ruling: &Ruling) {
        let reasons = ruling.slices.iter().flat_map(|s| s.outcome.withheld());
        self.reasons.extend(reasons.map(|w| w.reason.code().to_owned()));
    }

    /// Laws, sensitivities and the confidentiality of what is shown.
    pub fn labels_and_marks(&self) -> BTreeSet<String> {
        let sensitivity = self.mark.iter().flat_map(|m| &m.sensitivity).map(ToString::to_string);
        let confidentiality = self.mark.iter().map(|m| m.confidentiality.code().to_owned());
        self.labels.iter().cloned().chain(sensitivity).chain(confidentiality).collect()
    }

    fn grant(&mut self, grant: &Grant) {
        self.labels.extend(grant.labels.iter().map(word));
        self.obligations.extend(grant.obligations.iter().map(word));
        self.basis.extend(grant.basis.iter().map(ToString::to_string));
        self.relies_on.extend(grant.agreement.iter().map(|a| a.id.to_string()));
        self.relies_on.extend(grant.consent.iter().map(|c| c.record.to_string()));
        if let Some(notice) = &grant.notice {
            self.notice = true;
            self.scope.push_str(notice.text());
            self.scope.push('\n');
            self.scope.push_str(&notice.scope().en);
            self.scope.push('\n');
            self.scope.push_str(notice.scope().es.as_deref().unwrap_or_default());
            self.scope.push('\n');
        }
    }
}

/// What the asker gets, in bytes.
fn answer(shown: &[Shown]) -> String {
    let rows = shown.iter().map(|s| json!({ "type": s.event_type, "source": s.source, "data": s.data }));
    json!({ "rows": rows.collect::<Vec<_>>() }).to_string()
}

/// A value of a fixed vocabulary, as the log spells it.
pub fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// Paths of leaves: `diagnoses/*/code`; a list of plain values is one leaf.
fn leaves(value: &Value, at: String, into: &mut BTreeSet<String>) {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}/{name}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, inner)| leaves(inner, below(name), into)),
        Value::Array(list) if list.iter().any(Value::is_object) => {
            list.iter().for_each(|inner| leaves(inner, below("*"), into));
        }
        _ => {
            into.insert(at);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_named_by_their_path_without_indexes() {
        let data =
            json!({ "plan": "p", "tips": ["a", "b"], "diagnoses": [{ "code": "F1" }, { "code": "F2", "text": "t" }] });
        let mut found = BTreeSet::new();
        leaves(&data, String::new(), &mut found);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["diagnoses/*/code", "diagnoses/*/text", "plan", "tips"]);
    }

    #[test]
    fn an_answer_without_rows_is_the_answer_about_nobody() {
        assert_eq!(Found::answered(&[], &[]).external, Some(External::NoRecord));
        let shown = Shown { data: json!({ "plan": "p" }), ..Shown::default() };
        assert_eq!(Found::answered(&[shown], &[]).external, Some(External::Content));
    }
}
