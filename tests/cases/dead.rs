//! What would be lost without a word is kept, sealed, before it is dropped; and what nobody entitled wrote is told and
//! stops nothing.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use data_encoding::BASE64;
use handoff_gateway::wire::{Format, Publish};
use handoff_spine::broker::ServiceName;
use handoff_spine::dead::{self, Body, DeadLetter, Where};
use handoff_spine::log::{ACCESS, DEAD, EVENTS, RELEASES};
use handoff_tests::{County, binary, event, files, until};
use serde_json::{Value, json};

const CLINIC: &str = "willow-clinic-crisis";
const PLANTED: &str = "STILLWATER-PLANTED-VALUE";
const LOCAL_ID: &str = "planted-person-local-id";

/// An assessment with a planted value; one that the schema refuses where it says more than it may.
fn document(id: &str, too_much: bool) -> Vec<u8> {
    let data = json!({ "assessed_at": "2026-11-02T21:14:00Z", "presenting_problem": PLANTED });
    let mut sent = event(CLINIC, "encounter.assessment-recorded.v1", id, Some(LOCAL_ID), data);
    if too_much {
        sent["data"]["surprise"] = json!(PLANTED);
    }
    serde_json::to_vec(&sent).unwrap()
}

/// The bytes of a request to publish.
fn request(document: &[u8]) -> Vec<u8> {
    let (unit, format) = (CLINIC.parse().unwrap(), Format::Cloudevents);
    serde_json::to_vec(&Publish { unit, format, check: false, document: BASE64.encode(document) }).unwrap()
}

/// A connection of the clinic's agency that waits for no answer.
async fn agency(county: &County) -> async_nats::Client {
    let creds = county.data().join("creds/partner-willow-clinic.creds");
    let options = async_nats::ConnectOptions::with_credentials_file(creds).await.unwrap();
    options.connect(county.session.url.as_str()).await.unwrap()
}

/// Waits until the stream ends at or after `last`.
async fn grown(county: &County, stream: &str, last: u64) {
    let log = &county.session.log;
    until(stream, async || log.last(stream).await.unwrap() >= last).await.unwrap();
}

async fn letters(county: &County) -> Vec<DeadLetter> {
    let mut letters = Vec::new();
    let others = dead::read(&county.session.log, |letter| letters.push(letter)).await.unwrap();
    assert_eq!(others, 0, "only letters lie on DEAD");
    letters
}

