use handoff_spine::log::{ACCESS, RELEASES};
use serde::Serialize;

use crate::note::Verifier;
use crate::row::{ACCOUNTING, READING, Table};

/// One of the two trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tree {
    /// What partners were given.
    Releases,
    /// What partners read.
    Accesses,
}

impl Tree {
    pub const ALL: [Self; 2] = [Self::Releases, Self::Accesses];

    /// Its folder, its row in table `tree`, and the end of its origin.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Releases => "releases",
            Self::Accesses => "accesses",
        }
    }

    /// The tree that is signed under this key's name, `<origin>/releases` for example.
    #[must_use]
    pub fn of(verifier: &Verifier) -> Option<Self> {
        let end = verifier.name().rsplit('/').next();
        Self::ALL.into_iter().find(|tree| end == Some(tree.name()))
    }

    /// The stream whose order is the order of its leaves.
    #[must_use]
    pub const fn stream(self) -> &'static str {
        match self {
            Self::Releases => RELEASES,
            Self::Accesses => ACCESS,
        }
    }

    /// Its rows.
    #[must_use]
    pub const fn table(self) -> &'static Table {
        match self {
            Self::Releases => &ACCOUNTING,
            Self::Accesses => &READING,
        }
    }

    /// Whether a second tree covers internal facts that the leaf must not carry.
    #[must_use]
    pub const fn has_internal(self) -> bool {
        matches!(self, Self::Releases)
    }
}

/// The file names inside a tree's folder.
pub(crate) mod file {
    pub const LEAVES: &str = "leaves";
    pub const INTERNAL: &str = "internal";
    pub const CHECKPOINT: &str = "checkpoint";
    pub const VERIFIER: &str = "verifier.pub";
}
