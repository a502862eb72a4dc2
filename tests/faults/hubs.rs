//! Hubs as processes that a test may kill, and a supervisor that starts them again, as systemd would.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use handoff_spine::broker::{Broker, Options};
use handoff_tests::binary;
use tokio::process::{Child, Command};

/// A process of the hub that is started again whenever it has ended.
pub struct Supervised {
    pub name: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    log: PathBuf,
    child: Option<Child>,
    /// How often it was killed, and how often it ended by itself.
    pub killed: usize,
    pub ended: usize,
}

impl Supervised {
    pub fn new(name: &str, args: &[&str], env: &[(&str, &str)], logs: &Path) -> Self {
        let own = |texts: &[&str]| texts.iter().map(|&t| t.to_owned()).collect();
        let env = env.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
        let log = logs.join(format!("{name}.log"));
        Self { name: name.to_owned(), args: own(args), env, log, child: None, killed: 0, ended: 0 }
    }

    /// Starts it if it does not run.
    pub fn keep(&mut self) {
        if let Some(child) = &mut self.child
            && let Some(status) = child.try_wait().unwrap()
        {
            assert!(!status.success(), "{} ended in good order by itself", self.name);
            self.ended += 1;
            self.child = None;
        }
        if self.child.is_none() {
            let log = std::fs::File::options().create(true).append(true).open(&self.log).unwrap();
            let mut command = Command::new(binary().unwrap());
            command.args(&self.args).env_remove("NATS_URL").env_remove("DATABASE_URL").env("HANDOFF_LOG", "warn");
            command.envs(self.env.iter().map(|(k, v)| (k, v)));
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
            self.child = Some(command.spawn().unwrap());
        }
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().await.unwrap();
            self.killed += 1;
        }
    }

    /// The end of what it logged, for a failed test.
    pub fn said(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().filter(|l| !l.contains("broker connection")).collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// A nats-server that the test runs for others, and kills.
pub struct Nats {
    options: Options,
    broker: Option<Broker>,
    pub killed: usize,
}

impl Nats {
    /// On a port that stays the same however often it is started.
    pub async fn start(data: &Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut this = Self { options: Options { port, ..Options::on(data) }, broker: None, killed: 0 };
        this.keep().await;
        this
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.options.port)
    }

    pub async fn keep(&mut self) {
        if self.broker.is_none() {
            self.broker = Some(Broker::start(self.options.clone()).await.unwrap());
        }
    }

    /// `kill -9` of the server; the hub's processes find nobody there.
    pub async fn kill(&mut self) {
        kill_server(&self.options.data).await;
        if let Some(broker) = self.broker.take() {
            tokio::time::timeout(Duration::from_secs(10), broker.ended()).await.unwrap();
        }
        self.killed += 1;
    }

    pub async fn stop(mut self) {
        if let Some(broker) = self.broker.take() {
            broker.stop().await.unwrap();
        }
    }
}

/// `kill -9` of the nats-server on a data folder; false where none runs.
pub async fn kill_server(data: &Path) -> bool {
    let Ok(pid) = std::fs::read_to_string(data.join("nats/nats.pid")) else { return false };
    let done = Command::new("/bin/kill").args(["-KILL", pid.trim()]).stderr(Stdio::null()).status().await.unwrap();
    done.success()
}
