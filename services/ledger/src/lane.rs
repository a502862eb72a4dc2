//! One tree on its way from stream to leaves, rows and signature. No broker here: messages come in, in order.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use handoff_schemas::LogTime;
use handoff_spine::log::{Checkpoint, LogError, Regression};
use handoff_spine::release::{Batch, Terms, TermsId};
use handoff_spine::store::Db;

use crate::files::{self, HashFile};
use crate::head::TreeHead;
use crate::merkle::Frontier;
use crate::note::{Signer, Verifier};
use crate::row::{self, Cell, NewLeaf};
use crate::step::{Step, Steps};
use crate::store::{self, Stored};
use crate::tree::{Tree, file};
use crate::{LedgerError, recover};

/// Ids remembered; then all are forgotten.
const MOST_KNOWN: usize = 10_000;

/// One message of the tree's stream, opened.
#[derive(Clone)]
pub struct Message {
    pub seq: u64,
    /// SHA-256 of the body as stored on the stream.
    pub hash: [u8; 32],
    pub stored: LogTime,
    /// Whether somebody entitled wrote it: what nobody did has its place in the stream, and no leaf.
    pub published: bool,
    pub body: Vec<u8>,
}

/// The tree as appended so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grown {
    pub leaves: Frontier,
    pub internal: Option<Frontier>,
    /// Messages of ACCESS that are no leaves, since nobody entitled published them. Of RELEASES none are counted: its
    /// messages and its leaves need not be as many.
    pub foreign: u64,
}

impl Grown {
    pub fn empty(tree: Tree) -> Self {
        Self { leaves: Frontier::default(), internal: tree.has_internal().then(Frontier::default), foreign: 0 }
    }

    pub fn stored(&self) -> Stored {
        Stored {
            size: self.leaves.size(),
            foreign: self.foreign,
            root: self.leaves.root(),
            internal_root: self.internal.as_ref().map(Frontier::root),
        }
    }

    /// Whether this is the tree that was signed, where it has come to that size.
    pub fn bears_out(&self, signed: &TreeHead) -> bool {
        let here = self.stored();
        here.size != signed.size || (here.root == signed.root && here.internal_root == signed.rows)
    }
}

/// Everything one tree needs; the process's only writer of it.
pub struct Lane {
    tree: Tree,
    dir: PathBuf,
    db: Db,
    leaves: HashFile,
    internal: Option<HashFile>,
    grown: Grown,
    checkpoint: Checkpoint,
    /// The last signed head: what every rebuild must reproduce before anything more is signed.
    signed: Option<TreeHead>,
    steps: Arc<dyn Steps>,
    /// Terms that this lane has committed: most rulings name no others.
    known: HashSet<TermsId>,
}

impl Lane {
    /// Opens the tree under `dir` (its own folder), after repairing what a crash left unfinished.
    ///
    /// # Errors
    /// [`LedgerError`] where files, rows and signature cannot be of one history.
    pub async fn open(
        tree: Tree,
        dir: &Path,
        db: Db,
        verifier: &Verifier,
        steps: Arc<dyn Steps>,
    ) -> Result<Self, LedgerError> {
        files::make_dir(dir).await?;
        let signed = signed(dir, verifier).await?;
        files::replace(&dir.join(file::VERIFIER), format!("{verifier}\n").as_bytes(), || Ok(())).await?;
        let (checkpoint, stored) = store::state(&db, tree).await?;
        let recovered = recover::recover(tree, dir, &db, &stored, signed.as_ref(), &*steps).await?;
        let (leaves, internal, grown) = recovered;
        Ok(Self {
            tree,
            dir: dir.to_owned(),
            db,
            leaves,
            internal,
            grown,
            checkpoint,
            signed,
            steps,
            known: HashSet::new(),
        })
    }

    /// The message to read next, minus one.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The folder it lives in.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What may be signed now; none while a rebuild has not come to the last signed size.
    #[must_use]
    pub fn head(&self, origin: &str) -> Option<TreeHead> {
        let here = self.grown.stored();
        let behind = self.signed.as_ref().is_some_and(|s| s.size > here.size);
        (!behind).then(|| TreeHead {
            origin: origin.to_owned(),
            size: here.size,
            root: here.root,
            rows: here.internal_root,
        })
    }

