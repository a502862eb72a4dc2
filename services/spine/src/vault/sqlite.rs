//! The key table on SQLite.

use handoff_schemas::RecordId;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, QueryBuilder, Sqlite};
use uuid::Uuid;

use super::rows::{Hold, KeyRow, NamedRow, RawKey, RawNamed, kek_id};
use super::{Destruction, KekId};
use crate::store::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

const COLUMNS: usize = 7;
/// Rows a statement: one order to the database's thread for most batches.
const CHUNK: usize = 512;

/// The transaction is `BEGIN IMMEDIATE`: it holds the whole database alone already.
pub(super) async fn active_kek(conn: &mut SqliteConnection, _hold: Hold) -> Result<Option<KekId>> {
    let id: Option<Vec<u8>> = sqlx::query_scalar("SELECT id FROM kek WHERE one = 1")
        .fetch_optional(conn)
        .await
        .map_err(StoreError::query("read the active key"))?;
    id.map(kek_id).transpose()
}

pub(super) async fn set_active_kek(conn: &mut SqliteConnection, id: KekId) -> Result<()> {
    sqlx::query("INSERT INTO kek (one, id) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET id = excluded.id")
        .bind(id.0.to_vec())
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::query("set the active key"))
}

pub(super) async fn of_records(conn: &mut SqliteConnection, records: &[RecordId]) -> Result<Vec<KeyRow>> {
    let mut rows = Vec::new();
    for chunk in records.chunks(CHUNK) {
        let Some(last) = chunk.last() else { continue };
        // Repeating the last one up to a power of two keeps the number of prepared statements small.
        let width = chunk.len().next_power_of_two();
        let marks = vec!["?"; width].join(",");
        let sql = format!(
            "SELECT record, category, version, person, unit, kek, wrapped, destroyed FROM data_key WHERE record IN \
             ({marks})"
        );
        let mut query = sqlx::query_as::<_, RawKey>(AssertSqlSafe(sql));
        for record in chunk.iter().chain(std::iter::repeat(last)).take(width) {
            query = query.bind(record.0.as_bytes().to_vec());
        }
        let raw = query.fetch_all(&mut *conn).await.map_err(StoreError::query("read keys"))?;
        for row in raw {
            rows.push(KeyRow::from_raw(row)?);
        }
    }
    Ok(rows)
}

pub(super) async fn insert(conn: &mut SqliteConnection, rows: &[KeyRow]) -> Result<u64> {
    let mut inserted = 0;
    for chunk in rows.chunks(CHUNK) {
        let mark = format!("({})", ["?"; COLUMNS].join(","));
        let sql = format!(
            "INSERT INTO data_key (record, category, version, person, unit, kek, wrapped) VALUES {} ON CONFLICT DO \
             NOTHING",
            vec![mark; chunk.len()].join(",")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        for row in chunk {
            query = query
                .bind(row.record.0.as_bytes().to_vec())
                .bind(row.category.slug())
                .bind(i64::from(row.version))
                .bind(row.person.map(|p| p.0.as_bytes().to_vec()))
                .bind(row.unit.as_str())
                .bind(row.kek.0.to_vec())
                .bind(row.wrapped.as_slice());
        }
        let done = query.execute(&mut *conn).await.map_err(StoreError::query("insert keys"))?;
        inserted += done.rows_affected();
    }
    Ok(inserted)
}

pub(super) async fn last_id(conn: &mut SqliteConnection) -> Result<i64> {
    sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM data_key")
        .fetch_one(conn)
        .await
        .map_err(StoreError::query("read keys"))
}

pub(super) async fn destruction_bound(conn: &mut SqliteConnection, order: Uuid) -> Result<Option<i64>> {
    sqlx::query_scalar("SELECT bound FROM destruction WHERE id = ?1")
        .bind(order.as_bytes().to_vec())
        .fetch_optional(conn)
        .await
        .map_err(StoreError::query("read destructions"))
}

pub(super) async fn note_destruction(conn: &mut SqliteConnection, order: Uuid, bound: i64) -> Result<()> {
    sqlx::query("INSERT INTO destruction (id, bound) VALUES (?1, ?2)")
        .bind(order.as_bytes().to_vec())
        .bind(bound)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::query("note a destruction"))
}

