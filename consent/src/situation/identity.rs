use handoff_schemas::{Category, PersonId};

use super::Situation;
use crate::identity::Confidence;

impl Situation<'_> {
    /// Rulebook 7.3 step 2: it is not sure enough who this is about. What is the incident's goes all the same.
    pub fn unidentified(&self, category: Category) -> bool {
        self.identity < Confidence::Certain && !self.bundle.defaults.identity.incident.contains(&category)
    }

    /// Whether what this entry's person allowed is allowed for whom the event is about.
    pub fn is_same(&self, person: PersonId) -> bool {
        let law = &self.bundle.defaults.identity;
        let same = |p| p == person || self.state.confidence(p, person, law) == Confidence::Certain;
        self.event.person.is_some_and(same)
    }
}
