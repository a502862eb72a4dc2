//! After a crash the files may hold leaves the database does not stand for yet, or (after the loss of a folder)
//! fewer. The database decides; the last signed checkpoint must agree.

use std::path::Path;

use handoff_spine::store::Db;

use crate::LedgerError;
use crate::files::HashFile;
use crate::head::TreeHead;
use crate::lane::Grown;
use crate::merkle::Hash;
use crate::row::{self, Cell};
use crate::step::{Step, Steps};
use crate::store::{self, RawRow, Stored, Which};
use crate::tree::{Tree, file};

/// Rows read at once.
const PAGE: u32 = 1000;

type Recovered = (HashFile, Option<HashFile>, Grown);

pub(crate) async fn recover(
    tree: Tree,
    dir: &Path,
    db: &Db,
    stored: &Stored,
    signed: Option<&TreeHead>,
    steps: &dyn Steps,
) -> Result<Recovered, LedgerError> {
    let size = usize::try_from(stored.size).unwrap_or(usize::MAX);
    let (mut leaves, mut leaf_hashes) = HashFile::open(dir.join(file::LEAVES)).await?;
    leaf_hashes.truncate(size);
    leaves.keep(leaf_hashes.len() as u64).await?;
    let mut internal = None;
    if tree.has_internal() {
        let (mut opened, mut hashes) = HashFile::open(dir.join(file::INTERNAL)).await?;
        hashes.truncate(size);
        opened.keep(hashes.len() as u64).await?;
        internal = Some((opened, hashes));
    }
    steps.reached(Step::Cut)?;

    derive(tree, db, size, &mut leaves, &mut leaf_hashes, |row| leaf(tree, row)).await?;
    if let Some((file, hashes)) = &mut internal {
        derive(tree, db, size, file, hashes, |row| text(tree, row, "internal").map(row::internal_leaf)).await?;
    }
    steps.reached(Step::Derived)?;

    let (internal, internal_hashes) = internal.unzip();
    let mut grown = grow(tree, &leaf_hashes, internal_hashes.as_deref(), signed)?;
    grown.foreign = stored.foreign;
    let here = grown.stored();
    if here.root != stored.root {
        return Err(LedgerError::FilesDiffer { file: leaves.path().display().to_string() });
    }
    if here.internal_root != stored.internal_root {
        let file = internal.as_ref().map_or_else(String::new, |f| f.path().display().to_string());
        return Err(LedgerError::FilesDiffer { file });
    }
    Ok((leaves, internal, grown))
}

/// Appends the hashes that the file lacks, from the rows.
async fn derive(
    tree: Tree,
    db: &Db,
    size: usize,
    file: &mut HashFile,
    hashes: &mut Vec<Hash>,
    hash: impl Fn(&RawRow) -> Option<Hash>,
) -> Result<(), LedgerError> {
    let had = hashes.len();
    while hashes.len() < size {
        let from = i64::try_from(hashes.len()).unwrap_or(i64::MAX);
        let rows = store::rows(db, tree.table(), Which::From(from), PAGE).await?;
        let unreadable = || LedgerError::Unreadable { tree: tree.name() };
        if rows.is_empty() {
            return Err(unreadable());
        }
        for row in &rows {
            let next = i64::try_from(hashes.len()).unwrap_or(i64::MAX);
            if row.first() != Some(&Some(Cell::Int(next))) {
                return Err(unreadable());
            }
            hashes.push(hash(row).ok_or_else(unreadable)?);
        }
    }
    hashes.truncate(size);
    file.append(hashes.get(had..).unwrap_or_default()).await?;
    file.sync().await
}

fn grow(
    tree: Tree,
    leaves: &[Hash],
    internal: Option<&[Hash]>,
    signed: Option<&TreeHead>,
) -> Result<Grown, LedgerError> {
    let mut grown = Grown::empty(tree);
    let as_signed = |grown: &Grown| match signed {
        Some(s) if !grown.bears_out(s) => Err(LedgerError::NotAsSigned { tree: tree.name(), size: s.size }),
        _ => Ok(()),
    };
    as_signed(&grown)?;
    let mut rows = internal.unwrap_or_default().iter();
    for leaf in leaves {
        grown.leaves.push(*leaf);
        if let (Some(internal), Some(row)) = (&mut grown.internal, rows.next()) {
            internal.push(*row);
        }
        as_signed(&grown)?;
    }
    Ok(grown)
}

/// The leaf hash that a row says it has.
pub(crate) fn leaf(tree: Tree, row: &RawRow) -> Option<Hash> {
    match tree {
        Tree::Releases => {
            let ciphertext = text(tree, row, "ciphertext_hash")?;
            let ciphertext = data_encoding::HEXLOWER.decode(ciphertext.as_bytes()).ok()?;
            Some(row::release_leaf(text(tree, row, "ruling")?, &ciphertext))
        }
        Tree::Accesses => text(tree, row, "access").map(|t| crate::merkle::leaf_hash(t.as_bytes())),
    }
}

/// The text in a column, where it can be read.
pub(crate) fn text<'a>(tree: Tree, row: &'a RawRow, column: &str) -> Option<&'a str> {
    match row.get(tree.table().position(column)?)? {
        Some(Cell::Text(text)) => Some(text),
        _ => None,
    }
}
