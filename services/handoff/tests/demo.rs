//! The demo as a newcomer runs it: one process, one object, in which every step came out as the law has it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::process::Command;

use serde_json::Value;

fn demo() -> Value {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("county");
    let run = Command::new(env!("CARGO_BIN_EXE_handoff"))
        .args(["demo", "--json", "--data"])
        .arg(&data)
        .env("HANDOFF_LOG", "warn")
        .output()
        .unwrap();
    assert!(run.status.success(), "{}\n{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    let again = Command::new(env!("CARGO_BIN_EXE_handoff")).args(["demo", "--data"]).arg(&data).output().unwrap();
    assert!(String::from_utf8_lossy(&again.stderr).contains("HO-9030"), "a folder in use is left alone");
    let verified = Command::new(env!("CARGO_BIN_EXE_handoff")).args(["ledger", "verify", "--data"]).arg(&data).output();
    assert!(verified.unwrap().status.success(), "the ledger is sound after the hub has gone");
    serde_json::from_slice(&run.stdout).unwrap()
}

/// Categories and fields an agency sees of what `source` published.
fn seen<'a>(told: &'a Value, partner: &str, source: &str, part: &str) -> Vec<&'a str> {
    let events = told["views"][partner]["events"].as_array().unwrap();
    let of_source = events.iter().filter(|e| e["source"] == source);
    of_source.flat_map(|e| e[part].as_array().unwrap()).filter_map(Value::as_str).collect()
}

#[test]
fn the_night_comes_out_as_the_law_has_it() {
    let told = demo();
    let mut kinds: Vec<_> =
        told["views"].as_object().unwrap().iter().map(|(k, v)| (k.as_str(), v["kind"].as_str().unwrap())).collect();
    kinds.sort_unstable();
    let five = [
        ("harbor-recovery", "P2P"),
        ("lantern-shelter", "CBO"),
        ("river-fire", "EMS"),
        ("river-pd", "LE"),
        ("willow-clinic", "BHC"),
    ];
    assert_eq!(kinds, five);

    let [police, ems, clinic, shelter] = ["river-pd", "river-fire", "willow-clinic", "lantern-shelter"];
    assert!(seen(&told, police, "river-911", "categories").contains(&"location"));
    for category in ["bh-assessment", "bh-treatment", "medications", "health-identity"] {
        assert!(!seen(&told, police, "willow-clinic-crisis", "categories").contains(&category), "police: {category}");
    }
    assert!(!seen(&told, police, "river-fire-ems", "categories").contains(&"ems-clinical"));
    for other in [police, ems, shelter] {
        assert_eq!(seen(&told, other, "harbor-recovery-sud", "fields"), Vec::<&str>::new(), "{other} and Part 2");
    }
    assert!(seen(&told, clinic, "harbor-recovery-sud", "categories").contains(&"medications"));
    assert!(seen(&told, clinic, "river-fire-ems", "categories").contains(&"ems-clinical"));
    assert!(seen(&told, shelter, "willow-clinic-crisis", "fields").contains(&"/service_requested"));
    assert!(!seen(&told, shelter, "willow-clinic-crisis", "fields").contains(&"/clinical_reason"));
    assert_eq!(seen(&told, shelter, "river-911", "fields"), Vec::<&str>::new());

    assert!(told["revocation"]["rows_before"].as_u64().unwrap() > 0);
    assert_eq!(told["revocation"]["rows_after"], 0);
    assert!(told["revocation"]["stop_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(told["probe"]["known_sha256"], told["probe"]["unknown_sha256"]);
    assert_eq!(told["probe"]["known_sha256"].as_str().unwrap().len(), 64);
    let emergency = &told["emergency"];
    assert!(emergency["medicines"]["Harbor Recovery"].as_array().unwrap().contains(&Value::from("buprenorphine")));
    assert!(emergency["citations"].as_array().unwrap().iter().any(|c| c.as_str().unwrap().contains("42 CFR 2.51")));
    let items = emergency["documented"].as_object().unwrap();
    assert_eq!(items.keys().collect::<Vec<_>>(), ["by whom", "to whom", "when", "why"]);
    assert!(items["to whom"].as_str().unwrap().contains("River Fire EMS") && items["why"] == "overdose");
    assert_eq!(emergency["known_sha256"], emergency["unknown_sha256"]);
    assert_eq!(emergency["known_sha256"].as_str().unwrap().len(), 64);
    let lines = |part: &str| told["suspension"][part].as_array().unwrap().clone();
    assert!(lines("stopped").iter().any(|l| l.as_str().unwrap().starts_with("lantern-shelter: referral.")));
    assert!(lines("kept").iter().any(|l| l.as_str().unwrap().starts_with("river-pd: encounter.")));
    assert_eq!(told["tamper"]["found"], true);
    assert!(told["tamper"]["where"].as_str().unwrap().contains("ledger/releases/leaves, byte"));
    assert_eq!(told["ledger"]["verified"], true);
    assert!(told["ledger"]["entries"].as_u64().unwrap() > 0);
}
