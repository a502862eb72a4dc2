//! A leaf's row: what the ledger lets be searched, and how every column follows from what the leaf covers.

mod accounting;
mod grants;
mod reading;

pub use accounting::{ACCOUNTING, Accounting, Internal};
pub(crate) use accounting::{cells as accounting_cells, internal_leaf, leaf_of as release_leaf_of, release_leaf};
pub(crate) use grants::Reader;
pub use reading::{READING, Reading};
pub(crate) use reading::{cells as reading_cells, leaf_of as access_leaf_of};

use crate::merkle::Hash;

/// One value of a row. Only two kinds of column exist, so that both databases hold the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Int(i64),
    Text(String),
    Null,
}

impl Cell {
    fn int(n: u64) -> Self {
        // JetStream sequences stay far below 2^63; past it, the column check of `verify` would speak.
        Self::Int(i64::try_from(n).unwrap_or(i64::MAX))
    }

    /// PostgreSQL holds no NUL in a text; the document beside it keeps what was said.
    fn text(value: impl ToString) -> Self {
        Self::Text(value.to_string().replace('\0', "\u{fffd}"))
    }

    fn words<T: ToString>(values: impl IntoIterator<Item = T>) -> Self {
        let words: Vec<String> = values.into_iter().map(|v| v.to_string()).collect();
        Self::text(words.join(" "))
    }

    fn maybe(value: Option<impl ToString>) -> Self {
        value.map_or(Self::Null, Self::text)
    }
}

/// How a column is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Int,
    Text,
}

/// What a column's value is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Its place in the tree.
    Leaf,
    /// The document the leaf is made of: the ruling, or the access.
    Document,
    /// The internal facts, which the second tree covers.
    Internal,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub source: Source,
}

/// One of the ledger's two row tables; the first column is the leaf index.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [Column],
}

impl Table {
    /// Where a column stands in a row's cells.
    #[must_use]
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }
}

/// What one leaf adds: its hash, the hash over its internal facts where the tree has such, and its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLeaf {
    pub leaf: Hash,
    pub row: Option<Hash>,
    pub cells: Vec<Cell>,
}

const fn int(name: &'static str, source: Source) -> Column {
    Column { name, kind: Kind::Int, source }
}

const fn text(name: &'static str, source: Source) -> Column {
    Column { name, kind: Kind::Text, source }
}
