use handoff_spine::store::sqlx::{self, AssertSqlSafe, QueryBuilder, Row as _, Sqlite, Transaction};

use super::{GROW, KEEP_TERMS, RawRow, TERMS, TREE, Which, containing, insert_into, select};
use crate::row::{Cell, Kind, Table};

type Tx = Transaction<'static, Sqlite>;

pub async fn tree(tx: &mut Tx, name: &str) -> Result<(i64, i64, String, Option<String>), sqlx::Error> {
    sqlx::query_as(TREE).bind(name).fetch_one(&mut **tx).await
}

/// Also finds an index that hides a row: every row is there then, and a search misses it.
pub async fn is_intact(tx: &mut Tx) -> Result<bool, sqlx::Error> {
    let said: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut **tx).await?;
    Ok(said == "ok")
}

pub async fn grow(
    tx: &mut Tx,
    name: &str,
    from: i64,
    (size, foreign): (i64, i64),
    root: &str,
    internal: Option<&str>,
) -> Result<u64, sqlx::Error> {
    let query = sqlx::query(GROW).bind(name).bind(from).bind(size).bind(root).bind(internal).bind(foreign);
    query.execute(&mut **tx).await.map(|done| done.rows_affected())
}

/// Rows of one statement: SQLite binds at most 32,766 values.
const MOST_ROWS: usize = 1000;

/// One order to the database's thread, since waiting for its turn costs more than the writing. A statement that fails
/// midway ends its transaction anyway, so it need not be undone by itself.
pub async fn insert(tx: &mut Tx, table: &Table, rows: &[Vec<Cell>]) -> Result<(), sqlx::Error> {
    for chunk in rows.chunks(MOST_ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new(insert_into("INSERT OR FAIL", table));
        query.push_values(chunk, |mut values, row| {
            for cell in row {
                match cell {
                    Cell::Int(n) => values.push_bind(*n),
                    Cell::Text(t) => values.push_bind(t.as_str()),
                    Cell::Null => values.push_bind(None::<String>),
                };
            }
        });
        query.build().persistent(false).execute(&mut **tx).await?;
    }
    Ok(())
}

pub async fn keep_terms(tx: &mut Tx, id: &str, text: &str) -> Result<(), sqlx::Error> {
    sqlx::query(KEEP_TERMS).bind(id).bind(text).execute(&mut **tx).await.map(drop)
}

pub async fn terms(tx: &mut Tx, id: &str) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(TERMS).bind(id).fetch_optional(&mut **tx).await
}

/// As bytes: a damaged text may be no UTF-8.
pub async fn all_terms(tx: &mut Tx) -> Result<Vec<(Vec<u8>, Vec<u8>)>, sqlx::Error> {
    sqlx::query_as("SELECT CAST(id AS BLOB), CAST(body AS BLOB) FROM terms").fetch_all(&mut **tx).await
}

pub async fn rows(tx: &mut Tx, table: &Table, which: Which<'_>, limit: i64) -> Result<Vec<RawRow>, sqlx::Error> {
    // As bytes: a damaged text may be no UTF-8, and must be named rather than end the reading.
    let sql = select(table, which, |c| match c.kind {
        Kind::Int => c.name.to_owned(),
        Kind::Text => format!("CAST({0} AS BLOB) AS {0}", c.name),
    });
    let query = sqlx::query(AssertSqlSafe(sql)).bind(limit);
    let query = match which {
        Which::From(first) => query.bind(first),
        Which::Last => query,
        Which::Where(_, value) => query.bind(value.to_owned()),
        Which::Containing(_, word) => query.bind(containing(word)),
    };
    let found = query.fetch_all(&mut **tx).await?;
    Ok(found.iter().map(|row| table.columns.iter().enumerate().map(|(i, c)| cell(row, i, c.kind)).collect()).collect())
}

fn cell(row: &sqlx::sqlite::SqliteRow, index: usize, kind: Kind) -> Option<Cell> {
    match kind {
        Kind::Int => row.try_get::<i64, _>(index).ok().map(Cell::Int),
        Kind::Text => match row.try_get::<Option<Vec<u8>>, _>(index).ok()? {
            Some(bytes) => String::from_utf8(bytes).ok().map(Cell::Text),
            None => Some(Cell::Null),
        },
    }
}
