//! One reader of each stream, many partners' databases, each with its own checkpoint.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use handoff_schemas::PartnerId;
use handoff_spine::log::Checkpoint;
use handoff_spine::store::{Store, StoreError};

use handoff_spine::view::View;

/// The views open in this process.
#[derive(Clone)]
pub struct Fanout {
    store: Store,
    views: Arc<RwLock<BTreeMap<PartnerId, View>>>,
}

impl Fanout {
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, views: Arc::default() }
    }

    /// Opens the partner's view if it is not open yet; true where it was not.
    pub async fn ensure(&self, partner: &PartnerId) -> Result<bool, StoreError> {
        if self.get(partner).is_some() {
            return Ok(false);
        }
        let view = View::open(&self.store, partner).await?;
        self.views.write().unwrap_or_else(PoisonError::into_inner).insert(partner.clone(), view);
        Ok(true)
    }

    #[must_use]
    pub fn get(&self, partner: &PartnerId) -> Option<View> {
        self.views.read().unwrap_or_else(PoisonError::into_inner).get(partner).cloned()
    }

    #[must_use]
    pub fn all(&self) -> Vec<View> {
        self.views.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The checkpoints of `stream` for each view: where each goes on, and where the reader must begin.
    pub async fn checkpoints(&self, of: Stream) -> Result<Vec<(View, Checkpoint)>, StoreError> {
        let mut all = Vec::new();
        for view in self.all() {
            let (events, releases) = view.checkpoints().await?;
            let checkpoint = match of {
                Stream::Events => events,
                Stream::Releases => releases,
            };
            all.push((view, checkpoint));
        }
        Ok(all)
    }
}

/// Which of the two streams a view's database follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Events,
    Releases,
}
