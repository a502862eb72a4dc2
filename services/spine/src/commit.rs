//! The body of one message on `EVENTS`: all events of one command, sealed under the log key.

use handoff_schemas::{
    Category, EventId, EventType, Fact, IncidentId, LawLabel, LogPos, LogTime, PersonId, RecordId, SliceLabels, UnitId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::vault::SealedSlice;

/// Keyed digest of a command's key or content: tells a retry from an amendment, and nothing else.
pub type Digest = String;

/// One message on `EVENTS`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Commit {
    /// Format of this body; readers keep every published one for ever.
    pub v: u8,
    pub unit: UnitId,
    pub key: Digest,
    pub content: Digest,
    /// 1 for the first content under this key.
    pub version: u32,
    pub events: Vec<LoggedEvent>,
}

impl Commit {
    /// A commit that says nothing.
    pub(crate) fn nothing() -> Self {
        let unit = UnitId::operator();
        Self { v: 1, unit, key: Digest::new(), content: Digest::new(), version: 0, events: Vec::new() }
    }
}

/// One fact about a record and one person, as the log keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoggedEvent {
    pub id: EventId,
    #[serde(rename = "type")]
    pub event_type: EventType,
    pub record: RecordId,
    pub unit: UnitId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asserted_at: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LawLabel>,
    /// What the slices' content says beyond their categories, by category. Absent: nothing, or taken before labels were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<SliceLabels>,
    /// Leaves about no person.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub admin: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<SealedSlice>,
}

impl LoggedEvent {
    /// The categories this event carries, in slice order.
    pub fn categories(&self) -> Vec<Category> {
        self.slices.iter().map(|s| s.category).collect()
    }
}

/// A message of `EVENTS`, opened, with its place in the total order.
#[derive(Clone, Debug)]
pub struct Entry {
    pub pos: LogPos,
    /// Server timestamp; the reader folds it into log time.
    pub stored: LogTime,
    /// SHA-256 of the body as stored: what a checkpoint compares.
    pub hash: [u8; 32],
    pub bytes: usize,
    pub commit: Commit,
}
