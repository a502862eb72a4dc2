use handoff_schemas::LogTime;

use super::{Migration, StoreError};
use crate::log::Checkpoint;

/// Every database has the checkpoint table.
pub(super) const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "checkpoint",
    sqlite: include_str!("../../migrations/store/0001.sqlite.sql"),
    postgres: include_str!("../../migrations/store/0001.postgres.sql"),
}];

pub(super) type Row = (i64, Vec<u8>, i64);

pub(super) const READ: &str = "SELECT sequence, hash, log_time FROM checkpoint WHERE stream = $1";

/// The guard makes a second writer, or a batch applied twice, an error instead of duplicate rows.
pub(super) const WRITE: &str = "INSERT INTO checkpoint (stream, sequence, hash, log_time) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (stream) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash, \
     log_time = excluded.log_time WHERE checkpoint.sequence < excluded.sequence";

pub(super) fn from_row((sequence, hash, log_time): Row) -> Result<Checkpoint, StoreError> {
    const CORRUPT: StoreError = StoreError::Corrupt { table: "checkpoint" };
    Ok(Checkpoint {
        seq: u64::try_from(sequence).map_err(|_| CORRUPT)?,
        hash: hash.try_into().map_err(|_| CORRUPT)?,
        at: LogTime(log_time),
    })
}