/// The mark is as long as what it replaces, so the cell is overwritten where it lies.
pub(super) async fn mark_destroyed(conn: &mut SqliteConnection, what: &Destruction, bound: i64) -> Result<u64> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "UPDATE data_key SET wrapped = zeroblob(length(wrapped)), destroyed = 1 WHERE destroyed = 0 AND id <= ",
    );
    query.push_bind(bound);
    if let Some(person) = what.person {
        query.push(" AND person = ").push_bind(person.0.as_bytes().to_vec());
    }
    if let Some(unit) = &what.unit {
        query.push(" AND unit = ").push_bind(unit.as_str().to_owned());
    }
    if let Some(record) = what.record {
        query.push(" AND record = ").push_bind(record.0.as_bytes().to_vec());
    }
    if !what.categories.is_empty() {
        query.push(" AND category IN (");
        let mut list = query.separated(", ");
        for category in &what.categories {
            list.push_bind(category.slug());
        }
        query.push(")");
    }
    let done = query.build().execute(conn).await.map_err(StoreError::query("destroy keys"))?;
    Ok(done.rows_affected())
}

type RawStale = (i64, Vec<u8>, String, i64, Option<Vec<u8>>, String, Vec<u8>, Vec<u8>, i64);

pub(super) async fn not_under(
    conn: &mut SqliteConnection,
    kek: KekId,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, KeyRow)>> {
    let raw: Vec<RawStale> = sqlx::query_as(
        "SELECT id, record, category, version, person, unit, kek, wrapped, destroyed FROM data_key WHERE id > ?1 AND \
         destroyed = 0 AND kek <> ?2 ORDER BY id LIMIT ?3",
    )
    .bind(after)
    .bind(kek.0.to_vec())
    .bind(limit)
    .fetch_all(conn)
    .await
    .map_err(StoreError::query("read keys"))?;
    raw.into_iter().map(|(id, a, b, c, d, e, f, g, h)| Ok((id, KeyRow::from_raw((a, b, c, d, e, f, g, h))?))).collect()
}

pub(super) async fn rewrap(conn: &mut SqliteConnection, id: i64, kek: KekId, wrapped: Vec<u8>) -> Result<()> {
    sqlx::query("UPDATE data_key SET kek = ?2, wrapped = ?3 WHERE id = ?1 AND destroyed = 0")
        .bind(id)
        .bind(kek.0.to_vec())
        .bind(wrapped)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::query("rewrap keys"))
}

pub(super) async fn named(conn: &mut SqliteConnection, name: &str) -> Result<Option<NamedRow>> {
    let raw: Option<RawNamed> =
        sqlx::query_as("SELECT id, name, kek, wrapped, destroyed FROM named_key WHERE name = ?1")
            .bind(name)
            .fetch_optional(conn)
            .await
            .map_err(StoreError::query("read keys"))?;
    raw.map(NamedRow::from_raw).transpose()
}

pub(super) async fn insert_named(conn: &mut SqliteConnection, name: &str, kek: KekId, wrapped: Vec<u8>) -> Result<()> {
    sqlx::query("INSERT INTO named_key (name, kek, wrapped) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
        .bind(name)
        .bind(kek.0.to_vec())
        .bind(wrapped)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::query("insert keys"))
}

pub(super) async fn destroy_named(conn: &mut SqliteConnection, name: &str) -> Result<u64> {
    sqlx::query(
        "UPDATE named_key SET wrapped = zeroblob(length(wrapped)), destroyed = 1 WHERE name = ?1 AND destroyed = 0",
    )
    .bind(name)
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
    .map_err(StoreError::query("destroy keys"))
}

pub(super) async fn named_not_under(conn: &mut SqliteConnection, kek: KekId) -> Result<Vec<NamedRow>> {
    let raw: Vec<RawNamed> =
        sqlx::query_as("SELECT id, name, kek, wrapped, destroyed FROM named_key WHERE destroyed = 0 AND kek <> ?1")
            .bind(kek.0.to_vec())
            .fetch_all(conn)
            .await
            .map_err(StoreError::query("read keys"))?;
    raw.into_iter().map(NamedRow::from_raw).collect()
}

pub(super) async fn rewrap_named(conn: &mut SqliteConnection, id: i64, kek: KekId, wrapped: Vec<u8>) -> Result<()> {
    sqlx::query("UPDATE named_key SET kek = ?2, wrapped = ?3 WHERE id = ?1 AND destroyed = 0")
        .bind(id)
        .bind(kek.0.to_vec())
        .bind(wrapped)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::query("rewrap keys"))
}
