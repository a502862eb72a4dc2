#![allow(clippy::unwrap_used, clippy::unreachable, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use handoff_law::{EventRef, PolicyState, Rerule};
use handoff_schemas::{ConsentFacts, ConsentType, EventId, Expiry, PersonId, RecordId, UnitId};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

/// Some instant; the worlds below begin here.
const START: i64 = 1_795_000_000_000;

/// A log whose server has a clock of its own, and policy beside it, which reads at once what it is sent.
struct World {
    /// Nobody's clock: what the two of them should show.
    time: i64,
    ours: i64,
    theirs: i64,
    pos: u64,
    at: LogTime,
    state: PolicyState,
    alarm: Alarm,
}

impl World {
    /// One denial a person, ending so many milliseconds after the start.
    fn new(ours: i64, theirs: i64, ends: impl IntoIterator<Item = i64>) -> Self {
        let (state, alarm) = (PolicyState::new(), Alarm::default());
        let mut world = Self { time: START, ours, theirs, pos: 0, at: LogTime(0), state, alarm };
        for (n, end) in (1u128..).zip(ends) {
            world.append(Fact::ConsentRecorded { consent: ending(n, LogTime(START + end)) });
        }
        world
    }

    fn now(&self) -> LogTime {
        LogTime(self.time + self.ours)
    }

    fn course(&self) -> Course {
        Course { at: self.at, next: self.state.next_due(), last: self.state.last_due() }
    }

    fn wait(&self) -> Duration {
        self.alarm.wait(self.now(), &self.course())
    }

    fn append(&mut self, fact: Fact) -> Vec<Rerule> {
        self.pos += 1;
        self.at = self.at.advance(LogTime(self.time + self.theirs));
        let id = Uuid::from_u128(u128::from(self.pos));
        let event = EventRef { id: EventId(id), record: RecordId(id), source: UnitId::operator() };
        self.state.apply(LogPos(self.pos), self.at, &event, &[fact])
    }

    /// What [`Alarm::ring`] does, the log left out: the event comes back to policy after `transit`.
    fn ring(&mut self, transit: i64) -> Vec<Rerule> {
        let asked = self.course();
        let change = asked.next.unwrap();
        self.alarm.asked(asked.last, change);
        assert_eq!(self.wait(), LOOK, "what is on its way is not asked for again");
        let again = self.append(Fact::Due { change });
        self.time += transit;
        self.alarm.read(self.now(), &self.course());
        again
    }
}

/// A denial of a person of its own.
fn ending(n: u128, at: LogTime) -> ConsentFacts {
    ConsentFacts {
        expiry: Expiry::At { at },
        deny: true,
        ..ConsentFacts::blank(RecordId(Uuid::from_u128(n)), PersonId(Uuid::from_u128(n)), ConsentType::General)
    }
}

fn whose(again: &Rerule) -> u128 {
    match again {
        Rerule::Person(person) => person.0.as_u128(),
        other => unreachable!("no consent has {other:?} ruled again"),
    }
}

proptest! {
    /// Whatever the two clocks show, every change is covered once, not before log time has reached it, and a server
    /// whose clock is behind costs one due event for nothing, not one each time.
    #[test]
    fn every_change_is_covered_once_and_not_before_its_log_time(
        ends in prop::collection::btree_set(6_000i64..26_000, 1..8),
        ours in -5_000i64..5_000, theirs in -5_000i64..5_000, transit in 0i64..50
    ) {
        let mut world = World::new(ours, theirs, ends.iter().copied());
        let ends: BTreeMap<u128, LogTime> = (1u128..).zip(ends.iter().map(|end| LogTime(START + end))).collect();
        let (mut seen, mut dues) = (BTreeMap::new(), 0);
        while world.state.next_due().is_some() {
            let wait = world.wait();
            prop_assert!(wait < LOOK);
            world.time += i64::try_from(wait.as_millis()).unwrap();
            prop_assert_eq!(world.wait(), Duration::ZERO, "having waited, it is time");
            let (last, again) = (world.course().last, world.ring(transit));
            prop_assert_ne!(cause(last), cause(world.course().last), "the next one is another record");
            dues += 1;
            prop_assert!(dues <= ends.len() + 1, "{} due events for {} changes", dues, ends.len());
            for person in again.iter().map(whose) {
                prop_assert!(world.at >= ends[&person], "before its time");
                prop_assert_eq!(seen.insert(person, world.pos), None, "twice");
            }
        }
        prop_assert_eq!(seen.len(), ends.len());
        prop_assert_eq!(world.wait(), LOOK);
    }
}

#[test]
fn what_is_far_away_is_looked_at_every_hour() {
    let day = 24 * 3_600_000;
    let mut world = World::new(0, 0, [day]);
    assert_eq!(world.wait(), LOOK);
    world.time += day - 1_000;
    assert_eq!(world.wait(), Duration::from_secs(1));
}

#[test]
fn log_time_that_has_passed_a_change_calls_for_its_due_event_whatever_our_clock_says() {
    let mut world = World::new(-60_000, 0, [6_000]);
    world.time += 5_999;
    assert!(world.append(Fact::ConsentRecorded { consent: ending(2, LogTime(0)) }).len() == 1);
    assert_eq!(world.wait(), Duration::from_millis(60_001));
    world.time += 1;
    world.append(Fact::ConsentRecorded { consent: ending(3, LogTime(0)) });
    assert_eq!(world.wait(), Duration::ZERO);
    assert_eq!(world.ring(5).iter().map(whose).collect::<Vec<_>>(), [1]);
    assert_eq!(world.wait(), LOOK, "ruled again once");
}

/// A kill after the append: the state is folded again without it, and comes to the same record.
#[test]
fn a_second_try_from_the_same_state_meets_the_same_record() {
    let (one, other) = (World::new(0, 0, [6_000]), World::new(700, -300, [6_000]));
    assert_eq!(cause(one.course().last), cause(other.course().last));
}
