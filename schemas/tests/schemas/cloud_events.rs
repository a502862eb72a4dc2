use handoff_schemas::strict_json::{MAX_BYTES, MAX_DEPTH, parse};
use handoff_schemas::{CloudEvent, Envelope, SchemaError};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::registry;

fn valid() -> Value {
    json!({
        "specversion": "1.0", "id": "e-1", "source": "/units/willow-clinic-crisis",
        "type": "handoff.encounter.encounter-opened.v1", "time": "2031-03-05T21:40:00Z", "subject": "local-1",
        "datacontenttype": "application/json", "data": { "opened_at": "2031-03-05T21:40:00Z" }
    })
}

fn with(change: Value) -> Value {
    let mut event = valid();
    for (name, value) in change.as_object().unwrap() {
        if value == &json!("(absent)") {
            event.as_object_mut().unwrap().remove(name);
        } else {
            event[name] = value.clone();
        }
    }
    event
}

fn read(event: &Value) -> Result<CloudEvent, SchemaError> {
    CloudEvent::parse(event.to_string().as_bytes(), registry())
}

#[test]
fn the_envelope_resolves_to_the_hubs_words() {
    let event = read(&with(json!({ "record": "rec-1", "incident": "inc-1", "amends": "e-0", "traceparent": "00-ab" })))
        .unwrap();
    assert_eq!(event.unit.as_str(), "willow-clinic-crisis");
    assert_eq!(event.event_type.as_str(), "encounter.encounter-opened.v1");
    assert_eq!((event.record.as_str(), event.incident.as_deref()), ("rec-1", Some("inc-1")));
    assert_eq!((event.person.as_deref(), event.amends.as_deref()), (Some("local-1"), Some("e-0")));
    assert_eq!(read(&valid()).unwrap().record, "e-1", "the id is the record's key where none is given");
    let person = read(&with(json!({ "subject": "(absent)", "person": "local-2" }))).unwrap();
    assert_eq!(person.person.as_deref(), Some("local-2"));
    assert_eq!(read(&person.to_json()).unwrap(), person);
}

#[test]
fn a_null_attribute_is_one_that_is_not_set() {
    let event = read(&with(json!({ "subject": null, "incident": null }))).unwrap();
    assert_eq!((event.person, event.incident), (None, None));
    assert_eq!(read(&with(json!({ "id": null }))).unwrap_err().place, "/id");
}

#[test]
fn bad_envelopes_are_refused_with_place_and_code() {
    use SchemaError as E;
    let cases = [
        (json!({ "specversion": "(absent)" }), E::ENVELOPE, "/specversion"),
        (json!({ "specversion": "0.3" }), E::ENVELOPE, "/specversion"),
        (json!({ "specversion": 1.0 }), E::ENVELOPE, "/specversion"),
        (json!({ "id": "(absent)" }), E::ENVELOPE, "/id"),
        (json!({ "id": "" }), E::ENVELOPE, "/id"),
        (json!({ "id": 7 }), E::ENVELOPE, "/id"),
        (json!({ "id": "a\u{0}b" }), E::ENVELOPE, "/id"),
        (json!({ "id": "x".repeat(257) }), E::ENVELOPE, "/id"),
        (json!({ "source": "(absent)" }), E::ENVELOPE, "/source"),
        (json!({ "source": "" }), E::ENVELOPE, "/source"),
        (json!({ "source": "not a uri <>" }), E::ENVELOPE, "/source"),
        (json!({ "source": "/somewhere/else" }), E::SOURCE, "/source"),
        (json!({ "source": "/units/Not-A-Slug" }), E::SOURCE, "/source"),
        (json!({ "type": "(absent)" }), E::ENVELOPE, "/type"),
        (json!({ "type": "com.example.someevent" }), E::TYPE, "/type"),
        (json!({ "type": "handoff.encounter.encounter-opened" }), E::TYPE, "/type"),
        (json!({ "type": "handoff.encounter.no-such.v1" }), E::UNKNOWN_TYPE, "/type"),
        (json!({ "type": "handoff.encounter.encounter-opened.v2" }), E::UNKNOWN_TYPE, "/type"),
        (json!({ "time": "2031-03-05 21:40" }), E::ENVELOPE, "/time"),
        (json!({ "time": "2031-02-30T00:00:00Z" }), E::ENVELOPE, "/time"),
        (json!({ "subject": ["local-1"] }), E::ENVELOPE, "/subject"),
        (json!({ "person": "local-2" }), E::TWO_PERSONS, "/person"),
        (json!({ "datacontenttype": "text/xml" }), E::CONTENT_TYPE, "/datacontenttype"),
        (json!({ "datacontenttype": "application/json; charset=utf-16" }), E::CONTENT_TYPE, "/datacontenttype"),
        (
            json!({ "dataschema": "urn:handoff:schema:events/encounter/encounter-opened.v2" }),
            E::DATASCHEMA,
            "/dataschema",
        ),
        (json!({ "dataschema": "relative" }), E::ENVELOPE, "/dataschema"),
        (json!({ "data_base64": "AAAA" }), E::ENVELOPE, ""),
        (json!({ "CANARY": "x" }), E::ENVELOPE, ""),
        (json!({ "canary": { "a": 1 } }), E::ENVELOPE, ""),
        (json!({ "data": { "opened_at": "CANARY" } }), E::INVALID, "/data/opened_at"),
        (json!({ "data": { "opened_at": "2031-03-05T21:40:00Z", "CANARY": 1 } }), E::INVALID, "/data"),
        (json!({ "data": "(absent)" }), E::INVALID, "/data/opened_at"),
        (json!({ "data": "CANARY" }), E::INVALID, "/data"),
    ];
    for (change, code, place) in cases {
        let refused = read(&with(change.clone())).expect_err(&change.to_string());
        assert_eq!((refused.code, refused.place.as_str()), (code, place), "{change}");
        assert!(!format!("{refused} {refused:?}").to_lowercase().contains("canary"), "{refused}");
    }
}

