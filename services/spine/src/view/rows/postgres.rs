use std::collections::BTreeSet;

use crate::release::{Terms, TermsId};
use crate::store::{StoreError, chunks, sqlx};
use handoff_schemas::{LogPos, PartnerId, ReleaseId};
use sqlx::{Postgres, QueryBuilder, Transaction};

use super::super::{Query, ViewRow, Window};
use super::{
    Change, Ends, INSERT_SET, INSERT_TERMS, LAST_CURSOR, LAST_ROW, PutRow, Shown, StoredRow, Texts, named, position,
    release_id, shown, standing_rows,
};

const ROWS: &str = "release (id, release_id, unit, kind, cursor, stream_seq, cause, at, event_type, source, record, \
    person, incident, valid_until, ruling, slices, scope_set) ";
const SCOPES: &str = "release_scope (row_id, scope) ";
const TOKENS: &str = "release_token (token, row_id) ";

macro_rules! standing {
    ($filter:literal) => {
        standing_rows!(
            "SELECT 1 FROM release_scope s JOIN standing f ON f.scope = s.scope WHERE s.row_id = r.id AND f.floor > r.cause",
            $filter
        )
    };
}

const SINCE: &str = standing!("r.cursor > $5");
const RECORD: &str = standing!("r.record = $5");
const PERSON: &str = standing!("r.person = $5");
/// Rows that themselves hold the token; who they are about is the reader's next question.
const TOKEN: &str = standing!("r.id IN (SELECT t.row_id FROM release_token t WHERE t.token = $5)");

/// As bytes: a damaged text may be no UTF-8, and must be told from a missing database.
const TERMS: &str = "SELECT convert_to(body, 'UTF8') FROM terms WHERE id = $1";

const INSERT: &str = "INSERT INTO ";

type Tx = Transaction<'static, Postgres>;

/// Applies changes in order; rows that follow one another are written together.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn apply(tx: &mut Tx, changes: &[Change], new: &Texts<'_>, ends: &mut Ends) -> Result<(), StoreError> {
    keep(tx, new).await?;
    let mut rows = Vec::new();
    for change in changes {
        match change {
            Change::Put(row) => rows.push(&**row),
            Change::Replace { release, by } => {
                put(tx, &std::mem::take(&mut rows), ends).await?;
                replace(tx, *release, *by).await?;
            }
        }
    }
    put(tx, &rows, ends).await
}

async fn keep(tx: &mut Tx, new: &Texts<'_>) -> Result<(), StoreError> {
    let failed = StoreError::query("write what rows share");
    for (id, text) in &new.terms {
        let query = sqlx::query(INSERT_TERMS).bind(id.as_bytes().as_slice()).bind(&**text);
        query.execute(&mut **tx).await.map_err(&failed)?;
    }
    for (set, scopes) in &new.sets {
        for scope in *scopes {
            let query = sqlx::query(INSERT_SET).bind(set.as_bytes().as_slice()).bind(scope);
            query.execute(&mut **tx).await.map_err(&failed)?;
        }
    }
    Ok(())
}

