//! How sensitive content is, as HL7 says it, and who says it of an event. Which law governs is another axis,
//! [`LawLabel`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Category, EventType, LawLabel, UnitFacts};

/// A string that is no sensitivity code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a sensitivity code: expected 1 to 16 of A-Z and 0-9, for example `HIV`")]
pub struct UnknownSensitivity;

/// A string that is no confidentiality code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a confidentiality: expected U, L, M, N, R or V")]
pub struct UnknownConfidentiality;

/// A code of HL7 v3-ActCode, `_InformationSensitivityPolicy` (rulebook 5.1). What stands under what is data of the law,
/// so any code of the right form is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sensitivity(Arc<str>);

impl Sensitivity {
    /// The code as HL7 spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sensitivity {
    type Err = UnknownSensitivity;
    fn from_str(s: &str) -> Result<Self, UnknownSensitivity> {
        let code = (1..=16).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if code { Ok(Self(s.into())) } else { Err(UnknownSensitivity) }
    }
}

impl TryFrom<String> for Sensitivity {
    type Error = UnknownSensitivity;
    fn try_from(s: String) -> Result<Self, UnknownSensitivity> {
        s.parse()
    }
}

impl From<Sensitivity> for String {
    fn from(s: Sensitivity) -> Self {
        s.0.to_string()
    }
}

impl fmt::Display for Sensitivity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// HL7 v3-Confidentiality, in its order: the mark of a whole is the highest of its parts (rulebook 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Confidentiality {
    #[serde(rename = "U")]
    Unrestricted,
    #[serde(rename = "L")]
    Low,
    #[serde(rename = "M")]
    Moderate,
    #[serde(rename = "N")]
    Normal,
    #[serde(rename = "R")]
    Restricted,
    #[serde(rename = "V")]
    VeryRestricted,
}

impl Confidentiality {
    /// The code, `U` to `V`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unrestricted => "U",
            Self::Low => "L",
            Self::Moderate => "M",
            Self::Normal => "N",
            Self::Restricted => "R",
            Self::VeryRestricted => "V",
        }
    }
}

impl FromStr for Confidentiality {
    type Err = UnknownConfidentiality;
    fn from_str(s: &str) -> Result<Self, UnknownConfidentiality> {
        let all = [Self::Unrestricted, Self::Low, Self::Moderate, Self::Normal, Self::Restricted, Self::VeryRestricted];
        all.into_iter().find(|c| c.code() == s).ok_or(UnknownConfidentiality)
    }
}

/// What content is labelled with. Labels join and never leave (I5, A8).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Labels {
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sensitivity: BTreeSet<Sensitivity>,
    pub confidentiality: Confidentiality,
    /// A sensitive category holds a code that no value set knows: a person should look at it (rulebook 5.2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unlabelled: bool,
}

impl Labels {
    /// Of nothing at all.
    #[must_use]
    pub const fn none() -> Self {
        Self { sensitivity: BTreeSet::new(), confidentiality: Confidentiality::Unrestricted, unlabelled: false }
    }

    /// Adds another part's labels: every code of both, the higher mark.
    pub fn join(&mut self, other: &Self) {
        self.sensitivity.extend(other.sensitivity.iter().cloned());
        self.confidentiality = self.confidentiality.max(other.confidentiality);
        self.unlabelled |= other.unlabelled;
    }
}

/// What the content of one slice is labelled with, where that is more than its category says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SliceLabels {
    pub category: Category,
    pub labels: Labels,
}

/// Who labels an event at intake. Pure: the same event, unit and law give the same labels.
pub trait Labeller: Send + Sync {
    /// The law its source's records are under, from the unit as registered and never from words (rulebook 7.3 step 4).
    fn law(&self, unit: &UnitFacts, categories: &[Category]) -> BTreeSet<LawLabel>;

    /// What the slices' content says beyond their categories, by category; nothing for a slice that says no more.
    fn content(&self, event_type: &EventType, slices: &BTreeMap<Category, Map<String, Value>>) -> Vec<SliceLabels>;

    /// Whether the content is, or quotes, an answer of the FBI's CJIS files, which the hub never carries (28 CFR 20;
    /// CJISSECPOL 4.2.1).
    fn holds_cji(&self, event_type: &EventType, slices: &BTreeMap<Category, Map<String, Value>>) -> bool;
}
