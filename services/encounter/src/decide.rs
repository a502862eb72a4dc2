use handoff_schemas::{Disposition, EventType, Fact, UnitId};
use handoff_spine::command::{Command, Item, RecordRef, Refusal};
use handoff_spine::commit::LoggedEvent;
use handoff_spine::decider::{Decider, NewEvent};
use serde::Deserialize;

use crate::rules::{About, Phase, rule};
use crate::state::{CAUTION_EXPIRED, CLOSED, Encounter, OPENED};
use crate::{times, treatment};

const UNREADABLE: &str = "HO-2200";
const CAUTION_CONTESTED: &str = "encounter.caution-contested.v1";
const DISPOSITION: &str = "encounter.disposition-recorded.v1";
const HOLD: &str = "encounter.hold-initiated.v1";

/// The decider of the `encounter` family.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encounters;

impl Decider for Encounters {
    const NAME: &'static str = "encounter";
    type State = Encounter;

    fn evolve(state: Encounter, event: &LoggedEvent) -> Encounter {
        state.apply(&event.unit, event.event_type.as_str(), &event.facts)
    }

    fn decide(&self, state: &Encounter, command: &Command) -> Result<Vec<NewEvent>, Refusal> {
        if command.items.is_empty() {
            return Err(Refusal::new("HO-2201", "the command says nothing", "send at least one encounter event"));
        }
        own(state, command)?;
        let mut state = state.clone();
        let mut events = Vec::with_capacity(command.items.len());
        for item in &command.items {
            check(&state, item)?;
            let mut facts = facts(&state, item)?;
            facts.extend(treatment::facts(&state, &command.unit, item));
            state = state.apply(&command.unit, item.event_type.as_str(), &facts);
            events.push(NewEvent::of(item, item.person, facts));
        }
        Ok(events)
    }

    fn amendable(event_type: &EventType) -> bool {
        rule(event_type.as_str()).is_some_and(|r| r.amendable)
    }
}

/// A record belongs to the unit that began it; units share an incident, never a record. "Not yours" and "not there"
/// are one answer.
fn own(state: &Encounter, command: &Command) -> Result<(), Refusal> {
    let yours = match &state.unit {
        Some(unit) => *unit == command.unit,
        None => matches!(command.record, RecordRef::Key(_)),
    };
    if yours {
        return Ok(());
    }
    Err(Refusal::new(
        "HO-2203",
        "there is no such encounter of this unit",
        "send your own events under your own key, and the incident id that the units share",
    ))
}

fn check(state: &Encounter, item: &Item) -> Result<(), Refusal> {
    let event_type = item.event_type.as_str();
    let rule = rule(event_type).ok_or_else(|| {
        Refusal::new("HO-2202", "this is no event of an encounter", "see schemas/events/encounter for the event types")
    })?;
    if rule.about == About::Person && item.person.is_none() {
        return Err(Refusal::new(
            "HO-2208",
            "this event is about a person, and none is named",
            "name the person as subject; register a placeholder for somebody not known yet",
        )
        .at("/subject"));
    }
    if state.closed && event_type == CLOSED {
        return Err(Refusal::new(
            "HO-2206",
            "the encounter was closed before",
            "send later facts as events of their own",
        ));
    }
    if state.closed && rule.phase == Phase::Scene {
        return Err(Refusal::new(
            "HO-2204",
            "the encounter is closed, and this event belongs to the work before the closing",
            "open a new encounter, or amend the report of this one",
        ));
    }
    if state.opened && event_type == OPENED {
        return Err(Refusal::new("HO-2205", "the encounter was opened before", "open a new encounter under a new key"));
    }
    if state.cautions == 0 && matches!(event_type, CAUTION_EXPIRED | CAUTION_CONTESTED) {
        return Err(Refusal::new(
            "HO-2207",
            "no caution of this record is in force",
            "send it on the record that holds the caution",
        ));
    }
    times::check(item)
}

#[derive(Deserialize)]
struct Disposed {
    class: Disposition,
}

#[derive(Deserialize)]
struct Hold {
    initiated_by: String,
    initiated_by_unit: Option<UnitId>,
}

/// What policy needs to know: how it ended, and whether law enforcement began it (template F3b, matrix C28).
fn facts(state: &Encounter, item: &Item) -> Result<Vec<Fact>, Refusal> {
    match item.event_type.as_str() {
        DISPOSITION => {
            let Disposed { class: disposition } = item.read(UNREADABLE)?;
            let law_enforcement_initiated = disposition == Disposition::Arrest
                || (disposition == Disposition::InvoluntaryHold && state.held_by_law_enforcement);
            Ok(vec![Fact::Disposed { disposition, law_enforcement_initiated }])
        }
        HOLD => {
            let Hold { initiated_by, initiated_by_unit } = item.read(UNREADABLE)?;
            let by_officer = initiated_by == "law-enforcement";
            let disposed =
                Fact::Disposed { disposition: Disposition::InvoluntaryHold, law_enforcement_initiated: by_officer };
            let unit = initiated_by_unit.filter(|_| by_officer);
            let written = item.person.zip(unit).map(|(person, unit)| Fact::HoldWritten { person, unit });
            Ok(std::iter::once(disposed).chain(written).collect())
        }
        _ => Ok(Vec::new()),
    }
}
