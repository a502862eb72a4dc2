//! One ruling by itself, on the state that the log holds.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use handoff_law::{Bundle, EventFacts, EventRef, Memo, PolicyState, rule};
use handoff_schemas::{LogPos, LogTime, Recipient};
use handoff_spine::commit::LoggedEvent;
use handoff_spine::log::{EVENTS, Log};

use super::county::{self, CLINIC};

/// Microseconds for one event and one partner.
pub struct Ruling {
    /// Nothing personal decides.
    pub warm: f64,
    /// The person gave a consent.
    pub warm_consented: f64,
    pub cold: f64,
}

/// Positions below it hold the people's first events.
const FIRST: u64 = 1_000;
/// Each figure is taken over so long a time.
const TIME: Duration = Duration::from_millis(400);

/// Folds the log as policy does, then rules one of its events over and over.
///
/// # Errors
/// The log's; HO-9040 where it holds no encounter.
pub async fn measure(log: &Log) -> Result<Ruling> {
    let mut state = PolicyState::new();
    let mut at = LogTime::default();
    let mut found: Vec<(LogPos, LoggedEvent)> = Vec::new();
    let mut follow = log.follow(EVENTS, 1, &[]).await?;
    for _ in 0..log.last(EVENTS).await? {
        let entry = log.open(&follow.next().await?)?;
        at = at.advance(entry.stored);
        for event in entry.commit.events {
            let reference = EventRef { id: event.id, record: event.record, source: event.unit.clone() };
            state.apply(entry.pos, at, &reference, &event.facts);
            // One of each of the people, so that the one with a consent is among them.
            if event.event_type.family() == "encounter" && entry.pos.0 < FIRST {
                found.push((entry.pos, event));
            }
        }
    }
    let bundle = Bundle::embedded()?;
    let consented = |event: &LoggedEvent| event.person.is_some_and(|p| !state.consents_of(p).is_empty());
    let one = |with: bool| {
        let (pos, event) = found.iter().find(|(_, event)| consented(event) == with)?;
        let recipient =
            state.recipients(&event.unit).into_iter().find(|to| to.unit.as_str() == county::unit(CLINIC))?;
        Some(One { bundle: &bundle, state: &state, event, pos: *pos, recipient, at })
    };
    let (plain, consented) = one(false).zip(one(true)).context("HO-9040 the log holds no encounter to rule")?;
    Ok(Ruling { warm: plain.warm(), warm_consented: consented.warm(), cold: plain.cold() })
}

struct One<'a> {
    bundle: &'a Bundle,
    state: &'a PolicyState,
    event: &'a LoggedEvent,
    pos: LogPos,
    recipient: Recipient,
    at: LogTime,
}

impl One<'_> {
    fn warm(&self) -> f64 {
        let mut memo = Memo::new();
        self.over(|facts| drop(black_box(memo.rule(self.bundle, self.state, facts, &self.recipient, self.at))))
    }

    fn cold(&self) -> f64 {
        self.over(|facts| drop(black_box(rule(self.bundle, self.state, facts, &self.recipient, self.at))))
    }

    /// Microseconds a time.
    fn over(&self, mut act: impl FnMut(&EventFacts<'_>)) -> f64 {
        let categories = self.event.categories();
        let facts = EventFacts {
            id: self.event.id,
            event_type: &self.event.event_type,
            record: self.event.record,
            asserted_at: self.event.asserted_at.as_deref(),
            pos: self.pos,
            source: &self.event.unit,
            person: self.event.person,
            categories: &categories,
            labels: &self.event.labels,
            content: &self.event.content,
            facts: &self.event.facts,
        };
        act(black_box(&facts));
        let started = Instant::now();
        let mut times = 0u32;
        while started.elapsed() < TIME {
            for _ in 0..16 {
                act(black_box(&facts));
            }
            times += 16;
        }
        started.elapsed().as_secs_f64() * 1e6 / f64::from(times)
    }
}
