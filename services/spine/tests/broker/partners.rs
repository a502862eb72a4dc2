use async_nats::{ConnectOptions, Event};
use futures::StreamExt as _;
use handoff_schemas::PartnerId;
use handoff_spine::broker::{Broker, ServiceName};
use handoff_spine::testing::TestBroker;

use crate::watched::{PATIENCE, Watched, settled};

fn partner(id: &str) -> PartnerId {
    id.parse().unwrap()
}

#[tokio::test]
async fn a7_the_server_says_which_partner_asks_and_only_that_partner_hears_the_answer() {
    let broker = TestBroker::start().await.unwrap();
    let gateway = broker.connect(ServiceName::Gateway).await.unwrap();
    let mut requests = gateway.subscribe("in.*.>").await.unwrap();
    settled(&gateway).await;
    for id in ["cedar-clinic", "harbor-fire"] {
        let creds = broker.add_partner(&partner(id)).await.unwrap();
        let asking = Watched::partner(&broker, &creds).await;
        let (answer, subject) = tokio::join!(asking.client.request("in.publish", "event".into()), async {
            let request = requests.next().await.unwrap();
            gateway.publish(request.reply.unwrap(), "answer".into()).await.unwrap();
            request.subject.to_string()
        });
        assert_eq!(answer.unwrap().payload, "answer");
        let tokens: Vec<&str> = subject.split('.').collect();
        assert_eq!((tokens[0], tokens[2], tokens.len()), ("in", "publish", 3));
        assert_eq!(broker.partner_of(tokens[1]), Some(partner(id)));
        assert_eq!(broker.account_of(&partner(id)).as_deref(), Some(tokens[1]));
    }
    assert_eq!(broker.partner_of("ANOBODY"), None);
}

#[tokio::test]
async fn a7_a_partner_cannot_speak_as_another() {
    let broker = TestBroker::start().await.unwrap();
    let gateway = broker.connect(ServiceName::Gateway).await.unwrap();
    let mut requests = gateway.subscribe("in.*.>").await.unwrap();
    settled(&gateway).await;
    let clinic = Watched::partner(&broker, &broker.add_partner(&partner("cedar-clinic")).await.unwrap()).await;
    broker.add_partner(&partner("harbor-fire")).await.unwrap();
    let other = broker.account_of(&partner("harbor-fire")).unwrap();
    // The other's key, put where a careless reader might look, lands behind the asker's own.
    clinic.client.publish(format!("in.{other}.publish"), "event".into()).await.unwrap();
    let request = tokio::time::timeout(PATIENCE, requests.next()).await.unwrap().unwrap();
    let second = request.subject.split('.').nth(1).unwrap();
    assert_eq!(broker.partner_of(second), Some(partner("cedar-clinic")));
}

#[tokio::test]
async fn a7_a_partner_reaches_nothing_but_its_own_requests_and_notices() {
    let broker = TestBroker::start().await.unwrap();
    let mut clinic = Watched::partner(&broker, &broker.add_partner(&partner("cedar-clinic")).await.unwrap()).await;
    for subject in [
        "ev.1.encounter.018f3c2e4b5a8cdd9e0f112233445566",
        "rel",
        "acc.cedar-clinic",
        "feed.cedar-clinic",
        "cmd.encounter",
        "out.notice",
        "dead.gateway",
        "_INBOX_gateway.x",
        "$SRV.PING",
        "$JS.API.INFO",
        "$JS.API.STREAM.INFO.EVENTS",
        "$JS.API.CONSUMER.CREATE.EVENTS",
        "$SYS.REQ.CLAIMS.UPDATE",
        "$SYS.REQ.ACCOUNT.PING",
    ] {
        clinic.is_refused_to_publish("a partner", subject).await;
    }
    for subject in [">", "in.>", "ev.>", "rel", "feed.*", "acc.*", "cmd.*", "_INBOX_gateway.>", "_R_.>", "$SYS.>"] {
        clinic.is_refused_to_subscribe("a partner", subject).await;
    }
}

