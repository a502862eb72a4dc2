use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use handoff_schemas::PartnerId;
use nkeys::{KeyPair, KeyPairType};

use super::error::Result;
use super::jwt::{self, IssuedAt, Jwt, Subject};
use super::permissions::{self, Permissions, ServiceName};
use super::secret::{key_in, private_dir, user_in, write_creds};

/// Where keys and credentials lie under a data folder.
#[derive(Clone, Debug)]
pub struct Paths {
    /// `<data>/nats`: seeds, configuration, JetStream's files.
    pub nats: PathBuf,
    /// `<data>/creds`: one credentials file a service, a partner.
    pub creds: PathBuf,
}

impl Paths {
    pub fn under(data: &Path) -> Result<Self> {
        let paths = Self { nats: data.join("nats"), creds: data.join("creds") };
        for dir in [&paths.nats, &paths.creds] {
            private_dir(dir)?;
        }
        private_dir(&paths.nats.join("keys"))?;
        Ok(paths)
    }

    pub fn service(&self, service: ServiceName) -> PathBuf {
        service_creds(&self.creds, service)
    }

    pub fn system(&self) -> PathBuf {
        self.creds.join("system.creds")
    }

    pub fn partner(&self, partner: &PartnerId) -> PathBuf {
        self.creds.join(format!("partner-{partner}.creds"))
    }

    fn key(&self, name: &str) -> PathBuf {
        self.nats.join(format!("keys/{name}.nk"))
    }
}

pub fn service_creds(creds: &Path, service: ServiceName) -> PathBuf {
    creds.join(format!("{service}.creds"))
}

/// The keys that make the broker ours: operator, system account, hub account. `Debug` prints nothing of them.
pub struct Identity {
    operator: KeyPair,
    system: KeyPair,
    hub: KeyPair,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

/// What the server's configuration holds: claims only, no seed.
pub struct Preload {
    pub operator: Jwt,
    pub system: String,
    /// (account key, claim)
    pub accounts: Vec<(String, Jwt)>,
}

impl Identity {
    /// Reads the keys, or makes them at the first start.
    pub fn open(paths: &Paths) -> Result<Self> {
        Ok(Self {
            operator: key_in(&paths.key("operator"), &KeyPairType::Operator)?,
            system: key_in(&paths.key("system"), &KeyPairType::Account)?,
            hub: key_in(&paths.key("hub"), &KeyPairType::Account)?,
        })
    }

    /// Signs the claims the server starts with.
    pub fn preload(&self) -> Result<Preload> {
        let issued_at = now();
        let (system, hub) = (self.system.public_key(), self.hub.public_key());
        let sys = Subject { key: &system, name: "SYS", issued_at };
        let hub_subject = Subject { key: &hub, name: "HUB", issued_at };
        let accounts = vec![
            (system.clone(), jwt::system_account(&self.operator, sys)?),
            (hub.clone(), jwt::hub_account(&self.operator, hub_subject)?),
        ];
        Ok(Preload { operator: jwt::operator(&self.operator, &system, issued_at)?, system, accounts })
    }

    /// Signs every service's user again, so that a changed permission table is in force from this start on. The keys
    /// stay, and so does a credentials file that was copied to another host until its claim is replaced there.
    pub fn issue_services(&self, paths: &Paths) -> Result<()> {
        for &service in ServiceName::ALL {
            let path = paths.service(service);
            issue(&self.hub, &path, service.as_str(), &permissions::permissions(service), now())?;
        }
        issue(&self.system, &paths.system(), "system", &permissions::system(), now())
    }

    /// A partner's account key, made at the first call.
    pub fn partner_key(&self, paths: &Paths, partner: &PartnerId) -> Result<KeyPair> {
        key_in(&paths.key(&format!("partner-{partner}")), &KeyPairType::Account)
    }

    /// Signs a partner's account.
    pub fn partner_account(&self, partner: &PartnerId, account: &str, revoked: Option<IssuedAt>) -> Result<Jwt> {
        let subject = Subject { key: account, name: partner.as_str(), issued_at: now() };
        jwt::partner_account(&self.operator, subject, &self.hub.public_key(), revoked)
    }

    /// Writes the partner's credentials file. Its claim is dated after `revoked`, or the server would refuse it.
    pub fn issue_partner(
        &self,
        paths: &Paths,
        partner: &PartnerId,
        account: &KeyPair,
        revoked: Option<IssuedAt>,
    ) -> Result<PathBuf> {
        let path = paths.partner(partner);
        let issued_at = revoked.map_or_else(now, |until| now().max(until.saturating_add(1)));
        issue(account, &path, partner.as_str(), &permissions::partner(), issued_at)?;
        Ok(path)
    }
}

fn issue(account: &KeyPair, path: &Path, name: &str, permissions: &Permissions, issued_at: IssuedAt) -> Result<()> {
    let user = user_in(path)?.unwrap_or_else(KeyPair::new_user);
    let key = user.public_key();
    let claim = jwt::user(account, Subject { key: &key, name, issued_at }, permissions)?;
    write_creds(path, &claim, &user)
}

/// Seconds since the Unix epoch.
pub fn now() -> IssuedAt {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
