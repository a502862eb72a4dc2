//! Agreements between agencies (rulebook 7.1): documents both sides sign off, read into terms.

mod document;
mod error;
mod kind;
mod mandatory;
mod validate;

use handoff_schemas::{AgreementId, Category, LogTime, Purpose, RecipientKind, UnitId};
use serde::{Deserialize, Serialize};

pub use error::AgreementError;
pub use kind::{AgreementKind, Opens, PartyRole, ProhibitedUse};

/// The terms of one version of an agreement, validated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    pub id: AgreementId,
    pub version: u32,
    pub kind: AgreementKind,
    pub title: String,
    pub parties: Vec<Party>,
    pub flows: Vec<Flow>,
    pub prohibited_uses: Vec<ProhibitedUse>,
    /// First instant in force.
    pub effective_from: LogTime,
    /// First instant no longer in force; none for an evergreen agreement.
    pub effective_to: Option<LogTime>,
    /// Due for review from this instant on. Nothing stops then: an overdue review is told, and people decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_due: Option<LogTime>,
    pub redisclosure: String,
    /// A document that makes law enforcement a QSO is taken only with this on record (P2-09a). It lets police run a
    /// service, for example the machines; it makes them recipient of nothing.
    pub counsel_override: bool,
}

/// A unit and what it is in this agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    pub unit: UnitId,
    pub role: PartyRole,
}

/// One clause that lets data move. All its dimensions hold together; clauses never combine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Its name in the document, for example `dispatch`.
    pub clause: String,
    pub from: Vec<UnitId>,
    pub to: Vec<UnitId>,
    pub roles: Vec<RecipientKind>,
    pub purposes: Vec<Purpose>,
    pub categories: Vec<Category>,
    /// `categories = ["*"]`: everything the matrix marks P for the role. Never an A or C cell, never Part 2.
    pub all_permitted: bool,
    /// Field templates that narrow further; empty: the recipient's own templates decide.
    pub templates: Vec<String>,
}

impl Agreement {
    /// Reads and validates a document.
    ///
    /// # Errors
    /// The first fault, with its line, its clause and what to do. [`Self::faults`] has all of them.
    pub fn parse(document: &str) -> Result<Self, AgreementError> {
        validate::read(document).map_err(|faults| faults.into_iter().next().unwrap_or_else(|| error::unknown(document)))
    }

    /// Every fault of a document; none where [`Self::parse`] succeeds.
    #[must_use]
    pub fn faults(document: &str) -> Vec<AgreementError> {
        validate::read(document).err().unwrap_or_default()
    }

    /// Whether the unit is a party.
    #[must_use]
    pub fn has_party(&self, unit: &UnitId) -> bool {
        self.parties.iter().any(|p| p.unit == *unit)
    }

    /// Parties that serve a Part 2 program: the registry refuses one that is law enforcement (P2-09a), and no ruling
    /// rests on one that is.
    pub fn qso_parties(&self) -> impl Iterator<Item = &UnitId> {
        let kind = self.kind;
        self.parties.iter().filter(move |p| p.role.serves_program(kind)).map(|p| &p.unit)
    }

    /// Whether the unit serves a Part 2 program under this agreement.
    #[must_use]
    pub fn is_qso(&self, unit: &UnitId) -> bool {
        self.qso_parties().any(|q| q == unit)
    }

    /// Whether the dates allow it at this instant.
    #[must_use]
    pub fn effective(&self, at: LogTime) -> Effective {
        match self.effective_to {
            _ if at < self.effective_from => Effective::NotYet,
            Some(end) if at >= end => Effective::Ended,
            _ => Effective::Now,
        }
    }

    /// Whether the parties should have looked at it again by now. It stays in force: a lapse is stated by its end.
    #[must_use]
    pub fn review_overdue(&self, at: LogTime) -> bool {
        self.review_due.is_some_and(|due| at >= due)
    }

    /// Whether it prohibits a purpose that may stand or be asked for, beyond proceedings.
    #[must_use]
    pub fn restricts(&self) -> bool {
        Purpose::ALL.iter().any(|p| !p.is_proceeding() && self.prohibits(*p))
    }

    /// Whether this agreement forbids the purpose to its parties.
    #[must_use]
    pub fn prohibits(&self, purpose: Purpose) -> bool {
        self.prohibited_uses.iter().any(|u| u.forbids(purpose))
    }
}

/// Where an instant lies in an agreement's dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effective {
    NotYet,
    Now,
    Ended,
}

impl Flow {
    /// Whether the clause joins these two in this role for this purpose. A clause for `TREAT` covers `COC`.
    #[must_use]
    pub fn joins(&self, from: &UnitId, to: &UnitId, role: RecipientKind, purpose: Purpose) -> bool {
        self.roles.contains(&role)
            && self.from.contains(from)
            && self.to.contains(to)
            && self.purposes.iter().any(|p| p.covers(purpose))
    }

    /// Whether the clause covers the category; `permitted` says that the matrix marks the cell P.
    #[must_use]
    pub fn carries(&self, category: Category, permitted: bool) -> bool {
        self.categories.contains(&category) || (self.all_permitted && permitted && category != Category::Part2Record)
    }
}
