//! A4: no read after an acknowledged narrowing returns what relied on it.

use handoff_tests::{County, event, sample};
use serde_json::json;

const PROGRAM: &str = "harbor-recovery-sud";
const CLINIC: &str = "willow-clinic-crisis";
const ASSESSED: &str = "encounter.assessment-recorded.v1";

async fn record(county: &County, n: usize) {
    let person = format!("H-{n}");
    let data = json!({
        "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low",
        "medications": [{ "name": "buprenorphine", "dose": "8 mg", "adherence": "taking" }],
    });
    let assessed = event(PROGRAM, "encounter.assessment-recorded.v1", &format!("a-{n}"), Some(&person), data);
    county.publish(PROGRAM, &assessed).await.unwrap();
    let mut consent = sample("consent", "consent-recorded.v1", "full").unwrap();
    consent["id"] = json!(format!("consent-{n}"));
    consent["subject"] = json!(person);
    consent["time"] = json!("2026-11-02T21:40:00Z");
    let data = consent["data"].as_object_mut().unwrap();
    for extra in ["intermediary", "cj_condition", "refers_to", "data_from", "data_to", "document", "grantor_class"] {
        data.remove(extra);
    }
    data.insert("data_scope".into(), json!(["part2-record", "medications", "bh-assessment"]));
    data.insert("signed_at".into(), json!("2026-11-01T15:00:00Z"));
    data.insert("received_at".into(), json!("2026-11-01T15:10:00Z"));
    data["signatures"][0]["signed_at"] = json!("2026-11-01T15:00:00Z");
    data.insert("expiry".into(), json!({ "kind": "date", "date": "2027-11-05", "time_zone": "America/Los_Angeles" }));
    county.publish(PROGRAM, &consent).await.unwrap();
}

async fn revoke(county: &County, n: usize) {
    let data = json!({ "scope": "all", "form": "written" });
    let person = format!("H-{n}");
    let id = format!("revocation-{n}");
    let mut revoked = event(PROGRAM, "consent.consent-revoked.v1", &id, Some(&person), data);
    revoked["record"] = json!(format!("consent-{n}"));
    county.publish(PROGRAM, &revoked).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_given_later_releases_yesterdays_record_with_notice_and_a_revocation_hides_it() {
    let mut county = County::start().await.unwrap();
    record(&county, 1).await;
    county.settle().await.unwrap();
    let rows = county.rows_of(CLINIC, PROGRAM, ASSESSED).await.unwrap();
    assert_eq!(rows.len(), 1, "the consent released what came before it");
    assert!(!rows[0].notices.is_empty(), "42 CFR 2.32: notice and scope go with it");
    let text = rows[0].notices[0]["text"].as_str().unwrap();
    assert!(text.contains("42 CFR part 2"), "{text}");
    assert!(rows[0].notices[0]["scope"]["en"].as_str().is_some_and(|s| !s.is_empty()));
    revoke(&county, 1).await;
    let rows = county.rows_of(CLINIC, PROGRAM, ASSESSED).await.unwrap();
    assert!(rows.is_empty(), "dark at the first read after the acknowledgement");
    county.settle().await.unwrap();
    assert!(county.rows_of(CLINIC, PROGRAM, ASSESSED).await.unwrap().is_empty(), "and it stays dark");
    county.stop().await.unwrap();
}

/// Readers and revokers at once; a read that begins after a revocation's acknowledgement never shows it.
#[tokio::test(flavor = "multi_thread")]
async fn a4_readers_and_revokers_at_once_leak_nothing() {
    const PERSONS: usize = 40;
    const READERS: usize = 8;
    let mut county = County::start().await.unwrap();
    for n in 0..PERSONS {
        record(&county, n).await;
    }
    county.settle().await.unwrap();
    assert_eq!(county.rows_of(CLINIC, PROGRAM, ASSESSED).await.unwrap().len(), PERSONS);

    let revoked = std::sync::atomic::AtomicUsize::new(0);
    let trials = std::sync::atomic::AtomicUsize::new(0);
    let revokers = async {
        for n in 0..PERSONS {
            revoke(&county, n).await;
            revoked.store(n + 1, std::sync::atomic::Ordering::SeqCst);
        }
    };
    let readers = futures::future::join_all((0..READERS).map(|_| async {
        loop {
            let before = revoked.load(std::sync::atomic::Ordering::SeqCst);
            let rows = county.rows_of(CLINIC, PROGRAM, ASSESSED).await.unwrap();
            assert!(rows.len() <= PERSONS - before, "{} rows after {before} acknowledged revocations", rows.len());
            trials.fetch_add(1 + rows.len(), std::sync::atomic::Ordering::SeqCst);
            if before == PERSONS {
                return;
            }
        }
    }));
    futures::future::join(revokers, readers).await;
    assert!(trials.into_inner() > PERSONS, "readers read while revokers revoked");
    county.stop().await.unwrap();
}
