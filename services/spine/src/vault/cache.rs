use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handoff_schemas::{Category, PersonId, RecordId, UnitId};

use super::{Destruction, Secret};

/// An unwrapped data key and whose it is. Zeroized when the last holder drops it; printed by nobody.
pub(super) struct DataKey {
    pub(super) record: RecordId,
    pub(super) category: Category,
    pub(super) version: u32,
    pub(super) person: Option<PersonId>,
    pub(super) unit: UnitId,
    pub(super) secret: Secret,
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[withheld]")
    }
}

/// A moment in the life of the cache: keys read before an eviction are not cached after it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Epoch(u64);

type Slot = (RecordId, Category);
type Keys = Vec<Arc<DataKey>>;

/// Bounded: two generations; what was not used during a whole generation goes.
pub(super) struct KeyCache {
    generations: Mutex<Generations>,
    half: usize,
}

#[derive(Default)]
struct Generations {
    epoch: u64,
    young: HashMap<Slot, Keys>,
    old: HashMap<Slot, Keys>,
}

impl KeyCache {
    /// Holds at most `capacity` (record, category) pairs.
    pub(super) fn new(capacity: usize) -> Self {
        Self { generations: Mutex::default(), half: (capacity / 2).max(1) }
    }

    pub(super) fn epoch(&self) -> Epoch {
        Epoch(self.lock().epoch)
    }

    pub(super) fn version(&self, record: RecordId, category: Category, version: u32) -> Option<Arc<DataKey>> {
        self.find(record, category, |key| key.version == version)
    }

    /// A key that may seal: of this person and unit.
    pub(super) fn sealing(
        &self,
        record: RecordId,
        category: Category,
        person: Option<PersonId>,
        unit: &UnitId,
    ) -> Option<Arc<DataKey>> {
        self.find(record, category, |key| key.person == person && key.unit == *unit)
    }

    fn find(&self, record: RecordId, category: Category, wanted: impl Fn(&DataKey) -> bool) -> Option<Arc<DataKey>> {
        let mut generations = self.lock();
        let slot = (record, category);
        if let Some(keys) = generations.young.get(&slot) {
            return keys.iter().find(|k| wanted(k)).cloned();
        }
        let keys = generations.old.remove(&slot)?;
        let found = keys.iter().find(|k| wanted(k)).cloned();
        self.put(&mut generations, slot, keys);
        found
    }

    /// Keeps `keys` unless anything was evicted since `read`, when they were read from the table.
    pub(super) fn keep(&self, read: Epoch, keys: &[Arc<DataKey>]) {
        let mut generations = self.lock();
        if Epoch(generations.epoch) != read {
            return;
        }
        for key in keys {
            let slot = (key.record, key.category);
            let mut held = generations
                .young
                .remove(&slot)
                .or_else(|| generations.old.remove(&slot))
                .unwrap_or_else(|| Vec::with_capacity(1));
            if !held.iter().any(|k| k.version == key.version) {
                held.push(Arc::clone(key));
            }
            self.put(&mut generations, slot, held);
        }
    }

    fn put(&self, generations: &mut Generations, slot: Slot, keys: Keys) {
        if generations.young.len() >= self.half {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(slot, keys);
    }

    /// Forgets what a destruction names, and lets nothing read before be kept.
    pub(super) fn evict(&self, what: &Destruction) {
        let mut generations = self.lock();
        generations.epoch += 1;
        let Generations { young, old, .. } = &mut *generations;
        for map in [young, old] {
            map.retain(|_, keys| {
                keys.retain(|key| !what.names(key));
                !keys.is_empty()
            });
        }
    }

    pub(super) fn len(&self) -> usize {
        let generations = self.lock();
        generations.young.len() + generations.old.len()
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        // A panic elsewhere cannot leave the maps half changed in a way that matters: they only cache.
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
