use std::borrow::Cow;

use handoff_schemas::{Fact, PersonId, RecordId, ReferralStatus, UnitId};
use handoff_spine::command::{Command, Item, RecordRef, Refusal};
use handoff_spine::commit::LoggedEvent;
use handoff_spine::decider::{Decider, IsKnown, Names, NewEvent};
use serde::Deserialize;
use serde_json::Value;

use crate::state::{Opened, Referral};
use crate::table::{Actor, Step, find};

const CREATED: &str = "referral.referral-created.v1";

/// The decider of the `referral` family.
#[derive(Clone)]
pub struct Referrals {
    names: Names,
    is_known: IsKnown,
}

impl Referrals {
    #[must_use]
    pub fn new(names: Names, is_known: IsKnown) -> Self {
        Self { names, is_known }
    }
}

#[derive(Deserialize)]
struct Created {
    referrer: Option<UnitId>,
    performer: UnitId,
    initiated_by: Option<UnitId>,
    status: ReferralStatus,
}

impl Decider for Referrals {
    const NAME: &'static str = "referral";
    type State = Referral;

    fn evolve(state: Referral, event: &LoggedEvent) -> Referral {
        event.facts.iter().fold(state, Referral::apply)
    }

    fn decide(&self, state: &Referral, command: &Command) -> Result<Vec<NewEvent>, Refusal> {
        if command.items.is_empty() {
            return Err(Refusal::new("HO-2406", "the command says nothing", "send at least one referral event"));
        }
        let mut state = state.clone();
        let mut events = Vec::with_capacity(command.items.len());
        for item in &command.items {
            let event = if item.event_type.as_str() == CREATED {
                self.create(&state, command, item)?
            } else {
                take(&state, command, item)?
            };
            state = event.facts.iter().fold(state, Referral::apply);
            events.push(event);
        }
        Ok(events)
    }
}

impl Referrals {
    fn create(&self, state: &Referral, command: &Command, item: &Item) -> Result<NewEvent, Refusal> {
        // A creation by the hub's id is refused before the state is looked at: it must not tell whether one is there.
        let RecordRef::Key(key) = &command.record else {
            return Err(Refusal::new(
                "HO-2402",
                "a referral is created under a key of its referrer, not under an id of the hub",
                "leave the record id out and send your own referral number as the key",
            ));
        };
        if matches!(state, Referral::Open(_)) {
            return Err(Refusal::new(
                "HO-2403",
                "this unit has created a referral under this key before",
                "send the next step for it, or a new key for a new referral",
            ));
        }
        let created: Created = item.read("HO-2400")?;
        let person = item.person.ok_or_else(|| {
            Refusal::new("HO-2407", "a referral is about one person, and none is named", "name the person as subject")
                .at("/subject")
        })?;
        if created.referrer.as_ref().is_some_and(|r| *r != command.unit) {
            return Err(Refusal::new(
                "HO-2408",
                "a unit refers in its own name only",
                "leave the referrer out, or send the referral as that unit",
            )
            .at("/referrer"));
        }
        if created.performer == command.unit {
            return Err(Refusal::new("HO-2409", "a unit cannot refer to itself", "name another unit as performer")
                .at("/performer"));
        }
        if !(self.is_known)(&created.performer) {
            return Err(Refusal::new(
                "HO-2410",
                "the performer is not registered at this hub, so the referral could never arrive",
                "check the unit id in the directory",
            )
            .at("/performer"));
        }
        let referral = (self.names)(&command.unit, key);
        Ok(NewEvent::of(item, Some(person), opening(referral, person, command, created)))
    }
}

fn opening(referral: RecordId, person: PersonId, command: &Command, created: Created) -> Vec<Fact> {
    let from = command.unit.clone();
    let initiated_by = created.initiated_by.unwrap_or_else(|| from.clone());
    let opened = Fact::ReferralOpened { referral, person, from, to: created.performer, initiated_by };
    match created.status {
        status @ ReferralStatus::Requested => vec![opened, Fact::ReferralMoved { referral, status }],
        _ => vec![opened],
    }
}

