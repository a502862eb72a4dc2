//! What policy remembers beside the law's own state: where each person's events lie, and what went out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use handoff_law::{PolicyState, Rerule};
use handoff_schemas::{Category, EventId, Fact, LogPos, LogTime, PersonId, Recipient, RecordId, ReleaseId, UnitId};
use handoff_spine::commit::Entry;
use handoff_spine::release::{Release, Ruled, asked_release_id, release_id};

/// What a recall is.
const RECALLED: &str = "privacy.record-recalled.v1";

/// Of a recall's ruling document, the releases it names.
#[derive(serde::Deserialize)]
struct Corrects {
    corrects: BTreeSet<ReleaseId>,
}

/// An event's place: position of its commit and its index there.
pub type Place = (LogPos, u16);

/// Who holds a release: a recipient by what stands, or under one ask.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder {
    pub to: Recipient,
    pub ask: Option<RecordId>,
}

impl Holder {
    #[must_use]
    pub fn standing(to: Recipient) -> Self {
        Self { to, ask: None }
    }

    /// The id of a release of this event that `cause` brought about.
    #[must_use]
    pub fn release_id(&self, cause: LogPos, event: EventId) -> ReleaseId {
        match self.ask {
            None => release_id(cause, event, &self.to),
            Some(ask) => asked_release_id(cause, event, &self.to, ask),
        }
    }
}

/// Of a release's ruling document, what it shows something of.
#[derive(serde::Deserialize)]
struct Shows {
    slices: Vec<Shown>,
}

#[derive(serde::Deserialize)]
struct Shown {
    category: Category,
}

/// A set of categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Categories(u64);

impl Categories {
    /// What the release shows something of; of one that cannot be read anything.
    fn of(release: &Release) -> Self {
        let read = serde_json::from_str::<Shows>(&release.ruling);
        read.map_or(Self(u64::MAX), |doc| Self(doc.slices.iter().fold(0, |all, s| all | Self::bit(s.category))))
    }

    const fn bit(category: Category) -> u64 {
        1 << category as u64
    }

    const fn has(self, category: Category) -> bool {
        self.0 & Self::bit(category) != 0
    }

    /// What is in this one and not in the other.
    const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// A release that was taken back, wholly or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    pub holder: Holder,
    pub release: ReleaseId,
    /// What of it.
    pub categories: Vec<Category>,
}

/// A release that stands, in few bytes: its id follows from cause, event and holder.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    holder: u32,
    cause: LogPos,
    /// Hash of what was granted; equal grants need no second release.
    pub substance: u64,
    categories: Categories,
}

/// Everything policy rebuilds at a start by reading the two streams once.
#[derive(Default)]
pub struct Memory {
    pub state: PolicyState,
    pub at: LogTime,
    by_person: HashMap<PersonId, Vec<Place>>,
    by_unit: HashMap<UnitId, Vec<Place>>,
    holders: Vec<Holder>,
    numbers: HashMap<Holder, u32>,
    standing: HashMap<Place, Vec<Standing>>,
    /// What was taken back from its holders, of it only that: copies may be with them still (rulebook Q14).
    withdrawn: HashMap<Place, Vec<Standing>>,
    places: HashMap<EventId, Place>,
    /// New version of a document -> the version it replaced.
    amends: HashMap<Place, (Place, EventId)>,
    /// Versions that were replaced: never ruled again.
    replaced: HashSet<Place>,
    /// Where each ask lies, and the units whose data it opened: they document it (42 CFR 2.51(c)).
    asks: HashMap<RecordId, Place>,
    opened: HashMap<RecordId, BTreeSet<UnitId>>,
    /// Recalls by their event: which releases each recipient was told to return or destroy.
    recalls: HashMap<EventId, BTreeMap<Holder, BTreeSet<ReleaseId>>>,
    /// What was opened at this position for the first time.
    just_opened: BTreeMap<RecordId, BTreeSet<UnitId>>,
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
                if event.facts.iter().any(|f| matches!(f, Fact::AskMade { .. })) {
                    self.asks.insert(event.record, place);
                }
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

    /// What stands for this event and holder: the release id and the hash of what it granted.
    #[must_use]
    pub fn standing(&self, place: Place, event: EventId, to: &Holder) -> Option<(ReleaseId, u64)> {
        let number = self.numbers.get(to)?;
        let found = self.standing.get(&place)?.iter().find(|s| s.holder == *number)?;
        Some((to.release_id(found.cause, event), found.substance))
    }

