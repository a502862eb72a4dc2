#![allow(dead_code, reason = "each test binary uses its own part")]

pub mod fhir;

use std::sync::Arc;

use handoff_consent::Consents;
use handoff_spine::command::Command;
use handoff_spine::scenario::{Said as _, command, id, person, record_id};
use serde_json::{Value, json};

pub const PROGRAM: &str = "harbor-recovery-sud";
pub const CLINIC: &str = "willow-clinic-crisis";
pub const SHELTER: &str = "lantern-shelter-intake";
pub const POLICE: &str = "river-pd-patrol";
pub const HUB: &str = "hub-operator";

pub fn consents() -> Consents {
    Consents::new(Arc::new(record_id))
}

/// A sufficient consent to two named recipients.
pub fn named() -> Value {
    json!({
        "types": ["part2-named"], "decision": "permit", "patient_name": "Robin Q Sampleton",
        "grantors": [PROGRAM], "data_scope": ["part2-record"], "data_description": "my attendance",
        "recipients": [CLINIC, SHELTER], "purposes": ["TREAT"], "stmt_right_to_revoke": true,
        "revocation_method": "a letter to the records desk",
        "expiry": { "kind": "date", "date": "2032-03-05", "time_zone": "America/Chicago" },
        "signatures": [{ "signer_role": "patient", "method": "wet-ink" }],
        "signed_at": "2031-03-05T15:00:00Z", "received_at": "2031-03-05T15:10:00Z",
    })
}

/// A sufficient single consent for treatment, payment and operations.
pub fn tpo() -> Value {
    let mut data = named();
    data["types"] = json!(["part2-tpo"]);
    data["tpo_class"] = json!(true);
    data.as_object_mut().unwrap().remove("recipients");
    for statement in ["stmt_redisclosure", "stmt_refusal_consequences", "stmt_hipaa_redisclosure"] {
        data[statement] = json!(true);
    }
    data
}

pub fn record(data: Value) -> Command {
    command(PROGRAM, "consent-1", "consent.consent-recorded.v1", data).about(person(1))
}

/// An event on the consent `consent-1` of the program, by any unit.
pub fn event(unit: &str, name: &str, data: Value) -> Command {
    command(unit, name, &format!("consent.{name}.v1"), data).on(record_id(&id(PROGRAM), "consent-1"))
}
