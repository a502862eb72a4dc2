//! Standing purposes and their templates, and the short lists the floors are about (`law/defaults.toml`).

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{Category, EventType, LawLabel, Purpose, RecipientKind, Registry};
use serde::Deserialize;

use crate::bundle::place;
use crate::identity::Identification;
use crate::matrix::Basis;
use crate::notice::NoticeForm;

/// `law/defaults.toml`, read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    pub notice_form: NoticeForm,
    pub never_carried: BTreeSet<Category>,
    pub tpo_kinds: BTreeSet<RecipientKind>,
    pub never_tpo: BTreeSet<RecipientKind>,
    pub tpo_purposes: BTreeSet<Purpose>,
    pub named_only: BTreeSet<Category>,
    pub recall_template: String,
    pub identity: Identification,
    pub signatures: SignatureLaw,
    pub life_safety: LifeSafety,
    pub limited_data_set: ByAgreement,
    pub audit: ByAgreement,
    pub label_axis: BTreeMap<LawLabel, Category>,
    /// Event type without its version, or family, to the category whose cell is applied to all of its events.
    pub event_axis: BTreeMap<String, Category>,
    /// What a health unit holds of these categories reaches police, dispatch and courts by exception or authorization
    /// only, but for what crews of the listed roles observed themselves (rulebook 7.6, C09).
    pub health_cautions: BTreeMap<Category, BTreeSet<RecipientKind>>,
    /// Recipient kind to purpose to templates: the flows nobody has to ask for.
    pub standing: BTreeMap<RecipientKind, BTreeMap<Purpose, Vec<String>>>,
}

/// Whose signature a consent needs (42 CFR 2.14, 2.15; rulebook HIP-13).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureLaw {
    /// What a minor consents to alone.
    pub minors_own: BTreeSet<Category>,
    /// For what a program's director may consent for who cannot decide (2.15(a)(2)).
    pub director_purposes: BTreeSet<Purpose>,
}

/// What a 911 centre may still send after an agreement lapsed (rulebook 7.1, EC-54).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifeSafety {
    pub purpose: Purpose,
    pub template: String,
    pub source_role: RecipientKind,
    pub kinds: BTreeSet<RecipientKind>,
    pub basis: Basis,
}

/// What an agreement of one kind opens of cells that give counts only.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByAgreement {
    pub template: String,
    pub kinds: BTreeSet<RecipientKind>,
    pub purposes: BTreeSet<Purpose>,
    pub basis: Basis,
}

impl Defaults {
    pub(crate) fn parse(text: &str, is_template: impl Fn(&str) -> bool) -> Result<Self, String> {
        let read: Self = place::read(text)?;
        let named = read.standing.values().flat_map(BTreeMap::values).flatten();
        let own =
            [&read.life_safety.template, &read.limited_data_set.template, &read.audit.template, &read.recall_template];
        if let Some(unknown) = named.chain(own).find(|t| !is_template(t)) {
            return Err(place::at_word(text, &format!("\"{unknown}\""), format!("`{unknown}` is no template")));
        }
        read.identity.check()?;
        if let Some(unknown) = read.event_axis.keys().find(|name| !names_events(name)) {
            let why = format!("`{unknown}` is no event type and no family of events");
            return Err(place::at_word(text, unknown, why));
        }
        match RecipientKind::ALL.iter().find(|k| read.standing.get(k).is_none_or(BTreeMap::is_empty)) {
            Some(kind) => Err(format!("`{kind}` has no standing purpose")),
            None => Ok(read),
        }
    }

    /// The templates of a kind for a purpose, or for the next wider purpose that has some: `ETREAT` reads as `TREAT`.
    #[must_use]
    pub fn templates(&self, kind: RecipientKind, purpose: Purpose) -> &[String] {
        let Some(purposes) = self.standing.get(&kind) else { return &[] };
        let mut wider = std::iter::successors(Some(purpose), |p| p.parent());
        wider.find_map(|p| purposes.get(&p)).map_or(&[], Vec::as_slice)
    }

    /// What an event of this type tells by being there at all.
    #[must_use]
    pub fn event_axis(&self, event_type: &EventType) -> Option<Category> {
        let axis = self.event_axis.get(unversioned(event_type)).or_else(|| self.event_axis.get(event_type.family()));
        axis.copied()
    }

    /// The standing purposes of a kind.
    pub fn purposes(&self, kind: RecipientKind) -> impl Iterator<Item = Purpose> {
        self.standing.get(&kind).into_iter().flat_map(|m| m.keys().copied())
    }
}

/// Whether it is a family or an unversioned type of which there are events.
fn names_events(name: &str) -> bool {
    Registry::embedded().types().any(|t| t.family() == name || unversioned(t) == name)
}

/// `family.name`: one kind of event in all versions of its schema.
pub(crate) fn unversioned(event_type: &EventType) -> &str {
    event_type.as_str().rsplit_once('.').map_or("", |(name, _)| name)
}
