//! Versions of the law on the log: one is put in force while the hub runs, hides what it does not permit, and each ruling
//! is made under one version, live, after a restart and in a replay.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;

use handoff::config::Config;
use handoff::operator::{OfHook, activate, laws, review_hook};
use handoff_gateway::wire::Row;
use handoff_law::{Bundle, BundleHash, CarriedLaw};
use handoff_schemas::{EventId, Fact, RecordId, UnitId};
use handoff_spine::broker::ServiceName;
use handoff_spine::commit::{Commit, LoggedEvent};
use handoff_spine::intake::subject;
use handoff_spine::log::{EVENTS, Log};
use handoff_tests::{County, accepted, event, until};
use serde_json::json;

use crate::replay::{follows_from_the_log, recorded};

const DISPATCH: &str = "river-911";
const PATROL: &str = "river-pd-patrol";
const REPORTED: &str = "encounter.incident-reported.v1";

fn own() -> BundleHash {
    Bundle::embedded().unwrap().hash
}

/// The law of this build, but that a cell of the matrix is shut: police get no place of an incident.
fn tighter() -> BTreeMap<String, String> {
    bent("matrix.csv", "C04,location,Incident location (CAD),LE,P,B37", "C04,location,Incident location (CAD),LE,D,B37")
}

fn bent(file: &str, from: &str, to: &str) -> BTreeMap<String, String> {
    let mut files = Bundle::embedded_files();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(from), "{file} no longer has {from}");
    *text = text.replacen(from, to, 1);
    files
}

async fn report(county: &County, id: &str) {
    let data = json!({
        "incident_number": id, "call": { "type": "welfare-check" }, "location": { "place": format!("Bridge {id}") },
    });
    county.publish(DISPATCH, &event(DISPATCH, REPORTED, id, Some("P-1"), data)).await.unwrap();
}

async fn reports(county: &County) -> Vec<Row> {
    county.rows_of(PATROL, DISPATCH, REPORTED).await.unwrap()
}

fn has_place(row: &Row) -> bool {
    row.data.pointer("/location/place").is_some()
}

fn is_of(row: &Row, bundle: BundleHash) -> bool {
    row.ruling["bundle"] == bundle.to_string().as_str()
}

