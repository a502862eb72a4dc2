//! Starting services, one by one or all together, and noticing when one ends.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use handoff_gateway::adapter::XsdFolder;
use handoff_gateway::{Gateway, Publisher, Reader};
use handoff_law::Bundle;
use handoff_policy::Policy;
use handoff_schemas::{RecordId, UnitId};
use handoff_spine::broker::ServiceName;
use handoff_spine::decider::Decider;
use handoff_spine::directory::Directory;
use handoff_spine::intake::Intake;
use handoff_spine::service::{Service, ServiceError};
use handoff_spine::store::DbName;
use handoff_spine::telemetry::Health;
use handoff_views::Views;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Ground;
use crate::config::Config;

/// The services that decide commands.
pub const DECIDERS: [ServiceName; 5] =
    [ServiceName::Registry, ServiceName::Identity, ServiceName::Encounter, ServiceName::Consent, ServiceName::Referral];

/// Services of this process under one shutdown.
pub struct Services {
    running: JoinSet<(&'static str, Result<(), ServiceError>)>,
    shutdown: CancellationToken,
    health: Health,
}

impl Services {
    #[must_use]
    pub fn new(health: Health) -> Self {
        Self { running: JoinSet::new(), shutdown: CancellationToken::new(), health }
    }

    #[must_use]
    pub fn shutdown(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    fn spawn<S: Service>(&mut self, service: S) {
        let shutdown = self.shutdown.clone();
        self.running.spawn(async move { (S::NAME, service.run(shutdown).await) });
    }

    pub async fn policy(&mut self, ground: &Ground) -> Result<handoff_policy::Handle> {
        let (policy, handle) = Policy::new(handoff_policy::Options {
            log: ground.log(ServiceName::Policy).await?,
            opener: ground.vault.opener(),
            bundle: Bundle::embedded()?,
            health: self.health.clone(),
        });
        self.health.not_ready("policy", "starting");
        self.spawn(policy);
        Ok(handle)
    }

    pub async fn views(&mut self, ground: &Ground, directory: &Directory) -> Result<handoff_views::Handle> {
        let (views, handle) = Views::new(handoff_views::Options {
            log: ground.log(ServiceName::Views).await?,
            store: ground.store.clone(),
            health: self.health.clone(),
            partners: directory.partners(),
        });
        self.health.not_ready("views", "starting");
        self.spawn(views);
        Ok(handle)
    }

    pub async fn ledger(&mut self, ground: &Ground) -> Result<handoff_ledger::Handle> {
        let db = ground.store.open(&DbName::Ledger).await?;
        let seed = *ground.vault.signing_seed().await?.expose();
        let log = ground.log(ServiceName::Ledger).await?;
        let options = handoff_ledger::Options::default();
        let (ledger, handle) = handoff_ledger::Ledger::new(options, &ground.data, log, db, seed).await?;
        self.health.ready("ledger");
        self.spawn(ledger);
        Ok(handle)
    }

    pub async fn gateway(&mut self, ground: &Ground, directory: &Directory, config: &Config) -> Result<Reader> {
        let xsd = match &config.nemsis_xsd {
            Some(folder) => Some(Arc::new(XsdFolder::open(folder)?)),
            None => None,
        };
        let reader = Reader {
            log: ground.log(ServiceName::Gateway).await?,
            store: ground.store.clone(),
            opener: ground.vault.release_opener(),
            directory: directory.clone(),
        };
        let publisher = Publisher::new(reader.clone(), ground.vault.id_key().await?, xsd);
        let broker = Arc::clone(&ground.broker);
        let gateway = Gateway::new(handoff_gateway::Options {
            reader: reader.clone(),
            publisher,
            partner_of: Arc::new(move |account| broker.partner_of(account)),
            health: self.health.clone(),
        });
        self.health.not_ready("gateway", "starting");
        self.spawn(gateway);
        Ok(reader)
    }

    pub async fn decider(&mut self, name: ServiceName, ground: &Ground, directory: &Directory) -> Result<()> {
        let units = directory.clone();
        match name {
            ServiceName::Registry => {
                let registry = handoff_registry::Registrar::new(Arc::new(units));
                self.decide(registry, name, ground, directory).await
            }
            ServiceName::Identity => {
                let is_victim_services = move |unit: &_| units.unit(unit).is_some_and(|u| u.victim_services);
                let identities = handoff_identity::Identities::new(Arc::new(is_victim_services));
                self.decide(identities, name, ground, directory).await
            }
            ServiceName::Encounter => self.decide(handoff_encounter::Encounters, name, ground, directory).await,
            ServiceName::Consent => {
                let consents = handoff_consent::Consents::new(names(ground).await?);
                self.decide(consents, name, ground, directory).await
            }
            ServiceName::Referral => {
                let names = names(ground).await?;
                let is_known = Arc::new(move |unit: &_| units.unit(unit).is_some());
                self.decide(handoff_referral::Referrals::new(names, is_known), name, ground, directory).await
            }
            other => bail!("HO-9005 {other} decides nothing"),
        }
    }

    async fn decide<D: Decider>(
        &mut self,
        decider: D,
        name: ServiceName,
        ground: &Ground,
        directory: &Directory,
    ) -> Result<()> {
        let log = ground.log(name).await?;
        let ids = ground.vault.id_key().await?;
        let intake = Intake::new(decider, log, ground.vault.sealer(), ids, directory.clone());
        let (shutdown, health) = (self.shutdown.clone(), self.health.clone());
        health.not_ready(D::NAME, "starting");
        let run = async move { (D::NAME, intake.run(shutdown, &health).await.map_err(ServiceError::from)) };
        self.running.spawn(run);
        Ok(())
    }

    /// Gives every partner on the log its account and credential with the broker this hub runs.
    pub fn credentials(&mut self, ground: &Ground, directory: &Directory) {
        let (broker, directory, shutdown) = (Arc::clone(&ground.broker), directory.clone(), self.shutdown.clone());
        let keep = async move {
            let mut moved = directory.watch();
            loop {
                for partner in directory.partners() {
                    if !broker.knows(&partner)
                        && let Err(e) = broker.add_partner(&partner).await
                    {
                        tracing::error!(%partner, error = %e, "a partner has no credential yet");
                    }
                }
                tokio::select! {
                    () = shutdown.cancelled() => return Ok(()),
                    changed = moved.changed() => if changed.is_err() {
                        shutdown.cancelled().await;
                        return Ok(());
                    },
                }
            }
        };
        self.running.spawn(async move { ("credentials", keep.await) });
    }

    pub async fn until_ready(&mut self) -> Result<()> {
        let health = self.health.clone();
        let ready = async {
            while !health.is_ready() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = ready => Ok(()),
            ended = self.running.join_next() => {
                let (name, result) = ended.context("no service was started")?.context("a service panicked")?;
                match result {
                    Ok(()) => bail!("HO-9002 service {name} ended while the hub started"),
                    Err(e) => bail!("HO-9002 service {name} could not start: {e}"),
                }
            }
        }
    }

    pub async fn failed(&mut self) -> Result<()> {
        let (name, result) =
            self.running.join_next().await.context("no service runs")?.context("a service panicked")?;
        match result {
            Ok(()) => bail!("HO-9003 service {name} ended by itself"),
            Err(e) => bail!("HO-9003 service {name} stopped: {e}"),
        }
    }

    pub async fn stop(mut self) -> Result<()> {
        self.shutdown.cancel();
        while let Some(ended) = self.running.join_next().await {
            let (name, result) = ended.context("a service panicked")?;
            if let Err(e) = result {
                tracing::error!(service = name, error = %e, "a service did not end cleanly");
            }
        }
        Ok(())
    }
}

type Names = Arc<dyn Fn(&UnitId, &str) -> RecordId + Send + Sync>;

/// The hub's name for the record a unit calls by its own key.
async fn names(ground: &Ground) -> Result<Names> {
    let ids = ground.vault.id_key().await?;
    Ok(Arc::new(move |unit, key| ids.record_id(unit, key)))
}

/// One service of a hub whose broker and database others run.
pub struct One {
    pub health: Health,
    ground: Ground,
    services: Services,
}

impl One {
    /// Starts the service and waits until it serves.
    ///
    /// # Errors
    /// What kept it from starting.
    pub async fn start(config: &Config, service: ServiceName) -> Result<Self> {
        let ground = Ground::open(config).await?;
        let mut services = Services::new(ground.health.clone());
        let shutdown = services.shutdown();
        let log = ground.log(service).await?;
        let directory = Directory::start(&log, shutdown);
        match service {
            ServiceName::Policy => drop(services.policy(&ground).await?),
            ServiceName::Ledger => drop(services.ledger(&ground).await?),
            ServiceName::Views => drop(services.views(&ground, &directory.await?).await?),
            ServiceName::Gateway => drop(services.gateway(&ground, &directory.await?, config).await?),
            decider => services.decider(decider, &ground, &directory.await?).await?,
        }
        services.until_ready().await?;
        Ok(Self { health: ground.health.clone(), ground, services })
    }

    /// Waits until the service ends by itself.
    ///
    /// # Errors
    /// Why it ended.
    pub async fn failed(&mut self) -> Result<()> {
        self.services.failed().await
    }

    /// Ends the service; the broker and database are others'.
    ///
    /// # Errors
    /// What did not end cleanly.
    pub async fn stop(self) -> Result<()> {
        self.services.stop().await?;
        self.ground.store.close().await;
        Ok(())
    }
}
