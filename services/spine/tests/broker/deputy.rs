//! The server as somebody's deputy: it answers wherever it is told to, streams included.

use async_nats::{
    Client,
    jetstream::{
        self,
        consumer::{AckPolicy, pull, push},
        context::PublishErrorKind,
        message::{PublishMessage, StreamMessage},
    },
};
use handoff_spine::broker::{ACCESS, EVENTS, RELEASES, ServiceName, is_published};
use handoff_spine::testing::TestBroker;

use crate::watched::settled;

const OWN: &str = "ev.1.encounter.018f3c2e4b5a8cdd9e0f112233445566";
const FORGED: &str = "ev.1.consent.018f3c2e4b5a8cdd9e0f112233445566";

async fn messages(broker: &TestBroker, stream: &str) -> Vec<StreamMessage> {
    let operator = jetstream::new(broker.connect(ServiceName::Operator).await.unwrap());
    let stream = operator.get_stream(stream).await.unwrap();
    let mut found = Vec::new();
    for seq in 1..=stream.cached_info().state.last_sequence {
        found.push(stream.get_raw_message(seq).await.unwrap());
    }
    found
}

fn counts(stream: &str, message: &StreamMessage) -> bool {
    is_published(stream, &message.subject, Some(&message.headers))
}

/// Two events by a service that turned bad, sealed as it likes, to be laid elsewhere by the server: the first as
/// services write them, the second without the header that would keep it out of other streams.
async fn own_events(client: &Client) {
    let context = jetstream::new(client.clone());
    let plain = || PublishMessage::build().payload("forged".into());
    for message in [plain().expected_stream(EVENTS), plain()] {
        context.send_publish(OWN, message).await.unwrap().await.unwrap();
    }
}

/// Waits until the server has appended what it was asked to answer with.
async fn grown(broker: &TestBroker, stream: &str, by: u64) {
    let operator = jetstream::new(broker.connect(ServiceName::Operator).await.unwrap());
    let deadline = std::time::Instant::now() + crate::watched::PATIENCE;
    while operator.get_stream(stream).await.unwrap().cached_info().state.last_sequence < by {
        assert!(
            std::time::Instant::now() < deadline,
            "{stream} has no {by} messages: this way is closed; drop the case"
        );
    }
}

#[tokio::test]
async fn a9_no_answer_of_the_server_counts_as_anothers_message() {
    let broker = TestBroker::start().await.unwrap();
    let bad = broker.connect(ServiceName::Encounter).await.unwrap();
    own_events(&bad).await;
    let context = jetstream::new(bad.clone());
    let pull = pull::Config { name: Some("mine".into()), ack_policy: AckPolicy::None, ..Default::default() };
    context.get_stream(EVENTS).await.unwrap().create_consumer(pull).await.unwrap();

    // (where the server is told to answer, how it is asked, with what)
    let asked = [
        ("rel", "$JS.API.STREAM.INFO.EVENTS", ""),
        ("rel", "$JS.API.DIRECT.GET.EVENTS", r#"{"seq":1}"#),
        ("rel", "$JS.API.DIRECT.GET.EVENTS", r#"{"seq":2}"#),
        ("rel", "$JS.API.STREAM.MSG.GET.EVENTS", r#"{"seq":1}"#),
        ("rel", "$JS.API.CONSUMER.MSG.NEXT.EVENTS.mine", r#"{"batch":2}"#),
        ("rel", "dead.encounter", "its ack"),
        (FORGED, "$JS.API.STREAM.INFO.EVENTS", ""),
        (FORGED, "$JS.API.DIRECT.GET.EVENTS", r#"{"seq":1}"#),
        (FORGED, "$JS.API.DIRECT.GET.EVENTS", r#"{"seq":2}"#),
        (FORGED, "dead.encounter", "its ack"),
        ("acc.cedar-clinic", "$JS.API.DIRECT.GET.EVENTS", r#"{"seq":1}"#),
        ("acc.cedar-clinic", "$JS.API.DIRECT.GET.EVENTS", r#"{"seq":2}"#),
    ];
    for (reply, subject, body) in asked {
        bad.publish_with_reply(subject, reply, body.into()).await.unwrap();
    }
    settled(&bad).await;
    // Copies that say `Nats-Expected-Stream: EVENTS` are refused elsewhere by the server; the rest is appended.
    grown(&broker, RELEASES, 5).await;
    grown(&broker, EVENTS, 6).await;
    grown(&broker, ACCESS, 1).await;

    assert!(counts(EVENTS, &messages(&broker, EVENTS).await[0]), "the event itself");
    for stream in [EVENTS, RELEASES, ACCESS] {
        let laid = messages(&broker, stream).await;
        for (n, message) in laid.iter().enumerate().filter(|(n, _)| stream != EVENTS || *n > 0) {
            assert!(!counts(stream, message), "{stream} {n}: {} {:?}", message.subject, message.headers);
        }
    }
}

#[tokio::test]
async fn a9_no_push_consumer_lays_a_message_that_counts() {
    let broker = TestBroker::start().await.unwrap();
    let bad = broker.connect(ServiceName::Encounter).await.unwrap();
    // Without the header, so that RELEASES takes the copy.
    jetstream::new(bad.clone()).publish(OWN, "forged".into()).await.unwrap().await.unwrap();
    let stream = jetstream::new(bad.clone()).get_stream(EVENTS).await.unwrap();
    let to = |subject: &str| push::Config {
        deliver_subject: subject.to_owned(),
        ack_policy: AckPolicy::None,
        ..Default::default()
    };
    stream.create_consumer(to("rel")).await.unwrap();
    grown(&broker, RELEASES, 1).await;
    assert!(!counts(RELEASES, &messages(&broker, RELEASES).await[0]));
    // Into its own stream the server refuses to deliver.
    assert!(stream.create_consumer(to(FORGED)).await.is_err());
}

/// What the header rests on: no message stored elsewhere can claim to belong to RELEASES.
#[tokio::test]
async fn a_message_that_claims_another_stream_is_refused_by_the_server() {
    let broker = TestBroker::start().await.unwrap();
    let bad = jetstream::new(broker.connect(ServiceName::Encounter).await.unwrap());
    for (subject, claimed) in [(OWN, RELEASES), (OWN, ACCESS), ("dead.encounter", RELEASES), ("dead.encounter", EVENTS)]
    {
        let message = PublishMessage::build().payload("forged".into()).expected_stream(claimed);
        let refused = bad.send_publish(subject, message).await.unwrap().await.unwrap_err();
        assert_ne!(refused.kind(), PublishErrorKind::TimedOut, "{refused}");
    }
    let policy = jetstream::new(broker.connect(ServiceName::Policy).await.unwrap());
    let message = PublishMessage::build().payload("sealed".into()).expected_stream(RELEASES);
    policy.send_publish("rel", message).await.unwrap().await.unwrap();
    assert!(counts(RELEASES, &messages(&broker, RELEASES).await[0]));
}
