//! The ledger checked, then a copy of it with one byte flipped.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use handoff::session::Session;
use handoff_ledger::Lookup;
use handoff_spine::store::{DbName, Store};

use crate::verbs::ledger;

/// The ledger as it stands.
pub struct Sound {
    /// Releases and accesses.
    pub entries: u64,
    pub view_rows: u64,
    pub verified: bool,
}

/// What the check said of the copy.
pub struct Tamper {
    pub found: bool,
    pub place: String,
}

/// Recomputes every leaf, row and signature.
///
/// # Errors
/// The ledger's.
pub async fn verify(session: &Session) -> Result<Sound> {
    let db = session.store.open(&DbName::Ledger).await?;
    let counts = Lookup::new(db, &session.data).await?.counts().await?;
    let report = ledger::check(&session.data, &session.store, true, &[]).await?;
    Ok(Sound { entries: counts.releases + counts.accesses, view_rows: report.views, verified: report.is_sound() })
}

/// Copies the ledger, flips one bit of one byte in the middle of its leaves, and checks the copy.
///
/// # Errors
/// HO-9037 where the copy cannot be made; HO-9039 where the flip is not found.
pub async fn tamper(session: &Session) -> Result<Tamper> {
    let copy = tempfile::tempdir().context("HO-9037 no temporary folder can be made")?;
    copy_folder(&session.data.join(handoff_ledger::FOLDER), &copy.path().join(handoff_ledger::FOLDER))?;
    copy_folder(&session.data.join("db"), &copy.path().join("db"))?;
    let store = Store::sqlite(copy.path().join("db"));
    let leaves = copy.path().join(handoff_ledger::FOLDER).join("releases").join("leaves");
    flip(&leaves)?;
    let report = ledger::check(copy.path(), &store, true, &[]).await;
    store.close().await;
    let report = report?;
    let Some(found) = report.found().next() else {
        bail!("HO-9039 one byte of the ledger was altered and the check did not find it: report this");
    };
    // The temporary folder's name says nothing to a reader.
    let place = found.to_string().replace(&format!("{}/", copy.path().display()), "");
    Ok(Tamper { found: true, place })
}

fn flip(file: &Path) -> Result<()> {
    let mut bytes = std::fs::read(file).with_context(|| format!("HO-9037 {} cannot be read", file.display()))?;
    let middle = bytes.len() / 2;
    let Some(byte) = bytes.get_mut(middle) else { bail!("HO-9037 the ledger has no leaves yet") };
    *byte ^= 1;
    std::fs::write(file, bytes).with_context(|| format!("HO-9037 {} cannot be written", file.display()))
}

/// Copies a folder's files; keys stay where they are, the check needs none.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let failed = |path: &Path| format!("HO-9037 {} cannot be copied", path.display());
    std::fs::create_dir_all(to).with_context(|| failed(to))?;
    for entry in std::fs::read_dir(from).with_context(|| failed(from))? {
        let entry = entry?;
        let (path, target): (PathBuf, PathBuf) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_folder(&path, &target)?;
        } else if !entry.file_name().to_string_lossy().starts_with("keys") {
            std::fs::copy(&path, &target).with_context(|| failed(&path))?;
        }
    }
    Ok(())
}
