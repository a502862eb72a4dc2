//! What a document limits its categories to, as policy is told of it: time, records, types, elements (2.31(a)(3)).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{CLINIC, PROGRAM, consents, named, record};
use handoff_schemas::{Category, ConsentFacts, EventType, Fact, LogTime};
use handoff_spine::command::Command;
use handoff_spine::scenario::{Said as _, command, given, id, person, record_id};
use proptest::prelude::*;
use serde_json::{Value, json};

fn with(mut data: Value, change: Value) -> Value {
    for (field, value) in change.as_object().unwrap() {
        data[field] = value.clone();
    }
    data
}

fn recorded(command: &Command) -> ConsentFacts {
    let events = given(consents()).when(command).then_accepted();
    match events[0].facts.as_slice() {
        [Fact::ConsentRecorded { consent }, ..] => consent.clone(),
        other => panic!("{other:?}"),
    }
}

fn limited(change: Value) -> ConsentFacts {
    recorded(&record(with(named(), change)))
}

fn denied(change: Value) -> ConsentFacts {
    recorded(&record(with(json!({ "types": ["general"], "decision": "deny" }), change)))
}

#[track_caller]
fn refused(change: Value, code: &str) -> String {
    given(consents()).when(&record(with(named(), change))).then_refused(code).to_string()
}

fn instant(text: &str) -> Option<LogTime> {
    Some(LogTime(text.parse::<jiff::Timestamp>().unwrap().as_millisecond()))
}

#[test]
fn a_document_that_limits_nothing_is_as_wide_as_its_categories() {
    let facts = limited(json!({}));
    assert_eq!((facts.data_from, facts.data_before), (None, None));
    assert!(facts.records.is_empty() && facts.event_types.is_empty() && facts.elements.is_empty());
    assert_eq!(facts.categories, [Category::Part2Record].into());
}

#[test]
fn a_data_period_is_whole_days_where_the_person_is() {
    let facts = limited(json!({ "data_from": "2031-03-01", "data_to": "2031-03-31" }));
    // Standing time in Chicago on the first, summer time after the last.
    assert_eq!(facts.data_from, instant("2031-03-01T06:00:00Z"));
    assert_eq!(facts.data_before, instant("2031-04-01T05:00:00Z"));
    assert_eq!(facts.categories, [Category::Part2Record].into(), "it releases, inside the period");
    let one_day = limited(json!({ "data_from": "2031-03-09", "data_to": "2031-03-09" }));
    assert_eq!(
        (one_day.data_from, one_day.data_before),
        (instant("2031-03-09T06:00:00Z"), instant("2031-03-10T05:00:00Z"))
    );
    let since = limited(json!({ "data_from": "2031-03-01" }));
    assert_eq!((since.data_from, since.data_before), (instant("2031-03-01T06:00:00Z"), None));
}

/// Nobody said where the person is: a permission takes the days narrowly, a denial widely.
#[test]
fn days_without_a_time_zone_never_open_more() {
    let days = json!({ "data_from": "2031-03-01", "data_to": "2031-03-31" });
    let permit =
        limited(with(days.clone(), json!({ "expiry": { "kind": "event", "event_code": "end-of-treatment" } })));
    assert_eq!(
        (permit.data_from, permit.data_before),
        (instant("2031-03-01T12:00:00Z"), instant("2031-03-31T10:00:00Z"))
    );
    let deny = denied(days);
    assert_eq!((deny.data_from, deny.data_before), (instant("2031-02-28T10:00:00Z"), instant("2031-04-01T12:00:00Z")));
}

#[test]
fn a_period_that_cannot_be_read_is_refused_and_never_open() {
    let unknown = json!({ "kind": "event", "event_code": "end-of-treatment", "time_zone": "Mars/Olympus" });
    refused(json!({ "data_from": "2031-03-01", "expiry": unknown }), "HO-2326");
    refused(json!({ "data_from": "2031-03-02", "data_to": "2031-03-01" }), "HO-2326");
    refused(json!({ "data_to": "9999-12-31" }), "HO-2326");
    for bad in [json!("March"), json!("2031-02-30"), json!(2031)] {
        let answer = given(consents()).when(&record(with(named(), json!({ "data_from": bad }))));
        assert!(answer.answer().is_err(), "{bad}");
    }
}

