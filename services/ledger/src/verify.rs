//! The offline check: files and databases against each other and against the signature. No broker, no running hub.

mod checkpoint;
mod report;
mod rows;
mod views;

use std::path::Path;

use handoff_spine::store::Db;

use crate::LedgerError;
use crate::files::{self, WIDTH};
use crate::merkle::{Frontier, Hash};
use crate::note::Verifier;
use crate::store;
use crate::tree::{Tree, file};

pub use report::{Finding, Key, KeyFrom, Place, Report, TreeReport, What};
pub use views::{NoViews, ViewRows, Views};

use rows::Derived;

/// Checks everything. `data` is the hub's data folder; `trusted` the verifier keys an outsider wrote down before
/// (none: those that lie beside the checkpoints, which an intruder could have exchanged together with them).
///
/// # Errors
/// [`LedgerError::File`] where a file is there and cannot be read, [`LedgerError::Store`] where the database cannot even
/// be opened; everything else is a finding.
pub async fn verify(data: &Path, db: &Db, views: impl ViewRows, trusted: &[Verifier]) -> Result<Report, LedgerError> {
    store::migrate(db).await?;
    let mut report = Report::default();
    if !store::is_intact(db).await.unwrap_or(false) {
        report.add(What::Unreadable, row_place("ledger database", None, "pages and indexes"));
    }
    let mut releases = None;
    for tree in Tree::ALL {
        let derived = verify_tree(tree, &data.join(crate::FOLDER).join(tree.name()), db, trusted, &mut report).await?;
        if tree == Tree::Releases {
            releases = Some(derived);
        }
    }
    if let Some(releases) = releases {
        views::compare(views, &releases, &mut report).await;
    }
    Ok(report)
}

/// The verifier keys that lie beside the checkpoints, for whoever hands them to outsiders; none where a tree has no key
/// that can be read.
///
/// # Errors
/// [`LedgerError::File`].
pub async fn keys(data: &Path) -> Result<Vec<(Tree, Option<Verifier>)>, LedgerError> {
    let mut keys = Vec::with_capacity(Tree::ALL.len());
    for tree in Tree::ALL {
        let beside = checkpoint::beside(&data.join(crate::FOLDER).join(tree.name())).await?;
        keys.push((tree, beside.and_then(Result::ok)));
    }
    Ok(keys)
}

async fn verify_tree(
    tree: Tree,
    dir: &Path,
    db: &Db,
    trusted: &[Verifier],
    report: &mut Report,
) -> Result<Derived, LedgerError> {
    let leaves = Hashes::read(dir, file::LEAVES).await?;
    let internal = if tree.has_internal() { Some(Hashes::read(dir, file::INTERNAL).await?) } else { None };
    let stored = match store::state(db, tree).await {
        Ok((checkpoint, stored)) => Some((checkpoint, stored)),
        Err(_) => {
            report.add(What::Unreadable, row_place("tree", None, "size"));
            None
        }
    };
    let size = stored.as_ref().map_or(leaves.all.len() as u64, |(_, s)| s.size);
    let signed = checkpoint::read(dir, tree, trusted, &leaves, internal.as_ref(), size, report).await?;

    let derived = rows::derive(tree, db, &leaves, internal.as_ref(), &signed, report).await;
    // Where the stored size itself is altered, its root judges nothing.
    let database = stored.as_ref().filter(|(_, s)| s.size == derived.rows).map(|(_, s)| s);
    let root = database.map(|s| (s.size, s.root));
    compare(tree, Side::Leaves, &leaves, &derived.leaves, signed.leaves(), root, report);
    if let Some(internal) = &internal {
        let root = database.and_then(|s| Some((s.size, s.internal_root?)));
        compare(tree, Side::Internal, internal, &derived.internal, signed.internal(), root, report);
    }
    if let Some((checkpoint, stored)) = &stored {
        if stored.size != derived.rows && derived.rows == leaves.all.len() as u64 {
            report.add(What::ColumnAltered, row_place("tree", None, "size"));
        }
        // Every message of ACCESS is one leaf, or a foreign one; one of RELEASES is none, one or many.
        let behind = checkpoint.seq < derived.last_sequence;
        if behind || (tree == Tree::Accesses && checkpoint.seq != stored.size.saturating_add(stored.foreign)) {
            report.add(What::ColumnAltered, row_place("checkpoint", None, "sequence"));
        }
        if tree == Tree::Releases && stored.foreign != 0 {
            report.add(What::ColumnAltered, row_place("tree", None, "foreign_messages"));
        }
    }
    let (head, key) = (signed.head, signed.key);
    report.trees.push(TreeReport { tree, leaves: leaves.all.len() as u64, rows: derived.rows, signed: head, key });
    Ok(derived)
}

