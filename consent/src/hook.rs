//! State and other local law beside the federal one, as data of the bundle (`law/hooks/`; rulebook 4).
//!
//! A hook that tightens acts at once. One that opens something, or says who may sign, is inert until somebody has reviewed
//! it (`Fact::HookReviewed`). None opens a cell that the matrix does not itself leave to a hook.

mod file;

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{Category, Purpose, RecipientKind};
use serde::{Deserialize, Serialize};

pub(crate) use file::{Fault, Leaves};

/// What a hook's law is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regulates {
    MentalHealthRecords,
    SubstanceUseRecords,
    HivRecords,
    HoldFacts,
    MinorConsent,
    DutyToWarn,
    MandatedReport,
    Sealing,
    PublicRecords,
    Privilege,
    Immigration,
    /// Law of a nation or place for which there is no word here.
    Other,
}

/// What a hook does (rulebook 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookEffect {
    /// Nothing goes.
    Deny,
    /// What participation or an agreement would open takes the person's consent: P and A read as C.
    RequireConsent,
    /// Of what goes without the person's consent, these elements alone.
    Narrow { elements: BTreeSet<String> },
    /// Opens what a matrix cell leaves to a reviewed hook; a template narrows it further.
    PermitException { template: Option<String> },
    /// From this age in years a minor consents to the care alone, and so signs alone for what it is about.
    SetAge { age: u8 },
    /// Says where the law stands on what other rules of the hub do already. Nothing is ruled by it.
    Informs,
}

/// When a hook acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acts {
    AtOnce,
    OnceReviewed,
    Never,
}

impl HookEffect {
    /// The word of the hook files.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::RequireConsent => "require-consent",
            Self::Narrow { .. } => "narrow",
            Self::PermitException { .. } => "permit-exception",
            Self::SetAge { .. } => "set-age",
            Self::Informs => "informs",
        }
    }

    /// Rulebook 4: without a reviewer a hook may only tighten.
    #[must_use]
    pub const fn acts(&self) -> Acts {
        match self {
            Self::Deny | Self::RequireConsent | Self::Narrow { .. } => Acts::AtOnce,
            Self::PermitException { .. } | Self::SetAge { .. } => Acts::OnceReviewed,
            Self::Informs => Acts::Never,
        }
    }
}

/// How far the hook's citation was followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The text of the source was read.
    Checked,
    /// Right to the section as far as is known; to be verified by whoever reviews it.
    FromKnowledge,
}

/// To what a hook applies; nothing listed means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    categories: Option<BTreeSet<Category>>,
    kinds: Option<BTreeSet<RecipientKind>>,
    purposes: Option<BTreeSet<Purpose>>,
    /// Purposes that it leaves alone, with what they cover: an emergency under a hook on treatment.
    except: BTreeSet<Purpose>,
    /// Of an age: whose care it is about, whatever category a leaf of it has.
    sources: BTreeSet<RecipientKind>,
}

/// One rule of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// `<rule>/<jurisdiction>/<topic>`, for example `ST-03/US-CA/hold-facts`.
    pub id: String,
    /// ISO 3166: a country, or a state of one.
    pub jurisdiction: String,
    pub regulates: Regulates,
    pub effect: HookEffect,
    /// The law, as its readers cite it.
    pub cite: String,
    /// Where that was taken from.
    pub source: String,
    pub mark: Mark,
    /// What the law says, in plain words.
    pub paraphrase: String,
    pub(crate) reach: Reach,
}

impl Hook {
    /// The rulebook's item that it stands for, for example `ST-03`.
    #[must_use]
    pub fn rule(&self) -> &str {
        self.id.split('/').next().unwrap_or_default()
    }

    /// The last part of its id.
    #[must_use]
    pub fn topic(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or_default()
    }

    /// The age in years that it sets, if it sets one.
    #[must_use]
    pub const fn age(&self) -> Option<u8> {
        match self.effect {
            HookEffect::SetAge { age } => Some(age),
            _ => None,
        }
    }

    /// The elements that it leaves of what goes without consent, if it narrows.
    pub(crate) const fn narrows(&self) -> Option<&BTreeSet<String>> {
        match &self.effect {
            HookEffect::Narrow { elements } => Some(elements),
            _ => None,
        }
    }

    /// Its id and its law, as an explanation names it.
    #[must_use]
    pub fn cited(&self) -> String {
        format!("{}: {}", self.id, self.cite)
    }

    /// Whether its law is that of a unit registered there.
    #[must_use]
    pub fn governs(&self, jurisdiction: &str) -> bool {
        places(jurisdiction).any(|place| place == self.jurisdiction)
    }

    pub(crate) fn template(&self) -> Option<&str> {
        match &self.effect {
            HookEffect::PermitException { template } => template.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn opens(&self) -> bool {
        matches!(self.effect, HookEffect::PermitException { .. })
    }

    /// Whether it speaks of this category, to this kind of recipient, for this purpose.
    pub(crate) fn reaches(&self, category: Category, kind: RecipientKind, purpose: Purpose) -> bool {
        let r = &self.reach;
        r.categories.as_ref().is_none_or(|all| all.contains(&category))
            && r.kinds.as_ref().is_none_or(|all| all.contains(&kind))
            && r.purposes.as_ref().is_none_or(|all| all.iter().any(|p| p.covers(purpose)))
            && !r.except.iter().any(|p| p.covers(purpose))
    }

    /// Of an age: whether a record of this category, by a unit with these roles, is about the care it is set for.
    pub(crate) fn is_about(&self, mut categories: impl Iterator<Item = Category>, roles: &[RecipientKind]) -> bool {
        let listed = self.reach.categories.as_ref();
        roles.iter().any(|role| self.reach.sources.contains(role))
            || categories.any(|c| listed.is_some_and(|all| all.contains(&c)))
    }
}

/// The hooks of a bundle, by jurisdiction.
#[derive(Clone, Debug, Default)]
pub struct Hooks(BTreeMap<String, Vec<Hook>>);

impl Hooks {
    /// Every hook, by jurisdiction and in the order of its file.
    pub fn all(&self) -> impl Iterator<Item = &Hook> {
        self.0.values().flatten()
    }

    /// What a review may name: a hook by its id, or all of a rule in a jurisdiction.
    #[must_use]
    pub fn matching(&self, word: &str, jurisdiction: Option<&str>) -> Vec<&Hook> {
        let there = |hook: &&Hook| jurisdiction.is_none_or(|place| place == hook.jurisdiction);
        let named = |hook: &&Hook| hook.id == word || (hook.rule() == word && jurisdiction.is_some());
        self.all().filter(there).filter(named).collect()
    }

    /// The hooks whose law is that of a unit registered there: its state's, and its country's.
    pub(crate) fn of(&self, jurisdiction: &str) -> Vec<&Hook> {
        places(jurisdiction).filter_map(|place| self.0.get(place)).flatten().collect()
    }

    /// The hooks that a citation names, as [`Hook::cited`] writes them.
    pub(crate) fn named_in(&self, citation: &str) -> impl Iterator<Item = &Hook> {
        self.all().filter(move |hook| citation.contains(hook.cited().as_str()))
    }
}

/// The place itself, and the country it lies in.
fn places(jurisdiction: &str) -> impl Iterator<Item = &str> {
    let country = jurisdiction.split_once('-').map(|(country, _)| country);
    std::iter::once(jurisdiction).chain(country)
}
