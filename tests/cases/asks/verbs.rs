//! The same by the verbs, as operators and users type them, against a hub that runs as a process.

use std::path::Path;
use std::process::{Command, Output};

use handoff::client::Partner;
use handoff_tests::{County, binary, files, until};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{EMS, MEDIC, patient, unit};
use crate::canaries::Up;

fn handoff(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary().unwrap());
    command.args(arguments).arg("--json").arg("--data").arg(data);
    command.env_remove("NATS_URL").env_remove("DATABASE_URL").output().unwrap()
}

fn said(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// A1, by the verbs as operators and users type them: no word of an ask or its review in the clear, anywhere.
#[tokio::test(flavor = "multi_thread")]
async fn a1_no_word_of_an_ask_or_its_review_stands_in_the_clear() {
    const WORDS: [&str; 7] = [
        "canary-local-4471",
        "canary-reason-4471",
        "canary-personnel-4471",
        "canary-affiliation-4471",
        "canary-discloser-4471",
        "canary-reviewer-4471",
        "canary-note-4471",
    ];
    let [local, reason, personnel, affiliation, discloser, reviewer, note] = WORDS;
    let mut county = County::start().await.unwrap();
    patient(&mut county, local).await;
    let data = county.data().to_path_buf();
    let dir = county.stop_keeping().await.unwrap();
    let log = dir.path().join("hub.log");
    let hub = Up::start(&data, &log).await;

    let facts = [
        format!("break_glass.reason={reason}"),
        "break_glass.emergency_attested".to_owned(),
        "emergency.nature=overdose".to_owned(),
        "emergency.consent_unobtainable=unconscious".to_owned(),
        "emergency.treating_provider_determined".to_owned(),
        "emergency.patient_present=true".to_owned(),
        format!("emergency.personnel_name={personnel}"),
        format!("emergency.personnel_affiliation={affiliation}"),
        format!("emergency.disclosing_person={discloser}"),
        "emergency.disclosed_at=2026-11-02T22:14:00Z".to_owned(),
    ];
    let mut arguments = vec!["ask", "--as", EMS, "--user", MEDIC, "--person", local, "--licence", "paramedic"];
    arguments.extend(["--basis", "break-glass", "--purpose", "BTG", "--category", "medications"]);
    let missing = handoff(&data, &arguments);
    assert_eq!(missing.status.code(), Some(1));
    let refusal = said(&missing)["error"].clone();
    assert_eq!((&refusal["code"], &refusal["place"]), (&json!("HO-2506"), &json!("/break_glass")));
    arguments.extend(["--key", "glass-1"]);
    arguments.extend(facts.iter().flat_map(|fact| ["--fact", fact.as_str()]));
    let asked = said(&handoff(&data, &arguments));
    let ask = asked["ask"].as_str().unwrap();
    let again = said(&handoff(&data, &arguments));
    assert_eq!((&again["ask"], &again["duplicate"]), (&asked["ask"], &json!(true)), "sent again it is the same ask");

    let ems = Partner::connect(&hub.nats, &data.join("creds/partner-river-fire.creds")).await.unwrap();
    let id: Uuid = ask.parse().unwrap();
    let opened = async || !ems.read_under(id, &unit(EMS), MEDIC).await.unwrap().unwrap().rows.is_empty();
    until("the medic reads", opened).await.unwrap();
    let view = |user: &str| said(&handoff(&data, &["view", "--as", EMS, "--user", user, "--under", ask]));
    assert_eq!(view(MEDIC)["rows"][0]["data"]["medications"][0]["name"], "buprenorphine");
    assert_eq!(view("medic-18")["rows"], json!([]));

    let waiting = handoff(&data, &["review", "list"]);
    assert_eq!(waiting.status.code(), Some(0), "not overdue yet");
    let waiting = said(&waiting);
    assert_eq!((&waiting["waiting"][0]["ask"], &waiting["waiting"][0]["user"]), (&asked["ask"], &json!(MEDIC)));
    assert!(waiting["waiting"][0]["due"].is_string() && waiting["overdue"] == 0);
    let record =
        |by: &str| handoff(&data, &["review", "record", ask, "--outcome", "abuse", "--by", by, "--note", note]);
    let own = record(MEDIC);
    assert_eq!((own.status.code(), &said(&own)["error"]["code"]), (Some(1), &json!("HO-2512")));
    assert_eq!(record(reviewer).status.code(), Some(0));
    assert_eq!(view(MEDIC)["rows"], json!([]));
    assert_eq!(said(&handoff(&data, &["review", "list"]))["waiting"], json!([]));
    let metrics = hub.get("/metrics").await;
    hub.terminate().await;

    let any = regex::bytes::Regex::new(&WORDS.map(regex::escape).join("|")).unwrap();
    let clear = |bytes: &[u8], place: &str| {
        let found = any.find(bytes).map(|m| String::from_utf8_lossy(m.as_bytes()).into_owned());
        assert_eq!(found, None, "in {place}");
    };
    clear(metrics.as_bytes(), "the metrics");
    let mut searched = 0;
    for file in files(&data).unwrap().into_iter().chain([log]) {
        let bytes = std::fs::read(&file).unwrap();
        searched += bytes.len();
        clear(&bytes, &file.display().to_string());
    }
    assert!(searched > 100_000, "the broker's store, the databases and the log were searched: {searched} bytes");
}
