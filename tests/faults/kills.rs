//! Kills at random moments while two thousand events pass.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use handoff::config::Config;
use handoff_spine::testing::Postgres;
use handoff_tests::County;
use tempfile::TempDir;

use crate::hubs::{Nats, Supervised, kill_server};
use crate::outcome::{self, Outcome};
use crate::workload::{self, Door, EVENTS};

const SERVICES: [&str; 10] =
    ["registry", "identity", "encounter", "consent", "referral", "ask", "policy", "ledger", "views", "gateway"];

/// Kills of a hub that dies as one; three times as many where eleven processes die one by one.
const KILLS: usize = 12;

/// Moments and victims are drawn from this, so that a failure can be repeated.
struct Draw(u64);

impl Draw {
    fn new() -> Self {
        let seed = std::env::var("HANDOFF_FAULT_SEED").ok().and_then(|s| s.parse().ok());
        let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
        eprintln!("HANDOFF_FAULT_SEED={seed}");
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// xorshift64*
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    async fn wait(&mut self, from: u64, to: u64) {
        tokio::time::sleep(Duration::from_millis(from + self.below(to - from))).await;
    }
}

/// A county that is registered and signed, its hub stopped.
async fn founded(config: impl FnOnce(PathBuf) -> Config) -> (TempDir, Config) {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path().join("hub"));
    let county = County::on(dir, &config).await.unwrap();
    (county.stop_keeping().await.unwrap(), config)
}

/// Starts a hub in this process on what is there, lets it finish, and reads what it has come to.
async fn come_to(dir: TempDir, config: &Config) -> Outcome {
    let mut county = County::again(dir, config).await.unwrap();
    county.settle().await.unwrap();
    let outcome = outcome::of(&county, &workload::keys()).await;
    county.stop().await.unwrap();
    outcome
}

fn creds(config: &Config) -> PathBuf {
    config.data.join("creds")
}

async fn undisturbed() -> Outcome {
    let (dir, config) = founded(Config::embedded).await;
    let county = County::again(dir, &config).await.unwrap();
    let url = county.session.url.clone();
    let door: Door = Arc::new(move || Some(url.clone()));
    let done = Arc::default();
    workload::publish(&door, &creds(&config), &done).await;
    let dir = county.stop_keeping().await.unwrap();
    come_to(dir, &config).await
}

