//! A ruling in words: which policy, clause, consent and law, and what would change the answer.

use std::sync::Arc;

use handoff_schemas::{Category, ElementSet};
use serde::Serialize;

use crate::bundle::Bundle;
use crate::ruling::{Grant, Outcome, Ruling, Withheld};

/// One category of a ruling, explained. For the source's users and the privacy officer, never for a recipient.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    pub category: Category,
    pub released: bool,
    pub elements: ElementSet,
    pub points: Vec<Point>,
}

/// One authority that stands, or one that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// Policy ids of the bundle, or steps of the pipeline.
    pub policies: Vec<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<crate::reason::Reason>,
    /// `<agreement> v<version>, clause <clause>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// The record id of the consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
    pub citation: Arc<str>,
    pub plain: String,
    /// What would change the answer; empty where it was a release.
    pub change: Arc<str>,
}

/// Explains a ruling, category by category.
#[must_use]
pub fn explain(bundle: &Bundle, ruling: &Ruling) -> Vec<Explanation> {
    let slices = ruling.slices.iter();
    slices
        .map(|slice| Explanation {
            category: slice.category,
            released: matches!(slice.outcome, Outcome::Release(_)),
            elements: slice.outcome.elements(),
            points: match &slice.outcome {
                Outcome::Release(grants) => grants.iter().map(|g| granted(bundle, g, ruling.ask.is_some())).collect(),
                Outcome::Withhold(reasons) => reasons.iter().map(|w| withheld(bundle, w)).collect(),
            },
        })
        .collect()
}

fn granted(bundle: &Bundle, grant: &Grant, asked: bool) -> Point {
    let words = |all: Vec<String>| all.join(", ");
    let purposes = words(grant.purposes.iter().map(ToString::to_string).collect());
    let basis = words(grant.basis.iter().map(ToString::to_string).collect());
    let plain = match (&grant.consent, &grant.agreement) {
        (Some(_), _) => {
            let over = words(grant.over.iter().map(ToString::to_string).collect());
            let over = if over.is_empty() { over } else { format!("; it stands over the earlier denial {over}") };
            format!("released for {purposes} by consent and agreement, template {}, on {basis}{over}", grant.template)
        }
        (None, Some(_)) => format!("released for {purposes} by agreement, template {}, on {basis}", grant.template),
        (None, None) if grant.basis.contains(&crate::matrix::Basis::OWN) => "the unit published it itself".to_owned(),
        (None, None) if asked => {
            format!(
                "released for {purposes} under an ask, on {basis}, template {}; for its user, while it lasts",
                grant.template
            )
        }
        (None, None) => format!("released for {purposes} on {basis}, template {}; needs no agreement", grant.template),
    };
    Point {
        policies: grant.policies.iter().cloned().collect(),
        reason: None,
        clause: grant.agreement.as_ref().map(|a| format!("{} v{}, clause {}", a.id, a.version, a.clause)),
        consent: grant.consent.as_ref().map(|c| c.record.to_string()),
        citation: Arc::clone(&grant.citation),
        plain: with_hooks(bundle, plain, &grant.citation),
        change: "".into(),
    }
}

fn withheld(bundle: &Bundle, w: &Withheld) -> Point {
    Point {
        policies: vec![Arc::clone(&w.policy)],
        reason: Some(w.reason),
        clause: w.agreement.as_ref().map(ToString::to_string),
        consent: w.consent.map(|c| c.to_string()),
        citation: Arc::clone(&w.citation),
        plain: with_hooks(
            bundle,
            bundle.reasons.text(w.reason).map(|t| t.plain.to_string()).unwrap_or_default(),
            &w.citation,
        ),
        change: Arc::clone(&w.missing),
    }
}

/// With what the law of each hook that the citation names says.
fn with_hooks(bundle: &Bundle, plain: String, citation: &str) -> String {
    let hooks = bundle.hooks.named_in(citation);
    hooks.fold(plain, |plain, hook| format!("{plain} ({}: {})", hook.id, hook.paraphrase))
}
