//! Opening an event's slices once, however many recipients are ruled for.

use std::collections::BTreeMap;

use handoff_schemas::Category;
use handoff_spine::commit::LoggedEvent;
use handoff_spine::vault::{Opener, VaultError};
use serde_json::Value;

/// The plain slices of one event, opened as far as their keys live.
pub struct Opened {
    slices: BTreeMap<Category, Value>,
    /// Keys destroyed: these go to nobody any more (A3, "where keys live").
    pub erased: Vec<Category>,
}

impl Opened {
    /// Opens what can be opened.
    ///
    /// # Errors
    /// Any failure but a destroyed key: doubt stops the ruling.
    pub async fn of(opener: &Opener, event: &LoggedEvent) -> Result<Self, VaultError> {
        let mut opened = Self { slices: BTreeMap::new(), erased: Vec::new() };
        let plain = opener.open_event(event.record, event.person, &event.unit, event.id, &event.slices).await;
        for (slice, plain) in event.slices.iter().zip(plain) {
            match plain {
                Ok(plain) => {
                    let value = serde_json::from_slice(plain.expose()).map_err(|_| VaultError::Tampered)?;
                    opened.slices.insert(slice.category, value);
                }
                Err(VaultError::Erased) => opened.erased.push(slice.category),
                Err(e) => return Err(e),
            }
        }
        Ok(opened)
    }

    #[must_use]
    pub fn get(&self, category: Category) -> Option<&Value> {
        self.slices.get(&category)
    }
}