async fn put(tx: &mut Tx, rows: &[&PutRow], ends: &mut Ends) -> Result<(), StoreError> {
    let failed = StoreError::query("write rows");
    if rows.is_empty() {
        return Ok(());
    }
    let numbered = numbered(tx, rows, ends).await?;
    for chunk in chunks(&numbered) {
        let mut query = QueryBuilder::<Postgres>::new(INSERT);
        query.push(ROWS).push_values(chunk, |mut values, (id, cursor, row)| {
            values.push_bind(id).push_bind(row.release.0.as_bytes().as_slice());
            values.push_bind(&row.unit).push_bind(&row.kind);
            values.push_bind(cursor).push_bind(row.stream_seq).push_bind(row.cause).push_bind(row.at);
            values.push_bind(&row.event_type).push_bind(&row.source).push_bind(&row.record);
            values.push_bind(&row.person).push_bind(&row.incident).push_bind(row.valid_until);
            values.push_bind(&row.ruling).push_bind(&row.slices).push_bind(row.scopes.set.as_bytes().as_slice());
        });
        query.build().execute(&mut **tx).await.map_err(&failed)?;
    }
    let scopes: Vec<_> = numbered.iter().flat_map(|(id, _, r)| r.scopes.own.iter().map(move |s| (id, s))).collect();
    for chunk in chunks(&scopes) {
        let mut query = QueryBuilder::<Postgres>::new(INSERT);
        query.push(SCOPES).push_values(chunk, |mut values, (id, scope)| {
            values.push_bind(*id).push_bind(*scope);
        });
        query.build().execute(&mut **tx).await.map_err(&failed)?;
    }
    let tokens: Vec<_> = numbered.iter().flat_map(|(id, _, r)| r.tokens.iter().map(move |t| (t, id))).collect();
    for chunk in chunks(&tokens) {
        let mut query = QueryBuilder::<Postgres>::new(INSERT);
        query.push(TOKENS).push_values(chunk, |mut values, (token, id)| {
            values.push_bind(*token).push_bind(*id);
        });
        query.build().execute(&mut **tx).await.map_err(&failed)?;
    }
    Ok(())
}

/// Rows with their ids and cursors. What is remembered is right, since nobody else writes; the rest is read.
async fn numbered<'a>(
    tx: &mut Tx,
    rows: &[&'a PutRow],
    ends: &mut Ends,
) -> Result<Vec<(i64, i64, &'a PutRow)>, StoreError> {
    let failed = StoreError::query("write rows");
    if ends.row.is_none() {
        ends.row = Some(sqlx::query_scalar(LAST_ROW).fetch_one(&mut **tx).await.map_err(&failed)?);
    }
    for (unit, kind) in ends.unknown(rows) {
        let last = sqlx::query_scalar(LAST_CURSOR).bind(unit).bind(kind).fetch_one(&mut **tx).await.map_err(&failed)?;
        ends.cursors.push((unit.to_owned(), kind.to_owned(), last));
    }
    ends.number(rows).ok_or(StoreError::Corrupt { table: "release" })
}

async fn replace(tx: &mut Tx, release: ReleaseId, by: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE release SET replaced = $2 WHERE release_id = $1 AND replaced = 0")
        .bind(release.0.as_bytes().as_slice())
        .bind(by)
        .execute(&mut **tx)
        .await
        .map(drop)
        .map_err(StoreError::query("replace a row"))
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
        .bind(window.reader())
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

/// The texts that these rulings name, as far as they are there and are what their ids say.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn terms(tx: &mut Tx, ids: BTreeSet<TermsId>) -> Result<Terms, StoreError> {
    let mut found = Terms::default();
    for id in ids {
        let query = sqlx::query_scalar::<_, Vec<u8>>(TERMS).bind(id.as_bytes().to_vec());
        let text = query.fetch_optional(&mut **tx).await.map_err(StoreError::query("read a view"))?;
        found.extend(text.and_then(|text| Some((id, String::from_utf8(text).ok()?.into()))));
    }
    Ok(found.sound())
}

/// Every row, shown or not, for verification. A search finds them all: the server keeps its indexes.
///
/// # Errors
/// [`StoreError::Query`], [`StoreError::Corrupt`].
pub async fn all(tx: &mut Tx, partner: &PartnerId) -> Result<Vec<StoredRow>, StoreError> {
    let rows: Vec<(Vec<u8>, String, String)> =
        sqlx::query_as("SELECT release_id, ruling, slices FROM release ORDER BY stream_seq, release_id")
            .fetch_all(&mut **tx)
            .await
            .map_err(StoreError::query("read a view"))?;
    let sound = terms(tx, rows.iter().flat_map(|(_, ruling, _)| named(ruling)).collect()).await?;
    rows.into_iter()
        .map(|(release, ruling, slices)| {
            let has_terms = named(&ruling).iter().all(|id| sound.get(id).is_some());
            let release = release_id(&release)?;
            Ok(StoredRow { partner: partner.clone(), release, ruling, slices, has_terms, is_found: true })
        })
        .collect()
}
