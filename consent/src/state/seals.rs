use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{Category, Fact, LogPos, PersonId, RecordId, SealFacts};
use serde::{Deserialize, Serialize};

use crate::situation::EventFacts;

/// A seal, and whether it became an expungement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealState {
    pub facts: SealFacts,
    pub at: LogPos,
    pub expunged: bool,
}

impl SealState {
    /// Whether it closes this category of the event. Whom the event is about is the caller's to compare.
    ///
    /// What stands under a sealed record later is sealed too; of everything there was, a corrected version is no new
    /// data.
    #[must_use]
    pub fn covers(&self, event: &EventFacts<'_>, category: Category) -> bool {
        let facts = &self.facts;
        let amends = || event.facts.iter().any(|f| matches!(f, Fact::Amends { .. }));
        let of_record = match facts.records.is_empty() {
            true => !facts.categories.is_empty() && (event.pos <= self.at || amends()),
            false => facts.records.contains(&event.record),
        };
        facts.unit == *event.source
            && of_record
            && (facts.categories.is_empty() || facts.categories.contains(&category))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Seals {
    all: BTreeMap<RecordId, SealState>,
    by_person: BTreeMap<PersonId, BTreeSet<RecordId>>,
}

impl Seals {
    /// What is sealed stays as it was sealed: a record is one seal.
    pub fn sealed(&mut self, facts: &SealFacts, at: LogPos) {
        self.add(facts, at);
    }

    pub fn expunged(&mut self, facts: &SealFacts, at: LogPos) {
        let state = self.add(facts, at);
        // Whatever came between the seal and its expungement is expunged with it.
        if !state.expunged {
            (state.expunged, state.at) = (true, state.at.max(at));
        }
    }

    fn add(&mut self, facts: &SealFacts, at: LogPos) -> &mut SealState {
        self.by_person.entry(facts.person).or_default().insert(facts.seal);
        self.all.entry(facts.seal).or_insert_with(|| SealState { facts: facts.clone(), at, expunged: false })
    }

    pub fn get(&self, seal: RecordId) -> Option<&SealState> {
        self.all.get(&seal)
    }

    pub fn of(&self, person: PersonId) -> impl Iterator<Item = &SealState> {
        self.by_person.get(&person).into_iter().flatten().filter_map(|seal| self.all.get(seal))
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}
