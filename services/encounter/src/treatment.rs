//! When a unit takes somebody into its care, and when it no longer does (42 CFR 2.11, treating provider relationship):
//! who is, agrees to be or must by law be diagnosed, evaluated or treated by a provider that undertakes it.

use handoff_schemas::{Fact, PersonId, UnitId};
use handoff_spine::command::Item;
use serde_json::Value;

use crate::state::{CLOSED, Encounter};

/// What a provider publishes when it evaluates or treats. An attempt to reach somebody, a caution or a report of others
/// is no care.
const CARE: &[&str] = &[
    "encounter.encounter-opened.v1",
    "encounter.care-reported.v1",
    "encounter.screening-recorded.v1",
    "encounter.assessment-recorded.v1",
    "encounter.safety-plan-recorded.v1",
    "encounter.medication-monitored.v1",
    ARRIVED,
    ADMITTED,
];

const ARRIVED: &str = "encounter.hospital-arrived.v1";
const ADMITTED: &str = "encounter.hospital-admitted.v1";

/// What the item says of the unit's care. Whether the unit is a provider at all is for the ruling to know: what a police
/// unit opens is recorded alike and reaches nobody.
pub fn facts(state: &Encounter, unit: &UnitId, item: &Item) -> Vec<Fact> {
    let began = |person| Fact::TreatmentBegan { person, unit: unit.clone() };
    let ended = |person: PersonId| Fact::TreatmentEnded { person, unit: unit.clone() };
    let event_type = item.event_type.as_str();
    if event_type == CLOSED {
        return state.treated.iter().copied().map(ended).collect();
    }
    let Some(person) = item.person.filter(|_| CARE.contains(&event_type) && !state.closed) else { return Vec::new() };
    if event_type == ADMITTED && item.data.get("discharged_at").is_some() {
        return vec![ended(person)];
    }
    // Turned away at the door: nothing was undertaken.
    let refused = event_type == ARRIVED && item.data.get("accepted") == Some(&Value::Bool(false));
    if refused { Vec::new() } else { vec![began(person)] }
}
