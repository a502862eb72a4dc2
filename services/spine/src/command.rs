//! What a gateway asks a deciding service to do, and what comes back.

use handoff_schemas::{EventId, EventType, IncidentId, LogPos, PersonId, RecordId, Registry, UnitId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The record a command is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordRef {
    /// The unit's own key for it; the command's own key starts a new record.
    Key(String),
    /// A record the hub named before, for example the referral a shelter accepts.
    Id(RecordId),
}

/// One fact to record, about at most one person. Several people of one report are several items.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    pub event_type: EventType,
    pub person: Option<PersonId>,
    /// A second person the item names, resolved before the pure decider sees it: the other side of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<PersonId>,
    /// RFC 3339; what the source says, data and never log time.
    pub asserted_at: Option<String>,
    pub data: Value,
}

impl Item {
    /// The data, as far as a service reads it.
    ///
    /// # Errors
    /// The schema's rule and place where the data breaks it; else the service's own code for what it cannot read.
    pub fn read<'a, T: Deserialize<'a>>(&'a self, unreadable: &str) -> Result<T, Refusal> {
        T::deserialize(&self.data).map_err(|_| match Registry::embedded().validate(&self.event_type, &self.data) {
            Err(e) => Refusal::new(e.code, e.rule, e.remedy).at(e.place),
            Ok(()) => Refusal::new(unreadable, "the data of this event cannot be read", "send data as its schema says"),
        })
    }
}

/// A request to `cmd.<service>`: one command becomes one message on the log, or nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Command {
    /// The unit that acts, authenticated by the gateway.
    pub unit: UnitId,
    /// Idempotency key, unique inside the unit: the CloudEvents `id`, a report's UUID.
    pub key: String,
    pub record: RecordRef,
    pub incident: Option<IncidentId>,
    pub items: Vec<Item>,
    /// Random id for the event a new person would get, made outside the pure decider.
    pub fresh: [uuid::Uuid; 2],
}

impl Command {
    /// The bytes that say whether a repeated key carries the same content.
    ///
    /// # Errors
    /// Fails only where `serde_json` cannot write the data, which schema-valid data never causes.
    pub fn content(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&(&self.record, &self.incident, &self.items))
    }

    /// The hub's id of the record it is about; `named` is the hub's name for what a unit calls by a key of its own.
    pub fn record_id(&self, named: impl FnOnce(&UnitId, &str) -> RecordId) -> RecordId {
        match &self.record {
            RecordRef::Key(key) => named(&self.unit, key),
            RecordRef::Id(id) => *id,
        }
    }
}

/// The answer to an accepted command; a retry gets the first one again with `duplicate` set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    pub record: RecordId,
    pub position: LogPos,
    /// 1 for the first content under this key, 2 for its first amendment, and so on.
    pub version: u32,
    pub duplicate: bool,
    pub events: Vec<EventId>,
    /// The person each event is about, in the same order.
    pub persons: Vec<Option<PersonId>>,
}

/// Why a command was not accepted. Says what depends on the asker's own input only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code} {message}{}: {remedy}", place.as_deref().map(|p| format!(" at `{p}`")).unwrap_or_default())]
pub struct Refusal {
    /// `HO-nnnn`, explained in `services/ERRORS.md`.
    pub code: String,
    pub message: String,
    /// JSON pointer or element path in the input.
    pub place: Option<String>,
    pub remedy: String,
}

impl Refusal {
    pub fn new(code: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), place: None, remedy: remedy.into() }
    }

    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }
}

/// The reply of a deciding service.
pub type Answer = Result<Accepted, Refusal>;
