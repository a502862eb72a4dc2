use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const START_PATIENCE: Duration = Duration::from_secs(60);

/// Why there is no PostgreSQL for the tests.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    #[error("PostgreSQL's `initdb` was not found: run `deploy/setup --tests`")]
    NotFound,
    #[error("PostgreSQL refuses to run as root and there is no user `postgres`: run `deploy/setup --tests`")]
    NoUser,
    #[error("`{what}` failed: {why}")]
    Failed { what: &'static str, why: String },
}

/// A PostgreSQL server of this test process's own: a temporary folder, a Unix socket in it, no TCP port.
///
/// It runs as the user `postgres` where the tests run as root, without fsync, and ends and cleans up with the
/// process, even one that is killed: a shell waits on a pipe that only this process holds.
#[derive(Debug)]
pub struct Postgres {
    dir: PathBuf,
    _pipe: ChildStdin,
}

impl Postgres {
    /// The server that all tests of this process share; started at the first call. Use [`Postgres::database`] for a
    /// place of one's own on it.
    ///
    /// # Errors
    /// [`PostgresError`] where PostgreSQL is not installed or does not start.
    pub fn shared() -> Result<&'static Self, PostgresError> {
        static SHARED: Mutex<Option<&'static Postgres>> = Mutex::new(None);
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = *shared {
            return Ok(running);
        }
        let started = &*Box::leak(Box::new(Self::start()?));
        *shared = Some(started);
        Ok(started)
    }

    /// Starts a server of one's own; dropping it ends it.
    ///
    /// # Errors
    /// As [`Postgres::shared`].
    pub fn start() -> Result<Self, PostgresError> {
        let bin = programs().ok_or(PostgresError::NotFound)?;
        let user = User::to_run_as()?;
        // A short path: a socket's may have 107 bytes only.
        let made = tempfile::Builder::new().prefix("handoff-pg-").tempdir().map_err(failed("mkdir"))?;
        std::fs::set_permissions(made.path(), std::fs::Permissions::from_mode(0o700)).map_err(failed("chmod"))?;
        if let Some(User { uid, gid }) = user {
            chown(made.path(), Some(uid), Some(gid)).map_err(failed("chown"))?;
        }
        let dir = made.path().to_path_buf();
        let initdb = command(&bin, "initdb", user, &dir)
            .args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(dir.join("data"))
            .output()
            .map_err(failed("initdb"))?;
        if !initdb.status.success() {
            return Err(PostgresError::Failed { what: "initdb", why: String::from_utf8_lossy(&initdb.stderr).into() });
        }
        let log = std::fs::File::create(dir.join("log")).map_err(failed("log"))?;
        let mut server = command(&bin, "postgres", user, &dir);
        server.arg("-D").arg(dir.join("data")).arg("-k").arg(&dir);
        for setting in [
            "listen_addresses=",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "max_connections=200",
            "shared_buffers=64MB",
        ] {
            server.args(["-c", setting]);
        }
        let mut server = server.process_group(0).stderr(log).spawn().map_err(failed("postgres"))?;
        let pipe = lifeline(server.id(), &dir)?;
        // From here on the shell removes the folder.
        let _ = made.keep();
        let running = Self { dir, _pipe: pipe };
        running.wait_ready(&mut server)?;
        Ok(running)
    }

    /// Creates a new, empty database and returns its URL.
    ///
    /// # Errors
    /// [`PostgresError::Failed`].
    pub async fn database(&self) -> Result<String, PostgresError> {
        use sqlx::Connection as _;
        let failed = |e: sqlx::Error| PostgresError::Failed { what: "create database", why: e.to_string() };
        let name = format!("t{}", uuid::Uuid::new_v4().simple());
        let mut admin = sqlx::PgConnection::connect(&self.url("postgres")).await.map_err(failed)?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut admin)
            .await
            .map_err(failed)?;
        admin.close().await.map_err(failed)?;
        Ok(self.url(&name))
    }

    /// The URL of a database on this server, as its superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.dir.display())
    }

    /// The server writes `ready` into its pid file once it takes connections.
    fn wait_ready(&self, server: &mut Child) -> Result<(), PostgresError> {
        let log = || std::fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        let deadline = Instant::now() + START_PATIENCE;
        let pid_file = self.dir.join("data/postmaster.pid");
        while Instant::now() < deadline {
            let said = std::fs::read_to_string(&pid_file).unwrap_or_default();
            if said.lines().nth(7).is_some_and(|state| state.trim() == "ready") {
                return Ok(());
            }
            if server.try_wait().map_err(failed("postgres"))?.is_some() {
                return Err(PostgresError::Failed { what: "postgres", why: log() });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(PostgresError::Failed { what: "postgres", why: format!("not ready in time: {}", log()) })
    }
}

/// Ends the server at once (SIGQUIT) and removes its folder when the pipe closes.
fn lifeline(pid: u32, dir: &Path) -> Result<ChildStdin, PostgresError> {
    const SCRIPT: &str = "read -r _; kill -QUIT \"$1\" 2>/dev/null; \
         while kill -0 \"$1\" 2>/dev/null && [ -e \"$2/data/postmaster.pid\" ]; do sleep 0.05; done; rm -rf \"$2\"";
    let mut shell = Command::new("/bin/sh")
        .args(["-c", SCRIPT, "handoff-lifeline"])
        .arg(pid.to_string())
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/")
        .process_group(0)
        .spawn()
        .map_err(failed("sh"))?;
    shell.stdin.take().ok_or_else(|| PostgresError::Failed { what: "sh", why: "it has no input".to_owned() })
}

fn command(bin: &Path, program: &str, user: Option<User>, dir: &Path) -> Command {
    let mut command = Command::new(bin.join(program));
    command.stdin(Stdio::null()).stdout(Stdio::null()).current_dir(dir).env("LC_ALL", "C");
    if let Some(User { uid, gid }) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// The folder with `initdb` and `postgres`: on `PATH`, or where Debian keeps them (the newest).
fn programs() -> Option<PathBuf> {
    let mut debian: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    debian.sort();
    debian.reverse();
    let on_path = std::env::var_os("PATH");
    let on_path = on_path.iter().flat_map(std::env::split_paths);
    // `initdb` looks for `postgres` beside itself, so a link on PATH is followed to the real folder.
    let real = on_path.filter_map(|dir| Some(dir.join("initdb").canonicalize().ok()?.parent()?.to_path_buf()));
    real.chain(debian).find(|dir| dir.join("initdb").is_file() && dir.join("postgres").is_file())
}

#[derive(Clone, Copy, Debug)]
struct User {
    uid: u32,
    gid: u32,
}

impl User {
    /// Nobody else, unless this is root.
    fn to_run_as() -> Result<Option<Self>, PostgresError> {
        if number(&["-u"])? != 0 {
            return Ok(None);
        }
        let of = |flag| number(&[flag, "postgres"]).map_err(|_| PostgresError::NoUser);
        Ok(Some(Self { uid: of("-u")?, gid: of("-g")? }))
    }
}

fn number(args: &[&str]) -> Result<u32, PostgresError> {
    let out = Command::new("id").args(args).output().map_err(failed("id"))?;
    let said = String::from_utf8_lossy(&out.stdout);
    said.trim().parse().map_err(|_| failed("id")(ErrorKind::NotFound.into()))
}

fn failed(what: &'static str) -> impl FnOnce(std::io::Error) -> PostgresError {
    move |e| PostgresError::Failed { what, why: e.to_string() }
}
