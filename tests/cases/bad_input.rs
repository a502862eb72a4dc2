//! Bad input at the hub's edge: each is refused with a code, stores nothing, repeats nothing, and the hub still serves.

use handoff_gateway::wire::Format;
use handoff_spine::log::EVENTS;
use handoff_tests::{County, event};
use serde_json::{Value, json};

const CLINIC: &str = "willow-clinic-crisis";
const PLANTED: &str = "QUIETWATER-PLANTED-VALUE";

fn good() -> Value {
    let data = json!({ "assessed_at": "2026-11-02T21:14:00Z", "presenting_problem": PLANTED });
    event(CLINIC, "encounter.assessment-recorded.v1", "bad-1", Some("W-bad"), data)
}

fn with(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut sent = good();
    change(&mut sent);
    serde_json::to_vec(&sent).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_documents_are_refused_with_a_code_and_store_nothing() {
    let mut county = County::start().await.unwrap();
    county.settle().await.unwrap();
    let before = county.session.log.last(EVENTS).await.unwrap();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes();
    let laughs = b"<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><l>&b;</l>".to_vec();
    let cases: Vec<(&str, Format, Vec<u8>)> = vec![
        ("not JSON", Format::Cloudevents, b"hello".to_vec()),
        ("empty", Format::Cloudevents, Vec::new()),
        ("depth 10,000", Format::Cloudevents, deep.clone()),
        ("depth 10,000 as EIDO", Format::Eido, deep),
        ("invalid UTF-8", Format::Cloudevents, b"{\"specversion\": \"\xff\"}".to_vec()),
        ("an array", Format::Cloudevents, b"[1]".to_vec()),
        ("no specversion", Format::Cloudevents, with(|e| drop(e.as_object_mut().unwrap().remove("specversion")))),
        ("specversion 0.3", Format::Cloudevents, with(|e| e["specversion"] = json!("0.3"))),
        ("no id", Format::Cloudevents, with(|e| drop(e.as_object_mut().unwrap().remove("id")))),
        ("empty id", Format::Cloudevents, with(|e| e["id"] = json!(""))),
        ("no type", Format::Cloudevents, with(|e| drop(e.as_object_mut().unwrap().remove("type")))),
        ("unknown event type", Format::Cloudevents, with(|e| e["type"] = json!("handoff.encounter.nonsense.v1"))),
        (
            "an unpublished version",
            Format::Cloudevents,
            with(|e| {
                e["type"] = json!("handoff.encounter.assessment-recorded.v9");
            }),
        ),
        (
            "a hub event",
            Format::Cloudevents,
            with(|e| {
                e["type"] = json!("handoff.partner.partner-registered.v1");
                e["data"] = json!({ "partner": "x", "name": "x", "org_type": "other" });
            }),
        ),
        ("no source", Format::Cloudevents, with(|e| drop(e.as_object_mut().unwrap().remove("source")))),
        ("another agency's unit as source", Format::Cloudevents, with(|e| e["source"] = json!("/units/river-911"))),
        ("an unknown unit as source", Format::Cloudevents, with(|e| e["source"] = json!("/units/no-such-unit"))),
        ("wrong type in data", Format::Cloudevents, with(|e| e["data"]["assessed_at"] = json!(7))),
        ("not a date", Format::Cloudevents, with(|e| e["data"]["assessed_at"] = json!("yesterday"))),
        ("unknown field", Format::Cloudevents, with(|e| e["data"]["surprise"] = json!(PLANTED))),
        ("too long a text", Format::Cloudevents, with(|e| e["data"]["narrative"] = json!("x".repeat(600_000)))),
        ("data missing", Format::Cloudevents, with(|e| drop(e.as_object_mut().unwrap().remove("data")))),
        ("data a string", Format::Cloudevents, with(|e| e["data"] = json!(PLANTED))),
        ("upper-case extension", Format::Cloudevents, with(|e| e["Surprise"] = json!("x"))),
        ("a duplicate key", Format::Cloudevents, b"{\"id\": \"1\", \"id\": \"2\"}".to_vec()),
        (
            "clinical data about nobody",
            Format::Cloudevents,
            with(|e| drop(e.as_object_mut().unwrap().remove("subject"))),
        ),
        ("XML where JSON is due", Format::Cloudevents, b"<a/>".to_vec()),
        ("JSON where XML is due", Format::Nemsis, b"{}".to_vec()),
        ("billion laughs", Format::Nemsis, laughs),
        ("truncated XML", Format::Nemsis, b"<EMSDataSet xmlns=\"http://www.nemsis.org\"><Header>".to_vec()),
        ("wrong namespace", Format::Nemsis, b"<EMSDataSet xmlns=\"http://example.invalid\"/>".to_vec()),
        ("another root", Format::Nemsis, b"<Other xmlns=\"http://www.nemsis.org\"/>".to_vec()),
        ("XML in UTF-16", Format::Nemsis, b"\xff\xfe<\x00a\x00/\x00>\x00".to_vec()),
        ("an empty EIDO", Format::Eido, b"{}".to_vec()),
        ("an EIDO of another version", Format::Eido, b"{\"eidoVersion\": \"9.9\"}".to_vec()),
        (
            "consent without anything",
            Format::Cloudevents,
            with(|e| {
                e["type"] = json!("handoff.consent.consent-recorded.v1");
                e["data"] = json!({ "types": ["part2-named"], "decision": "permit" });
            }),
        ),
        (
            "an acceptance of no referral",
            Format::Cloudevents,
            with(|e| {
                e["type"] = json!("handoff.referral.referral-accepted.v1");
                e["record"] = json!("no-such-referral");
                e["data"] = json!({ "at": "2026-11-02T21:14:00Z" });
            }),
        ),
        (
            "a revocation of no consent",
            Format::Cloudevents,
            with(|e| {
                e["type"] = json!("handoff.consent.consent-revoked.v1");
                e["record"] = json!("no-such-consent");
                e["data"] = json!({ "scope": "all", "form": "written" });
            }),
        ),
        ("an amendment under another id", Format::Cloudevents, with(|e| e["amends"] = json!("a-0"))),
        (
            "a link to another agency",
            Format::Cloudevents,
            with(|e| {
                e["type"] = json!("handoff.person.identity-linked.v1");
                e["data"] = json!({
                    "other": { "unit": "harbor-recovery-sud", "local_id": "H-1" }, "method": "manual-review", "approver": "x",
                });
            }),
        ),
    ];
    assert!(cases.len() >= 40, "{}", cases.len());
    for (what, format, document) in cases {
        match county.try_publish(CLINIC, format, &document).await.unwrap() {
            Ok(reply) => panic!("{what}: accepted {:?}", reply.published),
            Err(refused) => {
                assert!(refused.code.starts_with("HO-") && refused.code.len() == 7, "{what}: {refused}");
                assert!(!refused.remedy.is_empty(), "{what}: {refused}");
                assert!(!refused.to_string().contains(PLANTED), "{what}: the refusal repeats a value");
            }
        }
    }
    // Claims of the local id that some of them named are the only thing that may have been stored.
    let after = county.session.log.last(EVENTS).await.unwrap();
    assert!(after <= before + 1, "{} messages were stored", after - before);
    county.publish(CLINIC, &good()).await.unwrap();
    county.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_megabytes_do_not_reach_the_hub_and_do_not_stop_it() {
    let county = County::start().await.unwrap();
    let unit = CLINIC.parse().unwrap();
    let huge = vec![b'x'; 20 * 1024 * 1024];
    let answer = county.agency(CLINIC).unwrap().publish(&unit, Format::Cloudevents, false, &huge).await;
    assert!(answer.is_err() || answer.unwrap().is_err(), "refused by the server or by the hub");
    let creds = county.data().join("creds/partner-willow-clinic.creds");
    let again = handoff::client::Partner::connect(&county.session.url, &creds);
    let again = again.await.unwrap();
    let document = serde_json::to_vec(&good()).unwrap();
    again.publish(&unit, Format::Cloudevents, false, &document).await.unwrap().unwrap();
    county.stop().await.unwrap();
}