#[tokio::test]
async fn a7_a_notice_reaches_its_partner_alone() {
    let broker = TestBroker::start().await.unwrap();
    let clinic = Watched::partner(&broker, &broker.add_partner(&partner("cedar-clinic")).await.unwrap()).await;
    let fire = Watched::partner(&broker, &broker.add_partner(&partner("harbor-fire")).await.unwrap()).await;
    let mut to_clinic = clinic.client.subscribe("out.>").await.unwrap();
    let mut to_fire = fire.client.subscribe("out.>").await.unwrap();
    let gateway = broker.connect(ServiceName::Gateway).await.unwrap();
    let mut requests = gateway.subscribe("in.*.>").await.unwrap();
    settled(&gateway).await;
    // A round trip on each connection: both subscriptions stand.
    for asking in [&clinic, &fire] {
        let (answer, ()) = tokio::join!(asking.client.request("in.ping", "".into()), async {
            let request = requests.next().await.unwrap();
            gateway.publish(request.reply.unwrap(), "".into()).await.unwrap();
        });
        answer.unwrap();
    }
    let of = |id: &str| broker.account_of(&partner(id)).unwrap();
    gateway.publish(format!("out.{}.notice", of("cedar-clinic")), "for the clinic".into()).await.unwrap();
    gateway.publish(format!("out.{}.notice", of("harbor-fire")), "for the fire service".into()).await.unwrap();
    let first = tokio::time::timeout(PATIENCE, to_clinic.next()).await.unwrap().unwrap();
    assert_eq!((first.subject.as_str(), &first.payload[..]), ("out.notice", &b"for the clinic"[..]));
    // The clinic's notice was sent first: had it reached the fire service, it would stand before its own.
    let first = tokio::time::timeout(PATIENCE, to_fire.next()).await.unwrap().unwrap();
    assert_eq!(first.payload, "for the fire service");
}

#[tokio::test]
async fn a_revoked_partner_is_cut_off_for_good_until_it_gets_a_new_credential() {
    let broker = TestBroker::start().await.unwrap();
    let clinic = partner("cedar-clinic");
    let creds = broker.add_partner(&clinic).await.unwrap();
    let stolen = broker.data().join("copy.creds");
    std::fs::copy(&creds, &stolen).unwrap();
    let account = broker.account_of(&clinic).unwrap();
    let mut connected = Watched::partner(&broker, &creds).await;

    broker.revoke_partner(&clinic).await.unwrap();
    connected.until("a revoked partner stays connected", |e| matches!(e, Event::Disconnected)).await;
    assert!(!creds.exists());
    assert_eq!((broker.partner_of(&account), broker.account_of(&clinic)), (None, None));
    let refused = async || {
        let options = ConnectOptions::with_credentials_file(&stolen).await.unwrap();
        options.max_reconnects(1).connect(broker.url()).await.is_err()
    };
    assert!(refused().await, "a revoked credential connects");

    let renewed = broker.add_partner(&clinic).await.unwrap();
    Watched::partner(&broker, &renewed).await;
    assert_eq!(broker.partner_of(&account), Some(clinic));
    assert!(refused().await, "the old credential came back with the new one");
}

#[tokio::test]
async fn partners_and_revocations_outlive_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let options = || handoff_spine::broker::Options::on(data.path());
    let (clinic, fire) = (partner("cedar-clinic"), partner("harbor-fire"));
    let broker = Broker::start(options()).await.unwrap();
    let creds = broker.add_partner(&clinic).await.unwrap();
    let revoked = broker.add_partner(&fire).await.unwrap();
    let stolen = data.path().join("copy.creds");
    std::fs::copy(revoked, &stolen).unwrap();
    broker.revoke_partner(&fire).await.unwrap();
    broker.stop().await.unwrap();
    drop(broker);

    let broker = Broker::start(options()).await.unwrap();
    Watched::partner(&broker, &creds).await;
    assert!(broker.account_of(&clinic).is_some() && broker.account_of(&fire).is_none());
    let options = ConnectOptions::with_credentials_file(&stolen).await.unwrap();
    assert!(options.max_reconnects(1).connect(broker.url()).await.is_err(), "a revocation was forgotten");
}

#[tokio::test]
async fn partners_of_a_broker_run_by_others_are_its_operators_to_add() {
    let broker = TestBroker::start().await.unwrap();
    let clinic = partner("cedar-clinic");
    broker.add_partner(&clinic).await.unwrap();
    let account = broker.account_of(&clinic).unwrap();
    let outside = Broker::external(broker.url(), broker.data().join("creds")).await.unwrap();
    assert_eq!(outside.add_partner(&clinic).await.unwrap_err().code(), "HO-3314");
    assert_eq!(outside.revoke_partner(&clinic).await.unwrap_err().code(), "HO-3314");
    assert_eq!(outside.partner_of(&account), Some(clinic.clone()));
    assert_eq!(broker.revoke_partner(&partner("nobody")).await.unwrap_err().code(), "HO-3315");
    // Another process of the hub learns of a revocation without being told.
    broker.revoke_partner(&clinic).await.unwrap();
    assert_eq!(outside.partner_of(&account), None);
}
