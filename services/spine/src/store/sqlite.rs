use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, Transaction};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{DbName, Durability, Residue, StoreError};

/// Readers a database; each holds one connection and its page cache only while used.
const READERS: u32 = 4;
const BUSY: Duration = Duration::from_secs(30);
/// How often what was committed is folded from the write-ahead log into the file, beside the writer and not in its way.
/// Each fold costs two syncs, which other databases and the log wait for.
const FOLD_EVERY: Duration = Duration::from_secs(2);
/// Pages of 4 KiB after which the writer folds by itself, so that the log stays bounded whatever the readers do.
const FOLD_AT: &str = "4000";

/// One SQLite file: one writer connection, a few readers, write-ahead log.
#[derive(Clone, Debug)]
pub struct SqliteDb {
    writer: SqlitePool,
    reader: SqlitePool,
    path: PathBuf,
    /// Writing transactions begun.
    begun: Arc<AtomicU64>,
    /// Ends the folding with the last handle.
    _folding: Arc<DropGuard>,
}

impl SqliteDb {
    pub(super) async fn open(dir: &Path, name: &DbName) -> Result<Self, StoreError> {
        let path = file(dir, name);
        create_private(dir, &path).map_err(|e| StoreError::Open { db: name.to_string(), cause: e.to_string() })?;
        let failed = StoreError::open(name);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(BUSY)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options(&path, name))
            .await
            .map_err(&failed)?;
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(0)
            .acquire_timeout(BUSY)
            .connect_lazy_with(options(&path, name).pragma("query_only", "ON"));
        let (begun, folding) = (Arc::new(AtomicU64::new(0)), CancellationToken::new());
        tokio::spawn(fold(reader.clone(), Arc::clone(&begun), folding.clone()));
        Ok(Self { writer, reader, path, begun, _folding: Arc::new(folding.drop_guard()) })
    }

    /// The writer: one connection, so writers queue here and never meet a busy database.
    #[must_use]
    pub fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    /// Readers; they cannot write.
    #[must_use]
    pub fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    /// The database file; `-wal` and `-shm` lie beside it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// # Errors
    /// [`StoreError::Query`].
    pub async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        // Deferred transactions that upgrade get SQLITE_BUSY at once, whatever the timeout.
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(StoreError::query("begin"))
    }

    /// # Errors
    /// [`StoreError::Query`].
    pub async fn snapshot(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.reader.begin().await.map_err(StoreError::query("begin"))
    }

    /// Folds the write-ahead log into the file, where `secure_delete` has overwritten old cells, and empties it.
    pub(super) async fn scrub(&self) -> Result<Residue, StoreError> {
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&self.writer)
            .await
            .map_err(StoreError::query("empty its write-ahead log"))?;
        Ok(if busy == 0 { Residue::None } else { Residue::WriteAheadLog })
    }

    pub(super) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// Folds while there is something to fold. It is passive: it waits for nobody and nobody waits for it, so that neither
/// a commit nor a read is held up by the disk.
async fn fold(reader: SqlitePool, begun: Arc<AtomicU64>, ended: CancellationToken) {
    let mut folded = 0;
    while ended.run_until_cancelled(tokio::time::sleep(FOLD_EVERY)).await.is_some() {
        let now = begun.load(Ordering::Relaxed);
        if now == folded {
            continue;
        }
        match sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&reader).await {
            Ok(_) => folded = now,
            Err(sqlx::Error::PoolClosed) => return,
            Err(e) => tracing::debug!(error = %e, "the write-ahead log is folded later"),
        }
    }
}

pub(super) fn remove(dir: &Path, name: &DbName) -> Result<(), StoreError> {
    let path = file(dir, name);
    for suffix in ["", "-wal", "-shm"] {
        let mut part = path.clone().into_os_string();
        part.push(suffix);
        match std::fs::remove_file(&part) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::Open { db: name.to_string(), cause: e.to_string() });
            }
            _ => {}
        }
    }
    Ok(())
}

fn file(dir: &Path, name: &DbName) -> PathBuf {
    dir.join(format!("{name}.sqlite"))
}

fn options(path: &Path, name: &DbName) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .page_size(name.page_size())
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(match name.durability() {
            Durability::Full => SqliteSynchronous::Full,
            Durability::FromLog => SqliteSynchronous::Normal,
        })
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .pragma("secure_delete", if name.is_secure_delete() { "ON" } else { "OFF" })
        // Sorting and temporary tables stay in memory: nothing is spilled into files nobody scrubs.
        .pragma("temp_store", "MEMORY")
        // A transaction that spills its pages midway writes the checksums of its whole log again at its end.
        .pragma("cache_spill", "OFF")
        .pragma("trusted_schema", "OFF")
        .pragma("wal_autocheckpoint", FOLD_AT)
}

/// SQLite gives `-wal` and `-shm` the mode of the database file, so making that private is enough.
fn create_private(dir: &Path, path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(drop)
}
