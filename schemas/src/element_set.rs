use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Which elements of a slice a recipient may have: what a template selects (rulebook 7.5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ElementSet {
    /// The whole slice.
    All,
    /// These only.
    Some(BTreeSet<String>),
}

impl ElementSet {
    /// Nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self::Some(BTreeSet::new())
    }

    #[must_use]
    pub fn of<S: Into<String>>(elements: impl IntoIterator<Item = S>) -> Self {
        Self::Some(elements.into_iter().map(Into::into).collect())
    }

    #[must_use]
    pub fn contains(&self, element: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(set) => set.contains(element),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Some(set) if set.is_empty())
    }

    /// What both allow.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, x) | (x, Self::All) => x.clone(),
            (Self::Some(a), Self::Some(b)) => Self::Some(a.intersection(b).cloned().collect()),
        }
    }

    /// What either allows.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Some(a), Self::Some(b)) => Self::Some(a.union(b).cloned().collect()),
        }
    }
}
