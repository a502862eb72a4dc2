use std::collections::BTreeSet;

use handoff_schemas::{Disposition, Fact, PersonId, UnitId};

pub(crate) const OPENED: &str = "encounter.encounter-opened.v1";
pub(crate) const CLOSED: &str = "encounter.encounter-closed.v1";
pub(crate) const CAUTION: &str = "encounter.caution-recorded.v1";
pub(crate) const CAUTION_EXPIRED: &str = "encounter.caution-expired.v1";

/// One encounter of one unit, as folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encounter {
    /// The unit whose record this is; none while nothing happened.
    pub unit: Option<UnitId>,
    pub opened: bool,
    pub closed: bool,
    /// Cautions recorded and not expired.
    pub cautions: u32,
    /// A hold on this record was started by law enforcement.
    pub held_by_law_enforcement: bool,
    /// Whom the unit took into its care under this record.
    pub treated: BTreeSet<PersonId>,
}

impl Encounter {
    /// Folds one event, known by its type and facts.
    #[must_use]
    pub fn apply(mut self, unit: &UnitId, event_type: &str, facts: &[Fact]) -> Self {
        self.unit.get_or_insert_with(|| unit.clone());
        match event_type {
            OPENED => self.opened = true,
            CLOSED => self.closed = true,
            CAUTION => self.cautions = self.cautions.saturating_add(1),
            CAUTION_EXPIRED => self.cautions = self.cautions.saturating_sub(1),
            _ => {}
        }
        for fact in facts {
            match fact {
                Fact::TreatmentBegan { person, .. } => drop(self.treated.insert(*person)),
                Fact::TreatmentEnded { person, .. } => drop(self.treated.remove(person)),
                _ => {}
            }
        }
        self.held_by_law_enforcement |= facts.iter().any(|f| {
            matches!(f, Fact::Disposed { disposition: Disposition::InvoluntaryHold, law_enforcement_initiated: true })
        });
        self
    }
}
