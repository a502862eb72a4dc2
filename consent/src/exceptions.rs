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
    Death,
    HomeWarning,
    LegalProcess,
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
        Self::Death,
        Self::HomeWarning,
        Self::LegalProcess,
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
            Claim::Death(_) => Self::Death,
            Claim::HomeWarning(_) => Self::HomeWarning,
            Claim::LegalProcess(_) => Self::LegalProcess,
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
    /// Empty: any kind of the matrix.
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

impl Exception {
    /// Whether it is for this purpose and this kind of recipient. A kind outside the matrix has to be named.
    pub(crate) fn serves(&self, purpose: Purpose, kind: RecipientKind) -> bool {
        let kinds = &self.kinds;
        self.purposes.contains(&purpose) && (kinds.contains(&kind) || (kinds.is_empty() && kind.in_matrix()))
    }
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_names_an_exception_by_a_field_set_of_its_own_alone() {
        let law = Exceptions::parse(include_str!("../law/exceptions.toml"), |_| true).unwrap();
        for own in ["F-WARN", "F-LOC", "F-PREMCRIME"] {
            assert!(law.is_field_set(own), "{own}");
        }
        // What custody reads is what medical kinds read; the record of an emergency is nobody's to ask for.
        for other in ["F4", "F2", "F-2.51"] {
            assert!(!law.is_field_set(other), "{other}");
        }
    }
}
