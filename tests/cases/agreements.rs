//! Suspension of one agreement stops what moved under it, at once, and nothing else.

use handoff::operator;
use handoff_tests::{County, accepted, event};
use serde_json::json;

const REPORTED: &str = "encounter.incident-reported.v1";
const ASSESSED: &str = "encounter.assessment-recorded.v1";

#[tokio::test(flavor = "multi_thread")]
async fn suspending_the_crisis_agreement_stops_its_flows_and_leaves_treatment() {
    let mut county = County::start().await.unwrap();
    let incident = json!({ "incident_number": "INC-9", "call": { "type": "welfare-check" } });
    county.publish("river-911", &event("river-911", REPORTED, "inc-9", Some("P-9"), incident.clone())).await.unwrap();
    let clinic = "willow-clinic-crisis";
    let assessment = json!({ "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low" });
    county.publish(clinic, &event(clinic, ASSESSED, "a-9", Some("W-9"), assessment)).await.unwrap();
    county.settle().await.unwrap();
    assert_eq!(county.rows_of("river-pd-patrol", "river-911", REPORTED).await.unwrap().len(), 1);
    assert_eq!(county.rows_of("river-fire-ems", clinic, ASSESSED).await.unwrap().len(), 1);

    let (by, reason) = ("County attorney", "audit finding");
    accepted(operator::suspend(&county.session, "crisis-co-response", 1, by, reason).await.unwrap()).unwrap();
    // No settling in between: the very next read must not show it.
    assert!(county.rows_of("river-pd-patrol", "river-911", REPORTED).await.unwrap().is_empty());
    assert_eq!(county.rows_of("river-911", "river-911", REPORTED).await.unwrap().len(), 1, "own records stay");
    assert_eq!(county.rows_of("river-fire-ems", clinic, ASSESSED).await.unwrap().len(), 1, "treatment stays");

    county.publish("river-911", &event("river-911", REPORTED, "inc-10", Some("P-10"), incident)).await.unwrap();
    county.settle().await.unwrap();
    assert!(
        county.rows_of("river-pd-patrol", "river-911", REPORTED).await.unwrap().is_empty(),
        "and new ones do not come"
    );
    county.stop().await.unwrap();
}
