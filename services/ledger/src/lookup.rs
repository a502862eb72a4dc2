//! Reading the ledger: for `handoff explain`, the privacy officer, and proofs to outsiders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use handoff_schemas::{EventId, PersonId, ReleaseId};
use handoff_spine::release::{RulingDoc, TermsId};
use handoff_spine::store::{Db, StoreError};
use serde::Serialize;

use crate::LedgerError;
use crate::files;
use crate::merkle::{self, Hash};
use crate::recover::text;
use crate::row::{Accounting, Cell, Reading};
use crate::store::{self, RawRow, Which};
use crate::tree::{Tree, file};

/// Most rows one question answers with.
const MOST: u32 = 10_000;

/// Questions to the ledger; needs no broker and no running hub.
#[derive(Clone, Debug)]
pub struct Lookup {
    db: Db,
    dir: PathBuf,
}

/// How much the ledger holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub releases: u64,
    pub accesses: u64,
    /// Last integrated sequences of `RELEASES` and `ACCESS`.
    pub releases_sequence: u64,
    pub accesses_sequence: u64,
}

/// Shows that a release is on the ledger, to somebody who holds only a signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub leaf: u64,
    pub leaf_hash: Hash,
    /// Size and root that the path leads to: those of the signed checkpoint.
    pub size: u64,
    pub path: Vec<Hash>,
    /// The signed note.
    pub checkpoint: String,
}

impl Lookup {
    /// `data` is the hub's data folder.
    ///
    /// # Errors
    /// [`StoreError`] where the tables cannot be made.
    pub async fn new(db: Db, data: &Path) -> Result<Self, StoreError> {
        store::migrate(&db).await?;
        Ok(Self { db, dir: data.join(crate::FOLDER) })
    }

    /// The row of one release; none where the ledger does not hold it.
    ///
    /// # Errors
    /// [`LedgerError::Store`], [`LedgerError::Unreadable`].
    pub async fn by_release(&self, id: ReleaseId) -> Result<Option<Accounting>, LedgerError> {
        Ok(self.accounting(Which::Where("release_id", &id.to_string()), 1).await?.pop())
    }

    /// All releases about a person as known when they were ruled, newest first. A linked person has more ids.
    ///
    /// # Errors
    /// As [`Lookup::by_release`].
    pub async fn for_person(&self, person: PersonId) -> Result<Vec<Accounting>, LedgerError> {
        self.accounting(Which::Where("person", &person.to_string()), MOST).await
    }

    /// All releases of one event, to every recipient, newest first.
    ///
    /// # Errors
    /// As [`Lookup::by_release`].
    pub async fn for_event(&self, event: EventId) -> Result<Vec<Accounting>, LedgerError> {
        self.accounting(Which::Where("event_id", &event.to_string()), MOST).await
    }

    /// The newest releases, newest first.
    ///
    /// # Errors
    /// As [`Lookup::by_release`].
    pub async fn last(&self, n: u32) -> Result<Vec<Accounting>, LedgerError> {
        self.accounting(Which::Last, n.min(MOST)).await
    }

    /// The newest accesses, newest first.
    ///
    /// # Errors
    /// As [`Lookup::by_release`].
    pub async fn last_readings(&self, n: u32) -> Result<Vec<Reading>, LedgerError> {
        self.readings(Which::Last, n.min(MOST)).await
    }

    /// Who was handed this release, newest first. Looks at every access.
    ///
    /// # Errors
    /// As [`Lookup::by_release`].
    pub async fn readings_of(&self, id: ReleaseId) -> Result<Vec<Reading>, LedgerError> {
        self.readings(Which::Containing("releases", &id.to_string()), MOST).await
    }

    /// # Errors
    /// [`LedgerError::Store`].
    pub async fn counts(&self) -> Result<Counts, LedgerError> {
        let (releases, tree) = store::state(&self.db, Tree::Releases).await?;
        let (accesses, reads) = store::state(&self.db, Tree::Accesses).await?;
        Ok(Counts {
            releases: tree.size,
            accesses: reads.size,
            releases_sequence: releases.seq,
            accesses_sequence: accesses.seq,
        })
    }

    /// An inclusion proof against the signed checkpoint; none where the release is not under it (yet).
    ///
    /// # Errors
    /// As [`Lookup::by_release`]; [`LedgerError::File`].
    pub async fn proof(&self, id: ReleaseId) -> Result<Option<Proof>, LedgerError> {
        let Some(row) = self.by_release(id).await? else { return Ok(None) };
        let dir = self.dir.join(Tree::Releases.name());
        let Some(checkpoint) = files::read(&dir.join(file::CHECKPOINT)).await? else { return Ok(None) };
        let Ok(checkpoint) = String::from_utf8(checkpoint) else { return Ok(None) };
        let signed = checkpoint.rsplit_once("\n\n").map(|(text, _)| format!("{text}\n"));
        let Some(Ok(head)) = signed.map(|text| crate::TreeHead::parse(&text)) else { return Ok(None) };
        let bytes = files::read(&dir.join(file::LEAVES)).await?.unwrap_or_default();
        let (leaves, _) = files::hashes(&bytes);
        let under = leaves.get(..usize::try_from(head.size).unwrap_or(usize::MAX));
        let found = under.and_then(|under| {
            let leaf_hash = *under.get(usize::try_from(row.leaf).ok()?)?;
            let path = merkle::inclusion(under, row.leaf)?;
            Some(Proof { leaf: row.leaf, leaf_hash, size: head.size, path, checkpoint })
        });
        Ok(found)
    }

    async fn accounting(&self, which: Which<'_>, limit: u32) -> Result<Vec<Accounting>, LedgerError> {
        let tree = Tree::Releases;
        let rows = store::rows(&self.db, tree.table(), which, limit).await?;
        let named = rows.iter().filter_map(|row| text(tree, row, "ruling")).flat_map(named).collect::<BTreeSet<_>>();
        let terms = store::terms(&self.db, named).await?;
        let read = |row: &RawRow| {
            Accounting::read(leaf(row)?, text(tree, row, "ruling")?, text(tree, row, "internal")?, &terms)
        };
        rows.iter().map(|row| read(row).ok_or(LedgerError::Unreadable { tree: tree.name() })).collect()
    }

    async fn readings(&self, which: Which<'_>, limit: u32) -> Result<Vec<Reading>, LedgerError> {
        let tree = Tree::Accesses;
        let rows = store::rows(&self.db, tree.table(), which, limit).await?;
        let read = |row: &RawRow| {
            let access = serde_json::from_str(text(tree, row, "access")?).ok()?;
            Some(Reading { leaf: leaf(row)?, access })
        };
        rows.iter().map(|row| read(row).ok_or(LedgerError::Unreadable { tree: tree.name() })).collect()
    }
}

/// The terms that a ruling names; none where it is no ruling.
fn named(ruling: &str) -> Vec<TermsId> {
    let doc = serde_json::from_str::<RulingDoc>(ruling).ok();
    doc.into_iter().flat_map(|doc| doc.slices).map(|slice| slice.terms).collect()
}

fn leaf(row: &RawRow) -> Option<u64> {
    match row.first()? {
        Some(Cell::Int(n)) => u64::try_from(*n).ok(),
        _ => None,
    }
}
