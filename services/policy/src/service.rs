mod parts;
mod recover;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use handoff_law::Bundle;
use handoff_schemas::LogPos;
use handoff_spine::broker::ServiceName;
use handoff_spine::commit::Entry;
use handoff_spine::dead::DeadLetters;
use handoff_spine::log::{EVENTS, Log, LogError, Sent};
use handoff_spine::release::{Batch, MAX_RUN};
use handoff_spine::service::{Service, ServiceError};
use handoff_spine::telemetry::Health;
use handoff_spine::vault::{Opener, Vault};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::due::{self, Alarm};
use crate::erase;
use crate::ruler::Ruler;
use crate::sweep;
use parts::{Message, Written, parts, write};

/// Messages sent and not yet acknowledged: the next run is ruled while the last one becomes durable.
const IN_FLIGHT: usize = 4;

/// What policy is given at its start.
pub struct Options {
    pub log: Log,
    pub opener: Opener,
    /// Whose keys are destroyed as the log orders.
    pub vault: Vault,
    /// The law of this build: it rules a log that carries none.
    pub bundle: Arc<Bundle>,
    pub health: Health,
}

/// How far policy has come; cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    ruled: watch::Receiver<(LogPos, u64)>,
}

impl Handle {
    /// Last sequence appended to `RELEASES`.
    #[must_use]
    pub fn appended(&self) -> u64 {
        self.ruled.borrow().1
    }

    /// Waits until the rulings of `pos` are on `RELEASES`; false where policy ended before.
    pub async fn reached(&mut self, pos: LogPos) -> bool {
        self.ruled.wait_for(|(at, _)| *at >= pos).await.is_ok()
    }
}

/// The one writer on `RELEASES`.
pub struct Policy {
    log: Log,
    dead: DeadLetters,
    health: Health,
    ruler: Ruler,
    vault: Vault,
    /// Last position ruled, and last sequence on `RELEASES` once all that was sent is there.
    ruled: LogPos,
    appended: u64,
    /// What was sent and is not acknowledged, oldest first, each with what it makes known.
    in_flight: VecDeque<(Sent, Option<LogPos>, u64)>,
    /// Parts of the next position's run that are on `RELEASES` already.
    skip_parts: usize,
    alarm: Alarm,
    progress: watch::Sender<(LogPos, u64)>,
}

impl Policy {
    #[must_use]
    pub fn new(options: Options) -> (Self, Handle) {
        let (progress, ruled) = watch::channel((LogPos(0), 0));
        let Options { log, opener, vault, bundle, health } = options;
        let this = Self {
            ruler: Ruler::new(log.clone(), opener, bundle),
            vault,
            dead: DeadLetters::new(log.clone(), ServiceName::Policy),
            log,
            health,
            ruled: LogPos(0),
            appended: 0,
            in_flight: VecDeque::new(),
            skip_parts: 0,
            alarm: Alarm::default(),
            progress,
        };
        (this, Handle { ruled })
    }

    /// Rules one position; what its change asks for beyond [`crate::ruler::INLINE`] events goes to the log first.
    async fn position(&mut self, entry: &Entry) -> Result<Vec<Written>, ServiceError> {
        let destroyed = erase::orders(entry, |person| self.ruler.same_person(person));
        erase::carry_out(&self.vault, destroyed).await?;
        let decided = self.ruler.position(entry).await?;
        if let Some(sweep) = decided.sweep {
            tracing::info!(position = %entry.pos, events = sweep.places.len(), "a change is ruled by sweeps");
            sweep::append(&self.log, entry.pos, &sweep.places, sweep.narrowing).await?;
        }
        write(decided.ruled)
    }

    async fn append(&mut self, run: Run<'_>, part: usize, more: bool, message: Message) -> Result<(), ServiceError> {
        let head = Batch {
            v: 1,
            first: run.first,
            last: run.last.pos,
            last_hash: data_encoding::HEXLOWER.encode(&run.last.hash),
            at: run.at,
            part: u32::try_from(part).unwrap_or(u32::MAX),
            more,
            terms: message.terms,
            why: message.why,
            ruled: Vec::new(),
        };
        let body = head
            .with(&message.rulings)
            .map_err(|e| ServiceError::Stop { code: "HO-4001", message: format!("rulings cannot be written: {e}") })?;
        while self.in_flight.len() >= IN_FLIGHT {
            self.acknowledged().await?;
        }
        // On any error: somebody else wrote, or our own write's ack got lost. Start over from what is on the stream.
        let sent = self.log.send_after_stream("rel".to_owned(), self.appended, &body).await?;
        self.appended += 1;
        self.in_flight.push_back((sent, (!more).then_some(head.last), self.appended));
        metrics::counter!("handoff_ruled_positions_total").increment(head.last.0.saturating_sub(head.first.0) + 1);
        self.ruled = head.last;
        Ok(())
    }

