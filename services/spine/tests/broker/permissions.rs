use async_nats::jetstream::{self, consumer::pull::OrderedConfig};
use futures::StreamExt as _;
use handoff_spine::broker::{ACCESS, DEAD, EVENTS, RELEASES, ServiceName};
use handoff_spine::testing::TestBroker;

use crate::watched::{PATIENCE, Watched, settled};

const RECORD: &str = "018f3c2e4b5a8cdd9e0f112233445566";

/// Every subject that means something, and who alone may publish it. Written by hand from design.md, not derived from
/// the table under test.
fn owners() -> Vec<(String, Vec<ServiceName>)> {
    use ServiceName as S;
    let event = |family: &str| format!("ev.7.{family}.{RECORD}");
    let mut owners = vec![
        (event("partner"), vec![S::Registry]),
        (event("unit"), vec![S::Registry]),
        (event("agreement"), vec![S::Registry]),
        (event("bundle"), vec![S::Registry]),
        (event("erasure"), vec![S::Registry]),
        (event("person"), vec![S::Identity]),
        (event("encounter"), vec![S::Encounter]),
        (event("consent"), vec![S::Consent]),
        (event("ask"), vec![S::Ask]),
        (event("privacy"), vec![S::Privacy]),
        (event("referral"), vec![S::Referral]),
        (event("sweep"), vec![S::Policy]),
        (event("due"), vec![S::Policy]),
        (event("something-new"), vec![]),
        ("rel".to_owned(), vec![S::Policy]),
        ("acc.cedar-clinic".to_owned(), vec![S::Gateway]),
        ("feed.cedar-clinic".to_owned(), vec![S::Gateway]),
        ("out.ACCOUNT.notice".to_owned(), vec![S::Gateway]),
        ("in.ACCOUNT.publish".to_owned(), vec![]),
        ("probe.x".to_owned(), vec![S::Provisioner]),
    ];
    for decider in ["registry", "identity", "encounter", "consent", "referral", "ask", "privacy"] {
        owners.push((format!("cmd.{decider}"), vec![S::Gateway, S::Operator]));
    }
    for &service in ServiceName::ALL {
        let own = if service == S::Provisioner { vec![] } else { vec![service] };
        owners.push((format!("dead.{service}"), own));
    }
    // Answers: a decider's to whoever commands; discovery's, from every service, to whoever may ask.
    for asked in [
        S::Registry,
        S::Identity,
        S::Encounter,
        S::Consent,
        S::Referral,
        S::Ask,
        S::Privacy,
        S::Policy,
        S::Ledger,
        S::Views,
    ] {
        owners.push((format!("{}.x", asked.inbox_prefix()), vec![]));
    }
    owners
}

#[tokio::test]
async fn a9_no_service_can_publish_anothers_subjects() {
    let broker = TestBroker::start().await.unwrap();
    let owners = owners();
    let mut refused = 0;
    for &service in ServiceName::ALL {
        let mut watched = Watched::service(&broker, service).await;
        for (subject, _) in owners.iter().filter(|(_, owners)| !owners.contains(&service)) {
            watched.is_refused_to_publish(service.as_str(), subject).await;
            refused += 1;
        }
    }
    assert!(refused > 300, "only {refused} pairs were tried");
    let operator = jetstream::new(broker.connect(ServiceName::Operator).await.unwrap());
    for stream in [EVENTS, RELEASES, ACCESS, DEAD] {
        let info = operator.get_stream(stream).await.unwrap().cached_info().clone();
        assert_eq!(info.state.messages, 0, "{stream}");
    }
}

#[tokio::test]
async fn every_owner_can_publish_its_own_subjects_durably() {
    let broker = TestBroker::start().await.unwrap();
    let captured = ["ev.", "rel", "acc.", "dead."];
    let (mut events, mut others) = (0, 0);
    for (subject, owners) in owners() {
        if !captured.iter().any(|prefix| subject.starts_with(prefix)) {
            continue;
        }
        for owner in owners {
            let context = jetstream::new(broker.connect(owner).await.unwrap());
            let ack = context.publish(subject.clone(), "sealed".into()).await.unwrap();
            ack.await.unwrap_or_else(|e| panic!("{owner} {subject}: {e}"));
            *if subject.starts_with("ev.") { &mut events } else { &mut others } += 1;
        }
    }
    assert_eq!((events, others), (12, 13));
    let policy = jetstream::new(broker.connect(ServiceName::Policy).await.unwrap());
    assert_eq!(policy.get_stream(EVENTS).await.unwrap().cached_info().state.messages, events);
}

#[tokio::test]
async fn a9_no_service_can_hear_what_is_not_for_it() {
    let broker = TestBroker::start().await.unwrap();
    for &service in ServiceName::ALL {
        let mut watched = Watched::service(&broker, service).await;
        let mut forbidden: Vec<String> =
            [">", "*", "ev.>", "ev.*.*.*", "rel", "acc.*", "feed.*", "dead.>", "out.>", "$SYS.>"]
                .iter()
                .chain(&["$JS.API.>", "$JS.>", "_INBOX.>", "_R_.>", "cmd.*"])
                .map(|&s| s.to_owned())
                .collect();
        if service != ServiceName::Gateway {
            forbidden.push("in.*.>".to_owned());
        }
        for &other in ServiceName::ALL.iter().filter(|&&o| o != service) {
            forbidden.push(format!("{}.>", other.inbox_prefix()));
            forbidden.push(format!("cmd.{other}"));
            forbidden.push(format!("$SRV.PING.{other}"));
        }
        for subject in forbidden {
            watched.is_refused_to_subscribe(service.as_str(), &subject).await;
        }
    }
}

