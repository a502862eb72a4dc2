//! The fact space that Cedar cannot see, walked: every case is ruled by the engine and held against the rulebook.

mod case;
mod rules;
mod space;
mod stage;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use handoff_law::{Bundle, EventFacts, Memo, PolicyState, Ruling, rule, rule_for};
use handoff_schemas::{Category, EventId, LogPos, Purpose, Recipient};
use uuid::Uuid;

use crate::error::ProveError;
use crate::report::{Counterexample, Line, Method, Outcome};
use case::Case;
use rules::{Check, Found, RULES};
pub use space::Space;
use space::{Group, Under};
use stage::{NOW, Stage};

/// One ruling in so many is also made cold, to hold the memo to it.
const COLD: u64 = 997;

/// Where in the log the event lies that is ruled.
const AT: LogPos = LogPos(1);

/// What a walk found.
#[derive(Clone, Debug)]
pub struct Walked {
    pub rulings: u64,
    /// Slices ruled.
    pub combinations: u64,
    pub lines: Vec<Line>,
}

/// Rules every case of the space under one law. `progress` hears rulings done and rulings in all.
///
/// # Errors
/// HO-4403 where the county of the walk cannot be set up; HO-4404 where a thread of it ended early.
pub fn walk(bundle: &Bundle, space: &Space, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Walked, ProveError> {
    let started = Instant::now();
    let walk = Walk {
        bundle,
        stage: Stage::set(space, bundle)?,
        space,
        next: AtomicUsize::new(0),
        done: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        progress,
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let tallies = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| walk.work())).collect();
        workers.into_iter().map(|w| w.join().map_err(|_| ProveError::Walk)).collect::<Result<Vec<_>, _>>()
    })?;
    let tally = tallies.into_iter().fold(Tally::new(), Tally::join);
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut lines: Vec<Line> = RULES.iter().zip(&tally.seen).map(|(rule, seen)| rule.line(seen, millis)).collect();
    lines.push(rules::part2_row(bundle, millis));
    lines.push(memo_line(&tally, millis));
    Ok(Walked { rulings: tally.rulings, combinations: tally.combinations, lines })
}

/// What has been seen of one rule.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Combinations that the rule speaks of.
    applied: u64,
    /// The first case that breaks it, by its group.
    broken: Option<(usize, Counterexample)>,
}

/// What one thread has seen.
struct Tally {
    rulings: u64,
    combinations: u64,
    seen: Vec<Seen>,
    cold: u64,
    differs: Option<Counterexample>,
}

impl Tally {
    fn new() -> Self {
        Self { rulings: 0, combinations: 0, seen: vec![Seen::default(); RULES.len()], cold: 0, differs: None }
    }

    fn join(mut self, other: Self) -> Self {
        self.rulings += other.rulings;
        self.combinations += other.combinations;
        self.cold += other.cold;
        self.differs = self.differs.or(other.differs);
        for (mine, theirs) in self.seen.iter_mut().zip(other.seen) {
            mine.applied += theirs.applied;
            mine.broken = [mine.broken.take(), theirs.broken].into_iter().flatten().min_by_key(|(group, _)| *group);
        }
        self
    }
}

struct Walk<'a> {
    bundle: &'a Bundle,
    stage: Stage,
    space: &'a Space,
    next: AtomicUsize,
    done: AtomicU64,
    stop: AtomicBool,
    progress: &'a (dyn Fn(u64, u64) + Sync),
}

