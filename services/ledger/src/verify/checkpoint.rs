use std::path::Path;

use super::{Hashes, Key, KeyFrom, Place, Report, What};
use crate::LedgerError;
use crate::files;
use crate::head::TreeHead;
use crate::merkle::Hash;
use crate::note::{NoteError, Verifier};
use crate::tree::{Tree, file};

/// The signed head, where there is a right one, and the key it was checked with.
pub(super) struct Signed {
    pub head: Option<TreeHead>,
    pub key: Option<Key>,
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
    let Some((verifier, from)) = verifier(dir, tree, trusted, is_new, report).await? else {
        return Ok(Signed { head: None, key: None });
    };
    let key = Some(Key { verifier: verifier.to_string(), from });
    let path = dir.join(file::CHECKPOINT);
    let place = |offset| Place::File { file: path.display().to_string(), offset, leaf: None };
    let Some(bytes) = files::read(&path).await? else {
        if !is_new {
            report.add(What::Checkpoint, place(0));
        }
        return Ok(Signed { head: None, key });
    };
    let note = std::str::from_utf8(&bytes).ok();
    let head = note.and_then(|note| verifier.open(note).ok()).and_then(|text| TreeHead::parse(text).ok());
    match head {
        Some(head) if head.origin == verifier.name() && head.rows.is_some() == tree.has_internal() => {
            Ok(Signed { head: Some(head), key })
        }
        _ => {
            let offset = first_wrong(&bytes, &verifier, leaves, internal, size);
            report.add(What::Checkpoint, place(offset));
            Ok(Signed { head: None, key })
        }
    }
}

/// The key that lies in a tree's folder, as far as it is one.
pub(super) async fn beside(dir: &Path) -> Result<Option<Result<Verifier, NoteError>>, LedgerError> {
    let Some(bytes) = files::read(&dir.join(file::VERIFIER)).await? else { return Ok(None) };
    let text = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_suffix('\n'));
    Ok(Some(text.ok_or(NoteError::Verifier).and_then(str::parse::<Verifier>)))
}

async fn verifier(
    dir: &Path,
    tree: Tree,
    trusted: &[Verifier],
    is_new: bool,
    report: &mut Report,
) -> Result<Option<(Verifier, KeyFrom)>, LedgerError> {
    let beside = beside(dir).await?;
    let awaited = beside.is_none() && is_new;
    let beside = beside.and_then(Result::ok);
    let known = trusted.iter().find(|v| Tree::of(v) == Some(tree));
    if !awaited && (beside.is_none() || known.is_some_and(|known| beside.as_ref() != Some(known))) {
        let file = dir.join(file::VERIFIER).display().to_string();
        report.add(What::Verifier, Place::File { file, offset: 0, leaf: None });
    }
    let given = known.map(|known| (known.clone(), KeyFrom::Given));
    Ok(given.or(beside.map(|beside| (beside, KeyFrom::Folder))))
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
