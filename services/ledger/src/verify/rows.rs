use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use handoff_schemas::{PartnerId, ReleaseId};
use handoff_spine::release::{Access, RulingDoc, Terms};
use handoff_spine::store::Db;

use super::checkpoint::Signed;
use super::{Hashes, Place, Report, What};
use crate::merkle::{Hash, leaf_hash};
use crate::recover::text;
use crate::row::{self, Cell, Internal, Reader, Source};
use crate::store::{self, RawRow, Which};
use crate::tree::Tree;

/// Rows read at once.
const PAGE: u32 = 1000;

/// Stands for the hash of a row that is there and says nothing readable: no document hashes to it.
const UNREADABLE: Hash = [0; 32];

/// What the rows say the leaves are; none where there is no row.
#[derive(Default)]
pub(super) struct Derived {
    pub rows: u64,
    pub leaves: Vec<Option<Hash>>,
    pub internal: Vec<Option<Hash>>,
    pub releases: BTreeMap<ReleaseId, Known>,
    pub last_sequence: u64,
}

/// What a view's row is compared with.
pub(super) struct Known {
    pub leaf: Hash,
    pub partner: Option<PartnerId>,
    pub ciphertext: Option<Hash>,
}

/// Reads every row, derives its leaf from its documents, and compares its columns with them.
pub(super) async fn derive(
    tree: Tree,
    db: &Db,
    leaves: &Hashes,
    internal: Option<&Hashes>,
    signed: &Signed,
    report: &mut Report,
) -> Derived {
    let trusts = |hashes: &Hashes, signed: Option<(u64, Hash)>| {
        signed.filter(|(size, root)| hashes.root_at(*size) == Some(*root)).map_or(0, |(size, _)| size)
    };
    let check = Check {
        tree,
        leaves,
        internal,
        leaves_signed: trusts(leaves, signed.leaves()),
        internal_signed: internal.map_or(0, |i| trusts(i, signed.internal())),
        reader: Reader::default(),
    };
    let terms = match (tree, store::all_terms(db).await) {
        (Tree::Accesses, _) => Terms::default(),
        (Tree::Releases, Ok((sound, altered))) => {
            for id in altered {
                report.add(
                    What::ColumnAltered,
                    Place::Row { table: "terms", leaf: None, release: Some(id), column: "body" },
                );
            }
            sound
        }
        (Tree::Releases, Err(_)) => {
            report.add(What::Unreadable, Place::Row { table: "terms", leaf: None, release: None, column: "body" });
            Terms::default()
        }
    };
    let check = Check { reader: Reader::of(&terms), ..check };
    let mut derived = Derived::default();
    let mut from = i64::MIN;
    loop {
        let Ok(rows) = store::rows(db, tree.table(), Which::From(from), PAGE).await else {
            let place = Place::Row { table: tree.table().name, leaf: None, release: None, column: "leaf_index" };
            report.add(What::Unreadable, place);
            return derived;
        };
        for row in &rows {
            check.row(row, &mut derived, report);
        }
        let last = rows.last().and_then(|row| row.first().cloned().flatten());
        match last {
            Some(Cell::Int(last)) if last < i64::MAX => from = last + 1,
            _ => return derived,
        }
    }
}

struct Check<'a> {
    tree: Tree,
    leaves: &'a Hashes,
    internal: Option<&'a Hashes>,
    /// How many leaves of each file the signature vouches for.
    leaves_signed: u64,
    internal_signed: u64,
    /// The terms that rulings name, as far as they are what their ids say.
    reader: Reader,
}

/// One row's two documents, read as far as they can be.
struct Documents<'a> {
    leaf: Option<Hash>,
    internal: Option<Hash>,
    /// The documents differ from hashes that the signature vouches for: they are what was altered.
    document_altered: bool,
    internal_altered: bool,
    /// A text that the ruling names is not there, or is not what its id says.
    terms_missing: bool,
    expected: Option<Vec<Cell>>,
    internal_facts: Option<Internal>,
    ruling: Option<&'a str>,
}

