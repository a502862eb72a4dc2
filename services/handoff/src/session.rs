//! A verb's way to a hub: the one that runs on the data folder, or one started for the length of the verb.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use handoff_schemas::{EventType, PartnerId, PersonId, UnitId};
use handoff_spine::broker::{Broker, ServiceName};
use handoff_spine::command::{Answer, Command, Item, RecordRef};
use handoff_spine::directory::{Directory, OPERATOR};
use handoff_spine::log::Log;
use handoff_spine::rpc;
use handoff_spine::store::Store;
use handoff_spine::vault::{KekFiles, Vault};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::client::Partner;
use crate::config::Config;
use crate::hub::Hub;

/// What a running hub writes beside its data, for the verbs.
#[derive(Debug, Serialize, Deserialize)]
pub struct Running {
    pub nats: String,
    pub http: Option<String>,
    pub pid: u32,
}

/// An operator's session with a hub.
pub struct Session {
    pub log: Log,
    pub vault: Vault,
    pub store: Store,
    pub directory: Directory,
    pub url: String,
    pub data: PathBuf,
    own: Option<Box<Hub>>,
    shutdown: CancellationToken,
}

impl Session {
    /// Joins the hub that runs on `data`, or starts one for this verb.
    ///
    /// # Errors
    /// What kept either from working.
    pub async fn open(data: &Path) -> Result<Self> {
        let config = Config::from_env(data);
        if let Some(running) = running(data) {
            let data = data.canonicalize()?;
            let store = config.store(&data);
            let vault = Vault::open(&store, Arc::new(KekFiles::new(&data))).await?;
            let broker = Broker::external(running.nats.clone(), data.join("creds")).await;
            let broker = broker.context("HO-9012 the hub's run.json is there but its broker does not answer")?;
            return Self::with(&broker, store, vault, running.nats, data, None).await;
        }
        let hub = Hub::start(&config).await?;
        Self::of(hub).await
    }

    /// A session on a hub of this process, which it stops at its end.
    ///
    /// # Errors
    /// The broker's.
    pub async fn of(hub: Hub) -> Result<Self> {
        let broker = Arc::clone(&hub.broker);
        let (store, vault, data) = (hub.store.clone(), hub.vault.clone(), hub.data.clone());
        let url = broker.url().to_owned();
        Self::with(&broker, store, vault, url, data, Some(Box::new(hub))).await
    }

    async fn with(
        broker: &Broker,
        store: Store,
        vault: Vault,
        url: String,
        data: PathBuf,
        own: Option<Box<Hub>>,
    ) -> Result<Self> {
        let log = Log::new(broker.connect(ServiceName::Operator).await?, vault.log_key().await?);
        let shutdown = CancellationToken::new();
        let directory = Directory::start(&log, shutdown.clone()).await?;
        Ok(Self { log, vault, store, directory, url, data, own, shutdown })
    }

    /// The hub, where it runs in this process.
    pub fn hub(&mut self) -> Option<&mut Hub> {
        self.own.as_deref_mut()
    }

    /// One operator command with one item, about the hub itself.
    ///
    /// # Errors
    /// The transport's; the inner result is the service's answer.
    pub async fn command(
        &self,
        service: &str,
        key: &str,
        record: &str,
        event_type: &str,
        data: Value,
    ) -> Result<Answer> {
        self.command_as(&OPERATOR.parse()?, service, [key, record, event_type], data, None).await
    }

    /// One command of the operator in a unit's name: what the unit's records steward decided.
    ///
    /// # Errors
    /// As [`Session::command`].
    pub async fn command_as(
        &self,
        unit: &UnitId,
        service: &str,
        [key, record, event_type]: [&str; 3],
        data: Value,
        other: Option<PersonId>,
    ) -> Result<Answer> {
        let event_type: EventType = event_type.parse()?;
        let command = Command {
            unit: unit.clone(),
            key: key.to_owned(),
            record: RecordRef::Key(record.to_owned()),
            incident: None,
            items: vec![Item { event_type, person: None, other, asserted_at: None, data }],
            fresh: [Uuid::new_v4(), Uuid::new_v4()],
        };
        Ok(rpc::ask(&self.log, &format!("cmd.{service}"), &command, Duration::from_secs(20)).await?)
    }

    /// The agency of a unit.
    ///
    /// # Errors
    /// HO-9013 where the unit is not registered.
    pub fn partner_of(&self, unit: &UnitId) -> Result<PartnerId> {
        match self.directory.unit(unit) {
            Some(facts) => Ok(facts.partner.clone()),
            None => bail!("HO-9013 unit `{unit}` is not registered with this hub: see `handoff unit list`"),
        }
    }

    /// Connects as a partner, with the credential the hub issued to it.
    ///
    /// # Errors
    /// HO-9010, HO-9014.
    pub async fn partner(&self, partner: &PartnerId) -> Result<Partner> {
        let creds = self.data.join("creds").join(format!("partner-{partner}.creds"));
        let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
        // The hub issues the credential when it reads the registration; that is a moment after the answer.
        while !creds.exists() {
            if tokio::time::Instant::now() > deadline {
                bail!("HO-9014 partner `{partner}` has no credential in {}", creds.display());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Partner::connect(&self.url, &creds).await
    }

    /// The person behind a unit's local id, or none where it was never used.
    ///
    /// # Errors
    /// The log's.
    pub async fn person(&self, unit: &UnitId, local: &str) -> Result<Option<PersonId>> {
        let record = self.vault.id_key().await?.record_id(unit, &format!("local:{local}"));
        let history = self.log.history(&handoff_spine::intake::subject("person", record)).await?;
        Ok(history.iter().flat_map(|e| &e.commit.events).find_map(|e| e.person))
    }

    /// Ends the session, and the hub where it was started for it.
    ///
    /// # Errors
    /// What did not end cleanly.
    pub async fn close(self) -> Result<()> {
        self.shutdown.cancel();
        match self.own {
            Some(hub) => hub.stop().await,
            None => {
                self.store.close().await;
                Ok(())
            }
        }
    }
}

/// The hub that runs on a data folder, if one does.
pub fn running(data: &Path) -> Option<Running> {
    let text = std::fs::read_to_string(Config::run_file(data)).ok()?;
    let running: Running = serde_json::from_str(&text).ok()?;
    // A hub that was killed leaves its file; a process that is gone runs nothing.
    Path::new(&format!("/proc/{}", running.pid)).exists().then_some(running)
}
