//! What is read of a FHIR R4 Consent becomes an event of the hub that its decider takes to the same facts, or nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::consents;
use common::fhir::*;
use handoff_consent::Consent;
use handoff_consent::fhir::systems::UNIT;
use handoff_consent::fhir::{HubEvent, Recording, SignedBy, Statement, Wording, read};
use handoff_schemas::{ConsentFacts, Fact, RecordId, UnitId};
use handoff_spine::command::Refusal;
use handoff_spine::decider::{Decider as _, Names};
use handoff_spine::scenario::{Said as _, command, id, person, record_id};
use serde_json::{Value, json};

const DAYS: &str = "America/Chicago";

fn wording() -> Wording {
    let states = [
        Statement::RightToRevoke,
        Statement::Redisclosure,
        Statement::RefusalConsequences,
        Statement::HipaaRedisclosure,
    ];
    Wording {
        data_description: "my record".to_owned(),
        revocation_method: Some("a letter to the records desk".to_owned()),
        states: BTreeSet::from(states),
        signed_by: SignedBy::WetInk,
    }
}

/// The events of a Consent, each with the facts that were read; `change` says what else is known of the copy.
fn events(
    resource: &Value,
    zone: Option<&'static str>,
    change: impl Fn(Recording<'_>, &mut dyn FnMut(Recording<'_>)),
) -> Result<Vec<(HubEvent, ConsentFacts)>, Refusal> {
    let unit: UnitId = id(KEEPER);
    let names: Names = Arc::new(record_id);
    let wording = wording();
    let keys = ["Encounter/ex-encounter", "Observation/ex-weight"];
    let record_key = |wanted: RecordId| keys.iter().find(|key| record(key) == wanted).map(|key| (*key).to_owned());
    let recording = Recording {
        unit: &unit,
        names: &names,
        wording: Some(&wording),
        patient_name: Some("Robin Q Sampleton"),
        time_zone: zone,
        record_key: &record_key,
    };
    let mut all = Vec::new();
    for one in read(resource, &Known { zone })? {
        let mut made = None;
        change(recording, &mut |changed| made = Some(changed.event(&one, one.key.clone())));
        all.push((made.unwrap()?, one.facts));
    }
    Ok(all)
}

fn as_it_is(recording: Recording<'_>, then: &mut dyn FnMut(Recording<'_>)) {
    then(recording);
}

#[track_caller]
fn refused(provision: Value, zone: Option<&'static str>, code: &str, place: &str) {
    let refusal = events(&consent(provision), zone, as_it_is).expect_err("refused");
    assert_eq!((refusal.code.as_str(), refusal.place.as_deref()), (code, Some(place)), "{refusal}");
}

/// What the deciding service makes of it, as any other unit's event.
fn decided(event: &HubEvent) -> ConsentFacts {
    let sent = command(KEEPER, &event.record, event.event_type.as_str(), event.data.clone()).about(person(1));
    let events = consents().decide(&Consent::default(), &sent).unwrap();
    let facts = events.into_iter().flat_map(|e| e.facts).find_map(|fact| match fact {
        Fact::ConsentRecorded { consent } => Some(consent),
        _ => None,
    });
    facts.unwrap()
}

fn related(encounter: &str) -> Value {
    json!([{ "meaning": "related", "reference": { "reference": encounter } }])
}

