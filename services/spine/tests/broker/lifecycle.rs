use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use async_nats::jetstream;
use handoff_spine::broker::{Acks, Broker, EVENTS, NatsServer, Options, ServiceName};
use handoff_spine::testing::TestBroker;

use crate::watched::PATIENCE;

const SUBJECT: &str = "ev.1.encounter.018f3c2e4b5a8cdd9e0f112233445566";

async fn append(broker: &Broker) -> u64 {
    let context = jetstream::new(broker.connect(ServiceName::Encounter).await.unwrap());
    context.publish(SUBJECT, "sealed".into()).await.unwrap().await.unwrap().sequence
}

fn pid(data: &Path) -> Option<u32> {
    std::fs::read_to_string(data.join("nats/nats.pid")).ok()?.trim().parse().ok()
}

/// A zombie has ended; nobody has looked at it yet.
fn runs(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn it_checks_its_own_promises_and_listens_on_loopback_only() {
    let broker = TestBroker::start().await.unwrap();
    assert_eq!(broker.acks(), Acks::Durable);
    let client = broker.connect(ServiceName::Gateway).await.unwrap();
    let info = client.server_info();
    assert_eq!((info.host.as_str(), info.max_payload, info.auth_required), ("127.0.0.1", 8 << 20, true));
    assert!(async_nats::connect(broker.url()).await.is_err(), "without a credential");
}

#[tokio::test]
async fn two_hubs_on_two_folders_do_not_meet() {
    let (one, two) = tokio::join!(TestBroker::start(), TestBroker::start());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_ne!(one.url(), two.url());
    assert_eq!((append(&one).await, append(&one).await, append(&two).await), (1, 2, 1));
    // One hub's credential is nothing to the other.
    let options = one.options(ServiceName::Encounter).await.unwrap();
    assert!(options.max_reconnects(1).connect(two.url()).await.is_err());
}

/// `handoff run` of several services, and the command line, each check the broker they are given.
#[tokio::test]
async fn processes_that_start_together_do_not_trip_over_each_others_checks() {
    let broker = TestBroker::start().await.unwrap();
    let creds = broker.data().join("creds");
    let starting = (0..8).map(|_| Broker::external(broker.url(), &creds));
    for started in futures::future::join_all(starting).await {
        assert_eq!(started.unwrap().acks(), Acks::Durable);
    }
    assert_eq!(append(&broker).await, 1);
}

#[tokio::test]
async fn a_second_hub_on_one_folder_is_refused_and_the_first_goes_on() {
    let broker = TestBroker::start().await.unwrap();
    let second = Broker::start(Options::on(broker.data())).await.unwrap_err();
    assert_eq!(second.code(), "HO-3303");
    assert_eq!(append(&broker).await, 1);
}

#[tokio::test]
async fn a_restart_keeps_the_log_and_the_credentials() {
    let data = tempfile::tempdir().unwrap();
    let broker = Broker::start(Options::on(data.path())).await.unwrap();
    assert_eq!(append(&broker).await, 1);
    let before = pid(data.path()).unwrap();
    broker.stop().await.unwrap();
    assert!(!runs(before), "stop returned before the server had ended");
    broker.ended().await;
    drop(broker);

    let broker = Broker::start(Options::on(data.path())).await.unwrap();
    assert_eq!(append(&broker).await, 2);
    let reader = jetstream::new(broker.connect(ServiceName::Policy).await.unwrap());
    let stream = reader.get_stream(EVENTS).await.unwrap();
    assert_eq!(stream.get_raw_message(1).await.unwrap().payload, "sealed");
}

#[tokio::test]
async fn a6_an_acknowledged_append_outlives_a_killed_server() {
    let data = tempfile::tempdir().unwrap();
    let broker = Broker::start(Options::on(data.path())).await.unwrap();
    for n in 1..=20 {
        assert_eq!(append(&broker).await, n);
    }
    let server = pid(data.path()).unwrap();
    assert!(Command::new("/bin/sh").args(["-c", &format!("kill -KILL {server}")]).status().unwrap().success());
    tokio::time::timeout(PATIENCE, broker.ended()).await.expect("the hub learns that its broker is gone");
    broker.stop().await.unwrap();
    drop(broker);
    let broker = Broker::start(Options::on(data.path())).await.unwrap();
    assert_eq!(append(&broker).await, 21);
}

/// As after a crash of the hub and of the shell that watches over the server for it.
#[tokio::test]
async fn a_server_left_by_a_crashed_hub_is_stopped_at_the_next_start() {
    let data = tempfile::tempdir().unwrap();
    let broker = Broker::start(Options::on(data.path())).await.unwrap();
    append(&broker).await;
    broker.stop().await.unwrap();
    drop(broker);
    let conf = data.path().canonicalize().unwrap().join("nats/nats.conf");
    let mut left = Command::new(NatsServer::find().unwrap())
        .arg("-c")
        .arg(conf)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("the left-over server did not start", || pid(data.path()) == Some(left.id())).await;

    let broker = Broker::start(Options::on(data.path())).await.unwrap();
    assert!(left.try_wait().unwrap().is_some(), "the left-over server still runs");
    assert_eq!(append(&broker).await, 2);
}

#[tokio::test]
async fn a_pid_file_that_names_somebody_else_harms_nobody() {
    let data = tempfile::tempdir().unwrap();
    let broker = Broker::start(Options::on(data.path())).await.unwrap();
    broker.stop().await.unwrap();
    drop(broker);
    let mut other = Command::new("/bin/sh").args(["-c", "read -r _"]).stdin(Stdio::piped()).spawn().unwrap();
    std::fs::write(data.path().join("nats/nats.pid"), other.id().to_string()).unwrap();
    let broker = Broker::start(Options::on(data.path())).await.unwrap();
    assert_eq!(append(&broker).await, 1);
    assert!(other.try_wait().unwrap().is_none(), "a stranger's process was ended");
    drop(other.stdin.take());
    assert!(other.wait().is_ok());
}

/// Runs itself again as a hub of its own process, and kills that.
#[tokio::test]
async fn the_server_ends_with_a_hub_that_is_killed() {
    const AS_HUB: &str = "HANDOFF_TEST_RUN_AS_HUB_ON";
    if let Some(data) = std::env::var_os(AS_HUB) {
        let broker = Broker::start(Options::on(PathBuf::from(&data))).await.unwrap();
        append(&broker).await;
        std::fs::write(Path::new(&data).join("ready"), "").unwrap();
        return std::future::pending().await;
    }
    let data = tempfile::tempdir().unwrap();
    let mut hub = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lifecycle::the_server_ends_with_a_hub_that_is_killed"])
        .env(AS_HUB, data.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("the hub did not start", || data.path().join("ready").exists()).await;
    let server = pid(data.path()).unwrap();
    assert!(runs(server));
    hub.kill().unwrap();
    hub.wait().unwrap();
    until("the server outlived its hub", || !runs(server)).await;
    let broker = Broker::start(Options::on(data.path())).await.unwrap();
    assert_eq!(append(&broker).await, 2);
}

#[tokio::test]
async fn no_seed_and_nothing_sent_is_in_a_log_or_a_file_that_others_can_read() {
    let broker = TestBroker::start().await.unwrap();
    let creds = broker.add_partner(&"cedar-clinic".parse().unwrap()).await.unwrap();
    let client = broker.connect(ServiceName::Encounter).await.unwrap();
    // A refusal is what the server logs about a client.
    client.publish("rel", "canary-of-a-payload".into()).await.unwrap();
    append(&broker).await;
    let mut seeds = 0;
    for dir in ["creds", "nats/keys"] {
        for file in std::fs::read_dir(broker.data().join(dir)).unwrap().map(|f| f.unwrap().path()) {
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
            seeds += 1;
        }
    }
    assert!(seeds >= 16 && creds.exists());
    for (file, secret) in ["nats/nats.log", "nats/nats.conf", "nats/partners.json"]
        .iter()
        .flat_map(|f| ["SUA", "SAA", "SOA", "canary"].map(|s| (*f, s)))
    {
        let text = std::fs::read_to_string(broker.data().join(file)).unwrap();
        assert!(
            !text
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|w| w.starts_with(secret) && (w.len() == 58 || secret == "canary")),
            "{file}"
        );
    }
    for dir in ["creds", "nats", "nats/keys"] {
        assert_eq!(std::fs::metadata(broker.data().join(dir)).unwrap().permissions().mode() & 0o777, 0o700, "{dir}");
    }
}

#[tokio::test]
async fn programs_that_are_no_fit_broker_are_refused_by_code() {
    let data = tempfile::tempdir().unwrap();
    for (code, says) in [("HO-3301", "nats-server: v2.9.10"), ("HO-3302", "hello"), ("HO-3305", "nats-server: v2.15.1")]
    {
        let program = data.path().join(code);
        std::fs::write(&program, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let options = Options { program: Some(program), ..Options::on(data.path().join("data")) };
        assert_eq!(Broker::start(options).await.unwrap_err().code(), code);
    }
}
