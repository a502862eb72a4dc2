use crate::store::{StoreError, sqlx};
use handoff_schemas::{LogPos, PartnerId, ReleaseId};
use sqlx::{Postgres, Transaction};

use super::super::{Query, ViewRow, Window};
use super::{Change, PERSON, PutRow, RECORD, SINCE, Shown, StoredRow, TOKEN, position, shown};

type Tx = Transaction<'static, Postgres>;

/// Applies changes in order.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn apply(tx: &mut Tx, changes: &[Change]) -> Result<(), StoreError> {
    for change in changes {
        match change {
            Change::Put(row) => put(tx, row).await?,
            Change::Replace(release) => replace(tx, *release).await?,
        }
    }
    Ok(())
}

async fn put(tx: &mut Tx, row: &PutRow) -> Result<(), StoreError> {
    let failed = StoreError::query("write a row");
    sqlx::query(
        "INSERT INTO release (release_id, unit, kind, cursor, stream_seq, cause, at, event_type, source, record, \
         person, incident, valid_until, ruling, slices) VALUES ($1, $2, $3, \
         (SELECT coalesce(max(cursor), 0) + 1 FROM release WHERE unit = $2 AND kind = $3), \
         $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(row.release.0.as_bytes().as_slice())
    .bind(&row.unit)
    .bind(row.kind)
    .bind(row.stream_seq)
    .bind(row.cause)
    .bind(row.at)
    .bind(&row.event_type)
    .bind(&row.source)
    .bind(&row.record)
    .bind(&row.person)
    .bind(&row.incident)
    .bind(row.valid_until)
    .bind(&row.ruling)
    .bind(&row.slices)
    .execute(&mut **tx)
    .await
    .map_err(&failed)?;
    for scope in &row.scopes {
        sqlx::query("INSERT INTO release_scope (release_id, scope) VALUES ($1, $2)")
            .bind(row.release.0.as_bytes().as_slice())
            .bind(scope)
            .execute(&mut **tx)
            .await
            .map_err(&failed)?;
    }
    for token in &row.tokens {
        sqlx::query("INSERT INTO release_token (token, release_id) VALUES ($1, $2)")
            .bind(token)
            .bind(row.release.0.as_bytes().as_slice())
            .execute(&mut **tx)
            .await
            .map_err(&failed)?;
    }
    Ok(())
}

async fn replace(tx: &mut Tx, release: ReleaseId) -> Result<(), StoreError> {
    let failed = StoreError::query("replace a row");
    sqlx::query("UPDATE release SET replaced = 1 WHERE release_id = $1")
        .bind(release.0.as_bytes().as_slice())
        .execute(&mut **tx)
        .await
        .map_err(&failed)?;
    sqlx::query("DELETE FROM release_token WHERE release_id = $1")
        .bind(release.0.as_bytes().as_slice())
        .execute(&mut **tx)
        .await
        .map_err(&failed)?;
    Ok(())
}

/// Raises floors; a floor never sinks.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn raise(tx: &mut Tx, floors: &[(String, LogPos)]) -> Result<(), StoreError> {
    for (scope, floor) in floors {
        sqlx::query(
            "INSERT INTO standing (scope, floor) VALUES ($1, $2) \
             ON CONFLICT (scope) DO UPDATE SET floor = excluded.floor WHERE standing.floor < excluded.floor",
        )
        .bind(scope)
        .bind(position(*floor))
        .execute(&mut **tx)
        .await
        .map_err(StoreError::query("raise a floor"))?;
    }
    Ok(())
}

/// The rows that stand for this window and query.
///
/// # Errors
/// [`StoreError::Query`], [`StoreError::Corrupt`].
pub async fn read(tx: &mut Tx, window: &Window, query: &Query) -> Result<Vec<ViewRow>, StoreError> {
    let text = match query {
        Query::Since(_) => SINCE,
        Query::Record(_) => RECORD,
        Query::Person(_) => PERSON,
        Query::Token(_) => TOKEN,
    };
    let bound = sqlx::query_as::<_, Shown>(text)
        .bind(window.recipient.unit.as_str())
        .bind(window.recipient.kind.code())
        .bind(window.at.0)
        .bind(super::number(window.integrated));
    let bound = match query {
        Query::Since(cursor) => bound.bind(super::number(*cursor)),
        Query::Record(id) | Query::Person(id) => bound.bind(id.as_bytes().to_vec()),
        Query::Token(token) => bound.bind(token.clone()),
    };
    let rows = bound.fetch_all(&mut **tx).await.map_err(StoreError::query("read a view"))?;
    rows.into_iter().map(shown).collect()
}

/// Every row, shown or not, for verification.
///
/// # Errors
/// [`StoreError::Query`], [`StoreError::Corrupt`].
pub async fn all(tx: &mut Tx, partner: &PartnerId) -> Result<Vec<StoredRow>, StoreError> {
    let rows: Vec<Shown> =
        sqlx::query_as("SELECT release_id, cursor, ruling, slices FROM release ORDER BY stream_seq, release_id")
            .fetch_all(&mut **tx)
            .await
            .map_err(StoreError::query("read a view"))?;
    rows.into_iter()
        .map(|row| {
            let row = shown(row)?;
            Ok(StoredRow { partner: partner.clone(), release: row.release, ruling: row.ruling, slices: row.slices })
        })
        .collect()
}
