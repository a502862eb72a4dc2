//! What narrows: the scopes a fact sets a floor for, so that nothing ruled below it is read any more.

use std::fmt;
use std::str::FromStr;

use handoff_schemas::{
    AgreementId, AgreementStatus, Fact, LogPos, PartnerId, PersonId, RecordId, ReviewOutcome, RevokedFor, UnitId,
};
use serde::{Deserialize, Serialize};

use crate::agreement::Agreement;

/// Something a ruling leans on. Its string form is stable: it is stored with every row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    Person(PersonId),
    Agreement(AgreementId),
    Consent(RecordId),
    /// An ask: a row under it is readable no longer than it.
    Ask(RecordId),
    Link(PersonId, PersonId),
    /// That the unit treats the person, where a ruling rests on it.
    Treatment(PersonId, UnitId),
    Unit(UnitId),
    Partner(PartnerId),
    Bundle,
}

/// A string that is no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a scope: expected for example `person:<uuid>` or `agreement:<id>`")]
pub struct UnknownScope;

impl Scope {
    /// A link has no direction.
    #[must_use]
    pub fn link(a: PersonId, b: PersonId) -> Self {
        Self::Link(a.min(b), a.max(b))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(p) => write!(f, "person:{p}"),
            Self::Agreement(a) => write!(f, "agreement:{a}"),
            Self::Consent(c) => write!(f, "consent:{c}"),
            Self::Ask(a) => write!(f, "ask:{a}"),
            Self::Link(a, b) => write!(f, "link:{a}:{b}"),
            Self::Treatment(person, unit) => write!(f, "treatment:{person}:{unit}"),
            Self::Unit(u) => write!(f, "unit:{u}"),
            Self::Partner(p) => write!(f, "partner:{p}"),
            Self::Bundle => f.write_str("bundle"),
        }
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;
    fn from_str(s: &str) -> Result<Self, UnknownScope> {
        if s == "bundle" {
            return Ok(Self::Bundle);
        }
        let (kind, id) = s.split_once(':').ok_or(UnknownScope)?;
        match kind {
            "person" => id.parse().map(Self::Person).map_err(|_| UnknownScope),
            "agreement" => id.parse().map(Self::Agreement).map_err(|_| UnknownScope),
            "consent" => id.parse().map(Self::Consent).map_err(|_| UnknownScope),
            "ask" => id.parse().map(Self::Ask).map_err(|_| UnknownScope),
            "unit" => id.parse().map(Self::Unit).map_err(|_| UnknownScope),
            "partner" => id.parse().map(Self::Partner).map_err(|_| UnknownScope),
            "link" => {
                let (a, b) = id.split_once(':').ok_or(UnknownScope)?;
                match (a.parse(), b.parse()) {
                    (Ok(a), Ok(b)) => Ok(Self::Link(a, b)),
                    _ => Err(UnknownScope),
                }
            }
            "treatment" => {
                let (person, unit) = id.split_once(':').ok_or(UnknownScope)?;
                match (person.parse(), unit.parse()) {
                    (Ok(person), Ok(unit)) => Ok(Self::Treatment(person, unit)),
                    _ => Err(UnknownScope),
                }
            }
            _ => Err(UnknownScope),
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = UnknownScope;
    fn try_from(s: String) -> Result<Self, UnknownScope> {
        s.parse()
    }
}

impl From<Scope> for String {
    fn from(s: Scope) -> Self {
        s.to_string()
    }
}

/// The floors that an event's facts set. A row shows only if its ruling stands at or above every scope's floor.
///
/// What can only widen sets none. What may narrow sets one even where it happens not to: the re-ruling at this
/// position brings back what still stands. A draft that will prohibit a use hides its parties' rows until they are
/// ruled again naming it, so that its activation, whenever it comes, needs no other knowledge than its name.
#[must_use]
pub fn floors(pos: LogPos, facts: &[Fact]) -> Vec<(Scope, LogPos)> {
    let mut floors = Vec::new();
    for fact in facts {
        match fact {
            // Registered again it may be another kind of organisation.
            Fact::PartnerRegistered { partner, .. } | Fact::PartnerMoved { partner, .. } => {
                floors.push((Scope::Partner(partner.clone()), pos));
            }
            Fact::UnitRegistered { unit } => floors.push((Scope::Unit(unit.unit.clone()), pos)),
            Fact::AgreementDrafted { document, .. } => {
                let parties = Agreement::parse(document).ok().filter(Agreement::restricts).map(|a| a.parties);
                floors.extend(parties.into_iter().flatten().map(|p| (Scope::Unit(p.unit), pos)));
            }
            // The last signature puts nothing in force and ends nothing: hiding what rests on the version in force
            // until it is ruled again would darken a scene for nothing.
            Fact::AgreementMoved { status: AgreementStatus::Signed, .. } => {}
            Fact::AgreementMoved { agreement, .. } => floors.push((Scope::Agreement(agreement.clone()), pos)),
            // Everybody's standing may change with it.
            Fact::OperatorDeclared { .. } | Fact::LawActivated { .. } => floors.push((Scope::Bundle, pos)),
            // One taken back shuts what it opened; one that sets an age ends what parents signed.
            Fact::HookReviewed { .. } => floors.push((Scope::Bundle, pos)),
            // What rested on the relationship hides; under another record it may go on.
            Fact::TreatmentEnded { person, unit } => floors.push((Scope::Treatment(*person, unit.clone()), pos)),
            // A link may bring a denial with it.
            Fact::PersonsLinked { a, b, .. } | Fact::PersonsUnlinked { a, b, .. } => {
                floors.extend([(Scope::Person(*a), pos), (Scope::Person(*b), pos), (Scope::link(*a, *b), pos)]);
            }
            // What a link or an entry rests on may be too little.
            Fact::LinkRests { a, b, .. } => {
                floors.extend([(Scope::Person(*a), pos), (Scope::Person(*b), pos), (Scope::link(*a, *b), pos)]);
            }
            Fact::IdentityMatched { person, .. } => floors.push((Scope::Person(*person), pos)),
            // Whose signature counts may be another now.
            Fact::PersonBorn { person, .. } | Fact::PersonDied { person, .. } => {
                floors.push((Scope::Person(*person), pos));
            }
            Fact::CapacityStated { capacity } => floors.push((Scope::Person(capacity.person), pos)),
            Fact::RepresentativeRecorded { representative } => {
                floors.push((Scope::Person(representative.person), pos));
            }
            Fact::ConsentSigned { consent, .. } => floors.push((Scope::Consent(*consent), pos)),
            Fact::PersonMerged { from, into } => {
                floors.extend([(Scope::Person(*from), pos), (Scope::Person(*into), pos)]);
            }
            // A denial hides at once; a consent recorded again under its id may say less than before.
            Fact::ConsentRecorded { consent } => {
                floors.push((Scope::Consent(consent.consent), pos));
                if consent.deny {
                    floors.push((Scope::Person(consent.person), pos));
                }
            }
            Fact::ConsentRevoked { consent, parties: RevokedFor::All, .. } | Fact::ConsentExpired { consent, .. } => {
                floors.push((Scope::Consent(*consent), LogPos::INFINITY));
            }
            Fact::ConsentRevoked { consent, parties: RevokedFor::Parties(_), .. } => {
                floors.push((Scope::Consent(*consent), pos));
            }
            // What a use of break-glass or an order opened closes at once; a release can only widen.
            Fact::AskEnded { ask, .. }
            | Fact::AskReviewed { ask, outcome: ReviewOutcome::Abuse | ReviewOutcome::Refuse, .. } => {
                floors.push((Scope::Ask(*ask), LogPos::INFINITY));
            }
            Fact::ErasureOrdered { person, .. } => floors.push((Scope::Person(*person), pos)),
            // Nothing sealed is readable once the seal is acknowledged (A4).
            Fact::RecordSealed { seal } | Fact::RecordExpunged { seal } => {
                floors.push((Scope::Person(seal.person), pos));
            }
            Fact::PersonRegistered { .. }
            | Fact::TreatmentBegan { .. }
            | Fact::ConsentVerified { .. }
            | Fact::ChoicesNamed { .. }
            // What ends it stands beside it.
            | Fact::ConsentEnded { .. }
            | Fact::AskMade { .. }
            | Fact::AskReviewed { outcome: ReviewOutcome::Release | ReviewOutcome::Appropriate, .. }
            | Fact::ReferralOpened { .. }
            | Fact::ReferralMoved { .. }
            | Fact::RecallOrdered { .. }
            | Fact::Amends { .. }
            | Fact::Disposed { .. }
            | Fact::HoldWritten { .. }
            | Fact::Sweep { .. }
            // What ends by time alone is hidden by its own valid-until, from the same log time on.
            | Fact::Due { .. } => {}
        }
    }
    floors
}
