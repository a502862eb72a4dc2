use handoff_schemas::{Fact, PersonId, RecordId, ReferralStatus, UnitId};
use handoff_spine::directory::OPERATOR;

use crate::table::Actor;

/// A referral as folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Referral {
    /// Nothing was created under this record.
    #[default]
    None,
    Open(Opened),
}

/// A referral that was created; it may have ended since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub referral: RecordId,
    pub person: PersonId,
    pub from: UnitId,
    pub to: UnitId,
    pub status: ReferralStatus,
}

impl Referral {
    /// Folds one fact; facts of other kinds change nothing.
    #[must_use]
    pub fn apply(self, fact: &Fact) -> Self {
        match (self, fact) {
            (Self::None, Fact::ReferralOpened { referral, person, from, to, .. }) => Self::Open(Opened {
                referral: *referral,
                person: *person,
                from: from.clone(),
                to: to.clone(),
                status: ReferralStatus::Draft,
            }),
            (Self::Open(opened), Fact::ReferralMoved { status, .. }) => {
                Self::Open(Opened { status: *status, ..opened })
            }
            (other, _) => other,
        }
    }
}

impl Opened {
    /// What the unit is to this referral, if anything. A draft was not sent: its performer does not know of it.
    #[must_use]
    pub fn actor(&self, unit: &UnitId) -> Option<Actor> {
        if *unit == self.from {
            Some(Actor::Referrer)
        } else if *unit == self.to && self.status != ReferralStatus::Draft {
            Some(Actor::Performer)
        } else if unit.as_str() == OPERATOR {
            Some(Actor::Hub)
        } else {
            None
        }
    }
}
