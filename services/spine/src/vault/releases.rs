use std::sync::Arc;

use handoff_schemas::{Category, PartnerId, RecordId, ReleaseId};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::named::content_mac;
use super::sealed::Context;
use super::{Inner, KeyAt, PartnerKey, Plain, Sealed, Secret, VaultError};

/// What a release key derives from: the data key of (record, category, version), the partner's key, the release.
#[derive(Clone, Copy, Debug)]
pub struct ReleaseKeyScope<'a> {
    pub release: ReleaseId,
    pub partner: &'a PartnerId,
    pub record: RecordId,
    pub category: Category,
    /// Of the slice released.
    pub key_version: u32,
}

/// A slice as one partner gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRelease {
    pub sealed: Sealed,
    /// HMAC of the content under the release key, for the ruling document: it says nothing once the key is gone.
    pub content_mac: [u8; 32],
}

/// The gateway's handle: opens releases, and cannot reach a slice of the log.
#[derive(Clone)]
pub struct ReleaseOpener(Arc<Inner>);

impl ReleaseOpener {
    pub(super) fn new(vault: Arc<Inner>) -> Self {
        Self(vault)
    }

    /// Opens one released slice. `scope.key_version` is not read: the sealed slice carries its own.
    ///
    /// # Errors
    /// [`VaultError::Erased`] where the data key or the partner's key was destroyed; [`VaultError::Tampered`] where
    /// it was sealed for another release, partner or category; [`VaultError::NoKey`]; [`VaultError::Store`].
    pub async fn open_release(&self, scope: &ReleaseKeyScope<'_>, sealed: &Sealed) -> Result<Plain, VaultError> {
        let scope = ReleaseKeyScope { key_version: sealed.key_version, ..*scope };
        let keys = derive(&self.0, &scope).await?;
        sealed.open(&keys.seal, &Context::release(scope.release, scope.partner, scope.category))
    }

    /// The key of a partner, for its pairwise ids and blind index.
    ///
    /// # Errors
    /// [`VaultError::Erased`] after the partner's key was destroyed; [`VaultError::Store`].
    pub async fn partner_key(&self, partner: &PartnerId) -> Result<PartnerKey, VaultError> {
        self.0.partner_key(partner).await
    }

    /// The HMAC an inspector compares with the ruling document's, for content that [`Self::open_release`] gave.
    ///
    /// # Errors
    /// As [`Self::open_release`].
    pub async fn content_mac(&self, scope: &ReleaseKeyScope<'_>, content: &[u8]) -> Result<[u8; 32], VaultError> {
        derive(&self.0, scope).await.map(|keys| content_mac(&keys.mac, content))
    }
}

impl std::fmt::Debug for ReleaseOpener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReleaseOpener")
    }
}

pub(super) async fn seal(
    vault: &Inner,
    scope: &ReleaseKeyScope<'_>,
    content: &[u8],
) -> Result<SealedRelease, VaultError> {
    let keys = derive(vault, scope).await?;
    let context = Context::release(scope.release, scope.partner, scope.category);
    let sealed = Sealed::seal(&keys.seal, scope.key_version, &context, content)?;
    Ok(SealedRelease { sealed, content_mac: content_mac(&keys.mac, content) })
}

struct ReleaseKeys {
    seal: Secret,
    mac: Secret,
}

/// HKDF-SHA256 (RFC 5869), 64 bytes: the release key, and beside it a key for the HMAC, so that one key never
/// serves two algorithms.
async fn derive(vault: &Inner, scope: &ReleaseKeyScope<'_>) -> Result<ReleaseKeys, VaultError> {
    let partner = vault.partner_key(scope.partner).await?;
    let at = KeyAt { record: scope.record, category: scope.category, version: scope.key_version };
    let data = vault.version(at).await?;
    let hkdf = Hkdf::<Sha256>::new(Some(partner.salt()), data.secret.expose());
    let info: [&[u8]; 3] =
        [b"handoff release v1", scope.release.0.as_bytes().as_slice(), scope.category.slug().as_bytes()];
    let mut okm = Zeroizing::new([0u8; 64]);
    // 64 bytes are far below HKDF's limit; an error here would be no key, never a weak one.
    hkdf.expand_multi_info(&info, &mut *okm).map_err(|_| VaultError::Tampered)?;
    let (seal, mac) = okm.split_at(32);
    match (Secret::from_slice(seal), Secret::from_slice(mac)) {
        (Some(seal), Some(mac)) => Ok(ReleaseKeys { seal, mac }),
        _ => Err(VaultError::Tampered),
    }
}
