use handoff_schemas::Category;

use super::Situation;
use crate::identity::Confidence;
use crate::state::SealState;

impl Situation<'_> {
    /// Whether a seal closes this category of the event to all but its source (rulebook 7.6, C32). A seal on an entry that
    /// may be the same human being closes it too.
    pub fn sealed(&self, category: Category) -> bool {
        self.seals(category).next().is_some()
    }

    /// Whether it was expunged, so that its source has it no longer either. Only where it is surely the same human being.
    pub fn expunged(&self, category: Category) -> bool {
        let same = |seal: &SealState| {
            let certain = |p| self.state.confidence(p, seal.facts.person, &self.bundle.defaults.identity);
            self.event.person.map(certain) == Some(Confidence::Certain)
        };
        self.seals(category).any(|seal| seal.expunged && same(seal))
    }

    fn seals(&self, category: Category) -> impl Iterator<Item = &SealState> {
        let of_person = self.event.person.into_iter().flat_map(move |p| self.state.seals_of(p));
        of_person.filter(move |seal| seal.covers(self.event, category))
    }
}
