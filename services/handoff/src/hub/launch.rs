//! Starting services, one by one or all together, and noticing when one ends.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use handoff_gateway::adapter::XsdFolder;
use handoff_gateway::{Gateway, Publisher, Reader};
use handoff_law::Bundle;
use handoff_policy::Policy;
use handoff_schemas::UnitId;
use handoff_spine::broker::{Broker, ServiceName};
use handoff_spine::decider::{Decider, Names};
use handoff_spine::directory::Directory;
use handoff_spine::intake::Intake;
use handoff_spine::log::Log;
use handoff_spine::service::{Service, ServiceError};
use handoff_spine::store::{DbName, Store};
use handoff_spine::telemetry::Health;
use handoff_spine::vault::Vault;
use handoff_views::Views;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Ground;
use super::law::{KnownInForce, LawInForce};
use crate::config::Config;

/// The services that decide commands.
pub const DECIDERS: [ServiceName; 7] = [
    ServiceName::Registry,
    ServiceName::Identity,
    ServiceName::Encounter,
    ServiceName::Consent,
    ServiceName::Referral,
    ServiceName::Ask,
    ServiceName::Privacy,
];

/// How long services may take to finish what they hold.
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// Services of this process under one shutdown.
pub struct Services {
    running: JoinSet<(&'static str, Result<(), ServiceError>)>,
    shutdown: CancellationToken,
    health: Health,
    /// What deciders label by; read and followed once for all of them.
    law: Option<Arc<LawInForce>>,
}

impl Services {
    #[must_use]
    pub fn new(health: Health) -> Self {
        Self { running: JoinSet::new(), shutdown: CancellationToken::new(), health, law: None }
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
            vault: ground.vault.clone(),
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
                let law = self.law(&ground.log(name).await?).await?;
                let registry = handoff_registry::Registrar::new(Arc::new(KnownInForce { directory: units, law }));
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
            ServiceName::Ask => {
                let names = names(ground).await?;
                let roles = Arc::new(move |unit: &UnitId| units.unit(unit).map(|u| u.roles.clone()));
                self.decide(handoff_ask::Asks::new(names, roles), name, ground, directory).await
            }
            ServiceName::Privacy => {
                let names = names(ground).await?;
                let is_known = Arc::new(move |unit: &UnitId| units.unit(unit).is_some());
                self.decide(handoff_privacy::Seals::new(names, is_known), name, ground, directory).await
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
        let law = self.law(&log).await?;
        let intake = Intake::new(decider, log, ground.vault.sealer(), ids, directory.clone(), law);
        let (shutdown, health) = (self.shutdown.clone(), self.health.clone());
        health.not_ready(D::NAME, "starting");
        let run = async move { (D::NAME, intake.run(shutdown, &health).await.map_err(ServiceError::from)) };
        self.running.spawn(run);
        Ok(())
    }

    async fn law(&mut self, log: &Log) -> Result<Arc<LawInForce>> {
        if let Some(law) = &self.law {
            return Ok(Arc::clone(law));
        }
        let (law, laws) = LawInForce::read(log, Bundle::embedded()?).await?;
        let (follower, log, shutdown) = (Arc::clone(&law), log.clone(), self.shutdown.clone());
        self.running.spawn(async move { ("law", follower.follow(laws, log, shutdown).await) });
        self.law = Some(Arc::clone(&law));
        Ok(law)
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

    /// Lets every service finish what it holds; who cannot in time is ended as a crash would end it, which loses
    /// nothing acknowledged.
    pub async fn stop(mut self) -> Result<()> {
        self.shutdown.cancel();
        let finish = async {
            while let Some(ended) = self.running.join_next().await {
                let (name, result) = ended.context("a service panicked")?;
                if let Err(e) = result {
                    tracing::error!(service = name, error = %e, "a service did not end cleanly");
                }
            }
            Ok(())
        };
        match tokio::time::timeout(STOP_PATIENCE, finish).await {
            Ok(finished) => finished,
            Err(_) => {
                tracing::warn!("some services did not finish in time and were ended");
                self.running.shutdown().await;
                Ok(())
            }
        }
    }

    /// Ends every service at once, as a crash would.
    pub async fn abort(mut self) {
        self.shutdown.cancel();
        self.running.shutdown().await;
    }
}

/// The hub's name for the record a unit calls by its own key.
async fn names(ground: &Ground) -> Result<Names> {
    let ids = ground.vault.id_key().await?;
    Ok(Arc::new(move |unit, key| ids.record_id(unit, key)))
}

/// Some services of a hub; the others run elsewhere, or not now.
pub struct Part {
    pub health: Health,
    pub broker: Arc<Broker>,
    /// Where the views are among the services.
    pub views: Option<handoff_views::Handle>,
    vault: Vault,
    store: Store,
    services: Services,
}

impl Part {
    /// Starts the services and waits until they serve.
    ///
    /// # Errors
    /// What kept one from starting.
    pub async fn start(config: &Config, names: &[ServiceName]) -> Result<Self> {
        let ground = Ground::open(config).await?;
        let mut services = Services::new(ground.health.clone());
        let mut views = None;
        let mut known = None;
        for &name in names {
            match name {
                // Neither may read what the directory is made of, or needs to.
                ServiceName::Policy => drop(services.policy(&ground).await?),
                ServiceName::Ledger => drop(services.ledger(&ground).await?),
                name => {
                    if known.is_none() {
                        let log = ground.log(name).await?;
                        known = Some(Directory::start(&log, services.shutdown()).await?);
                    }
                    let directory = known.as_ref().context("the directory was just started")?;
                    match name {
                        ServiceName::Views => views = Some(services.views(&ground, directory).await?),
                        ServiceName::Gateway => drop(services.gateway(&ground, directory, config).await?),
                        decider => services.decider(decider, &ground, directory).await?,
                    }
                }
            }
        }
        services.until_ready().await?;
        let Ground { broker, store, vault, health, .. } = ground;
        Ok(Self { health, broker, views, vault, store, services })
    }

    /// A log handle with one service's own credential.
    ///
    /// # Errors
    /// The broker's or the vault's.
    pub async fn log(&self, service: ServiceName) -> Result<Log> {
        Ok(Log::new(self.broker.connect(service).await?, self.vault.log_key().await?))
    }

    /// Waits until a service ends by itself.
    ///
    /// # Errors
    /// Why it ended.
    pub async fn failed(&mut self) -> Result<()> {
        self.services.failed().await
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

    /// Ends the services, and the broker where it is this part's own.
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
