use std::collections::{BTreeSet, HashSet};

use crate::release::{Terms, TermsId};
use crate::store::{StoreError, chunks, sqlx};
use handoff_schemas::{LogPos, PartnerId, ReleaseId};
use sqlx::{QueryBuilder, Sqlite, Transaction};

use super::super::{Query, ViewRow, Window};
use super::{
    Change, Ends, INSERT_SET, INSERT_TERMS, LAST_CURSOR, LAST_ROW, PutRow, Shown, StoredRow, Texts, named, position,
    release_id, shown, standing_rows,
};

/// What a row is found by, in one column: a letter, then the id or token. Ids are random, so an index over them would
/// have each row written into a page of its own, once for each id; keys are gathered in the order of the rows instead,
/// and sorted in many at a time.
mod key {
    pub const RELEASE: u8 = b'i';
    pub const RECORD: u8 = b'r';
    pub const PERSON: u8 = b'p';
    pub const TOKEN: u8 = b't';

    pub fn of(what: u8, value: &[u8]) -> Vec<u8> {
        let mut key = Vec::with_capacity(1 + value.len());
        key.push(what);
        key.extend_from_slice(value);
        key
    }
}

/// Keys gathered before they are sorted in; every search looks through all of them.
const MOST_UNSORTED: i64 = 4096;

const ROWS: &str = "release (id, release_id, unit, kind, cursor, stream_seq, cause, at, event_type, source, record, \
    person, incident, valid_until, ruling, slices, scope_set, own_scopes) ";
const GATHER: &str = "INSERT INTO unsorted_key (row_id, key) \
    SELECT value ->> 0, unhex(value ->> 1) FROM json_each($1)";
const UNSORTED: &str = "SELECT count(*) FROM unsorted_key";
const SORT_IN: &str = "INSERT INTO sorted_key (key, row_id) SELECT key, row_id FROM unsorted_key ORDER BY key, row_id";
const EMPTY: &str = "DELETE FROM unsorted_key";

macro_rules! found_by {
    ($parameter:literal) => {
        concat!(
            "IN (SELECT row_id FROM sorted_key WHERE key = ",
            $parameter,
            " UNION ALL SELECT row_id FROM unsorted_key WHERE key = ",
            $parameter,
            ")"
        )
    };
}

macro_rules! standing {
    ($filter:expr) => {
        standing_rows!(
            "SELECT 1 FROM json_each(r.own_scopes) s JOIN standing f ON f.scope = s.value WHERE f.floor > r.cause",
            $filter
        )
    };
}

const SINCE: &str = standing!("r.cursor > $5");
/// Rows of a record or a person, or that themselves hold a token; who those are about is the reader's next question.
const FOUND: &str = standing!(concat!("r.id ", found_by!("$5")));
const REPLACE: &str = concat!("UPDATE release SET replaced = $2 WHERE replaced = 0 AND id ", found_by!("$1"));

/// As bytes: a damaged text may be no UTF-8, and must be told from a missing database.
const TERMS: &str = "SELECT CAST(body AS BLOB) FROM terms WHERE id = $1";

/// A statement that fails midway ends its transaction anyway, so it need not be undone by itself.
const INSERT: &str = "INSERT OR FAIL INTO ";

type Tx = Transaction<'static, Sqlite>;

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
        let mut query = QueryBuilder::<Sqlite>::new(INSERT);
        query.push(ROWS).push_values(chunk, |mut values, (id, cursor, row)| {
            values.push_bind(id).push_bind(row.release.0.as_bytes().as_slice());
            values.push_bind(&row.unit).push_bind(row.kind);
            values.push_bind(cursor).push_bind(row.stream_seq).push_bind(row.cause).push_bind(row.at);
            values.push_bind(&row.event_type).push_bind(&row.source).push_bind(&row.record);
            values.push_bind(&row.person).push_bind(&row.incident).push_bind(row.valid_until);
            values.push_bind(&row.ruling).push_bind(&row.slices).push_bind(row.scopes.set.as_bytes().as_slice());
            values.push_bind(row.scopes.own_text());
        });
        query.build().execute(&mut **tx).await.map_err(&failed)?;
    }
    gather(tx, &numbered, ends).await
}

