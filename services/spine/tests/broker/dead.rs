//! Dead letters on a real server: one for each cause, sealed, and only of the service that says it.

use std::sync::Arc;

use async_nats::jetstream;
use handoff_schemas::LogPos;
use handoff_spine::broker::{DEAD, EVENTS, ServiceName};
use handoff_spine::dead::{self, Body, DeadLetter, DeadLetters, Where};
use handoff_spine::log::{Log, LogError};
use handoff_spine::store::Store;
use handoff_spine::testing::TestBroker;
use handoff_spine::vault::{KekFiles, LogKey, Vault};

const RECORD: &str = "ev.1.encounter.018f3c2e4b5a8cdd9e0f112233445566";
const PLANTED: &[u8] = b"QUIETWATER-PLANTED-VALUE";

struct Hub {
    broker: TestBroker,
    key: LogKey,
}

impl Hub {
    async fn new() -> Self {
        let broker = TestBroker::start().await.unwrap();
        let store = Store::sqlite(broker.data().join("db"));
        let vault = Vault::open(&store, Arc::new(KekFiles::new(broker.data()))).await.unwrap();
        let key = vault.log_key().await.unwrap();
        Self { broker, key }
    }

    async fn log(&self, service: ServiceName) -> Log {
        Log::new(self.broker.connect(service).await.unwrap(), self.key.clone())
    }

    /// Every letter, and how many messages are none.
    async fn letters(&self) -> (Vec<DeadLetter>, u64) {
        let mut letters = Vec::new();
        let others = dead::read(&self.log(ServiceName::Operator).await, |letter| letters.push(letter)).await.unwrap();
        (letters, others)
    }
}

#[tokio::test]
async fn what_nobody_entitled_wrote_leaves_one_letter_a_service_however_often_it_is_read() {
    let hub = Hub::new().await;
    let bad = jetstream::new(hub.broker.connect(ServiceName::Encounter).await.unwrap());
    bad.publish(RECORD, "planted".into()).await.unwrap().await.unwrap();
    for service in [ServiceName::Views, ServiceName::Policy] {
        let log = hub.log(service).await;
        let raw = log.raw(EVENTS, LogPos(1)).await.unwrap();
        for _life in 0..2 {
            let dead = DeadLetters::new(log.clone(), service);
            for _ in 0..2 {
                let entry = dead.opened(&raw, log.open(&raw)).await.unwrap();
                assert!(entry.commit.events.is_empty());
            }
            dead.opened_again(&raw, log.open(&raw)).await.unwrap();
        }
    }
    let (letters, others) = hub.letters().await;
    let message = Where::Message { stream: EVENTS.to_owned(), sequence: 1 };
    let said: Vec<_> = letters.iter().map(|l| (l.service.as_str(), l.code.as_str())).collect();
    assert_eq!((said, others), (vec![("views", "HO-3007"), ("policy", "HO-3007")], 0));
    assert!(letters.iter().all(|l| l.where_ == message && l.body.is_none()));
}

#[tokio::test]
async fn what_does_not_open_stops_its_reader_after_the_letter() {
    let hub = Hub::new().await;
    let bad = jetstream::new(hub.broker.connect(ServiceName::Encounter).await.unwrap());
    let unsealed = jetstream::message::PublishMessage::build().payload("unsealed".into()).expected_stream(EVENTS);
    bad.send_publish(RECORD, unsealed).await.unwrap().await.unwrap();
    let log = hub.log(ServiceName::Views).await;
    let raw = log.raw(EVENTS, LogPos(1)).await.unwrap();
    let dead = DeadLetters::new(log.clone(), ServiceName::Views);
    for _ in 0..2 {
        let stopped = dead.opened(&raw, log.open(&raw)).await;
        assert!(matches!(stopped, Err(LogError::Unreadable(LogPos(1)))));
    }
    let (letters, _) = hub.letters().await;
    assert_eq!(letters.iter().map(|l| l.code.as_str()).collect::<Vec<_>>(), ["HO-3005"]);
}

#[tokio::test]
async fn a_letter_is_sealed_and_speaks_for_its_own_service_only() {
    let hub = Hub::new().await;
    let from = Where::Intake { partner: Some("river-pd".parse().unwrap()), unit: None };
    let gateway = DeadLetters::new(hub.log(ServiceName::Gateway).await, ServiceName::Gateway);
    gateway.refused(from.clone(), "HO-4311", PLANTED).await;
    let stored = hub.log(ServiceName::Operator).await.raw(DEAD, LogPos(1)).await.unwrap();
    assert!(stored.published && !stored.payload.windows(PLANTED.len()).any(|w| w == PLANTED));

    let (letters, others) = hub.letters().await;
    assert_eq!((letters.len(), others), (1, 0));
    let letter = letters[0].clone();
    assert_eq!((letter.code.as_str(), &letter.where_), ("HO-4311", &from));
    assert_eq!(letter.body, Some(Body::of(PLANTED)));

    // Views may write its own subject and holds the log key; that makes it no gateway.
    let forged = serde_json::to_vec(&letter).unwrap();
    hub.log(ServiceName::Views).await.append(DEAD, "dead.views".to_owned(), &forged).await.unwrap();
    let (letters, others) = hub.letters().await;
    assert_eq!((letters, others), (vec![letter], 1));
}
