//! The service: follows both streams, integrates what is there, signs soon after.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use handoff_spine::broker::ServiceName;
use handoff_spine::dead::DeadLetters;
use handoff_spine::log::{Follow, Log, LogError, RELEASES};
use handoff_spine::service::{Service, ServiceError};
use handoff_spine::store::{Db, StoreError};
use serde::Deserialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::LedgerError;
use crate::head::TreeHead;
use crate::lane::{self, Lane, Message};
use crate::note::Signer;
use crate::step::{Steps, Unwatched};
use crate::store;
use crate::tree::Tree;

/// Messages of one transaction; a run of rulings is one message.
const BATCH_MESSAGES: usize = 256;
/// Bytes of one transaction, so that a backlog of large runs stays small in memory.
const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// The shortest time between two signatures of a tree; the first after a silence comes at once.
const SIGN_EVERY: Duration = Duration::from_millis(500);
/// Before a lost log is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// How the ledger is set up.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Who signs: the trees' origins are `<origin>/releases` and `<origin>/accesses`. Outsiders know a ledger by
    /// it, so a deployment chooses once, for example `hub.county.example`.
    pub origin: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { origin: "handoff.local".to_owned() }
    }
}

/// The ledger service, not yet running.
pub struct Ledger {
    options: Options,
    dir: PathBuf,
    log: Log,
    dead: DeadLetters,
    db: Db,
    seed: zeroize::Zeroizing<[u8; 32]>,
    steps: Arc<dyn Steps>,
    integrated: [watch::Sender<u64>; 2],
}

/// How far the ledger has come. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    releases: watch::Receiver<u64>,
    accesses: watch::Receiver<u64>,
}

impl Handle {
    /// The last sequence of `RELEASES` that is on the ledger, durable.
    #[must_use]
    pub fn integrated(&self) -> u64 {
        *self.releases.borrow()
    }

    /// The last sequence of `ACCESS` that is on the ledger, durable.
    #[must_use]
    pub fn accesses(&self) -> u64 {
        *self.accesses.borrow()
    }

    /// A watch on [`Handle::integrated`].
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.releases.clone()
    }

    /// Waits until the ledger holds `RELEASES` up to `sequence`; false where the service ended before.
    pub async fn wait_for(&self, sequence: u64) -> bool {
        self.releases.clone().wait_for(|at| *at >= sequence).await.is_ok()
    }
}

/// The last sequence of `RELEASES` that is on the ledger, for readers in other processes.
///
/// # Errors
/// [`StoreError`] where the database cannot be read.
pub async fn integrated(db: &Db) -> Result<u64, StoreError> {
    db.snapshot().await?.checkpoint(RELEASES).await.map(|c| c.seq)
}

impl Ledger {
    /// `data` is the hub's data folder, `db` its ledger database, `seed` the signing seed from the vault.
    ///
    /// # Errors
    /// [`LedgerError::Store`] where the tables cannot be made or read.
    pub async fn new(
        options: Options,
        data: impl Into<PathBuf>,
        log: Log,
        db: Db,
        seed: [u8; 32],
    ) -> Result<(Self, Handle), LedgerError> {
        store::migrate(&db).await?;
        let (releases, _) = store::state(&db, Tree::Releases).await?;
        let (accesses, _) = store::state(&db, Tree::Accesses).await?;
        let (releases, accesses) = (watch::Sender::new(releases.seq), watch::Sender::new(accesses.seq));
        let handle = Handle { releases: releases.subscribe(), accesses: accesses.subscribe() };
        let dir = data.into().join(crate::FOLDER);
        let seed = zeroize::Zeroizing::new(seed);
        let steps = Arc::new(Unwatched);
        let dead = DeadLetters::new(log.clone(), ServiceName::Ledger);
        Ok((Self { options, dir, log, dead, db, seed, steps, integrated: [releases, accesses] }, handle))
    }

    fn signer(&self, tree: Tree) -> Result<Signer, LedgerError> {
        let name = format!("{}/{}", self.options.origin, tree.name());
        Signer::new(&name, &self.seed).map_err(|cause| LedgerError::Name { name, cause })
    }

