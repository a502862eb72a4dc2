//! An ask from its record to its end, and legal process to its review.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;

use handoff_ask::{Asks, Step};
use handoff_schemas::{
    AskFacts, AtRisk, Category, Claim, ExposureFinder, Fact, Licence, LogTime, ProcessKind, Purpose, Recipient,
    RecipientKind, RecordId, ReviewOutcome, SchoolEmergencyClaim, UnitId,
};
use handoff_spine::command::{Command, RecordRef};
use handoff_spine::scenario::{Given, Said as _, command, given, id, person, record_id, samples};
use serde_json::{Value, json};

const EMS: &str = "river-fire-ems";
const PROGRAM: &str = "harbor-recovery-sud";
const PATROL: &str = "river-pd-patrol";
const HUB: &str = "hub-operator";

fn asks() -> Asks {
    let roles = |unit: &UnitId| match unit.as_str() {
        EMS => Some(vec![RecipientKind::Ems]),
        PROGRAM => Some(vec![RecipientKind::P2p]),
        PATROL => Some(vec![RecipientKind::Le]),
        "river-county-court" => Some(vec![RecipientKind::Cj]),
        _ => None,
    };
    Asks::new(Arc::new(record_id), Arc::new(roles))
}

fn the_ask() -> RecordId {
    record_id(&id(EMS), "ask-1")
}

fn emergency() -> Value {
    json!({
        "basis": "emergency", "purpose": "ETREAT", "licence": "paramedic", "user": "medic-17",
        "categories": ["medications"],
        "emergency": {
            "nature": "overdose", "consent_unobtainable": "unconscious", "treating_provider_determined": true,
            "patient_present": true, "personnel_name": "Alex Medic", "personnel_affiliation": "River Fire",
            "disclosing_person": "Records Officer 4", "disclosed_at": "2031-03-05T21:14:00Z",
        },
    })
}

fn glass() -> Value {
    let mut data = emergency();
    (data["basis"], data["purpose"]) = (json!("break-glass"), json!("BTG"));
    data["break_glass"] = json!({ "reason": "Fictional words.", "emergency_attested": true });
    data
}

fn request(unit: &str, data: Value) -> Command {
    command(unit, "ask-1", Step::Request.event_type(), data).about(person(1))
}

fn made(command: &Command) -> AskFacts {
    let events = given(asks()).when(command).then_accepted();
    let [Fact::AskMade { ask }] = events[0].facts.as_slice() else { panic!("{:?}", events[0].facts) };
    ask.clone()
}

/// The next step on the ask of the ambulance.
fn next(unit: &str, step: Step, data: Value) -> Command {
    command(unit, step.event_type(), step.event_type(), data).on(the_ask()).about(person(1))
}

fn asked(data: Value) -> Given<Asks> {
    given(asks()).after(&request(EMS, data))
}

#[test]
fn an_emergency_says_to_policy_what_is_on_record_and_no_word_of_it() {
    let facts = made(&request(EMS, emergency()));
    assert_eq!((facts.ask, facts.person, facts.unit.as_str()), (the_ask(), person(1), EMS));
    assert_eq!(facts.to, Recipient { unit: id(EMS), kind: RecipientKind::Ems });
    assert_eq!((facts.user.as_deref(), facts.licence, facts.minutes), (Some("medic-17"), Licence::Paramedic, 1440));
    assert_eq!(facts.scope.categories, [Category::Medications]);
    let Claim::Emergency(claim) = facts.claim else { panic!("another claim") };
    assert!(claim.treating && claim.at_hand && claim.personnel_named && claim.discloser_named);
    let text = serde_json::to_string(&Fact::AskMade { ask: made(&request(EMS, glass())) }).unwrap();
    for word in ["Alex", "River Fire", "Records Officer", "Fictional"] {
        assert!(!text.contains(word), "{word}");
    }
}

#[test]
fn a_missing_fact_is_refused_with_its_place_and_what_2_51_asks_for_beyond_is_left_to_the_ruling() {
    for (basis, pointer) in [
        (emergency(), "/emergency/nature"),
        (emergency(), "/emergency/treating_provider_determined"),
        (emergency(), "/emergency/patient_present"),
        (glass(), "/break_glass/reason"),
        (glass(), "/break_glass/emergency_attested"),
    ] {
        let mut data = basis;
        let (object, field) = pointer.rsplit_once('/').unwrap();
        data.pointer_mut(object).unwrap().as_object_mut().unwrap().remove(field);
        let refusal = given(asks()).when(&request(EMS, data)).then_refused("HO-2506");
        assert_eq!(refusal.place.as_deref(), Some(pointer));
    }
    let mut data = emergency();
    data["emergency"].as_object_mut().unwrap().remove("consent_unobtainable");
    let Claim::Emergency(claim) = made(&request(EMS, data)).claim else { panic!("another claim") };
    assert_eq!(claim.unobtainable, None);
    // An incident stands for the person at hand.
    let mut data = emergency();
    data["emergency"].as_object_mut().unwrap().remove("patient_present");
    let mut at_incident = request(EMS, data);
    at_incident.incident = Some(handoff_schemas::IncidentId(person(9).0));
    let Claim::Emergency(claim) = made(&at_incident).claim else { panic!("another claim") };
    assert!(claim.at_hand);
}

