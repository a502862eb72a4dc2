//! The running service on a real broker: every message becomes its leaves, across restarts, soon signed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::{Engine, Place, SEED, accesses, released, releases};
use handoff_ledger::verify::{NoViews, verify};
use handoff_ledger::{Handle, Ledger, Message, Options, Tree, TreeHead, Unwatched};
use handoff_spine::broker::ServiceName;
use handoff_spine::log::{ACCESS, DEAD, Log, RELEASES};
use handoff_spine::service::{Service as _, ServiceError};
use handoff_spine::testing::TestBroker;
use handoff_spine::vault::{KekFiles, LogKey, Vault};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

struct Hub {
    broker: TestBroker,
    place: Place,
    key: LogKey,
}

impl Hub {
    async fn new(engine: Engine) -> Self {
        let place = Place::new(engine).await;
        let vault = Vault::open(place.store(), Arc::new(KekFiles::new(place.data()))).await.unwrap();
        let key = vault.log_key().await.unwrap();
        Self { broker: TestBroker::start().await.unwrap(), place, key }
    }

    async fn log(&self, service: ServiceName) -> Log {
        Log::new(self.broker.connect(service).await.unwrap(), self.key.clone())
    }

    async fn append(&self, releases: &[Message], accesses: &[Message]) {
        let (policy, gateway) = (self.log(ServiceName::Policy).await, self.log(ServiceName::Gateway).await);
        for message in releases {
            let last = policy.last(RELEASES).await.unwrap();
            let sent = policy.send_after_stream("rel".to_owned(), last, &message.body).await.unwrap();
            sent.acknowledged().await.unwrap();
        }
        for message in accesses {
            gateway.append(handoff_spine::log::ACCESS, "acc.willow-clinic".to_owned(), &message.body).await.unwrap();
        }
    }

    async fn start(&self) -> Running {
        let options = Options { origin: "test.example".to_owned() };
        let log = self.log(ServiceName::Ledger).await;
        let (ledger, handle) = Ledger::new(options, self.place.data(), log, self.place.db().await, SEED).await.unwrap();
        let shutdown = CancellationToken::new();
        Running { handle, task: tokio::spawn(ledger.run(shutdown.clone())), shutdown }
    }

    /// Size of the signed checkpoint that lies in place now.
    fn signed(&self, tree: Tree) -> Option<u64> {
        let note = std::fs::read_to_string(self.place.tree(tree).join("checkpoint")).ok()?;
        let text = crate::common::signer(tree).verifier().open(&note).unwrap().to_owned();
        Some(TreeHead::parse(&text).unwrap().size)
    }
}

struct Running {
    handle: Handle,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), ServiceError>>,
}

impl Running {
    async fn reached(&mut self, releases: u64, accesses: u64) {
        let reached = async {
            assert!(self.handle.wait_for(releases).await);
            while self.handle.accesses() < accesses {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), reached).await.unwrap();
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }
}

