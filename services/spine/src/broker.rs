//! The broker: nats-server in operator mode, run by the hub or by others, with an identity for every service and
//! every partner, and a permission table that the server itself enforces (`broker/permissions.rs`).

mod config;
mod error;
mod identity;
mod jwt;
mod partners;
mod permissions;
mod probe;
mod process;
mod published;
mod secret;
mod server;
mod streams;
mod version;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use handoff_schemas::PartnerId;
use serde::{Deserialize, Serialize};

pub use error::{BrokerError, Result};
pub use permissions::{Permissions, ServiceName, Subjects, permissions};
pub use probe::{Acks, Append, Outcomes, judge};
pub use published::is_published;
pub use server::NatsServer;
pub use streams::{
    ACCESS, DEAD, DEAD_MAX_AGE, EVENTS, FEED_MAX_AGE, RELEASES, feed_stream, feed_subject, provision, provision_feed,
};
pub use version::Version;

use identity::{Identity, Paths};
use partners::{PartnerAccount, Partners};
use process::{Hold, Server};

/// How to run the hub's own broker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Options {
    /// The hub's data folder; the broker keeps to `nats/` and `creds/` in it.
    pub data: PathBuf,
    /// 0: a free one.
    #[serde(default)]
    pub port: u16,
    /// The nats-server program; found by [`NatsServer::find`] where absent.
    #[serde(default)]
    pub program: Option<PathBuf>,
}

impl Options {
    /// The defaults, on this data folder.
    #[must_use]
    pub fn on(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), port: 0, program: None }
    }
}

/// The connection to a broker, and the broker itself where the hub runs it.
#[derive(Debug)]
pub struct Broker {
    url: String,
    creds: PathBuf,
    partners: Partners,
    acks: Acks,
    /// Set once the broker is being stopped in good order: lost connections are then no news.
    stopping: Arc<AtomicBool>,
    own: Option<Own>,
}

/// What only a broker of our own has: the child, and the keys that make accounts.
#[derive(Debug)]
struct Own {
    server: Server,
    paths: Paths,
    identity: Identity,
    /// Accounts are changed one at a time: list, keys and server must agree.
    changing: tokio::sync::Mutex<()>,
    _hold: Hold,
}

impl Broker {
    /// Starts nats-server on the data folder, checks that it keeps its promises, and provisions the streams.
    ///
    /// # Errors
    /// Any of HO-3300 to HO-3318: a hub without a broker it can trust does not start.
    pub async fn start(options: Options) -> Result<Self> {
        let program = options.program.map_or_else(NatsServer::find, Ok)?;
        let version = NatsServer::version(&program)?;
        if !version.is_enough() {
            return Err(BrokerError::TooOld { found: version.to_string(), floor: version::FLOOR });
        }
        private(&options.data)?;
        // nats-server is started elsewhere, and a stale one is known by this path: it must be the full one.
        let data = options.data.canonicalize().map_err(BrokerError::io(&options.data))?;
        let paths = Paths::under(&data)?;
        let hold = Hold::take(&paths.nats)?;
        process::stop_stale(&paths.nats).await?;

        let identity = Identity::open(&paths)?;
        identity.issue_services(&paths)?;
        let partners = Partners::open(paths.nats.join("partners.json"))?;
        let mut preload = identity.preload()?;
        for (partner, held) in partners.all() {
            let jwt = identity.partner_account(&partner, &held.account, held.revoked_until)?;
            preload.accounts.push((held.account, jwt));
        }
        let conf = config::nats_conf(&paths, options.port, &preload);
        secret::write_private(&paths.nats.join("nats.conf"), conf.as_bytes())?;

        let server = Server::start(&program, &paths.nats).await?;
        let url = format!("nats://127.0.0.1:{}", server.port);
        let own = Own { server, paths, identity, changing: tokio::sync::Mutex::new(()), _hold: hold };
        let creds = own.paths.creds.clone();
        let stopping = Arc::default();
        let mut broker = Self { url, creds, partners, acks: Acks::NotAsked, stopping, own: Some(own) };
        broker.check_and_provision().await?;
        Ok(broker)
    }

