//! The life of an encounter, and what it says to policy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use handoff_encounter::{About, Encounters, Phase, RULES, rule};
use handoff_schemas::{Disposition, Fact};
use handoff_spine::command::Command;
use handoff_spine::decider::Decider as _;
use handoff_spine::scenario::{
    Given, Said as _, command, given, id, person, record_id, samples, without_each_required,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const EMS: &str = "river-fire-ems";
const POLICE: &str = "river-pd-patrol";
const AT: &str = "2031-03-05T21:14:00Z";
const LATER: &str = "2031-03-05T22:14:00Z";

fn event(unit: &str, name: &str, data: Value) -> Command {
    command(unit, "enc-1", &format!("encounter.{name}.v1"), data).about(person(1))
}

fn opened() -> Command {
    event(EMS, "encounter-opened", json!({ "opened_at": AT }))
}

fn closed() -> Command {
    event(EMS, "encounter-closed", json!({ "closed_at": LATER }))
}

fn arrived(at: &str) -> Command {
    event(EMS, "unit-arrived", json!({ "unit": "M4", "arrived_at": at, "arrival_order": "primary" }))
}

fn caution(observed: &str, expires: &str) -> Command {
    let data =
        json!({ "kinds": ["weapon"], "source_agency": "river-pd", "observed_at": observed, "expires_at": expires });
    event(EMS, "caution-recorded", data)
}

fn over() -> Given<Encounters> {
    given(Encounters).after(&opened()).after(&closed())
}

#[test]
fn an_arrival_after_the_closing_is_refused() {
    over().when(&arrived(LATER)).then_refused("HO-2204");
}

#[test]
fn an_arrival_logged_before_its_dispatch_is_kept_as_it_came() {
    let dispatched = event(EMS, "unit-dispatched", json!({ "unit": "M4", "dispatched_at": LATER }));
    given(Encounters).after(&arrived(AT)).when(&dispatched).then_events(&["encounter.unit-dispatched.v1"]);
}

#[test]
fn what_becomes_of_the_person_later_is_taken_after_the_closing() {
    let charge = event(EMS, "charge-outcome-recorded", json!({ "charge_filed": false }));
    let contact = event(EMS, "follow-up-contact", json!({ "at": LATER, "outcome": "reached" }));
    over().after(&charge).when(&contact).then_accepted();
}

#[test]
fn a_care_report_is_amended_after_the_closing() {
    let report = samples("encounter").into_iter().find(|s| s.name.contains("care-reported.v1/minimal")).unwrap();
    over().when(&event(EMS, "care-reported", report.data)).then_accepted();
    for name in ["care-reported", "incident-reported"] {
        assert!(Encounters::amendable(&id(&format!("encounter.{name}.v1"))));
    }
    let amendable = RULES.iter().filter(|r| Encounters::amendable(&id(r.event_type))).count();
    assert_eq!(amendable, 2);
}

#[test]
fn an_encounter_opens_once_and_closes_once() {
    given(Encounters).after(&opened()).when(&opened()).then_refused("HO-2205");
    over().when(&closed()).then_refused("HO-2206");
    over().when(&opened()).then_refused("HO-2204");
}

#[test]
fn another_unit_cannot_tell_a_record_from_none() {
    let record = record_id(&id(EMS), "enc-1");
    for name in ["unit-arrived", "care-reported", "caution-contested"] {
        let ask = event(POLICE, name, json!({})).on(record);
        let there = given(Encounters).after(&opened()).when(&ask).then_refused("HO-2203");
        let none = given(Encounters).when(&ask).then_refused("HO-2203");
        assert_eq!(there, none);
    }
}

#[test]
fn two_units_with_the_same_key_have_two_records() {
    let police = event(POLICE, "encounter-opened", json!({ "opened_at": AT }));
    given(Encounters).after(&opened()).when(&police).then_accepted();
}

#[test]
fn clinical_data_about_nobody_is_refused() {
    for rule in RULES {
        let mut ask = command(EMS, "enc-1", rule.event_type, json!({}));
        ask.items[0].person = None;
        let refused = given(Encounters).when(&ask).answer().err().map(|r| r.code == "HO-2208");
        assert_eq!(refused == Some(true), rule.about == About::Person, "{}", rule.event_type);
    }
}

#[test]
fn f2_a_caution_lasts_twelve_months_at_most() {
    given(Encounters).when(&caution("2031-03-05T00:00:00Z", "2032-03-05T00:00:00Z")).then_accepted();
    given(Encounters).when(&caution("2031-03-05T00:00:00Z", "2032-03-07T00:00:00Z")).then_refused("HO-2211");
}

#[test]
fn an_end_before_its_beginning_is_refused_with_its_place() {
    let place = |ask: &Command| given(Encounters).when(ask).then_refused("HO-2210").place.unwrap();
    assert_eq!(place(&caution(LATER, AT)), "/expires_at");
    let hold = json!({ "initiated_at": LATER, "initiated_by": "clinician", "ends_at": AT });
    assert_eq!(place(&event(EMS, "hold-initiated", hold)), "/ends_at");
    let charge = json!({ "charge_filed": true, "filed_on": "2031-03-05", "decided_on": "2031-03-04" });
    assert_eq!(place(&event(EMS, "charge-outcome-recorded", charge)), "/decided_on");
}

#[test]
fn a_caution_is_contested_on_the_record_that_holds_it() {
    let contested = event(EMS, "caution-contested", json!({ "contested_at": LATER, "outcome": "pending" }));
    let expired = event(EMS, "caution-expired", json!({ "expired_at": LATER }));
    given(Encounters).after(&opened()).when(&contested).then_refused("HO-2207");
    let held = given(Encounters).after(&caution(AT, LATER)).after(&contested).after(&expired);
    held.when(&expired).then_refused("HO-2207");
}

#[test]
fn an_asserted_time_without_offset_is_refused() {
    given(Encounters).when(&opened().asserted("2031-03-05 21:14")).then_refused("HO-2209");
    given(Encounters).when(&opened().asserted("2031-03-05T21:14:00-06:00")).then_accepted();
}

#[test]
fn a_disposition_says_its_class_and_whether_police_began_it() {
    let hold = |by: &str| event(EMS, "hold-initiated", json!({ "initiated_at": AT, "initiated_by": by }));
    let disposed = |class: &str| event(EMS, "disposition-recorded", json!({ "class": class }));
    let fact = |disposition, law_enforcement_initiated| [Fact::Disposed { disposition, law_enforcement_initiated }];
    let resolved = given(Encounters).when(&disposed("resolved-on-scene"));
    resolved.then_facts(&fact(Disposition::ResolvedOnScene, false));
    given(Encounters).when(&disposed("arrest")).then_facts(&fact(Disposition::Arrest, true));
    for (by, police) in [("law-enforcement", true), ("clinician", false)] {
        let held = given(Encounters).when(&hold(by)).then_facts(&fact(Disposition::InvoluntaryHold, police));
        held.then().when(&disposed("involuntary-hold")).then_facts(&fact(Disposition::InvoluntaryHold, police));
    }
}

#[test]
fn a_hold_says_whose_officer_wrote_it_where_one_did_and_the_source_names_the_unit() {
    let hold = |by: &str| {
        event(EMS, "hold-initiated", json!({ "initiated_at": AT, "initiated_by": by, "initiated_by_unit": POLICE }))
    };
    let disposed = |law_enforcement_initiated| Fact::Disposed {
        disposition: Disposition::InvoluntaryHold,
        law_enforcement_initiated,
    };
    let written = Fact::HoldWritten { person: person(1), unit: id(POLICE) };
    given(Encounters).when(&hold("law-enforcement")).then_facts(&[disposed(true), written]);
    given(Encounters).when(&hold("physician")).then_facts(&[disposed(false)]);
}

#[test]
fn a_foreign_event_an_empty_command_and_a_wrong_word_are_refused() {
    given(Encounters).when(&command(EMS, "e", "encounter.made-up.v1", json!({}))).then_refused("HO-2202");
    let mut empty = opened();
    empty.items.clear();
    given(Encounters).when(&empty).then_refused("HO-2201");
    let wrong = event(EMS, "disposition-recorded", json!({ "class": "evaporated" }));
    let refused = given(Encounters).when(&wrong).answer().err().cloned().unwrap();
    assert!(refused.code.starts_with("HO-10"), "{refused}");
    assert!(!refused.to_string().contains("evaporated"));
}

#[test]
fn every_event_type_with_a_schema_has_a_rule() {
    let published: std::collections::BTreeSet<_> =
        samples("encounter").iter().map(|s| s.event_type.as_str().to_owned()).collect();
    let ruled: std::collections::BTreeSet<_> = RULES.iter().map(|r| r.event_type.to_owned()).collect();
    assert_eq!(published, ruled);
}

#[test]
fn every_sample_is_accepted_and_refused_without_each_required_element() {
    for sample in samples("encounter") {
        let before = given(Encounters).after(&caution(AT, LATER));
        let mut ask = command(EMS, "enc-1", sample.event_type.as_str(), sample.data.clone()).about(person(1));
        ask.items[0].asserted_at = sample.time.clone();
        let outcome = before.clone().when(&ask);
        assert!(outcome.answer().is_ok(), "{}: {:?}", sample.name, outcome.answer().err());
        for (place, less) in without_each_required(&sample.event_type, &sample.data) {
            let mut ask = ask.clone();
            ask.items[0].data = less;
            let code = before.clone().when(&ask).answer().err().map(|r| r.code.clone()).unwrap_or_default();
            assert!(code.starts_with("HO-"), "{} without {place} was accepted", sample.name);
        }
    }
}

proptest! {
    #[test]
    fn nothing_of_the_scene_is_ever_accepted_after_a_closing(picks in prop::collection::vec(0..RULES.len(), 1..24)) {
        let all = samples("encounter");
        let mut world = handoff_spine::scenario::World::new(Encounters);
        let mut ended = false;
        for pick in picks {
            let event_type = RULES[pick].event_type;
            let sample = all.iter().find(|s| s.event_type.as_str() == event_type).unwrap();
            let accepted = world.handle(&command(EMS, "enc-1", event_type, sample.data.clone()).about(person(1))).is_ok();
            prop_assert!(!(accepted && ended && rule(event_type).unwrap().phase == Phase::Scene));
            ended |= accepted && event_type == "encounter.encounter-closed.v1";
        }
    }
}

#[test]
fn treatment_begins_with_care_and_ends_with_the_record() {
    let (jo, unit): (_, handoff_schemas::UnitId) = (person(1), id(EMS));
    let began = [Fact::TreatmentBegan { person: jo, unit: unit.clone() }];
    let ended = [Fact::TreatmentEnded { person: jo, unit }];
    let came = |accepted: bool| event(EMS, "hospital-arrived", json!({ "arrived_at": AT, "accepted": accepted }));
    given(Encounters).when(&opened()).then_facts(&began);
    given(Encounters).when(&came(true)).then_facts(&began);
    given(Encounters).when(&came(false)).then_facts(&[]);
    given(Encounters).when(&closed()).then_facts(&[]);
    given(Encounters).after(&opened()).when(&closed()).then_facts(&ended);
    // What comes in after the closing begins nothing.
    over().when(&came(true)).then_facts(&[]);
    let left = event(EMS, "hospital-admitted", json!({ "admitted": true, "at": AT, "discharged_at": LATER }));
    given(Encounters).after(&came(true)).when(&left).then_facts(&ended);
    // Neither a caution nor a transport is care of the unit's own.
    given(Encounters).when(&caution(AT, LATER)).then_facts(&[]);
}
