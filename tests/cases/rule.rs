//! `handoff rule` on a stopped hub: who would get what, and what would change the answer.

use std::path::Path;
use std::process::{Command, Output};

use handoff::config::Config;
use handoff_tests::{County, binary, event, part2_consent};
use serde_json::{Value, json};

const PROGRAM: &str = "harbor-recovery-sud";
const SHELTER: &str = "lantern-shelter-intake";
const ASSESSED: &str = "encounter.assessment-recorded.v1";
const REFERRED: &str = "referral.referral-created.v1";
const PERSON: &str = "H-RULED";

fn handoff_rule(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary().unwrap());
    command.args(["rule", "--from", PROGRAM]).args(arguments).arg("--data").arg(data);
    command.env_remove("NATS_URL").env_remove("DATABASE_URL").output().unwrap()
}

/// What the shelter would get of a referral of the program's patient, category by category.
fn shelter(data: &Path) -> Vec<Value> {
    let person = format!("{PROGRAM}/{PERSON}");
    let output = handoff_rule(data, &["--type", REFERRED, "--person", &person, "--to", SHELTER, "--why", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    said["rulings"].as_array().unwrap().clone()
}

fn of<'a>(rows: &'a [Value], category: &str) -> &'a Value {
    rows.iter().find(|r| r["category"] == category).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shelter_is_told_the_consent_that_opens_a_part_2_referral_and_then_gets_it() {
    let mut county = County::start().await.unwrap();
    let data = json!({ "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low" });
    county.publish(PROGRAM, &event(PROGRAM, ASSESSED, "a-1", Some(PERSON), data)).await.unwrap();
    county.settle().await.unwrap();
    let dir = county.stop_keeping().await.unwrap();
    let hub = dir.path().join("hub");

    let rows = shelter(&hub);
    assert!(!rows.is_empty() && rows.iter().all(|r| r["released"] == false), "{rows:?}");
    let need = of(&rows, "sdoh");
    let words = need["change"]["words"].as_str().unwrap();
    let wanted = "a consent of type named disclosure, naming lantern-shelter-intake, for coordination of care";
    assert!(words.starts_with(wanted), "{words}");
    assert!(!need["why"].as_array().unwrap().is_empty());
    let text = handoff_rule(&hub, &["--type", REFERRED, "--to", "lantern-shelter-intake/CBO", "--why"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains(wanted) && !text.contains(PERSON), "{text}");

    let mut county = County::again(dir, &Config::embedded(hub.clone())).await.unwrap();
    let mut consent = part2_consent("consent-rule", PERSON, &["part2-record", "sdoh", "referral"]).unwrap();
    consent["data"]["recipients"] = json!([SHELTER]);
    consent["data"]["recipient_names"] = json!(["Lantern Shelter intake"]);
    consent["data"]["purposes"] = json!(["COC"]);
    county.publish(PROGRAM, &consent).await.unwrap();
    county.settle().await.unwrap();
    let dir = county.stop_keeping().await.unwrap();

    let rows = shelter(&hub);
    let need = of(&rows, "sdoh");
    assert_eq!(need["released"], true, "{need}");
    let authority = need["authority"][0].as_str().unwrap();
    assert!(authority.contains("agreement shelter-referrals") && authority.contains("named disclosure"), "{authority}");
    assert_eq!(need["change"], Value::Null);
    assert_eq!(of(&rows, "bh-treatment")["released"], false, "no template of a shelter shows treatment");
    drop(dir);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_is_said_with_its_code() {
    let county = County::start().await.unwrap();
    let dir = county.stop_keeping().await.unwrap();
    let hub = dir.path().join("hub");
    let wrong: [(&[&str], &str); 8] = [
        (&["--type", "encounter.no-such-event.v1"], "HO-9070"),
        (&["--type", "partner.partner-registered.v1"], "HO-9071"),
        (&["--type", REFERRED, "--purpose", "CURIOSITY"], "HO-9072"),
        (&["--type", REFERRED, "--to", "lantern-shelter-intake/LE"], "HO-9073"),
        (&["--type", REFERRED, "--at", "yesterday"], "HO-9074"),
        (&["--event", "no-such-key"], "HO-9075"),
        (&["--type", REFERRED, "--to", "no-such-unit"], "HO-9013"),
        (&["--type", REFERRED, "--person", "harbor-recovery-sud/nobody"], "HO-9018"),
    ];
    for (arguments, code) in wrong {
        let output = handoff_rule(&hub, arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(code) && output.status.code() == Some(2), "{arguments:?}: {said}");
    }
    let everybody = handoff_rule(&hub, &["--sample", ASSESSED, "--json"]);
    assert!(everybody.status.success(), "{}", String::from_utf8_lossy(&everybody.stdout));
}