async fn follows_both_streams(engine: Engine) {
    let hub = Hub::new(engine).await;
    let (releases, accesses) = (releases(40), accesses(30));
    hub.append(&releases[..25], &accesses[..10]).await;
    let mut running = hub.start().await;
    running.reached(25, 10).await;
    running.stop().await;
    assert_eq!(hub.signed(Tree::Releases), Some(released(&releases[..25]).len() as u64), "signed at the end");

    let mut running = hub.start().await;
    running.reached(25, 10).await;
    hub.append(&releases[25..], &accesses[10..]).await;
    running.reached(40, 30).await;
    assert_eq!(handoff_ledger::integrated(&hub.place.db().await).await.unwrap(), 40, "other processes see it too");
    let wanted = Some(released(&releases).len() as u64);
    let since = Instant::now();
    while hub.signed(Tree::Releases) != wanted {
        assert!(since.elapsed() < Duration::from_secs(2), "not signed soon");
        tokio::task::yield_now().await;
    }
    running.stop().await;

    let quiet = Place::new(engine).await;
    quiet.run(Tree::Releases, &releases, 7, Arc::new(Unwatched)).await.unwrap();
    quiet.run(Tree::Accesses, &accesses, 7, Arc::new(Unwatched)).await.unwrap();
    for tree in Tree::ALL {
        assert!(hub.place.content(tree).await == quiet.content(tree).await, "{tree:?}");
    }
    let report = verify(hub.place.data(), &hub.place.db().await, NoViews, &[]).await.unwrap();
    assert!(report.is_sound() && report.findings.is_empty(), "{:?}", report.findings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_every_release_and_access_is_one_leaf_on_sqlite() {
    follows_both_streams(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_every_release_and_access_is_one_leaf_on_postgres() {
    follows_both_streams(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a6_a_service_killed_at_any_moment_goes_on_where_it_was() {
    let mut hub = Hub::new(Engine::Sqlite).await;
    let (releases, accesses) = (releases(60), accesses(60));
    hub.append(&releases, &accesses).await;
    // Each life is longer than the one before; all but the last end without a goodbye.
    for life in 0..12_u64 {
        let running = hub.start().await;
        let enough = running.handle.clone();
        let _ = tokio::time::timeout(Duration::from_millis(life * 3), enough.wait_for(u64::MAX)).await;
        running.task.abort();
        let _ = running.task.await;
        hub.place.restart().await;
    }
    let mut running = hub.start().await;
    running.reached(60, 60).await;
    running.stop().await;
    let quiet = Place::new(Engine::Sqlite).await;
    quiet.run(Tree::Releases, &releases, 7, Arc::new(Unwatched)).await.unwrap();
    quiet.run(Tree::Accesses, &accesses, 7, Arc::new(Unwatched)).await.unwrap();
    for tree in Tree::ALL {
        assert!(hub.place.content(tree).await == quiet.content(tree).await, "{tree:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_went_backwards_or_grew_back_differently_stops_the_ledger() {
    for (sql, stream) in [
        ("UPDATE checkpoint SET sequence = sequence + 1 WHERE stream = 'RELEASES'", RELEASES),
        ("UPDATE checkpoint SET hash = zeroblob(32) WHERE stream = 'ACCESS'", ACCESS),
    ] {
        let hub = Hub::new(Engine::Sqlite).await;
        hub.append(&releases(3), &accesses(3)).await;
        let mut running = hub.start().await;
        running.reached(3, 3).await;
        running.stop().await;
        assert_eq!(hub.place.tamper(sql).await, Ok(1));
        let running = hub.start().await;
        let ended = tokio::time::timeout(Duration::from_secs(30), running.task).await.unwrap().unwrap();
        let said = ended.unwrap_err().to_string();
        assert!(said.starts_with("HO-3006") && said.contains(stream), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_entitled_wrote_is_no_leaf_and_stops_nothing() {
    let hub = Hub::new(Engine::Sqlite).await;
    let (releases, accesses) = (releases(6), accesses(6));
    hub.append(&releases[..3], &accesses[..3]).await;
    for (service, subject, stream) in
        [(ServiceName::Policy, "rel", RELEASES), (ServiceName::Gateway, "acc.willow-clinic", ACCESS)]
    {
        let log = hub.log(service).await;
        // Without the header that says for which stream it is.
        log.client().publish(subject, "planted".into()).await.unwrap();
        let operator = hub.log(ServiceName::Operator).await;
        while operator.last(stream).await.unwrap() < 4 {
            tokio::task::yield_now().await;
        }
    }
    hub.append(&releases[3..], &accesses[3..]).await;
    let mut running = hub.start().await;
    running.reached(7, 7).await;
    running.stop().await;
    assert_eq!(hub.signed(Tree::Releases), Some(released(&releases).len() as u64));
    let report = verify(hub.place.data(), &hub.place.db().await, NoViews, &[]).await.unwrap();
    assert!(report.is_sound() && report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!(hub.log(ServiceName::Operator).await.last(DEAD).await.unwrap(), 2, "each left its dead letter");
}

#[tokio::test]
async fn an_origin_that_no_note_can_carry_is_refused() {
    let hub = Hub::new(Engine::Sqlite).await;
    let options = Options { origin: "two words".to_owned() };
    let log = hub.log(ServiceName::Ledger).await;
    let (ledger, _handle) = Ledger::new(options, hub.place.data(), log, hub.place.db().await, SEED).await.unwrap();
    let said = ledger.run(CancellationToken::new()).await.unwrap_err().to_string();
    assert!(said.starts_with("HO-4107 the ledger cannot sign"), "{said}");
}
