//! Events that policy itself appends to `EVENTS`: about no person, each the only one of its record.

use handoff_schemas::{EventId, Fact, RecordId, UnitId};
use handoff_spine::commit::{Commit, Digest, LoggedEvent};
use handoff_spine::intake::subject;
use handoff_spine::log::{Log, LogError};
use handoff_spine::service::ServiceError;
use sha2::{Digest as _, Sha256};

/// Ids that follow from what calls for the event alone, so that a second try, or a standby, meets its own record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids {
    pub record: RecordId,
    pub event: EventId,
    pub key: Digest,
}

impl Ids {
    /// `context` tells kinds of events apart and ends with a zero byte; `cause` has a fixed length for each of them.
    #[must_use]
    pub fn of(context: &[u8], cause: &[&[u8]]) -> Self {
        let derived = |what: &[u8]| {
            let mut hash = Sha256::new();
            hash.update(context);
            hash.update(what);
            cause.iter().for_each(|part| hash.update(part));
            let digest = hash.finalize();
            let mut bytes = [0u8; 16];
            bytes.iter_mut().zip(digest.iter()).for_each(|(b, d)| *b = *d);
            uuid::Builder::from_custom_bytes(bytes).into_uuid()
        };
        Self {
            record: RecordId(derived(b"record")),
            event: EventId(derived(b"event")),
            key: data_encoding::HEXLOWER.encode(derived(b"key").as_bytes()),
        }
    }
}

/// Appends the event where its record is not there yet.
///
/// # Errors
/// The log's, save for a conflict, which says that the event is there already.
pub async fn append(log: &Log, event_type: &str, ids: Ids, fact: Fact) -> Result<(), ServiceError> {
    let event_type: handoff_schemas::EventType =
        event_type.parse().map_err(|_| ServiceError::Config(format!("`{event_type}` is no event type")))?;
    let subject = subject(event_type.family(), ids.record);
    let event = LoggedEvent {
        id: ids.event,
        event_type,
        record: ids.record,
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
        key: ids.key,
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
