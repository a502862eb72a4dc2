//! What each exception without consent may open, and for whom (`law/exceptions.toml`; rulebook 7.3 step 8, 7.7).

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{Category, Claim, Licence, Purpose, RecipientKind};
use serde::{Deserialize, Serialize};

use crate::bundle::place;
use crate::matrix::Basis;

/// An exception by name; each kind of claim has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionName {
    Emergency,
    BreakGlass,
    Threat,
    Locate,
    Victim,
    Custody,
    PremisesCrime,
    CrimeAlert,
    MandatedReport,
    LegalProcess,
    Exposure,
    SchoolEmergency,
}

impl ExceptionName {
    pub const ALL: &[Self] = &[
        Self::Emergency,
        Self::BreakGlass,
        Self::Threat,
        Self::Locate,
        Self::Victim,
        Self::Custody,
        Self::PremisesCrime,
        Self::CrimeAlert,
        Self::MandatedReport,
        Self::LegalProcess,
        Self::Exposure,
        Self::SchoolEmergency,
    ];

    /// The exception that a claim invokes.
    #[must_use]
    pub const fn of(claim: &Claim) -> Self {
        match claim {
            Claim::Emergency(_) => Self::Emergency,
            Claim::BreakGlass(_) => Self::BreakGlass,
            Claim::Threat(_) => Self::Threat,
            Claim::Locate(_) => Self::Locate,
            Claim::Victim(_) => Self::Victim,
            Claim::Custody(_) => Self::Custody,
            Claim::PremisesCrime(_) => Self::PremisesCrime,
            Claim::CrimeAlert(_) => Self::CrimeAlert,
            Claim::MandatedReport(_) => Self::MandatedReport,
            Claim::LegalProcess(_) => Self::LegalProcess,
            Claim::Exposure(_) => Self::Exposure,
            Claim::SchoolEmergency(_) => Self::SchoolEmergency,
        }
    }
}

/// Whose user may state an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatedBy {
    /// Who is to read.
    Recipient,
    /// The unit whose data it is, for somebody else.
    Discloser,
}

impl StatedBy {
    pub(crate) const fn allows(self, discloses: bool) -> bool {
        match self {
            Self::Recipient => !discloses,
            Self::Discloser => discloses,
        }
    }
}

/// One exception's reach.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    pub purposes: BTreeSet<Purpose>,
    /// Empty: any kind.
    #[serde(default)]
    pub kinds: BTreeSet<RecipientKind>,
    pub stated_by: StatedBy,
    #[serde(default)]
    pub words: BTreeSet<String>,
    #[serde(default)]
    pub basis: BTreeSet<Basis>,
    pub template: Option<String>,
    #[serde(default)]
    pub opens: BTreeSet<Category>,
    /// Kinds that `opens` serves. Empty: all of `kinds`.
    #[serde(default)]
    pub opens_kinds: BTreeSet<RecipientKind>,
    #[serde(default)]
    pub permitted: bool,
    #[serde(default)]
    pub cautions: bool,
    #[serde(default)]
    pub lifts: bool,
    pub cite_basis: Option<Basis>,
    /// The key of a Part 2 grant, where it is another.
    pub part2_cite_basis: Option<Basis>,
}

/// `law/exceptions.toml`, read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    pub medical_licences: BTreeSet<Licence>,
    pub medical_kinds: BTreeSet<RecipientKind>,
    pub break_glass_kinds: BTreeSet<RecipientKind>,
    pub break_glass_categories: BTreeSet<Category>,
    pub record_template: String,
    exception: BTreeMap<ExceptionName, Exception>,
}

impl Exceptions {
    pub(crate) fn parse(text: &str, is_template: impl Fn(&str) -> bool) -> Result<Self, String> {
        let read: Self = place::read(text)?;
        let named = read.exception.values().filter_map(|e| e.template.as_ref()).chain([&read.record_template]);
        if let Some(unknown) = named.into_iter().find(|t| !is_template(t)) {
            return Err(place::at_word(text, &format!("\"{unknown}\""), format!("`{unknown}` is no template")));
        }
        match ExceptionName::ALL.iter().find(|n| !read.exception.contains_key(n)) {
            Some(missing) => Err(format!("no exception `{missing:?}`")),
            None => Ok(read),
        }
    }

    /// The reach of an exception.
    #[must_use]
    pub fn get(&self, name: ExceptionName) -> Option<&Exception> {
        self.exception.get(&name)
    }

    /// Whether a template is some exception's field set, so that a cell which lists it names that exception.
    pub(crate) fn is_field_set(&self, template: &str) -> bool {
        // F4 is also what medical kinds read; a cell that lists it names no exception by it.
        template.starts_with("F-") && self.exception.values().any(|e| e.template.as_deref() == Some(template))
    }
}
