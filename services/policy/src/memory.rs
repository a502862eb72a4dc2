//! What policy remembers beside the law's own state: where each person's events lie, and what went out.

use std::collections::{BTreeSet, HashMap, HashSet};

use handoff_law::{PolicyState, Rerule};
use handoff_schemas::{EventId, Fact, LogPos, LogTime, PersonId, Recipient, ReleaseId, UnitId};
use handoff_spine::commit::Entry;
use handoff_spine::release::{Ruled, release_id};

/// An event's place: position of its commit and its index there.
pub type Place = (LogPos, u16);

/// A release that stands, in few bytes: its id follows from cause, event and recipient.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    recipient: u16,
    cause: LogPos,
    /// Hash of what was granted; equal grants need no second release.
    pub substance: u64,
}

/// Everything policy rebuilds at a start by reading the two streams once.
#[derive(Default)]
pub struct Memory {
    pub state: PolicyState,
    pub at: LogTime,
    by_person: HashMap<PersonId, Vec<Place>>,
    by_unit: HashMap<UnitId, Vec<Place>>,
    recipients: Vec<Recipient>,
    numbers: HashMap<Recipient, u16>,
    standing: HashMap<Place, Vec<Standing>>,
    places: HashMap<EventId, Place>,
    /// New version of a document -> the version it replaced.
    amends: HashMap<Place, (Place, EventId)>,
    /// Versions that were replaced: never ruled again.
    replaced: HashSet<Place>,
}

impl Memory {
    /// Folds one commit: facts into the law's state, places into the indexes. Says what must be ruled again.
    pub fn fold(&mut self, entry: &Entry) -> Vec<Rerule> {
        self.at = self.at.advance(entry.stored);
        let mut again = Vec::new();
        for (index, event) in (0u16..).zip(&entry.commit.events) {
            if !event.slices.is_empty() {
                let place = (entry.pos, index);
                self.places.insert(event.id, place);
                for fact in &event.facts {
                    if let Fact::Amends { event: old } = fact
                        && let Some(before) = self.places.remove(old)
                    {
                        self.amends.insert(place, (before, *old));
                        self.replaced.insert(before);
                    }
                }
                if let Some(person) = event.person {
                    self.by_person.entry(person).or_default().push(place);
                }
                self.by_unit.entry(event.unit.clone()).or_default().push(place);
            }
            let reference = handoff_law::EventRef { id: event.id, record: event.record, source: event.unit.clone() };
            again.extend(self.state.apply(entry.pos, self.at, &reference, &event.facts));
        }
        again
    }

    /// The places of the events that a change of law, agreement, consent or link touches, in log order.
    #[must_use]
    pub fn touched(&self, again: &[Rerule], before: LogPos) -> BTreeSet<Place> {
        let mut places = BTreeSet::new();
        for change in again {
            match change {
                Rerule::Person(person) => {
                    for one in self.state.person_cluster(*person) {
                        places.extend(self.by_person.get(&one).into_iter().flatten().copied());
                    }
                }
                Rerule::Agreement(agreement) => {
                    for unit in self.state.agreement_units(agreement) {
                        places.extend(self.by_unit.get(&unit).into_iter().flatten().copied());
                    }
                }
                Rerule::Unit(unit) => places.extend(self.by_unit.get(unit).into_iter().flatten().copied()),
            }
        }
        places.retain(|place| place.0 < before && !self.replaced.contains(place));
        places
    }

    /// What stands for this event and recipient: the release id and the hash of what it granted.
    #[must_use]
    pub fn standing(&self, place: Place, event: EventId, to: &Recipient) -> Option<(ReleaseId, u64)> {
        let number = self.numbers.get(to)?;
        let found = self.standing.get(&place)?.iter().find(|s| s.recipient == *number)?;
        Some((release_id(found.cause, event, to), found.substance))
    }

    /// The version of the document that this one replaced.
    #[must_use]
    pub fn amended(&self, place: Place) -> Option<(Place, EventId)> {
        self.amends.get(&place).copied()
    }

    /// Recipients that hold something of this event now, whether or not an agreement still names them.
    #[must_use]
    pub fn holders(&self, place: Place) -> Vec<Recipient> {
        let held = self.standing.get(&place).into_iter().flatten();
        held.filter_map(|s| self.recipients.get(usize::from(s.recipient)).cloned()).collect()
    }

    /// Takes note of a ruling that was appended (now, or before a restart).
    pub fn note(&mut self, place: Place, ruled: &Ruled, substance: u64) {
        let number = self.number(&ruled.recipient);
        if let Some((before, _)) = self.amended(place)
            && let Some(held) = self.standing.get_mut(&before)
        {
            held.retain(|s| s.recipient != number);
        }
        let held = self.standing.entry(place).or_default();
        held.retain(|s| s.recipient != number);
        if ruled.release.is_some() {
            held.push(Standing { recipient: number, cause: ruled.cause, substance });
        }
        if held.is_empty() {
            self.standing.remove(&place);
        }
    }

    fn number(&mut self, recipient: &Recipient) -> u16 {
        if let Some(n) = self.numbers.get(recipient) {
            return *n;
        }
        let n = u16::try_from(self.recipients.len()).unwrap_or(u16::MAX);
        self.recipients.push(recipient.clone());
        self.numbers.insert(recipient.clone(), n);
        n
    }
}
