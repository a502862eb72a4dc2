//! The ledger's tables on either database.

mod postgres;
mod sqlite;

use data_encoding::HEXLOWER;
use handoff_spine::log::Checkpoint;
use handoff_spine::release::{Terms, TermsId};
use handoff_spine::store::{Db, Migration, StoreError, Tx};

use crate::LedgerError;
use crate::merkle::Hash;
use crate::row::{Cell, Column, Table};
use crate::tree::Tree;

const AREA: &str = "ledger";
const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "trees and rows",
    sqlite: include_str!("../migrations/0001.sqlite.sql"),
    postgres: include_str!("../migrations/0001.postgres.sql"),
}];

const CORRUPT: StoreError = StoreError::Corrupt { table: "tree" };

/// What the database says a tree has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub size: u64,
    /// Messages of ACCESS that nobody entitled published; 0 for the other tree.
    pub foreign: u64,
    pub root: Hash,
    pub internal_root: Option<Hash>,
}

/// One row as it stands: each column's value, or none where it is not of the column's kind.
pub type RawRow = Vec<Option<Cell>>;

/// Which rows to read.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// From this leaf index on, ascending.
    From(i64),
    /// Newest first.
    Last,
    /// Where a text column has this value, newest first.
    Where(&'static str, &'a str),
    /// Where a list column contains this word, newest first. Looks at every row.
    Containing(&'static str, &'a str),
}

/// # Errors
/// Migration errors of the store.
pub async fn migrate(db: &Db) -> Result<(), StoreError> {
    db.migrate(AREA, MIGRATIONS).await
}

/// Checkpoint and tree in one snapshot.
///
/// # Errors
/// [`StoreError::Query`], [`StoreError::Corrupt`].
pub async fn state(db: &Db, tree: Tree) -> Result<(Checkpoint, Stored), StoreError> {
    let mut tx = db.snapshot().await?;
    let checkpoint = tx.checkpoint(tree.stream()).await?;
    let read = match &mut tx {
        Tx::Sqlite(tx) => sqlite::tree(tx, tree.name()).await,
        Tx::Postgres(tx) => postgres::tree(tx, tree.name()).await,
    };
    let (size, foreign, root, internal) = read.map_err(StoreError::query("read the ledger's trees"))?;
    let stored = Stored {
        size: u64::try_from(size).map_err(|_| CORRUPT)?,
        foreign: u64::try_from(foreign).map_err(|_| CORRUPT)?,
        root: parse(&root)?,
        internal_root: internal.as_deref().map(parse).transpose()?,
    };
    if stored.internal_root.is_some() != tree.has_internal() { Err(CORRUPT) } else { Ok((checkpoint, stored)) }
}

/// Writes the rows of new leaves.
///
/// # Errors
/// [`StoreError::Query`]; a release or access that is already in the ledger is one.
pub async fn insert(tx: &mut Tx, table: &'static Table, rows: &[Vec<Cell>]) -> Result<(), StoreError> {
    match tx {
        Tx::Sqlite(tx) => sqlite::insert(tx, table, rows).await,
        Tx::Postgres(tx) => postgres::insert(tx, table, rows).await,
    }
    .map_err(StoreError::query("write the ledger's rows"))
}

/// Keeps the texts that rulings name.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn keep_terms(tx: &mut Tx, terms: &Terms) -> Result<(), StoreError> {
    for (id, text) in terms.iter() {
        let id = id.to_string();
        match tx {
            Tx::Sqlite(tx) => sqlite::keep_terms(tx, &id, text).await,
            Tx::Postgres(tx) => postgres::keep_terms(tx, &id, text).await,
        }
        .map_err(StoreError::query("write the ledger's terms"))?;
    }
    Ok(())
}

/// All texts that rulings name, and the ids under which a text stands that is not theirs.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn all_terms(db: &Db) -> Result<(Terms, Vec<String>), StoreError> {
    let mut tx = db.snapshot().await?;
    let all = match &mut tx {
        Tx::Sqlite(tx) => sqlite::all_terms(tx).await,
        Tx::Postgres(tx) => postgres::all_terms(tx).await,
    };
    let (mut sound, mut altered) = (Terms::default(), Vec::new());
    for (id, text) in all.map_err(StoreError::query("read the ledger's terms"))? {
        match (String::from_utf8_lossy(&id).parse(), String::from_utf8(text)) {
            (Ok(id), Ok(text)) if TermsId::of(&text) == id => {
                sound.add(id, text.into());
            }
            _ => altered.push(String::from_utf8_lossy(&id).into_owned()),
        }
    }
    Ok((sound, altered))
}

