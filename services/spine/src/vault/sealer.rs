use std::sync::Arc;

use handoff_schemas::{Category, EventId, PersonId, RecordId, UnitId};
use tokio::sync::oneshot;

use super::cache::DataKey;
use super::committer::Request;
use super::sealed::Context;
use super::{Inner, Sealed, SealedSlice, VaultError};

/// Intake's handle: makes data keys and seals under them. It opens nothing.
#[derive(Clone)]
pub struct Sealer(Arc<Inner>);

impl Sealer {
    pub(super) fn new(vault: Arc<Inner>) -> Self {
        Self(vault)
    }

    /// Seals one event's slices, each under the key of (record, category) that belongs to this person and unit,
    /// bound to event, person, unit, category and key version.
    ///
    /// When it returns, every key used is durable: an append may follow. Warm, it touches no database.
    ///
    /// # Errors
    /// [`VaultError::Store`], [`VaultError::UnknownKek`], [`VaultError::Stopped`]; nothing was sealed.
    pub async fn seal_event(
        &self,
        record: RecordId,
        person: Option<PersonId>,
        unit: &UnitId,
        event: EventId,
        slices: &[(Category, &[u8])],
    ) -> Result<Vec<SealedSlice>, VaultError> {
        let keys = self.keys(record, person, unit, slices.iter().map(|(category, _)| *category)).await?;
        slices
            .iter()
            .zip(keys)
            .map(|(&(category, content), key)| {
                let context = Context::slice(event, person, unit, category, key.version);
                let sealed = Sealed::seal(&key.secret, key.version, &context, content)?;
                Ok(SealedSlice { category, sealed })
            })
            .collect()
    }

    async fn keys(
        &self,
        record: RecordId,
        person: Option<PersonId>,
        unit: &UnitId,
        categories: impl Iterator<Item = Category> + Clone,
    ) -> Result<Vec<Arc<DataKey>>, VaultError> {
        let held = categories.clone().map(|category| self.0.cache.sealing(record, category, person, unit));
        if let Some(keys) = held.collect::<Option<Vec<_>>>() {
            return Ok(keys);
        }
        let (reply, answer) = oneshot::channel();
        let request = Request { record, person, unit: unit.clone(), categories: categories.collect(), reply };
        self.0.committer.send(request).await.map_err(|_| VaultError::Stopped)?;
        answer.await.map_err(|_| VaultError::Stopped)?
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}