async fn put_in_force(county: &County, files: &BTreeMap<String, String>, reason: &str) -> BundleHash {
    accepted(activate(&county.session, files, "County Counsel", reason).await.unwrap()).unwrap().bundle
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tighter_law_hides_at_once_and_the_older_one_brings_back_what_it_hid() {
    let mut county = County::start().await.unwrap();
    for n in 0..3 {
        report(&county, &format!("inc-{n}")).await;
    }
    county.settle().await.unwrap();
    assert!(reports(&county).await.iter().all(|row| has_place(row) && is_of(row, own())));

    let strict = put_in_force(&county, &tighter(), "review 12").await;
    assert_ne!(strict, own());
    let at_once = reports(&county).await;
    assert!(at_once.iter().all(|row| !has_place(row) && is_of(row, strict)), "A4: nothing the older law released");
    county.settle().await.unwrap();
    let hidden = reports(&county).await;
    assert_eq!(hidden.len(), 3, "what both permit is there again");
    assert!(hidden.iter().all(|row| !has_place(row) && is_of(row, strict)));
    let medics = county.rows_of("river-fire-ems", DISPATCH, REPORTED).await.unwrap();
    assert!(
        medics.len() == 3 && medics.iter().all(|row| has_place(row) && is_of(row, strict)),
        "only that cell is shut"
    );

    let config = Config::embedded(county.data());
    let mut county = county.restart(&config).await.unwrap();
    report(&county, "inc-3").await;
    county.settle().await.unwrap();
    let later = reports(&county).await;
    assert_eq!(later.len(), 4);
    assert!(later.iter().all(|row| !has_place(row) && is_of(row, strict)), "a restart goes on under the law in force");

    put_in_force(&county, &Bundle::embedded_files(), "the place is needed").await;
    county.settle().await.unwrap();
    let back = reports(&county).await;
    assert_eq!(back.len(), 4);
    assert!(back.iter().all(|row| has_place(row) && is_of(row, own())));

    let known = laws(&county.session).await.unwrap();
    let said: Vec<_> = known.activations().map(|a| (a.bundle, a.reviewer.as_str(), a.reason.as_str())).collect();
    let expected = [(strict, "County Counsel", "review 12"), (own(), "County Counsel", "the place is needed")];
    assert_eq!(said, expected);
    assert_eq!((known.first().hash, known.in_force().hash, known.carried().count()), (own(), own(), 2));
    follows_from_the_log(&county).await;
    county.stop().await.unwrap();
}

/// Events arrive and views are read while another law comes into force and a hundred events and more are ruled again.
#[tokio::test(flavor = "multi_thread")]
async fn every_ruling_during_an_activation_is_made_under_one_version() {
    const MANY: usize = 105;
    let mut county = County::start().await.unwrap();
    for n in 0..MANY {
        report(&county, &format!("inc-{n}")).await;
    }
    county.settle().await.unwrap();
    let before = county.session.log.last(EVENTS).await.unwrap();
    let over = AtomicBool::new(false);
    let reading = async {
        let mut seen = 0;
        while !over.load(SeqCst) {
            for row in reports(&county).await {
                assert_eq!(has_place(&row), is_of(&row, own()), "a row shows what its own version permits");
                seen += 1;
            }
        }
        seen
    };
    let acting = async {
        report(&county, "meanwhile-1").await;
        let strict = put_in_force(&county, &tighter(), "review 12").await;
        assert!(
            reports(&county).await.iter().all(|row| is_of(row, strict)),
            "no read after the answer is by the older law"
        );
        report(&county, "meanwhile-2").await;
        over.store(true, SeqCst);
        strict
    };
    let (seen, strict) = tokio::join!(reading, acting);
    assert!(seen > 0);
    county.settle().await.unwrap();
    let rows = reports(&county).await;
    assert_eq!(rows.len(), MANY + 2);
    assert!(rows.iter().all(|row| !has_place(row) && is_of(row, strict)));

    let known = laws(&county.session).await.unwrap();
    for ruled in recorded(&county).await {
        let Some(release) = &ruled.release else { continue };
        let doc: serde_json::Value = serde_json::from_str(&release.ruling).unwrap();
        assert_eq!(doc["bundle"], known.at(ruled.cause).hash.to_string().as_str(), "ruled at {}", ruled.cause);
    }
    let mut follow = county.session.log.follow(EVENTS, before + 1, &[]).await.unwrap();
    let mut sweeps = 0;
    for _ in before..county.session.log.last(EVENTS).await.unwrap() {
        let entry = county.session.log.open(&follow.next().await.unwrap()).unwrap();
        sweeps += entry.commit.events.iter().flat_map(|e| &e.facts).filter(|f| matches!(f, Fact::Sweep { .. })).count();
    }
    assert_eq!(sweeps, 2, "one hundred, and the rest");
    follows_from_the_log(&county).await;
    county.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_law_that_does_not_load_is_never_put_in_force() {
    let mut county = County::start().await.unwrap();
    report(&county, "inc-1").await;
    county.settle().await.unwrap();
    let last = county.session.log.last(EVENTS).await.unwrap();
    let typo = bent("reasons.toml", "[NO_CONSENT]", "[NO_CONSNT]");
    let refusal = activate(&county.session, &typo, "County Counsel", "review 12").await.unwrap().unwrap_err();
    assert_eq!(refusal.code, "HO-1302");
    let sent = |files: &BTreeMap<String, String>| serde_json::to_value(CarriedLaw::of(files)).unwrap();
    let carry = async |key: &str, data: serde_json::Value| {
        let carried = "bundle.law-carried.v1";
        county.session.command("registry", key, "bundle:law", carried, data).await.unwrap().unwrap_err().code
    };
    assert_eq!(carry("typo", sent(&typo)).await, "HO-1302", "past the verb it is refused too");
    let mut altered = sent(&Bundle::embedded_files());
    altered["bundle"] = json!("0".repeat(64));
    assert_eq!(carry("altered", altered).await, "HO-1303");
    assert_eq!(carry("first", sent(&tighter())).await, "HO-1482", "what ruled until now comes first");
    assert_eq!(county.session.log.last(EVENTS).await.unwrap(), last, "nothing of it is on the log");
    assert!(reports(&county).await.iter().all(|row| has_place(row) && is_of(row, own())));
    county.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_stops_and_does_not_start_where_a_law_that_the_log_names_is_missing() {
    let mut county = County::start().await.unwrap();
    let record = RecordId(uuid::Uuid::new_v4());
    let missing = CarriedLaw::of(&tighter()).bundle;
    let event = LoggedEvent {
        id: EventId(uuid::Uuid::now_v7()),
        event_type: "bundle.law-activated.v1".parse().unwrap(),
        record,
        unit: UnitId::operator(),
        person: None,
        incident: None,
        asserted_at: None,
        facts: vec![Fact::LawActivated { bundle: missing }],
        labels: Vec::new(),
        content: Vec::new(),
        admin: serde_json::Map::new(),
        slices: Vec::new(),
    };
    let (key, content) = ("missing".to_owned(), "missing".to_owned());
    let commit = Commit { v: 1, unit: UnitId::operator(), key, content, version: 1, events: vec![event] };
    let body = serde_json::to_vec(&commit).unwrap();
    let hub = county.session.hub().unwrap();
    let client = hub.broker.connect(ServiceName::Registry).await.unwrap();
    let log = Log::new(client, hub.vault.log_key().await.unwrap());
    log.append_after_subject(subject("bundle", record), 0, &body).await.unwrap();
    assert!(county.settle().await.is_err(), "it rules by no other law than the one the log names");
    let config = Config::embedded(county.data());
    let dir = county.stop_keeping().await.unwrap();
    let Err(refused) = County::again(dir, &config).await else { panic!("it started") };
    assert!(format!("{refused:#}").contains("HO-4004"), "{refused:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reviewed_is_a_hook_of_the_law_in_force() {
    const OTHER: &str = "ST-03/US-KS/hold-facts-of-2027";
    let county = County::start().await.unwrap();
    let by = "Counsel of River County";
    let review = OfHook { hook: OTHER, jurisdiction: None, by, on: None, agreement: None, age: None, withdrawn: false };
    let refusal = review_hook(&county.session, &review).await.unwrap().unwrap_err();
    assert_eq!(refusal.code, "HO-1440");
    let files = bent("hooks/us-ks.toml", "\"ST-03/US-KS/hold-facts\"", &format!("\"{OTHER}\""));
    put_in_force(&county, &files, "the section as amended").await;
    // The registry follows the law on the log like everybody else.
    let reviewed = async || review_hook(&county.session, &review).await.unwrap().is_ok();
    until("the law in force is followed", reviewed).await.unwrap();
    county.stop().await.unwrap();
}
