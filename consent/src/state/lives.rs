use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{CapacityFacts, LogTime, PersonId, RecordId, RepresentativeFacts, UnitId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{PolicyState, Rerule};
use crate::day::{Begins, of_age};

/// What one entry says of a person's life.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// As said last.
    pub born: Option<Date>,
    pub died: Option<Death>,
    /// Who has said so since anybody last took it back.
    #[serde(default)]
    pub died_by: BTreeSet<UnitId>,
    /// By record, in the order they were said. All of them: what somebody signed counts as of when it was signed.
    pub capacities: BTreeMap<RecordId, Vec<StatedCapacity>>,
    /// By record, as said last.
    pub representatives: BTreeMap<RecordId, StatedRepresentative>,
}

/// The person died, as some unit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Death {
    pub day: Option<Date>,
}

/// A statement about capacity, and between what log times it was the one that its record made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatedCapacity {
    pub facts: CapacityFacts,
    /// When it took the place of an earlier one.
    pub since: Option<LogTime>,
    /// When a later one took its place.
    pub replaced: Option<LogTime>,
}

/// An authority to act for the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatedRepresentative {
    pub facts: RepresentativeFacts,
    /// When its record was begun.
    pub recorded_at: LogTime,
}

impl Life {
    /// Every day on which an answer may change.
    pub fn turns(&self) -> Vec<Date> {
        let ages = self.born.and_then(of_age).into_iter().flat_map(|(first, surely)| [first, surely]);
        let capacities = self.capacities.values().flatten().map(|c| (c.facts.from, c.facts.until));
        let representatives = self.representatives.values().map(|r| (r.facts.from, r.facts.until));
        let spans = capacities.chain(representatives).collect::<Vec<_>>();
        let ends = spans.iter().filter_map(|(_, until)| until.and_then(|day| day.tomorrow().ok()));
        ages.chain(spans.iter().filter_map(|(from, _)| *from)).chain(ends).collect()
    }

    /// Whether no day ahead changes what a signature is worth, under any law: an adult wherever the day of birth is
    /// counted, who decides and of whom nobody says that another acts for them.
    pub fn is_settled(&self, at: LogTime) -> bool {
        let adult = |born| of_age(born).is_some_and(|(_, surely)| Begins::of(surely, None).latest <= at);
        self.capacities.is_empty() && self.representatives.is_empty() && self.born.is_none_or(adult)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lives(BTreeMap<PersonId, Life>);

impl Lives {
    pub fn born(&mut self, person: PersonId, day: Date) {
        self.0.entry(person).or_default().born = Some(day);
    }

    pub fn died(&mut self, person: PersonId, day: Option<Date>, in_error: bool, by: &UnitId) {
        let life = self.0.entry(person).or_default();
        if in_error {
            (life.died, life.died_by) = (None, BTreeSet::new());
        } else {
            life.died = Some(Death { day });
            life.died_by.insert(by.clone());
        }
    }

    pub fn stated(&mut self, facts: CapacityFacts, now: LogTime) {
        let said = self.0.entry(facts.person).or_default().capacities.entry(facts.statement).or_default();
        let since = said.last().map(|_| now);
        if let Some(before) = said.last_mut() {
            before.replaced = Some(now);
        }
        said.push(StatedCapacity { facts, since, replaced: None });
    }

    pub fn represented(&mut self, mut facts: RepresentativeFacts, by: &UnitId, now: LogTime) {
        // Nobody's own word makes them the person's parent or guardian.
        facts.unit = facts.unit.filter(|unit| unit != by);
        let known = &mut self.0.entry(facts.person).or_default().representatives;
        let recorded_at = known.get(&facts.representative).map_or(now, |before| before.recorded_at);
        known.insert(facts.representative, StatedRepresentative { facts, recorded_at });
    }

    pub fn of(&self, person: PersonId) -> Option<&Life> {
        self.0.get(&person)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PolicyState {
    /// What is known of the lives of the person and of everybody linked with them.
    pub(crate) fn lives_of(&self, person: PersonId) -> Vec<(PersonId, &Life)> {
        let cluster = if self.lives.is_empty() { BTreeSet::new() } else { self.links.cluster(person) };
        cluster.into_iter().filter_map(|p| self.lives.of(p).map(|life| (p, life))).collect()
    }

    /// Whether no day ahead changes what any signature for the person is worth; see [`Life::is_settled`].
    pub(super) fn is_settled(&self, person: PersonId, at: LogTime) -> bool {
        self.lives.of(person).is_none_or(|life| life.is_settled(at))
    }

    /// What is known of the person's life changed.
    pub(super) fn turned(&mut self, person: PersonId, again: &mut BTreeSet<Rerule>) {
        self.turns(person);
        again.insert(Rerule::Person(person));
    }

    /// Notes the days on which a signature for the person, or for anybody linked with them, begins or ceases to count:
    /// a birthday, the first and the last day of an authority.
    pub(super) fn turns(&mut self, person: PersonId) {
        let cluster = self.links.cluster(person);
        let signed = cluster.iter().flat_map(|p| self.consents.of(*p)).filter_map(|c| c.signatures());
        let zones: BTreeSet<Option<String>> = signed.filter(|s| s.by_others()).map(|s| s.zone.clone()).collect();
        let days: BTreeSet<Date> = cluster.iter().filter_map(|p| self.lives.of(*p)).flat_map(Life::turns).collect();
        for zone in &zones {
            for day in &days {
                let begins = Begins::of(*day, zone.as_deref());
                for at in [begins.earliest, begins.latest].into_iter().filter(|at| at.0 < i64::MAX) {
                    self.due.note(self.at, at, Rerule::Person(person));
                }
            }
        }
    }
}
