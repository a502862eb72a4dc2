//! The document as TOML has it, with the place of everything that is checked.

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

pub(super) type Word = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub id: Word,
    pub version: Spanned<u32>,
    pub kind: Word,
    pub title: Word,
    #[serde(default)]
    #[expect(dead_code, reason = "part of the form; read by people")]
    pub jurisdiction: Vec<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "part of the form; read by people")]
    pub legal_authority: Vec<String>,
    pub effective_from: Spanned<Datetime>,
    pub effective_to: Option<Spanned<Datetime>>,
    #[serde(default)]
    pub evergreen: bool,
    pub review_due: Option<Spanned<Datetime>>,
    /// IANA name; dates without a time begin and end in this zone.
    pub time_zone: Option<Word>,
    pub prohibited_uses: Spanned<Vec<Word>>,
    pub redisclosure: Word,
    pub incident_notice_hours: Spanned<u32>,
    pub retention: Word,
    #[serde(default)]
    #[expect(dead_code, reason = "part of the form; read by people")]
    pub audit_right: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "part of the form; read by people")]
    pub safeguards_profile: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "part of the form; read by people")]
    pub training_required: Vec<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "part of the form; read by people")]
    pub termination_cure_days: Option<u32>,
    #[serde(default)]
    #[expect(dead_code, reason = "part of the form; read by people")]
    pub survivability: Vec<String>,
    #[serde(default)]
    pub party: Vec<Spanned<RawParty>>,
    #[serde(default)]
    pub flow: Vec<Spanned<RawFlow>>,
    #[serde(default)]
    pub signatory: Vec<Spanned<RawSignatory>>,
    #[serde(default)]
    pub clauses: Clauses,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawParty {
    pub unit: Word,
    pub role: Word,
    /// Lets the document itself be checked; the registry checks it again by what it knows of the unit.
    pub org_type: Option<Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFlow {
    pub clause: Word,
    pub from: Vec<Word>,
    pub to: Vec<Word>,
    pub roles: Vec<Word>,
    pub purposes: Vec<Word>,
    pub categories: Vec<Word>,
    #[serde(default)]
    pub templates: Vec<Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSignatory {
    pub unit: Word,
    #[expect(dead_code, reason = "part of the form; kept out of the terms, for it names somebody")]
    pub name: String,
    #[expect(dead_code, reason = "part of the form; read by people")]
    pub title: String,
    #[expect(dead_code, reason = "part of the form; signing is an event of its own")]
    pub signed_at: Option<Datetime>,
}

/// Clauses that the law asks of certain kinds. Each is the clause's own words in the document.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clauses {
    pub fully_bound: Option<Word>,
    pub resist_in_judicial_proceedings: Option<Word>,
    pub governing_body_approvals: Option<Word>,
    pub management_control: Option<Word>,
    pub permitted_uses: Option<Word>,
    pub safeguards: Option<Word>,
    pub report: Option<Word>,
    pub subcontractors: Option<Word>,
    pub access_amendment_accounting: Option<Word>,
    pub hhs_books: Option<Word>,
    pub return_or_destroy: Option<Word>,
    pub termination: Option<Word>,
    pub who_may_use: Option<Word>,
    pub no_other_use: Option<Word>,
    pub no_identify_or_contact: Option<Word>,
    pub security_addendum: Option<Word>,
    pub screening: Option<Word>,
    pub training: Option<Word>,
    pub audit: Option<Word>,
    pub notice: Option<Word>,
    pub no_third_party: Option<Word>,
    pub auditor: Option<Word>,
    pub limits_on_use: Option<Word>,
    pub no_use_against_patients: Option<Word>,
    pub counsel_override: Option<CounselOverride>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CounselOverride {
    pub by: Word,
    pub reason: Word,
}
