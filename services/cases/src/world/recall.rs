//! What policy does beside an expungement: keys destroyed, and whoever held some of it told.

use std::collections::BTreeSet;

use handoff_schemas::{Category, Fact, Recipient, RecordId};

use super::{Row, World};

/// Who held what of an expungement before it: the place of its recall, the seal, and each recipient's events.
pub(super) struct Held {
    place: usize,
    seal: RecordId,
    rows: Vec<(Recipient, Option<RecordId>, usize, serde_json::Value)>,
    /// Who had lost it before, and may hold a copy.
    withdrawn: Vec<(usize, Recipient, Category)>,
}

impl World {
    /// Of the recalls among the events from `first` on, who holds what before anything is ruled again. Keys are destroyed
    /// here: slices that are covered open no more.
    pub(super) fn held_before(&mut self, first: usize) -> Vec<Held> {
        let mut held = Vec::new();
        for (place, told) in self.events.iter().enumerate().skip(first) {
            for fact in &told.event.facts {
                if let Fact::RecallOrdered { seal } = fact {
                    let rows = self.rows.iter().filter(|row| row.recipient.unit != seal.unit);
                    let held_as =
                        |row: &Row| (row.recipient.clone(), row.ruling.ask, row.event, row.shown.data.clone());
                    let rows = rows.map(held_as).collect();
                    let withdrawn = self.withdrawn.iter().filter(|(_, to, _)| to.unit != seal.unit).cloned().collect();
                    held.push(Held { place, seal: seal.seal, rows, withdrawn });
                }
            }
        }
        for one in &held {
            self.destroy(one.seal);
        }
        held
    }

    fn destroy(&mut self, seal: RecordId) {
        let Self { state, events, bundle, .. } = self;
        let Some(seal) = state.seal(seal) else { return };
        let same = state.same_person(seal.facts.person, &bundle.defaults.identity);
        for told in events.iter_mut().filter(|t| t.event.person.is_some_and(|p| same.contains(&p))) {
            let covered: Vec<_> = {
                let facts = told.facts();
                told.categories.iter().copied().filter(|category| seal.covers(&facts, *category)).collect()
            };
            told.slices.retain(|category, _| !covered.contains(category));
        }
    }

    /// Whoever has not now what they held of it is told which events to return or destroy.
    pub(super) fn recall(&mut self, held: Vec<Held>) {
        for Held { place, seal, rows, withdrawn } in held {
            for (event, recipient, category) in withdrawn {
                if self.closes(seal, event, category) {
                    self.recalls.entry(place).or_default().entry(recipient).or_default().insert(event);
                }
            }
            for (recipient, ask, event, data) in rows {
                let same = |row: &&Row| row.event == event && row.recipient == recipient && row.ruling.ask == ask;
                let now = self.rows.iter().find(same);
                let lost = now.is_none_or(|row| row.shown.data != data);
                if lost && self.covers(seal, event) {
                    let told = self.recalls.entry(place).or_default();
                    told.entry(recipient).or_default().insert(event);
                }
            }
            if self.recalls.contains_key(&place) {
                self.release(place);
            }
        }
    }

    fn covers(&self, seal: RecordId, event: usize) -> bool {
        let categories = self.events.get(event).map(|told| told.categories.as_slice()).unwrap_or_default();
        categories.iter().any(|category| self.closes(seal, event, *category))
    }

    fn closes(&self, seal: RecordId, event: usize, category: Category) -> bool {
        let (Some(seal), Some(told)) = (self.state.seal(seal), self.events.get(event)) else { return false };
        seal.covers(&told.facts(), category)
    }

    /// How many events the recipient was told to return or destroy by this recall.
    pub(super) fn recalled(&self, place: usize, to: &Recipient) -> usize {
        self.recalls.get(&place).and_then(|told| told.get(to)).map_or(0, BTreeSet::len)
    }
}