impl Check<'_> {
    fn row(&self, row: &RawRow, derived: &mut Derived, report: &mut Report) {
        derived.rows += 1;
        let table = self.tree.table();
        let index = match row.first() {
            Some(Some(Cell::Int(n))) => *n,
            _ => -1,
        };
        let id = table.columns.get(1).and_then(|c| text(self.tree, row, c.name)).map(str::to_owned);
        let mut found = |what, column| {
            report.add(what, Place::Row { table: table.name, leaf: Some(index), release: id.clone(), column });
        };
        let slot = usize::try_from(index).ok().filter(|i| *i < self.leaves.all.len().max(derived.leaves.len() + 1));
        let Some(slot) = slot else {
            found(What::RowWithoutLeaf, "leaf_index");
            return;
        };

        let documents = self.documents(row, slot);
        let document = if self.tree == Tree::Releases { "ruling" } else { "access" };
        if documents.document_altered {
            found(What::ColumnAltered, document);
        }
        if documents.internal_altered {
            found(What::ColumnAltered, "internal");
        }
        if documents.terms_missing && !documents.document_altered {
            found(What::Unreadable, "terms");
        } else if documents.expected.is_none() && !documents.document_altered && !documents.internal_altered {
            found(What::Unreadable, document);
        }
        for (i, column) in table.columns.iter().enumerate() {
            let expected = documents.expected.as_ref().and_then(|cells| cells.get(i));
            let here = row.get(i).and_then(Option::as_ref);
            let vouched = match column.source {
                Source::Leaf => true,
                Source::Document => !documents.document_altered,
                Source::Internal => !documents.internal_altered,
            };
            let already = column.name == document || column.name == "internal";
            if here.is_none() && !already {
                found(What::Unreadable, column.name);
            } else if vouched && !already && expected.is_some_and(|e| Some(e) != here) {
                found(What::ColumnAltered, column.name);
            }
        }
        self.remember(slot, row, documents, derived);
    }

    fn documents<'r>(&self, row: &'r RawRow, slot: usize) -> Documents<'r> {
        let vouched = |hashes: &Hashes, signed: u64| (slot as u64) < signed && slot < hashes.all.len();
        if self.tree == Tree::Accesses {
            let access = text(self.tree, row, "access");
            let leaf = access.map(|a| leaf_hash(a.as_bytes()));
            let read = access.and_then(|a| serde_json::from_str::<Access>(a).ok().map(|doc| (a, doc)));
            return Documents {
                leaf,
                internal: None,
                document_altered: vouched(self.leaves, self.leaves_signed)
                    && leaf.as_ref() != self.leaves.all.get(slot),
                internal_altered: false,
                terms_missing: false,
                expected: read.map(|(text, doc)| row::reading_cells(slot as u64, text, &doc)),
                internal_facts: None,
                ruling: None,
            };
        }
        let internal_text = text(self.tree, row, "internal");
        let internal = internal_text.map(row::internal_leaf);
        let internal_altered = self
            .internal
            .is_some_and(|file| vouched(file, self.internal_signed) && internal.as_ref() != file.all.get(slot));
        let facts = internal_text.and_then(|t| serde_json::from_str::<Internal>(t).ok());
        // The internal facts repeat the ciphertext hash, so that an altered column and an altered ruling differ.
        let column = text(self.tree, row, "ciphertext_hash");
        let ciphertext = match &facts {
            Some(facts) if !internal_altered => Some(facts.ciphertext.as_str()),
            _ => column,
        };
        let ciphertext = ciphertext.and_then(|hex| HEXLOWER.decode(hex.as_bytes()).ok());
        let ruling = text(self.tree, row, "ruling");
        let leaf = ruling.zip(ciphertext).map(|(ruling, hash)| row::release_leaf(ruling, &hash));
        let document_altered = vouched(self.leaves, self.leaves_signed) && leaf.as_ref() != self.leaves.all.get(slot);
        let doc = ruling.and_then(|r| serde_json::from_str::<RulingDoc>(r).ok());
        let grants = doc.as_ref().and_then(|doc| self.reader.grants(doc));
        let terms_missing = doc.is_some() && grants.is_none();
        let expected = match (ruling, &doc, &grants, internal_text, &facts) {
            (Some(ruling), Some(doc), Some(grants), Some(text), Some(facts)) => {
                let mut cells = row::accounting_cells(ruling, doc, grants, text, facts);
                // The leaf index is where the row was found; the facts say where it belongs.
                if internal_altered && let Some(first) = cells.first_mut() {
                    *first = Cell::Int(i64::try_from(slot).unwrap_or(i64::MAX));
                }
                Some(cells)
            }
            _ => None,
        };
        Documents {
            leaf,
            internal,
            document_altered,
            internal_altered,
            terms_missing,
            expected,
            internal_facts: facts,
            ruling,
        }
    }

    fn remember(&self, slot: usize, row: &RawRow, documents: Documents<'_>, derived: &mut Derived) {
        put(&mut derived.leaves, slot, documents.leaf.unwrap_or(UNREADABLE));
        if self.internal.is_some() {
            put(&mut derived.internal, slot, documents.internal.unwrap_or(UNREADABLE));
        }
        if let Some(facts) = &documents.internal_facts {
            derived.last_sequence = derived.last_sequence.max(facts.sequence);
        }
        if documents.ruling.is_none() {
            return;
        }
        let id = text(self.tree, row, "release_id").and_then(|id| id.parse().ok());
        let id = documents.internal_facts.as_ref().filter(|_| !documents.internal_altered).map(|f| f.release).or(id);
        // The file is the ledger: a view is compared with it and not with a row that may be altered.
        let leaf = self.leaves.all.get(slot).copied().or(documents.leaf);
        if let (Some(id), Some(leaf)) = (id, leaf) {
            let facts = documents.internal_facts.filter(|_| !documents.internal_altered);
            let ciphertext = facts.as_ref().and_then(|f| HEXLOWER.decode(f.ciphertext.as_bytes()).ok());
            let ciphertext = ciphertext.and_then(|hash| Hash::try_from(hash.as_slice()).ok());
            derived.releases.insert(id, Known { leaf, partner: facts.map(|f| f.partner), ciphertext });
        }
    }
}

fn put(hashes: &mut Vec<Option<Hash>>, slot: usize, hash: Hash) {
    if hashes.len() <= slot {
        hashes.resize(slot + 1, None);
    }
    if let Some(place) = hashes.get_mut(slot) {
        *place = Some(hash);
    }
}