/// `handoff dead` as an operator runs it on a stopped hub.
fn handoff_dead(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary().unwrap());
    command.arg("dead").args(arguments).arg("--data").arg(data);
    command.env_remove("NATS_URL").env_remove("DATABASE_URL").output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_and_nobody_hears_of_leaves_one_letter_and_what_is_accepted_none() {
    let mut county = County::start().await.unwrap();
    let refused = county.try_publish(CLINIC, Format::Cloudevents, &document("told", true)).await.unwrap().unwrap_err();

    let (client, before) = (agency(&county).await, county.session.log.last(EVENTS).await.unwrap());
    client.publish("in.publish", request(&document("accepted", false)).into()).await.unwrap();
    // The claim of the local id, then the assessment.
    grown(&county, EVENTS, before + 2).await;
    let lost = request(&document("lost", true));
    client.publish("in.publish", lost.clone().into()).await.unwrap();
    grown(&county, DEAD, 1).await;
    county.settle().await.unwrap();

    let letters = letters(&county).await;
    assert_eq!(letters.len(), 1, "neither the answered refusal nor the accepted document left one");
    let from = Where::Intake { partner: Some("willow-clinic".parse().unwrap()), unit: Some(CLINIC.parse().unwrap()) };
    assert_eq!((&letters[0].code, &letters[0].where_), (&refused.code, &from));
    assert_eq!(letters[0].body, Some(Body::of(&lost)));

    let dir = county.stop_keeping().await.unwrap();
    let data = dir.path().join("hub");
    let listed = handoff_dead(&data, &["--json"]);
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let said: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let id = letters[0].id.to_string();
    assert_eq!((said["letters"].as_array().unwrap().len(), &said["letters"][0]["id"]), (1, &json!(id)));
    assert_eq!(said["letters"][0]["code"], json!(refused.code));
    let opened = handoff_dead(&data, &["--body", &id]);
    assert!(opened.status.success() && opened.stdout == lost, "the bytes come back as they were sent");
    let text = handoff_dead(&data, &[]);
    let other = handoff_dead(&data, &["--body", "00000000-0000-0000-0000-000000000000"]);
    assert!(String::from_utf8_lossy(&other.stderr).contains("HO-9024") && other.status.code() == Some(2));

    // In the clear nowhere: not the words, and not the request that wraps them.
    let wrapped = BASE64.encode(&document("lost", true));
    let planted = [PLANTED, LOCAL_ID, &wrapped].map(regex::escape);
    let any = regex::bytes::Regex::new(&planted.join("|")).unwrap();
    assert!(String::from_utf8_lossy(&text.stdout).contains(&id), "{}", String::from_utf8_lossy(&text.stdout));
    for output in [&listed, &text, &other] {
        assert!(!any.is_match(&output.stdout) && !any.is_match(&output.stderr), "the list tells what it should not");
    }
    assert!(!any.is_match(&opened.stderr));
    for file in files(&data).unwrap() {
        assert!(!any.is_match(&std::fs::read(&file).unwrap()), "a planted value stands in {}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_request_are_kept_too_and_a_read_nobody_hears_is_nothing() {
    let county = County::start().await.unwrap();
    let (client, reads) = (agency(&county).await, county.session.log.last(ACCESS).await.unwrap());
    let read = json!({ "as": CLINIC, "user": "nobody", "query": { "since": 0 } });
    client.publish("in.read", serde_json::to_vec(&read).unwrap().into()).await.unwrap();
    client.publish("in.publish", PLANTED.into()).await.unwrap();
    let large = vec![b'x'; dead::MAX_BODY + 1];
    client.publish("in.publish", large.clone().into()).await.unwrap();
    grown(&county, DEAD, 2).await;
    // A read with an answer comes after the one without.
    county.view(CLINIC).await.unwrap();

    let letters = letters(&county).await;
    assert_eq!(letters.iter().map(|l| l.code.as_str()).collect::<Vec<_>>(), ["HO-4307", "HO-4307"]);
    let kept: Vec<_> = letters.iter().filter_map(|l| l.body.clone()).collect();
    assert!(kept.contains(&Body::of(PLANTED.as_bytes())) && kept.contains(&Body::of(&large)));
    assert!(kept.iter().any(|body| matches!(body, Body::Cut { bytes, .. } if *bytes == large.len() as u64)));
    assert_eq!(county.session.log.last(ACCESS).await.unwrap(), reads + 1);
    county.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_message_on_any_stream_leaves_its_letters_and_the_hub_goes_on() {
    let mut county = County::start().await.unwrap();
    let broker = Arc::clone(&county.session.hub().unwrap().broker);
    let mut planted = Vec::new();
    for (service, subject) in [
        (ServiceName::Encounter, "ev.1.encounter.018f3c2e4b5a8cdd9e0f112233445566"),
        (ServiceName::Policy, "rel"),
        (ServiceName::Gateway, "acc.willow-clinic"),
    ] {
        let raw = async_nats::jetstream::new(broker.connect(service).await.unwrap());
        // Without the header by which a service says for which stream it writes.
        planted.push(raw.publish(subject, PLANTED.into()).await.unwrap().await.unwrap().sequence);
    }
    grown(&county, DEAD, 5).await;

    let reported = "encounter.incident-reported.v1";
    let data = json!({ "incident_number": "INC-1", "call": { "type": "welfare-check" } });
    county.publish("river-911", &event("river-911", reported, "after", Some("P-1"), data)).await.unwrap();
    county.settle().await.unwrap();
    assert_eq!(county.rows_of("river-pd-patrol", "river-911", reported).await.unwrap().len(), 1);
    let (ledger, last) = (county.session.hub().unwrap().ledger.clone(), county.session.log.last(ACCESS).await.unwrap());
    let ledger = &ledger;
    until("the read is on the ledger", async || ledger.accesses() >= last).await.unwrap();

    let found: BTreeSet<_> = letters(&county)
        .await
        .into_iter()
        .map(|letter| {
            assert_eq!((letter.code.as_str(), letter.body), ("HO-3007", None));
            (letter.service, letter.where_.to_string())
        })
        .collect();
    let of = |service: &str, stream: &str, at: usize| (service.to_owned(), format!("{stream} {}", planted[at]));
    let wanted = [
        of("policy", EVENTS, 0),
        of("views", EVENTS, 0),
        of("views", RELEASES, 1),
        of("ledger", RELEASES, 1),
        of("ledger", ACCESS, 2),
    ];
    assert_eq!(found, BTreeSet::from(wanted));
    assert_eq!(county.session.log.last(DEAD).await.unwrap(), 5, "one a service and message");
    county.stop().await.unwrap();
}
