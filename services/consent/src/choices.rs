//! Over which earlier choices of the person a consent was meant (rulebook 7.4): as its document says, or as the unit whose
//! data it is confirms.
//!
//! Earlier choices are named by the keys of the unit that names them: nobody refers to what another unit keeps, and
//! whether there is such a record at all is not answered.

use handoff_schemas::{Fact, NamedBy, PersonId, RecordId};
use handoff_spine::command::{Item, Refusal};
use serde::Deserialize;

use crate::decide::read;
use crate::limits::Recorder;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    decision: String,
    refers_to: Vec<String>,
}

/// What a permission refers to; a denial needs no reference to count.
///
/// # Errors
/// HO-2300 where the document cannot be read.
pub fn of_document(
    item: &Item,
    consent: RecordId,
    person: PersonId,
    by: &Recorder<'_>,
) -> Result<Option<Fact>, Refusal> {
    let document: Document = read(item)?;
    let refers_to = if document.decision == "deny" { Vec::new() } else { document.refers_to };
    Ok(named(&refers_to, consent, person, by, NamedBy::Document))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Verified {
    confirms_over: Vec<String>,
}

/// What the verifying unit confirms it over.
///
/// # Errors
/// HO-2300 where the event cannot be read.
pub fn confirmed(item: &Item, consent: RecordId, person: PersonId, by: &Recorder<'_>) -> Result<Option<Fact>, Refusal> {
    let verified: Verified = read(item)?;
    Ok(named(&verified.confirms_over, consent, person, by, NamedBy::Source))
}

fn named(keys: &[String], consent: RecordId, person: PersonId, by: &Recorder<'_>, who: NamedBy) -> Option<Fact> {
    let earlier: Vec<RecordId> = keys.iter().map(|key| (by.names)(by.unit, key)).collect();
    (!earlier.is_empty()).then_some(Fact::ChoicesNamed { consent, person, earlier, by: who })
}
