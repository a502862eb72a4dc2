use handoff_gateway::adapter::{Format, PersonRef};
use serde_json::json;

use super::common::{EIDO, check, map, valid};

#[test]
fn the_incident_is_one_event_and_each_third_party_one_of_their_own() {
    let mapped = valid(Format::Eido, EIDO.as_bytes());
    let kinds: Vec<(&str, &str)> = mapped.drafts.iter().map(|d| (d.event_type.as_str(), d.key.as_str())).collect();
    let id = "urn:emergency:uid:incidentid:2031-17:river-911.example.invalid";
    assert_eq!(
        kinds,
        [
            ("encounter.incident-reported.v1", id),
            ("encounter.third-party-reported.v1", format!("{id}#person:person-2").as_str()),
            ("encounter.third-party-reported.v1", format!("{id}#person:person-3").as_str()),
        ]
    );
    assert!(mapped.drafts.iter().all(|d| d.incident_key.as_deref() == Some("INC-2031-17")));
    assert!(mapped.drafts[0].person == PersonRef::Local("person-1".into()));
}

#[test]
fn members_go_to_their_fields() {
    let mapped = valid(Format::Eido, EIDO.as_bytes());
    check(
        &mapped.drafts[0].data,
        &[
            ("/incident_number", json!("INC-2031-17")),
            ("/call/type", json!("Person in crisis")),
            ("/call/type_code", json!("25B3")),
            ("/call/status", json!("Units on scene")),
            ("/call/priority", json!("2")),
            ("/call/source", json!("911")),
            ("/times/call_received", json!("2031-03-05T21:10:00-05:00")),
            ("/times/call_answered", json!("2031-03-05T21:10:08-05:00")),
            ("/location/address/line", json!("12 Example Quay")),
            ("/location/address/state", json!("ZZ")),
            ("/location/latitude", json!(0.25)),
            ("/other_locations/0/reference", json!("https://location.example.invalid/1")),
            ("/units/0/kind", json!("law-enforcement")),
            ("/units/0/call_sign", json!("PD 4")),
            ("/staff/0/number", json!("ct09@river-911.example.invalid")),
            ("/cautions/0", json!({ "kind": "Animal", "severity": "normal", "observed_at": "2031-03-01T00:00:00Z" })),
            ("/remarks/0/text", json!("Sits on the steps,\ntalks to nobody & waits. Fictional.")),
            ("/remarks/1/text", json!("Large dog in the yard. Fictional.")),
            ("/remarks/2/text", json!("Fictional comment.")),
            ("/person/name", json!({ "given": "Robin", "family": "Sampleton" })),
            ("/person/birth_date", json!("1990-02-03")),
            ("/disposition/code", json!("NR")),
        ],
    );
    check(
        &mapped.drafts[1].data,
        &[
            ("/role", json!("caller")),
            ("/name", json!({ "family": "Callerly", "given": "Dana" })),
            ("/callback", json!(["tel:+12125550142"])),
            ("/phones", json!(["+1-212-555-0177"])),
            ("/statement", json!("Is worried about the neighbor. Fictional.")),
        ],
    );
}

#[test]
fn nothing_of_a_third_party_stands_in_the_incident() {
    let mapped = valid(Format::Eido, EIDO.as_bytes());
    let incident = mapped.drafts[0].data.to_string();
    for word in ["5550142", "0177", "Callerly", "neighbor"] {
        assert!(!incident.contains(word), "{word}");
    }
}

#[test]
fn an_unknown_role_is_a_third_party_never_the_subject() {
    let mapped = valid(Format::Eido, EIDO.as_bytes());
    check(&mapped.drafts[2].data, &[("/role", json!("other"))]);
    assert!(mapped.findings.iter().any(|f| f.code.as_str() == "HO-1272"));
}

#[test]
fn several_subjects_are_several_events_that_share_the_incident() {
    let text = EIDO.replace("\"Juggler\"", "\"Victim\"");
    let mapped = valid(Format::Eido, text.as_bytes());
    let incidents: Vec<_> =
        mapped.drafts.iter().filter(|d| d.event_type.as_str().contains("incident-reported")).collect();
    assert_eq!(incidents.len(), 2);
    assert_eq!(incidents[0].incident_key, incidents[1].incident_key);
    assert!(incidents[1].data.pointer("/person").is_none(), "the second subject got the first one's name");
}

#[test]
fn what_is_not_carried_is_named_and_what_points_nowhere_too() {
    let text = EIDO.replace("{ \"$ref\": \"callback-1\" }", "{ \"$ref\": \"nowhere\" }");
    let mapped = map(Format::Eido, text.as_bytes()).unwrap();
    let codes: Vec<(&str, &str)> = mapped.findings.iter().map(|f| (f.code.as_str(), f.place.path.as_str())).collect();
    assert!(codes.contains(&("HO-1271", "/mediaComponent")));
    assert!(codes.contains(&("HO-1270", "/callComponent/0/callBackReference")));
    assert!(codes.contains(&("HO-1274", "/locationComponent/1")));
}

#[test]
fn a_long_note_becomes_several_remarks_and_loses_nothing() {
    let note = "word ".repeat(2000);
    let text = EIDO.replace("Is worried about the neighbor. Fictional.", &note);
    let mapped = valid(Format::Eido, text.as_bytes());
    let remarks = mapped.drafts[0].data["remarks"].as_array().unwrap();
    let all: String = remarks.iter().map(|r| r["text"].as_str().unwrap()).collect();
    assert!(all.contains(note.trim()));
}

#[test]
fn broken_xml_by_value_is_left_out_and_named() {
    let text = EIDO.replace("<presence xmlns", "<!DOCTYPE x><presence xmlns");
    let mapped = valid(Format::Eido, text.as_bytes());
    assert!(mapped.findings.iter().any(|f| f.code.as_str() == "HO-1273"));
    assert!(mapped.drafts[0].data.pointer("/location/address").is_none());
}
