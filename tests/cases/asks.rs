//! Asks on a running hub: who reads what under one, who is told of it, and when nothing is read any more.

mod exposures;
mod verbs;

use handoff::client::under;
use handoff::config::Config;
use handoff::operator::{self, Kind, Review};
use handoff_gateway::wire::{Format, Publish, Row};
use handoff_schemas::{LogTime, ReviewOutcome, UnitId};
use handoff_spine::testing::Postgres;
use handoff_tests::{County, accepted, event, leaves, until};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::replay::follows_from_the_log;

const PROGRAM: &str = "harbor-recovery-sud";
const EMS: &str = "river-fire-ems";
const PATROL: &str = "river-pd-patrol";
const CLINIC: &str = "willow-clinic-crisis";
const ASSESSED: &str = "encounter.assessment-recorded.v1";
const ASKED: &str = "ask.access-requested.v1";
const MEDIC: &str = "medic-17";
const OFFICER: &str = "officer-4";
/// The patient as EMS and patrol know them.
const AT_EMS: &str = "E-1";
const AT_PATROL: &str = "P-1";

fn unit(name: &str) -> UnitId {
    name.parse().unwrap()
}

fn assessment(id: &str) -> Value {
    let data = json!({
        "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low", "plan": "Fictional.",
        "medications": [{ "name": "buprenorphine", "dose": "8 mg", "adherence": "taking" }],
    });
    event(PROGRAM, ASSESSED, id, Some("H-1"), data)
}

/// A patient of the program whom EMS and patrol know too, under ids that were linked. She signed nothing.
async fn patient(county: &mut County, at_ems: &str) {
    county.publish(PROGRAM, &assessment("a-1")).await.unwrap();
    let call = |id: &str| json!({ "incident_number": id, "call": { "type": "welfare-check" } });
    for (of, id, local) in [(EMS, "call-1", at_ems), (PATROL, "call-2", AT_PATROL)] {
        county.publish(of, &event(of, "encounter.incident-reported.v1", id, Some(local), call(id))).await.unwrap();
        county.link(&format!("{of}:{local}"), &format!("{PROGRAM}:H-1")).await.unwrap();
    }
    county.settle().await.unwrap();
}

async fn county() -> County {
    let mut county = County::start().await.unwrap();
    patient(&mut county, AT_EMS).await;
    county
}

fn emergency(user: &str, licence: &str) -> Value {
    json!({
        "basis": "emergency", "purpose": "ETREAT", "licence": licence, "user": user, "categories": ["medications"],
        "emergency": {
            "nature": "overdose", "consent_unobtainable": "unconscious", "treating_provider_determined": true,
            "patient_present": true, "personnel_name": "Alex Medic", "personnel_affiliation": "River Fire",
            "disclosing_person": "Records Officer 4", "disclosed_at": "2026-11-02T22:14:00Z",
        },
    })
}

fn breaking_glass() -> Value {
    let mut data = emergency(MEDIC, "paramedic");
    (data["basis"], data["purpose"]) = (json!("break-glass"), json!("BTG"));
    data["break_glass"] = json!({ "reason": "Fictional words.", "emergency_attested": true });
    data
}

/// States an ask and waits until it is ruled; the id to read under.
async fn asks(county: &mut County, of: &str, key: &str, local: &str, data: Value) -> Uuid {
    let reply = county.publish(of, &event(of, ASKED, key, Some(local), data)).await.unwrap();
    county.settle().await.unwrap();
    reply.published[0].record
}

async fn reads(county: &County, of: &str, ask: Uuid, user: &str) -> Vec<Row> {
    accepted(county.agency(of).unwrap().read_under(ask, &unit(of), user).await.unwrap()).unwrap().rows
}

/// The answer as it came.
async fn answer(county: &County, of: &str, ask: Uuid, user: &str) -> Vec<u8> {
    county.agency(of).unwrap().raw("in.read", &under(ask, &unit(of), user)).await.unwrap()
}

fn pointers(row: &Row) -> Vec<String> {
    let mut all: Vec<String> = leaves(&row.data).into_iter().map(|(pointer, _)| pointer).collect();
    all.sort();
    all
}

async fn reviewed(county: &County, ask: Uuid, outcome: ReviewOutcome, by: &str) -> Result<(), String> {
    let review = Review { outcome, by, note: Some("Fictional note.") };
    let answer = operator::review(&county.session, ask, &review).await.unwrap();
    answer.map(drop).map_err(|refusal| refusal.code)
}

