//! What a referral says to policy, and what its performer is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{HUB, PERFORMER, REFERRER, STRANGER, created, creation, referrals, step};
use handoff_referral::Step;
use handoff_schemas::{Fact, ReferralStatus};
use handoff_spine::decider::Decider as _;
use handoff_spine::scenario::{
    Said as _, World, command, given, id, person, record_id, samples, without_each_required,
};
use serde_json::json;

const CREATED: &str = "referral.referral-created.v1";

#[test]
fn a_new_referral_opens_and_is_requested_at_once() {
    let referral = record_id(&id(REFERRER), "ref-1");
    given(referrals()).when(&creation("requested")).then_facts(&[
        Fact::ReferralOpened {
            referral,
            person: person(1),
            from: id(REFERRER),
            to: id(PERFORMER),
            initiated_by: id(REFERRER),
        },
        Fact::ReferralMoved { referral, status: ReferralStatus::Requested },
    ]);
}

#[test]
fn a_draft_is_opened_and_not_sent() {
    let events = given(referrals()).when(&creation("draft")).then_accepted();
    assert_eq!(events[0].facts.len(), 1);
}

#[test]
fn who_initiated_a_referral_is_kept_for_the_police_who_asked_for_it() {
    let mut data = created("requested");
    data["initiated_by"] = json!(STRANGER);
    let events = given(referrals()).when(&command(REFERRER, "r", CREATED, data).about(person(1))).then_accepted();
    assert!(matches!(&events[0].facts[0], Fact::ReferralOpened { initiated_by, .. } if *initiated_by == id(STRANGER)));
}

#[test]
fn one_command_may_create_and_request() {
    let both = creation("draft").and(Step::Request.event_type(), json!({ "at": "2031-03-05T21:14:00Z" }));
    given(referrals()).when(&both).then_events(&[CREATED, Step::Request.event_type()]);
}

#[test]
fn the_same_key_does_not_create_twice() {
    given(referrals()).after(&creation("requested")).when(&creation("requested")).then_refused("HO-2403");
}

#[test]
fn a_withdrawn_consent_is_not_told_to_the_performer() {
    let mut world = World::new(referrals());
    world.handle(&creation("requested")).unwrap();
    let state = world.state(record_id(&id(REFERRER), "ref-1"));
    for unit in [REFERRER, HUB] {
        let mut cancel = step(unit, Step::Cancel);
        cancel.items[0].data["reason"] = json!("consent-revoked");
        let new = referrals().decide(&state, &cancel).unwrap();
        assert_eq!(new[0].data["reason"], "referrer-withdrew");
        assert!(!new[0].data.to_string().contains("consent"));
        assert!(world.clone().handle(&cancel).is_ok());
    }
}

#[test]
fn what_a_creation_may_not_say_is_refused_with_its_code() {
    let with = |field: &str, value: serde_json::Value| {
        let mut data = created("requested");
        data[field] = value;
        command(REFERRER, "r", CREATED, data).about(person(1))
    };
    given(referrals()).when(&with("referrer", json!(STRANGER))).then_refused("HO-2408");
    given(referrals()).when(&with("performer", json!(REFERRER))).then_refused("HO-2409");
    given(referrals()).when(&with("performer", json!("nobody-here"))).then_refused("HO-2410");
    given(referrals()).when(&command(REFERRER, "r", CREATED, created("requested"))).then_refused("HO-2407");
    given(referrals()).when(&with("status", json!("completed"))).then_refused("HO-1002");
    let mut empty = creation("requested");
    empty.items.clear();
    given(referrals()).when(&empty).then_refused("HO-2406");
    let foreign =
        command(REFERRER, "r", "encounter.encounter-opened.v1", json!({ "opened_at": "2031-03-05T21:14:00Z" }));
    given(referrals()).when(&foreign).then_refused("HO-2411");
}

/// The way to a state in which the sample's step may be taken, and who takes it.
fn way(step_of: Step) -> (Vec<handoff_spine::command::Command>, &'static str) {
    let requested = vec![creation("requested")];
    let accepted = [requested.clone(), vec![step(PERFORMER, Step::Accept)]].concat();
    let started = [accepted.clone(), vec![step(PERFORMER, Step::Start)]].concat();
    match step_of {
        Step::Request | Step::EnterInError => (vec![creation("draft")], REFERRER),
        Step::Cancel => (requested, REFERRER),
        Step::Accept | Step::Reject => (requested, PERFORMER),
        Step::Fail => (requested, HUB),
        Step::Start => (accepted, PERFORMER),
        Step::Resume => ([accepted, vec![step(PERFORMER, Step::Hold)]].concat(), PERFORMER),
        _ => (started, PERFORMER),
    }
}

#[test]
fn every_sample_is_accepted_and_refused_without_each_required_element() {
    for sample in samples("referral") {
        let (before, ask) = match Step::of(sample.event_type.as_str()) {
            None => (vec![], command(REFERRER, "s", sample.event_type.as_str(), sample.data.clone()).about(person(1))),
            Some(s) => {
                let (before, who) = way(s);
                let mut ask = step(who, s);
                ask.items[0].data = sample.data.clone();
                (before, ask)
            }
        };
        let before = given(referrals()).after_all(&before);
        let outcome = before.clone().when(&ask);
        assert!(outcome.answer().is_ok(), "{}: {:?}", sample.name, outcome.answer().err());
        for (place, less) in without_each_required(&sample.event_type, &sample.data) {
            let mut ask = ask.clone();
            ask.items[0].data = less;
            let refused = before.clone().when(&ask);
            let code = refused.answer().err().map(|r| r.code.clone()).unwrap_or_default();
            assert!(code.starts_with("HO-"), "{} without {place} was accepted", sample.name);
        }
    }
}