    /// Takes in the next messages: leaves durable in the files, then rows and checkpoint in one transaction.
    ///
    /// Consumes the lane, so that after a failure only [`Lane::open`] leads on.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing or everything of `messages` is in the database then.
    pub async fn integrate(mut self, messages: &[Message]) -> Result<Self, LedgerError> {
        let Some(checkpoint) = self.follow_on(messages)? else { return Ok(self) };
        let before = self.grown.leaves.size();
        let (new, terms) = self.plan(messages)?;
        self.steps.reached(Step::Planned)?;

        if !new.is_empty() {
            let leaves: Vec<_> = new.iter().map(|l| l.leaf).collect();
            self.leaves.append(&leaves).await?;
            if let Some(internal) = &mut self.internal {
                let hashes: Vec<_> = new.iter().filter_map(|l| l.row).collect();
                internal.append(&hashes).await?;
            }
            self.steps.reached(Step::LeavesWritten)?;
            let internal = async {
                match &self.internal {
                    Some(internal) => internal.sync().await,
                    None => Ok(()),
                }
            };
            tokio::try_join!(self.leaves.sync(), internal)?;
        }
        self.steps.reached(Step::LeavesSynced)?;

        let mut tx = self.db.begin().await?;
        let rows: Vec<Vec<Cell>> = new.into_iter().map(|l| l.cells).collect();
        store::insert(&mut tx, self.tree.table(), &rows).await?;
        store::keep_terms(&mut tx, &terms).await?;
        self.steps.reached(Step::RowsWritten)?;
        store::grow(&mut tx, self.tree, before, &self.grown.stored()).await?;
        tx.set_checkpoint(self.tree.stream(), &checkpoint).await?;
        self.steps.reached(Step::CheckpointMoved)?;
        tx.commit().await?;
        self.steps.reached(Step::Committed)?;
        if self.known.len() > MOST_KNOWN {
            self.known.clear();
        }
        self.known.extend(terms.iter().map(|(id, _)| *id));
        self.checkpoint = checkpoint;
        Ok(self)
    }

    /// The checkpoint after these messages; none where there are none. Streams of the ledger refuse deletes, so a
    /// missing sequence is a damaged log.
    fn follow_on(&self, messages: &[Message]) -> Result<Option<Checkpoint>, LedgerError> {
        let mut at = self.checkpoint;
        for message in messages {
            if message.seq != at.seq + 1 {
                let hole =
                    Regression::Hole { stream: self.tree.stream().to_owned(), expected: at.seq + 1, got: message.seq };
                return Err(LogError::from(hole).into());
            }
            at = Checkpoint { seq: message.seq, hash: message.hash, at: at.at.advance(message.stored) };
        }
        Ok((!messages.is_empty()).then_some(at))
    }

    fn plan(&mut self, messages: &[Message]) -> Result<(Vec<NewLeaf>, Terms), LedgerError> {
        let (mut new, mut terms) = (Vec::new(), Terms::default());
        if self.tree == Tree::Accesses {
            self.grown.foreign += messages.iter().map(|m| u64::from(!m.published)).sum::<u64>();
        }
        for message in messages.iter().filter(|m| m.published) {
            let (stream, seq) = (self.tree.stream(), message.seq);
            let unknown = |()| LedgerError::Unknown { stream, seq };
            match self.tree {
                Tree::Releases => {
                    let batch: Batch = serde_json::from_slice(&message.body).map_err(|_| unknown(()))?;
                    let reader = row::Reader::of(&batch.terms);
                    for ruled in &batch.ruled {
                        let size = self.grown.leaves.size();
                        if let Some(leaf) = row::release_leaf_of(ruled, &reader, size, seq).map_err(unknown)? {
                            self.grow(&leaf)?;
                            new.push(leaf);
                        }
                    }
                    terms.extend(batch.terms.into_iter().filter(|(id, _)| !self.known.contains(id)));
                }
                Tree::Accesses => {
                    let size = self.grown.leaves.size();
                    let leaf = row::access_leaf_of(&message.body, size).map_err(unknown)?;
                    self.grow(&leaf)?;
                    new.push(leaf);
                }
            }
        }
        Ok((new, terms))
    }

    fn grow(&mut self, leaf: &NewLeaf) -> Result<(), LedgerError> {
        self.grown.leaves.push(leaf.leaf);
        if let (Some(internal), Some(row)) = (&mut self.grown.internal, leaf.row) {
            internal.push(row);
        }
        match &self.signed {
            Some(signed) if !self.grown.bears_out(signed) => {
                Err(LedgerError::NotAsSigned { tree: self.tree.name(), size: signed.size })
            }
            _ => Ok(()),
        }
    }
}

/// The last signed head of this folder.
async fn signed(dir: &Path, verifier: &Verifier) -> Result<Option<TreeHead>, LedgerError> {
    let path = dir.join(file::CHECKPOINT);
    let Some(bytes) = files::read(&path).await? else { return Ok(None) };
    let bad = |cause| LedgerError::BadCheckpoint { file: path.display().to_string(), cause };
    let note = std::str::from_utf8(&bytes).map_err(|_| bad(crate::note::NoteError::Malformed))?;
    let head = verifier.open(note).and_then(TreeHead::parse).map_err(bad)?;
    if head.origin == verifier.name() { Ok(Some(head)) } else { Err(bad(crate::note::NoteError::Malformed)) }
}

/// Signs a head and puts it in place of the folder's last checkpoint.
///
/// # Errors
/// [`LedgerError::Name`], [`LedgerError::File`].
pub async fn sign(dir: &Path, signer: &Signer, head: &TreeHead, steps: &dyn Steps) -> Result<(), LedgerError> {
    let name = || signer.verifier().name().to_owned();
    let note = signer.sign(&head.text()).map_err(|cause| LedgerError::Name { name: name(), cause })?;
    files::replace(&dir.join(file::CHECKPOINT), note.as_bytes(), || steps.reached(Step::Signed)).await?;
    steps.reached(Step::Replaced)
}
