use async_nats::jetstream::{
    self,
    context::PublishErrorKind,
    message::PublishMessage,
    stream::{Config, DiscardPolicy, StorageType},
};
use handoff_spine::broker::{self, ACCESS, DEAD, DEAD_MAX_AGE, EVENTS, FEED_MAX_AGE, RELEASES, ServiceName};
use handoff_spine::testing::TestBroker;

#[tokio::test]
async fn the_streams_are_as_designed_and_provisioning_is_repeatable() {
    let broker = TestBroker::start().await.unwrap();
    broker.add_partner(&"cedar-clinic".parse().unwrap()).await.unwrap();
    let provisioner = broker.connect(ServiceName::Provisioner).await.unwrap();
    broker::provision(&provisioner).await.unwrap();
    let context = jetstream::new(provisioner);
    let mut held = Vec::new();
    for name in [EVENTS, RELEASES, ACCESS, DEAD, "FEED_cedar-clinic"] {
        let config = context.get_stream(name).await.unwrap().cached_info().config.clone();
        assert_eq!((config.storage, config.discard, config.num_replicas), (StorageType::File, DiscardPolicy::New, 1));
        held.push((config.name, config.subjects.join(" "), config.deny_delete && config.deny_purge, config.max_age));
    }
    let row = |name: &str, subject: &str, kept| (name.to_owned(), subject.to_owned(), kept, Default::default());
    assert_eq!(
        held,
        [
            row("EVENTS", "ev.*.*.*", true),
            row("RELEASES", "rel", true),
            row("ACCESS", "acc.*", true),
            ("DEAD".to_owned(), "dead.>".to_owned(), false, DEAD_MAX_AGE),
            ("FEED_cedar-clinic".to_owned(), "feed.cedar-clinic".to_owned(), false, FEED_MAX_AGE),
        ]
    );
    let scratch = context.get_stream("PROBE").await.unwrap().cached_info().config.clone();
    assert_eq!((scratch.subjects, scratch.max_age.as_secs()), (vec!["probe.*".to_owned()], 60));
}

/// Even whoever holds the provisioner's credential cannot make the log forget.
#[tokio::test]
async fn the_server_does_not_let_the_refusal_to_delete_be_lifted() {
    let broker = TestBroker::start().await.unwrap();
    let context = jetstream::new(broker.connect(ServiceName::Provisioner).await.unwrap());
    for stream in [EVENTS, RELEASES, ACCESS] {
        let config = context.get_stream(stream).await.unwrap().cached_info().config.clone();
        for weaker in [Config { deny_delete: false, ..config.clone() }, Config { deny_purge: false, ..config.clone() }]
        {
            context.update_stream(&weaker).await.unwrap_err();
        }
        assert_eq!(context.get_stream(stream).await.unwrap().cached_info().config, config);
    }
}

#[tokio::test]
async fn a_stream_that_somebody_weakened_is_set_right_at_the_next_provisioning() {
    let broker = TestBroker::start().await.unwrap();
    let provisioner = broker.connect(ServiceName::Provisioner).await.unwrap();
    let context = jetstream::new(provisioner.clone());
    let config = context.get_stream(DEAD).await.unwrap().cached_info().config.clone();
    let weaker = Config { discard: DiscardPolicy::Old, max_messages: 10, ..config.clone() };
    context.update_stream(&weaker).await.unwrap();
    broker::provision(&provisioner).await.unwrap();
    assert_eq!(context.get_stream(DEAD).await.unwrap().cached_info().config, config);
}

/// RELEASES has one writer, EVENTS one version of a record: the server itself refuses the second.
#[tokio::test]
async fn a_conflicting_append_is_refused_by_the_server() {
    let broker = TestBroker::start().await.unwrap();
    let policy = jetstream::new(broker.connect(ServiceName::Policy).await.unwrap());
    let encounter = jetstream::new(broker.connect(ServiceName::Encounter).await.unwrap());
    let chained = || PublishMessage::build().payload("sealed".into()).expected_last_sequence(0);
    let versioned = || PublishMessage::build().payload("sealed".into()).expected_last_subject_sequence(0);
    for (context, subject, message) in [
        (&policy, "rel", &chained as &dyn Fn() -> PublishMessage),
        (&encounter, "ev.1.encounter.018f3c2e4b5a8cdd9e0f112233445566", &versioned),
    ] {
        context.send_publish(subject, message()).await.unwrap().await.unwrap();
        let second = context.send_publish(subject, message()).await.unwrap().await.unwrap_err();
        assert_eq!(second.kind(), PublishErrorKind::WrongLastSequence, "{subject}");
    }
}
