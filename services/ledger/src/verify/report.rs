use std::fmt;

use handoff_schemas::ReleaseId;
use serde::Serialize;

use crate::head::TreeHead;
use crate::tree::Tree;

/// What a check of the whole ledger came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    pub trees: Vec<TreeReport>,
    /// View rows compared.
    pub views: u64,
    pub findings: Vec<Finding>,
    /// Findings past the first thousand are only counted.
    pub more: u64,
}

/// What a report lists; nobody reads further.
const LISTED: usize = 1000;

/// One tree's part.
#[derive(Clone, Debug, Serialize)]
pub struct TreeReport {
    pub tree: Tree,
    /// Leaves in the file, rows in the database.
    pub leaves: u64,
    pub rows: u64,
    /// The checkpoint, where its signature is right.
    pub signed: Option<TreeHead>,
    /// What the signature was checked with; none where there was no key to check it with.
    pub key: Option<Key>,
}

/// A verifier key and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Key {
    /// In the form of C2SP signed notes: `name+hash+base64`.
    pub verifier: String,
    pub from: KeyFrom,
}

/// Whose word is taken for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyFrom {
    /// Of whoever asked for the check, who keeps it elsewhere.
    Given,
    /// Of the folder that is checked: an intruder could have exchanged it together with what it signs.
    Folder,
}

impl Report {
    /// Nothing is altered. What a crash left unfinished is no alteration.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.more == 0 && self.found().next().is_none()
    }

    /// Whether every tree was checked with a key from outside.
    #[must_use]
    pub fn by_given_keys(&self) -> bool {
        self.trees.iter().all(|tree| tree.key.as_ref().is_some_and(|key| key.from == KeyFrom::Given))
    }

    /// What was altered.
    pub fn found(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.what != What::Unfinished)
    }

    pub(super) fn add(&mut self, what: What, place: Place) {
        let finding = Finding { code: what.code(), what, place };
        if self.findings.len() >= LISTED {
            self.more += 1;
        } else if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}

/// One thing that is not as it was written, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub code: &'static str,
    pub what: What,
    #[serde(rename = "where")]
    pub place: Place,
}

/// Kinds of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The checkpoint is missing, malformed or not signed by the ledger's key.
    Checkpoint,
    /// The verifier key is missing, malformed or not the one trusted.
    Verifier,
    /// A stored hash is not the one signed.
    FileAltered,
    /// A column is not what its leaf says.
    ColumnAltered,
    LeafWithoutRow,
    RowWithoutLeaf,
    /// Files and rows agree with each other and not with the signature: history was written anew.
    HistoryRewritten,
    /// A view shows something else than was released.
    ViewAltered,
    /// A view shows what the ledger does not hold.
    ViewWithoutLeaf,
    /// It cannot be read at all.
    Unreadable,
    /// A crash left it; the next start repairs it.
    Unfinished,
}

impl What {
    /// The stable code, explained in `services/ERRORS.md`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Checkpoint => "HO-4120",
            Self::Verifier => "HO-4121",
            Self::FileAltered => "HO-4122",
            Self::ColumnAltered => "HO-4123",
            Self::LeafWithoutRow => "HO-4124",
            Self::RowWithoutLeaf => "HO-4125",
            Self::HistoryRewritten => "HO-4126",
            Self::ViewAltered => "HO-4127",
            Self::ViewWithoutLeaf => "HO-4128",
            Self::Unreadable => "HO-4129",
            Self::Unfinished => "HO-4130",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Checkpoint => "the signed checkpoint is missing, altered or not signed by the ledger's key",
            Self::Verifier => "the verifier key is missing, altered or not the trusted one",
            Self::FileAltered => "a stored hash is not the one signed",
            Self::ColumnAltered => "a value is not what the ledger's leaf says",
            Self::LeafWithoutRow => "a leaf has no row",
            Self::RowWithoutLeaf => "a row has no leaf",
            Self::HistoryRewritten => "files and rows agree with each other, but not with what was signed",
            Self::ViewAltered => "a view's row is not what was released",
            Self::ViewWithoutLeaf => "a view shows a release that the ledger does not hold",
            Self::Unreadable => "it cannot be read",
            Self::Unfinished => "left over by a crash; the next start removes it",
        }
    }
}

/// Where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "in", rename_all = "kebab-case")]
pub enum Place {
    File {
        file: String,
        /// First byte that is wrong, from 0.
        offset: u64,
        leaf: Option<u64>,
    },
    Row {
        table: &'static str,
        leaf: Option<i64>,
        release: Option<String>,
        column: &'static str,
    },
    View {
        partner: String,
        release: Option<ReleaseId>,
        /// `ruling`, `slices`, or nothing more exact.
        part: &'static str,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, offset, leaf } => {
                write!(f, "file {file}, byte {offset}")?;
                leaf.map_or(Ok(()), |leaf| write!(f, " (leaf {leaf})"))
            }
            Self::Row { table, leaf, release, column } => {
                write!(f, "table {table}, column {column}")?;
                leaf.map_or(Ok(()), |leaf| write!(f, ", leaf {leaf}"))?;
                release.as_ref().map_or(Ok(()), |release| write!(f, ", release {release}"))
            }
            Self::View { partner, release, part } => {
                write!(f, "view of {partner}, {part}")?;
                release.map_or(Ok(()), |release| write!(f, ", release {release}"))
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.place, self.what.words())
    }
}
