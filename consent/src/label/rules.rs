//! How labels are made and what follows from them (`law/labels/rules.toml`).

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{Category, Confidentiality, LawLabel, RecipientKind, Sensitivity};
use serde::Deserialize;

use super::hierarchy::Hierarchy;
use crate::bundle::place;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    /// Sensitivity to the category whose cell is applied as well.
    pub axis: BTreeMap<Sensitivity, Category>,
    pub axis_exempt: AxisExempt,
    /// At least this, of whatever is under the law.
    #[serde(default)]
    pub law_confidentiality: BTreeMap<LawLabel, Confidentiality>,
    pub text: Text,
    pub codes: Vec<CodeLeaves>,
    pub law: Vec<LawRule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AxisExempt {
    /// Slices of these are ruled as their own category alone, whatever they are labelled with.
    pub categories: BTreeSet<Category>,
    /// Axes that a Part 2 program's own record does not need: its own axis is stricter.
    pub part2: BTreeSet<Category>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    pub unread_categories: BTreeSet<Category>,
    pub unread_elements: BTreeSet<String>,
}

/// Leaves of one event type that hold codes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeLeaves {
    /// Without its version.
    pub event: String,
    pub system: String,
    /// The sibling that names the system, where the data may.
    pub named_by: Option<String>,
    pub leaves: Vec<String>,
}

/// A law that follows units of these roles in these jurisdictions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LawRule {
    pub label: LawLabel,
    pub roles: BTreeSet<RecipientKind>,
    /// What the unit's jurisdiction starts with.
    pub jurisdictions: Vec<String>,
}

impl Rules {
    /// # Errors
    /// What does not read; an axis of a code that the hierarchy has not; a rule for a law that a unit's own facts say.
    pub fn parse(text: &str, hierarchy: &Hierarchy) -> Result<Self, String> {
        let read: Self = place::read(text)?;
        if let Some(unknown) = read.axis.keys().find(|code| !hierarchy.knows(code)) {
            return Err(format!("`{unknown}` is no code of hierarchy.csv"));
        }
        let decided = [LawLabel::Part2, LawLabel::Hipaa, LawLabel::Vawa, LawLabel::Cji];
        if read.law.iter().any(|rule| decided.contains(&rule.label)) {
            return Err("Part 2, HIPAA, VAWA and CJI follow a unit's own registered facts, never its roles".to_owned());
        }
        Ok(read)
    }
}
