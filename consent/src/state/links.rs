use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{MatchEvidence, PersonId};
use serde::{Deserialize, Serialize};

use crate::identity::{Confidence, Identification};

/// Who is the same human being: the set of links in force and of merges. Clusters are derived, so an unlink works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Links {
    links: BTreeMap<PersonId, BTreeSet<PersonId>>,
    merges: BTreeMap<PersonId, BTreeSet<PersonId>>,
    /// What a link rests on, under the smaller of its two persons. One without is an approver's word: certain.
    rests: BTreeMap<PersonId, BTreeMap<PersonId, MatchEvidence>>,
    /// What is known of one entry by itself.
    matched: BTreeMap<PersonId, MatchEvidence>,
}

impl Links {
    pub fn link(&mut self, a: PersonId, b: PersonId) {
        join(&mut self.links, a, b);
        self.forget(a, b);
    }

    /// The evidence of a link said last counts.
    pub fn rests(&mut self, a: PersonId, b: PersonId, evidence: MatchEvidence) {
        self.rests.entry(a.min(b)).or_default().insert(a.max(b), evidence);
    }

    pub fn matched(&mut self, person: PersonId, evidence: MatchEvidence) {
        self.matched.insert(person, evidence);
    }

    pub fn unlink(&mut self, a: PersonId, b: PersonId) {
        for (one, other) in [(a, b), (b, a)] {
            if let Some(known) = self.links.get_mut(&one) {
                known.remove(&other);
                if known.is_empty() {
                    self.links.remove(&one);
                }
            }
        }
        self.forget(a, b);
    }

    pub fn merge(&mut self, from: PersonId, into: PersonId) {
        join(&mut self.merges, from, into);
    }

    /// Everybody linked at all, however surely.
    pub fn cluster(&self, person: PersonId) -> BTreeSet<PersonId> {
        self.reached(person, |_, _| true)
    }

    /// Whether the cluster is of more than one.
    pub fn is_linked(&self, person: PersonId) -> bool {
        self.links.contains_key(&person) || self.merges.contains_key(&person)
    }

    /// Everybody linked at least this surely.
    pub fn surely(&self, person: PersonId, law: &Identification, least: Confidence) -> BTreeSet<PersonId> {
        self.reached(person, |a, b| self.evidence(a, b).is_none_or(|e| law.confidence(e) >= least))
    }

    /// How sure it is that the two are one, by the surest way from one to the other.
    pub fn confidence(&self, a: PersonId, b: PersonId, law: &Identification) -> Confidence {
        let levels = [Confidence::Certain, Confidence::Likely, Confidence::Uncertain];
        let found = levels.into_iter().find(|least| a == b || self.surely(a, law, *least).contains(&b));
        found.unwrap_or(Confidence::Unlinked)
    }

    /// How sure the unit is of an entry of its own; certain where it said nothing.
    pub fn own(&self, person: PersonId, law: &Identification) -> Confidence {
        self.matched.get(&person).map_or(Confidence::Certain, |e| law.confidence(e))
    }

    /// Whether anything is known of the entry's own match.
    pub fn is_matched(&self, person: PersonId) -> bool {
        self.matched.contains_key(&person)
    }

    fn evidence(&self, a: PersonId, b: PersonId) -> Option<&MatchEvidence> {
        self.rests.get(&a.min(b))?.get(&a.max(b))
    }

    fn forget(&mut self, a: PersonId, b: PersonId) {
        if let Some(known) = self.rests.get_mut(&a.min(b)) {
            known.remove(&a.max(b));
            if known.is_empty() {
                self.rests.remove(&a.min(b));
            }
        }
    }

    fn reached(&self, person: PersonId, counts: impl Fn(PersonId, PersonId) -> bool) -> BTreeSet<PersonId> {
        let mut cluster = BTreeSet::from([person]);
        let mut open = vec![person];
        while let Some(one) = open.pop() {
            let linked = self.links.get(&one).into_iter().flatten().filter(|other| counts(one, **other));
            let merged = self.merges.get(&one).into_iter().flatten();
            open.extend(linked.chain(merged).copied().filter(|p| cluster.insert(*p)));
        }
        cluster
    }
}

fn join(graph: &mut BTreeMap<PersonId, BTreeSet<PersonId>>, a: PersonId, b: PersonId) {
    if a != b {
        graph.entry(a).or_default().insert(b);
        graph.entry(b).or_default().insert(a);
    }
}
