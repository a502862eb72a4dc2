use handoff_spine::store::chunks;
use handoff_spine::store::sqlx::{self, AssertSqlSafe, Postgres, QueryBuilder, Row as _, Transaction};

use super::{GROW, KEEP_TERMS, RawRow, TERMS, TREE, Which, containing, insert_into, select};
use crate::row::{Cell, Kind, Table};

type Tx = Transaction<'static, Postgres>;

pub async fn tree(tx: &mut Tx, name: &str) -> Result<(i64, i64, String, Option<String>), sqlx::Error> {
    sqlx::query_as(TREE).bind(name).fetch_one(&mut **tx).await
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

pub async fn insert(tx: &mut Tx, table: &Table, rows: &[Vec<Cell>]) -> Result<(), sqlx::Error> {
    for chunk in chunks(rows) {
        let mut query = QueryBuilder::<Postgres>::new(insert_into("INSERT", table));
        query.push_values(chunk, |mut values, row| {
            for cell in row {
                match cell {
                    Cell::Int(n) => values.push_bind(*n),
                    Cell::Text(t) => values.push_bind(t.clone()),
                    Cell::Null => values.push_bind(None::<String>),
                };
            }
        });
        query.build().execute(&mut **tx).await?;
    }
    Ok(())
}

pub async fn keep_terms(tx: &mut Tx, id: &str, text: &str) -> Result<(), sqlx::Error> {
    sqlx::query(KEEP_TERMS).bind(id).bind(text).execute(&mut **tx).await.map(drop)
}

pub async fn terms(tx: &mut Tx, id: &str) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(TERMS).bind(id).fetch_optional(&mut **tx).await
}

pub async fn all_terms(tx: &mut Tx) -> Result<Vec<(Vec<u8>, Vec<u8>)>, sqlx::Error> {
    let all: Vec<(String, String)> = sqlx::query_as("SELECT id, body FROM terms").fetch_all(&mut **tx).await?;
    Ok(all.into_iter().map(|(id, text)| (id.into_bytes(), text.into_bytes())).collect())
}

pub async fn rows(tx: &mut Tx, table: &Table, which: Which<'_>, limit: i64) -> Result<Vec<RawRow>, sqlx::Error> {
    let sql = select(table, which, |c| c.name.to_owned());
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

fn cell(row: &sqlx::postgres::PgRow, index: usize, kind: Kind) -> Option<Cell> {
    match kind {
        Kind::Int => row.try_get::<i64, _>(index).ok().map(Cell::Int),
        Kind::Text => row.try_get::<Option<String>, _>(index).ok().map(|t| t.map_or(Cell::Null, Cell::Text)),
    }
}