#[test]
fn bad_json_is_refused_with_line_and_column() {
    let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    let huge = format!("\"{}\"", "x".repeat(MAX_BYTES));
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), SchemaError::NOT_JSON),
        (b"{".to_vec(), SchemaError::NOT_JSON),
        (b"{} {}".to_vec(), SchemaError::NOT_JSON),
        (b"\xff\xfe".to_vec(), SchemaError::NOT_JSON),
        (b"{\"a\": \"\xc3\x28\"}".to_vec(), SchemaError::NOT_JSON),
        (b"{'a': 1}".to_vec(), SchemaError::NOT_JSON),
        (b"[1e999]".to_vec(), SchemaError::NOT_JSON),
        (b"<a/>".to_vec(), SchemaError::NOT_JSON),
        (br#"{"CANARY": 1, "CANARY": 2}"#.to_vec(), SchemaError::DUPLICATE_KEY),
        (br#"{"a": [{"CANARY": 1, "\u0043ANARY": 2}]}"#.to_vec(), SchemaError::DUPLICATE_KEY),
        (deep(MAX_DEPTH + 1).into_bytes(), SchemaError::TOO_DEEP),
        (deep(10_000).into_bytes(), SchemaError::TOO_DEEP),
        (huge.into_bytes(), SchemaError::TOO_LARGE),
        (vec![b' '; MAX_BYTES + 1], SchemaError::TOO_LARGE),
    ];
    for (bytes, code) in cases {
        let refused = parse(&bytes).unwrap_err();
        assert_eq!(refused.code, code, "{refused}");
        assert!(!format!("{refused:?}").contains("CANARY"), "{refused}");
        assert!(code == SchemaError::TOO_LARGE || refused.place.starts_with("line "), "{refused}");
    }
    assert!(parse(deep(MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(Envelope::structured(b"[]", registry()).unwrap_err().code, SchemaError::ENVELOPE);
}

#[test]
fn binary_mode_is_the_same_event() {
    let headers = [
        ("Ce-Specversion", "1.0"),
        ("ce-id", "e-1"),
        ("CE-Source", "/units/willow-clinic-crisis"),
        ("ce-type", "handoff.encounter.encounter-opened.v1"),
        ("ce-time", "2031-03-05T21:40:00Z"),
        ("ce-subject", "local%2D%31"),
        ("host", "hub.example.invalid"),
    ];
    let body = br#"{ "opened_at": "2031-03-05T21:40:00Z" }"#;
    let envelope = Envelope::binary(headers, Some("application/json; charset=UTF-8"), body, registry()).unwrap();
    assert_eq!(CloudEvent::resolve(envelope, registry()).unwrap(), read(&valid()).unwrap());

    let refused = |extra: (&'static str, &'static str)| {
        Envelope::binary(headers.into_iter().chain([extra]), None, body, registry()).unwrap_err().code
    };
    assert_eq!(refused(("ce-incident", "%4")), SchemaError::HEADER);
    assert_eq!(refused(("ce-incident", "%zz")), SchemaError::HEADER);
    assert_eq!(refused(("ce-incident", "%ff")), SchemaError::HEADER);
    assert_eq!(refused(("ce-id", "again")), SchemaError::HEADER);
    assert_eq!(refused(("ce-data", "{}")), SchemaError::HEADER);
    let text = Envelope::binary(headers, Some("text/plain"), body, registry()).unwrap_err();
    assert_eq!(text.code, SchemaError::CONTENT_TYPE);
}

#[test]
fn an_event_prints_neither_person_nor_data() {
    let event = read(&with(
        json!({ "subject": "CANARY", "data": { "opened_at": "2031-03-05T21:40:00Z", "team": ["CANARY"] } }),
    ))
    .unwrap();
    assert!(!format!("{event:?}").contains("CANARY"));
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_or_read_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        prop_assert!(CloudEvent::parse(&bytes, registry()).is_err());
    }

    #[test]
    fn a_cut_or_flipped_event_never_panics_and_never_echoes(cut in 0_usize..400, flip in any::<u8>()) {
        let mut bytes = with(json!({ "subject": "CANARY" })).to_string().into_bytes();
        let at = cut % bytes.len();
        bytes[at] ^= flip;
        if let Err(refused) = CloudEvent::parse(&bytes, registry()) {
            prop_assert!(!refused.to_string().contains("CANARY"));
        }
        bytes.truncate(at);
        prop_assert!(CloudEvent::parse(&bytes, registry()).is_err());
    }

    #[test]
    fn strict_reading_agrees_with_serde_json(number in any::<i64>(), float in -1e300_f64..1e300, text in "\\PC{0,20}") {
        let value = json!({ "n": number, "f": float, "t": text, "l": [null, true, { text.clone(): {} }], "u": u64::MAX });
        prop_assert_eq!(parse(value.to_string().as_bytes()).unwrap(), serde_json::from_str::<Value>(&value.to_string()).unwrap());
    }
}
