use std::path::Path;

use super::{Hashes, Place, Report, What};
use crate::LedgerError;
use crate::files;
use crate::head::TreeHead;
use crate::merkle::Hash;
use crate::note::Verifier;
use crate::tree::{Tree, file};

/// The signed head, where there is a right one.
pub(super) struct Signed {
    pub head: Option<TreeHead>,
}

impl Signed {
    pub fn leaves(&self) -> Option<(u64, Hash)> {
        self.head.as_ref().map(|h| (h.size, h.root))
    }

    pub fn internal(&self) -> Option<(u64, Hash)> {
        self.head.as_ref().and_then(|h| Some((h.size, h.rows?)))
    }
}

/// Reads and checks key and checkpoint of one tree.
pub(super) async fn read(
    dir: &Path,
    tree: Tree,
    trusted: &[Verifier],
    leaves: &Hashes,
    internal: Option<&Hashes>,
    size: u64,
    report: &mut Report,
) -> Result<Signed, LedgerError> {
    // A ledger that holds nothing may not have been signed yet.
    let is_new = size == 0;
    let Some(verifier) = verifier(dir, tree, trusted, is_new, report).await? else {
        return Ok(Signed { head: None });
    };
    let path = dir.join(file::CHECKPOINT);
    let place = |offset| Place::File { file: path.display().to_string(), offset, leaf: None };
    let Some(bytes) = files::read(&path).await? else {
        if !is_new {
            report.add(What::Checkpoint, place(0));
        }
        return Ok(Signed { head: None });
    };
    let note = std::str::from_utf8(&bytes).ok();
    let head = note.and_then(|note| verifier.open(note).ok()).and_then(|text| TreeHead::parse(text).ok());
    match head {
        Some(head) if head.origin == verifier.name() && head.rows.is_some() == tree.has_internal() => {
            Ok(Signed { head: Some(head) })
        }
        _ => {
            let offset = first_wrong(&bytes, &verifier, leaves, internal, size);
            report.add(What::Checkpoint, place(offset));
            Ok(Signed { head: None })
        }
    }
}

async fn verifier(
    dir: &Path,
    tree: Tree,
    trusted: &[Verifier],
    is_new: bool,
    report: &mut Report,
) -> Result<Option<Verifier>, LedgerError> {
    let path = dir.join(file::VERIFIER);
    let bytes = files::read(&path).await?;
    let text = bytes.as_deref().and_then(|b| std::str::from_utf8(b).ok());
    let beside: Option<Verifier> = text.and_then(|t| t.strip_suffix('\n')).and_then(|t| t.parse().ok());
    // A key is of this tree where its name ends so: `<origin>/releases`.
    let known = trusted.iter().find(|v| v.name().rsplit('/').next() == Some(tree.name()));
    let awaited = bytes.is_none() && is_new;
    if !awaited && (beside.is_none() || known.is_some_and(|known| beside.as_ref() != Some(known))) {
        report.add(What::Verifier, Place::File { file: path.display().to_string(), offset: 0, leaf: None });
    }
    Ok(known.cloned().or(beside))
}

/// Where a checkpoint that does not verify first differs from what the files say it should be.
fn first_wrong(note: &[u8], verifier: &Verifier, leaves: &Hashes, internal: Option<&Hashes>, size: u64) -> u64 {
    let said = note.split(|b| *b == b'\n').nth(1).and_then(|line| std::str::from_utf8(line).ok()?.parse().ok());
    let text = |size: u64| {
        let rows = internal.map(|i| i.root_at(size));
        let (root, rows) = (leaves.root_at(size)?, rows.map_or(Some(None), |r| r.map(Some))?);
        Some(TreeHead { origin: verifier.name().to_owned(), size, root, rows }.text().into_bytes())
    };
    // Of the size it states and the size there is, the likelier is the one with less to explain.
    let candidates = [said, Some(size)].into_iter().flatten().filter_map(text);
    let unequal = |text: &Vec<u8>| text.iter().zip(note).filter(|(a, b)| a != b).count();
    let Some(expected) = candidates.min_by_key(unequal) else { return 0 };
    let same = expected.iter().zip(note).take_while(|(a, b)| a == b).count();
    same as u64
}
