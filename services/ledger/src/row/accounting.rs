use data_encoding::HEXLOWER;
use handoff_schemas::{EventId, LogPos, LogTime, PartnerId, PersonId, ReleaseId};
use handoff_spine::release::{Ruled, RulingDoc, Terms, expanded};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::grants::{Grants, Reader};
use super::{Cell, NewLeaf, Source, Table, int, text};
use crate::merkle::{Hash, leaf_hash};

/// One row a release: the searchable core of the accounting of disclosures (rulebook 8.2; 45 CFR 164.528, 42 CFR
/// 2.25).
pub const ACCOUNTING: Table = Table {
    name: "accounting",
    columns: &[
        int("leaf_index", Source::Leaf),
        text("release_id", Source::Document),
        text("event_type", Source::Document),
        text("source_unit", Source::Document),
        text("recipient_unit", Source::Document),
        text("recipient_kind", Source::Document),
        int("ruled_at", Source::Document),
        text("purposes", Source::Document),
        text("basis", Source::Document),
        text("agreements", Source::Document),
        text("categories", Source::Document),
        text("notice_forms", Source::Document),
        text("corrects", Source::Document),
        int("sequence", Source::Internal),
        int("cause", Source::Internal),
        text("event_id", Source::Internal),
        int("event_position", Source::Internal),
        text("person", Source::Internal),
        text("partner", Source::Internal),
        text("consents", Source::Internal),
        text("supersedes", Source::Internal),
        text("ciphertext_hash", Source::Internal),
        text("ruling", Source::Document),
        text("internal", Source::Internal),
    ],
};

/// What the hub knows of a release and its recipient may not: positions and global ids. The second tree's leaf is
/// the JSON of this, so that it cannot be changed unnoticed either.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Internal {
    /// Format of this document; readers keep every published one for ever.
    pub v: u8,
    pub leaf: u64,
    pub release: ReleaseId,
    /// Sequence on `RELEASES`.
    pub sequence: u64,
    pub cause: LogPos,
    pub at: LogTime,
    pub event: EventId,
    pub event_position: LogPos,
    pub person: Option<PersonId>,
    pub partner: PartnerId,
    pub scopes: Vec<String>,
    pub supersedes: Vec<ReleaseId>,
    /// SHA-256 over the sealed slices as stored, hex.
    pub ciphertext: String,
}

impl Internal {
    /// Consent records the release relied on, from its scopes (`consent:<record id>`).
    pub fn consents(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().filter_map(|s| s.strip_prefix("consent:"))
    }
}

/// A row of the accounting, read back.
#[derive(Clone, Debug, Serialize)]
pub struct Accounting {
    /// Which leaf of the release tree.
    pub leaf: u64,
    pub ruling: RulingDoc,
    /// The same with its grants written out.
    pub document: Value,
    /// The ruling exactly as the leaf covers it.
    pub ruling_text: String,
    pub internal: Internal,
    pub purposes: Vec<String>,
    pub basis: Vec<String>,
    /// `id@version`.
    pub agreements: Vec<String>,
    pub categories: Vec<String>,
    pub notice_forms: Vec<String>,
}

impl Accounting {
    /// Reads a row from the two texts every column follows from, and the terms they name. None where one is not what it
    /// should be.
    #[must_use]
    pub fn read(leaf: u64, ruling: &str, internal: &str, terms: &Terms) -> Option<Self> {
        let doc: RulingDoc = serde_json::from_str(ruling).ok()?;
        let internal: Internal = serde_json::from_str(internal).ok()?;
        let grants = Reader::of(terms).grants(&doc)?;
        Some(Self {
            leaf,
            document: expanded(ruling, terms)?,
            ruling_text: ruling.to_owned(),
            internal,
            purposes: grants.purposes.into_iter().collect(),
            basis: grants.basis.into_iter().collect(),
            agreements: grants.agreements.into_iter().collect(),
            categories: grants.categories.into_iter().collect(),
            notice_forms: grants.notice_forms.into_iter().collect(),
            ruling: doc,
        })
    }
}

/// The leaf hash of a release: RFC 6962 over ruling and ciphertext hash, as `Release::leaf` lays them out.
#[must_use]
pub fn release_leaf(ruling: &str, ciphertext: &[u8]) -> Hash {
    let mut input = ruling.as_bytes().to_vec();
    input.extend_from_slice(ciphertext);
    leaf_hash(&input)
}

/// The hash of a row's internal facts in the second tree.
#[must_use]
pub fn internal_leaf(internal: &str) -> Hash {
    leaf_hash(internal.as_bytes())
}

/// What this ruling adds to the ledger: none where it releases nothing. `Err` where the ruling is no ruling.
pub fn leaf_of(ruled: &Ruled, reader: &Reader, leaf: u64, sequence: u64) -> Result<Option<NewLeaf>, ()> {
    let Some(release) = &ruled.release else { return Ok(None) };
    let internal = Internal {
        v: 1,
        leaf,
        release: release.id,
        sequence,
        cause: ruled.cause,
        at: ruled.at,
        event: ruled.event,
        event_position: ruled.event_pos,
        person: ruled.person,
        partner: ruled.partner.clone(),
        scopes: release.scopes.clone(),
        supersedes: ruled.supersedes.clone(),
        ciphertext: HEXLOWER.encode(&release.ciphertext_hash()),
    };
    let text = serde_json::to_string(&internal).map_err(drop)?;
    let doc: RulingDoc = serde_json::from_str(&release.ruling).map_err(drop)?;
    // The row would say one thing and the leaf another: such a ruling is no record of a disclosure.
    if doc.release != release.id || doc.recipient != ruled.recipient || doc.source != ruled.source {
        return Err(());
    }
    Ok(Some(NewLeaf {
        leaf: leaf_hash(&release.leaf()),
        row: Some(internal_leaf(&text)),
        cells: cells(&release.ruling, &doc, &reader.grants(&doc).ok_or(())?, &text, &internal),
    }))
}

/// Every column, from the two texts. The order is that of [`ACCOUNTING`].
pub fn cells(ruling: &str, doc: &RulingDoc, grants: &Grants, internal_text: &str, internal: &Internal) -> Vec<Cell> {
    let mut cells = vec![Cell::int(internal.leaf)];
    cells.extend(document_cells(doc, grants));
    cells.extend(internal_cells(internal));
    cells.push(Cell::text(ruling));
    cells.push(Cell::text(internal_text));
    cells
}

fn document_cells(doc: &RulingDoc, grants: &Grants) -> [Cell; 12] {
    [
        Cell::text(doc.release),
        Cell::text(&doc.event_type),
        Cell::text(&doc.source),
        Cell::text(&doc.recipient.unit),
        Cell::text(doc.recipient.kind),
        Cell::Int(doc.ruled_at.0),
        Cell::words(&grants.purposes),
        Cell::words(&grants.basis),
        Cell::words(&grants.agreements),
        Cell::words(&grants.categories),
        Cell::words(&grants.notice_forms),
        Cell::words(&doc.corrects),
    ]
}

fn internal_cells(internal: &Internal) -> [Cell; 9] {
    [
        Cell::int(internal.sequence),
        Cell::int(internal.cause.0),
        Cell::text(internal.event),
        Cell::int(internal.event_position.0),
        Cell::maybe(internal.person),
        Cell::text(&internal.partner),
        Cell::words(internal.consents()),
        Cell::words(&internal.supersedes),
        Cell::text(&internal.ciphertext),
    ]
}

const _: () = assert!(ACCOUNTING.columns.len() == 1 + 12 + 9 + 2);
