use std::sync::{Arc, PoisonError, RwLock};

use super::cache::DataKey;
use super::rows::{self, Hold, KeyRow};
use super::{KekId, KekSource, KeyEncryption, Secret, VaultError};
use crate::store::{Db, Tx};

/// The key-encryption keys at hand. Which one new rows get, the key table says: so processes agree, and a rotation
/// takes effect for all at one commit.
pub(super) struct Ring {
    source: Arc<dyn KekSource>,
    keks: RwLock<Vec<Arc<dyn KeyEncryption>>>,
}

impl Ring {
    pub(super) async fn open(db: &Db, source: Arc<dyn KekSource>) -> Result<Self, VaultError> {
        let mut tx = db.begin().await?;
        let active = rows::active_kek(&mut tx, Hold::Alone).await?;
        let mut keks = source.load()?;
        if let (None, None) = (active, keks.first()) {
            source.create()?;
            keks = source.load()?;
        }
        let ring = Self { source, keks: RwLock::new(keks) };
        match active {
            // Making a new key here would hide that the right one is lost.
            Some(id) => drop(ring.find(id)?),
            None => {
                let first = ring.first().ok_or(VaultError::UnknownKek)?;
                rows::set_active_kek(&mut tx, first.id()).await?;
                tx.commit().await?;
            }
        }
        Ok(ring)
    }

    pub(super) fn source(&self) -> &dyn KekSource {
        &*self.source
    }

    /// The key for new rows, held for the transaction as `hold` says.
    pub(super) async fn active(&self, tx: &mut Tx, hold: Hold) -> Result<Arc<dyn KeyEncryption>, VaultError> {
        let id = rows::active_kek(tx, hold).await?.ok_or(VaultError::UnknownKek)?;
        self.find(id)
    }

    pub(super) fn unwrap_row(&self, row: &KeyRow) -> Result<DataKey, VaultError> {
        let secret = self.unwrap(row.kek, row.context(row.kek).as_bytes(), &row.wrapped)?;
        Ok(DataKey {
            record: row.record,
            category: row.category,
            version: row.version,
            person: row.person,
            unit: row.unit.clone(),
            secret,
        })
    }

    pub(super) fn unwrap(&self, kek: KekId, context: &[u8], wrapped: &[u8]) -> Result<Secret, VaultError> {
        self.find(kek)?.unwrap(context, wrapped)
    }

    /// An id not at hand may be a rotation's in another process: look again before giving up.
    pub(super) fn find(&self, id: KekId) -> Result<Arc<dyn KeyEncryption>, VaultError> {
        if let Some(kek) = self.held(id) {
            return Ok(kek);
        }
        self.reload()?;
        self.held(id).ok_or(VaultError::UnknownKek)
    }

    pub(super) fn reload(&self) -> Result<(), VaultError> {
        let keks = self.source.load()?;
        *self.keks.write().unwrap_or_else(PoisonError::into_inner) = keks;
        Ok(())
    }

    fn held(&self, id: KekId) -> Option<Arc<dyn KeyEncryption>> {
        let keks = self.keks.read().unwrap_or_else(PoisonError::into_inner);
        keks.iter().find(|kek| kek.id() == id).cloned()
    }

    fn first(&self) -> Option<Arc<dyn KeyEncryption>> {
        self.keks.read().unwrap_or_else(PoisonError::into_inner).first().cloned()
    }
}
