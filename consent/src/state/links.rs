use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::PersonId;
use serde::{Deserialize, Serialize};

/// Who is the same human being: the set of links in force and of merges. Clusters are derived, so an unlink works.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Links {
    links: BTreeMap<PersonId, BTreeSet<PersonId>>,
    merges: BTreeMap<PersonId, BTreeSet<PersonId>>,
}

impl Links {
    pub fn link(&mut self, a: PersonId, b: PersonId) {
        join(&mut self.links, a, b);
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
    }

    pub fn merge(&mut self, from: PersonId, into: PersonId) {
        join(&mut self.merges, from, into);
    }

    pub fn cluster(&self, person: PersonId) -> BTreeSet<PersonId> {
        let mut cluster = BTreeSet::from([person]);
        let mut open = vec![person];
        while let Some(one) = open.pop() {
            let linked = self.links.get(&one).into_iter().chain(self.merges.get(&one)).flatten();
            open.extend(linked.copied().filter(|p| cluster.insert(*p)));
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