impl Walk<'_> {
    /// Takes group after group until none is left.
    fn work(&self) -> Tally {
        let mut tally = Tally::new();
        let all = self.space.rulings();
        while !self.stop.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(group) = self.space.groups().get(number) else { break };
            let before = tally.rulings;
            self.group(number, group, &mut tally);
            let done = tally.rulings - before;
            (self.progress)(self.done.fetch_add(done, Ordering::Relaxed) + done, all);
            let broken = |(rule, seen): (&rules::Rule, &Seen)| self.space.ends_with(rule.id) && seen.broken.is_some();
            if RULES.iter().zip(&tally.seen).any(broken) {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
        tally
    }

    /// One source, label and consent: every reader, purpose and state of the agreement. Its memories end with it.
    fn group(&self, number: usize, group: &Group, tally: &mut Tally) {
        let mut memos: BTreeMap<Under, Memo> = BTreeMap::new();
        for (reader, recipient) in self.stage.readers(group.source) {
            for purpose in std::iter::once(None).chain(Purpose::ALL.iter().copied().map(Some)) {
                let mut without: Option<Ruling> = None;
                for under in group.unders {
                    let Some(state) = self.stage.state(*under) else { continue };
                    let case = Case { group, reader: *reader, purpose, under: *under };
                    let memo = memos.entry(*under).or_default();
                    let ruling = self.ruling(state, memo, &case, recipient, tally);
                    tally.judge(number, &case, &ruling, without.as_ref());
                    if *under == Under::None {
                        without = Some(ruling);
                    }
                }
            }
        }
    }

    fn ruling(
        &self,
        state: &PolicyState,
        memo: &mut Memo,
        case: &Case<'_>,
        recipient: &Recipient,
        tally: &mut Tally,
    ) -> Ruling {
        let (bundle, event) = (self.bundle, event(&self.stage, case));
        let warm = match case.purpose {
            None => memo.rule(bundle, state, &event, recipient, NOW),
            Some(purpose) => memo.rule_for(bundle, state, &event, recipient, purpose, NOW),
        };
        tally.rulings += 1;
        if tally.rulings % COLD == 1 {
            tally.cold += 1;
            let cold = match case.purpose {
                None => rule(bundle, state, &event, recipient, NOW),
                Some(purpose) => rule_for(bundle, state, &event, recipient, purpose, NOW),
            };
            if cold != warm && tally.differs.is_none() {
                tally.differs = Some(case.counterexample("the memo's ruling is not the cold one", None));
            }
        }
        warm
    }
}

/// One event with a slice of every category.
fn event<'a>(stage: &'a Stage, case: &Case<'a>) -> EventFacts<'a> {
    EventFacts {
        id: EventId(Uuid::from_u64_pair(4, 1)),
        event_type: stage.event_type(),
        record: stage.record(),
        pos: AT,
        asserted_at: Some("2026-11-20T21:14:00-08:00"),
        source: stage.unit(case.group.source),
        person: Some(stage.person(case.group.subject)),
        categories: Category::ALL,
        labels: case.group.labels(),
        content: &[],
        facts: stage.facts(case.under),
    }
}

/// One cold ruling for a stated purpose; the space must hold the case's subject and agreement.
#[cfg(test)]
fn ruled(bundle: &Bundle, space: &Space, case: &Case<'_>) -> Result<Ruling, ProveError> {
    let stage = Stage::set(space, bundle)?;
    let absent = || ProveError::County("the space does not hold the case".to_owned());
    let state = stage.state(case.under).ok_or_else(absent)?;
    let known = stage.readers(case.group.source).iter().find(|(reader, _)| same(*reader, case.reader));
    let (_, recipient) = known.ok_or_else(absent)?;
    let purpose = case.purpose.unwrap_or(Purpose::Treat);
    Ok(rule_for(bundle, state, &event(&stage, case), recipient, purpose, NOW))
}

#[cfg(test)]
fn same(a: Option<&space::Reader>, b: Option<&space::Reader>) -> bool {
    a.map(|reader| reader.slug) == b.map(|reader| reader.slug)
}

impl Tally {
    /// Holds every slice of a ruling against every rule.
    fn judge(&mut self, number: usize, case: &Case<'_>, ruling: &Ruling, without: Option<&Ruling>) {
        for (at, slice) in ruling.slices.iter().enumerate() {
            self.combinations += 1;
            let found = Found {
                category: slice.category,
                grants: slice.outcome.grants(),
                without: without.and_then(|r| r.slices.get(at)).map(|s| s.outcome.withheld()),
            };
            for (rule, seen) in RULES.iter().zip(&mut self.seen) {
                match (rule.check)(case, &found) {
                    Check::Elsewhere => {}
                    Check::Holds => seen.applied += 1,
                    Check::Broken(why) => {
                        seen.applied += 1;
                        if seen.broken.is_none() {
                            seen.broken = Some((number, case.counterexample(&why, Some(&found))));
                        }
                    }
                }
            }
        }
    }
}

fn memo_line(tally: &Tally, millis: u64) -> Line {
    Line {
        id: "walk-memo".to_owned(),
        title: "a remembered ruling is the cold one".to_owned(),
        cite: "consent/README.md; rulebook 11, I6".to_owned(),
        method: Method::Walk,
        millis,
        applied: Some(tally.cold),
        outcome: tally.differs.clone().map_or(Outcome::Proven, Outcome::Failed),
    }
}