    /// Where an ask lies.
    #[must_use]
    pub fn ask_place(&self, ask: RecordId) -> Option<Place> {
        self.asks.get(&ask).copied()
    }

    /// The units whose data this ask opened; none where the record is no ask.
    pub fn opened_by(&self, ask: RecordId) -> impl Iterator<Item = &UnitId> {
        self.opened.get(&ask).into_iter().flatten()
    }

    /// What asks opened for the first time since this was last taken.
    pub fn take_just_opened(&mut self) -> BTreeMap<RecordId, BTreeSet<UnitId>> {
        std::mem::take(&mut self.just_opened)
    }

    /// Takes note of what a recall tells its holders.
    pub fn recall(&mut self, event: EventId, held: BTreeMap<Holder, BTreeSet<ReleaseId>>) {
        self.recalls.insert(event, held);
    }

    /// What this recall told a holder; none where the event is none, or told them nothing.
    #[must_use]
    pub fn recalled(&self, event: EventId, to: &Holder) -> Option<&BTreeSet<ReleaseId>> {
        self.recalls.get(&event)?.get(to)
    }

    /// The version of the document that this one replaced.
    #[must_use]
    pub fn amended(&self, place: Place) -> Option<(Place, EventId)> {
        self.amends.get(&place).copied()
    }

    /// Who holds something of this event now, whether or not an agreement still names them or their ask lasts.
    #[must_use]
    pub fn holders(&self, place: Place) -> Vec<Holder> {
        let held = self.standing.get(&place).into_iter().flatten();
        held.filter_map(|s| self.holders.get(s.holder as usize).cloned()).collect()
    }

    /// What of this event was taken back since, from whom, and in which release: for a recall after a seal, a revocation,
    /// or the end of an ask.
    #[must_use]
    pub fn withdrawn(&self, place: Place, event: EventId) -> Vec<Lost> {
        let of = |lost: &Standing| {
            let holder = self.holders.get(lost.holder as usize)?.clone();
            let categories = Category::ALL.iter().copied().filter(|c| lost.categories.has(*c)).collect();
            Some(Lost { release: holder.release_id(lost.cause, event), holder, categories })
        };
        self.withdrawn.get(&place).into_iter().flatten().filter_map(of).collect()
    }

    /// Takes note of a ruling that was appended (now, or before a restart).
    pub fn note(&mut self, place: Place, ruled: &Ruled, substance: u64) {
        if let Some(release) = ruled.release.as_ref().filter(|_| ruled.event_type.as_str() == RECALLED) {
            let holder = Holder { to: ruled.recipient.clone(), ask: ruled.ask };
            let told = serde_json::from_str::<Corrects>(&release.ruling).map(|doc| doc.corrects).unwrap_or_default();
            self.recalls.entry(ruled.event).or_default().insert(holder, told);
        }
        let number = self.number(Holder { to: ruled.recipient.clone(), ask: ruled.ask });
        if let (Some(ask), Some(_)) = (ruled.ask, &ruled.release)
            && self.opened.entry(ask).or_default().insert(ruled.source.clone())
        {
            self.just_opened.entry(ask).or_default().insert(ruled.source.clone());
        }
        if let Some((before, _)) = self.amended(place)
            && let Some(held) = self.standing.get_mut(&before)
        {
            held.retain(|s| s.holder != number);
        }
        let held = self.standing.entry(place).or_default();
        let categories = ruled.release.as_ref().map_or(Categories(0), Categories::of);
        let before = held.iter().copied().filter(|s| s.holder == number);
        let less = before.map(|s| Standing { categories: s.categories.without(categories), ..s });
        let lost: Vec<Standing> = less.filter(|s| s.categories != Categories(0)).collect();
        if !lost.is_empty() {
            self.withdrawn.entry(place).or_default().extend(lost);
        }
        held.retain(|s| s.holder != number);
        if ruled.release.is_some() {
            held.push(Standing { holder: number, cause: ruled.cause, substance, categories });
        }
        if held.is_empty() {
            self.standing.remove(&place);
        }
    }

    fn number(&mut self, holder: Holder) -> u32 {
        if let Some(n) = self.numbers.get(&holder) {
            return *n;
        }
        let n = u32::try_from(self.holders.len()).unwrap_or(u32::MAX);
        self.holders.push(holder.clone());
        self.numbers.insert(holder, n);
        n
    }
}

#[cfg(test)]
mod tests;
