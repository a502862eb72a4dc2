use std::collections::{BTreeSet, HashSet};

use crate::release::{Terms, TermsId};
use crate::store::{StoreError, sqlx};
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
/// Rows of one statement: SQLite binds at most 32,766 values.
const MOST_ROWS: usize = 1000;

const ROWS: &str = "release (id, release_id, unit, kind, cursor, stream_seq, cause, at, event_type, source, record, \
    person, incident, valid_until, ruling, slices, scope_set, own_scopes) ";
const KEYS: &str = "unsorted_key (row_id, key) ";
const UNSORTED: &str = "SELECT count(*) FROM unsorted_key";
const SORT_IN: &str = "; INSERT INTO sorted_key (key, row_id) SELECT key, row_id FROM unsorted_key ORDER BY key, row_id; \
    DELETE FROM unsorted_key";

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

/// Writes rows, and what they are found by, with few orders to the database's thread: where the machine is busy, waiting
/// for a turn of that thread costs more than the writing.
async fn put(tx: &mut Tx, rows: &[&PutRow], ends: &mut Ends) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let failed = StoreError::query("write rows");
    let mut unsorted = match ends.unsorted {
        Some(unsorted) => unsorted,
        None => sqlx::query_scalar(UNSORTED).fetch_one(&mut **tx).await.map_err(&failed)?,
    };
    for rows in numbered(tx, rows, ends).await?.chunks(MOST_ROWS) {
        let keys: Vec<_> = rows.iter().flat_map(|(id, _, row)| keys(row).map(move |key| (*id, key))).collect();
        unsorted = unsorted.saturating_add(i64::try_from(keys.len()).unwrap_or(i64::MAX));
        let mut query = QueryBuilder::<Sqlite>::new(INSERT);
        query.push(ROWS).push_values(rows, |mut values, (id, cursor, row)| {
            values.push_bind(id).push_bind(row.release.0.as_bytes().as_slice());
            values.push_bind(&row.unit).push_bind(&row.kind);
            values.push_bind(cursor).push_bind(row.stream_seq).push_bind(row.cause).push_bind(row.at);
            values.push_bind(&row.event_type).push_bind(&row.source).push_bind(&row.record);
            values.push_bind(&row.person).push_bind(&row.incident).push_bind(row.valid_until);
            values.push_bind(&row.ruling).push_bind(&row.slices).push_bind(row.scopes.set.as_bytes().as_slice());
            values.push_bind(row.scopes.own_text());
        });
        query.push("; ").push(INSERT).push(KEYS).push_values(keys, |mut values, (id, key)| {
            values.push_bind(id).push_bind(key);
        });
        if unsorted >= MOST_UNSORTED {
            query.push(SORT_IN);
            unsorted = 0;
        }
        query.build().persistent(false).execute(&mut **tx).await.map_err(&failed)?;
    }
    ends.unsorted = Some(unsorted);
    Ok(())
}

/// What a row is found by.
fn keys(row: &PutRow) -> impl Iterator<Item = Vec<u8>> {
    let ids = [key::of(key::RELEASE, row.release.0.as_bytes()), key::of(key::RECORD, &row.record)];
    let person = row.person.iter().map(|person| key::of(key::PERSON, person));
    let tokens = row.tokens.iter().map(|token| key::of(key::TOKEN, token.as_bytes()));
    ids.into_iter().chain(person).chain(tokens)
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
        .bind(window.reader())
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