#[test]
fn records_are_named_by_the_keys_of_the_unit_that_keeps_them() {
    let facts = limited(json!({ "records": ["visit-17", "referral-4"] }));
    let own = |key| record_id(&id(PROGRAM), key);
    assert_eq!(facts.records, [own("visit-17"), own("referral-4")].into());
    let elsewhere =
        command(CLINIC, "c-1", "consent.consent-recorded.v1", with(named(), json!({ "records": ["visit-17"] })));
    given(consents()).when(&elsewhere.about(person(1))).then_refused("HO-2324");
    let both = with(named(), json!({ "records": ["visit-17"], "grantors": [PROGRAM, CLINIC] }));
    let facts = recorded(&command(CLINIC, "c-1", "consent.consent-recorded.v1", both).about(person(1)));
    assert_eq!(facts.records, [record_id(&id(CLINIC), "visit-17")].into(), "the clinic's own, not the program's");
}

#[test]
fn types_and_elements_are_words_the_hub_knows() {
    let created: EventType = "referral.referral-created.v1".parse().unwrap();
    assert_eq!(limited(json!({ "event_types": [created.as_str()] })).event_types, [created].into());
    let elements = limited(json!({ "data_elements": ["referral-dates", "hiv-sti"] })).elements;
    assert_eq!(*elements, ["referral-dates", "hiv-sti"], "a leaf without a word of its own has its category's");
    refused(json!({ "event_types": ["referral.referral-invented.v1"] }), "HO-2325");
    refused(json!({ "data_elements": ["appointment-dates"] }), "HO-2323");
    for empty in ["records", "event_types", "data_elements"] {
        let answer = given(consents()).when(&record(with(named(), json!({ empty: [] }))));
        assert!(answer.answer().is_err(), "an empty `{empty}` says neither all nor none");
    }
}

#[test]
fn a_denial_keeps_its_limits_and_denies_categories_whole() {
    let facts = denied(json!({
        "data_scope": ["referral"], "data_elements": ["referral-dates"], "records": ["visit-17"],
        "event_types": ["referral.referral-created.v1"],
    }));
    assert!(facts.deny && facts.elements.is_empty());
    assert_eq!((facts.records.len(), facts.event_types.len()), (1, 1));
    let others = json!({ "types": ["general"], "decision": "deny", "grantors": [CLINIC], "records": ["visit-17"] });
    given(consents()).when(&record(others)).then_refused("HO-2324");
}

#[test]
fn no_refusal_repeats_a_limit() {
    for (field, word, code) in [("data_elements", "quxley", "HO-2323"), ("event_types", "quxley.quxley.v1", "HO-2325")]
    {
        assert!(!refused(json!({ field: [word] }), code).contains("quxley"));
    }
}

proptest! {
    /// However the days are given, a permission's period lies inside a denial's.
    #[test]
    fn a_permission_takes_no_more_time_than_a_denial(
        from in 1i8..28, days in 0i8..28, zone in prop::sample::select(vec![None, Some("Asia/Kathmandu"), Some("-06:00")])
    ) {
        let day = |n: i8| jiff::civil::date(2031, 1, 1).checked_add(jiff::Span::new().days(i64::from(n))).unwrap().to_string();
        let mut expiry = json!({ "kind": "event", "event_code": "end-of-treatment" });
        if let Some(zone) = zone {
            expiry["time_zone"] = json!(zone);
        }
        let said = json!({ "data_from": day(from), "data_to": day(from + days), "expiry": expiry });
        let (permit, deny) = (limited(said.clone()), denied(said));
        prop_assert!(deny.data_from <= permit.data_from && permit.data_before <= deny.data_before);
        prop_assert!(zone.is_none() || (permit.data_from, permit.data_before) == (deny.data_from, deny.data_before));
    }
}
