use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::scalar::Instant;

/// What must come of a step. Only what is written is compared, but for two things: a `deny` shows no field and gives
/// the answer of a person nobody knows, and a `permit` shows something.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Then {
    pub decision: Option<Decision>,
    /// Exactly these leaves.
    pub fields: Option<Vec<String>>,
    pub fields_include: Vec<String>,
    pub fields_exclude: Vec<String>,
    /// Exactly these law labels and sensitivities.
    pub labels: Option<Vec<String>>,
    pub labels_include: Vec<String>,
    pub obligations: Option<Vec<String>>,
    pub obligations_include: Vec<String>,
    /// Whether a 2.32 notice with its scope explanation goes along.
    pub notice: Option<bool>,
    pub scope_includes: Vec<String>,
    pub scope_excludes: Vec<String>,
    /// Each of these is among the internal reasons.
    pub reasons: Vec<String>,
    pub reasons_exclude: Vec<String>,
    /// Exactly these consents and agreements, by id.
    pub relies_on: Option<Vec<String>>,
    pub basis_include: Vec<String>,
    pub valid_until: Option<ValidUntil>,
    /// How many releases of the event the recipient was given so far.
    pub releases: Option<usize>,
    /// How many of the recipient's own the recall names.
    pub recalls: Option<usize>,
    pub external: Option<External>,
    pub accepted: Option<bool>,
    /// The code or the reason word of a refusal.
    pub refused: Option<String>,
    pub duplicate: Option<bool>,
    /// Duties that the hub opens, by name.
    pub follows: Vec<String>,
    /// Rows of a report.
    pub rows: Option<usize>,
    pub rows_hidden: Option<usize>,
    /// Published cells.
    pub cells: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    Permit,
    Deny,
    /// A human being decides before anything goes.
    Review,
}

/// What the asker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum External {
    /// Byte for byte the answer about a person nobody knows.
    NoRecord,
    Content,
    /// A legible refusal that depends on no person.
    Refused,
}

/// An instant, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ValidUntil(pub Option<Instant>);

impl TryFrom<String> for ValidUntil {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text == "none" { Ok(Self(None)) } else { Instant::try_from(text).map(|at| Self(Some(at))) }
    }
}
