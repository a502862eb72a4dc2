//! A whole hub in one process, or one service of it: broker, vault, store, then the services under one shutdown.

mod ground;
mod launch;
mod law;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use handoff_gateway::Reader;
use handoff_schemas::LogPos;
use handoff_spine::broker::Broker;
use handoff_spine::directory::Directory;
use handoff_spine::log::EVENTS;
use handoff_spine::store::Store;
use handoff_spine::telemetry::Health;
use handoff_spine::vault::Vault;

use crate::config::Config;
use launch::Services;

pub use ground::Ground;
pub use launch::Part;

/// How long a backlog may take.
const SETTLE: Duration = Duration::from_secs(300);

/// A started hub. Dropping it without [`Hub::stop`] ends the services but waits for nothing.
pub struct Hub {
    pub broker: Arc<Broker>,
    pub store: Store,
    pub vault: Vault,
    pub health: Health,
    pub directory: Directory,
    pub policy: handoff_policy::Handle,
    pub views: handoff_views::Handle,
    pub ledger: handoff_ledger::Handle,
    pub reader: Reader,
    pub data: PathBuf,
    services: Services,
}

impl Hub {
    /// Starts everything and waits until it serves.
    ///
    /// # Errors
    /// What kept a part from starting, with its code.
    pub async fn start(config: &Config) -> Result<Self> {
        let ground = Ground::open(config).await?;
        let mut services = Services::new(ground.health.clone());
        let directory = ground.directory(services.shutdown()).await?;
        let policy = services.policy(&ground).await?;
        let views = services.views(&ground, &directory).await?;
        let ledger = services.ledger(&ground).await?;
        for name in launch::DECIDERS {
            services.decider(name, &ground, &directory).await?;
        }
        let reader = services.gateway(&ground, &directory, config).await?;
        services.credentials(&ground, &directory);
        services.until_ready().await?;
        Ok(Self {
            broker: ground.broker,
            store: ground.store,
            vault: ground.vault,
            health: ground.health,
            directory,
            policy,
            views,
            ledger,
            reader,
            data: ground.data,
            services,
        })
    }

    /// Waits until a service or the hub's own nats-server ends by itself, which is a failure of the hub.
    ///
    /// # Errors
    /// Why the service ended; HO-9006 where the nats-server did.
    pub async fn failed(&mut self) -> Result<()> {
        tokio::select! {
            failed = self.services.failed() => failed,
            () = self.broker.ended() => {
                bail!("HO-9006 the hub's nats-server ended: start the hub again, nothing acknowledged is lost")
            }
        }
    }

    /// Waits until every position up to now is ruled, on the ledger, in the views and standing.
    ///
    /// # Errors
    /// Why a service ended before; HO-9004 where it takes longer than five minutes.
    pub async fn settle(&mut self) -> Result<()> {
        let all = async {
            // Ruling may append sweeps of its own, which want ruling too.
            loop {
                let last = LogPos(self.reader.log.last(EVENTS).await?);
                if !self.policy.reached(last).await {
                    bail!("HO-9004 policy ended");
                }
                let releases = self.policy.appended();
                let settled = self.views.has_rows(releases).await
                    && self.views.stands(last).await
                    && self.ledger.wait_for(releases).await;
                if !settled {
                    bail!("HO-9004 the views or the ledger ended");
                }
                if self.reader.log.last(EVENTS).await? == last.0 {
                    return Ok(());
                }
            }
        };
        tokio::select! {
            // First: why a service ended says more than that others wait for it in vain.
            biased;
            failed = self.services.failed() => failed,
            settled = tokio::time::timeout(SETTLE, all) => settled.context("HO-9004 the hub does not keep up")?,
        }
    }

    /// Ends after a failure: at once, since what the services would wait for may be gone.
    ///
    /// # Errors
    /// Where the broker cannot be ended.
    pub async fn abort(self) -> Result<()> {
        self.services.abort().await;
        self.store.close().await;
        self.broker.stop().await?;
        Ok(())
    }

    /// Ends every service, each finishing what it acknowledged, then the broker and the databases.
    ///
    /// # Errors
    /// What did not end cleanly.
    pub async fn stop(self) -> Result<()> {
        self.services.stop().await?;
        self.store.close().await;
        self.broker.stop().await?;
        Ok(())
    }
}
