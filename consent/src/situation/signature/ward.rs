//! A parent or guardian who reads at the hub as a unit (42 CFR 2.14(c); 45 CFR 164.510(b)(3), 164.512(j)(1)(i)).

use handoff_schemas::{Capacity, Category, Claim, LogTime, Purpose, RepresentativeRole as Role, Signatures};

use super::{Known, Signed};
use crate::ruling::{Outcome, Ruling};
use crate::situation::{CellFacts, Situation};
use crate::state::{AskState, StatedRepresentative};

/// The person, to a recipient who is on record as their parent or guardian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ward {
    /// Known for certain to be under age.
    pub minor: bool,
    /// The first instant at which this may be otherwise by time alone.
    until: LogTime,
}

impl Situation<'_> {
    /// None where the recipient is nobody's parent or guardian, another's, or one whose authority does not reach these
    /// axes. Who has died has none.
    pub fn ward(&self, axes: &[(Category, CellFacts<'_>)]) -> Option<Ward> {
        let lives = self.state.lives_of(self.event.person?);
        let own = Signatures::own();
        let life = Known::of(&lives, |person| self.is_same(person), &own);
        let (at, purpose) = ((self.at, self.at), Purpose::DutyWarn);
        Signed { situation: self, signatures: &own, at, purpose, axes, life }.ward()
    }

    /// When what an ask opened ends by time alone: with the ask, or with the authority of the parent or guardian who reads.
    pub fn ask_ends(&self, ask: &AskState, ruling: &Ruling) -> LogTime {
        if !matches!(ask.facts.claim, Claim::HomeWarning(_)) {
            return ask.until();
        }
        let released = ruling.slices.iter().filter(|slice| matches!(slice.outcome, Outcome::Release(_)));
        let ends = released.filter_map(|slice| {
            let axes: Vec<_> = self.axes(slice.category).into_iter().map(|axis| (axis, self.cell(axis))).collect();
            self.ward(&axes).map(|ward| ward.until)
        });
        ends.fold(ask.until(), LogTime::min)
    }
}

impl Signed<'_, '_> {
    fn ward(&self) -> Option<Ward> {
        let s = self.situation;
        let reads =
            |r: &StatedRepresentative| r.facts.unit.as_ref() == Some(&s.recipient.unit) && s.is_same(r.facts.person);
        if self.life.died.is_some() {
            return None;
        }
        if self.minor() {
            let recorded = self.recorded(&[Role::Parent, Role::Guardian, Role::CourtAppointed], reads)?;
            let until = recorded.min(self.life.minor_until).min(self.next(self.endangering()));
            return (!self.endangered()).then_some(Ward { minor: true, until });
        }
        if self.able() || !self.of_age(self.at.1) {
            return None;
        }
        // As for a signature: a minor's guardian is none of the adult that the minor becomes.
        let roles = [Role::Guardian, Role::CourtAppointed];
        let until = match self.throughout(&[Capacity::AdjudicatedIncapacity]) {
            Some(adjudged) => adjudged.min(self.recorded(&roles, reads)?),
            None => {
                let of_adult = |r: &StatedRepresentative| reads(r) && self.life.age && self.of_age(r.recorded_at);
                self.recorded(&roles, of_adult)?
            }
        };
        Some(Ward { minor: false, until: until.min(self.next(self.life.stated(&[Capacity::Full]))) })
    }
}
