//! A2: every row of every view is a leaf of the signed ledger, checked offline; one altered byte is found and named.

use std::sync::Arc;

use handoff_ledger::verify::{Views, verify};
use handoff_schemas::PartnerId;
use handoff_spine::store::{DbName, Store};
use handoff_tests::{County, event};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a2_the_stopped_hubs_ledger_verifies_and_one_flipped_byte_is_named() {
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
    let partners: Vec<PartnerId> = county.session.directory.partners();
    let _dir = county.stop_keeping().await.unwrap();

    let check = async || {
        let store = Store::sqlite(data.join("db"));
        let db = store.open(&DbName::Ledger).await.unwrap();
        let report = verify(&data, &db, Views::new(store.clone(), partners.clone()), &[]).await.unwrap();
        store.close().await;
        Arc::new(report)
    };
    let sound = check().await;
    assert!(sound.is_sound(), "{:?}", sound.findings);
    assert!(sound.views >= 20, "own rows and those of EMS: {}", sound.views);

    let leaves = data.join("ledger/releases/leaves");
    let mut bytes = std::fs::read(&leaves).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&leaves, &bytes).unwrap();
    let found = check().await;
    assert!(!found.is_sound());
    let named: Vec<String> = found.found().map(ToString::to_string).collect();
    assert!(named.iter().any(|n| n.contains("leaves") && n.contains("(leaf 1)")), "{named:?}");
}