    /// Uses a broker that others run, with the credentials files of `creds` (one a service, as [`Broker::start`] writes
    /// them). Where `creds` holds the provisioner's, the server is checked and the streams are provisioned; a single
    /// service's host holds that service's file alone and relies on the host that did.
    ///
    /// # Errors
    /// HO-3301, HO-3306 to HO-3309, HO-3312, HO-3317.
    pub async fn external(url: impl Into<String>, creds: impl Into<PathBuf>) -> Result<Self> {
        let creds = creds.into();
        let partners = Partners::open(creds.join("../nats/partners.json"))?;
        let stopping = Arc::default();
        let mut broker = Self { url: url.into(), creds, partners, acks: Acks::NotAsked, stopping, own: None };
        if identity::service_creds(&broker.creds, ServiceName::Provisioner).exists() {
            broker.check_and_provision().await?;
        }
        Ok(broker)
    }

    async fn check_and_provision(&mut self) -> Result<()> {
        let provisioner = self.connect(ServiceName::Provisioner).await?;
        let system = match self.system_creds() {
            Some(_) => Some(self.connect_system().await?),
            None => None,
        };
        let outcomes = probe::probe(&provisioner, system.as_ref()).await?;
        judge(&outcomes)?;
        if outcomes.acks == Acks::NotAsked {
            tracing::warn!("no system credential: make sure that this broker runs with `sync_interval: always`");
        }
        self.acks = outcomes.acks;
        provision(&provisioner).await
    }

    /// Where the broker listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What is known about the durability of its acks.
    #[must_use]
    pub fn acks(&self) -> Acks {
        self.acks
    }

    /// A connection with this service's credential and inbox. It reconnects for ever; end the hub by
    /// [`Broker::ended`], not by a lost connection.
    ///
    /// # Errors
    /// HO-3304 no credentials file, HO-3306.
    pub async fn connect(&self, service: ServiceName) -> Result<Client> {
        let options = self.options(service).await?;
        self.dial(options, service.as_str()).await
    }

    /// The options [`Broker::connect`] uses, to add to.
    ///
    /// # Errors
    /// HO-3304 no credentials file.
    pub async fn options(&self, service: ServiceName) -> Result<ConnectOptions> {
        let creds = identity::service_creds(&self.creds, service);
        let options = options(&creds, format!("handoff-{service}"), &self.stopping).await?;
        Ok(options.custom_inbox_prefix(service.inbox_prefix()))
    }

    async fn connect_system(&self) -> Result<Client> {
        let creds = self.system_creds().ok_or(BrokerError::NotOurs)?;
        let options = options(&creds, "handoff-system".to_owned(), &self.stopping).await?;
        self.dial(options.custom_inbox_prefix(permissions::SYSTEM_INBOX), "system").await
    }

    fn system_creds(&self) -> Option<PathBuf> {
        Some(self.creds.join("system.creds")).filter(|path| path.exists())
    }

    async fn dial(&self, options: ConnectOptions, who: &str) -> Result<Client> {
        options.connect(&self.url).await.map_err(|source| BrokerError::Connect { who: who.to_owned(), source })
    }

    /// Gives a partner an account of its own and a feed, and returns its credentials file. Repeatable; after a
    /// revocation it makes a new credential.
    ///
    /// # Errors
    /// HO-3312, HO-3313, HO-3314 where the broker is run by others.
    pub async fn add_partner(&self, partner: &PartnerId) -> Result<PathBuf> {
        let own = self.own.as_ref().ok_or(BrokerError::NotOurs)?;
        let _changing = own.changing.lock().await;
        let revoked_until = self.partners.get(partner).and_then(|held| held.revoked_until);
        let account = own.identity.partner_key(&own.paths, partner)?;
        let key = account.public_key();
        self.push(own, partner, &key, revoked_until).await?;
        provision_feed(&self.connect(ServiceName::Provisioner).await?, partner).await?;
        let creds = own.identity.issue_partner(&own.paths, partner, &account, revoked_until)?;
        self.partners.set(partner, PartnerAccount { account: key, active: true, revoked_until })?;
        Ok(creds)
    }

