//! A4: no read after an acknowledged narrowing returns what relied on it.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use handoff_gateway::wire::Ask;
use handoff_tests::{County, event, part2_consent};
use serde_json::json;
use uuid::Uuid;

const PROGRAM: &str = "harbor-recovery-sud";
const CLINIC: &str = "willow-clinic-crisis";
const ASSESSED: &str = "encounter.assessment-recorded.v1";

fn medicine(n: usize) -> String {
    format!("buprenorphine {n}")
}

async fn record(county: &County, n: usize) {
    let person = format!("H-{n}");
    let data = json!({
        "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low",
        "medications": [{ "name": medicine(n), "dose": "8 mg", "adherence": "taking" }],
    });
    let assessed = event(PROGRAM, "encounter.assessment-recorded.v1", &format!("a-{n}"), Some(&person), data);
    county.publish(PROGRAM, &assessed).await.unwrap();
    let categories = ["part2-record", "medications", "bh-assessment"];
    let consent = part2_consent(&format!("consent-{n}"), &person, &categories).unwrap();
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
async fn a4_ten_thousand_reads_among_revocations_leak_nothing() {
    const PERSONS: usize = 100;
    const READERS: usize = 8;
    const TRIALS: usize = 10_000;
    let mut county = County::start().await.unwrap();
    futures::future::join_all((0..PERSONS).map(|n| record(&county, n))).await;
    county.settle().await.unwrap();
    let rows = county.rows_of(CLINIC, PROGRAM, ASSESSED).await.unwrap();
    assert_eq!(rows.len(), PERSONS, "each consent opened what it names");
    let program = county.rows_of(PROGRAM, PROGRAM, ASSESSED).await.unwrap();
    assert_eq!(program.len(), PERSONS);
    // Whom the clinic knows under which id; the medicine's name tells the test alone who it is.
    let persons: Vec<Uuid> = (0..PERSONS)
        .map(|n| {
            let mine = rows.iter().find(|r| r.data["medications"][0]["name"] == medicine(n)).unwrap();
            mine.ruling["person"].as_str().unwrap().parse().unwrap()
        })
        .collect();

    let gone: Vec<AtomicBool> = (0..PERSONS).map(|_| AtomicBool::new(false)).collect();
    let (reads, after, dark) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let revokers = async {
        for (n, gone) in gone.iter().enumerate() {
            // Spread over the whole time of reading.
            while reads.load(SeqCst) < n * TRIALS / PERSONS {
                tokio::task::yield_now().await;
            }
            revoke(&county, n).await;
            gone.store(true, SeqCst);
        }
    };
    let readers = futures::future::join_all((0..READERS).map(|reader| {
        let (county, persons, gone, reads, after, dark) = (&county, &persons, &gone, &reads, &after, &dark);
        async move {
            for n in (0..).map(|i| (i * 7 + reader * 13) % PERSONS) {
                let was_gone = gone[n].load(SeqCst);
                let rows = county.ask(CLINIC, Ask::Person(persons[n])).await.unwrap().rows;
                let shown = rows.iter().filter(|r| r.ruling["source"] == PROGRAM).count();
                assert!(!was_gone || shown == 0, "{shown} rows of person {n} after the acknowledged revocation");
                after.fetch_add(usize::from(was_gone), SeqCst);
                dark.fetch_add(usize::from(shown == 0), SeqCst);
                if reads.fetch_add(1, SeqCst) >= TRIALS && gone.iter().all(|g| g.load(SeqCst)) {
                    return;
                }
            }
        }
    }));
    futures::future::join(revokers, readers).await;
    let (reads, after, dark) = (reads.into_inner(), after.into_inner(), dark.into_inner());
    assert!(reads >= TRIALS && after >= TRIALS / 4, "{reads} reads, {after} of them after a revocation");
    assert!(dark < reads, "before their revocation the rows did show");
    county.stop().await.unwrap();
}
