//! A retry meets its own record; changed content is a new version where the document may be amended, else refused.

use handoff_gateway::wire::Format;
use handoff_tests::{County, event};
use serde_json::json;

const ASSESSED: &str = "encounter.assessment-recorded.v1";
const REPORTED: &str = "encounter.incident-reported.v1";

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_gets_its_first_answer_and_makes_no_second_person_or_event() {
    let mut county = County::start().await.unwrap();
    let unit = "willow-clinic-crisis";
    let data = json!({ "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low" });
    let sent = event(unit, "encounter.assessment-recorded.v1", "a-1", Some("W-1"), data);
    let first = county.publish(unit, &sent).await.unwrap();
    let again = county.publish(unit, &sent).await.unwrap();
    assert!(!first.published[0].duplicate && again.published[0].duplicate);
    assert_eq!(first.published[0].record, again.published[0].record);
    assert_eq!(first.published[0].person, again.published[0].person);
    county.settle().await.unwrap();
    assert_eq!(county.rows_of(unit, unit, ASSESSED).await.unwrap().len(), 1);

    let mut changed = sent.clone();
    changed["data"]["suicide_risk"] = json!("high");
    let document = serde_json::to_vec(&changed).unwrap();
    let refused = county.try_publish(unit, Format::Cloudevents, &document).await.unwrap().unwrap_err();
    assert_eq!(refused.code, "HO-3010");
    county.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_with_one_key_make_one_record() {
    let mut county = County::start().await.unwrap();
    let unit = "willow-clinic-crisis";
    let data = json!({ "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low" });
    let sent = event(unit, "encounter.assessment-recorded.v1", "race", Some("W-race"), data);
    let tries = (0..32).map(|_| county.publish(unit, &sent));
    let replies = futures::future::join_all(tries).await;
    let fresh = replies.iter().filter(|r| !r.as_ref().unwrap().published[0].duplicate).count();
    assert_eq!(fresh, 1);
    county.settle().await.unwrap();
    assert_eq!(county.rows_of(unit, unit, ASSESSED).await.unwrap().len(), 1);
    county.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amended_incident_replaces_the_first_and_says_so() {
    let mut county = County::start().await.unwrap();
    let unit = "river-911";
    let incident = |kind: &str| json!({ "incident_number": "INC-7", "call": { "type": kind } });
    let mut sent = event(unit, "encounter.incident-reported.v1", "inc-7", Some("P-7"), incident("welfare-check"));
    county.publish(unit, &sent).await.unwrap();
    county.settle().await.unwrap();
    let before = county.rows_of("river-pd-patrol", unit, REPORTED).await.unwrap();
    sent["data"] = incident("suicidal-person");
    let amended = county.publish(unit, &sent).await.unwrap();
    assert_eq!(amended.published[0].version, 2);
    county.settle().await.unwrap();
    let after = county.rows_of("river-pd-patrol", unit, REPORTED).await.unwrap();
    assert_eq!((before.len(), after.len()), (1, 1), "the first version is replaced, not joined");
    assert_eq!(after[0].data["call"]["type"], "suicidal-person");
    assert_eq!(after[0].ruling["corrects"], json!([before[0].release]));
    county.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_about_nobody_known_has_a_placeholder_that_can_be_linked() {
    let mut county = County::start().await.unwrap();
    let unit = "river-911";
    let sent = |kind: &str| {
        let data = json!({ "incident_number": "INC-8", "call": { "type": kind } });
        event(unit, REPORTED, "inc-8", None, data)
    };
    let first = county.publish(unit, &sent("welfare-check")).await.unwrap();
    assert!(first.published[0].person.is_some());
    let amended = county.publish(unit, &sent("suicidal-person")).await.unwrap();
    assert_eq!((amended.published[0].person, amended.published[0].version), (first.published[0].person, 2));
    let other = event(unit, REPORTED, "inc-9", None, json!({ "incident_number": "INC-9" }));
    let other = county.publish(unit, &other).await.unwrap();
    assert_ne!(other.published[0].person, first.published[0].person, "two unknown people are two");
    let clinic = "willow-clinic-crisis";
    let assessed = json!({ "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low" });
    county.publish(clinic, &event(clinic, ASSESSED, "a-8", Some("W-8"), assessed)).await.unwrap();
    county.link("river-911:document:inc-8#0", "willow-clinic-crisis:W-8").await.unwrap();
    county.settle().await.unwrap();
    let persons =
        |rows: Vec<handoff_gateway::wire::Row>| rows.iter().map(|r| r.ruling["person"].clone()).collect::<Vec<_>>();
    let calls = persons(county.rows_of(clinic, unit, REPORTED).await.unwrap());
    let own = persons(county.rows_of(clinic, clinic, ASSESSED).await.unwrap());
    assert!(calls.contains(&own[0]), "the clinic sees whose call it was");
    county.stop().await.unwrap();
}
