use std::sync::Arc;

use super::rows::{self, Hold, NamedRow};
use super::{Inner, KeyEncryption, VaultError};
use crate::store::Residue;

/// Rows a transaction.
const BATCH: i64 = 500;

/// A rotation of the key-encryption key under way. Dropped, or killed with the process, at any point it has lost
/// nothing: beginning again goes on.
pub struct Rotation {
    vault: Arc<Inner>,
    next: Arc<dyn KeyEncryption>,
    after: i64,
    rewrapped: u64,
}

/// How far a rotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationProgress {
    Rewrapping {
        rewrapped: u64,
    },
    /// All rows are under the new key, the old key is destroyed.
    Done {
        rewrapped: u64,
    },
}

impl Rotation {
    /// From here on new rows get the next key: its file is durable, and the table names it.
    pub(super) async fn begin(vault: Arc<Inner>) -> Result<Self, VaultError> {
        let mut tx = vault.db.begin().await?;
        // Waits for every transaction that still makes rows under the old key, and for another rotation's files.
        rows::active_kek(&mut tx, Hold::Alone).await?;
        let next = vault.ring.source().begin_rotation()?;
        vault.ring.reload()?;
        rows::set_active_kek(&mut tx, next.id()).await?;
        tx.commit().await?;
        Ok(Self { vault, next, after: 0, rewrapped: 0 })
    }

    /// Rewraps the next batch in one transaction, or finishes.
    ///
    /// # Errors
    /// [`VaultError::Store`]; [`VaultError::UnknownKek`] or [`VaultError::Tampered`] where a row does not open: the
    /// old key is then kept.
    pub async fn step(&mut self) -> Result<RotationProgress, VaultError> {
        let id = self.next.id();
        let mut tx = self.vault.db.begin().await?;
        rows::active_kek(&mut tx, Hold::Shared).await?;
        let stale = rows::not_under(&mut tx, id, self.after, BATCH).await?;
        if let Some((last, _)) = stale.last() {
            self.after = *last;
            for (row_id, row) in &stale {
                let key = self.vault.ring.unwrap_row(row)?;
                let wrapped = self.next.wrap(row.context(id).as_bytes(), &key.secret)?;
                rows::rewrap(&mut tx, *row_id, id, wrapped).await?;
            }
            tx.commit().await?;
            self.rewrapped += stale.len() as u64;
            return Ok(RotationProgress::Rewrapping { rewrapped: self.rewrapped });
        }
        for row in rows::named_not_under(&mut tx, id).await? {
            let context = NamedRow::context(&row.name, row.kek);
            let secret = self.vault.ring.unwrap(row.kek, context.as_bytes(), &row.wrapped)?;
            let wrapped = self.next.wrap(NamedRow::context(&row.name, id).as_bytes(), &secret)?;
            rows::rewrap_named(&mut tx, row.id, id, wrapped).await?;
            self.rewrapped += 1;
        }
        tx.commit().await?;
        self.finish().await
    }

    async fn finish(&mut self) -> Result<RotationProgress, VaultError> {
        // Before the old key goes, the new wrappings must be in the file itself and not only in its log.
        if self.vault.scrub("data_key").await? == Residue::WriteAheadLog {
            tracing::warn!("a reader keeps the key table's write-ahead log busy; it is emptied later");
        }
        let mut tx = self.vault.db.begin().await?;
        let active = rows::active_kek(&mut tx, Hold::Alone).await?;
        let done = RotationProgress::Done { rewrapped: self.rewrapped };
        if active != Some(self.next.id()) {
            // Another process finished this rotation and began one of its own.
            return Ok(done);
        }
        // From the start of the table once more: the old key goes only when nothing is under it.
        if !rows::not_under(&mut tx, self.next.id(), 0, 1).await?.is_empty() {
            self.after = 0;
            return Ok(RotationProgress::Rewrapping { rewrapped: self.rewrapped });
        }
        self.vault.ring.source().finish_rotation(self.next.id())?;
        self.vault.ring.reload()?;
        Ok(done)
    }
}
