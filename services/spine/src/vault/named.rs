//! Keys of the hub itself and of each partner: held by services that need them, none opens a data key.

use std::sync::Arc;

use handoff_schemas::{PartnerId, RecordId, UnitId};
use hmac::Mac as _;
use uuid::Uuid;

use super::sealed::{open_body, seal_body};
use super::{Secret, VaultError};

macro_rules! held {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(Arc<Secret>);

        impl $name {
            pub(super) fn new(secret: Arc<Secret>) -> Self {
                Self(secret)
            }
        }
    )*};
}

held! {
    /// Seals every stream body: facts around the slices are for services only.
    LogKey,
    /// Makes record ids and idempotency digests that mean nothing outside the hub.
    IdKey,
    /// One calendar year's accounting rows; destroyed when their six years are over (45 CFR 164.528).
    AccountingKey,
    /// The ledger's signing seed.
    SigningSeed,
}

impl LogKey {
    /// Seals one stream body for `context`, its subject; adds 45 bytes.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn seal(&self, context: &[u8], body: &[u8]) -> Result<Vec<u8>, VaultError> {
        seal_body(&self.0, "handoff log body v1", context, body)
    }

    /// # Errors
    /// [`VaultError::Tampered`] under another key or subject.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        open_body(&self.0, "handoff log body v1", context, sealed).map(|plain| plain.expose().to_vec())
    }

    /// A digest that nobody without the key can compute.
    #[must_use]
    pub fn digest(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        self.0.keyed_hash(label, parts)
    }
}

impl AccountingKey {
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn seal(&self, context: &[u8], row: &[u8]) -> Result<Vec<u8>, VaultError> {
        seal_body(&self.0, "handoff accounting row v1", context, row)
    }

    /// # Errors
    /// [`VaultError::Tampered`] under another key or context.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        open_body(&self.0, "handoff accounting row v1", context, sealed).map(|plain| plain.expose().to_vec())
    }
}

impl IdKey {
    /// The record a unit's idempotency key starts, so that a retry meets it.
    #[must_use]
    pub fn record_id(&self, unit: &UnitId, key: &str) -> RecordId {
        RecordId(self.uuid("record", &[unit.as_str().as_bytes(), key.as_bytes()]))
    }

    /// A deterministic id for what `label` and `parts` name (due events, claims): UUIDv8.
    #[must_use]
    pub fn uuid(&self, label: &str, parts: &[&[u8]]) -> Uuid {
        let label = format!("handoff id v1 {label}");
        as_uuid(&self.0.keyed_hash(&label, parts))
    }

    /// A digest nobody without the key can try values against.
    #[must_use]
    pub fn digest(&self, bytes: &[u8]) -> [u8; 32] {
        self.0.keyed_hash("handoff digest v1", &[bytes])
    }
}

impl SigningSeed {
    /// An Ed25519 seed.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

/// What a pairwise id stands for; one number under two kinds gives two ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdKind {
    Person,
    Record,
    Event,
    Incident,
    Consent,
}

impl IdKind {
    const fn label(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Record => "record",
            Self::Event => "event",
            Self::Incident => "incident",
            Self::Consent => "consent",
        }
    }
}

/// One partner's key: its pairwise ids, its blind index, and its share of every release key. Destroyed with the
/// partner, which blanks all it was given.
#[derive(Clone, Debug)]
pub struct PartnerKey {
    partner: PartnerId,
    secret: Arc<Secret>,
}

impl PartnerKey {
    pub(super) fn new(partner: PartnerId, secret: Arc<Secret>) -> Self {
        Self { partner, secret }
    }

    #[must_use]
    pub const fn partner(&self) -> &PartnerId {
        &self.partner
    }

    /// The only form in which this partner sees a global id; two partners cannot join theirs.
    #[must_use]
    pub fn pairwise(&self, kind: IdKind, id: Uuid) -> Uuid {
        as_uuid(&self.secret.keyed_hash("handoff pairwise id v1", &[kind.label().as_bytes(), id.as_bytes()]))
    }

    /// A search token for a normalised value of `field`: equal values of one partner's view are equal, no others.
    #[must_use]
    pub fn blind_index(&self, field: &str, value: &str) -> [u8; 32] {
        self.secret.keyed_hash("handoff blind index v1", &[field.as_bytes(), value.as_bytes()])
    }

    pub(super) fn salt(&self) -> &[u8; 32] {
        self.secret.expose()
    }
}

fn as_uuid(hash: &[u8; 32]) -> Uuid {
    let mut bytes = [0u8; 16];
    bytes.iter_mut().zip(hash).for_each(|(b, h)| *b = *h);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// HMAC-SHA256 of a release's content under its own key: dies with it.
pub(super) fn content_mac(key: &Secret, content: &[u8]) -> [u8; 32] {
    let mut mac = key.hmac();
    mac.update(content);
    mac.finalize().into_bytes().into()
}
