//! A signed document, element by element (42 CFR 2.31(a)), and what policy is told of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{PROGRAM, consents, named, record, tpo};
use handoff_schemas::{
    Capacity, CapacityFacts, Category, ConsentType, Expiry, Fact, LogTime, Purpose, RepresentativeFacts,
    RepresentativeRole, Signer,
};
use handoff_spine::scenario::{Said as _, command, given, id, person};
use serde_json::{Value, json};

fn with(mut data: Value, field: &str, value: Value) -> Value {
    *data.pointer_mut(&format!("/{field}")).unwrap() = value;
    data
}

fn without(mut data: Value, field: &str) -> Value {
    data.as_object_mut().unwrap().remove(field);
    data
}

fn recorded(data: Value) -> handoff_schemas::ConsentFacts {
    let events = given(consents()).when(&record(data)).then_accepted();
    match events[0].facts.as_slice() {
        [Fact::ConsentRecorded { consent }, ..] => consent.clone(),
        other => panic!("{other:?}"),
    }
}

/// (field taken out, section of law, code), of a document of the type that needs it.
const NAMED: &[(&str, &str, &str)] = &[
    ("patient_name", "2.31(a)(1)", "HO-1352"),
    ("grantors", "2.31(a)(2)", "HO-1353"),
    ("data_scope", "2.31(a)(3)", "HO-1354"),
    ("data_description", "2.31(a)(3)", "HO-1354"),
    ("recipients", "2.31(a)(4)(i)", "HO-1355"),
    ("purposes", "2.31(a)(5)", "HO-1358"),
    ("stmt_right_to_revoke", "2.31(a)(6)", "HO-1360"),
    ("revocation_method", "2.31(a)(6)", "HO-1360"),
    ("expiry", "2.31(a)(7)", "HO-1361"),
    ("signatures", "2.31(a)(8)", "HO-1362"),
    ("signed_at", "2.31(a)(9)", "HO-1363"),
];

const TPO: &[(&str, &str, &str)] = &[
    ("tpo_class", "2.31(a)(4)(i)", "HO-1355"),
    ("stmt_hipaa_redisclosure", "2.31(a)(4)(iii)", "HO-1357"),
    ("stmt_redisclosure", "2.31(a)(10)(i)", "HO-1364"),
    ("stmt_refusal_consequences", "2.31(a)(10)(ii)", "HO-1365"),
];

#[test]
fn p2_31_a_each_missing_element_is_named_with_its_section() {
    for (document, cases) in [(named(), NAMED), (tpo(), NAMED), (tpo(), TPO)] {
        for (field, element, code) in cases {
            if document.get(field).is_none() {
                continue;
            }
            let refused = given(consents()).when(&record(without(document.clone(), field))).then_refused(code);
            assert!(refused.message.contains(element), "without {field}: {refused}");
            assert!(refused.message.starts_with("CONSENT_DEFICIENT"), "{refused}");
            assert!(!refused.remedy.is_empty());
        }
    }
}

#[test]
fn every_missing_element_is_listed_at_once() {
    let refused = given(consents()).when(&record(json!({ "types": ["part2-named"], "decision": "permit" })));
    let message = refused.then_refused("HO-1352").message;
    for (_, element, _) in NAMED {
        assert!(message.contains(element), "{message}");
    }
}

#[test]
fn a_named_consent_is_reduced_to_its_terms() {
    let facts = recorded(named());
    assert_eq!(facts.consent, handoff_spine::scenario::record_id(&id(PROGRAM), "consent-1"));
    assert_eq!(facts.person, person(1));
    assert_eq!(facts.consent_type, ConsentType::Part2Named);
    assert_eq!(facts.grantors, [id(PROGRAM)].into());
    assert_eq!(facts.recipients, [id("willow-clinic-crisis"), id("lantern-shelter-intake")].into());
    assert_eq!(facts.purposes, [Purpose::Treat].into());
    assert_eq!(facts.categories, [Category::Part2Record].into());
    assert!(!facts.tpo_class && !facts.deny);
}

