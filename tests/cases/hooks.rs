//! Hooks of state law on a hub: what a review opens, for whom, and what taking it back shuts at once; the verbs.

use std::path::Path;
use std::process::{Command, Output};

use handoff::config::Config;
use handoff::operator::{self, OfHook};
use handoff_tests::{County, accepted, binary, event, leaves};
use serde_json::{Value, json};

const HOLD: &str = "encounter.hold-initiated.v1";
const CLINIC: &str = "willow-clinic-crisis";
const PATROL: &str = "river-pd-patrol";
const HOOK: &str = "ST-03/US-WA/hold-facts";
const COUNSEL: &str = "Counsel of River County";

/// Between the clinic and the police: what becomes of holds that officers write.
const HOLDS: &str = r#"
id = "holds"
version = 1
kind = "PARTICIPATION"
title = "Acceptance of emergency holds"
effective_from = 2026-01-01
evergreen = true
review_due = 2040-01-01
prohibited_uses = []
redisclosure = "none"
incident_notice_hours = 24
retention = "as each party's schedule says"
[[party]]
unit = "willow-clinic-crisis"
role = "member"
[[party]]
unit = "river-pd-patrol"
role = "member"
[[flow]]
clause = "holds"
from = ["willow-clinic-crisis"]
to = ["river-pd-patrol"]
roles = ["LE"]
purposes = ["LEFOLLOWUP"]
categories = ["hold"]
[[signatory]]
unit = "willow-clinic-crisis"
name = "A. Example"
title = "Director"
[[signatory]]
unit = "river-pd-patrol"
name = "B. Example"
title = "Chief"
"#;

fn handoff(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary().unwrap());
    command.args(arguments).arg("--data").arg(data);
    command.env_remove("NATS_URL").env_remove("DATABASE_URL").output().unwrap()
}

fn said(data: &Path, arguments: &[&str]) -> Value {
    let output = handoff(data, &[arguments, &["--json"]].concat());
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// One hook as `handoff law hooks` lists it.
fn listed(data: &Path, hook: &str) -> Value {
    let all = said(data, &["law", "hooks", "--jurisdiction", "US-WA"]);
    all["hooks"].as_array().unwrap().iter().find(|h| h["hook"] == hook).unwrap().clone()
}

/// What patrol sees of holds, by pointer.
async fn seen(county: &County) -> Vec<String> {
    let rows = county.rows_of(PATROL, CLINIC, HOLD).await.unwrap();
    let mut all: Vec<String> = rows.iter().flat_map(|r| leaves(&r.data)).map(|(pointer, _)| pointer).collect();
    all.sort();
    all
}

fn hold(id: &str, unit: &str) -> Value {
    let data = json!({
        "initiated_at": "2026-11-02T21:14:00Z", "initiated_by": "law-enforcement", "initiated_by_unit": unit,
        "accepted": true, "accepted_at": "2026-11-02T22:40:00Z", "paperwork": "HOLD-31",
        "grounds": ["danger-to-self"], "facility_name": "Example General Hospital",
    });
    event(CLINIC, HOLD, id, Some("W-31"), data)
}

#[tokio::test(flavor = "multi_thread")]
async fn ec_82_a_review_opens_the_hold_to_who_wrote_it_and_taking_it_back_shuts_it_at_once() {
    let mut county = County::start().await.unwrap();
    accepted(operator::load(&county.session, HOLDS).await.unwrap()).unwrap();
    county.publish(CLINIC, &hold("hold-1", PATROL)).await.unwrap();
    county.publish(CLINIC, &hold("hold-2", "river-911")).await.unwrap();
    county.settle().await.unwrap();
    assert!(seen(&county).await.is_empty(), "nobody has reviewed the hook");
    let dir = county.stop_keeping().await.unwrap();
    let data = dir.path().join("hub");

    let before = listed(&data, HOOK);
    assert_eq!((&before["in_force"], &before["reviews"]), (&json!(false), &json!([])));
    assert_eq!((&before["effect"], &before["acts"]), (&json!("permit-exception"), &json!("once-reviewed")));
    assert!(before["citation"].as_str().unwrap().contains("RCW 71.05.153"), "{before}");
    assert_eq!(listed(&data, "ST-11/US-WA/public-records")["in_force"], true, "what denies waits for nobody");

    let recorded = said(&data, &["law", "review", HOOK, "--by", COUNSEL, "--on", "2026-11-20"]);
    assert_eq!((&recorded["reviewed_by"], &recorded["withdrawn"]), (&json!(COUNSEL), &json!(false)));
    let after = listed(&data, HOOK);
    assert_eq!(after["in_force"], true);
    assert_eq!(
        (&after["reviews"][0]["reviewed_by"], &after["reviews"][0]["reviewed_on"]),
        (&json!(COUNSEL), &json!("2026-11-20"))
    );
    let table = handoff(&data, &["law", "hooks", "--jurisdiction", "US-WA"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains(HOOK) && table.contains("once reviewed"), "{table}");

    let mut county = County::again(dir, &Config::embedded(data.clone())).await.unwrap();
    county.settle().await.unwrap();
    assert_eq!(seen(&county).await, ["/accepted", "/accepted_at"], "of the hold that patrol wrote, and nothing else");
    let row = county.rows_of(PATROL, CLINIC, HOLD).await.unwrap().remove(0);
    let citation = row.ruling["slices"][0]["grants"][0]["citation"].as_str().unwrap().to_owned();
    assert!(citation.contains(HOOK) && citation.contains("RCW 71.05.153"), "{citation}");

    let back =
        OfHook { hook: HOOK, jurisdiction: None, by: COUNSEL, on: None, agreement: None, age: None, withdrawn: true };
    accepted(operator::review_hook(&county.session, &back).await.unwrap()).unwrap();
    // No settling in between: the very next read must not show it.
    assert!(seen(&county).await.is_empty());
    county.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_of_what_the_law_does_not_have_is_refused_with_its_code() {
    let county = County::start().await.unwrap();
    let dir = county.stop_keeping().await.unwrap();
    let data = dir.path().join("hub");
    let wrong: [(&[&str], &str); 4] = [
        (&["ST-99", "--jurisdiction", "US-WA", "--by", COUNSEL], "HO-1440"),
        (&[HOOK, "--by", COUNSEL, "--age", "14"], "HO-1441"),
        (&["ST-04", "--jurisdiction", "US-WA", "--by", COUNSEL, "--age", "18"], "HO-1442"),
        (&[HOOK, "--by", " "], "HO-1443"),
    ];
    for (arguments, code) in wrong {
        let output = handoff(&data, &[&["law", "review"][..], arguments, &["--json"]].concat());
        let refusal: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &refusal["error"]["code"]), (Some(1), &json!(code)), "{arguments:?}");
    }
    let nowhere = handoff(&data, &["law", "hooks", "--jurisdiction", "US-ZZ"]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("HO-1445"));
    assert_eq!(listed(&data, HOOK)["reviews"], json!([]), "nothing of it is on the log");
}
