use handoff_spine::release::Access;
use serde::Serialize;

use super::{Cell, NewLeaf, Source, Table, int, text};
use crate::merkle::leaf_hash;

/// One row a read: who was handed which releases, for what.
pub const READING: Table = Table {
    name: "reading",
    columns: &[
        int("leaf_index", Source::Leaf),
        text("access_id", Source::Document),
        text("partner", Source::Document),
        text("recipient_unit", Source::Document),
        text("recipient_kind", Source::Document),
        text("user_name", Source::Document),
        text("purpose", Source::Document),
        text("query", Source::Document),
        text("releases", Source::Document),
        int("as_of", Source::Document),
        int("read_at", Source::Document),
        text("access", Source::Document),
    ],
};

const _: () = assert!(READING.columns.len() == 12);

/// A row of the access ledger, read back.
#[derive(Clone, Debug, Serialize)]
pub struct Reading {
    /// Which leaf of the access tree.
    pub leaf: u64,
    pub access: Access,
}

/// What one message of `ACCESS` adds: its body is the leaf. `Err` where it is no access.
pub fn leaf_of(body: &[u8], leaf: u64) -> Result<NewLeaf, ()> {
    let text = std::str::from_utf8(body).map_err(drop)?;
    let access: Access = serde_json::from_str(text).map_err(drop)?;
    Ok(NewLeaf { leaf: leaf_hash(body), row: None, cells: cells(leaf, text, &access) })
}

/// Every column. The order is that of [`READING`].
pub fn cells(leaf: u64, text: &str, access: &Access) -> Vec<Cell> {
    vec![
        Cell::int(leaf),
        Cell::text(access.id),
        Cell::text(&access.partner),
        Cell::text(&access.recipient.unit),
        Cell::text(access.recipient.kind),
        Cell::text(&access.user),
        Cell::text(&access.purpose),
        Cell::text(&access.query),
        Cell::words(&access.releases),
        Cell::int(access.as_of.0),
        Cell::Int(access.at.0),
        Cell::text(text),
    ]
}