    /// Cuts a partner off: its connections end, its credential is refused from now on. First on our list, so that the
    /// partner is nobody even where the server cannot be reached.
    ///
    /// # Errors
    /// HO-3313, HO-3314, HO-3315 where it has no account.
    pub async fn revoke_partner(&self, partner: &PartnerId) -> Result<()> {
        let own = self.own.as_ref().ok_or(BrokerError::NotOurs)?;
        let _changing = own.changing.lock().await;
        let held = self.partners.get(partner).ok_or_else(|| BrokerError::UnknownPartner(partner.clone()))?;
        // A credential made after an earlier revocation may be dated ahead by a second for each of them.
        let until = held.revoked_until.map_or_else(identity::now, |last| identity::now().max(last.saturating_add(1)));
        let revoked = PartnerAccount { active: false, revoked_until: Some(until), ..held };
        let key = revoked.account.clone();
        self.partners.set(partner, revoked)?;
        let creds = own.paths.partner(partner);
        match std::fs::remove_file(&creds) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(BrokerError::io(&creds)(e)),
            _ => {}
        }
        self.push(own, partner, &key, Some(until)).await
    }

    /// The partner that speaks with this account key (the second token of an `in.<account>.<operation>` subject);
    /// none for a key that is unknown or revoked.
    #[must_use]
    pub fn partner_of(&self, account: &str) -> Option<PartnerId> {
        self.partners.by_account(account)
    }

    /// Whether the partner was ever given an account, revoked ones included.
    #[must_use]
    pub fn knows(&self, partner: &PartnerId) -> bool {
        self.partners.get(partner).is_some()
    }

    /// The account key of an active partner, for `out.<account>.<notice>`.
    #[must_use]
    pub fn account_of(&self, partner: &PartnerId) -> Option<String> {
        self.partners.get(partner).filter(|held| held.active).map(|held| held.account)
    }

    async fn push(&self, own: &Own, partner: &PartnerId, account: &str, revoked: Option<jwt::IssuedAt>) -> Result<()> {
        let refused = |why: String| BrokerError::Claims { partner: partner.clone(), why };
        let jwt = own.identity.partner_account(partner, account, revoked)?;
        let system = self.connect_system().await?;
        let answer = system.request("$SYS.REQ.CLAIMS.UPDATE", jwt.into()).await.map_err(|e| refused(e.to_string()))?;
        let answer: ClaimsAnswer = serde_json::from_slice(&answer.payload).map_err(|e| refused(e.to_string()))?;
        match answer {
            ClaimsAnswer { data: Some(ok), .. } if ok.code == 200 => Ok(()),
            ClaimsAnswer { error, .. } => {
                Err(refused(error.map_or_else(|| "no reason given".to_owned(), |e| e.description)))
            }
        }
    }

    /// Stops the broker in good order, where it is ours: services must have stopped before.
    ///
    /// # Errors
    /// HO-3304 where the system refuses to end the server.
    pub async fn stop(&self) -> Result<()> {
        self.stopping.store(true, Ordering::Relaxed);
        match &self.own {
            Some(own) => own.server.stop().await,
            None => Ok(()),
        }
    }

    /// Returns when the hub's own nats-server has ended; never where others run the broker.
    pub async fn ended(&self) {
        match &self.own {
            Some(own) => own.server.ended().await,
            None => std::future::pending().await,
        }
    }
}

#[derive(Deserialize)]
struct ClaimsAnswer {
    data: Option<ClaimsOk>,
    error: Option<ClaimsError>,
}

#[derive(Deserialize)]
struct ClaimsOk {
    code: u16,
}

#[derive(Deserialize)]
struct ClaimsError {
    description: String,
}

fn private(dir: &Path) -> Result<()> {
    if dir.is_dir() { Ok(()) } else { secret::private_dir(dir) }
}

async fn options(creds: &Path, name: String, stopping: &Arc<AtomicBool>) -> Result<ConnectOptions> {
    let stopping = Arc::clone(stopping);
    let options = ConnectOptions::with_credentials_file(creds).await.map_err(BrokerError::io(creds))?;
    let log = name.clone();
    Ok(options
        .name(name)
        .connection_timeout(Duration::from_secs(10))
        .request_timeout(Some(Duration::from_secs(10)))
        .ping_interval(Duration::from_secs(20))
        .max_reconnects(None)
        .event_callback(move |event| {
            let name = log.clone();
            let is_stopping = stopping.load(Ordering::Relaxed);
            async move {
                match event {
                    event if is_stopping => tracing::debug!(connection = %name, %event, "broker connection"),
                    // Coming and going in good order is everyday; everything else an operator wants to see.
                    async_nats::Event::Connected | async_nats::Event::Closed | async_nats::Event::Draining => {
                        tracing::debug!(connection = %name, %event, "broker connection");
                    }
                    event => tracing::warn!(connection = %name, %event, "broker connection"),
                }
            }
        }))
}