/// Lets the rest of the workload pass, starting again what ends by itself.
async fn supervised(publishing: &tokio::task::JoinHandle<()>, mut keep: impl FnMut()) {
    while !publishing.is_finished() {
        keep();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Where a hub started by `handoff up` says it is.
fn of_run_file(data: &Path) -> Option<String> {
    let text = std::fs::read_to_string(Config::run_file(data)).ok()?;
    let run: serde_json::Value = serde_json::from_str(&text).ok()?;
    run["nats"].as_str().map(str::to_owned)
}

/// `handoff up` on SQLite: all services are one process, so they die together, or their nats-server does.
async fn on_sqlite(draw: &mut Draw) -> Outcome {
    let (dir, config) = founded(Config::embedded).await;
    let data = config.data.to_str().unwrap().to_owned();
    let mut hub = Supervised::new("up", &["up", "--data", &data, "--http", "127.0.0.1:0"], &[], dir.path());
    let folder = config.data.clone();
    let door: Door = Arc::new(move || of_run_file(&folder));
    let done: Arc<AtomicUsize> = Arc::default();
    let (creds, counted) = (creds(&config), Arc::clone(&done));
    hub.keep();
    let publishing = tokio::spawn(async move { workload::publish(&door, &creds, &counted).await });
    let mut servers = 0;
    while !publishing.is_finished() && hub.killed + servers < KILLS {
        draw.wait(300, 2500).await;
        hub.keep();
        // Only a hub that has come up again is worth killing.
        if of_run_file(&config.data).is_none() {
            continue;
        }
        if draw.below(3) == 0 {
            servers += usize::from(kill_server(&config.data).await);
        } else {
            hub.kill().await;
            let _ = std::fs::remove_file(Config::run_file(&config.data));
        }
        hub.keep();
    }
    supervised(&publishing, || hub.keep()).await;
    assert!(publishing.await.is_ok(), "{}", hub.said());
    hub.kill().await;
    eprintln!(
        "up was killed {} times and ended {} times, its nats-server was killed {servers} times",
        hub.killed, hub.ended
    );
    assert!(hub.killed >= 3 && servers >= 1, "too few kills to show anything\n{}", hub.said());
    assert_eq!(done.load(Ordering::SeqCst), EVENTS);
    come_to(dir, &config).await
}

/// Nine processes on PostgreSQL and a nats-server of others: each dies by itself.
async fn on_postgres(draw: &mut Draw) -> Outcome {
    let server = Postgres::shared().unwrap();
    let url = server.database().await.unwrap();
    let (dir, config) = founded(|data| Config { database_url: Some(url.clone()), ..Config::embedded(data) }).await;
    let data = config.data.to_str().unwrap().to_owned();
    let mut nats = Nats::start(&config.data).await;
    let nats_url = nats.url();
    let mut services: Vec<Supervised> = SERVICES
        .iter()
        .map(|name| {
            let args = ["run", name, "--data", &data, "--http", "127.0.0.1:0"];
            Supervised::new(name, &args, &[("NATS_URL", &nats_url), ("DATABASE_URL", &url)], dir.path())
        })
        .collect();
    let door: Door = Arc::new(move || Some(nats_url.clone()));
    let done: Arc<AtomicUsize> = Arc::default();
    let (creds, counted) = (creds(&config), Arc::clone(&done));
    services.iter_mut().for_each(Supervised::keep);
    let publishing = tokio::spawn(async move { workload::publish(&door, &creds, &counted).await });
    // Everybody once in a drawn order, the server among them, then again.
    let mut order: Vec<usize> = Vec::new();
    let mut kills = 0;
    while !publishing.is_finished() && kills < KILLS * 3 {
        kills += 1;
        draw.wait(100, 900).await;
        services.iter_mut().for_each(Supervised::keep);
        if order.is_empty() {
            order = (0..=services.len()).collect();
            for i in (1..order.len()).rev() {
                order.swap(i, usize::try_from(draw.below(i as u64 + 1)).unwrap());
            }
        }
        match order.pop().and_then(|n| services.get_mut(n)) {
            Some(service) => service.kill().await,
            None => {
                nats.kill().await;
                draw.wait(10, 300).await;
                nats.keep().await;
            }
        }
        services.iter_mut().for_each(Supervised::keep);
    }
    supervised(&publishing, || services.iter_mut().for_each(Supervised::keep)).await;
    let told = publishing.await;
    for service in services.iter().filter(|_| told.is_err()) {
        eprintln!("{}: {}", service.name, service.said());
    }
    told.unwrap();
    for service in &mut services {
        service.kill().await;
        eprintln!("{} was killed {} times and ended {} times", service.name, service.killed, service.ended);
        assert!(service.killed >= 2, "{} was hardly killed\n{}", service.name, service.said());
    }
    assert!(nats.killed >= 1);
    assert_eq!(done.load(Ordering::SeqCst), EVENTS);
    nats.stop().await;
    come_to(dir, &config).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a6_kills_at_random_moments_lose_and_double_nothing() {
    let mut draw = Draw::new();
    let wanted = undisturbed().await;
    assert_eq!(wanted.commits.len(), EVENTS, "the story is told whole");
    for (database, found) in [("SQLite", on_sqlite(&mut draw).await), ("PostgreSQL", on_postgres(&mut draw).await)] {
        let differences = found.against(&wanted);
        let shown = differences.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
        assert!(differences.is_empty(), "{database}: {} differences\n{shown}", differences.len());
    }
}
