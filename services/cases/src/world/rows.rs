//! The rows that recipients hold: what is ruled again, for whom, and what the templates leave of it.

use std::collections::{BTreeMap, BTreeSet};

use handoff_law::{Grant, Rerule, Ruling};
use handoff_schemas::{Category, PersonId, Purpose, Recipient, RecordId, UnitId};

use super::{Row, Told, World};
use crate::found::Shown;

/// Who holds a row: a recipient by what stands, or under an ask.
type Holder = (Recipient, Option<RecordId>);

impl World {
    /// The events that a change of law, agreement, consent or link touches.
    pub(super) fn touched(&self, again: &BTreeSet<Rerule>) -> BTreeSet<usize> {
        let mut people: BTreeSet<PersonId> = BTreeSet::new();
        let mut units: BTreeSet<UnitId> = BTreeSet::new();
        for change in again {
            match change {
                Rerule::Person(person) => people.extend(self.state.person_cluster(*person)),
                Rerule::Agreement(agreement) => units.extend(self.state.agreement_units(agreement)),
                Rerule::Unit(unit) => drop(units.insert(unit.clone())),
            }
        }
        let touches = |told: &&Told| {
            !told.replaced
                && (told.event.person.is_some_and(|p| people.contains(&p)) || units.contains(&told.event.unit))
        };
        self.events.iter().enumerate().filter(|(_, told)| touches(told)).map(|(at, _)| at).collect()
    }

    /// Rules one event for everybody who may be ruled for, by what stands and under each ask about its person, and for
    /// everybody who holds something of it.
    pub(super) fn release(&mut self, place: usize) {
        let Some(told) = self.events.get(place).filter(|t| !t.categories.is_empty() && !t.replaced) else { return };
        let mut recipients = self.state.recipients(&told.event.unit);
        recipients.extend(self.recalls.get(&place).into_iter().flat_map(BTreeMap::keys).cloned());
        recipients.extend(self.documenting(place));
        let mut holders: BTreeSet<Holder> = recipients.into_iter().map(|to| (to, None)).collect();
        holders.extend(self.askers(told));
        holders.extend(self.rows.iter().filter(|r| r.event == place).map(|r| (r.recipient.clone(), r.ruling.ask)));
        for (recipient, ask) in holders {
            let ruling = match ask {
                Some(ask) => self.rule_asked(place, ask),
                None => self.rule(place, &recipient, None),
            };
            let Some(ruling) = ruling else { continue };
            let shown = self.left(place, &ruling);
            let same = |r: &Row| r.event == place && r.recipient == recipient && r.ruling.ask == ask;
            let held = self.rows.iter().position(same);
            let before = held.map(|at| self.rows.remove(at));
            let had = before.iter().flat_map(|row| shows(&row.ruling));
            let kept: BTreeSet<Category> = if shown.is_some() { shows(&ruling).collect() } else { BTreeSet::new() };
            let lost = had.filter(|category| !kept.contains(category));
            self.withdrawn.extend(lost.map(|category| (place, recipient.clone(), category)));
            if let Some(shown) = shown {
                let same = |row: &Row| row.ruling.slices == ruling.slices && row.shown.data == shown.data;
                let count = before.as_ref().map_or(1, |row| row.count + usize::from(!same(row)));
                let at = before.as_ref().filter(|row| same(row)).map_or(self.at, |row| row.at);
                self.rows.push(Row { event: place, recipient, ruling, shown, count, at });
            }
        }
    }

    /// Rules twice, with memory and cold, and insists that both agree.
    pub(super) fn rule(&mut self, place: usize, recipient: &Recipient, asked: Option<Purpose>) -> Option<Ruling> {
        let Self { bundle, state, memo, events, at, faults, recalls, documents, .. } = self;
        let facts = events.get(place)?.facts();
        let (warm, cold) = match asked {
            None if documents.get(&place).is_some_and(|units| units.contains(&recipient.unit)) => (
                memo.rule_record(bundle, state, &facts, recipient, *at),
                handoff_law::rule_record(bundle, state, &facts, recipient, *at),
            ),
            None if recalls.get(&place).is_some_and(|told| told.contains_key(recipient)) => (
                memo.rule_recall(bundle, state, &facts, recipient, *at),
                handoff_law::rule_recall(bundle, state, &facts, recipient, *at),
            ),
            None => (
                memo.rule(bundle, state, &facts, recipient, *at),
                handoff_law::rule(bundle, state, &facts, recipient, *at),
            ),
            Some(purpose) => (
                memo.rule_for(bundle, state, &facts, recipient, purpose, *at),
                handoff_law::rule_for(bundle, state, &facts, recipient, purpose, *at),
            ),
        };
        if warm != cold {
            faults.push(format!("memory and a cold ruling differ for {recipient}"));
        }
        Some(cold)
    }

    /// What the templates leave of an event for whom it was ruled; none where nothing is left.
    pub(super) fn left(&self, place: usize, ruling: &Ruling) -> Option<Shown> {
        let told = self.events.get(place)?;
        let source = handoff_policy::source_kind(&self.state, &told.event.unit);
        let (mut parts, mut grants, mut slices) = (Vec::new(), Vec::new(), Vec::new());
        for slice in ruling.slices.iter() {
            let allowed = slice.outcome.elements();
            let Some(whole) = told.slices.get(&slice.category).filter(|_| !allowed.is_empty()) else { continue };
            let left = handoff_policy::left(&told.event.event_type, source, slice.category, whole, &allowed);
            if let Some(part) = left.ok().flatten() {
                parts.push(part);
                slices.push(slice.category);
                grants.extend(slice.outcome.grants().iter().cloned());
            }
        }
        let laws: BTreeSet<_> = grants.iter().flat_map(|grant: &Grant| grant.labels.iter().copied()).collect();
        let mark = self.bundle.labels.mark(slices, &told.event.content, &laws);
        let shown = Shown {
            mark: Some(mark),
            event_type: told.event.event_type.to_string(),
            source: told.event.unit.to_string(),
            data: handoff_schemas::present(parts),
            grants,
            valid_until: ruling.valid_until,
        };
        (!shown.grants.is_empty()).then_some(shown)
    }
}

/// What a ruling shows something of.
fn shows(ruling: &Ruling) -> impl Iterator<Item = Category> + '_ {
    ruling.slices.iter().filter(|slice| !slice.outcome.elements().is_empty()).map(|slice| slice.category)
}
