//! Where a hub keeps its data and what it listens on: options, then environment, then defaults.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use handoff_spine::store::Store;

/// Settings of one hub.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder: broker store, credentials, databases, keys, ledger.
    pub data: PathBuf,
    /// A NATS that others run; the hub starts its own child where absent.
    pub nats_url: Option<String>,
    /// PostgreSQL; SQLite files in the data folder where absent.
    pub database_url: Option<String>,
    /// Prefix of the hub's schemas and roles in PostgreSQL.
    pub database_prefix: String,
    /// Address of health, metrics and later the API; port 0 takes a free one.
    pub http: Option<SocketAddr>,
    /// Folder with the NEMSIS XSD files, to check whole care reports against the standard.
    pub nemsis_xsd: Option<PathBuf>,
}

/// Where `up` listens by default: this machine only.
pub const HTTP: &str = "127.0.0.1:8470";

impl Config {
    /// The defaults on a data folder, for embedded use: nothing listens but the broker, on a free port.
    #[must_use]
    pub fn embedded(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            nats_url: None,
            database_url: None,
            database_prefix: "handoff".to_owned(),
            http: None,
            nemsis_xsd: None,
        }
    }

    /// As [`Config::embedded`], with what the environment says: `NATS_URL`, `DATABASE_URL`, `HANDOFF_NEMSIS_XSD`.
    #[must_use]
    pub fn from_env(data: impl Into<PathBuf>) -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        Self {
            nats_url: set("NATS_URL"),
            database_url: set("DATABASE_URL"),
            database_prefix: set("HANDOFF_DATABASE_PREFIX").unwrap_or_else(|| "handoff".to_owned()),
            nemsis_xsd: set("HANDOFF_NEMSIS_XSD").map(PathBuf::from),
            ..Self::embedded(data)
        }
    }

    /// The databases: PostgreSQL where one is configured, else SQLite files in `data`, the resolved data folder.
    #[must_use]
    pub fn store(&self, data: &Path) -> Store {
        match &self.database_url {
            Some(url) => Store::postgres(url.clone(), self.database_prefix.clone()),
            None => Store::sqlite(data.join("db")),
        }
    }

    /// Where a running hub says how to reach it.
    #[must_use]
    pub fn run_file(data: &Path) -> PathBuf {
        data.join("run.json")
    }
}
