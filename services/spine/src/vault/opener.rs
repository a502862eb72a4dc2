use std::sync::Arc;

use handoff_schemas::{EventId, PartnerId, PersonId, RecordId, UnitId};

use super::sealed::Context;
use super::{Inner, KeyAt, PartnerKey, Plain, ReleaseKeyScope, SealedRelease, SealedSlice, VaultError, releases};

/// Policy's handle: opens slices and seals releases of what it opened.
#[derive(Clone)]
pub struct Opener(Arc<Inner>);

impl Opener {
    pub(super) fn new(vault: Arc<Inner>) -> Self {
        Self(vault)
    }

    /// Opens one slice of an event.
    ///
    /// # Errors
    /// [`VaultError::Erased`] where its key was destroyed: skip it. [`VaultError::Tampered`] where it was sealed for
    /// another place; [`VaultError::NoKey`]; [`VaultError::Store`].
    pub async fn open(
        &self,
        record: RecordId,
        person: Option<PersonId>,
        unit: &UnitId,
        event: EventId,
        slice: &SealedSlice,
    ) -> Result<Plain, VaultError> {
        let version = slice.sealed.key_version;
        let key = self.0.version(KeyAt { record, category: slice.category, version }).await?;
        slice.sealed.open(&key.secret, &Context::slice(event, person, unit, slice.category, version))
    }

    /// Opens every slice of an event, each with its own answer, in order; one read of the key table at most.
    pub async fn open_event(
        &self,
        record: RecordId,
        person: Option<PersonId>,
        unit: &UnitId,
        event: EventId,
        slices: &[SealedSlice],
    ) -> Vec<Result<Plain, VaultError>> {
        let mut opened = Vec::with_capacity(slices.len());
        for slice in slices {
            opened.push(self.open(record, person, unit, event, slice).await);
        }
        opened
    }

    /// Reads the keys of many records at once, before a replay or a re-rule opens their events one by one.
    ///
    /// # Errors
    /// [`VaultError::Store`], [`VaultError::UnknownKek`].
    pub async fn warm(&self, records: &[RecordId]) -> Result<(), VaultError> {
        self.0.load(records).await.map(drop)
    }

    /// The key of a partner, for its pairwise ids and blind index.
    ///
    /// # Errors
    /// [`VaultError::Erased`] after the partner's key was destroyed; [`VaultError::Store`].
    pub async fn partner_key(&self, partner: &PartnerId) -> Result<PartnerKey, VaultError> {
        self.0.partner_key(partner).await
    }

    /// Seals `content` for one release of one partner.
    ///
    /// # Errors
    /// [`VaultError::Erased`] where the data key or the partner's key was destroyed; [`VaultError::NoKey`];
    /// [`VaultError::Store`].
    pub async fn seal_release(&self, scope: &ReleaseKeyScope<'_>, content: &[u8]) -> Result<SealedRelease, VaultError> {
        releases::seal(&self.0, scope, content).await
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opener")
    }
}
