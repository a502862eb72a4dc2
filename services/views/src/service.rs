use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::try_join_all;
use handoff_schemas::{Fact, LogPos, PartnerId};
use handoff_spine::broker::ServiceName;
use handoff_spine::dead::DeadLetters;
use handoff_spine::log::{Checkpoint, EVENTS, Follow, Log, LogError, RELEASES};
use handoff_spine::service::{Service, ServiceError};
use handoff_spine::store::{DbName, Store, StoreError};
use handoff_spine::telemetry::Health;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::fanout::{Fanout, Stream};
use handoff_spine::view::{Change, changes};
use handoff_spine::view::{Progress, View};

/// Messages taken together into one transaction a partner, and their bytes: a run of rulings may weigh 512 KiB.
const GATHER: usize = 256;
const GATHER_BYTES: usize = 2 * 1024 * 1024;
/// A partner without rows or floors in a batch still notes how far it has come, this often.
const NOTE_EVERY: u64 = 256;

/// What the views are given at their start.
pub struct Options {
    pub log: Log,
    pub store: Store,
    pub health: Health,
    /// Partners known from the databases already there; others are opened as the log names them.
    pub partners: Vec<PartnerId>,
}

/// The views of this process and how far they have come; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    fanout: Fanout,
    standing: watch::Receiver<LogPos>,
    rows: watch::Receiver<u64>,
}

impl Handle {
    /// A partner's view, or none where the log has not named the partner.
    #[must_use]
    pub fn view(&self, partner: &PartnerId) -> Option<View> {
        self.fanout.get(partner)
    }

    /// Waits until every open view stands at `pos`.
    pub async fn stands(&mut self, pos: LogPos) -> bool {
        self.standing.wait_for(|at| *at >= pos).await.is_ok()
    }

    /// Waits until every open view has the rows of this message of `RELEASES`.
    pub async fn has_rows(&mut self, seq: u64) -> bool {
        self.rows.wait_for(|at| *at >= seq).await.is_ok()
    }
}

/// Builds every partner's view.
pub struct Views {
    options: Options,
    dead: DeadLetters,
    fanout: Fanout,
    standing: watch::Sender<LogPos>,
    rows: watch::Sender<u64>,
}

impl Views {
    #[must_use]
    pub fn new(options: Options) -> (Self, Handle) {
        let fanout = Fanout::new(options.store.clone());
        let (standing, standing_rx) = watch::channel(LogPos(0));
        let (rows, rows_rx) = watch::channel(0);
        let handle = Handle { fanout: fanout.clone(), standing: standing_rx, rows: rows_rx };
        let dead = DeadLetters::new(options.log.clone(), ServiceName::Views);
        (Self { options, dead, fanout, standing, rows }, handle)
    }

    /// Where each view's floors go on. Readers wait from now on until they have come to where they were: a view may
    /// have been dropped, and must not fill with rows that no floor hides yet.
    async fn begin(&self) -> Result<Floors, ServiceError> {
        let mut at: BTreeMap<PartnerId, Checkpoint> = BTreeMap::new();
        for (view, checkpoint) in self.fanout.checkpoints(Stream::Events).await.map_err(store)? {
            self.options.log.check(EVENTS, &checkpoint).await?;
            at.insert(view.partner().clone(), checkpoint);
        }
        let from = at.values().min_by_key(|c| (c.seq, std::cmp::Reverse(c.at))).copied().unwrap_or_default();
        let progress = Progress::open(&self.options.store).await.map_err(store)?;
        progress.begin_at(&from).await.map_err(store)?;
        self.standing.send_replace(LogPos(from.seq));
        Ok(Floors { at, from, progress })
    }

    /// Follows `EVENTS`: floors of every scope that something narrowed.
    async fn stand(&self, begun: Floors, shutdown: CancellationToken) -> Result<(), ServiceError> {
        let log = &self.options.log;
        let Floors { mut at, from, progress } = begun;
        // Log time is a running maximum, so it needs the value before the first message read here.
        let mut time = from.at;
        let mut follow = log.follow(EVENTS, from.seq + 1, &[]).await?;
        self.options.health.ready("standing");
        while let Some(raws) = gather(&mut follow, &shutdown).await? {
            let mut floors: Vec<(u64, String, LogPos)> = Vec::new();
            let mut last = Checkpoint::default();
            let mut named: Vec<(PartnerId, Checkpoint)> = Vec::new();
            for raw in &raws {
                // An event that cannot be read stops standing here: every later read answers 503, none leaks.
                let entry = self.dead.opened(raw, log.open(raw)).await?;
                let before = Checkpoint { seq: raw.seq.saturating_sub(1), hash: last.hash, at: time };
                time = time.advance(entry.stored);
                last = Checkpoint { seq: raw.seq, hash: entry.hash, at: time };
                for event in &entry.commit.events {
                    for (scope, floor) in handoff_law::floors(entry.pos, &event.facts) {
                        floors.push((raw.seq, scope.to_string(), floor));
                    }
                    for fact in &event.facts {
                        if let Fact::PartnerRegistered { partner, .. } = fact {
                            named.push((partner.clone(), before));
                        }
                    }
                }
            }
            for (partner, before) in named {
                if self.fanout.ensure(&partner).await.map_err(store)? {
                    // Nothing was ruled for a partner before it was registered, so standing may begin here.
                    at.insert(partner, before);
                }
            }
            let mut steps = Vec::new();
            for view in self.fanout.all() {
                let done = at.entry(view.partner().clone()).or_default();
                if done.seq >= last.seq {
                    continue;
                }
                let mine: Vec<(String, LogPos)> =
                    floors.iter().filter(|(seq, ..)| *seq > done.seq).map(|(_, s, f)| (s.clone(), *f)).collect();
                if !mine.is_empty() || last.seq - done.seq >= NOTE_EVERY {
                    *done = last;
                    steps.push(async move { view.stand(&mine, &last).await });
                }
            }
            try_join_all(steps).await.map_err(store)?;
            progress.advance(&last).await.map_err(store)?;
            self.standing.send_replace(LogPos(last.seq));
        }
        Ok(())
    }

