use std::collections::BTreeSet;

use handoff_schemas::{ConsentFacts, Fact, PersonId, RevokedFor, UnitId};
use handoff_spine::directory::OPERATOR;

use crate::steps::{Actor, Step};

/// Where a record of the family stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Nothing happened under this record.
    #[default]
    None,
    /// A consent, denial or objection in force.
    Recorded,
    /// A unit that may disclose under it has checked it.
    Verified,
    Rejected,
    /// For all its recipients.
    Revoked,
    Expired,
    RestrictionRequested,
    RestrictionAgreed,
    RestrictionDenied,
    RestrictionTerminated,
    /// A notice, a representative, a person's capacity, an objection that stops nothing at the hub.
    Noted,
}

impl Status {
    pub const ALL: &[Self] = &[
        Self::None,
        Self::Recorded,
        Self::Verified,
        Self::Rejected,
        Self::Revoked,
        Self::Expired,
        Self::RestrictionRequested,
        Self::RestrictionAgreed,
        Self::RestrictionDenied,
        Self::RestrictionTerminated,
        Self::Noted,
    ];
}

/// One consent, restriction, objection or notice, as folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    pub status: Status,
    /// The unit that recorded it.
    pub recorder: Option<UnitId>,
    pub person: Option<PersonId>,
    /// What policy was told of it, if anything.
    pub facts: Option<ConsentFacts>,
    /// Parties it was revoked for.
    pub revoked_for: BTreeSet<UnitId>,
}

impl Consent {
    /// Folds one event, known by its step, its source, its person and its facts.
    #[must_use]
    pub fn apply(mut self, step: Step, unit: &UnitId, person: Option<PersonId>, facts: &[Fact]) -> Self {
        self.recorder.get_or_insert_with(|| unit.clone());
        self.person = self.person.or(person);
        let mut ended_for_all = false;
        for fact in facts {
            match fact {
                Fact::ConsentRecorded { consent } => self.facts = Some(consent.clone()),
                Fact::ConsentRevoked { parties: RevokedFor::All, .. } => ended_for_all = true,
                Fact::ConsentRevoked { parties: RevokedFor::Parties(units), .. } => {
                    self.revoked_for.extend(units.iter().cloned());
                }
                _ => {}
            }
        }
        self.status = match step {
            Step::Record => Status::Recorded,
            Step::Object if self.facts.is_some() => Status::Recorded,
            Step::Object | Step::Notice | Step::Representative | Step::Capacity => Status::Noted,
            Step::Verify => Status::Verified,
            Step::Reject => Status::Rejected,
            Step::Revoke if ended_for_all || self.nobody_left() => Status::Revoked,
            Step::Revoke => self.status,
            Step::Expire => Status::Expired,
            Step::RequestRestriction => Status::RestrictionRequested,
            Step::AgreeRestriction => Status::RestrictionAgreed,
            Step::DenyRestriction => Status::RestrictionDenied,
            Step::TerminateRestriction => Status::RestrictionTerminated,
        };
        self
    }

    /// Every named recipient was revoked; a class always has somebody left.
    fn nobody_left(&self) -> bool {
        self.facts.as_ref().is_some_and(|f| {
            !f.tpo_class && !f.recipients.is_empty() && f.recipients.iter().all(|r| self.revoked_for.contains(r))
        })
    }

    /// What the unit is to this record. Empty: nothing, and then the record must look as if it were not there.
    #[must_use]
    pub fn actors(&self, unit: &UnitId) -> Vec<Actor> {
        let mut actors = Vec::new();
        if self.recorder.as_ref() == Some(unit) {
            actors.push(Actor::Recorder);
        }
        if self.facts.as_ref().is_some_and(|f| f.grantors.contains(unit)) {
            actors.push(Actor::Grantor);
        }
        if unit.as_str() == OPERATOR {
            actors.push(Actor::Hub);
        }
        actors
    }
}
