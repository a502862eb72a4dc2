use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use handoff_schemas::PartnerId;
use serde::{Deserialize, Serialize};

use super::error::{BrokerError, Result};
use super::jwt::IssuedAt;
use super::secret::write_private;

/// A partner's standing on the broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerAccount {
    /// The account's public key, as the server writes it into the partner's subjects.
    pub account: String,
    /// False after a revocation, until the partner is added again.
    pub active: bool,
    /// Users signed at or before this instant are refused; only ever grows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_until: Option<IssuedAt>,
}

type Book = BTreeMap<PartnerId, PartnerAccount>;

/// `<data>/nats/partners.json`: which account key is which partner. Other processes of the hub read the same file.
#[derive(Debug)]
pub struct Partners {
    path: PathBuf,
    held: RwLock<Held>,
}

#[derive(Debug, Default)]
struct Held {
    book: Book,
    version: Option<Version>,
}

/// Every write makes a new file, so inode and time together tell versions apart.
type Version = (u64, SystemTime);

impl Partners {
    /// # Errors
    /// HO-3304, HO-3317.
    pub fn open(path: PathBuf) -> Result<Self> {
        let held = RwLock::new(read(&path)?);
        Ok(Self { path, held })
    }

    /// The active partner that speaks with this account key. Looks whether the file was replaced, so that what another
    /// process added or revoked counts here at once. Any doubt is "nobody".
    pub fn by_account(&self, account: &str) -> Option<PartnerId> {
        if version(&self.path).ok()? != self.held.read().unwrap_or_else(PoisonError::into_inner).version {
            let fresh = read(&self.path).ok()?;
            *self.held.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.book.iter().find(|(_, found)| found.account == account && found.active).map(|(partner, _)| partner.clone())
    }

    pub fn get(&self, partner: &PartnerId) -> Option<PartnerAccount> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).book.get(partner).cloned()
    }

    pub fn all(&self) -> Vec<(PartnerId, PartnerAccount)> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.book.iter().map(|(partner, found)| (partner.clone(), found.clone())).collect()
    }

    /// Durable when it returns. Only the process that runs the broker writes.
    pub fn set(&self, partner: &PartnerId, account: PartnerAccount) -> Result<()> {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let mut book = held.book.clone();
        book.insert(partner.clone(), account);
        let text = serde_json::to_vec_pretty(&book)
            .map_err(|source| BrokerError::PartnerBook { path: self.path.clone(), source })?;
        write_private(&self.path, &text)?;
        *held = Held { book, version: version(&self.path)? };
        Ok(())
    }
}

fn version(path: &Path) -> Result<Option<Version>> {
    match std::fs::metadata(path) {
        Ok(found) => Ok(Some((found.ino(), found.modified().map_err(BrokerError::io(path))?))),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(BrokerError::io(path)(e)),
    }
}

/// The version is taken first: a file replaced in between is read again at the next look.
fn read(path: &Path) -> Result<Held> {
    let version = version(path)?;
    if version.is_none() {
        return Ok(Held::default());
    }
    let text = std::fs::read(path).map_err(BrokerError::io(path))?;
    let book = serde_json::from_slice(&text)
        .map_err(|source| BrokerError::PartnerBook { path: path.to_path_buf(), source })?;
    Ok(Held { book, version })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn held(account: &str, active: bool) -> PartnerAccount {
        PartnerAccount { account: account.to_owned(), active, revoked_until: None }
    }

    #[test]
    fn another_process_of_the_hub_learns_of_a_new_partner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("partners.json");
        let (broker, gateway) = (Partners::open(path.clone()).unwrap(), Partners::open(path).unwrap());
        let clinic: PartnerId = "cedar-clinic".parse().unwrap();
        assert_eq!(gateway.by_account("ACLINIC"), None);
        broker.set(&clinic, held("ACLINIC", true)).unwrap();
        assert_eq!(gateway.by_account("ACLINIC"), Some(clinic));
        assert_eq!(gateway.by_account("ANOBODY"), None);
    }

    #[test]
    fn a_revoked_account_is_nobody_in_every_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("partners.json");
        let (broker, gateway) = (Partners::open(path.clone()).unwrap(), Partners::open(path).unwrap());
        let clinic: PartnerId = "cedar-clinic".parse().unwrap();
        broker.set(&clinic, held("ACLINIC", true)).unwrap();
        assert_eq!(gateway.by_account("ACLINIC"), Some(clinic.clone()));
        broker.set(&clinic, held("ACLINIC", false)).unwrap();
        assert_eq!((broker.by_account("ACLINIC"), gateway.by_account("ACLINIC")), (None, None));
    }

    #[test]
    fn a_broken_list_is_an_error_not_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("partners.json");
        std::fs::write(&path, "{").unwrap();
        assert_eq!(Partners::open(path).unwrap_err().code(), "HO-3317");
    }
}
