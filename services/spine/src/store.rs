//! Databases by name, on SQLite or PostgreSQL, behind one small layer: open, migrate, begin, checkpoint.
//!
//! Each service writes its SQL twice, in native modules `sqlite.rs` and `postgres.rs`, and picks with one
//! `match` on [`Tx`]. Nothing here knows what the rows mean.

mod checkpoint;
mod error;
mod migrate;
mod name;
mod postgres;
mod sqlite;
mod tx;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

pub use error::StoreError;
pub use migrate::Migration;
pub use name::{DbName, Durability};
pub use postgres::PgDb;
pub use sqlite::SqliteDb;
/// The driver itself, so that services write native queries without depending on it twice.
pub use sqlx;
pub use tx::Tx;

use handoff_schemas::PartnerId;

/// Where the databases live. Cheap to clone; each database is opened once a process and shared.
#[derive(Clone)]
pub struct Store {
    place: Arc<Place>,
    open: Arc<tokio::sync::Mutex<HashMap<DbName, Db>>>,
}

enum Place {
    Sqlite { dir: PathBuf },
    Postgres { url: String, prefix: String },
}

impl Store {
    /// Files `<dir>/<name>.sqlite`, made at first use, readable by the owner only.
    #[must_use]
    pub fn sqlite(dir: impl Into<PathBuf>) -> Self {
        Self::at(Place::Sqlite { dir: dir.into() })
    }

    /// Schemas `<prefix>_<name>` of one PostgreSQL database, each owned by a role of the same name.
    /// The login of `url` creates roles and schemas once, then works only as the role of the schema it uses.
    #[must_use]
    pub fn postgres(url: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self::at(Place::Postgres { url: url.into(), prefix: prefix.into() })
    }

    fn at(place: Place) -> Self {
        Self { place: Arc::new(place), open: Arc::default() }
    }

    /// Opens a database, creating and migrating it at first use.
    ///
    /// # Errors
    /// [`StoreError::Open`], [`StoreError::Rights`]; migration errors.
    pub async fn open(&self, name: &DbName) -> Result<Db, StoreError> {
        let mut open = self.open.lock().await;
        if let Some(db) = open.get(name) {
            return Ok(db.clone());
        }
        let db = match &*self.place {
            Place::Sqlite { dir } => Db::Sqlite(SqliteDb::open(dir, name).await?),
            Place::Postgres { url, prefix } => Db::Postgres(PgDb::open(url, prefix, name).await?),
        };
        db.migrate("store", checkpoint::MIGRATIONS).await?;
        open.insert(name.clone(), db.clone());
        Ok(db)
    }

    /// Drops a database and opens it empty: the first step of a rebuild from the log. Handles opened before
    /// stop working.
    ///
    /// # Errors
    /// [`StoreError::NotRebuildable`] for keys, which are on no log; else as [`Store::open`].
    pub async fn reset(&self, name: &DbName) -> Result<Db, StoreError> {
        if !name.is_rebuildable() {
            return Err(StoreError::NotRebuildable(name.to_string()));
        }
        let open = self.open.lock().await.remove(name);
        if let Some(db) = open {
            db.close().await;
        }
        match &*self.place {
            Place::Sqlite { dir } => sqlite::remove(dir, name)?,
            Place::Postgres { url, prefix } => postgres::drop_schema(url, prefix, name).await?,
        }
        self.open(name).await
    }

    /// Closes every pool, so that SQLite folds its write-ahead logs back.
    pub async fn close(&self) {
        for (_, db) in self.open.lock().await.drain() {
            db.close().await;
        }
    }
}

impl std::fmt::Debug for Store {
    /// Names the kind of store only: a connection URL may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match *self.place {
            Place::Sqlite { .. } => "Store::Sqlite",
            Place::Postgres { .. } => "Store::Postgres",
        })
    }
}

/// One open database.
#[derive(Clone, Debug)]
pub enum Db {
    Sqlite(SqliteDb),
    Postgres(PgDb),
}

impl Db {
    /// A writing transaction. SQLite: `BEGIN IMMEDIATE` on the one writer connection, so it never upgrades.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite(db) => db.begin().await.map(Tx::Sqlite),
            Self::Postgres(db) => db.begin().await.map(Tx::Postgres),
        }
    }

    /// A reading transaction: everything read in it is of one snapshot.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn snapshot(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite(db) => db.snapshot().await.map(Tx::Sqlite),
            Self::Postgres(db) => db.snapshot().await.map(Tx::Postgres),
        }
    }

    /// Applies, once and in order, what of `migrations` this database has not had. `area` names their owner.
    ///
    /// # Errors
    /// [`StoreError::MigrationChanged`], [`StoreError::Newer`], [`StoreError::Query`].
    pub async fn migrate(&self, area: &'static str, migrations: &[Migration]) -> Result<(), StoreError> {
        migrate::apply(self, area, migrations).await
    }

    /// Makes what was overwritten unreadable in the database's files as far as the engine can; see [`Residue`].
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn scrub(&self, table: &'static str) -> Result<Residue, StoreError> {
        match self {
            Self::Sqlite(db) => db.scrub().await,
            Self::Postgres(db) => db.scrub(table).await,
        }
    }

    async fn close(&self) {
        match self {
            Self::Sqlite(db) => db.close().await,
            Self::Postgres(db) => db.pool().close().await,
        }
    }
}

/// Where overwritten bytes may still lie after [`Db::scrub`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residue {
    /// In none of the database's files (free blocks of the disk are not its files).
    None,
    /// A reader kept SQLite's write-ahead log from being emptied; scrub again.
    WriteAheadLog,
    /// PostgreSQL: possibly in page slack, and in its write-ahead log and archives until they are recycled.
    Server,
}

/// Rows cut into what several statements write, at most 64 each. Few sizes, so that each database prepares few statements and keeps
/// them.
pub fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = [64, 16, 4, 1].into_iter().find(|size| *size <= rows.len())?;
        let (chunk, rest) = rows.split_at(size);
        rows = rest;
        Some(chunk)
    })
}

/// A view's database name, for callers that have only the partner.
impl From<&PartnerId> for DbName {
    fn from(partner: &PartnerId) -> Self {
        Self::View(partner.clone())
    }
}
