//! Events that policy itself appends to `EVENTS`: about no person, each the only one of its record.

use handoff_schemas::{EventId, Fact, RecordId, UnitId};
use handoff_spine::commit::{Commit, LoggedEvent};
use handoff_spine::intake::subject;
use handoff_spine::log::{Log, LogError};
use handoff_spine::service::ServiceError;
use uuid::Uuid;

/// What calls for an event of policy's own: the event's ids follow from it alone, so that a second try, or a standby,
/// meets its own record. They follow under the log key: who could compute them could have the server write a foreign
/// message into the record's place first, and policy would wait for it for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Tells kinds of events apart.
    context: &'static str,
    parts: Vec<Vec<u8>>,
}

impl Cause {
    #[must_use]
    pub fn new(context: &'static str, parts: &[&[u8]]) -> Self {
        Self { context, parts: parts.iter().map(|part| part.to_vec()).collect() }
    }

    fn id(&self, log: &Log, what: &str) -> Uuid {
        let mut parts = vec![what.as_bytes()];
        parts.extend(self.parts.iter().map(Vec::as_slice));
        let digest = log.digest(self.context, &parts);
        let mut bytes = [0u8; 16];
        bytes.iter_mut().zip(digest.iter()).for_each(|(b, d)| *b = *d);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// Appends the event where its record is not there yet.
///
/// # Errors
/// The log's, save for a conflict, which says that the event is there already.
pub async fn append(log: &Log, event_type: &str, cause: &Cause, fact: Fact) -> Result<(), ServiceError> {
    let event_type: handoff_schemas::EventType =
        event_type.parse().map_err(|_| ServiceError::Config(format!("`{event_type}` is no event type")))?;
    let record = RecordId(cause.id(log, "record"));
    let subject = subject(event_type.family(), record);
    let event = LoggedEvent {
        id: EventId(cause.id(log, "event")),
        event_type,
        record,
        unit: UnitId::operator(),
        person: None,
        incident: None,
        asserted_at: None,
        facts: vec![fact],
        labels: Vec::new(),
        content: Vec::new(),
        admin: serde_json::Map::new(),
        slices: Vec::new(),
    };
    let commit = Commit {
        v: 1,
        unit: event.unit.clone(),
        key: data_encoding::HEXLOWER.encode(cause.id(log, "key").as_bytes()),
        content: String::new(),
        version: 1,
        events: vec![event],
    };
    let body = serde_json::to_vec(&commit).map_err(|e| ServiceError::Stop {
        code: "HO-4001",
        message: format!("an event of policy's own cannot be written: {e}"),
    })?;
    match log.append_after_subject(subject, 0, &body).await {
        Ok(_) | Err(LogError::Conflict) => Ok(()),
        Err(e) => Err(e.into()),
    }
}
