use crate::log::{Checkpoint, EVENTS};
use crate::store::{Db, DbName, Store, StoreError, Tx, sqlx};

/// How far the floors of all views have come: one place instead of a transaction in every view for every event.
///
/// INVARIANT: a view's floors up to a position are committed in its own database before the position is told here.
/// Floors never sink, so who reads the position first and the rows afterwards sees every floor up to it.
#[derive(Clone, Debug)]
pub struct Progress(Db);

impl Progress {
    /// # Errors
    /// The store's.
    pub async fn open(store: &Store) -> Result<Self, StoreError> {
        store.open(&DbName::Standing).await.map(Self)
    }

    /// The last position whose floors are in every view, and log time there.
    ///
    /// # Errors
    /// The store's.
    pub async fn at(&self) -> Result<Checkpoint, StoreError> {
        self.0.snapshot().await?.checkpoint(EVENTS).await
    }

    /// # Errors
    /// [`StoreError::CheckpointTaken`] where it would not move forward.
    pub async fn advance(&self, to: &Checkpoint) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        tx.set_checkpoint(EVENTS, to).await?;
        tx.commit().await
    }

    /// Goes back to where the view that is furthest behind stands: it may have been dropped and begun anew. Until the
    /// floors have come here again, readers wait.
    ///
    /// # Errors
    /// The store's.
    pub async fn begin_at(&self, from: &Checkpoint) -> Result<(), StoreError> {
        const FORGET: &str = "DELETE FROM checkpoint WHERE stream = $1";
        let mut tx = self.0.begin().await?;
        match &mut tx {
            Tx::Sqlite(tx) => sqlx::query(FORGET).bind(EVENTS).execute(&mut **tx).await.map(drop),
            Tx::Postgres(tx) => sqlx::query(FORGET).bind(EVENTS).execute(&mut **tx).await.map(drop),
        }
        .map_err(StoreError::query("forget a checkpoint"))?;
        if from.seq > 0 {
            tx.set_checkpoint(EVENTS, from).await?;
        }
        tx.commit().await
    }
}
