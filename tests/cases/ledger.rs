//! A2: every row of every view is a leaf of the signed ledger, checked offline; one altered byte is found and named; an
//! auditor who keeps the keys need not take the folder's word for them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use handoff_ledger::note::{Signer, Verifier};
use handoff_ledger::verify::{Views, verify};
use handoff_schemas::PartnerId;
use handoff_spine::store::{DbName, Store};
use handoff_tests::{County, binary, event};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The data folder of a hub that stopped in good order, with a few assessments on its ledger, and its partners.
struct Stopped {
    data: PathBuf,
    partners: Vec<PartnerId>,
    _dir: TempDir,
}

async fn stopped() -> Stopped {
    let mut county = County::start().await.unwrap();
    let clinic = "willow-clinic-crisis";
    for n in 0..10 {
        let data = json!({ "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low" });
        let sent = event(clinic, "encounter.assessment-recorded.v1", &format!("a-{n}"), Some("W-1"), data);
        county.publish(clinic, &sent).await.unwrap();
    }
    county.settle().await.unwrap();
    county.view("river-fire-ems").await.unwrap();
    let data = county.data().to_path_buf();
    let partners = county.session.directory.partners();
    Stopped { data, partners, _dir: county.stop_keeping().await.unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a2_the_stopped_hubs_ledger_verifies_and_one_flipped_byte_is_named() {
    let hub = stopped().await;
    let check = async || {
        let store = Store::sqlite(hub.data.join("db"));
        let db = store.open(&DbName::Ledger).await.unwrap();
        let report = verify(&hub.data, &db, Views::new(store.clone(), hub.partners.clone()), &[]).await.unwrap();
        store.close().await;
        Arc::new(report)
    };
    let sound = check().await;
    assert!(sound.is_sound(), "{:?}", sound.findings);
    assert!(sound.views >= 20, "own rows and those of EMS: {}", sound.views);

    let leaves = hub.data.join("ledger/releases/leaves");
    let mut bytes = std::fs::read(&leaves).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&leaves, &bytes).unwrap();
    let found = check().await;
    assert!(!found.is_sound());
    let named: Vec<String> = found.found().map(ToString::to_string).collect();
    assert!(named.iter().any(|n| n.contains("leaves") && n.contains("(leaf 1)")), "{named:?}");
}

/// `handoff ledger …` on a data folder: exit code, standard output, standard error.
fn ledger(data: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(binary().unwrap());
    command.arg("ledger").args(arguments).arg("--data").arg(data);
    let output = command.env_remove("NATS_URL").env_remove("DATABASE_URL").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What `verify` says with these keys: exit code and everything printed.
fn verified(data: &Path, keys: &[&str]) -> (i32, String) {
    let arguments: Vec<&str> = std::iter::once("verify").chain(keys.iter().flat_map(|k| ["--key", *k])).collect();
    let (code, out, err) = ledger(data, &arguments);
    (code, format!("{out}{err}"))
}

/// Somebody with every right on the folder signs its releases with a key of their own.
fn exchange_the_key(data: &Path) {
    let tree = data.join("ledger/releases");
    let written = |name: &str| std::fs::read_to_string(tree.join(name)).unwrap();
    let verifier: Verifier = written("verifier.pub").trim_end().parse().unwrap();
    let note = written("checkpoint");
    let intruder = Signer::new(verifier.name(), &[1; 32]).unwrap();
    let signed = intruder.sign(verifier.open(&note).unwrap()).unwrap();
    std::fs::write(tree.join("checkpoint"), signed).unwrap();
    std::fs::write(tree.join("verifier.pub"), format!("{}\n", intruder.verifier())).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_with_the_keys_at_hand_does_not_trust_the_folder() {
    let hub = stopped().await;
    let (code, printed, _) = ledger(&hub.data, &["key"]);
    assert_eq!(code, 0);
    let keys: Vec<&str> = printed.lines().collect();
    let names: Vec<String> = keys.iter().map(|k| k.parse::<Verifier>().unwrap().name().to_owned()).collect();
    assert!(names[0].ends_with("/releases") && names[1].ends_with("/accesses") && names.len() == 2, "{names:?}");

    // Without a key the folder vouches for itself, and that is said.
    let (code, said) = verified(&hub.data, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("(from the data folder)") && said.contains("--key"), "{said}");
    // With the keys, each by itself or all in a file, nothing is taken from the folder.
    let file = hub.data.join("../county.keys");
    std::fs::write(&file, &printed).unwrap();
    let file = [file.to_str().unwrap()];
    for given in [&keys[..], &file[..]] {
        let (code, said) = verified(&hub.data, given);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("(given)") && !said.contains("data folder"), "{said}");
    }
    let (_, said) = verified(&hub.data, &keys[..1]);
    assert!(said.contains("(given)") && said.contains("(from the data folder)"), "one of two: {said}");

    // The keys of another hub: both checkpoints are named.
    let of_another = |tree: &str| Signer::new(&format!("hub.example/{tree}"), &[7; 32]).unwrap().verifier().to_string();
    let (releases, accesses) = (of_another("releases"), of_another("accesses"));
    let (code, said) = verified(&hub.data, &[releases.as_str(), accesses.as_str()]);
    assert_eq!(code, 1, "{said}");
    for tree in ["releases", "accesses"] {
        let checkpoint = hub.data.join(format!("ledger/{tree}/checkpoint")).display().to_string();
        assert!(said.lines().any(|l| l.starts_with("HO-4120") && l.contains(&checkpoint)), "{tree}: {said}");
    }

    exchange_the_key(&hub.data);
    let (code, said) = verified(&hub.data, &[]);
    assert_eq!(code, 0, "the folder alone cannot tell: {said}");
    let (code, out, _) = ledger(&hub.data, &["verify", "--json", "--key", file[0]]);
    assert_eq!(code, 1);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["sound"], false);
    assert_eq!(report["trees"][0]["key"], json!({ "verifier": keys[0], "from": "given" }));
    assert_eq!((&report["trees"][0]["signed"], report["trees"][1]["signed"].is_object()), (&Value::Null, true));
    let codes: Vec<&str> = report["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["HO-4121", "HO-4120"], "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_none_is_refused_before_anything_is_checked() {
    let hub = stopped().await;
    let (_, printed, _) = ledger(&hub.data, &["key"]);
    let right = printed.lines().next().unwrap();
    let neither = Signer::new("hub.example/letters", &[7; 32]).unwrap().verifier().to_string();
    let cut = right.trim_end_matches(|c: char| c != '+');
    for (keys, code) in [
        (vec!["no-such-file"], "HO-9053"),
        (vec![cut], "HO-9053"),
        (vec![neither.as_str()], "HO-9054"),
        (vec![right, right], "HO-9054"),
    ] {
        let (exit, said) = verified(&hub.data, &keys);
        assert!(exit == 2 && said.contains(code), "{keys:?}: {exit} {said}");
    }
    std::fs::remove_file(hub.data.join("ledger/accesses/verifier.pub")).unwrap();
    let (exit, _, said) = ledger(&hub.data, &["key"]);
    assert!(exit == 2 && said.contains("HO-9052") && said.contains("accesses"), "{exit} {said}");
}
