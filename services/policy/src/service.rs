mod parts;
mod recover;

use std::sync::Arc;
use std::time::Duration;

use handoff_law::{Bundle, Memo, Rerule};
use handoff_schemas::{Fact, LogPos};
use handoff_spine::commit::Entry;
use handoff_spine::log::{EVENTS, Log, LogError};
use handoff_spine::release::{Batch, MAX_BYTES, MAX_RUN, Ruled};
use handoff_spine::service::{Service, ServiceError};
use handoff_spine::telemetry::Health;
use handoff_spine::vault::{Opener, VaultError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::memory::{Memory, Place};
use crate::open::Opened;
use crate::seal::Sealing;
use crate::sweep;
use parts::{parts, weigh};

/// Re-rulings at one position up to this many events; more become `sweep` events (design.md).
const INLINE: usize = 100;

/// What policy is given at its start.
pub struct Options {
    pub log: Log,
    pub opener: Opener,
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
    options: Options,
    memory: Memory,
    memo: Memo,
    /// Last position ruled, and last sequence on `RELEASES`.
    ruled: LogPos,
    appended: u64,
    /// Parts of the next position's run that are on `RELEASES` already.
    skip_parts: usize,
    progress: watch::Sender<(LogPos, u64)>,
}

impl Policy {
    #[must_use]
    pub fn new(options: Options) -> (Self, Handle) {
        let (progress, ruled) = watch::channel((LogPos(0), 0));
        let this = Self {
            options,
            memory: Memory::default(),
            memo: Memo::new(),
            ruled: LogPos(0),
            appended: 0,
            skip_parts: 0,
            progress,
        };
        (this, Handle { ruled })
    }

    /// Rules one position: its own events, then whatever it changed about earlier ones.
    async fn position(&mut self, entry: &Entry) -> Result<Vec<Ruled>, ServiceError> {
        let again = self.memory.fold(entry);
        let mut all = Vec::new();
        for (index, event) in (0u16..).zip(&entry.commit.events) {
            if event.slices.is_empty() {
                continue;
            }
            self.event((entry.pos, index), event, entry.pos, true, &mut all).await?;
        }
        let swept = sweep::named(entry);
        if let Some((places, narrowing)) = swept {
            self.places(entry, places, narrowing, &mut all).await?;
        } else if !again.is_empty() {
            self.rerule(entry, &again, &mut all).await?;
        }
        Ok(all)
    }

    async fn rerule(&mut self, entry: &Entry, again: &[Rerule], all: &mut Vec<Ruled>) -> Result<(), ServiceError> {
        let touched = self.memory.touched(again, entry.pos);
        let facts = entry.commit.events.iter().flat_map(|e| &e.facts).cloned().collect::<Vec<Fact>>();
        let narrowing = !handoff_law::floors(entry.pos, &facts).is_empty();
        if touched.len() <= INLINE {
            return self.places(entry, touched.into_iter().collect(), narrowing, all).await;
        }
        tracing::info!(position = %entry.pos, events = touched.len(), "a change is ruled by sweeps");
        let places: Vec<Place> = touched.into_iter().collect();
        sweep::append(&self.options.log, entry.pos, &places, narrowing).await?;
        Ok(())
    }

    async fn places(
        &mut self,
        entry: &Entry,
        places: Vec<Place>,
        narrowing: bool,
        all: &mut Vec<Ruled>,
    ) -> Result<(), ServiceError> {
        for place in places {
            let earlier = self.options.log.entry(place.0).await?;
            let Some(event) = earlier.commit.events.get(usize::from(place.1)) else { continue };
            self.event(place, event, entry.pos, narrowing, all).await?;
        }
        Ok(())
    }

    /// Rules one event for every recipient. `afresh` writes a release also where nothing changed in substance,
    /// because a floor may have hidden the earlier one.
    async fn event(
        &mut self,
        place: Place,
        event: &handoff_spine::commit::LoggedEvent,
        cause: LogPos,
        afresh: bool,
        all: &mut Vec<Ruled>,
    ) -> Result<(), ServiceError> {
        let opened = Opened::of(&self.options.opener, event).await.map_err(|e| stop(&e))?;
        let mut recipients = self.memory.state.recipients(&event.unit);
        recipients.extend(self.memory.holders(place));
        let amended = self.memory.amended(place);
        recipients.extend(amended.into_iter().flat_map(|(before, _)| self.memory.holders(before)));
        recipients.sort();
        recipients.dedup();
        let at = self.memory.at;
        let categories = event.categories();
        let started = std::time::Instant::now();
        let mut ruled_now = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            let facts = handoff_law::EventFacts {
                id: event.id,
                event_type: &event.event_type,
                pos: place.0,
                source: &event.unit,
                person: event.person,
                categories: &categories,
                labels: &event.labels,
                facts: &event.facts,
            };
            let ruling = self.memo.rule(&self.options.bundle, &self.memory.state, &facts, &recipient, at);
            let before = self.memory.standing(place, event.id, &recipient);
            // An amended document takes the place of what its earlier version released, or withdraws it.
            let corrected = amended.and_then(|(place, old)| self.memory.standing(place, old, &recipient));
            let sealing = Sealing {
                opener: &self.options.opener,
                state: &self.memory.state,
                event,
                place,
                cause,
                at,
                supersedes: before.or(corrected).map(|(id, _)| id),
            };
            let ruled = sealing.seal(&recipient, &ruling, &opened).await.map_err(|e| stop(&e))?;
            let Some(ruled) = ruled else { continue };
            let substance = ruled.release.as_ref().map_or(0, |r| r.substance);
            let unchanged = before.map_or(ruled.release.is_none() && place.0 != cause, |(_, s)| s == substance);
            if unchanged && !(afresh && ruled.release.is_some()) {
                continue;
            }
            ruled_now.push((ruled, substance));
        }
        metrics::histogram!("handoff_ruling_seconds").record(started.elapsed().as_secs_f64());
        for (ruled, substance) in ruled_now {
            self.memory.note(place, &ruled, substance);
            all.push(ruled);
        }
        Ok(())
    }

    async fn append(&mut self, run: Run<'_>, part: usize, more: bool, ruled: Vec<Ruled>) -> Result<(), ServiceError> {
        let batch = Batch {
            v: 1,
            first: run.first,
            last: run.last.pos,
            last_hash: data_encoding::HEXLOWER.encode(&run.last.hash),
            at: run.at,
            part: u32::try_from(part).unwrap_or(u32::MAX),
            more,
            ruled,
        };
        let body = serde_json::to_vec(&batch)
            .map_err(|e| ServiceError::Stop { code: "HO-4001", message: format!("rulings cannot be written: {e}") })?;
        match self.options.log.append_after_stream("rel".to_owned(), self.appended, &body).await {
            Ok(pos) => self.appended = pos.0,
            // Somebody else wrote, or our own write's ack got lost: start over from what is on the stream.
            Err(e) => return Err(e.into()),
        }
        metrics::counter!("handoff_ruled_positions_total").increment(batch.last.0.saturating_sub(batch.first.0) + 1);
        self.ruled = batch.last;
        if !more {
            self.progress.send_replace((self.ruled, self.appended));
        }
        Ok(())
    }

    /// Rules runs of positions until shutdown.
    async fn work(&mut self, shutdown: &CancellationToken) -> Result<(), ServiceError> {
        let log = self.options.log.clone();
        let mut follow = log.follow(EVENTS, self.ruled.0 + 1, &[]).await?;
        self.options.health.ready(Self::NAME);
        loop {
            let raw = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                next = follow.next() => next?,
            };
            let mut raws = vec![raw];
            while raws.len() < MAX_RUN {
                match follow.next_within(Duration::ZERO).await? {
                    Some(next) => raws.push(next),
                    None => break,
                }
            }
            self.run_of(raws).await?;
        }
    }

    /// Rules consecutive positions and appends them in as few messages as the bounds allow.
    async fn run_of(&mut self, raws: Vec<handoff_spine::log::RawEntry>) -> Result<(), ServiceError> {
        let mut pending: Vec<Ruled> = Vec::new();
        let mut weight = 0usize;
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
            let entry = self.options.log.open(&raw)?;
            let at_before = self.memory.at;
            let ruled = self.position(&entry).await?;
            let more = ruled.iter().map(weigh).sum::<usize>();
            if weight + more > MAX_BYTES
                && let Some((first, last)) = open.take()
            {
                let done = std::mem::take(&mut pending);
                self.append(Run { first, last: &last, at: at_before }, 0, false, done).await?;
                weight = 0;
            }
            if more > MAX_BYTES {
                let parts = parts(ruled);
                let (at, count) = (self.memory.at, parts.len());
                let skip = std::mem::take(&mut self.skip_parts);
                for (n, part) in parts.into_iter().enumerate().skip(skip) {
                    self.append(Run { first: entry.pos, last: &entry, at }, n, n + 1 < count, part).await?;
                }
                continue;
            }
            weight += more;
            pending.extend(ruled);
            let first = open.as_ref().map_or(entry.pos, |(first, _)| *first);
            open = Some((first, entry));
        }
        if let Some((first, last)) = open {
            let at = self.memory.at;
            self.append(Run { first, last: &last, at }, 0, false, pending).await?;
        }
        Ok(())
    }
}

impl Service for Policy {
    const NAME: &'static str = "policy";

    async fn run(mut self, shutdown: CancellationToken) -> Result<(), ServiceError> {
        self.options.health.not_ready(Self::NAME, "reading the log");
        loop {
            self.recover().await?;
            match self.work(&shutdown).await {
                Ok(()) => return Ok(()),
                Err(ServiceError::Log(e @ (LogError::Conflict | LogError::Unknown(_) | LogError::Unreachable(_)))) => {
                    self.options.health.not_ready(Self::NAME, "reading the log again");
                    tracing::warn!(error = %e, "policy starts over from what is on the log");
                    self.memory = Memory::default();
                    self.memo = Memo::new();
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

fn stop(e: &VaultError) -> ServiceError {
    ServiceError::Stop { code: "HO-4002", message: format!("an event cannot be opened for ruling: {e}") }
}
