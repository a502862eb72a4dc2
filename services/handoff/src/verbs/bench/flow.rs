//! The whole way: from a partner's document to ten views, with nothing left behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use handoff::config::Config;
use handoff::hub::{Ground, Hub, Part};
use handoff::session::Session;
use handoff_schemas::{LogPos, PartnerId};
use handoff_spine::broker::ServiceName;
use handoff_spine::log::{EVENTS, Log, RELEASES};
use tokio::sync::Semaphore;

use super::{WINDOW, county, rate};

/// Events that may be accepted and not yet visible: what "keeping pace" means here.
const LAG: usize = 1024;

/// What the hub sustains with everything keeping pace.
pub struct Flow {
    pub per_second: f64,
}

/// Publishes for `time` or until `most` events, never more than [`LAG`] ahead of the views, and counts what became
/// visible until the last of it was.
///
/// # Errors
/// HO-9040; the hub's.
pub async fn measure(session: &mut Session, time: Duration, most: u64) -> Result<Flow> {
    let agency = county::source(session).await?;
    let log = session.log.clone();
    let ahead = Arc::new(Semaphore::new(LAG));
    let hub = session.hub().context("HO-9040 the bench runs its own hub")?;
    let first = log.last(EVENTS).await?;
    let begun = Arc::new(AtomicU64::new(0));
    let follower = tokio::spawn(follow(Progress::of(hub), log.clone(), first, Arc::clone(&ahead)));
    let started = Instant::now();
    rate::keep(WINDOW, time, |n| {
        let (agency, ahead, begun) = (agency.clone(), Arc::clone(&ahead), Arc::clone(&begun));
        async move {
            if n >= most {
                return Ok(());
            }
            ahead.acquire().await.context("HO-9040 the views ended")?.forget();
            begun.fetch_add(1, Ordering::Relaxed);
            agency.send(&county::incident(&format!("flow-{n}"), n)).await
        }
    })
    .await?;
    hub.settle().await?;
    let per_second = begun.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64();
    follower.abort();
    Ok(Flow { per_second })
}

/// Lets one more event begin for every one that became visible.
async fn follow(mut progress: Progress, log: Log, mut visible: u64, ahead: Arc<Semaphore>) -> Result<()> {
    loop {
        let last = log.last(EVENTS).await?;
        if last == visible {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        progress.visible(LogPos(last)).await?;
        ahead.add_permits(usize::try_from(last - visible)?);
        visible = last;
    }
}

/// How far the services have come.
#[derive(Clone)]
struct Progress {
    policy: handoff_policy::Handle,
    views: handoff_views::Handle,
    ledger: handoff_ledger::Handle,
}

impl Progress {
    fn of(hub: &Hub) -> Self {
        Self { policy: hub.policy.clone(), views: hub.views.clone(), ledger: hub.ledger.clone() }
    }

    /// Waits until a position is ruled, on the ledger and in every view.
    async fn visible(&mut self, at: LogPos) -> Result<()> {
        self.stages(at, Instant::now()).await.map(drop)
    }

    /// The same, and how long after `since` it was ruled, on the ledger, in every view, and so visible.
    async fn stages(&mut self, at: LogPos, since: Instant) -> Result<[Duration; 4]> {
        let is_ruled = self.policy.reached(at).await;
        let (appended, ruled) = (self.policy.appended(), since.elapsed());
        let ledger = async { self.ledger.wait_for(appended).await.then(|| since.elapsed()) };
        let views = async { self.views.has_rows(appended).await.then(|| since.elapsed()) };
        match (is_ruled, tokio::join!(ledger, views)) {
            (true, (Some(ledger), Some(views))) => Ok([ruled, ledger, views, ledger.max(views)]),
            _ => bail!("HO-9040 policy, ledger or views ended"),
        }
    }
}

/// How long one event takes from its publish to every view.
pub struct Visible {
    /// Seconds.
    pub p50: f64,
    pub p99: f64,
    /// Medians until it was accepted, ruled, on the ledger, in every view; seconds.
    pub stages: [f64; 4],
}

/// Publishes evenly at `per_second`.
///
/// # Errors
/// HO-9040; the hub's.
pub async fn visible(session: &mut Session, per_second: f64, time: Duration) -> Result<Visible> {
    let agency = county::source(session).await?;
    let log = session.log.clone();
    let progress = Progress::of(session.hub().context("HO-9040 the bench runs its own hub")?);
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / per_second.max(1.0)));
    let mut under_way = tokio::task::JoinSet::new();
    let started = Instant::now();
    for n in 0.. {
        let due = ticks.tick().await;
        if started.elapsed() > time {
            break;
        }
        let (agency, log, mut progress) = (agency.clone(), log.clone(), progress.clone());
        under_way.spawn(async move {
            agency.send(&county::incident(&format!("paced-{n}"), n)).await?;
            let accepted = due.elapsed();
            // At least its own position; the partner is not told which.
            let at = LogPos(log.last(EVENTS).await?);
            let [ruled, ledger, views, visible] = progress.stages(at, due.into()).await?;
            anyhow::Ok([accepted, ruled, ledger, views, visible])
        });
    }
    let mut took: [Vec<f64>; 5] = Default::default();
    while let Some(one) = under_way.join_next().await {
        let one = one.context("HO-9040 a publish panicked")??;
        took.iter_mut().zip(one).for_each(|(stage, time)| stage.push(time.as_secs_f64()));
    }
    took.iter_mut().for_each(|stage| stage.sort_by(f64::total_cmp));
    let [accepted, ruled, ledger, views, visible] = took;
    let at = |stage: &[f64], percent: usize| {
        stage.get(stage.len() * percent / 100).copied().context("HO-9040 nothing was published in time")
    };
    Ok(Visible {
        p50: at(&visible, 50)?,
        p99: at(&visible, 99)?,
        stages: [at(&accepted, 50)?, at(&ruled, 50)?, at(&ledger, 50)?, at(&views, 50)?],
    })
}

/// Events a second that the rebuild of one view reads: from its drop to the last row.
///
/// # Errors
/// HO-9040; the hub's.
pub async fn rebuild(config: &Config) -> Result<f64> {
    let partner: PartnerId = "bench-1".parse()?;
    let (events, releases) = {
        let ground = Ground::open(config).await?;
        handoff_views::rebuild(&ground.store, &partner).await?;
        let log = ground.log(ServiceName::Policy).await?;
        let ends = (log.last(EVENTS).await?, log.last(RELEASES).await?);
        ground.store.close().await;
        ground.broker.stop().await?;
        ends
    };
    let started = Instant::now();
    let mut part = Part::start(config, &[ServiceName::Views]).await?;
    let views = part.views.as_mut().context("HO-9040 the views were just started")?;
    if !(views.has_rows(releases).await && views.stands(LogPos(events)).await) {
        bail!("HO-9040 the views ended");
    }
    let took = started.elapsed();
    part.stop().await?;
    Ok(events as f64 / took.as_secs_f64())
}
