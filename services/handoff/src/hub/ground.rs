use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use handoff_spine::broker::{self, Broker, ServiceName};
use handoff_spine::directory::Directory;
use handoff_spine::log::Log;
use handoff_spine::store::Store;
use handoff_spine::telemetry::Health;
use handoff_spine::vault::{KekFiles, Vault};
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// What is common to all services of a process: broker, databases, keys.
pub struct Ground {
    pub broker: Arc<Broker>,
    pub store: Store,
    pub vault: Vault,
    pub health: Health,
    pub data: PathBuf,
}

impl Ground {
    /// Opens the data folder, making it at first use.
    ///
    /// # Errors
    /// Each part's, with its code and remedy.
    pub async fn open(config: &Config) -> Result<Self> {
        std::fs::create_dir_all(&config.data)
            .with_context(|| format!("HO-9001 the data folder {} cannot be made", config.data.display()))?;
        let data = config.data.canonicalize().context("HO-9001 the data folder cannot be resolved")?;
        let store = config.store(&data);
        let vault = Vault::open(&store, Arc::new(KekFiles::new(&data))).await?;
        let broker = match &config.nats_url {
            Some(url) => Broker::external(url.clone(), data.join("creds")).await?,
            None => Broker::start(broker::Options::on(&data)).await?,
        };
        Ok(Self { broker: Arc::new(broker), store, vault, health: Health::default(), data })
    }

    /// A log handle with one service's own credential.
    ///
    /// # Errors
    /// The broker's or the vault's.
    pub async fn log(&self, service: ServiceName) -> Result<Log> {
        let client = self.broker.connect(service).await?;
        Ok(Log::new(client, self.vault.log_key().await?))
    }

    /// Units and partners, read up to now and followed until shutdown.
    ///
    /// # Errors
    /// The log's.
    pub async fn directory(&self, shutdown: CancellationToken) -> Result<Directory> {
        Ok(Directory::start(&self.log(ServiceName::Views).await?, shutdown).await?)
    }
}
