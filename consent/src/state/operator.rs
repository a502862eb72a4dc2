use handoff_schemas::{HubRole, OperatorFacts, PersonId, UnitFacts, UnitId};

use super::PolicyState;
use crate::identity::{Confidence, Identification};

impl PolicyState {
    /// Whether the hub is an intermediary, so that a general designation reaches treating providers alone (42 CFR 2.11,
    /// 2.31(a)(4)(ii)(B)).
    #[must_use]
    pub fn is_intermediary(&self) -> bool {
        self.operator.is_some_and(|o| o.role == HubRole::Intermediary)
    }

    /// Whether the unit has put on record that it treats the person, or whoever is surely the same human being: a doubtful
    /// link opens nothing (rulebook 7.3 step 2).
    #[must_use]
    pub fn treats(&self, unit: &UnitId, person: PersonId, law: &Identification) -> bool {
        self.links.surely(person, law, Confidence::Certain).iter().any(|p| self.treating.treats(unit, *p))
    }

    /// Rulebook 7.1: where law enforcement runs the hub, units under HIPAA or Part 2 are active only with counsel's
    /// override on record and their keys out of its hands, whenever the operator or the unit became what it is.
    pub(crate) fn active(&self, unit: &UnitFacts) -> bool {
        let health = unit.hipaa.is_covered() || unit.part2.applies();
        self.units.active(unit) && (!health || self.operator.is_none_or(OperatorFacts::may_carry_health))
    }
}
