//! What is known of a person's life, as far as it decides whose signature counts (42 CFR 2.14, 2.15; 45 CFR 164.502(g)).

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Category, PersonId, RecordId, UnitId};

/// Who signed, as the form says (42 CFR 2.31(a)(8)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Signer {
    #[serde(rename = "patient")]
    Patient,
    #[serde(rename = "minor")]
    Minor,
    #[serde(rename = "parent-or-guardian")]
    ParentOrGuardian,
    #[serde(rename = "personal-representative")]
    PersonalRepresentative,
    #[serde(rename = "authorized-under-2.14")]
    Under214,
    #[serde(rename = "authorized-under-2.15")]
    Under215,
}

/// The signatures under one consent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signatures {
    pub signers: BTreeSet<Signer>,
    /// Where the person's days begin and end: an IANA name, or `+hh:mm`. Absent: nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

impl Signatures {
    /// The person's own, and nobody's besides.
    #[must_use]
    pub fn own() -> Self {
        Self { signers: BTreeSet::from([Signer::Patient]), zone: None }
    }

    /// Whether the person signed, of age or not.
    #[must_use]
    pub fn by_person(&self) -> bool {
        self.signed(&[Signer::Patient, Signer::Minor])
    }

    /// Whether anybody signed for the person, so that the days of an authority count.
    #[must_use]
    pub fn by_others(&self) -> bool {
        self.signers.iter().any(|s| !matches!(s, Signer::Patient | Signer::Minor))
    }

    /// Whether one of these signed.
    #[must_use]
    pub fn signed(&self, any: &[Signer]) -> bool {
        any.iter().any(|s| self.signers.contains(s))
    }
}

/// Whether a person can decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capacity {
    Full,
    /// A minor who stands as of age.
    Emancipated,
    /// 42 CFR 2.15(a)(1).
    AdjudicatedIncapacity,
    /// 42 CFR 2.15(a)(2): by a medical condition, adjudicated by nobody.
    CannotDecideNow,
}

/// One statement about a person's capacity. Days are whole; absent: from ever, without end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacityFacts {
    /// The record of the statement: what is said later under it replaces it.
    pub statement: RecordId,
    pub person: PersonId,
    pub capacity: Capacity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

/// As `consent.personal-rep-recorded` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepresentativeRole {
    Parent,
    Guardian,
    HealthCareAgent,
    CourtAppointed,
    Executor,
    NextOfKin,
}

/// Who may act for a person. Days are whole; absent: from ever, without end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepresentativeFacts {
    /// The record of the authority: what is said later under it replaces it.
    pub representative: RecordId,
    pub person: PersonId,
    pub role: RepresentativeRole,
    /// Where they read at the hub as a unit of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// What the authority is limited to. Empty: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Category>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// The last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// 45 CFR 164.502(g)(5): not to be treated as a representative.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub endangerment: bool,
}
