use std::sync::LazyLock;

use handoff_consent::Consents;
use handoff_gateway::adapter::{self, Draft, Options, PersonRef};
use handoff_law::{Memo, PolicyState};
use handoff_schemas::HipaaStatus::{CoveredProvider, None as NotCovered};
use handoff_schemas::RecipientKind::{Bhc, Cbo, P2p};
use handoff_schemas::{Category, Fact, LogTime, Part2Status, RecordId, UnitId};
use handoff_spine::command::{Command, Item, RecordRef};
use handoff_spine::commit::LoggedEvent;
use handoff_spine::scenario::{Said as _, World, record_id};
use uuid::Uuid;

use super::county::{self, County, Event, everything, to, unit};
use super::given::{CLINIC, PROGRAM, SHELTER, consents, named, record};
use super::sound::coded;

/// 2031-06-23: the consents of the samples are in force.
const AT: LogTime = LogTime(1_940_000_000_000);

/// What was there before the event in question: an agreement for everything, and one consent of one person.
struct Before {
    world: World<Consents>,
    state: PolicyState,
    consent: RecordId,
}

static BEFORE: LazyLock<Before> = LazyLock::new(|| {
    let mut county = County::empty();
    county.unit(unit(PROGRAM, "harbor-recovery", &[P2p], CoveredProvider, Part2Status::Yes));
    county.unit(unit(CLINIC, "willow-clinic", &[Bhc], CoveredProvider, Part2Status::No));
    county.unit(unit(SHELTER, "lantern-shelter", &[Cbo], NotCovered, Part2Status::No));
    county.agreement(&everything(&[(PROGRAM, P2p), (CLINIC, Bhc), (SHELTER, Cbo)]));
    let mut world = World::new(consents());
    let command = record(named()).about(county::person(1));
    for event in world.handle(&command).expect("a sufficient consent") {
        county.fold(PROGRAM, event.facts);
    }
    Before { world, state: county.state, consent: command.record_id(record_id) }
});

/// An event of the consent family, as the gateway takes it in, the service decides it and the engine reads it: on a
/// record of its own, and on that of a consent in force.
pub fn consent(bytes: &[u8]) -> bool {
    let mapped = match adapter::map(adapter::Format::CloudEvent, bytes, Options::default()) {
        Ok(mapped) => mapped,
        Err(refusal) => {
            coded(refusal.code.as_str());
            return false;
        }
    };
    let (Some(unit), Some(draft)) = (mapped.source, mapped.drafts.into_iter().next()) else { return false };
    if draft.event_type.family() != "consent" {
        return false;
    }
    let own = RecordRef::Key(draft.record_key.clone());
    [own, RecordRef::Id(BEFORE.consent)].map(|record| decided(&command(&unit, &draft, record))).contains(&true)
}

fn command(unit: &UnitId, draft: &Draft, record: RecordRef) -> Command {
    let person = matches!(draft.person, PersonRef::Local(_)).then(|| county::person(1));
    let Draft { key, event_type, time, data, .. } = draft.clone();
    let item = Item { event_type, person, other: None, asserted_at: time, data };
    Command { unit: unit.clone(), key, record, incident: None, items: vec![item], fresh: [Uuid::nil(); 2] }
}

fn decided(command: &Command) -> bool {
    match BEFORE.world.clone().handle(command) {
        Ok(logged) => {
            read(&command.unit, &logged);
            true
        }
        Err(refusal) => {
            coded(&refusal.code);
            assert!(!refusal.remedy.is_empty(), "a refusal without a remedy");
            false
        }
    }
}

/// The log gives the facts back as they were; rulings by them are the same with and without memory; and what only
/// takes back or forbids never shows more than before (42 CFR 2.31(c), rulebook 7.4).
fn read(unit: &UnitId, logged: &[LoggedEvent]) {
    let (mut before, mut after) = (county_before(), county_before());
    let mut narrows = true;
    for event in logged {
        let written = serde_json::to_string(&event.facts).expect("facts can be written");
        let facts: Vec<Fact> = serde_json::from_str(&written).expect("facts can be read again");
        assert!(facts == event.facts, "the log gives back other facts");
        narrows &= facts.iter().all(takes_back);
        after.fold(unit.as_str(), facts);
    }
    let event = Event {
        asserted_at: Some("2031-06-01T12:00:00Z"),
        ..Event::of(PROGRAM, &[Category::Part2Record, Category::Medications, Category::Referral])
    };
    for recipient in [to(CLINIC, Bhc), to(SHELTER, Cbo)] {
        let (was, is) = (before.rule(&event, &recipient), after.rule(&event, &recipient));
        for (was, is) in was.slices.iter().zip(is.slices.iter()) {
            let (was, is) = (was.outcome.elements(), is.outcome.elements());
            assert!(!narrows || is.union(&was) == was, "what takes back shows more");
        }
    }
}

fn county_before() -> County {
    County { state: BEFORE.state.clone(), at: AT, pos: 100, memo: Memo::new(), ..County::empty() }
}

fn takes_back(fact: &Fact) -> bool {
    match fact {
        Fact::ConsentRecorded { consent } => consent.deny,
        Fact::ConsentRevoked { .. } | Fact::ConsentExpired { .. } | Fact::ConsentEnded { .. } => true,
        _ => false,
    }
}
