//! The key table on PostgreSQL.

use handoff_schemas::RecordId;
use sqlx::postgres::PgConnection;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::rows::{Hold, KeyRow, NamedRow, RawKey, RawNamed, kek_id};
use super::{Destruction, KekId};
use crate::store::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

pub(super) async fn active_kek(conn: &mut PgConnection, hold: Hold) -> Result<Option<KekId>> {
    let sql = match hold {
        Hold::Shared => "SELECT id FROM kek WHERE one = 1 FOR SHARE",
        Hold::Alone => "SELECT id FROM kek WHERE one = 1 FOR UPDATE",
    };
    let id: Option<Vec<u8>> =
        sqlx::query_scalar(sql).fetch_optional(conn).await.map_err(StoreError::query("read the active key"))?;
    id.map(kek_id).transpose()
}

pub(super) async fn set_active_kek(conn: &mut PgConnection, id: KekId) -> Result<()> {
    sqlx::query("INSERT INTO kek (one, id) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET id = excluded.id")
        .bind(id.0.to_vec())
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::query("set the active key"))
}

pub(super) async fn of_records(conn: &mut PgConnection, records: &[RecordId]) -> Result<Vec<KeyRow>> {
    let ids: Vec<&[u8]> = records.iter().map(|r| r.0.as_bytes().as_slice()).collect();
    let raw: Vec<RawKey> = sqlx::query_as(
        "SELECT record, category, version, person, unit, kek, wrapped, destroyed FROM data_key WHERE record = ANY($1)",
    )
    .bind(ids)
    .fetch_all(conn)
    .await
    .map_err(StoreError::query("read keys"))?;
    raw.into_iter().map(KeyRow::from_raw).collect()
}

/// One statement whatever the number: columns travel as arrays.
pub(super) async fn insert(conn: &mut PgConnection, rows: &[KeyRow]) -> Result<u64> {
    let done = sqlx::query(
        "INSERT INTO data_key (record, category, version, person, unit, kek, wrapped) SELECT * FROM \
         unnest($1::bytea[], $2::text[], $3::bigint[], $4::bytea[], $5::text[], $6::bytea[], $7::bytea[]) \
         ON CONFLICT DO NOTHING",
    )
    .bind(rows.iter().map(|r| r.record.0.as_bytes().as_slice()).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.category.slug()).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| i64::from(r.version)).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.person.as_ref().map(|p| p.0.as_bytes().to_vec())).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.unit.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.kek.0.as_slice()).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.wrapped.as_slice()).collect::<Vec<_>>())
    .execute(conn)
    .await
    .map_err(StoreError::query("insert keys"))?;
    Ok(done.rows_affected())
}

pub(super) async fn last_id(conn: &mut PgConnection) -> Result<i64> {
    sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM data_key")
        .fetch_one(conn)
        .await
        .map_err(StoreError::query("read keys"))
}

pub(super) async fn destruction_bound(conn: &mut PgConnection, order: Uuid) -> Result<Option<i64>> {
    sqlx::query_scalar("SELECT bound FROM destruction WHERE id = $1")
        .bind(order.as_bytes().to_vec())
        .fetch_optional(conn)
        .await
        .map_err(StoreError::query("read destructions"))
}

pub(super) async fn note_destruction(conn: &mut PgConnection, order: Uuid, bound: i64) -> Result<()> {
    sqlx::query("INSERT INTO destruction (id, bound) VALUES ($1, $2)")
        .bind(order.as_bytes().to_vec())
        .bind(bound)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::query("note a destruction"))
}

/// The mark replaces the bytes; the old row version stays until vacuum and log recycling take it.
pub(super) async fn mark_destroyed(conn: &mut PgConnection, what: &Destruction, bound: i64) -> Result<u64> {
    let mut query = QueryBuilder::<Postgres>::new(
        "UPDATE data_key SET wrapped = ''::bytea, destroyed = 1 WHERE destroyed = 0 AND id <= ",
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
    conn: &mut PgConnection,
    kek: KekId,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, KeyRow)>> {
    let raw: Vec<RawStale> = sqlx::query_as(
        "SELECT id, record, category, version, person, unit, kek, wrapped, destroyed FROM data_key WHERE id > $1 AND \
         destroyed = 0 AND kek <> $2 ORDER BY id LIMIT $3",
    )
    .bind(after)
    .bind(kek.0.to_vec())
    .bind(limit)
    .fetch_all(conn)
    .await
    .map_err(StoreError::query("read keys"))?;
    raw.into_iter().map(|(id, a, b, c, d, e, f, g, h)| Ok((id, KeyRow::from_raw((a, b, c, d, e, f, g, h))?))).collect()
}

pub(super) async fn rewrap(conn: &mut PgConnection, id: i64, kek: KekId, wrapped: Vec<u8>) -> Result<()> {
    sqlx::query("UPDATE data_key SET kek = $2, wrapped = $3 WHERE id = $1 AND destroyed = 0")
        .bind(id)
        .bind(kek.0.to_vec())
        .bind(wrapped)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::query("rewrap keys"))
}

pub(super) async fn named(conn: &mut PgConnection, name: &str) -> Result<Option<NamedRow>> {
    let raw: Option<RawNamed> =
        sqlx::query_as("SELECT id, name, kek, wrapped, destroyed FROM named_key WHERE name = $1")
            .bind(name)
            .fetch_optional(conn)
            .await
            .map_err(StoreError::query("read keys"))?;
    raw.map(NamedRow::from_raw).transpose()
}

pub(super) async fn insert_named(conn: &mut PgConnection, name: &str, kek: KekId, wrapped: Vec<u8>) -> Result<()> {
    sqlx::query("INSERT INTO named_key (name, kek, wrapped) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .bind(name)
        .bind(kek.0.to_vec())
        .bind(wrapped)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::query("insert keys"))
}

pub(super) async fn destroy_named(conn: &mut PgConnection, name: &str) -> Result<u64> {
    sqlx::query("UPDATE named_key SET wrapped = ''::bytea, destroyed = 1 WHERE name = $1 AND destroyed = 0")
        .bind(name)
        .execute(conn)
        .await
        .map(|done| done.rows_affected())
        .map_err(StoreError::query("destroy keys"))
}

pub(super) async fn named_not_under(conn: &mut PgConnection, kek: KekId) -> Result<Vec<NamedRow>> {
    let raw: Vec<RawNamed> =
        sqlx::query_as("SELECT id, name, kek, wrapped, destroyed FROM named_key WHERE destroyed = 0 AND kek <> $1")
            .bind(kek.0.to_vec())
            .fetch_all(conn)
            .await
            .map_err(StoreError::query("read keys"))?;
    raw.into_iter().map(NamedRow::from_raw).collect()
}

pub(super) async fn rewrap_named(conn: &mut PgConnection, id: i64, kek: KekId, wrapped: Vec<u8>) -> Result<()> {
    sqlx::query("UPDATE named_key SET kek = $2, wrapped = $3 WHERE id = $1 AND destroyed = 0")
        .bind(id)
        .bind(kek.0.to_vec())
        .bind(wrapped)
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::query("rewrap keys"))
}