    /// Follows `RELEASES`: the rows themselves.
    async fn fill(&self, shutdown: CancellationToken) -> Result<(), ServiceError> {
        let log = &self.options.log;
        let mut at: BTreeMap<PartnerId, Checkpoint> = BTreeMap::new();
        for (view, checkpoint) in self.fanout.checkpoints(Stream::Releases).await.map_err(store)? {
            log.check(RELEASES, &checkpoint).await?;
            at.insert(view.partner().clone(), checkpoint);
        }
        let from = at.values().map(|c| c.seq).min().unwrap_or(0);
        let mut time = at.values().map(|c| c.at).max().unwrap_or_default();
        self.rows.send_replace(from);
        let mut follow = log.follow(RELEASES, from + 1, &[]).await?;
        self.options.health.ready("views");
        while let Some(raws) = gather(&mut follow, &shutdown).await? {
            let mut by_partner: BTreeMap<PartnerId, Vec<(u64, Change)>> = BTreeMap::new();
            let mut last = Checkpoint::default();
            for raw in &raws {
                last = Checkpoint { seq: raw.seq, hash: raw.hash(), at: time };
                let Some(batch) = self.dead.opened(raw, log.open_told(raw)).await? else { continue };
                time = time.max(batch.at);
                last.at = time;
                for ruled in &batch.ruled {
                    if at.get(&ruled.partner).is_some_and(|done| done.seq >= raw.seq) {
                        continue;
                    }
                    let list = by_partner.entry(ruled.partner.clone()).or_default();
                    list.extend(
                        changes(ruled, &batch.terms, raw.seq).map_err(store)?.into_iter().map(|c| (raw.seq, c)),
                    );
                }
            }
            for partner in by_partner.keys() {
                self.fanout.ensure(partner).await.map_err(store)?;
            }
            let mut steps = Vec::new();
            for view in self.fanout.all() {
                let done = at.entry(view.partner().clone()).or_default();
                let mine: Vec<Change> = by_partner
                    .remove(view.partner())
                    .into_iter()
                    .flatten()
                    .filter(|(seq, _)| *seq > done.seq)
                    .map(|(_, change)| change)
                    .collect();
                if last.seq > done.seq && (!mine.is_empty() || last.seq - done.seq >= NOTE_EVERY) {
                    metrics::counter!("handoff_view_rows_total").increment(mine.len() as u64);
                    *done = last;
                    steps.push(async move { view.apply(&mine, &last).await });
                }
            }
            try_join_all(steps).await.map_err(store)?;
            self.rows.send_replace(last.seq);
        }
        Ok(())
    }
}

impl Service for Views {
    const NAME: &'static str = "views";

    async fn run(self, shutdown: CancellationToken) -> Result<(), ServiceError> {
        self.options.health.not_ready("standing", "starting");
        self.options.health.not_ready("views", "starting");
        for partner in &self.options.partners {
            self.fanout.ensure(partner).await.map_err(store)?;
        }
        let begun = self.begin().await?;
        tokio::try_join!(self.stand(begun, shutdown.clone()), self.fill(shutdown))?;
        Ok(())
    }
}

/// Where floors are read from on.
struct Floors {
    at: BTreeMap<PartnerId, Checkpoint>,
    from: Checkpoint,
    progress: Progress,
}

/// Drops one partner's view; the next start of the service reads it again from the streams.
///
/// # Errors
/// The store's.
pub async fn rebuild(store: &Store, partner: &PartnerId) -> Result<(), StoreError> {
    store.reset(&DbName::View(partner.clone())).await.map(drop)
}

/// Waits for a message, then takes along what has already arrived; none at shutdown.
async fn gather(
    follow: &mut Follow,
    shutdown: &CancellationToken,
) -> Result<Option<Vec<handoff_spine::log::RawEntry>>, LogError> {
    let first = tokio::select! {
        () = shutdown.cancelled() => return Ok(None),
        next = follow.next() => next?,
    };
    let mut bytes = first.payload.len();
    let mut raws = vec![first];
    while raws.len() < GATHER && bytes < GATHER_BYTES {
        let Some(raw) = follow.next_within(Duration::ZERO).await? else { break };
        bytes += raw.payload.len();
        raws.push(raw);
    }
    Ok(Some(raws))
}

fn store(e: StoreError) -> ServiceError {
    ServiceError::Store(e.to_string())
}
