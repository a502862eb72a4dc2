use std::fs::{File, TryLockError};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::Mutex;

use super::error::{BrokerError, Result};

const START_PATIENCE: Duration = Duration::from_secs(30);
const STOP_PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(10);

/// The hub's hold on a data folder's broker; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Hold(#[expect(dead_code, reason = "held, not read")] File);

impl Hold {
    /// # Errors
    /// HO-3303 where another hub runs on this folder.
    pub fn take(nats: &Path) -> Result<Self> {
        let path = nats.join("lock");
        let file = File::create(&path).map_err(BrokerError::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(BrokerError::InUse { dir: nats.to_path_buf() }),
            Err(TryLockError::Error(e)) => Err(BrokerError::io(&path)(e)),
        }
    }
}

/// A running nats-server that ends when the hub ends.
///
/// A child outlives a parent that is killed. Without `unsafe` a child cannot ask the system to be ended with its
/// parent, so a shell waits on a pipe that only the hub holds: when the pipe closes, by a stop or by the hub's death,
/// the shell sends SIGTERM. Should the shell be gone too, the next start finds the pid file ([`stop_stale`]).
#[derive(Debug)]
pub struct Server {
    child: Mutex<Child>,
    lifeline: Mutex<Option<Lifeline>>,
    pub port: u16,
    log: PathBuf,
}

#[derive(Debug)]
struct Lifeline {
    shell: Child,
    /// Closing it stops the server.
    _pipe: Option<ChildStdin>,
}

/// Beyond this the server's garbage is collected eagerly; what it needs it still takes. What was stored last stays in
/// its memory for a while, and without a bound it keeps several times that.
const MEMORY: &str = "128MiB";

