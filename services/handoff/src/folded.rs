//! The log folded as policy folds it, for verbs that look and change nothing.

use anyhow::{Result, bail};
use handoff_law::{EventRef, PolicyState};
use handoff_schemas::{LogPos, LogTime, PersonId, RecordId};
use handoff_spine::commit::{Entry, LoggedEvent};
use handoff_spine::intake;
use handoff_spine::log::{EVENTS, Log};

/// What the log says up to an instant, as policy folds it.
pub struct Folded {
    pub state: PolicyState,
    /// Log time at the last position taken in.
    pub at: LogTime,
    /// The last event of the record that was looked for.
    pub event: Option<(LogPos, LoggedEvent)>,
}

impl Folded {
    /// Reads `EVENTS` from its beginning to now, or to the last position stored at `until`.
    ///
    /// # Errors
    /// The log's.
    pub async fn read(log: &Log, until: Option<LogTime>, record: Option<RecordId>) -> Result<Self> {
        let mut folded = Self { state: PolicyState::new(), at: LogTime(0), event: None };
        let last = log.last(EVENTS).await?;
        if last == 0 {
            return Ok(folded);
        }
        let mut follow = log.follow(EVENTS, 1, &[]).await?;
        loop {
            let raw = follow.next().await?;
            if until.is_some_and(|until| raw.stored > until) {
                return Ok(folded);
            }
            folded.take(log.open(&raw)?, record);
            if raw.seq >= last {
                return Ok(folded);
            }
        }
    }

    fn take(&mut self, entry: Entry, record: Option<RecordId>) {
        self.at = self.at.advance(entry.stored);
        for event in entry.commit.events {
            let reference = EventRef { id: event.id, record: event.record, source: event.unit.clone() };
            self.state.apply(entry.pos, self.at, &reference, &event.facts);
            if record == Some(event.record) && !event.slices.is_empty() {
                self.event = Some((entry.pos, event));
            }
        }
    }
}

/// The person behind the record of a local id.
///
/// # Errors
/// The log's; HO-9018 where the id was never used.
pub async fn person(log: &Log, record: RecordId) -> Result<PersonId> {
    let history = log.history(&intake::subject("person", record)).await?;
    match history.iter().flat_map(|e| &e.commit.events).find_map(|e| e.person) {
        Some(person) => Ok(person),
        None => bail!("HO-9018 this local id was never used with this hub: publish something about the person first"),
    }
}
