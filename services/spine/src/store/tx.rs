use handoff_schemas::LogTime;
use sqlx::{Postgres, Sqlite, Transaction};

use super::StoreError;
use super::checkpoint::{self, Row};
use crate::log::Checkpoint;

/// A transaction on either engine; dropped without [`Tx::commit`], it never happened.
pub enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Makes the transaction durable, as far as the database's `Durability` says.
    ///
    /// # Errors
    /// [`StoreError::Query`]; the transaction may then have happened or not.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
        .map_err(StoreError::query("commit"))
    }

    /// How far this database has come along `stream`; 0 where it has not begun.
    ///
    /// # Errors
    /// [`StoreError::Query`], [`StoreError::Corrupt`].
    pub async fn checkpoint(&mut self, stream: &str) -> Result<Checkpoint, StoreError> {
        let row: Option<Row> = match self {
            Self::Sqlite(tx) => sqlx::query_as(checkpoint::READ).bind(stream).fetch_optional(&mut **tx).await,
            Self::Postgres(tx) => sqlx::query_as(checkpoint::READ).bind(stream).fetch_optional(&mut **tx).await,
        }
        .map_err(StoreError::query("read a checkpoint"))?;
        row.map_or(Ok(Checkpoint::default()), checkpoint::from_row)
    }

    /// Moves the checkpoint of `stream` forward, in the transaction of the rows it stands for.
    ///
    /// # Errors
    /// [`StoreError::CheckpointTaken`] where it would not move forward: two writers, or a batch applied twice.
    pub async fn set_checkpoint(&mut self, stream: &str, to: &Checkpoint) -> Result<(), StoreError> {
        let taken = || StoreError::CheckpointTaken { stream: stream.to_owned(), sequence: to.seq };
        let seq = i64::try_from(to.seq).map_err(|_| taken())?;
        let LogTime(at) = to.at;
        let hash = to.hash.as_slice();
        let moved = match self {
            Self::Sqlite(tx) => sqlx::query(checkpoint::WRITE)
                .bind(stream)
                .bind(seq)
                .bind(hash)
                .bind(at)
                .execute(&mut **tx)
                .await
                .map(|done| done.rows_affected()),
            Self::Postgres(tx) => sqlx::query(checkpoint::WRITE)
                .bind(stream)
                .bind(seq)
                .bind(hash)
                .bind(at)
                .execute(&mut **tx)
                .await
                .map(|done| done.rows_affected()),
        }
        .map_err(StoreError::query("write a checkpoint"))?;
        if moved == 0 { Err(taken()) } else { Ok(()) }
    }
}
