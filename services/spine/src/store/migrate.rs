use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use sqlx::raw_sql;

use super::{Db, StoreError, Tx};

/// One step of a database's shape, in both dialects. Published steps never change; a new shape is a new step.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// From 1, ascending inside its area.
    pub version: u32,
    pub name: &'static str,
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

const BOOK_SQLITE: &str = "CREATE TABLE IF NOT EXISTS migration (area TEXT NOT NULL, version INTEGER NOT NULL, \
     name TEXT NOT NULL, checksum BLOB NOT NULL, PRIMARY KEY (area, version)) STRICT";
const BOOK_POSTGRES: &str = "CREATE TABLE IF NOT EXISTS migration (area TEXT NOT NULL, version BIGINT NOT NULL, \
     name TEXT NOT NULL, checksum BYTEA NOT NULL, PRIMARY KEY (area, version))";
/// Two processes starting on one empty schema wait for each other.
const LOCK_POSTGRES: &str = "SELECT pg_advisory_xact_lock(hashtext('handoff migration ' || current_schema()))";
const HAD: &str = "SELECT version, checksum FROM migration WHERE area = $1";
const NOTE: &str = "INSERT INTO migration (area, version, name, checksum) VALUES ($1, $2, $3, $4)";

/// All missing steps in one transaction: a database is never between two shapes.
pub(super) async fn apply(db: &Db, area: &'static str, migrations: &[Migration]) -> Result<(), StoreError> {
    let failed = StoreError::query("migrate");
    let mut tx = db.begin().await?;
    let had: Vec<(i64, Vec<u8>)> = match &mut tx {
        Tx::Sqlite(tx) => {
            raw_sql(BOOK_SQLITE).execute(&mut **tx).await.map_err(&failed)?;
            sqlx::query_as(HAD).bind(area).fetch_all(&mut **tx).await
        }
        Tx::Postgres(tx) => {
            raw_sql(LOCK_POSTGRES).execute(&mut **tx).await.map_err(&failed)?;
            raw_sql(BOOK_POSTGRES).execute(&mut **tx).await.map_err(&failed)?;
            sqlx::query_as(HAD).bind(area).fetch_all(&mut **tx).await
        }
    }
    .map_err(&failed)?;
    let had: BTreeMap<i64, Vec<u8>> = had.into_iter().collect();

    let known = migrations.last().map_or(0, |m| m.version);
    let found = had.last_key_value().map_or(0, |(&v, _)| u32::try_from(v).unwrap_or(u32::MAX));
    if found > known {
        return Err(StoreError::Newer { area: area.to_owned(), found, known });
    }
    for migration in migrations {
        step(&mut tx, area, migration, &had).await?;
    }
    tx.commit().await
}

async fn step(
    tx: &mut Tx,
    area: &'static str,
    migration: &Migration,
    had: &BTreeMap<i64, Vec<u8>>,
) -> Result<(), StoreError> {
    let failed = StoreError::query("migrate");
    let version = i64::from(migration.version);
    let text = match tx {
        Tx::Sqlite(_) => migration.sqlite,
        Tx::Postgres(_) => migration.postgres,
    };
    let checksum = Sha256::digest(text.as_bytes()).to_vec();
    match had.get(&version) {
        Some(same) if *same == checksum => return Ok(()),
        Some(_) => return Err(StoreError::MigrationChanged { area: area.to_owned(), version: migration.version }),
        None => {}
    }
    match tx {
        Tx::Sqlite(tx) => {
            raw_sql(text).execute(&mut **tx).await.map_err(&failed)?;
            let note = sqlx::query(NOTE).bind(area).bind(version).bind(migration.name).bind(checksum);
            note.execute(&mut **tx).await.map_err(&failed)?;
        }
        Tx::Postgres(tx) => {
            raw_sql(text).execute(&mut **tx).await.map_err(&failed)?;
            let note = sqlx::query(NOTE).bind(area).bind(version).bind(migration.name).bind(checksum);
            note.execute(&mut **tx).await.map_err(&failed)?;
        }
    }
    Ok(())
}
