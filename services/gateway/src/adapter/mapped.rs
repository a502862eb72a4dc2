use std::borrow::Cow;
use std::fmt;

use handoff_schemas::{EventType, UnitId};
use serde_json::Value;

use super::{Code, Place};

/// What a document became.
#[derive(Debug, Default)]
pub struct Mapped {
    /// The unit the document itself names as its source; the gateway compares it with the credential's.
    pub source: Option<UnitId>,
    /// One event for each person the document is about (design.md, "One person an event").
    pub drafts: Vec<Draft>,
    /// Data-quality findings that go back to the source; none of them refuses the document.
    pub findings: Vec<Finding>,
    /// Each mapped element of the document, without its value.
    pub fields: Vec<MappedField>,
}

/// An event as a document states it, before intake decides on it.
#[derive(Clone, PartialEq)]
pub struct Draft {
    /// The idempotency key within the unit: the same key with other content is an amendment.
    pub key: String,
    pub event_type: EventType,
    /// The key of the record within the unit.
    pub record_key: String,
    /// The key of the incident that several records share, where the document states one.
    pub incident_key: Option<String>,
    pub person: PersonRef,
    /// When the source says it happened, RFC 3339. Asserted: data, never log time.
    pub time: Option<String>,
    /// The `id` of the event this one replaces, where the document names it.
    pub amends: Option<String>,
    /// The data, by the event type's schema.
    pub data: Value,
}

/// Who an event is about.
#[derive(Clone, PartialEq, Eq)]
pub enum PersonRef {
    /// The unit's own id of the person.
    Local(String),
    /// The nth person of this document (from 0), without an id of their own: never the same as any other.
    PerDocument(u32),
    /// Nobody is known yet: intake gives the incident a placeholder.
    None,
}

/// A data-quality finding. Holds no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub code: Code,
    pub place: Place,
    /// The rule, with the standard's own id where it has one, for example `nemSch_e005`.
    pub rule: Cow<'static, str>,
    pub remedy: Cow<'static, str>,
}

/// One mapped element of a document, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedField {
    /// The element or member in the source format.
    pub element: String,
    pub place: Place,
    /// JSON pointer in the event's data, `*` for any index.
    pub pointer: String,
    pub state: State,
}

/// Whether the document has a value: absent elements have no row, and are not the same as not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Recorded,
    /// The reason, in the hub's words, for example `refused`.
    NotRecorded(Cow<'static, str>),
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("event_type", &self.event_type).finish_non_exhaustive()
    }
}

impl fmt::Debug for PersonRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local(_) => "Local",
            Self::PerDocument(_) => "PerDocument",
            Self::None => "None",
        })
    }
}