    /// Keeps one tree until shutdown, starting again from its checkpoint whenever the log was lost.
    async fn keep(
        &self,
        tree: Tree,
        integrated: &watch::Sender<u64>,
        shutdown: CancellationToken,
    ) -> Result<(), LedgerError> {
        let signer = self.signer(tree)?;
        let dir = self.dir.join(tree.name());
        let mut lane = Lane::open(tree, &dir, self.db.clone(), signer.verifier(), Arc::clone(&self.steps)).await?;
        let origin = signer.verifier().name().to_owned();
        let heads = watch::Sender::new(lane.head(&origin));
        // The token ends the signing after the last integration, so that what was taken in is also signed.
        let integrating = CancellationToken::new();
        let signing = sign_soon(&dir, &signer, &*self.steps, heads.subscribe(), integrating.clone());
        let following = async {
            let _done = integrating.drop_guard();
            loop {
                let (kept, ended) = self.follow(tree, lane, integrated, &heads, &origin, &shutdown).await?;
                let Some(lost) = ended else { return Ok(()) };
                lane = kept;
                tracing::warn!(tree = tree.name(), error = %lost, "the ledger lost the log and follows it again");
                tokio::select! {
                    () = shutdown.cancelled() => return Ok(()),
                    () = tokio::time::sleep(RETRY) => {}
                }
            }
        };
        tokio::try_join!(following, signing).map(drop)
    }

    /// Follows until shutdown (`None`) or until the log is lost.
    async fn follow(
        &self,
        tree: Tree,
        mut lane: Lane,
        integrated: &watch::Sender<u64>,
        heads: &watch::Sender<Option<TreeHead>>,
        origin: &str,
        shutdown: &CancellationToken,
    ) -> Result<(Lane, Option<LogError>), LedgerError> {
        let started = async {
            self.log.check(tree.stream(), lane.checkpoint()).await?;
            self.log.follow(tree.stream(), lane.checkpoint().seq + 1, &[]).await
        };
        let mut follow = match started.await {
            Ok(follow) => follow,
            Err(e @ LogError::Unreachable(_)) => return Ok((lane, Some(e))),
            Err(e) => return Err(e.into()),
        };
        loop {
            let first = tokio::select! {
                () = shutdown.cancelled() => return Ok((lane, None)),
                first = gather(&self.log, &self.dead, &mut follow) => first,
            };
            let messages = match first {
                Ok(messages) => messages,
                Err(e @ LogError::Unreachable(_)) => return Ok((lane, Some(e))),
                Err(e) => return Err(e.into()),
            };
            lane = match lane.integrate(&messages).await {
                Ok(lane) => lane,
                Err(e) => {
                    if let LedgerError::Unknown { stream, seq } = e {
                        self.dead.stopped_at(stream, seq, e.code()).await;
                    }
                    return Err(e);
                }
            };
            let at = lane.checkpoint().seq;
            integrated.send_replace(at);
            heads.send_replace(lane.head(origin));
            metrics::gauge!("handoff_ledger_integrated", "tree" => tree.name()).set(at as f64);
        }
    }
}

impl Service for Ledger {
    const NAME: &'static str = "ledger";

    async fn run(self, shutdown: CancellationToken) -> Result<(), ServiceError> {
        let [releases, accesses] = &self.integrated;
        tokio::try_join!(
            self.keep(Tree::Releases, releases, shutdown.clone()),
            self.keep(Tree::Accesses, accesses, shutdown.clone()),
        )?;
        Ok(())
    }
}

/// Waits for a message, then takes what else is already there.
async fn gather(log: &Log, dead: &DeadLetters, follow: &mut Follow) -> Result<Vec<Message>, LogError> {
    let mut messages = Vec::new();
    let mut bytes = 0;
    let mut next = Some(follow.next().await?);
    while let Some(raw) = next {
        let body = dead.opened(&raw, log.open_published(&raw)).await?.unwrap_or_default();
        bytes += body.len();
        let (hash, published) = (raw.hash(), raw.published);
        messages.push(Message { seq: raw.seq, hash, stored: raw.stored, published, body });
        if messages.len() >= BATCH_MESSAGES || bytes >= BATCH_BYTES {
            break;
        }
        next = follow.next_within(Duration::ZERO).await?;
    }
    Ok(messages)
}

/// Signs the newest head whenever it moved, beside the integration and never in its way.
async fn sign_soon(
    dir: &std::path::Path,
    signer: &Signer,
    steps: &dyn Steps,
    mut heads: watch::Receiver<Option<TreeHead>>,
    last: CancellationToken,
) -> Result<(), LedgerError> {
    let mut signed = None;
    heads.mark_changed();
    loop {
        let ending = tokio::select! {
            changed = heads.changed() => changed.is_err(),
            () = last.cancelled() => true,
        };
        let head = heads.borrow_and_update().clone();
        if let Some(head) = head
            && signed.as_ref() != Some(&head)
        {
            lane::sign(dir, signer, &head, steps).await?;
            metrics::gauge!("handoff_ledger_signed", "tree" => head.origin.clone()).set(head.size as f64);
            signed = Some(head);
        }
        if ending {
            return Ok(());
        }
        tokio::select! {
            () = last.cancelled() => {}
            () = tokio::time::sleep(SIGN_EVERY) => {}
        }
    }
}
