//! Re-rulings too many for one position: events that name what they rule, at positions of their own.

use handoff_schemas::{Fact, LogPos};
use handoff_spine::commit::Entry;
use handoff_spine::log::Log;
use handoff_spine::service::ServiceError;

use crate::memory::Place;
use crate::own::{self, Cause};

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
        let called = Cause::new("handoff sweep v1", &[&cause.0.to_be_bytes(), &step.to_be_bytes()]);
        let fact = Fact::Sweep { cause, events: chunk.to_vec(), narrowing };
        own::append(log, "sweep.ruled-again.v1", &called, fact).await?;
    }
    Ok(())
}
