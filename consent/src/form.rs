//! The elements that make a consent usable: 42 CFR 2.31(a) and 45 CFR 164.508(c), checked on the signed form.

mod check;

use std::collections::BTreeSet;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

pub use check::consent_deficiencies;

/// The form as `consent.consent-recorded` has it. Names and signatures are read as present or absent, never kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ConsentForm {
    pub types: BTreeSet<FormType>,
    #[serde(deserialize_with = "present")]
    pub patient_name: bool,
    pub grantors: Vec<String>,
    #[serde(deserialize_with = "present")]
    pub grantor_class: bool,
    pub data_scope: BTreeSet<String>,
    #[serde(deserialize_with = "present")]
    pub data_description: bool,
    pub recipients: Vec<String>,
    #[serde(deserialize_with = "present")]
    pub recipient_names: bool,
    pub tpo_class: bool,
    pub intermediary: Option<Intermediary>,
    pub purposes: BTreeSet<String>,
    pub purpose_text: Option<String>,
    pub patient_initiated: bool,
    pub fundraising: bool,
    pub stmt_fundraising_opt_out: bool,
    pub stmt_right_to_revoke: bool,
    #[serde(deserialize_with = "present")]
    pub revocation_method: bool,
    pub expiry: Option<FormExpiry>,
    pub signatures: Vec<Signature>,
    pub signed_at: Option<String>,
    pub received_at: Option<String>,
    pub stmt_redisclosure: bool,
    pub stmt_refusal_consequences: bool,
    pub stmt_hipaa_redisclosure: bool,
    pub cj_condition: Option<CjCondition>,
}

/// What a document says it is (P2-16). The last four have no place in the hub yet, but a form may claim them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FormType {
    Part2Named,
    Part2Tpo,
    Part2CounselingNotes,
    Part2Proceedings,
    Part2CriminalJustice,
    Part2Research,
    Part2CentralRegistry,
    Part2Pdmp,
    HipaaAuthorization,
    General,
}

impl FormType {
    #[must_use]
    pub const fn is_part2(self) -> bool {
        !matches!(self, Self::HipaaAuthorization | Self::General)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Intermediary {
    #[serde(deserialize_with = "present")]
    pub name: bool,
    pub participants: Vec<String>,
    pub treating_providers_only: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FormExpiry {
    pub kind: String,
    #[serde(deserialize_with = "present")]
    pub date: bool,
    #[serde(deserialize_with = "present")]
    pub event_code: bool,
    #[serde(deserialize_with = "present")]
    pub event_text: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Signature {
    pub signer_role: String,
    #[serde(deserialize_with = "present")]
    pub authority_basis: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CjCondition {
    #[serde(deserialize_with = "present")]
    pub proceeding: bool,
    #[serde(deserialize_with = "present")]
    pub revocable_after: bool,
    #[serde(deserialize_with = "present")]
    pub revocable_after_date: bool,
}

/// A missing or insufficient element, with the law that asks for it. Says nothing of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[error("{code}: {element}: {remedy}")]
pub struct Deficiency {
    /// For example `2.31(a)(4)(i)`.
    pub element: &'static str,
    /// `HO-1350` and up.
    pub code: &'static str,
    pub remedy: &'static str,
}

/// Whether something non-empty stands there.
fn present<'de, D: Deserializer<'de>>(d: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Any {
        Text(String),
        List(Vec<IgnoredAny>),
        Other(IgnoredAny),
    }
    Ok(match Option::<Any>::deserialize(d)? {
        None => false,
        Some(Any::Text(text)) => !text.trim().is_empty(),
        Some(Any::List(list)) => !list.is_empty(),
        Some(Any::Other(_)) => true,
    })
}
