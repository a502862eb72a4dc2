#![allow(dead_code, reason = "each test binary uses its own part")]

use std::sync::Arc;

use handoff_referral::{Referrals, Step};
use handoff_schemas::UnitId;
use handoff_spine::command::{Command, RecordRef};
use handoff_spine::scenario::{Said as _, command, id, person, record_id};
use serde_json::{Value, json};

pub const REFERRER: &str = "willow-clinic-crisis";
pub const PERFORMER: &str = "lantern-shelter-intake";
pub const STRANGER: &str = "river-pd-patrol";
pub const HUB: &str = "hub-operator";

pub fn referrals() -> Referrals {
    let registered = |u: &UnitId| [REFERRER, PERFORMER, STRANGER].contains(&u.as_str());
    Referrals::new(Arc::new(record_id), Arc::new(registered))
}

pub fn created(status: &str) -> Value {
    json!({
        "performer": PERFORMER, "status": status, "need": "shelter",
        "service_requested": "emergency bed", "urgency": "urgent",
    })
}

pub fn creation(status: &str) -> Command {
    command(REFERRER, "ref-1", "referral.referral-created.v1", created(status)).about(person(1))
}

/// The least data of a step.
pub fn data(step: Step) -> Value {
    let at = "2031-03-05T21:14:00Z";
    match step {
        Step::Reject | Step::Fail | Step::Cancel | Step::Hold => json!({ "at": at, "reason": "other" }),
        Step::Complete => json!({ "at": at, "outcome": "need-met" }),
        Step::Schedule => json!({ "at": at, "appointment": "a-1", "scheduled_for": "2031-03-09T15:00:00Z" }),
        Step::NoShow | Step::CallOff | Step::Attend => json!({ "at": at, "appointment": "a-1" }),
        Step::Monitor => json!({ "period_from": "2031-03-01", "period_to": "2031-03-31" }),
        _ => json!({ "at": at }),
    }
}

/// A step on the referral `ref-1` of the referrer, by any unit.
pub fn step(unit: &str, step: Step) -> Command {
    let mut command = command(unit, &format!("{unit}-{step:?}"), step.event_type(), data(step));
    command.record = RecordRef::Id(record_id(&id(REFERRER), "ref-1"));
    command
}