#[test]
fn every_authority_requires_its_facts() {
    let official = json!({ "name": "D", "agency": "A", "badge": "1", "callback_verified_by": "C" });
    let to_police = json!({ "unit": PATROL, "role": "LE" });
    let whole = [
        (PATROL, "locate", "LELOCATE", json!({ "locate": { "target": "fugitive" }, "official": official })),
        (PATROL, "locate", "MISSING", json!({ "locate": { "target": "missing-person" }, "official": official })),
        (
            EMS,
            "victim",
            "LEVICTIM",
            json!({ "victim": { "agrees": true }, "official": official, "recipient": to_police }),
        ),
        (
            PATROL,
            "custody",
            "CUSTODYHEALTH",
            json!({ "custody": { "kind": "jail", "lawful": true, "custodian": "J", "limb": "care" } }),
        ),
        (
            EMS,
            "threat",
            "DUTYWARN",
            json!({ "threat": { "limb": "prevent", "serious_and_imminent": true, "recipient_able_to_prevent": true,
                "threat": "t", "target": "t" }, "recipient": to_police }),
        ),
        (
            PROGRAM,
            "premises-crime",
            "LECRIMEALERT",
            json!({ "premises_crime": { "on_premises": true, "act": "threat", "by_patient": true },
                "recipient": to_police }),
        ),
        (
            EMS,
            "crime-alert",
            "LECRIMEALERT",
            json!({ "crime_alert": { "off_premises": true, "crime": "c",
                "abuse_neglect_or_domestic_violence": false }, "recipient": to_police }),
        ),
        (
            PROGRAM,
            "mandated-report",
            "MANDRPT",
            json!({ "mandated_report": { "statute": "s", "agency": "a", "subject": "child" },
                "recipient": to_police }),
        ),
        (
            EMS,
            "exposure",
            "PUBHLTH",
            json!({ "exposure": { "how": "needlestick", "in_line_of_duty": true, "occurred_at": "2031-03-05T21:14:00Z",
                "designated_officer": true, "employer": "e", "determined_by": "facility" } }),
        ),
        (
            PROGRAM,
            "school-emergency",
            "THREAT",
            json!({ "school_emergency": { "at_risk": "student", "articulable_and_significant": true,
                "recipient_able_to_protect": true, "threat": "t" }, "recipient": to_police }),
        ),
    ];
    for (unit, basis, purpose, facts) in whole {
        let mut data = json!({ "basis": basis, "purpose": purpose, "user": "u", "categories": ["health-identity"] });
        data.as_object_mut().unwrap().extend(facts.as_object().unwrap().clone());
        assert_eq!(made(&request(unit, data.clone())).discloses(), data.get("recipient").is_some(), "{basis}");
        for (object, fields) in facts.as_object().unwrap() {
            for field in fields.as_object().unwrap().keys() {
                let mut less = data.clone();
                less[object].as_object_mut().unwrap().remove(field);
                if less[object].as_object().unwrap().is_empty() {
                    less.as_object_mut().unwrap().remove(object);
                }
                let answer = given(asks()).when(&request(unit, less));
                assert!(answer.answer().is_err(), "{basis} without {object}/{field}");
            }
        }
        let mut other = data;
        other["purpose"] = json!("ETREAT");
        given(asks()).when(&request(unit, other)).then_refused("HO-2507");
    }
}

/// What a school tells stays with the ask: policy learns that it is there.
#[test]
fn a_school_says_to_policy_that_there_is_a_threat_and_no_word_of_it() {
    let data = json!({ "basis": "school-emergency", "purpose": "THREAT", "categories": ["education"],
        "recipient": { "unit": PATROL, "role": "LE" },
        "school_emergency": { "at_risk": "others", "articulable_and_significant": true,
            "recipient_able_to_protect": true, "threat": "Fictional words." } });
    let facts = made(&request(EMS, data));
    let expected = SchoolEmergencyClaim {
        at_risk: Some(AtRisk::Others),
        articulable: true,
        able_to_protect: true,
        threat_stated: true,
        to_school: false,
    };
    assert_eq!(facts.claim, Claim::SchoolEmergency(expected));
    assert!(!serde_json::to_string(&facts).unwrap().contains("Fictional"));
}