/// Notes what the rows are found by, and sorts it in where enough has come together.
async fn gather(tx: &mut Tx, rows: &[(i64, i64, &PutRow)], ends: &mut Ends) -> Result<(), StoreError> {
    let failed = StoreError::query("write what rows are found by");
    let mut keys = Vec::with_capacity(rows.len() * 4);
    for (id, _, row) in rows {
        keys.push((*id, key::of(key::RELEASE, row.release.0.as_bytes())));
        keys.push((*id, key::of(key::RECORD, &row.record)));
        keys.extend(row.person.iter().map(|person| (*id, key::of(key::PERSON, person))));
        keys.extend(row.tokens.iter().map(|token| (*id, key::of(key::TOKEN, token.as_bytes()))));
    }
    let unsorted = match ends.unsorted {
        Some(unsorted) => unsorted,
        None => sqlx::query_scalar(UNSORTED).fetch_one(&mut **tx).await.map_err(&failed)?,
    };
    let keys: Vec<_> = keys.into_iter().map(|(id, key)| (id, data_encoding::HEXLOWER.encode(&key))).collect();
    let text = serde_json::to_string(&keys).map_err(|_| StoreError::Corrupt { table: "unsorted_key" })?;
    let gathered = sqlx::query(GATHER).bind(text).execute(&mut **tx).await.map_err(&failed)?.rows_affected();
    let mut unsorted = unsorted.saturating_add(i64::try_from(gathered).unwrap_or(i64::MAX));
    if unsorted >= MOST_UNSORTED {
        for step in [SORT_IN, EMPTY] {
            sqlx::query(step).execute(&mut **tx).await.map_err(&failed)?;
        }
        unsorted = 0;
    }
    ends.unsorted = Some(unsorted);
    Ok(())
}

/// Rows with their ids and cursors. What is remembered is right, since nobody else writes; else it is read.
async fn numbered<'a>(
    tx: &mut Tx,
    rows: &[&'a PutRow],
    ends: &mut Ends,
) -> Result<Vec<(i64, i64, &'a PutRow)>, StoreError> {
    let failed = StoreError::query("write rows");
    let mut id = match ends.row {
        Some(id) => id,
        None => sqlx::query_scalar(LAST_ROW).fetch_one(&mut **tx).await.map_err(&failed)?,
    };
    let mut numbered = Vec::with_capacity(rows.len());
    for row in rows {
        let cursor = match ends.cursor(&row.unit, row.kind) {
            Some(cursor) => {
                *cursor += 1;
                *cursor
            }
            None => {
                let query = sqlx::query_scalar(LAST_CURSOR).bind(&row.unit).bind(row.kind);
                let last: i64 = query.fetch_one(&mut **tx).await.map_err(&failed)?;
                ends.cursors.push((row.unit.clone(), row.kind, last + 1));
                last + 1
            }
        };
        id += 1;
        numbered.push((id, cursor, *row));
    }
    ends.row = Some(id);
    Ok(numbered)
}

async fn replace(tx: &mut Tx, release: ReleaseId, by: i64) -> Result<(), StoreError> {
    sqlx::query(REPLACE)
        .bind(key::of(key::RELEASE, release.0.as_bytes()))
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
    let text = if matches!(query, Query::Since(_)) { SINCE } else { FOUND };
    let bound = sqlx::query_as::<_, Shown>(text)
        .bind(window.recipient.unit.as_str())
        .bind(window.recipient.kind.code())
        .bind(window.at.0)
        .bind(super::number(window.integrated));
    let bound = match query {
        Query::Since(cursor) => bound.bind(super::number(*cursor)),
        Query::Record(id) => bound.bind(key::of(key::RECORD, id.as_bytes())),
        Query::Person(id) => bound.bind(key::of(key::PERSON, id.as_bytes())),
        Query::Token(token) => bound.bind(key::of(key::TOKEN, token.as_bytes())),
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

/// Every row, shown or not, for verification.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn all(tx: &mut Tx, partner: &PartnerId) -> Result<Vec<StoredRow>, StoreError> {
    type Row = (i64, Vec<u8>, Vec<u8>, Option<Vec<u8>>, String, String);
    let failed = StoreError::query("read a view");
    let text = "SELECT id, release_id, record, person, ruling, slices FROM release ORDER BY stream_seq, release_id";
    let rows: Vec<Row> = sqlx::query_as(text).fetch_all(&mut **tx).await.map_err(&failed)?;
    let text = "SELECT row_id, key FROM sorted_key UNION ALL SELECT row_id, key FROM unsorted_key";
    let keys: Vec<(i64, Vec<u8>)> = sqlx::query_as(text).fetch_all(&mut **tx).await.map_err(&failed)?;
    let keys: HashSet<(i64, Vec<u8>)> = keys.into_iter().collect();
    let sound = terms(tx, rows.iter().flat_map(|row| named(&row.4)).collect()).await?;
    rows.into_iter()
        .map(|(id, release, record, person, ruling, slices)| {
            let has = |what, value: &[u8]| keys.contains(&(id, key::of(what, value)));
            let is_found = has(key::RELEASE, &release)
                && has(key::RECORD, &record)
                && person.is_none_or(|person| has(key::PERSON, &person));
            Ok(StoredRow {
                partner: partner.clone(),
                release: release_id(&release)?,
                has_terms: named(&ruling).iter().all(|id| sound.get(id).is_some()),
                ruling,
                slices,
                is_found,
            })
        })
        .collect()
}
