//! One night: what each of the five agencies sees, expected by hand from matrix.csv and the templates.

use handoff_gateway::wire::Format;
use handoff_tests::{County, accepted, event, leaves, sample, workspace};
use serde_json::json;

/// Pointers a unit sees of what `source` published, without array indexes.
async fn seen(county: &County, unit: &str, source: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for row in county.rows_from(unit, source).await.unwrap() {
        all.extend(leaves(&row.data).into_iter().map(|(pointer, _)| pointer));
    }
    all.sort();
    all.dedup();
    all
}

fn assessment() -> serde_json::Value {
    json!({
        "assessed_at": "2026-11-02T21:14:00Z",
        "presenting_problem": "Talks to nobody, fictional.",
        "suicide_risk": "low",
        "diagnoses": [{"code": "F43.0", "system": "icd-10-cm", "text": "acute stress reaction", "certainty": "provisional"}],
        "medications": [{"name": "sertraline", "dose": "50 mg", "adherence": "taking"}],
        "plan": "Follow up on Tuesday, fictional.",
        "substance_observations": ["smell of alcohol"],
    })
}

/// C13, C14 to LE are X (named exceptions only), C12 X:custody, C16 own: an officer sees nothing of a clinician's
/// assessment, not even that there was one; EMS sees it through F4, the clinic its own in full.
#[tokio::test(flavor = "multi_thread")]
async fn an_assessment_reaches_ems_and_not_police_shelter_or_dispatch() {
    let mut county = County::start().await.unwrap();
    let unit = "willow-clinic-crisis";
    let sent = event(unit, "encounter.assessment-recorded.v1", "assessment-1", Some("W-1"), assessment());
    county.publish(unit, &sent).await.unwrap();
    county.settle().await.unwrap();

    for blind in ["river-pd-patrol", "river-911", "lantern-shelter-intake"] {
        assert_eq!(seen(&county, blind, unit).await, Vec::<String>::new(), "{blind}");
    }
    let own = seen(&county, unit, unit).await;
    assert!(own.contains(&"/plan".to_owned()) && own.contains(&"/substance_observations/*".to_owned()), "{own:?}");
    let ems = seen(&county, "river-fire-ems", unit).await;
    assert!(ems.contains(&"/suicide_risk".to_owned()), "F4 holds risk: {ems:?}");
    assert!(ems.contains(&"/medications/*/name".to_owned()), "F4 holds medications: {ems:?}");
    assert!(!ems.iter().any(|p| p.starts_with("/diagnoses") || p == "/plan"), "F4 holds no diagnosis or plan: {ems:?}");
    county.stop().await.unwrap();
}

/// C04, C05 to EMS are P, to LE P; to a shelter D; C06 (remarks) to EMS is X, to LE P.
#[tokio::test(flavor = "multi_thread")]
async fn an_incident_reaches_responders_by_category_and_no_shelter() {
    let mut county = County::start().await.unwrap();
    let unit = "river-911";
    let data = json!({
        "incident_number": "INC-1",
        "call": { "type": "welfare-check" },
        "location": { "address": { "line": "12 Example Quay", "city": "Riverbend", "state": "ZZ" } },
        "person": { "name": { "family": "Sampleton", "given": "Robin" }, "birth_date": "1990-02-03" },
        "remarks": [{ "at": "2026-11-02T21:14:00Z", "by": "CT-09", "text": "Fictional remark." }],
    });
    county.publish(unit, &event(unit, "encounter.incident-reported.v1", "inc-1", Some("P-1"), data)).await.unwrap();
    county.settle().await.unwrap();

    let police = seen(&county, "river-pd-patrol", unit).await;
    assert!(police.contains(&"/location/address/line".to_owned()), "{police:?}");
    let ems = seen(&county, "river-fire-ems", unit).await;
    assert!(ems.contains(&"/location/address/line".to_owned()), "{ems:?}");
    assert!(!ems.iter().any(|p| p.starts_with("/remarks")), "C06 to EMS is an exception: {ems:?}");
    for blind in ["lantern-shelter-intake", "harbor-recovery-sud"] {
        assert_eq!(seen(&county, blind, unit).await, Vec::<String>::new(), "{blind}");
    }
    county.stop().await.unwrap();
}

/// Rulebook 7.6, "F3 has a source": police authority over police data (B37) opens nothing that a health unit holds,
/// whatever field it stands in; not even that there was a visit.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_health_unit_says_of_an_incident_reaches_no_police_or_dispatch() {
    let mut county = County::start().await.unwrap();
    let clinic = "willow-clinic-crisis";
    for name in ["encounter-opened", "disposition-recorded"] {
        let mut sent = sample("encounter", &format!("{name}.v1"), "full").unwrap();
        sent["source"] = json!(format!("/units/{clinic}"));
        county.publish(clinic, &sent).await.unwrap();
    }
    let report = std::fs::read(workspace().join("services/handoff/night/care-report.nemsis.xml")).unwrap();
    accepted(county.try_publish("river-fire-ems", Format::Nemsis, &report).await.unwrap()).unwrap();
    county.settle().await.unwrap();
    for source in [clinic, "river-fire-ems"] {
        assert!(!seen(&county, source, source).await.is_empty(), "{source} reads its own");
        for blind in ["river-pd-patrol", "river-911"] {
            assert_eq!(seen(&county, blind, source).await, Vec::<String>::new(), "{blind} of {source}");
        }
    }
    county.stop().await.unwrap();
}
