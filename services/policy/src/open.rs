//! Opening an event's slices once, however many recipients are ruled for.

use std::collections::BTreeMap;
use std::sync::Arc;

use handoff_schemas::{Category, ElementSet, EventType, RecipientKind};
use handoff_spine::commit::LoggedEvent;
use handoff_spine::vault::{Opener, VaultError};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::apply::left;

/// The plain slices of one event, opened as far as their keys live.
pub struct Opened {
    slices: BTreeMap<Category, Value>,
    /// What templates left of them so far: recipients of one kind are left the same.
    kept: Vec<(Category, ElementSet, Option<Arc<Kept>>)>,
}

/// What a template leaves of a slice.
pub struct Kept {
    pub value: Value,
    pub json: Zeroizing<Vec<u8>>,
}

impl Opened {
    /// Opens what can be opened. What a destroyed key held goes to nobody any more (A3, "where keys live").
    ///
    /// # Errors
    /// Any failure but a destroyed key: doubt stops the ruling.
    pub async fn of(opener: &Opener, event: &LoggedEvent) -> Result<Self, VaultError> {
        let mut opened = Self { slices: BTreeMap::new(), kept: Vec::new() };
        let plain = opener.open_event(event.record, event.person, &event.unit, event.id, &event.slices).await;
        for (slice, plain) in event.slices.iter().zip(plain) {
            match plain {
                Ok(plain) => {
                    let value = serde_json::from_slice(plain.expose()).map_err(|_| VaultError::Tampered)?;
                    opened.slices.insert(slice.category, value);
                }
                Err(VaultError::Erased) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(opened)
    }

    #[must_use]
    pub fn get(&self, category: Category) -> Option<&Value> {
        self.slices.get(&category)
    }

    /// What these elements leave of a slice that a source of this kind wrote; none where nothing is left.
    ///
    /// # Errors
    /// [`VaultError::Tampered`] where the slice is not of its event's shape.
    pub fn kept(
        &mut self,
        event: &EventType,
        source: RecipientKind,
        category: Category,
        allowed: &ElementSet,
    ) -> Result<Option<Arc<Kept>>, VaultError> {
        if let Some((_, _, known)) = self.kept.iter().find(|(c, e, _)| *c == category && e == allowed) {
            return Ok(known.clone());
        }
        let Some(plain) = self.slices.get(&category) else { return Ok(None) };
        let kept = match left(event, source, category, plain, allowed).map_err(|_| VaultError::Tampered)? {
            Some(value) => {
                let json = Zeroizing::new(serde_json::to_vec(&value).map_err(|_| VaultError::Tampered)?);
                Some(Arc::new(Kept { value, json }))
            }
            None => None,
        };
        self.kept.push((category, allowed.clone(), kept.clone()));
        Ok(kept)
    }
}