#[test]
fn a_consent_holds_to_the_end_of_its_day_where_the_person_is() {
    let until = |zone: &str| match recorded(with(named(), "expiry/time_zone", json!(zone))).expiry {
        Expiry::At { at } => at,
        other => panic!("{other:?}"),
    };
    let instant = |text: &str| LogTime(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    // 2032-03-05 is standard time in Chicago, and the day after the 13th begins summer time there.
    assert_eq!(until("America/Chicago"), instant("2032-03-06T06:00:00Z"));
    assert_eq!(until("-06:00"), instant("2032-03-06T06:00:00Z"));
    assert_eq!(until("+05:30"), instant("2032-03-05T18:30:00Z"));
    assert_eq!(until("Pacific/Kiritimati"), instant("2032-03-05T10:00:00Z"));
    let spring = with(named(), "expiry/date", json!("2032-03-14"));
    let Expiry::At { at } = recorded(spring).expiry else { panic!("no date") };
    assert_eq!(at, instant("2032-03-15T05:00:00Z"));
}

#[test]
fn a_date_without_a_zone_has_no_end() {
    for zone in [json!("Mars/Olympus"), json!("+25:00"), json!("noon")] {
        given(consents()).when(&record(with(named(), "expiry/time_zone", zone))).then_refused("HO-2318");
    }
    let mut bare = named();
    bare["expiry"].as_object_mut().unwrap().remove("time_zone");
    given(consents()).when(&record(bare)).then_refused("HO-2318");
}

#[test]
fn ec_06_a_tpo_consent_may_have_no_end() {
    assert_eq!(recorded(with(tpo(), "expiry", json!({ "kind": "none" }))).expiry, Expiry::Never);
}

#[test]
fn ec_07_any_other_consent_needs_an_end() {
    let refused = given(consents()).when(&record(with(named(), "expiry", json!({ "kind": "none" }))));
    refused.then_refused("HO-1361");
}

#[test]
fn ec_09_one_form_for_treatment_and_a_hearing_is_deficient_on_its_face() {
    for document in [
        with(tpo(), "purposes", json!(["TREAT", "CIVILPROC"])),
        with(tpo(), "types", json!(["part2-tpo", "part2-proceedings"])),
        with(named(), "types", json!(["part2-named", "hipaa-authorization"])),
        with(named(), "purposes", json!(["PROSECUTE"])),
        with(with(named(), "types", json!(["part2-proceedings"])), "purposes", json!(["PROSECUTE", "TREAT"])),
    ] {
        let refused = given(consents()).when(&record(document)).then_refused("HO-1351");
        assert!(refused.message.starts_with("ON_FACE_DEFICIENT"), "{refused}");
    }
}

#[test]
fn any_purpose_is_no_purpose() {
    let mut document = named();
    document["purpose_text"] = json!("for any purpose you see fit");
    let refused = given(consents()).when(&record(document)).then_refused("HO-1358");
    assert!(!refused.to_string().contains("see fit"));
}

#[test]
fn at_the_request_of_the_patient_is_a_purpose_where_the_patient_asks() {
    let mut document = without(named(), "purposes");
    document["patient_initiated"] = json!(true);
    document["purpose_text"] = json!("at my request");
    assert_eq!(recorded(document).purposes, [Purpose::Patrqt].into());
}

#[test]
fn counseling_notes_have_a_consent_of_their_own() {
    let mixed = with(named(), "data_scope", json!(["part2-record", "sud-counseling-notes"]));
    given(consents()).when(&record(mixed)).then_refused("HO-2320");
    let notes = with(named(), "types", json!(["part2-counseling-notes"]));
    given(consents()).when(&record(notes.clone())).then_refused("HO-2320");
    let alone = recorded(with(notes, "data_scope", json!(["sud-counseling-notes"])));
    assert_eq!(alone.consent_type, ConsentType::Part2CounselingNotes);
}

#[test]
fn p2_27_a_parent_alone_does_not_open_a_minors_part_2_record() {
    let by = |roles: &[&str]| {
        let sign = |role| json!({ "signer_role": role, "authority_basis": "state law", "method": "wet-ink" });
        with(named(), "signatures", roles.iter().map(sign).collect())
    };
    given(consents()).when(&record(by(&["parent-or-guardian"]))).then_refused("HO-2319");
    recorded(by(&["minor"]));
    recorded(by(&["parent-or-guardian", "minor"]));
    recorded(by(&["authorized-under-2.15"]));
}

#[test]
fn a_signer_for_somebody_else_states_the_authority() {
    let document =
        with(named(), "signatures/0", json!({ "signer_role": "authorized-under-2.15", "method": "wet-ink" }));
    given(consents()).when(&record(document)).then_refused("HO-1362");
}

#[test]
fn nothing_is_signed_after_it_was_received() {
    let early = json!("2031-03-05T14:59:59Z");
    given(consents()).when(&record(with(named(), "received_at", early))).then_refused("HO-1363");
    given(consents()).when(&record(named()).asserted("2031-03-05T14:59:59Z")).then_refused("HO-2315");
    given(consents()).when(&record(with(named(), "expiry/date", json!("2031-03-01")))).then_refused("HO-2316");
}

#[test]
fn a_class_or_an_event_the_hub_cannot_recognise_is_refused_legibly() {
    let mut class = without(named(), "grantors");
    class["grantor_class"] = json!("programs that treat me");
    given(consents()).when(&record(class)).then_refused("HO-2311");
    let mut names = without(named(), "recipients");
    names["recipient_names"] = json!(["Willow Clinic"]);
    given(consents()).when(&record(names)).then_refused("HO-2312");
    let words = json!({ "kind": "event", "event_text": "when I am well" });
    given(consents()).when(&record(with(named(), "expiry", words))).then_refused("HO-2317");
    let research = with(named(), "types", json!(["part2-research"]));
    given(consents()).when(&record(research)).then_refused("HO-2310");
    let event = json!({ "kind": "event", "event_code": "end-of-treatment" });
    assert!(matches!(recorded(with(named(), "expiry", event)).expiry, Expiry::Event { .. }));
}

#[test]
fn a_consent_is_one_persons() {
    let mut ask = record(named());
    ask.items[0].person = None;
    given(consents()).when(&ask).then_refused("HO-2305");
}

#[test]
fn a_denial_needs_no_form_and_forbids_what_it_leaves_open() {
    let facts = recorded(json!({ "types": ["general"], "decision": "deny" }));
    assert!(facts.deny);
    assert_eq!(*facts.categories, *Category::ALL);
    assert_eq!(*facts.purposes, *Purpose::ALL);
    assert_eq!((facts.expiry, facts.signed_at), (Expiry::Never, LogTime(0)));
    let narrow = json!({ "types": ["part2-research"], "decision": "deny", "data_scope": ["hiv-sti"], "recipients": ["general-hospital-ed"] });
    let facts = recorded(narrow);
    assert!(facts.deny);
    assert_eq!((&*facts.categories, facts.recipients.len()), ([Category::HivSti].as_slice(), 1));
}

#[test]
fn no_refusal_repeats_what_the_document_says() {
    let canary = "Zebulon Quxley";
    let mut document = named();
    for field in ["patient_name", "data_description", "revocation_method"] {
        document[field] = json!(canary);
    }
    document["signatures"][0]["signer_name"] = json!(canary);
    for (field, ..) in NAMED {
        let refused = given(consents()).when(&record(without(document.clone(), field)));
        assert!(!refused.answer().err().unwrap().to_string().contains(canary));
    }
    let broken = with(document, "grantors", json!([canary]));
    let refused = given(consents()).when(&record(broken));
    assert!(!refused.answer().err().unwrap().to_string().contains(canary));
}

/// 2.31(a)(8): policy is told who signed and where the person's days begin; of a denial nobody asks.
#[test]
fn who_signed_goes_to_policy_and_nobody_signs_twice() {
    let by = |roles: &[&str]| {
        let sign = |role| json!({ "signer_role": role, "authority_basis": "state law", "method": "wet-ink" });
        with(named(), "signatures", roles.iter().map(sign).collect())
    };
    let signed = |data: Value| given(consents()).when(&record(data)).then_accepted()[0].facts.clone();
    let facts = signed(by(&["parent-or-guardian", "minor"]));
    let [_, Fact::ConsentSigned { signatures, person: whose, .. }] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!(*whose, person(1));
    assert_eq!(signatures.zone.as_deref(), Some("America/Chicago"));
    assert_eq!(signatures.signers, std::collections::BTreeSet::from([Signer::Minor, Signer::ParentOrGuardian]));
    let denied = signed(json!({ "types": ["general"], "decision": "deny" }));
    assert!(matches!(denied.as_slice(), [Fact::ConsentRecorded { .. }]));
    given(consents()).when(&record(by(&["patient", "minor"]))).then_refused("HO-2362");
}

/// An authority and a capacity go to policy as they were said, under the record that says them.
#[test]
fn who_may_sign_for_another_goes_to_policy() {
    let days = json!({ "from": "2031-03-05", "until": "2032-03-05" });
    let said = |name: &str, data: Value| {
        let mut data = data;
        data.as_object_mut().unwrap().extend(days.as_object().unwrap().clone());
        let said = command(PROGRAM, "paper-1", &format!("consent.{name}.v1"), data).about(person(1));
        given(consents()).when(&said).then_accepted()[0].facts.clone()
    };
    let record = handoff_spine::scenario::record_id(&id(PROGRAM), "paper-1");
    let (from, until) = (Some("2031-03-05".parse().unwrap()), Some("2032-03-05".parse().unwrap()));
    let capacity = Capacity::CannotDecideNow;
    let stated = CapacityFacts { statement: record, person: person(1), capacity, from, until };
    let facts = said("capacity-recorded", json!({ "capacity": "cannot-decide-now", "authority": "a clinician" }));
    assert_eq!(facts, [Fact::CapacityStated { capacity: stated }]);
    let representative = RepresentativeFacts {
        representative: record,
        person: person(1),
        role: RepresentativeRole::HealthCareAgent,
        unit: Some(id("neighborly-family")),
        categories: vec![Category::BhTreatment],
        from,
        until,
        endangerment: false,
    };
    let data = json!({ "role": "health-care-agent", "authority": "a proxy form", "unit": "neighborly-family",
        "scope": ["bh-treatment"] });
    assert_eq!(said("personal-rep-recorded", data), [Fact::RepresentativeRecorded { representative }]);
    for (name, mut data) in [
        ("capacity-recorded", json!({ "capacity": "full", "authority": "a court" })),
        ("personal-rep-recorded", json!({ "role": "guardian", "authority": "a court" })),
    ] {
        (data["from"], data["until"]) = (json!("2031-03-05"), json!("2031-03-04"));
        let reversed = command(PROGRAM, "paper-1", &format!("consent.{name}.v1"), data).about(person(1));
        given(consents()).when(&reversed).then_refused("HO-2363");
    }
}