impl Server {
    /// Starts the server and waits until it has said on which port it listens.
    ///
    /// # Errors
    /// HO-3304, HO-3305.
    pub async fn start(program: &Path, nats: &Path) -> Result<Self> {
        clear_ports_files(nats);
        let mut command = std::process::Command::new(program);
        command.arg("-c").arg(nats.join("nats.conf"));
        if std::env::var_os("GOMEMLIMIT").is_none() {
            command.env("GOMEMLIMIT", MEMORY);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own: Ctrl-C is for the hub, which stops its services first and the broker last.
        command.process_group(0);
        let mut child = Command::from(command).kill_on_drop(true).spawn().map_err(BrokerError::io(program))?;
        let log = nats.join("nats.log");
        let not_started = |why| BrokerError::NotStarted { why, log: log.clone() };
        let pid = child.id().ok_or_else(|| not_started("it ended at once"))?;
        let lifeline = lifeline(pid)?;
        let deadline = Instant::now() + START_PATIENCE;
        let port = loop {
            if let Some(port) = port_of(nats, pid) {
                break port;
            }
            if child.try_wait().map_err(BrokerError::io(program))?.is_some() {
                return Err(not_started("it ended at once"));
            }
            if Instant::now() > deadline {
                return Err(not_started("it did not listen in time"));
            }
            tokio::time::sleep(POLL).await;
        };
        Ok(Self { child: Mutex::new(child), lifeline: Mutex::new(Some(lifeline)), port, log })
    }

    /// Lets the server finish what it holds and waits for its end.
    ///
    /// # Errors
    /// HO-3304 where the system refuses to end it.
    pub async fn stop(&self) -> Result<()> {
        let mut child = self.child.lock().await;
        let Some(lifeline) = self.lifeline.lock().await.take() else { return Ok(()) };
        if child.try_wait().map_err(BrokerError::io(&self.log))?.is_some() {
            // Already gone: its pid may be somebody else's by now, so the shell must not act.
            return end(lifeline.shell).await.map_err(BrokerError::io(&self.log));
        }
        let Lifeline { mut shell, _pipe } = lifeline;
        drop(_pipe);
        if tokio::time::timeout(STOP_PATIENCE, child.wait()).await.is_err() {
            tracing::warn!("nats-server did not stop in time and was ended; nothing acknowledged is lost");
            child.kill().await.map_err(BrokerError::io(&self.log))?;
        }
        shell.wait().await.map(|_| ()).map_err(BrokerError::io(&self.log))
    }

    /// Returns when the server has ended, by itself or stopped: without it the hub cannot go on.
    pub async fn ended(&self) {
        loop {
            if !matches!(self.child.lock().await.try_wait(), Ok(None)) {
                // The pid may now be given to another process: the shell must not signal it.
                if let Some(lifeline) = self.lifeline.lock().await.take() {
                    let _ = end(lifeline.shell).await;
                }
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

async fn end(mut shell: Child) -> std::io::Result<()> {
    shell.kill().await
}

fn lifeline(pid: u32) -> Result<Lifeline> {
    let mut command = std::process::Command::new("/bin/sh");
    command.args(["-c", "read -r _; kill -TERM \"$1\" 2>/dev/null", "handoff-lifeline"]).arg(pid.to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut shell = Command::from(command).spawn().map_err(BrokerError::io("/bin/sh"))?;
    let pipe = shell.stdin.take();
    Ok(Lifeline { shell, _pipe: pipe })
}

/// Stops the server that a crashed hub left on this folder. Call with the [`Hold`] taken: then it is nobody's.
///
/// # Errors
/// HO-3316 where it does not stop.
pub async fn stop_stale(nats: &Path) -> Result<()> {
    let pid_file = nats.join("nats.pid");
    let Some(pid) = std::fs::read_to_string(&pid_file).ok().and_then(|text| text.trim().parse::<u32>().ok()) else {
        return Ok(());
    };
    let conf = nats.join("nats.conf");
    if runs_with(pid, &conf) {
        tracing::warn!(pid, "stopping the nats-server that a crashed hub left behind");
        for (name, patience) in [("TERM", STOP_PATIENCE), ("KILL", STOP_PATIENCE)] {
            signal(pid, name).await?;
            let deadline = Instant::now() + patience;
            while runs_with(pid, &conf) && Instant::now() < deadline {
                tokio::time::sleep(POLL).await;
            }
        }
        if runs_with(pid, &conf) {
            return Err(BrokerError::Stale { pid });
        }
    }
    let _ = std::fs::remove_file(pid_file);
    Ok(())
}

async fn signal(pid: u32, name: &str) -> Result<()> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "kill -\"$1\" \"$2\" 2>/dev/null", "sh", name]).arg(pid.to_string());
    command.status().await.map(|_| ()).map_err(BrokerError::io("/bin/sh"))
}

/// Whether `pid` is a live nats-server of this very folder: pids are used again, command lines tell.
fn runs_with(pid: u32, conf: &Path) -> bool {
    let wanted = conf.to_string_lossy();
    match std::fs::read(format!("/proc/{pid}/cmdline")) {
        // A zombie's command line is empty.
        Ok(line) => line.split(|b| *b == 0).any(|arg| arg == wanted.as_bytes()),
        Err(_) if Path::new("/proc/self").exists() => false,
        Err(_) => std::process::Command::new("ps")
            .args(["-o", "args=", "-p", &pid.to_string()])
            .output()
            .is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(&*wanted)),
    }
}

#[derive(Deserialize)]
struct PortsFile {
    nats: Vec<String>,
}

/// nats-server writes `<program>_<pid>.ports` once it listens.
fn port_of(nats: &Path, pid: u32) -> Option<u16> {
    let file = ports_files(nats).find(|path| path.to_string_lossy().ends_with(&format!("_{pid}.ports")))?;
    let ports: PortsFile = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    ports.nats.iter().find_map(|url| url.rsplit(':').next()?.parse().ok())
}

fn clear_ports_files(nats: &Path) {
    for file in ports_files(nats) {
        let _ = std::fs::remove_file(file);
    }
}

fn ports_files(nats: &Path) -> impl Iterator<Item = PathBuf> {
    let files = std::fs::read_dir(nats).into_iter().flatten().flatten().map(|entry| entry.path());
    files.filter(|path| path.extension().is_some_and(|e| e == "ports"))
}
