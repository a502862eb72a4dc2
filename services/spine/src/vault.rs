//! The vault: data keys per (record, category), sealing, opening, release keys, destruction, rotation.
//!
//! What may be done with keys is said by which handle a service holds: [`Sealer`] (intake) makes keys and seals,
//! [`Opener`] (policy) opens slices and seals releases, [`ReleaseOpener`] (gateway) opens releases. No handle gives
//! a data key away. Keys stand in a table of their own, wrapped by a key-encryption key, and are no part of the log.

mod cache;
mod committer;
mod destroy;
mod error;
mod kek;
mod named;
mod opener;
mod postgres;
mod releases;
mod ring;
mod rotate;
mod rows;
mod sealed;
mod sealer;
mod secret;
mod sqlite;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use handoff_schemas::{EventId, PartnerId, RecordId};
use tokio::sync::mpsc;

pub use destroy::{Destroyed, Destruction};
pub use error::VaultError;
pub use kek::{KekFiles, KekId, KekSource, KeyEncryption};
pub use named::{AccountingKey, IdKey, IdKind, LogKey, PartnerKey, SigningSeed};
pub use opener::Opener;
pub use releases::{ReleaseKeyScope, ReleaseOpener, SealedRelease};
pub use rotate::{Rotation, RotationProgress};
pub use sealed::{Sealed, SealedSlice};
pub use sealer::Sealer;
pub use secret::{Pii, Plain, Secret};

use cache::{DataKey, Epoch, KeyCache};
use ring::Ring;
use rows::{Hold, KeyRow, NamedRow};

use crate::store::{Db, DbName, Residue, Store};

/// (record, category) pairs whose unwrapped keys are held in memory: about 25 MB.
pub const CACHED_KEYS: usize = 100_000;
/// Between two tries to empty a write-ahead log.
const SCRUB_AGAIN: Duration = Duration::from_millis(50);
/// Reads of a row before its key-encryption key counts as lost.
const READS: usize = 3;

/// The key table of one hub and the key-encryption keys that open it. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

pub(crate) struct Inner {
    db: Db,
    ring: Ring,
    cache: KeyCache,
    partners: Mutex<HashMap<PartnerId, PartnerKey>>,
    committer: mpsc::Sender<committer::Request>,
}

impl Vault {
    /// Opens the key table of `store`, making the first key-encryption key where there is neither key nor table.
    /// Spawns the task that makes data keys durable; it ends with the last handle.
    ///
    /// # Errors
    /// [`VaultError::UnknownKek`] where the key-encryption key at hand is not the table's; [`VaultError::Kek`];
    /// [`VaultError::Store`].
    pub async fn open(store: &Store, source: Arc<dyn KekSource>) -> Result<Self, VaultError> {
        Self::open_with(store, source, CACHED_KEYS).await
    }

