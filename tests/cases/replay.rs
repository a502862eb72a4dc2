//! A3: the log alone gives every ruling again, and what was opened opens to the same content.

use handoff_policy::Replay;
use handoff_schemas::LogPos;
use handoff_spine::log::{EVENTS, RELEASES};
use handoff_spine::release::Ruled;
use handoff_spine::vault::ReleaseKeyScope;
use handoff_tests::{County, event, part2_consent};
use serde_json::{Value, json};

const PROGRAM: &str = "harbor-recovery-sud";
const CLINIC: &str = "willow-clinic-crisis";
const ASSESSED: &str = "encounter.assessment-recorded.v1";

/// Everything that makes a ruling: arrivals, a consent, a link, an amendment, a suspension, a revocation.
async fn a_history(county: &mut County) {
    let assessed = |unit: &str, id: &str, person: &str, risk: &str| {
        let data = json!({ "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": risk });
        event(unit, ASSESSED, id, Some(person), data)
    };
    let report = |narrative: &str| {
        let data = json!({
            "report": { "version": "3.5.1", "number": "PCR-1" }, "narrative": narrative,
            "disposition": { "unit": "patient-contact-made", "class": "resolved-on-scene", "transported": "no" },
        });
        event("river-fire-ems", "encounter.care-reported.v1", "pcr-1", Some("E-1"), data)
    };
    county.publish("river-fire-ems", &report("as first written")).await.unwrap();
    for n in 0..3 {
        county.publish(PROGRAM, &assessed(PROGRAM, &format!("p-{n}"), "H-1", "low")).await.unwrap();
        county.publish(CLINIC, &assessed(CLINIC, &format!("c-{n}"), "W-1", "moderate")).await.unwrap();
        let data = json!({ "incident_number": format!("INC-{n}"), "call": { "type": "welfare-check" } });
        let call = event("river-911", "encounter.incident-reported.v1", &format!("i-{n}"), Some("P-1"), data);
        county.publish("river-911", &call).await.unwrap();
    }
    let consent = part2_consent("consent-1", "H-1", &["part2-record", "bh-assessment"]).unwrap();
    county.publish(PROGRAM, &consent).await.unwrap();
    county.link("willow-clinic-crisis:W-1", "river-911:P-1").await.unwrap();
    county.publish("river-fire-ems", &report("as amended")).await.unwrap();
    let suspend = handoff::operator::suspend(&county.session, "treatment", 1, "County attorney", "audit");
    handoff_tests::accepted(suspend.await.unwrap()).unwrap();
    let mut revoked = event(
        PROGRAM,
        "consent.consent-revoked.v1",
        "revocation-1",
        Some("H-1"),
        json!({ "scope": "all", "form": "written" }),
    );
    revoked["record"] = json!("consent-1");
    county.publish(PROGRAM, &revoked).await.unwrap();
    county.settle().await.unwrap();
}

/// Every ruling on `RELEASES`, in order.
pub async fn recorded(county: &County) -> Vec<Ruled> {
    let log = &county.session.log;
    let mut follow = log.follow(RELEASES, 1, &[]).await.unwrap();
    let mut all = Vec::new();
    for _ in 0..log.last(RELEASES).await.unwrap() {
        all.extend(log.open_batch(&follow.next().await.unwrap()).unwrap().unwrap().ruled);
    }
    all
}

/// The ruling with its slices opened instead of sealed.
async fn opened(county: &County, ruled: &Ruled) -> Value {
    let opener = county.session.vault.release_opener();
    let mut value = serde_json::to_value(ruled).unwrap();
    let Some(release) = &ruled.release else { return value };
    for (n, slice) in release.slices.read().unwrap().into_iter().enumerate() {
        let scope = ReleaseKeyScope {
            release: release.id,
            partner: &ruled.partner,
            record: slice.record,
            category: slice.category,
            key_version: slice.sealed.key_version,
        };
        let plain = opener.open_release(&scope, &slice.sealed).await.unwrap();
        value["release"]["slices"][n]["sealed"] = serde_json::from_slice(plain.expose()).unwrap();
    }
    value
}

/// Derives every ruling again; fails where `RELEASES` holds more, less or another. Returns the positions there are.
pub async fn follows_from_the_log(county: &County) -> u64 {
    let then = recorded(county).await;
    let bundle = handoff_law::Bundle::embedded().unwrap();
    let opener = county.session.vault.opener();
    let mut replay = Replay::start(county.session.log.clone(), opener, bundle).await.unwrap();
    let mut then = then.iter();
    let mut positions = 0;
    while let Some((pos, derived)) = replay.next().await.unwrap() {
        positions += 1;
        assert_eq!(pos, LogPos(positions));
        for now in derived {
            let then = then.next().unwrap();
            assert_eq!(opened(county, &now).await, opened(county, then).await, "at {pos}");
        }
    }
    assert!(then.next().is_none(), "nothing was recorded that does not follow from the log");
    positions
}

#[tokio::test(flavor = "multi_thread")]
async fn a3_replaying_the_log_gives_the_same_rulings_and_the_same_content() {
    let mut county = County::start().await.unwrap();
    a_history(&mut county).await;
    let then = recorded(&county).await;
    assert!(then.iter().filter(|r| r.release.is_some()).count() > 30, "the history released a good deal");
    assert!(then.iter().any(|r| !r.supersedes.is_empty()) && then.iter().any(|r| r.release.is_none()));
    let positions = follows_from_the_log(&county).await;
    assert_eq!(positions, county.session.log.last(EVENTS).await.unwrap());
    county.stop().await.unwrap();
}
