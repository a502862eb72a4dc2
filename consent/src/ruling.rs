//! A ruling: what a recipient may have of one event, on what authority, with what duties; and what not, and why.

mod grant;

use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_schemas::{AgreementId, BundleHash, Category, ElementSet, LogPos, LogTime, Recipient, RecordId};
use serde::{Deserialize, Serialize};

pub(crate) use grant::Terms;
pub use grant::{AgreementBasis, ConsentBasis, ExpiryKey, Grant, Obligation};

use crate::reason::Reason;
use crate::standing::Scope;

/// The answer for one (event, recipient) at one log position.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ruling {
    pub recipient: Recipient,
    /// The position whose state the ruling reflects: the later of event and last fact folded.
    pub at_pos: LogPos,
    /// One a category present, in the order of the event's categories. Shared: equal situations share it.
    pub slices: Arc<[SliceRuling]>,
    /// Everything whose narrowing hides what this ruling released.
    pub scopes: BTreeSet<Scope>,
    /// The ask it was ruled under: its rows are for that ask's user alone, while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<RecordId>,
    /// The first instant at which something relied on ends.
    pub valid_until: Option<LogTime>,
    pub bundle: BundleHash,
    pub engine: &'static str,
}

impl Ruling {
    /// Whether anything goes to the recipient.
    #[must_use]
    pub fn releases(&self) -> bool {
        self.slices.iter().any(|s| matches!(s.outcome, Outcome::Release(_)))
    }

    /// The ruling of one category, if the event has it.
    #[must_use]
    pub fn slice(&self, category: Category) -> Option<&SliceRuling> {
        self.slices.iter().find(|s| s.category == category)
    }
}

/// The answer for one category of the event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct SliceRuling {
    pub category: Category,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// At least one grant; each stands alone.
    Release(Vec<Grant>),
    /// At least one reason, most decisive first.
    Withhold(Vec<Withheld>),
}

impl Outcome {
    /// What all grants together show: empty where withheld.
    #[must_use]
    pub fn elements(&self) -> ElementSet {
        match self {
            Self::Release(grants) => grants.iter().fold(ElementSet::none(), |all, g| all.union(&g.elements)),
            Self::Withhold(_) => ElementSet::none(),
        }
    }

    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        match self {
            Self::Release(grants) => grants,
            Self::Withhold(_) => &[],
        }
    }

    #[must_use]
    pub fn withheld(&self) -> &[Withheld] {
        match self {
            Self::Release(_) => &[],
            Self::Withhold(reasons) => reasons,
        }
    }
}

/// One reason for a withholding. Internal, never for the recipient (42 CFR 2.13(c)).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Withheld {
    pub reason: Reason,
    /// `@id` of the floor, or the step of the pipeline.
    pub policy: Arc<str>,
    pub citation: Arc<str>,
    /// What authority would change the answer.
    pub missing: Arc<str>,
    /// The agreement or the consent that fell short, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<RecordId>,
}
