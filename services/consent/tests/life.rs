//! A consent from recording to its end: who may do what, and when it stops.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{CLINIC, HUB, POLICE, PROGRAM, SHELTER, consents, event, named, record, tpo};
use handoff_consent::{Consents, Status, Step};
use handoff_schemas::{Category, Fact, LogTime, RecordId, RevokedFor};
use handoff_spine::command::Command;
use handoff_spine::commit::LoggedEvent;
use handoff_spine::scenario::{
    Given, Said as _, World, command, given, id, person, record_id, samples, without_each_required,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn consent() -> RecordId {
    record_id(&id(PROGRAM), "consent-1")
}

/// Recorded by the clinic for the program, so that recorder and grantor are two units.
fn recorded() -> Given<Consents> {
    given(consents()).after(&by_clinic("consent.consent-recorded.v1", named()))
}

fn by_clinic(event_type: &str, data: Value) -> Command {
    command(CLINIC, "consent-1", event_type, data).about(person(1))
}

fn on(unit: &str, step: Step) -> Command {
    command(unit, step.event_type(), step.event_type(), data(step))
        .on(record_id(&id(CLINIC), "consent-1"))
        .about(person(1))
}

/// The least data of a step on `named()`.
fn data(step: Step) -> Value {
    let at = "2032-03-06T06:00:00Z";
    match step {
        Step::Record => named(),
        Step::Verify => json!({ "method": "in-person" }),
        Step::Reject => json!({ "reasons": ["CONSENT_FALSE"] }),
        Step::Revoke => json!({ "scope": "all", "form": "written" }),
        Step::Expire => json!({ "cause": "date", "expired_at": at }),
        Step::RequestRestriction => json!({ "requested_at": at }),
        Step::AgreeRestriction => json!({ "agreed_at": at }),
        Step::DenyRestriction => json!({ "denied_at": at }),
        Step::TerminateRestriction => json!({ "terminated_at": at, "by": "person-written" }),
        Step::Object => json!({ "objected_at": at, "kind": "directory" }),
        Step::Notice => json!({ "kind": "combined", "provided_at": at }),
        Step::Representative => json!({ "role": "guardian", "authority": "order of a court" }),
        Step::Capacity => json!({ "capacity": "adjudicated-incapacity", "authority": "order of a court" }),
    }
}

fn at(status: Status) -> Given<Consents> {
    let first = |step: Step| given(consents()).after(&by_clinic(step.event_type(), data(step)));
    match status {
        Status::None => given(consents()),
        Status::Recorded => recorded(),
        Status::Verified => recorded().after(&on(PROGRAM, Step::Verify)),
        Status::Rejected => recorded().after(&on(PROGRAM, Step::Reject)),
        Status::Revoked => recorded().after(&on(PROGRAM, Step::Revoke)),
        Status::Expired => recorded().after(&on(HUB, Step::Expire)),
        Status::RestrictionRequested => first(Step::RequestRestriction),
        Status::RestrictionAgreed => first(Step::AgreeRestriction),
        Status::RestrictionDenied => first(Step::RequestRestriction).after(&on(CLINIC, Step::DenyRestriction)),
        Status::RestrictionTerminated => first(Step::AgreeRestriction).after(&on(CLINIC, Step::TerminateRestriction)),
        Status::Noted => first(Step::Notice),
    }
}

/// status, step, who may (R recorder, G grantor, H hub): written by hand.
const EXPECTED: &str = "
Recorded Verify G
Recorded Reject R G H
Recorded Revoke R G H
Recorded Expire R G H
Verified Verify G
Verified Reject R G H
Verified Revoke R G H
Verified Expire R G H
RestrictionRequested AgreeRestriction R
RestrictionRequested DenyRestriction R
RestrictionAgreed TerminateRestriction R
Noted Notice R
Noted Representative R
Noted Capacity R
";

#[test]
fn every_status_step_and_actor_agrees_with_the_table() {
    for &status in Status::ALL {
        if status == Status::None {
            continue;
        }
        let before = at(status);
        for &step in Step::ALL {
            for (mark, unit) in [("R", CLINIC), ("G", PROGRAM), ("H", HUB), ("-", POLICE)] {
                let who = EXPECTED.lines().find_map(|l| l.strip_prefix(&format!("{status:?} {step:?} ")));
                let may = who.is_some_and(|w| w.split(' ').any(|w| w == mark));
                let outcome = before.clone().when(&on(unit, step));
                let case = format!("{status:?} x {step:?} x {unit}: {:?}", outcome.answer().err());
                assert_eq!(outcome.answer().is_ok(), may, "{case}");
                if let Err(refused) = outcome.answer() {
                    assert!(["HO-2301", "HO-2307", "HO-2308"].contains(&refused.code.as_str()), "{case}");
                    assert!(unit != POLICE || refused.code == "HO-2301", "{case}");
                }
            }
        }
    }
}

#[test]
fn a_record_begins_under_a_key_with_a_step_that_begins() {
    let begins = [
        Step::Record,
        Step::RequestRestriction,
        Step::AgreeRestriction,
        Step::Object,
        Step::Notice,
        Step::Representative,
        Step::Capacity,
    ];
    for &step in Step::ALL {
        let outcome = given(consents()).when(&by_clinic(step.event_type(), data(step)));
        assert_eq!(outcome.answer().is_ok(), begins.contains(&step), "{step:?}");
        given(consents()).when(&on(CLINIC, step)).then_refused("HO-2301");
    }
}

#[test]
fn p2_13_another_units_consent_looks_like_none() {
    for &step in Step::ALL {
        let there = recorded().when(&on(POLICE, step)).then_refused("HO-2301");
        let none = given(consents()).when(&on(POLICE, step)).then_refused("HO-2301");
        assert_eq!(there, none);
    }
}

#[test]
fn a_recipient_cannot_revoke_what_it_relies_on() {
    let kept = given(consents()).after(&record(named()));
    let ask = event(SHELTER, "consent-revoked", json!({ "scope": "all", "form": "written" }));
    kept.when(&ask).then_refused("HO-2301");
}

#[test]
fn p2_19_a_revocation_is_whole_or_for_named_parties_and_oral_stops_too() {
    let revoke = |scope: &str, parties: Value, form: &str| {
        event(PROGRAM, "consent-revoked", json!({ "scope": scope, "parties": parties, "form": form }))
    };
    let kept = given(consents()).after(&record(named()));
    let fact = |parties, oral| [Fact::ConsentRevoked { consent: consent(), person: person(1), parties, oral }];
    kept.clone().when(&revoke("all", json!([]), "oral")).then_facts(&fact(RevokedFor::All, true));
    let one = kept.clone().when(&revoke("parties", json!([SHELTER]), "written"));
    let left = one.then_facts(&fact(RevokedFor::Parties(vec![id(SHELTER)]), false)).then();
    let last = left.clone().when(&revoke("parties", json!([CLINIC]), "written")).then();
    last.when(&revoke("all", json!([]), "written")).then_refused("HO-2307");
    left.when(&revoke("all", json!([]), "written")).then_facts(&fact(RevokedFor::All, false));
    kept.clone().when(&revoke("parties", json!([]), "written")).then_refused("HO-2309");
    kept.clone().when(&revoke("parties", json!([POLICE]), "written")).then_refused("HO-2313");
    let mut every = revoke("all", json!([]), "written");
    every.items[0].data["all_consents"] = json!(true);
    kept.when(&every).then_refused("HO-2314");
}

#[test]
fn a_tpo_consent_can_be_revoked_for_any_party() {
    let kept = given(consents()).after(&record(tpo()));
    let ask = event(PROGRAM, "consent-revoked", json!({ "scope": "parties", "parties": [CLINIC], "form": "oral" }));
    let left = kept.when(&ask).then_accepted();
    assert_eq!(left[0].facts.len(), 1);
}

#[test]
fn a_consent_ends_by_its_date_and_not_before() {
    let kept = given(consents()).after(&record(named()));
    let expire = |at: &str| event(HUB, "consent-expired", json!({ "cause": "date", "expired_at": at }));
    kept.clone().when(&expire("2032-03-06T05:59:59Z")).then_refused("HO-2321");
    let fact = [Fact::ConsentExpired { consent: consent(), person: person(1) }];
    kept.clone().when(&expire("2032-03-06T06:00:00Z")).then_facts(&fact);
    let silent = event(HUB, "consent-expired", json!({ "cause": "date" }));
    kept.clone().when(&silent).then_refused("HO-2321");
    kept.clone().when(&silent.clone().asserted("2032-03-06T06:00:00Z")).then_facts(&fact);
    let other = event(HUB, "consent-expired", json!({ "cause": "event", "event_code": "end-of-treatment" }));
    kept.when(&other).then_refused("HO-2322");
}

#[test]
fn a_consent_ends_by_its_event_and_no_other() {
    let mut data = named();
    data["expiry"] = json!({ "kind": "event", "event_code": "end-of-treatment" });
    let kept = given(consents()).after(&record(data));
    let by = |code: &str| event(PROGRAM, "consent-expired", json!({ "cause": "event", "event_code": code }));
    kept.clone().when(&by("moved-away")).then_refused("HO-2322");
    kept.when(&by("end-of-treatment")).then_accepted();
}

#[test]
fn a_rejected_document_stops_at_once() {
    let events = recorded().when(&on(PROGRAM, Step::Reject)).then_accepted();
    assert!(matches!(&events[0].facts[..], [Fact::ConsentRevoked { parties: RevokedFor::All, .. }]));
}

#[test]
fn an_agreed_restriction_forbids_and_its_written_end_lifts_it() {
    let mut agree = by_clinic(Step::AgreeRestriction.event_type(), data(Step::AgreeRestriction));
    agree.items[0].data["data_scope"] = json!(["bh-treatment"]);
    let agreed = given(consents()).when(&agree);
    let events = agreed.clone().then_accepted();
    let [Fact::ConsentRecorded { consent }] = events[0].facts.as_slice() else { panic!("{:?}", events[0].facts) };
    assert!(consent.deny);
    assert_eq!((&consent.grantors[..], &consent.categories[..]), (&[id(CLINIC)][..], &[Category::BhTreatment][..]));
    let end = |by: &str| {
        let mut ask = on(CLINIC, Step::TerminateRestriction);
        ask.items[0].data["by"] = json!(by);
        agreed.clone().then().when(&ask).then_accepted()[0].facts.len()
    };
    assert_eq!((end("person-written"), end("person-oral"), end("unit-notice")), (1, 1, 0));
}

/// EC-88, 42 CFR 2.35(c): not before the day that it states is over, nor before its event, which ends it.
#[test]
fn a_criminal_justice_referral_consent_is_irrevocable_until_its_time_or_event() {
    let document = |condition: Value| {
        let mut data = named();
        (data["types"], data["purposes"]) = (json!(["part2-criminal-justice"]), json!(["CJMONITOR"]));
        data["expiry"] = json!({ "kind": "event", "event_code": "final-disposition" });
        data["cj_condition"] = condition;
        given(consents()).after(&record(data))
    };
    let revoke =
        |at: &str| event(PROGRAM, "consent-revoked", json!({ "scope": "all", "form": "written", "revoked_at": at }));
    let by_event = document(json!({ "proceeding": "deferred prosecution", "revocable_after": "final disposition" }));
    by_event.clone().when(&revoke("2035-01-01T00:00:00Z")).then_refused("HO-2327");
    let over = json!({ "cause": "event", "event_code": "final-disposition" });
    by_event.when(&event(PROGRAM, "consent-expired", over)).then_accepted();
    let by_date = document(json!({ "proceeding": "deferred prosecution", "revocable_after_date": "2031-12-01" }));
    by_date.clone().when(&revoke("2031-12-02T11:59:59Z")).then_refused("HO-2327");
    by_date.when(&revoke("2031-12-02T12:00:00Z")).then_accepted();
}

/// EC-05: when it was revoked, or the event came that ends it, goes to policy beside the end itself, where it is said.
#[test]
fn since_when_a_consent_was_over_is_said_beside_its_end() {
    let at = "2031-05-01T10:00:00Z";
    let since = LogTime(at.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    let said = |events: &[LoggedEvent]| {
        events[0].facts.iter().find_map(|fact| match fact {
            Fact::ConsentEnded { since, parties, .. } => Some((*since, parties.clone())),
            _ => None,
        })
    };
    let kept = given(consents()).after(&record(named()));
    let revoke = |change: Value| {
        let mut data = json!({ "scope": "all", "form": "written" });
        data.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        said(&kept.clone().when(&event(PROGRAM, "consent-revoked", data)).then_accepted())
    };
    assert_eq!(revoke(json!({})), None);
    let some = RevokedFor::Parties(vec![id(SHELTER)]);
    assert_eq!(revoke(json!({ "revoked_at": at })), Some((since, RevokedFor::All)));
    let partly = json!({ "revoked_at": at, "scope": "parties", "parties": [SHELTER] });
    assert_eq!(revoke(partly), Some((since, some)));
    let mut data = named();
    data["expiry"] = json!({ "kind": "event", "event_code": "end-of-treatment" });
    let by_event = given(consents()).after(&record(data));
    let came = json!({ "cause": "event", "event_code": "end-of-treatment", "expired_at": at });
    let ended = by_event.when(&event(PROGRAM, "consent-expired", came)).then_accepted();
    assert_eq!(said(&ended), Some((since, RevokedFor::All)));
    // A date needs nobody to say that it came.
    let by_date = json!({ "cause": "date", "expired_at": "2032-03-06T06:00:00Z" });
    assert_eq!(said(&kept.when(&event(HUB, "consent-expired", by_date)).then_accepted()), None);
}

/// 45 CFR 164.522(a)(1)(iii): an emergency lifts what the unit agreed to, not what the person said no to.
#[test]
fn an_emergency_lifts_an_agreed_restriction_and_an_objection_that_says_so() {
    let lifted = |step: Step, change: Value| {
        let mut data = data(step);
        data.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let events = given(consents()).when(&by_clinic(step.event_type(), data)).then_accepted();
        let [Fact::ConsentRecorded { consent }] = events[0].facts.as_slice() else { panic!("{:?}", events[0].facts) };
        consent.restriction
    };
    assert!(lifted(Step::AgreeRestriction, json!({})));
    assert!(lifted(Step::Object, json!({ "kind": "emergency-only" })));
    assert!(!lifted(Step::Object, json!({ "kind": "all-sharing" })));
}

#[test]
fn an_objection_to_sharing_forbids_and_can_be_withdrawn() {
    let object = |kind: &str, recipients: Value| {
        let data = json!({ "objected_at": "2031-03-05T15:00:00Z", "kind": kind, "recipients": recipients });
        by_clinic(Step::Object.event_type(), data)
    };
    let facts = |c: &Command| given(consents()).when(c).then_accepted()[0].facts.len();
    assert_eq!(facts(&object("all-sharing", json!([]))), 1);
    assert_eq!(facts(&object("named-recipients", json!([POLICE]))), 1);
    assert_eq!(facts(&object("directory", json!([]))), 0);
    let events = given(consents()).when(&object("named-recipients", json!([]))).then_accepted();
    assert!(matches!(&events[0].facts[..], [Fact::ConsentRecorded { consent }] if consent.recipients.is_empty()));
    given(consents()).after(&object("all-sharing", json!([]))).when(&on(CLINIC, Step::Revoke)).then_accepted();
}

#[test]
fn an_empty_command_and_a_foreign_event_are_refused() {
    let mut empty = record(named());
    empty.items.clear();
    given(consents()).when(&empty).then_refused("HO-2302");
    let foreign = command(CLINIC, "c", "consent.consent-forged.v1", json!({})).about(person(1));
    given(consents()).when(&foreign).then_refused("HO-2303");
}

/// What a sample needs before it.
fn before(step: Step, sample: &Value) -> Given<Consents> {
    let kept = |data: Value| given(consents()).after(&record(data));
    match step {
        Step::Record | Step::RequestRestriction | Step::AgreeRestriction | Step::Object => given(consents()),
        Step::Notice | Step::Representative | Step::Capacity => given(consents()),
        Step::DenyRestriction => {
            given(consents()).after(&own(Step::RequestRestriction, data(Step::RequestRestriction)))
        }
        Step::TerminateRestriction => {
            given(consents()).after(&own(Step::AgreeRestriction, data(Step::AgreeRestriction)))
        }
        Step::Expire if sample["cause"] == "event" => {
            let mut data = named();
            data["expiry"] = json!({ "kind": "event", "event_code": sample["event_code"] });
            kept(data)
        }
        Step::Expire => {
            let mut data = named();
            data["expiry"]["date"] = json!("2031-03-05");
            data["signed_at"] = json!("2031-01-01T00:00:00Z");
            data["expiry"]["time_zone"] = json!("Pacific/Kiritimati");
            kept(data)
        }
        _ => kept(named()),
    }
}

fn own(step: Step, data: Value) -> Command {
    command(PROGRAM, "consent-1", step.event_type(), data).about(person(1))
}

#[test]
fn every_sample_is_accepted_and_refused_without_each_required_element() {
    for sample in samples("consent") {
        let step = Step::of(sample.event_type.as_str()).unwrap();
        let before = before(step, &sample.data);
        let mut ask = own(step, sample.data.clone());
        ask.items[0].asserted_at = sample.time.clone();
        let outcome = before.clone().when(&ask);
        if sample.name.contains("consent-recorded.v1/minimal") {
            // It has the two leaves its schema asks for, and none of the law's elements.
            outcome.then_refused("HO-1352");
            continue;
        }
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
    /// Once a consent has ended for all, nothing brings it back.
    #[test]
    fn what_ended_stays_ended(says in prop::collection::vec((0..Step::ALL.len(), 0..4usize), 0..30)) {
        let mut world = World::new(consents());
        world.handle(&by_clinic("consent.consent-recorded.v1", named())).unwrap();
        let record = record_id(&id(CLINIC), "consent-1");
        let mut ended = None;
        for (step, unit) in says {
            let _ = world.handle(&on([CLINIC, PROGRAM, HUB, POLICE][unit], Step::ALL[step]));
            let status = world.state(record).status;
            if let Some(before) = ended {
                prop_assert_eq!(status, before);
            }
            if matches!(status, Status::Revoked | Status::Expired | Status::Rejected) {
                ended = Some(status);
            }
        }
    }
}