#[tokio::test]
async fn a_command_reaches_its_decider_and_the_answer_its_asker() {
    let broker = TestBroker::start().await.unwrap();
    for asker in [ServiceName::Gateway, ServiceName::Operator] {
        for decider in [
            ServiceName::Registry,
            ServiceName::Identity,
            ServiceName::Encounter,
            ServiceName::Consent,
            ServiceName::Referral,
            ServiceName::Ask,
            ServiceName::Privacy,
        ] {
            let subject = format!("cmd.{decider}");
            let answering = broker.connect(decider).await.unwrap();
            let mut commands = answering.queue_subscribe(subject.clone(), decider.to_string()).await.unwrap();
            settled(&answering).await;
            let asking = broker.connect(asker).await.unwrap();
            let (answer, ()) = tokio::join!(asking.request(subject.clone(), "command".into()), async {
                let command = commands.next().await.unwrap();
                answering.publish(command.reply.unwrap(), "accepted".into()).await.unwrap();
            });
            assert_eq!(answer.unwrap().payload, "accepted", "{asker} -> {decider}");
        }
    }
}

/// A decider that answered wherever it is told to would write into any subject for whoever sends it commands.
#[tokio::test]
async fn a9_an_asker_cannot_make_a_decider_answer_into_a_stream() {
    let broker = TestBroker::start().await.unwrap();
    let mut decider = Watched::service(&broker, ServiceName::Encounter).await;
    let mut commands = decider.client.subscribe("cmd.encounter").await.unwrap();
    settled(&decider.client).await;
    let gateway = broker.connect(ServiceName::Gateway).await.unwrap();
    for target in ["rel".to_owned(), format!("ev.1.consent.{RECORD}")] {
        gateway.publish_with_reply("cmd.encounter", target.clone(), "command".into()).await.unwrap();
        let command = tokio::time::timeout(PATIENCE, commands.next()).await.unwrap().unwrap();
        decider.is_refused_to_publish("encounter", &command.reply.unwrap()).await;
    }
}

#[tokio::test]
async fn services_read_the_streams_of_the_table_and_no_other() {
    use ServiceName as S;
    let broker = TestBroker::start().await.unwrap();
    let publish = async |service, subject: &str| {
        let context = jetstream::new(broker.connect(service).await.unwrap());
        context.publish(subject.to_owned(), "sealed".into()).await.unwrap().await.unwrap();
    };
    publish(S::Encounter, &format!("ev.1.encounter.{RECORD}")).await;
    publish(S::Policy, "rel").await;
    publish(S::Gateway, "acc.cedar-clinic").await;
    publish(S::Views, "dead.views").await;

    let reads: &[(S, &[&str])] = &[
        (S::Registry, &[EVENTS]),
        (S::Identity, &[EVENTS]),
        (S::Encounter, &[EVENTS]),
        (S::Consent, &[EVENTS]),
        (S::Referral, &[EVENTS]),
        (S::Ask, &[EVENTS]),
        (S::Privacy, &[EVENTS]),
        (S::Policy, &[EVENTS, RELEASES]),
        (S::Ledger, &[RELEASES, ACCESS]),
        (S::Views, &[EVENTS, RELEASES]),
        (S::Gateway, &[EVENTS]),
        (S::Operator, &[EVENTS, RELEASES, ACCESS, DEAD]),
        (S::Provisioner, &[]),
    ];
    for &(service, allowed) in reads {
        let mut watched = Watched::service(&broker, service).await;
        let context = jetstream::new(watched.client.clone());
        for stream in [EVENTS, RELEASES, ACCESS, DEAD] {
            if allowed.contains(&stream) {
                let handle = context.get_stream(stream).await.unwrap();
                assert_eq!(handle.get_raw_message(1).await.unwrap().payload, "sealed");
                assert_eq!(handle.direct_get(1).await.unwrap().payload, "sealed");
                let consumer = handle.create_consumer(OrderedConfig::default()).await.unwrap();
                let first = tokio::time::timeout(PATIENCE, consumer.messages().await.unwrap().next()).await;
                assert_eq!(first.unwrap().unwrap().unwrap().payload, "sealed", "{service} {stream}");
            } else {
                for verb in [
                    format!("$JS.API.STREAM.MSG.GET.{stream}"),
                    format!("$JS.API.DIRECT.GET.{stream}"),
                    format!("$JS.API.CONSUMER.CREATE.{stream}"),
                    format!("$JS.API.CONSUMER.CREATE.{stream}.mine.ev.>"),
                    format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.mine"),
                ] {
                    watched.is_refused_to_publish(service.as_str(), &verb).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn only_the_provisioner_creates_streams_and_nobody_deletes_or_purges() {
    let broker = TestBroker::start().await.unwrap();
    for &service in ServiceName::ALL {
        let mut watched = Watched::service(&broker, service).await;
        let mut forbidden = Vec::new();
        for stream in [EVENTS, RELEASES, ACCESS, DEAD, "FEED_cedar-clinic", "PROBE"] {
            for verb in ["DELETE", "PURGE", "MSG.DELETE", "RESTORE", "SNAPSHOT"] {
                forbidden.push(format!("$JS.API.STREAM.{verb}.{stream}"));
            }
            if service != ServiceName::Provisioner {
                forbidden.push(format!("$JS.API.STREAM.CREATE.{stream}"));
                forbidden.push(format!("$JS.API.STREAM.UPDATE.{stream}"));
            }
        }
        for subject in forbidden {
            watched.is_refused_to_publish(service.as_str(), &subject).await;
        }
    }
}