/// An incident that the envelope names stands for the time of the exposure.
#[test]
fn an_exposure_at_an_incident_needs_no_time_of_its_own() {
    let data = json!({ "basis": "exposure", "purpose": "PUBHLTH", "user": "officer-9", "categories": ["hiv-sti"],
        "exposure": { "how": "blood-to-blood", "in_line_of_duty": true, "designated_officer": true,
            "employer": "River Fire", "determined_by": "public-health" } });
    let refusal = given(asks()).when(&request(EMS, data.clone())).then_refused("HO-2506");
    assert_eq!(refusal.place.as_deref(), Some("/exposure/occurred_at"));
    let mut at_incident = request(EMS, data);
    at_incident.incident = Some(handoff_schemas::IncidentId(person(9).0));
    let Claim::Exposure(claim) = made(&at_incident).claim else { panic!("another claim") };
    assert!(claim.at_incident && claim.determined_by == Some(ExposureFinder::PublicHealth));
}

#[test]
fn a_hold_is_no_custody_and_abuse_no_crime_alert() {
    let custody = json!({ "basis": "custody", "purpose": "CUSTODYHEALTH", "user": "u", "categories": ["medications"],
        "custody": { "kind": "hold", "lawful": true, "custodian": "J", "limb": "care" } });
    given(asks()).when(&request(PATROL, custody)).then_refused("HO-2506");
    let alert = json!({ "basis": "crime-alert", "purpose": "LECRIMEALERT", "categories": ["ems-clinical"],
        "recipient": { "unit": PATROL, "role": "LE" },
        "crime_alert": { "off_premises": true, "crime": "c", "abuse_neglect_or_domestic_violence": true } });
    given(asks()).when(&request(EMS, alert)).then_refused("HO-2506");
}

#[test]
fn who_asks_reads_in_a_role_of_its_own_and_names_its_user() {
    let bent = |change: fn(&mut Value)| {
        let mut data = emergency();
        change(&mut data);
        request(EMS, data)
    };
    given(asks()).when(&bent(|d| d["role"] = json!("HOSP"))).then_refused("HO-2508");
    given(asks()).when(&bent(|d| drop(d.as_object_mut().unwrap().remove("user")))).then_refused("HO-2511");
    given(asks()).when(&bent(|d| d["categories"] = json!([]))).then_refused("HO-2509");
    given(asks()).when(&bent(|d| d["records"] = json!(["report-77"]))).then_refused("HO-2509");
    given(asks()).when(&bent(|d| d["recipient"] = json!({ "unit": EMS, "role": "EMS" }))).then_refused("HO-2510");
    given(asks()).when(&bent(|d| d["recipient"] = json!({ "unit": "nobody", "role": "LE" }))).then_refused("HO-2508");
    let mut nobody = request(EMS, emergency());
    nobody.items[0].person = None;
    given(asks()).when(&nobody).then_refused("HO-2504");
    let mut nothing = request(EMS, emergency());
    nothing.items.clear();
    given(asks()).when(&nothing).then_refused("HO-2500");
    let other = command(EMS, "ask-1", "consent.notice-provided.v1", json!({})).about(person(1));
    given(asks()).when(&other).then_refused("HO-2502");
}

#[test]
fn an_ask_ends_once_by_its_own_unit() {
    let end = |unit: &str| next(unit, Step::End, json!({ "cause": "incident-over" }));
    asked(emergency()).when(&end(EMS)).then_facts(&[Fact::AskEnded { ask: the_ask(), person: person(1) }]);
    // Nobody else's ask, and none, are one refusal.
    let theirs = asked(emergency()).when(&end(PATROL)).then_refused("HO-2501");
    assert_eq!(given(asks()).when(&end(PATROL)).then_refused("HO-2501"), theirs);
    asked(emergency()).after(&end(EMS)).when(&end(EMS)).then_refused("HO-2503");
    asked(emergency()).when(&request(EMS, emergency())).then_refused("HO-2503");
    let by_id = Command { record: RecordRef::Id(the_ask()), ..request(EMS, emergency()) };
    given(asks()).when(&by_id).then_refused("HO-2501");
}