/// What waits for a review: the ask, why, and whether it has a day by which.
async fn queue(county: &County) -> Vec<(Uuid, Kind, bool)> {
    let waiting = operator::waiting(&county.session).await.unwrap();
    waiting.iter().map(|w| (w.id, w.what, w.due.is_some_and(|due| due > w.made))).collect()
}

/// EC-14: what 2.51 opens, and the record of it at the program.
async fn an_emergency(county: &mut County) {
    let standing = county.rows_from(EMS, PROGRAM).await.unwrap();
    assert!(standing.is_empty(), "without a consent nothing of the program stands");
    let ask = asks(county, EMS, "ask-1", AT_EMS, emergency(MEDIC, "paramedic")).await;
    let rows = reads(county, EMS, ask, MEDIC).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].ruling["source"], PROGRAM);
    assert_eq!(pointers(&rows[0]), ["/medications/*/adherence", "/medications/*/dose", "/medications/*/name"]);
    let grant = &rows[0].ruling["slices"][0]["grants"][0];
    assert!(grant["citation"].as_str().unwrap().contains("42 CFR 2.51"), "{grant}");
    assert!(grant["agreement"].is_null() && grant["consent"].is_null());
    assert!(county.rows_from(EMS, PROGRAM).await.unwrap().is_empty(), "what stands did not change");

    let record = county.rows_of(PROGRAM, EMS, ASKED).await.unwrap();
    assert_eq!(record.len(), 1);
    let items = ["disclosed_at", "disclosing_person", "nature", "personnel_affiliation", "personnel_name"];
    assert_eq!(pointers(&record[0]), items.map(|item| format!("/emergency/{item}")), "2.51(c), and nothing else");
    let told = &record[0].data["emergency"];
    assert_eq!((&told["nature"], &told["personnel_name"]), (&json!("overdose"), &json!("Alex Medic")));
    for other in [CLINIC, PATROL, "river-911", "lantern-shelter-intake"] {
        assert!(county.rows_of(other, EMS, ASKED).await.unwrap().is_empty(), "{other} is not told of it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ec_14_a_medic_reads_what_an_emergency_opens_and_the_program_gets_its_four_items() {
    let mut county = county().await;
    an_emergency(&mut county).await;
    follows_from_the_log(&county).await;
    county.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_is_the_same_on_postgresql() {
    let server = Postgres::shared().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config =
        Config { database_url: Some(server.database().await.unwrap()), ..Config::embedded(dir.path().join("hub")) };
    let mut county = County::on(dir, &config).await.unwrap();
    patient(&mut county, AT_EMS).await;
    an_emergency(&mut county).await;
    county.stop().await.unwrap();
}

/// The ask is its user's: anybody else is answered as under an ask that nobody made, byte for byte.
#[tokio::test(flavor = "multi_thread")]
async fn another_medic_of_the_unit_reads_nothing_under_somebody_elses_ask() {
    let mut county = county().await;
    let ask = asks(&mut county, EMS, "ask-1", AT_EMS, emergency(MEDIC, "paramedic")).await;
    let nothing = answer(&county, EMS, Uuid::new_v4(), MEDIC).await;
    assert_eq!(answer(&county, EMS, ask, "medic-18").await, nothing);
    assert_ne!(answer(&county, EMS, ask, MEDIC).await, nothing);
    // Nor does another agency that comes to know the id.
    assert_eq!(answer(&county, CLINIC, ask, MEDIC).await, nothing);
    county.stop().await.unwrap();
}

/// EC-16, 42 CFR 2.13(c): the officer's ask, what is read under it, and everything it leaves at others, once about the
/// patient and once about somebody nobody knows.
#[tokio::test(flavor = "multi_thread")]
async fn ec_16_an_officers_ask_about_a_patient_is_answered_as_about_somebody_nobody_knows() {
    let mut county = county().await;
    let mut said = Vec::new();
    for (key, local) in [("ask-1", AT_PATROL), ("ask-2", "P-9")] {
        let document = serde_json::to_vec(&event(PATROL, ASKED, key, Some(local), emergency(OFFICER, "paramedic")));
        let document = data_encoding::BASE64.encode(&document.unwrap());
        let publish = Publish { unit: unit(PATROL), format: Format::Cloudevents, check: false, document };
        let reply = county.agency(PATROL).unwrap().raw("in.publish", &publish).await.unwrap();
        county.settle().await.unwrap();
        let reply = String::from_utf8(reply).unwrap();
        let published = serde_json::from_str::<Value>(&reply).unwrap()["ok"]["published"][0].clone();
        let (ask, person) = (published["record"].as_str().unwrap(), published["person"].as_str().unwrap());
        let read = answer(&county, PATROL, ask.parse().unwrap(), OFFICER).await;
        // The two ids are the officer's own: random, and given to everybody whom the agency names.
        said.push((reply.replace(ask, "ask").replace(person, "person"), read));
    }
    assert_eq!(said[0], said[1]);
    let own = county.rows_of(PATROL, PATROL, ASKED).await.unwrap();
    assert_eq!(own.len(), 2);
    assert_eq!(own[0].data, own[1].data);
    assert!(county.rows_from(PATROL, PROGRAM).await.unwrap().is_empty());
    assert!(county.rows_of(PROGRAM, PATROL, ASKED).await.unwrap().is_empty(), "nothing was disclosed to document");
    county.stop().await.unwrap();
}

/// A4: from the acknowledgement on, before anything is ruled again and after.
#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_ask_reads_nothing_from_its_acknowledgement_on() {
    let mut county = county().await;
    let ask = asks(&mut county, EMS, "ask-1", AT_EMS, emergency(MEDIC, "paramedic")).await;
    let other = asks(&mut county, EMS, "ask-2", AT_EMS, emergency("medic-18", "emt")).await;
    assert_eq!(reads(&county, EMS, ask, MEDIC).await.len(), 1);
    let mut end = event(EMS, "ask.access-ended.v1", "end-1", Some(AT_EMS), json!({ "cause": "withdrawn" }));
    end["record"] = json!("ask-1");
    county.publish(EMS, &end).await.unwrap();
    let nothing = answer(&county, EMS, Uuid::new_v4(), MEDIC).await;
    assert_eq!(answer(&county, EMS, ask, MEDIC).await, nothing);
    county.settle().await.unwrap();
    assert_eq!(answer(&county, EMS, ask, MEDIC).await, nothing, "and it stays so");
    assert_eq!(reads(&county, EMS, other, "medic-18").await.len(), 1, "another's ask goes on");
    county.publish(PROGRAM, &assessment("a-2")).await.unwrap();
    county.settle().await.unwrap();
    assert_eq!(reads(&county, EMS, other, "medic-18").await.len(), 2, "also for what comes later");
    assert_eq!(answer(&county, EMS, ask, MEDIC).await, nothing);
    follows_from_the_log(&county).await;
    county.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ask_ends_with_its_last_minute() {
    let mut county = county().await;
    let mut data = emergency(MEDIC, "paramedic");
    data["minutes"] = json!(1);
    let asked = jiff::Timestamp::now().as_millisecond();
    let ask = asks(&mut county, EMS, "ask-1", AT_EMS, data).await;
    assert_eq!(reads(&county, EMS, ask, MEDIC).await.len(), 1);
    let over = async || jiff::Timestamp::now().as_millisecond() - asked >= 60_000;
    until("its minute is over", over).await.unwrap();
    until("nothing is read", async || reads(&county, EMS, ask, MEDIC).await.is_empty()).await.unwrap();
    county.settle().await.unwrap();
    assert!(reads(&county, EMS, ask, MEDIC).await.is_empty());
    assert_eq!(county.rows_of(PROGRAM, EMS, ASKED).await.unwrap().len(), 1, "the program keeps its record");
    county.stop().await.unwrap();
}

/// Rulebook 7.7 BTG: it opens, the source is told now, somebody else looks at it; abuse closes it at once (A4).
#[tokio::test(flavor = "multi_thread")]
async fn break_glass_opens_tells_the_source_and_closes_where_a_review_finds_abuse() {
    let mut county = county().await;
    let ask = asks(&mut county, EMS, "glass-1", AT_EMS, breaking_glass()).await;
    let fine = asks(&mut county, EMS, "glass-2", AT_EMS, breaking_glass()).await;
    let rows = reads(&county, EMS, ask, MEDIC).await;
    assert_eq!(rows.len(), 1);
    let duties = rows[0].ruling["slices"][0]["grants"][0]["obligations"].as_array().unwrap();
    assert!(duties.contains(&json!("HUAPRV")), "{duties:?}");
    let told = county.rows_of(PROGRAM, EMS, ASKED).await.unwrap();
    assert_eq!(told.len(), 2, "the program is told of each");
    assert!(told.iter().all(|row| row.data.get("break_glass").is_none()), "its reason is the unit's own");

    assert_eq!(queue(&county).await, [(ask, Kind::BreakGlass, true), (fine, Kind::BreakGlass, true)]);
    assert_eq!(reviewed(&county, ask, ReviewOutcome::Appropriate, " Medic-17").await, Err("HO-2512".to_owned()));
    assert_eq!(reviewed(&county, ask, ReviewOutcome::Release, "privacy officer").await, Err("HO-9081".to_owned()));
    assert_eq!(reviewed(&county, ask, ReviewOutcome::Abuse, "  ").await, Err("HO-9082".to_owned()));
    let nobodys = Uuid::new_v4();
    assert_eq!(reviewed(&county, nobodys, ReviewOutcome::Abuse, "privacy officer").await, Err("HO-9080".to_owned()));
    assert_eq!(queue(&county).await.len(), 2, "none of these was a review");

    reviewed(&county, ask, ReviewOutcome::Abuse, "privacy officer").await.unwrap();
    assert!(reads(&county, EMS, ask, MEDIC).await.is_empty(), "nothing from the acknowledgement on");
    reviewed(&county, fine, ReviewOutcome::Appropriate, "privacy officer").await.unwrap();
    reviewed(&county, fine, ReviewOutcome::Appropriate, "privacy officer").await.expect("the same review again");
    assert_eq!(reviewed(&county, fine, ReviewOutcome::Abuse, "chief").await, Err("HO-2503".to_owned()));
    county.settle().await.unwrap();
    assert!(reads(&county, EMS, ask, MEDIC).await.is_empty());
    assert_eq!(reads(&county, EMS, fine, MEDIC).await.len(), 1, "a use that was appropriate goes on");
    assert!(queue(&county).await.is_empty());
    follows_from_the_log(&county).await;
    county.stop().await.unwrap();
}

/// An order under 2.65 for police who heard the holder, of one record and one element.
fn order(expires: LogTime) -> Value {
    let expires = jiff::Timestamp::from_millisecond(expires.0).unwrap().to_string();
    json!({
        "kind": "order-2-65", "purpose": "LEINVEST", "recipient": { "unit": PATROL, "role": "LE" },
        "categories": ["bh-assessment"], "elements": ["risk"], "records": ["a-1"], "expires_at": expires,
        "findings": [
            "extremely-serious-crime", "substantial-value", "other-ways-unavailable", "public-interest-outweighs",
            "holder-heard",
        ],
        "mandate": { "kind": "subpoena", "number": "S-1" }, "served_at": "2026-11-03T18:00:00Z",
    })
}

async fn of_program(county: &County) -> Vec<Row> {
    county.rows_from(PATROL, PROGRAM).await.unwrap()
}

/// P2-28 to P2-33: nothing before a person decided, exactly the order's scope after, nothing once it expired or the
/// decision was taken back.
#[tokio::test(flavor = "multi_thread")]
async fn legal_process_opens_nothing_before_a_review_and_its_scope_after() {
    let mut county = county().await;
    county.publish(PROGRAM, &assessment("a-2")).await.unwrap();
    let soon = LogTime(jiff::Timestamp::now().as_millisecond() + 40_000);
    let later = LogTime(soon.0 + 86_400_000);
    let mut papers = Vec::new();
    for (key, expires) in [("paper-1", soon), ("paper-2", later)] {
        let paper = event(PROGRAM, "ask.legal-process-recorded.v1", key, Some("H-1"), order(expires));
        papers.push(county.publish(PROGRAM, &paper).await.unwrap().published[0].record);
    }
    county.settle().await.unwrap();
    assert!(of_program(&county).await.is_empty(), "served and not reviewed");
    let waiting = queue(&county).await;
    assert_eq!(waiting, [(papers[0], Kind::LegalProcess, false), (papers[1], Kind::LegalProcess, false)]);

    reviewed(&county, papers[0], ReviewOutcome::Release, "counsel").await.unwrap();
    county.settle().await.unwrap();
    let rows = of_program(&county).await;
    assert_eq!(rows.len(), 1, "of one record, and no other");
    assert_eq!(rows[0].ruling["type"], ASSESSED);
    assert_eq!(pointers(&rows[0]), ["/suicide_risk"], "one element, and no other");
    for other in [EMS, CLINIC, "lantern-shelter-intake"] {
        assert!(county.rows_from(other, PROGRAM).await.unwrap().is_empty(), "{other}");
    }
    until("the order ends", async || of_program(&county).await.is_empty()).await.unwrap();
    county.settle().await.unwrap();
    assert!(of_program(&county).await.is_empty());

    reviewed(&county, papers[1], ReviewOutcome::Release, "counsel").await.unwrap();
    county.settle().await.unwrap();
    assert_eq!(of_program(&county).await.len(), 1, "the other paper still stands");
    reviewed(&county, papers[1], ReviewOutcome::Refuse, "counsel").await.unwrap();
    assert!(of_program(&county).await.is_empty(), "nothing from the acknowledgement on");
    county.settle().await.unwrap();
    assert!(of_program(&county).await.is_empty() && queue(&county).await.is_empty());
    county.stop().await.unwrap();
}