/// A file of hashes as it lies there.
pub(super) struct Hashes {
    file: String,
    all: Vec<Hash>,
    torn: usize,
}

impl Hashes {
    async fn read(dir: &Path, name: &str) -> Result<Self, LedgerError> {
        let path = dir.join(name);
        let bytes = files::read(&path).await?.unwrap_or_default();
        let (all, torn) = files::hashes(&bytes);
        Ok(Self { file: path.display().to_string(), all, torn })
    }

    fn root_at(&self, size: u64) -> Option<Hash> {
        root_at(self.all.iter().map(Some), size)
    }

    fn place(&self, leaf: u64) -> Place {
        Place::File { file: self.file.clone(), offset: leaf * WIDTH, leaf: Some(leaf) }
    }
}

fn root_at<'a>(hashes: impl Iterator<Item = Option<&'a Hash>>, size: u64) -> Option<Hash> {
    let mut tree = Frontier::default();
    let count = usize::try_from(size).ok()?;
    for hash in hashes.take(count) {
        tree.push(*hash?);
    }
    (tree.size() == size).then(|| tree.root())
}

/// Which of a row's documents the hashes are of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Leaves,
    Internal,
}

impl Side {
    const fn column(self, tree: Tree) -> &'static str {
        match (self, tree) {
            (Self::Internal, _) => "internal",
            (Self::Leaves, Tree::Releases) => "ruling",
            (Self::Leaves, Tree::Accesses) => "access",
        }
    }

    const fn root(self) -> &'static str {
        match self {
            Self::Leaves => "root",
            Self::Internal => "internal_root",
        }
    }
}

/// Who can say what is right for a leaf: the signature as far as it reaches, then the database's own root.
#[derive(Clone, Copy)]
struct Authority {
    size: u64,
    is_signature: bool,
    file_agrees: bool,
    rows_agree: bool,
}

/// Compares stored with derived hashes, and says of each difference which side was altered.
fn compare(
    tree: Tree,
    side: Side,
    stored: &Hashes,
    derived: &[Option<Hash>],
    signed: Option<(u64, Hash)>,
    database: Option<(u64, Hash)>,
    report: &mut Report,
) {
    let authority = |is_signature: bool, (size, root): (u64, Hash)| Authority {
        size,
        is_signature,
        file_agrees: stored.root_at(size) == Some(root),
        rows_agree: root_at(derived.iter().map(Option::as_ref), size) == Some(root),
    };
    let signed = signed.map(|s| authority(true, s));
    let database = database.map(|s| authority(false, s));
    let judges = [signed, database];
    let known = judges.iter().flatten().map(|a| a.size).max().unwrap_or(0);
    let table = tree.table().name;
    let longest = stored.all.len().max(derived.len());
    let mut differences = 0;
    for at in 0..longest {
        let leaf = at as u64;
        let (file, row) = (stored.all.get(at), derived.get(at).and_then(Option::as_ref));
        if file == row {
            continue;
        }
        differences += 1;
        let judge = judges.iter().flatten().find(|a| a.size > leaf);
        let file_agrees = judge.is_some_and(|a| a.file_agrees);
        let rows_agree = judge.is_some_and(|a| a.rows_agree);
        match (file, row) {
            (Some(_), None) if leaf >= known => report.add(What::Unfinished, stored.place(leaf)),
            (Some(_), None) => report.add(What::LeafWithoutRow, row_place(table, Some(leaf), "leaf_index")),
            (None, _) if rows_agree => report.add(What::FileAltered, stored.place(leaf)),
            (None, _) => report.add(What::RowWithoutLeaf, row_place(table, Some(leaf), "leaf_index")),
            (Some(_), Some(_)) => {
                if !file_agrees {
                    report.add(What::FileAltered, stored.place(leaf));
                }
                // Where the signature vouches for the file, `rows::derive` has named the column already.
                let named = file_agrees && judge.is_some_and(|a| a.is_signature);
                if !rows_agree && !named {
                    report.add(What::ColumnAltered, row_place(table, Some(leaf), side.column(tree)));
                }
            }
        }
    }
    if stored.torn > 0 {
        let leaf = stored.all.len() as u64;
        report.add(if leaf >= known { What::Unfinished } else { What::FileAltered }, stored.place(leaf));
    }
    if differences == 0 {
        if signed.is_some_and(|a| !a.file_agrees) {
            report.add(What::HistoryRewritten, Place::File { file: stored.file.clone(), offset: 0, leaf: None });
        }
        if database.is_some_and(|a| !a.file_agrees) {
            report.add(What::ColumnAltered, row_place("tree", None, side.root()));
        }
    }
}

fn row_place(table: &'static str, leaf: Option<u64>, column: &'static str) -> Place {
    let leaf = leaf.map(|l| i64::try_from(l).unwrap_or(i64::MAX));
    Place::Row { table, leaf, release: None, column }
}