/// One step on a referral that exists.
fn take(state: &Referral, command: &Command, item: &Item) -> Result<NewEvent, Refusal> {
    let step = Step::of(item.event_type.as_str()).ok_or_else(|| {
        Refusal::new("HO-2411", "this is no event of a referral", "see schemas/events/referral for the event types")
    })?;
    let Referral::Open(opened) = state else { return Err(no_such_referral()) };
    let actor = opened.actor(&command.unit).ok_or_else(no_such_referral)?;
    let row = find(opened.status, step).ok_or_else(|| wrong_state(opened.status))?;
    if !row.who.contains(&actor) {
        return Err(wrong_actor(row.who));
    }
    let moved = (row.to != row.from).then_some(Fact::ReferralMoved { referral: opened.referral, status: row.to });
    Ok(event_of(opened, item, moved, &item.data))
}

fn event_of(opened: &Opened, item: &Item, moved: Option<Fact>, data: &Value) -> NewEvent {
    NewEvent {
        event_type: item.event_type.clone(),
        // The referral's person, whoever speaks: the performer may hold the same human being under an id of its own.
        person: Some(opened.person),
        asserted_at: item.asserted_at.clone(),
        facts: moved.into_iter().flat_map(|moved| facts(opened, moved)).collect(),
        data: without_consent_reason(data).into_owned(),
    }
}

/// Who accepts a referral undertakes the care it asks for; it ends with the referral (42 CFR 2.11, treating provider
/// relationship).
fn facts(opened: &Opened, moved: Fact) -> Vec<Fact> {
    let Fact::ReferralMoved { status, .. } = &moved else { return vec![moved] };
    let (person, unit) = (opened.person, opened.to.clone());
    let undertaken =
        |s: ReferralStatus| matches!(s, ReferralStatus::Accepted | ReferralStatus::InProgress | ReferralStatus::OnHold);
    let care = match (undertaken(opened.status), undertaken(*status)) {
        (false, true) => Some(Fact::TreatmentBegan { person, unit }),
        (true, false) => Some(Fact::TreatmentEnded { person, unit }),
        _ => None,
    };
    std::iter::once(moved).chain(care).collect()
}

/// Rulebook 5.5: the performer is told that the referral is withdrawn, never that a consent was.
fn without_consent_reason(data: &Value) -> Cow<'_, Value> {
    if data.get("reason").and_then(Value::as_str) != Some("consent-revoked") {
        return Cow::Borrowed(data);
    }
    let mut told = data.clone();
    if let Some(reason) = told.get_mut("reason") {
        *reason = Value::from("referrer-withdrew");
    }
    Cow::Owned(told)
}

/// One text for "there is none", "it is not yours" and "it was not sent to you": they must not differ.
fn no_such_referral() -> Refusal {
    Refusal::new(
        "HO-2401",
        "there is no such referral for this unit",
        "check the referral id; a referral is created with `referral.referral-created.v1`",
    )
}

fn wrong_state(status: ReferralStatus) -> Refusal {
    let (message, remedy) = match status {
        ReferralStatus::Draft => ("the referral is a draft: this step does not follow", "request it first"),
        ReferralStatus::Requested => {
            ("the referral waits for its performer: this step does not follow", "accept or reject it first")
        }
        ReferralStatus::Accepted => ("the referral is accepted: this step does not follow", "start it first"),
        ReferralStatus::InProgress => {
            ("the referral is in progress: this step does not follow", "complete, fail, cancel or hold it")
        }
        ReferralStatus::OnHold => ("the referral is on hold: this step does not follow", "resume it first"),
        ReferralStatus::Rejected
        | ReferralStatus::Completed
        | ReferralStatus::Failed
        | ReferralStatus::Cancelled
        | ReferralStatus::EnteredInError => {
            ("the referral has ended: no step follows", "create a new referral that `replaces` this one")
        }
    };
    Refusal::new("HO-2404", message, remedy)
}

fn wrong_actor(who: &[Actor]) -> Refusal {
    let remedy = if who.contains(&Actor::Performer) {
        "let the performing unit take it"
    } else if who.contains(&Actor::Referrer) {
        "let the referring unit take it"
    } else {
        "the hub takes it by itself when the time is up"
    };
    Refusal::new("HO-2405", "this step is not this unit's to take", remedy)
}