#[test]
fn an_event_says_what_was_read() {
    let researcher = json!([actor("IRCP", "Organization/ex-org-researcher")]);
    let year = json!({ "start": "2031-01", "end": "2031-12-31" });
    let ends = json!({ "end": "2032-03-05" });
    let provisions = [
        permit(),
        with(permit(), json!({ "actor": researcher, "period": ends, "dataPeriod": year })),
        with(permit(), json!({ "data": related("Encounter/ex-encounter") })),
        with(permit(), json!({ "provision": [{ "type": "deny", "securityLabel": [label("HIV")] }] })),
        json!({ "type": "deny", "securityLabel": [label("SUD")], "actor": researcher, "dataPeriod": year, "period": ends }),
        json!({ "type": "deny" }),
        json!({ "type": "deny", "provision": [{ "type": "permit", "purpose": [purpose("ETREAT")] }] }),
    ];
    for provision in provisions {
        let all =
            events(&consent(provision.clone()), Some(DAYS), as_it_is).unwrap_or_else(|e| panic!("{provision}: {e}"));
        assert!(!all.is_empty());
        for (event, facts) in all {
            assert_eq!(decided(&event), facts, "{provision}");
        }
    }
}

#[test]
fn days_without_a_zone_stay_narrow_in_a_permission_and_wide_in_a_denial() {
    let year = json!({ "dataPeriod": { "start": "2031-01", "end": "2031-12-31" } });
    for kind in ["permit", "deny"] {
        let provision = with(with(permit(), json!({ "type": kind })), year.clone());
        let all = events(&consent(provision), None, as_it_is).unwrap();
        assert_eq!(decided(&all[0].0), all[0].1, "{kind}");
    }
    refused(with(permit(), json!({ "period": { "end": "2032-03-05" } })), None, "HO-2318", "/provision");
}

#[test]
fn what_the_event_cannot_say_is_never_rounded() {
    let noon = json!({ "dataPeriod": { "end": "2031-12-31T12:00:00Z" } });
    refused(with(permit(), noon.clone()), Some(DAYS), "HO-2335", "/provision");
    refused(with(noon, json!({ "type": "deny" })), Some(DAYS), "HO-2335", "/provision");
    refused(
        with(permit(), json!({ "period": { "end": "2032-03-05T12:00:00Z" } })),
        Some(DAYS),
        "HO-2335",
        "/provision",
    );
    let emergency = json!([{ "type": "permit", "purpose": [purpose("ETREAT")] }]);
    let keeper = json!({ "type": "deny", "provision": emergency, "actor": [actor("CST", "Organization/f001")] });
    refused(keeper, Some(DAYS), "HO-2335", "/provision");
}

#[test]
fn the_elements_of_the_form_are_those_it_has() {
    let unsaid = |statement: Statement| {
        events(&consent(permit()), Some(DAYS), |recording, then| {
            let mut wording = wording();
            wording.states.remove(&statement);
            then(Recording { wording: Some(&wording), ..recording });
        })
    };
    for (statement, code) in [
        (Statement::RightToRevoke, "HO-1360"),
        (Statement::Redisclosure, "HO-1364"),
        (Statement::RefusalConsequences, "HO-1365"),
        (Statement::HipaaRedisclosure, "HO-1357"),
    ] {
        let refusal = unsaid(statement).unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.place.as_deref()), (code, Some("/provision")), "{refusal}");
    }
    let nameless = events(&consent(permit()), Some(DAYS), |recording, then| {
        then(Recording { patient_name: None, ..recording });
    });
    assert_eq!(nameless.unwrap_err().code, "HO-1352");
    let formless = events(&consent(permit()), Some(DAYS), |recording, then| {
        then(Recording { wording: None, ..recording });
    });
    assert_eq!(formless.unwrap_err().code, "HO-2343");
}

#[test]
fn records_go_by_the_keys_of_the_unit_that_keeps_them() {
    let others = json!([{ "identifier": { "system": UNIT, "value": RESEARCH } }]);
    let mut resource = consent(with(permit(), json!({ "data": related("Encounter/ex-encounter") })));
    let all = events(&resource, Some(DAYS), as_it_is).unwrap();
    assert_eq!(all[0].0.data["records"], json!(["Encounter/ex-encounter"]));
    resource["organization"] = others;
    let refusal = events(&resource, Some(DAYS), as_it_is).unwrap_err();
    assert_eq!((refusal.code.as_str(), refusal.place.as_deref()), ("HO-2324", Some("/provision")));
}
