use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{LogPos, LogTime};
use serde::{Deserialize, Serialize};

use super::Rerule;

/// What begins or ends by time alone, and how much of it was given a position.
///
/// INVARIANT: `ahead` holds exactly the instants that lay after log time when they were noted and that no due event has
/// covered. What had passed already was ruled with the position that brought it. A due event covers what log time has
/// reached at its position, whatever clock had it appended and whatever it was appended for: so what it takes away has
/// begun or ended for every ruling at that position, and what it came too early for stays ahead.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Dues {
    /// What ended otherwise may still stand here: ruling again is harmless.
    changes: BTreeMap<LogTime, BTreeSet<Rerule>>,
    ahead: BTreeSet<LogTime>,
    last: LogPos,
}

impl Dues {
    /// Something begins or ends at `at`; log time is `now`. What is past decides no later time: it is not kept.
    pub fn note(&mut self, now: LogTime, at: LogTime, again: Rerule) {
        if at > now {
            self.changes.entry(at).or_default().insert(again);
            self.ahead.insert(at);
        }
    }

    /// Folds a due event at its position and log time: what must be ruled again there.
    pub fn covered(&mut self, pos: LogPos, now: LogTime) -> BTreeSet<Rerule> {
        self.last = pos;
        let later = self.ahead.split_off(&LogTime(now.0.saturating_add(1)));
        let passed = std::mem::replace(&mut self.ahead, later);
        passed.iter().filter_map(|at| self.changes.remove(at)).flatten().collect()
    }

    pub fn next_change(&self, after: LogTime) -> Option<(LogTime, Vec<Rerule>)> {
        let (at, again) = self.changes.range(after..).find(|(at, _)| **at > after)?;
        Some((*at, again.iter().cloned().collect()))
    }

    pub fn next_instant(&self, after: LogTime) -> Option<LogTime> {
        self.changes.range(after..).map(|(at, _)| *at).find(|at| *at > after)
    }

    pub fn next(&self) -> Option<LogTime> {
        self.ahead.first().copied()
    }

    pub const fn last(&self) -> LogPos {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use handoff_schemas::PersonId;

    use super::*;

    fn person(n: u128) -> Rerule {
        Rerule::Person(PersonId(uuid::Uuid::from_u128(n)))
    }

    fn two_ahead() -> Dues {
        let mut dues = Dues::default();
        dues.note(LogTime(10), LogTime(20), person(1));
        dues.note(LogTime(10), LogTime(30), person(2));
        dues
    }

    #[test]
    fn what_had_passed_when_it_was_noted_awaits_nothing() {
        let mut dues = Dues::default();
        dues.note(LogTime(10), LogTime(9), person(1));
        dues.note(LogTime(10), LogTime(10), person(2));
        assert_eq!(dues.next(), None);
        assert!(dues.covered(LogPos(1), LogTime(11)).is_empty());
        assert_eq!(dues.next_change(LogTime(9)), None, "nor is it kept");
    }

    #[test]
    fn a_due_event_before_its_time_covers_nothing_and_is_counted() {
        let mut dues = two_ahead();
        assert!(dues.covered(LogPos(4), LogTime(19)).is_empty());
        assert_eq!((dues.next(), dues.last()), (Some(LogTime(20)), LogPos(4)));
    }

    #[test]
    fn each_change_is_covered_once_by_the_first_due_event_that_log_time_lets_reach_it() {
        let mut dues = two_ahead();
        assert_eq!(dues.covered(LogPos(4), LogTime(20)), BTreeSet::from([person(1)]));
        assert_eq!(dues.next(), Some(LogTime(30)));
        assert!(dues.covered(LogPos(5), LogTime(29)).is_empty());
        assert_eq!(dues.covered(LogPos(6), LogTime(31)), BTreeSet::from([person(2)]));
        assert_eq!((dues.next(), dues.last()), (None, LogPos(6)));
    }

    #[test]
    fn one_due_event_covers_all_that_passed_meanwhile() {
        assert_eq!(two_ahead().covered(LogPos(4), LogTime(i64::MAX)), BTreeSet::from([person(1), person(2)]));
    }
}
