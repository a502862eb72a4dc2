use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::store::{StoreError, sqlx};
use handoff_schemas::{LogPos, PartnerId, ReleaseId};
use sqlx::{QueryBuilder, Sqlite, Transaction};

use super::super::{Query, ViewRow, Window};
use super::{
    CHUNK, Change, INSERT_ROWS, INSERT_SCOPES, INSERT_TOKENS, LAST_CURSOR, PERSON, PutRow, RECORD, SINCE, Shown,
    StoredRow, TOKEN, position, shown,
};

type Tx = Transaction<'static, Sqlite>;

/// Applies changes in order; rows that follow one another are written together.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn apply(tx: &mut Tx, changes: &[Change]) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for change in changes {
        match change {
            Change::Put(row) => rows.push(&**row),
            Change::Replace(release) => {
                put(tx, &std::mem::take(&mut rows)).await?;
                replace(tx, *release).await?;
            }
        }
    }
    put(tx, &rows).await
}

async fn put(tx: &mut Tx, rows: &[&PutRow]) -> Result<(), StoreError> {
    let failed = StoreError::query("write rows");
    let mut cursors = HashMap::new();
    let mut numbered = Vec::with_capacity(rows.len());
    for row in rows {
        let cursor = match cursors.entry((row.unit.as_str(), row.kind)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(last_cursor(tx, &row.unit, row.kind).await?),
        };
        *cursor += 1;
        numbered.push((*cursor, *row));
    }
    for chunk in numbered.chunks(CHUNK) {
        let mut query = QueryBuilder::<Sqlite>::new(INSERT_ROWS);
        query.push_values(chunk, |mut values, (cursor, row)| {
            values.push_bind(row.release.0.as_bytes().as_slice()).push_bind(&row.unit).push_bind(row.kind);
            values.push_bind(cursor).push_bind(row.stream_seq).push_bind(row.cause).push_bind(row.at);
            values.push_bind(&row.event_type).push_bind(&row.source).push_bind(&row.record);
            values.push_bind(&row.person).push_bind(&row.incident).push_bind(row.valid_until);
            values.push_bind(&row.ruling).push_bind(&row.slices);
        });
        query.build().execute(&mut **tx).await.map_err(&failed)?;
    }
    let scopes: Vec<_> = rows.iter().flat_map(|r| r.scopes.iter().map(|s| (&r.release, s))).collect();
    for chunk in scopes.chunks(CHUNK) {
        let mut query = QueryBuilder::<Sqlite>::new(INSERT_SCOPES);
        query.push_values(chunk, |mut values, (release, scope)| {
            values.push_bind(release.0.as_bytes().as_slice()).push_bind(*scope);
        });
        query.build().execute(&mut **tx).await.map_err(&failed)?;
    }
    let tokens: Vec<_> = rows.iter().flat_map(|r| r.tokens.iter().map(|t| (t, &r.release))).collect();
    for chunk in tokens.chunks(CHUNK) {
        let mut query = QueryBuilder::<Sqlite>::new(INSERT_TOKENS);
        query.push_values(chunk, |mut values, (token, release)| {
            values.push_bind(*token).push_bind(release.0.as_bytes().as_slice());
        });
        query.build().execute(&mut **tx).await.map_err(&failed)?;
    }
    Ok(())
}

async fn last_cursor(tx: &mut Tx, unit: &str, kind: &str) -> Result<i64, StoreError> {
    sqlx::query_scalar(LAST_CURSOR)
        .bind(unit)
        .bind(kind)
        .fetch_one(&mut **tx)
        .await
        .map_err(StoreError::query("write rows"))
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