/// The texts with these ids, as far as they are there and are what their ids say.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn terms(db: &Db, ids: impl IntoIterator<Item = TermsId>) -> Result<Terms, StoreError> {
    let mut tx = db.snapshot().await?;
    let mut found = Terms::default();
    for id in ids {
        let name = id.to_string();
        let text: Option<String> = match &mut tx {
            Tx::Sqlite(tx) => sqlite::terms(tx, &name).await,
            Tx::Postgres(tx) => postgres::terms(tx, &name).await,
        }
        .map_err(StoreError::query("read the ledger's terms"))?;
        found.extend(text.map(|text| (id, text.into())));
    }
    Ok(found.sound())
}

/// Moves a tree from `before` leaves to `after`.
///
/// # Errors
/// [`LedgerError::Taken`] where it is not at `before`: another process writes it.
pub async fn grow(tx: &mut Tx, tree: Tree, before: u64, after: &Stored) -> Result<(), LedgerError> {
    let number = |n: u64| i64::try_from(n).map_err(|_| CORRUPT);
    let (from, size, foreign) = (number(before)?, number(after.size)?, number(after.foreign)?);
    let root = HEXLOWER.encode(&after.root);
    let internal = after.internal_root.map(|h| HEXLOWER.encode(&h));
    let moved = match tx {
        Tx::Sqlite(tx) => sqlite::grow(tx, tree.name(), from, (size, foreign), &root, internal.as_deref()).await,
        Tx::Postgres(tx) => postgres::grow(tx, tree.name(), from, (size, foreign), &root, internal.as_deref()).await,
    };
    match moved.map_err(StoreError::query("write the ledger's trees"))? {
        1 => Ok(()),
        _ => Err(LedgerError::Taken { tree: tree.name() }),
    }
}

/// At most `limit` rows.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn rows(db: &Db, table: &'static Table, which: Which<'_>, limit: u32) -> Result<Vec<RawRow>, StoreError> {
    let mut tx = db.snapshot().await?;
    match &mut tx {
        Tx::Sqlite(tx) => sqlite::rows(tx, table, which, i64::from(limit)).await,
        Tx::Postgres(tx) => postgres::rows(tx, table, which, i64::from(limit)).await,
    }
    .map_err(StoreError::query("read the ledger's rows"))
}

/// Whether the database finds its own pages and indexes in order. PostgreSQL has no such question for a user.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn is_intact(db: &Db) -> Result<bool, StoreError> {
    match db.snapshot().await? {
        Tx::Sqlite(mut tx) => sqlite::is_intact(&mut tx).await.map_err(StoreError::query("check its pages")),
        Tx::Postgres(_) => Ok(true),
    }
}

fn parse(hex: &str) -> Result<Hash, StoreError> {
    let bytes = HEXLOWER.decode(hex.as_bytes()).map_err(|_| CORRUPT)?;
    Hash::try_from(bytes.as_slice()).map_err(|_| CORRUPT)
}

const KEEP_TERMS: &str = "INSERT INTO terms (id, body) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
const TERMS: &str = "SELECT body FROM terms WHERE id = $1";
const TREE: &str = "SELECT size, foreign_messages, root, internal_root FROM tree WHERE name = $1";
const GROW: &str =
    "UPDATE tree SET size = $3, root = $4, internal_root = $5, foreign_messages = $6 WHERE name = $1 AND size = $2";

fn insert_into(insert: &str, table: &Table) -> String {
    let names: Vec<&str> = table.columns.iter().map(|c| c.name).collect();
    format!("{insert} INTO {} ({}) ", table.name, names.join(", "))
}

/// `column` spells how one dialect reads a column. All names come from constants of this crate.
fn select(table: &Table, which: Which<'_>, column: impl Fn(&Column) -> String) -> String {
    let columns: Vec<String> = table.columns.iter().map(column).collect();
    let (condition, order) = match which {
        Which::From(_) => ("WHERE leaf_index >= $2".to_owned(), "ASC"),
        Which::Last => (String::new(), "DESC"),
        Which::Where(column, _) => (format!("WHERE {column} = $2"), "DESC"),
        Which::Containing(column, _) => (format!("WHERE ' ' || {column} || ' ' LIKE $2"), "DESC"),
    };
    format!("SELECT {} FROM {} {condition} ORDER BY leaf_index {order} LIMIT $1", columns.join(", "), table.name)
}

/// Matches a whole word of a list; ids hold neither `%` nor `_`.
fn containing(word: &str) -> String {
    format!("% {word} %")
}
