//! When anything about a person last changed, for a memo: nothing else may look.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicU64, Ordering};

use handoff_schemas::PersonId;

/// Persons share a slot, so that a million of them need no more room than one: a change of one makes a memo forget the
/// others of the slot too, and nothing worse.
const SLOTS: usize = 1_024;

/// One number a slot, in this process given to no other change of any state: where two states have the same one, nothing
/// about the persons of the slot was folded into either since the one was copied from the other.
#[derive(Clone, Debug)]
pub(super) struct Stamps(Vec<u64>);

static NEXT: AtomicU64 = AtomicU64::new(0);

fn next() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Default for Stamps {
    fn default() -> Self {
        Self(vec![next(); SLOTS])
    }
}

/// What a state says does not depend on them.
impl PartialEq for Stamps {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Stamps {
    pub fn turn(&mut self, person: PersonId) {
        if let Some(stamp) = self.0.get_mut(slot(person)) {
            *stamp = next();
        }
    }

    pub fn of(&self, person: PersonId) -> Option<u64> {
        self.0.get(slot(person)).copied()
    }
}

fn slot(person: PersonId) -> usize {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(person);
    usize::try_from(hash).unwrap_or_default() % SLOTS
}