#[test]
fn a_use_of_break_glass_is_reviewed_once_by_somebody_else() {
    let review = |unit: &str, by: &str, outcome: &str| {
        next(unit, Step::Review, json!({ "outcome": outcome, "reviewed_by": by }))
    };
    let reviewed = |outcome| [Fact::AskReviewed { ask: the_ask(), person: person(1), outcome }];
    asked(glass()).when(&review(HUB, "privacy-officer", "abuse")).then_facts(&reviewed(ReviewOutcome::Abuse));
    asked(glass()).when(&review(EMS, "chief", "appropriate")).then_facts(&reviewed(ReviewOutcome::Appropriate));
    asked(glass()).when(&review(EMS, "Medic-17", "appropriate")).then_refused("HO-2512");
    asked(emergency()).when(&review(EMS, "chief", "appropriate")).then_refused("HO-2503");
    let done = asked(glass()).after(&review(EMS, "chief", "appropriate"));
    done.when(&review(HUB, "privacy-officer", "abuse")).then_refused("HO-2503");
}

fn paper(kind: &str) -> Command {
    let data = json!({
        "kind": kind, "purpose": "PROSECUTE", "recipient": { "unit": "river-county-court", "role": "CJ" },
        "categories": ["referral"], "elements": ["attendance"], "records": ["file-3"],
        "data_from": "2031-05-01T05:00:00Z", "data_before": "2031-06-01T05:00:00Z",
        "findings": ["extremely-serious-crime"], "mandate": { "kind": "subpoena" },
        "served_at": "2031-03-04T18:00:00Z", "expires_at": "2031-07-01T00:00:00Z",
    });
    command(PROGRAM, "paper-1", Step::RecordProcess.event_type(), data).about(person(1))
}

#[test]
fn legal_process_is_recorded_as_it_is_and_waits_for_a_person() {
    let facts = made(&paper("order-2-65"));
    assert!(facts.discloses() && facts.user.is_none());
    assert_eq!(facts.purpose, Purpose::Prosecute);
    assert_eq!(facts.scope.records, [record_id(&id(PROGRAM), "file-3")]);
    assert_eq!(facts.scope.data_from, Some(LogTime(1_935_378_000_000)));
    let Claim::LegalProcess(claim) = facts.claim else { panic!("another claim") };
    assert_eq!(claim.kind, Some(ProcessKind::Order265));
    assert!(claim.mandate && claim.served && !claim.notice_to_patient && claim.expires.is_some());
    // A bare subpoena is kept too; that it opens nothing is the law's business.
    let Claim::LegalProcess(claim) = made(&paper("subpoena")).claim else { panic!("another claim") };
    assert_eq!(claim.kind, Some(ProcessKind::Subpoena));

    let decide = |decision: &str| {
        let data = json!({ "decision": decision, "reviewed_by": "counsel" });
        command(PROGRAM, decision, Step::ReviewProcess.event_type(), data)
            .on(record_id(&id(PROGRAM), "paper-1"))
            .about(person(1))
    };
    let recorded = given(asks()).after(&paper("order-2-65"));
    let (ask, released) = (record_id(&id(PROGRAM), "paper-1"), ReviewOutcome::Release);
    let fact = Fact::AskReviewed { ask, person: person(1), outcome: released };
    recorded.clone().when(&decide("release")).then_facts(&[fact]);
    let withdrawn = recorded.after(&decide("release")).after(&decide("refuse"));
    withdrawn.when(&decide("release")).then_refused("HO-2503");
    asked(emergency())
        .when(&next(EMS, Step::ReviewProcess, json!({ "decision": "release", "reviewed_by": "c" })))
        .then_refused("HO-2503");
}

/// The published samples, as a unit would send them.
#[test]
fn samples_are_decided_or_refused_for_a_fact_that_they_lack() {
    for sample in samples("ask") {
        let step = Step::of(sample.event_type.as_str()).expect("an event of the family");
        let first = match step {
            Step::Request | Step::RecordProcess => given(asks()),
            Step::End => asked(emergency()),
            Step::Review => asked(glass()),
            Step::ReviewProcess => {
                let mut paper = paper("order-2-65");
                (paper.key, paper.record) = ("ask-1".to_owned(), RecordRef::Key("ask-1".to_owned()));
                given(asks()).after(&paper)
            }
        };
        let mut sent = command(&sample.unit, "ask-1", sample.event_type.as_str(), sample.data).about(person(1));
        sent.key = sample.name.clone();
        let answer = first.when(&sent);
        let bare = step == Step::Request && sample.name.ends_with("minimal.json");
        // Its user is the first thing that the least request lacks.
        if bare {
            answer.then_refused("HO-2511");
        } else {
            let refusal = answer.answer().err().map(ToString::to_string);
            assert_eq!(refusal, None, "{}", sample.name);
        }
    }
}
