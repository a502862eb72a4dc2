//! Partners, units, hooks, and the samples of all three families.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{CLINIC, POLICE, SHELTER, amended, both_signed, document, drafted, in_force, operator, registrar, step};
use handoff_registry::{Entry, Registrar};
use handoff_schemas::{Fact, HookReview, OrgType, PartnerStatus};
use handoff_spine::command::Command;
use handoff_spine::scenario::{
    Given, Said as _, Sample, World, given, id, person, record_id, samples, without_each_required,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn registered() -> Command {
    let data = json!({ "partner": "willow-clinic", "name": "Willow Clinic", "org_type": "behavioral-health" });
    operator("partner:willow-clinic", "partner.partner-registered.v1", data)
}

fn partner(name: &str) -> Command {
    let mut data = json!({ "partner": "willow-clinic" });
    if name == "suspended" {
        data["reason"] = json!("review");
    }
    operator("partner:willow-clinic", &format!("partner.partner-{name}.v1"), data)
}

fn unit_data() -> Value {
    json!({
        "unit": CLINIC, "partner": "willow-clinic", "name": "Willow Clinic crisis team", "hipaa": "covered-provider",
        "part2": "no", "cjis": false, "victim_services": false, "roles": ["BHC"], "jurisdiction": "US-ZZ",
    })
}

fn unit_with(field: &str, value: Value) -> Command {
    let mut data = unit_data();
    data[field] = value;
    let key = format!("unit:{}", data["unit"].as_str().unwrap());
    operator(&key, "unit.unit-registered.v1", data)
}

fn at(status: &str) -> Given<Registrar> {
    let known = given(registrar()).after(&registered());
    match status {
        "registered" => known,
        "active" => known.after(&partner("activated")),
        "suspended" => known.after(&partner("activated")).after(&partner("suspended")),
        "offboarded" => known.after(&partner("offboarded")),
        other => panic!("{other}"),
    }
}

#[test]
fn every_standing_and_move_of_a_partner_agrees_with_the_table() {
    let expected = "registered activated active\nsuspended activated active\nactive suspended suspended\n\
                    registered offboarded offboarded\nactive offboarded offboarded\nsuspended offboarded offboarded";
    for status in ["registered", "active", "suspended", "offboarded"] {
        for step in ["activated", "suspended", "offboarded"] {
            let outcome = at(status).when(&partner(step));
            match expected.lines().find_map(|l| l.strip_prefix(&format!("{status} {step} "))) {
                Some(to) => {
                    let status: PartnerStatus = serde_json::from_value(json!(to)).unwrap();
                    outcome.then_facts(&[Fact::PartnerMoved { partner: id("willow-clinic"), status }]);
                }
                None => {
                    outcome.then_refused("HO-2010");
                }
            }
        }
    }
}

#[test]
fn a_partner_registers_once_and_under_its_own_record() {
    given(registrar()).when(&registered()).then_facts(&[Fact::PartnerRegistered {
        partner: id("willow-clinic"),
        name: "Willow Clinic".to_owned(),
        org_type: OrgType::BehavioralHealth,
    }]);
    at("registered").when(&registered()).then_refused("HO-2005");
    let mut elsewhere = registered();
    elsewhere.record = handoff_spine::command::RecordRef::Key("partner:other".to_owned());
    given(registrar()).when(&elsewhere).then_refused("HO-2003");
    given(registrar()).when(&partner("activated")).then_refused("HO-2004");
    let mut other = partner("activated");
    other.items[0].data["partner"] = json!("river-pd");
    at("registered").when(&other).then_refused("HO-2006");
}

#[test]
fn a_credential_is_issued_once_and_revoked_once() {
    let issue = operator(
        "partner:willow-clinic",
        "partner.credential-issued.v1",
        json!({ "partner": "willow-clinic", "credential": "key-1", "kind": "http-key" }),
    );
    let revoke = operator(
        "partner:willow-clinic",
        "partner.credential-revoked.v1",
        json!({ "partner": "willow-clinic", "credential": "key-1" }),
    );
    at("active").when(&revoke).then_refused("HO-2012");
    let issued = at("active").after(&issue);
    issued.clone().when(&issue).then_refused("HO-2011");
    issued.after(&revoke).when(&revoke).then_refused("HO-2012");
    at("offboarded").when(&issue).then_refused("HO-2010");
}

#[test]
fn a_unit_that_changes_is_registered_again() {
    let known = given(registrar()).after(&unit_with("part2", json!("no")));
    let events = known.when(&unit_with("part2", json!("pending"))).then_accepted();
    assert!(matches!(&events[0].facts[0], Fact::UnitRegistered { unit } if unit.part2.applies()));
}

#[test]
fn a_unit_stays_with_its_partner() {
    let known = given(registrar()).after(&unit_with("part2", json!("no")));
    known.when(&unit_with("partner", json!("river-pd"))).then_refused("HO-2021");
}

#[test]
fn a_unit_needs_a_partner_a_role_and_a_status_without_contradiction() {
    let refused = |field: &str, value: Value, code: &str| {
        given(registrar()).when(&unit_with(field, value)).then_refused(code);
    };
    refused("partner", json!("nobody-here"), "HO-2020");
    refused("partner", json!("gone-agency"), "HO-2022");
    refused("roles", json!([]), "HO-2023");
    refused("roles", json!(["P2P"]), "HO-2024");
    refused("roles", json!(["VSP"]), "HO-2025");
    refused("victim_services", json!(true), "HO-2025");
    refused("unit", json!("hub-operator"), "HO-2026");
    let mut foreign = unit_with("part2", json!("no"));
    foreign.record = handoff_spine::command::RecordRef::Key("unit:other".to_owned());
    given(registrar()).when(&foreign).then_refused("HO-2003");
}

#[test]
fn nobody_but_the_operator_registers() {
    for mut command in [registered(), partner("suspended"), unit_with("cjis", json!(true)), drafted()] {
        command.unit = id(CLINIC);
        given(registrar()).when(&command).then_refused("HO-2007");
    }
}

#[test]
fn a_registration_is_about_no_person_and_says_something() {
    given(registrar()).when(&registered().about(person(1))).then_refused("HO-2008");
    let mut empty = registered();
    empty.items.clear();
    given(registrar()).when(&empty).then_refused("HO-2001");
    let foreign = operator("x", "encounter.encounter-opened.v1", json!({}));
    given(registrar()).when(&foreign).then_refused("HO-2002");
}

#[test]
fn a_hook_stands_on_its_agreement_or_on_a_record_of_its_own() {
    let data = |agreement: Option<&str>| {
        let mut data = json!({ "hook": HELD, "reviewed_by": "County Counsel" });
        if let Some(a) = agreement {
            data["agreement"] = json!(a);
        }
        data
    };
    let of = |agreement: Option<&str>| [reviewed(HELD, |r| r.agreement = agreement.map(|a| a.parse().unwrap()))];
    let hook = |key: &str, agreement: Option<&str>| operator(key, "agreement.hook-enabled.v1", data(agreement));
    in_force().when(&hook("agreement:crisis-mou", Some("crisis-mou"))).then_facts(&of(Some("crisis-mou")));
    in_force().when(&hook("agreement:crisis-mou", None)).then_refused("HO-2042");
    given(registrar()).when(&hook("agreement:crisis-mou", Some("crisis-mou"))).then_refused("HO-2004");
    let enabled = given(registrar()).when(&hook("hook:us-ca-st-03", None)).then_facts(&of(None));
    enabled.then_state(record_id(&id("hub-operator"), "hook:us-ca-st-03"), &Entry::Hook);
}

const HELD: &str = "ST-03/US-CA/hold-facts";

fn reviewed(hook: &str, says: impl Fn(&mut HookReview)) -> Fact {
    let mut review = HookReview {
        hook: hook.to_owned(),
        reviewed_by: "County Counsel".to_owned(),
        reviewed_on: None,
        agreement: None,
        age: None,
        withdrawn: false,
    };
    says(&mut review);
    Fact::HookReviewed { review }
}

#[test]
fn a_review_is_of_hooks_that_the_law_has_by_somebody_with_what_they_take() {
    let review = |data: Value| operator("hook:of", "agreement.hook-enabled.v1", data);
    let by = |mut data: Value| {
        data["reviewed_by"] = json!("County Counsel");
        review(data)
    };
    let day = json!({ "hook": HELD, "reviewed_on": "2026-11-20", "withdrawn": true });
    given(registrar()).when(&by(day)).then_facts(&[reviewed(HELD, |r| {
        (r.reviewed_on, r.withdrawn) = (Some(jiff::civil::date(2026, 11, 20)), true);
    })]);
    // A rule stands for all of its hooks in the place; with an age, for those that set one.
    let both = ["ST-04/US-WA/behavioral-health", "ST-04/US-WA/minors-own-treatment"];
    let rule = json!({ "hook": "ST-04", "jurisdiction": "US-WA" });
    given(registrar()).when(&by(rule)).then_facts(&both.map(|hook| reviewed(hook, |_| {})));
    for name in ["age", "behavioral_health", "behavioral-health"] {
        let parameters = json!([{ "name": name, "value": "14" }]);
        let aged = json!({ "hook": "ST-04", "jurisdiction": "US-WA", "parameters": parameters });
        given(registrar()).when(&by(aged)).then_facts(&[reviewed(both[0], |r| r.age = Some(14))]);
    }
    let with = |name: &str, value: &str| json!({ "hook": "ST-04", "jurisdiction": "US-WA", "parameters": [{ "name": name, "value": value }] });
    for (data, code) in [
        (json!({ "hook": "ST-04" }), "HO-1440"),
        (json!({ "hook": "ST-04", "jurisdiction": "US-ZZ" }), "HO-1440"),
        (json!({ "hook": HELD, "jurisdiction": "US-WA" }), "HO-1440"),
        (json!({ "hook": HELD, "parameters": [{ "name": "age", "value": "14" }] }), "HO-1441"),
        (with("hiv-treatment", "14"), "HO-1441"),
        (with("age", "18"), "HO-1442"),
        (with("age", "fourteen"), "HO-1442"),
    ] {
        given(registrar()).when(&by(data)).then_refused(code);
    }
    given(registrar()).when(&review(json!({ "hook": HELD, "reviewed_by": "  " }))).then_refused("HO-1443");
    let mut clinics = by(json!({ "hook": HELD }));
    clinics.unit = id(CLINIC);
    given(registrar()).when(&clinics).then_refused("HO-2007");
}

/// What a sample of the agreement family needs before it, with the sample's data on this test's agreement.
fn fitted(sample: &Sample) -> (Given<Registrar>, Command) {
    let name = sample.event_type.as_str();
    let mut data = sample.data.clone();
    if data.get("agreement").is_some() {
        data["agreement"] = json!("crisis-mou");
    }
    if data.get("sha256").is_some() {
        data.as_object_mut().unwrap().remove("sha256");
    }
    let draft = given(registrar()).after(&drafted());
    let before = match name {
        "agreement.agreement-drafted.v1" => {
            data["document"] = json!(document(1, &[CLINIC, POLICE]));
            given(registrar())
        }
        "agreement.agreement-amended.v1" => {
            data["version"] = json!(2);
            data["document"] = json!(document(2, &[CLINIC, POLICE]));
            in_force()
        }
        "agreement.agreement-activated.v1" => draft.after_all(&both_signed(1)),
        "agreement.agreement-reinstated.v1" => in_force().after(&step("suspended", 1)),
        "agreement.agreement-signed.v1" | "agreement.party-added.v1" => draft,
        "agreement.party-removed.v1" => {
            data["version"] = json!(2);
            data["unit"] = json!(SHELTER);
            in_force().after(&amended(2, &[CLINIC, POLICE]))
        }
        _ => in_force(),
    };
    if name != "agreement.agreement-amended.v1" && name != "agreement.party-removed.v1" && data.get("version").is_some()
    {
        data["version"] = json!(1);
    }
    let free = name == "agreement.hook-enabled.v1" && data.get("agreement").is_none();
    let key = if free { "hook:sample" } else { "agreement:crisis-mou" };
    (before, operator(key, name, data))
}

fn prepared(sample: &Sample) -> (Given<Registrar>, Command) {
    let name = sample.event_type.as_str();
    let data = sample.data.clone();
    match sample.event_type.family() {
        "agreement" => fitted(sample),
        _ if name == "partner.operator-declared.v1" => {
            (given(registrar()), operator("operator:hub-operator", name, data))
        }
        "unit" => (given(registrar()), operator(&format!("unit:{}", data["unit"].as_str().unwrap()), name, data)),
        _ => {
            let named = data["partner"].as_str().unwrap().to_owned();
            let key = format!("partner:{named}");
            let mut first = registered();
            first.record = handoff_spine::command::RecordRef::Key(key.clone());
            first.items[0].data["partner"] = json!(named);
            let mut active = partner("activated");
            active.record = first.record.clone();
            active.items[0].data["partner"] = json!(named);
            let before = match name {
                "partner.partner-registered.v1" => given(registrar()),
                "partner.partner-activated.v1" => given(registrar()).after(&first),
                "partner.credential-revoked.v1" => {
                    let data = json!({ "partner": named, "credential": data["credential"], "kind": "http-key" });
                    let issued = operator(&key, "partner.credential-issued.v1", data);
                    given(registrar()).after(&first).after(&issued)
                }
                _ => given(registrar()).after(&first).after(&active),
            };
            (before, operator(&key, name, data))
        }
    }
}

#[test]
fn every_sample_is_accepted_and_refused_without_each_required_element() {
    for sample in ["partner", "unit", "agreement"].into_iter().flat_map(samples) {
        let (before, ask) = prepared(&sample);
        let outcome = before.clone().when(&ask);
        assert!(outcome.answer().is_ok(), "{}: {:?}", sample.name, outcome.answer().err());
        for (place, less) in without_each_required(&sample.event_type, &ask.items[0].data) {
            let mut ask = ask.clone();
            ask.items[0].data = less;
            let code = before.clone().when(&ask).answer().err().map(|r| r.code.clone()).unwrap_or_default();
            assert!(code.starts_with("HO-"), "{} without {place} was accepted", sample.name);
        }
    }
}

proptest! {
    #[test]
    fn at_most_one_version_stands_whatever_is_sent(says in prop::collection::vec((0..8usize, 1u32..4), 0..40)) {
        let mut world = World::new(registrar());
        world.handle(&drafted()).unwrap();
        for (what, version) in says {
            let command = match what {
                0 => amended(version, &[CLINIC, POLICE]),
                1 => both_signed(version)[0].clone(),
                2 => both_signed(version)[1].clone(),
                3 => step("activated", version),
                4 => step("suspended", version),
                5 => step("reinstated", version),
                6 => step("terminated", version),
                _ => step("expired", version),
            };
            let _ = world.handle(&command);
            let Entry::Agreement(record) = world.state(record_id(&id("hub-operator"), "agreement:crisis-mou")) else {
                return Err(TestCaseError::fail("the agreement is gone"));
            };
            let standing = record.versions.values().filter(|v| {
                use handoff_schemas::AgreementStatus::{Active, Suspended};
                matches!(v.status, Active | Suspended)
            });
            prop_assert!(standing.count() <= 1);
        }
    }
}