    /// As [`Vault::open`], holding at most `cached` keys in memory.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub async fn open_with(store: &Store, source: Arc<dyn KekSource>, cached: usize) -> Result<Self, VaultError> {
        let db = store.open(&DbName::Keys).await?;
        db.migrate("keys", rows::MIGRATIONS).await?;
        let ring = Ring::open(&db, source).await?;
        let (sender, receiver) = mpsc::channel(committer::QUEUE);
        let inner =
            Arc::new(Inner { db, ring, cache: KeyCache::new(cached), partners: Mutex::default(), committer: sender });
        // The task holds the vault weakly: it ends when the last handle drops the sender.
        tokio::spawn(committer::run(Arc::downgrade(&inner), receiver));
        Ok(Self(inner))
    }

    /// For intake: makes keys and seals slices; opens nothing.
    #[must_use]
    pub fn sealer(&self) -> Sealer {
        Sealer::new(Arc::clone(&self.0))
    }

    /// For policy: opens slices, seals releases.
    #[must_use]
    pub fn opener(&self) -> Opener {
        Opener::new(Arc::clone(&self.0))
    }

    /// For the gateway: opens releases, and nothing but releases.
    #[must_use]
    pub fn release_opener(&self) -> ReleaseOpener {
        ReleaseOpener::new(Arc::clone(&self.0))
    }

    /// # Errors
    /// [`VaultError::UnknownKek`], [`VaultError::Store`]. So for every named key below.
    pub async fn log_key(&self) -> Result<LogKey, VaultError> {
        self.0.named("log").await.map(LogKey::new)
    }

    /// # Errors
    /// As [`Vault::log_key`].
    pub async fn id_key(&self) -> Result<IdKey, VaultError> {
        self.0.named("id").await.map(IdKey::new)
    }

    /// # Errors
    /// As [`Vault::log_key`].
    pub async fn signing_seed(&self) -> Result<SigningSeed, VaultError> {
        self.0.named("ledger-signing").await.map(SigningSeed::new)
    }

    /// The key of one calendar year's accounting rows.
    ///
    /// # Errors
    /// As [`Vault::log_key`]; [`VaultError::Erased`] after [`Vault::destroy_accounting_key`].
    pub async fn accounting_key(&self, year: i16) -> Result<AccountingKey, VaultError> {
        self.0.named(&format!("accounting/{year}")).await.map(AccountingKey::new)
    }

    /// # Errors
    /// As [`Vault::log_key`]; [`VaultError::Erased`] after [`Vault::destroy_partner_key`].
    pub async fn partner_key(&self, partner: &PartnerId) -> Result<PartnerKey, VaultError> {
        self.0.partner_key(partner).await
    }

    /// Destroys the data keys `what` names, for the erasure ordered by event `order`, and forgets them.
    ///
    /// Applying an order again, at a start or after a restore, destroys only keys that were there when it was first
    /// applied: data that came later lives on under a new version.
    ///
    /// # Errors
    /// [`VaultError::Unscoped`], [`VaultError::Store`]; then nothing was destroyed.
    pub async fn destroy(&self, order: EventId, what: &Destruction) -> Result<Destroyed, VaultError> {
        what.check()?;
        let mut tx = self.0.db.begin().await?;
        rows::active_kek(&mut tx, Hold::Alone).await?;
        let bound = match rows::destruction_bound(&mut tx, order.0).await? {
            Some(bound) => bound,
            None => {
                let bound = rows::last_id(&mut tx).await?;
                rows::note_destruction(&mut tx, order.0, bound).await?;
                bound
            }
        };
        let keys = rows::mark_destroyed(&mut tx, what, bound).await?;
        tx.commit().await?;
        self.evict(what);
        let residue = self.0.scrub("data_key").await?;
        Ok(Destroyed { keys, residue })
    }

    /// Forgets cached keys: for the other processes, when they read `key destroyed` on the log. Keys that live on
    /// are simply read again.
    pub fn evict(&self, what: &Destruction) {
        self.0.cache.evict(what);
    }

    /// Destroys a partner's key: its stored releases and views can never be opened again, its ids never be made.
    ///
    /// # Errors
    /// [`VaultError::Store`].
    pub async fn destroy_partner_key(&self, partner: &PartnerId) -> Result<Destroyed, VaultError> {
        let destroyed = self.0.destroy_named(&partner_name(partner)).await;
        self.0.partners.lock().unwrap_or_else(PoisonError::into_inner).remove(partner);
        destroyed
    }

    /// Destroys one year's accounting key when its six years are over (45 CFR 164.528(a)).
    ///
    /// # Errors
    /// [`VaultError::Store`].
    pub async fn destroy_accounting_key(&self, year: i16) -> Result<Destroyed, VaultError> {
        self.0.destroy_named(&format!("accounting/{year}")).await
    }

    /// Begins, or takes up, a rotation of the key-encryption key; drive it with [`Rotation::step`].
    ///
    /// # Errors
    /// [`VaultError::Kek`], [`VaultError::Store`].
    pub async fn rotation(&self) -> Result<Rotation, VaultError> {
        Rotation::begin(Arc::clone(&self.0)).await
    }

    /// Rewraps every key under a new key-encryption key and destroys the old one. Killed in the middle, it goes on
    /// where it stood when called again; every key opens all the time.
    ///
    /// # Errors
    /// As [`Vault::rotation`].
    pub async fn rotate_kek(&self) -> Result<u64, VaultError> {
        let mut rotation = self.rotation().await?;
        loop {
            if let RotationProgress::Done { rewrapped } = rotation.step().await? {
                return Ok(rewrapped);
            }
        }
    }

    /// (record, category) pairs held in memory now.
    #[must_use]
    pub fn cached(&self) -> usize {
        self.0.cache.len()
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Inner {
    /// A data key for opening: from memory, else from the table with all its record's other keys.
    async fn version(&self, at: KeyAt) -> Result<Arc<DataKey>, VaultError> {
        if let Some(key) = self.cache.version(at.record, at.category, at.version) {
            return Ok(key);
        }
        let mut found = Err(VaultError::NoKey);
        for (row, key) in self.load(&[at.record]).await? {
            if row.category == at.category && row.version == at.version {
                found = key.ok_or(VaultError::Erased);
            }
        }
        found
    }

    /// Reads, unwraps and caches all keys of `records`; none for destroyed ones.
    async fn load(&self, records: &[RecordId]) -> Result<Vec<Unwrapped>, VaultError> {
        let mut last = VaultError::UnknownKek;
        for _ in 0..READS {
            let epoch = self.cache.epoch();
            let mut tx = self.db.snapshot().await?;
            let rows = rows::of_records(&mut tx, records).await?;
            drop(tx);
            match self.unwrap_rows(epoch, rows) {
                // A rotation may have finished since the rows were read: then they are under a key at hand now.
                Err(e @ VaultError::UnknownKek) => last = e,
                unwrapped => return unwrapped,
            }
        }
        Err(last)
    }

    fn unwrap_rows(&self, epoch: Epoch, rows: Vec<KeyRow>) -> Result<Vec<Unwrapped>, VaultError> {
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            let key = if row.destroyed { None } else { Some(Arc::new(self.ring.unwrap_row(&row)?)) };
            keys.push((row, key));
        }
        let live: Vec<_> = keys.iter().filter_map(|(_, key)| key.clone()).collect();
        self.cache.keep(epoch, &live);
        Ok(keys)
    }

    /// A key of the hub by name, made at first use.
    async fn named(&self, name: &str) -> Result<Arc<Secret>, VaultError> {
        let mut last = VaultError::UnknownKek;
        for _ in 0..READS {
            let mut tx = self.db.snapshot().await?;
            let row = rows::named(&mut tx, name).await?;
            drop(tx);
            let row = match row {
                Some(row) => row,
                None => self.make_named(name).await?,
            };
            if row.destroyed {
                return Err(VaultError::Erased);
            }
            match self.ring.unwrap(row.kek, NamedRow::context(name, row.kek).as_bytes(), &row.wrapped) {
                Err(e @ VaultError::UnknownKek) => last = e,
                unwrapped => return unwrapped.map(Arc::new),
            }
        }
        Err(last)
    }

    /// Whoever is first makes it; the others get that one.
    async fn make_named(&self, name: &str) -> Result<NamedRow, VaultError> {
        let mut tx = self.db.begin().await?;
        let kek = self.ring.active(&mut tx, Hold::Shared).await?;
        let wrapped = kek.wrap(NamedRow::context(name, kek.id()).as_bytes(), &Secret::random()?)?;
        rows::insert_named(&mut tx, name, kek.id(), wrapped).await?;
        let row = rows::named(&mut tx, name).await?.ok_or(VaultError::NoKey)?;
        tx.commit().await?;
        Ok(row)
    }

    async fn destroy_named(&self, name: &str) -> Result<Destroyed, VaultError> {
        let mut tx = self.db.begin().await?;
        rows::active_kek(&mut tx, Hold::Alone).await?;
        let keys = rows::destroy_named(&mut tx, name).await?;
        tx.commit().await?;
        Ok(Destroyed { keys, residue: self.scrub("named_key").await? })
    }

    async fn partner_key(&self, partner: &PartnerId) -> Result<PartnerKey, VaultError> {
        if let Some(key) = self.partners.lock().unwrap_or_else(PoisonError::into_inner).get(partner) {
            return Ok(key.clone());
        }
        let key = PartnerKey::new(partner.clone(), self.named(&partner_name(partner)).await?);
        self.partners.lock().unwrap_or_else(PoisonError::into_inner).insert(partner.clone(), key.clone());
        Ok(key)
    }

    /// A reader may keep the write-ahead log busy for a moment, or a fold that is at work just then, which SQLite waits
    /// for no longer than this does: a few tries with a pause between see it off.
    async fn scrub(&self, table: &'static str) -> Result<Residue, VaultError> {
        for _ in 0..20 {
            let residue = self.db.scrub(table).await?;
            if residue != Residue::WriteAheadLog {
                return Ok(residue);
            }
            tokio::time::sleep(SCRUB_AGAIN).await;
        }
        Ok(Residue::WriteAheadLog)
    }
}

/// A row with its key; none where it was destroyed.
type Unwrapped = (KeyRow, Option<Arc<DataKey>>);

/// Names one data key.
#[derive(Clone, Copy)]
struct KeyAt {
    record: RecordId,
    category: handoff_schemas::Category,
    version: u32,
}

fn partner_name(partner: &PartnerId) -> String {
    format!("partner/{partner}")
}