    /// Waits for the oldest message on its way, and tells how far policy has come with it.
    async fn acknowledged(&mut self) -> Result<(), ServiceError> {
        let Some((sent, ruled, expected)) = self.in_flight.pop_front() else { return Ok(()) };
        let at = sent.acknowledged().await?.0;
        if at != expected {
            return Err(LogError::Conflict.into());
        }
        if let Some(ruled) = ruled {
            self.progress.send_replace((ruled, at));
        }
        Ok(())
    }

    /// Rules runs of positions until shutdown.
    async fn work(&mut self, shutdown: &CancellationToken) -> Result<(), ServiceError> {
        let log = self.log.clone();
        let mut follow = log.follow(EVENTS, self.ruled.0 + 1, &[]).await?;
        self.health.ready(Self::NAME);
        loop {
            if self.alarm.wait(due::now(), &self.ruler.course()).is_zero() {
                self.alarm.ring(&log, &self.ruler.course()).await?;
            }
            let raw = match follow.next_within(Duration::ZERO).await? {
                Some(raw) => raw,
                // Nothing to rule now: all that was sent becomes known before the wait.
                None if !self.in_flight.is_empty() => {
                    self.acknowledged().await?;
                    continue;
                }
                None => tokio::select! {
                    () = shutdown.cancelled() => return Ok(()),
                    next = follow.next() => next?,
                    () = tokio::time::sleep(self.alarm.wait(due::now(), &self.ruler.course())) => continue,
                },
            };
            if shutdown.is_cancelled() {
                while !self.in_flight.is_empty() {
                    self.acknowledged().await?;
                }
                return Ok(());
            }
            let mut raws = vec![raw];
            while raws.len() < MAX_RUN {
                match follow.next_within(Duration::ZERO).await? {
                    Some(next) => raws.push(next),
                    None => break,
                }
            }
            self.run_of(raws).await?;
            self.alarm.read(due::now(), &self.ruler.course());
        }
    }

    /// Rules consecutive positions and appends them in as few messages as the bounds allow.
    async fn run_of(&mut self, raws: Vec<handoff_spine::log::RawEntry>) -> Result<(), ServiceError> {
        let mut pending = Message::default();
        let mut open: Option<(LogPos, Entry)> = None;
        for raw in raws {
            if raw.seq != open.as_ref().map_or(self.ruled.0, |(_, last)| last.pos.0) + 1 {
                let expected = self.ruled.0 + 1;
                return Err(LogError::from(handoff_spine::log::Regression::Hole {
                    stream: EVENTS.to_owned(),
                    expected,
                    got: raw.seq,
                })
                .into());
            }
            let entry = self.dead.opened(&raw, self.log.open(&raw)).await?;
            let at_before = self.ruler.at();
            let written = self.position(&entry).await?;
            if !pending.has_room(&written)
                && let Some((first, last)) = open.take()
            {
                let done = std::mem::take(&mut pending);
                self.append(Run { first, last: &last, at: at_before }, 0, false, done).await?;
            }
            if !pending.has_room(&written) {
                let parts = parts(written);
                let (at, count) = (self.ruler.at(), parts.len());
                let skip = std::mem::take(&mut self.skip_parts);
                for (n, part) in parts.into_iter().enumerate().skip(skip) {
                    self.append(Run { first: entry.pos, last: &entry, at }, n, n + 1 < count, part).await?;
                }
                continue;
            }
            written.into_iter().for_each(|one| pending.add(one));
            let first = open.as_ref().map_or(entry.pos, |(first, _)| *first);
            open = Some((first, entry));
        }
        if let Some((first, last)) = open {
            let at = self.ruler.at();
            self.append(Run { first, last: &last, at }, 0, false, pending).await?;
        }
        Ok(())
    }
}

impl Service for Policy {
    const NAME: &'static str = "policy";

    async fn run(mut self, shutdown: CancellationToken) -> Result<(), ServiceError> {
        self.health.not_ready(Self::NAME, "reading the log");
        loop {
            self.recover().await?;
            match self.work(&shutdown).await {
                Ok(()) => return Ok(()),
                Err(ServiceError::Log(e @ (LogError::Conflict | LogError::Unknown(_) | LogError::Unreachable(_)))) => {
                    self.health.not_ready(Self::NAME, "reading the log again");
                    tracing::warn!(error = %e, "policy starts over from what is on the log");
                    self.ruler.forget();
                    self.in_flight.clear();
                    (self.ruled, self.appended, self.skip_parts) = (LogPos(0), 0, 0);
                    tokio::select! {
                        () = shutdown.cancelled() => return Ok(()),
                        () = tokio::time::sleep(Duration::from_millis(500)) => {}
                    }
                }
                Err(e) => return Err(e),
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Run<'a> {
    first: LogPos,
    last: &'a Entry,
    at: handoff_schemas::LogTime,
}
