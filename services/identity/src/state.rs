use std::collections::BTreeSet;

use handoff_schemas::{Fact, PersonId, UnitId};
use jiff::civil::Date;

/// One unit's entry for somebody, as folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The person the local id was claimed for, and the unit whose local id it is.
    pub registered: Option<(PersonId, UnitId)>,
    /// Whom this entry was linked with, by its own unit, and not unlinked.
    pub links: BTreeSet<PersonId>,
    /// Duplicates of the same unit that were merged into this entry.
    pub merged: BTreeSet<PersonId>,
    /// The day of birth that the unit said last.
    pub born: Option<Date>,
}

impl Person {
    /// Folds one fact; facts of other kinds change nothing.
    #[must_use]
    pub fn apply(mut self, fact: &Fact) -> Self {
        match fact {
            Fact::PersonRegistered { person, unit } => {
                self.registered.get_or_insert_with(|| (*person, unit.clone()));
            }
            Fact::PersonsLinked { a, b, .. } => self.links.extend(self.other_of(*a, *b)),
            Fact::PersonsUnlinked { a, b, .. } => {
                if let Some(other) = self.other_of(*a, *b) {
                    self.links.remove(&other);
                }
            }
            Fact::PersonMerged { from, .. } => {
                self.merged.insert(*from);
            }
            Fact::PersonBorn { day, .. } => self.born = Some(*day),
            _ => {}
        }
        self
    }

    fn other_of(&self, a: PersonId, b: PersonId) -> Option<PersonId> {
        let (own, _) = self.registered.as_ref()?;
        if a == *own { Some(b) } else { Some(a) }
    }
}
