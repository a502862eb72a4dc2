//! Due events: what begins or ends by time alone gets a position, at which it is ruled again.
//!
//! INVARIANT: a clock decides only when a due event is appended, never what follows from it. A due event covers what log
//! time has reached at its own position (`PolicyState::next_due`), so live, replayed and recovered rulings are the same.
//!
//! INVARIANT: a due event's id follows from the position of the due event before it and from nothing else. So there is
//! one chain of them, whoever appends: until the next one is read it cannot be appended a second time (a restart or a
//! standby meets its own record), and once it is read the following one has another id. One that comes too early, the
//! server's clock being behind ours, covers nothing; what it was for stays due, and the one after it, whose id differs,
//! covers that once the server's clock is there too.
//!
//! A due event sets no floor, so its re-ruling writes only what changed: what ended is hidden by its own valid-until,
//! which is part of what is compared, and nothing else was hidden.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use handoff_schemas::{Fact, LogPos, LogTime};
use handoff_spine::log::Log;
use handoff_spine::service::ServiceError;

use crate::own::{self, Cause};

/// The longest one wait: a clock that was set, or a machine that slept, is noticed after this.
const LOOK: Duration = Duration::from_secs(3600);

/// How far time has come along the log, as far as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// Log time at the last position.
    pub at: LogTime,
    /// The first change by time alone that no due event has covered.
    pub next: Option<LogTime>,
    /// Position of the last due event; 0 where there is none.
    pub last: LogPos,
}

/// Rings when a due event is to be appended.
#[derive(Debug, Default)]
pub struct Alarm {
    /// The due event that is on the log but has not been read back.
    asked: Option<Asked>,
    /// Milliseconds by which the server's clock is behind ours, as far as due events that came too early have shown.
    behind: i64,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    /// The due event before it.
    last: LogPos,
    /// What it is for.
    change: LogTime,
}

impl Alarm {
    /// How long to wait before [`Alarm::ring`], an hour at most; zero where a due event is to be appended now.
    #[must_use]
    pub fn wait(&self, now: LogTime, course: &Course) -> Duration {
        let on_its_way = self.asked.is_some_and(|asked| asked.last == course.last);
        match course.next {
            // Something else on the log came later than this: log time has reached it, whatever our clock says.
            Some(change) if !on_its_way && change <= course.at => Duration::ZERO,
            Some(change) if !on_its_way => {
                let left = change.0.saturating_add(self.behind).saturating_sub(now.0);
                Duration::from_millis(u64::try_from(left).unwrap_or(0)).min(LOOK)
            }
            _ => LOOK,
        }
    }

    /// Appends the next due event, if it is time for it.
    ///
    /// # Errors
    /// The log's, save for a conflict, which says that the event is there already.
    pub async fn ring(&mut self, log: &Log, course: &Course) -> Result<(), ServiceError> {
        let Some(change) = course.next.filter(|_| self.wait(now(), course).is_zero()) else { return Ok(()) };
        own::append(log, "due.time-passed.v1", &cause(course.last), Fact::Due { change }).await?;
        // No instant in the log line: it may be somebody's, as the end of their consent.
        tracing::info!("what begins or ends by time alone is ruled again");
        self.asked(course.last, change);
        Ok(())
    }

    /// After positions were read: where our due event is among them, and came too early, learns to wait longer.
    pub fn read(&mut self, now: LogTime, course: &Course) {
        let Some(asked) = self.asked.take_if(|asked| asked.last != course.last) else { return };
        let behind = now.0.saturating_sub(course.at.0).max(0);
        let early = course.next.is_some_and(|next| next <= asked.change);
        // The time from append to read is in it, too much rather than too little: a later one may shorten it.
        self.behind = if early { self.behind.max(behind) } else { self.behind.min(behind) };
    }

    fn asked(&mut self, last: LogPos, change: LogTime) {
        self.asked = Some(Asked { last, change });
    }
}

fn cause(last: LogPos) -> Cause {
    Cause::new("handoff due v1", &[&last.0.to_be_bytes()])
}

/// This machine's clock.
#[must_use]
pub fn now() -> LogTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    LogTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
