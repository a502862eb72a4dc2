//! A recall (rulebook ST-08, EC-71): who held what an expungement covers is told which of their own releases to return or
//! destroy, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use handoff_law::{EventFacts, PolicyState};
use handoff_schemas::{Fact, ReleaseId, SealFacts};
use handoff_spine::commit::Entry;

use crate::memory::{Holder, Place};

/// One recall of the position that is being ruled.
pub struct Recall {
    pub place: Place,
    seal: SealFacts,
    /// What each recipient held that the expungement, or a seal before it, took back.
    pub held: BTreeMap<Holder, BTreeSet<ReleaseId>>,
}

impl Recall {
    /// The recalls that a position orders.
    pub fn of(entry: &Entry) -> Vec<Self> {
        let events = (0u16..).zip(&entry.commit.events);
        let each = events.flat_map(|(index, event)| event.facts.iter().map(move |fact| (index, fact)));
        let recalls = each.filter_map(|(index, fact)| match fact {
            Fact::RecallOrdered { seal } => {
                Some(Self { place: (entry.pos, index), seal: seal.clone(), held: BTreeMap::new() })
            }
            _ => None,
        });
        recalls.collect()
    }

    /// Notes that a recipient held another release of this event than it may have now, or one that was withdrawn before.
    /// Who published it holds its own data, not a release.
    pub fn note(&mut self, state: &PolicyState, event: &EventFacts<'_>, holder: &Holder, release: ReleaseId) {
        let covered = state
            .seal(self.seal.seal)
            .is_some_and(|seal| seal.expunged && event.categories.iter().any(|category| seal.covers(event, *category)));
        if covered && holder.to.unit != self.seal.unit {
            // Told to whoever reads there: what was asked for may have been passed on, and the ask ends.
            self.held.entry(Holder::standing(holder.to.clone())).or_default().insert(release);
        }
    }
}
