//! Re-rulings too many for one position: events that name what they rule, at positions of their own.

use handoff_schemas::{EventId, Fact, LogPos, RecordId, UnitId};
use handoff_spine::commit::{Commit, Entry, LoggedEvent};
use handoff_spine::intake::subject;
use handoff_spine::log::{Log, LogError};
use handoff_spine::service::ServiceError;
use sha2::{Digest as _, Sha256};

use crate::memory::Place;

/// Events one sweep names.
const STEP: usize = 100;

/// What a sweep event names, if this is one.
#[must_use]
pub fn named(entry: &Entry) -> Option<(Vec<Place>, bool)> {
    entry.commit.events.iter().flat_map(|e| &e.facts).find_map(|fact| match fact {
        Fact::Sweep { events, narrowing, .. } => Some((events.clone(), *narrowing)),
        _ => None,
    })
}

/// Appends the sweeps that `cause` calls for. Their record ids are deterministic, so a kill and a second try
/// append nothing twice.
///
/// # Errors
/// The log's, save for a conflict, which says that the sweep is there already.
pub async fn append(log: &Log, cause: LogPos, places: &[Place], narrowing: bool) -> Result<(), ServiceError> {
    for (step, chunk) in (0u32..).zip(places.chunks(STEP)) {
        let record = RecordId(derived(cause, step, b"record"));
        let event_type = "sweep.ruled-again.v1"
            .parse()
            .map_err(|_| ServiceError::Config("the sweep has no valid event type".to_owned()))?;
        let event = LoggedEvent {
            id: EventId(derived(cause, step, b"event")),
            event_type,
            record,
            unit: UnitId::operator(),
            person: None,
            incident: None,
            asserted_at: None,
            facts: vec![Fact::Sweep { cause, events: chunk.to_vec(), narrowing }],
            labels: Vec::new(),
            admin: serde_json::Map::new(),
            slices: Vec::new(),
        };
        let key = data_encoding::HEXLOWER.encode(derived(cause, step, b"key").as_bytes());
        let commit =
            Commit { v: 1, unit: event.unit.clone(), key, content: String::new(), version: 1, events: vec![event] };
        let body = serde_json::to_vec(&commit)
            .map_err(|e| ServiceError::Stop { code: "HO-4001", message: format!("a sweep cannot be written: {e}") })?;
        match log.append_after_subject(subject("sweep", record), 0, &body).await {
            Ok(_) | Err(LogError::Conflict) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

fn derived(cause: LogPos, step: u32, what: &[u8]) -> uuid::Uuid {
    let mut hash = Sha256::new();
    hash.update(b"handoff sweep v1\0");
    hash.update(what);
    hash.update(cause.0.to_be_bytes());
    hash.update(step.to_be_bytes());
    let digest = hash.finalize();
    let mut bytes = [0u8; 16];
    bytes.iter_mut().zip(digest.iter()).for_each(|(b, d)| *b = *d);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
