use handoff_schemas::{Fact, SealFacts};

handoff_spine::steps! {
    /// What a unit may do. The recall beside an expungement is the hub's own.
    Seal = "privacy.record-sealed.v1",
    Expunge = "privacy.record-expunged.v1",
}

/// One seal, as folded from its facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seal {
    /// What it covers; none while nothing happened.
    pub facts: Option<SealFacts>,
    pub expunged: bool,
}

impl Seal {
    /// Folds one fact; facts of other kinds change nothing.
    #[must_use]
    pub fn apply(mut self, fact: &Fact) -> Self {
        match fact {
            Fact::RecordSealed { seal } => {
                self.facts.get_or_insert_with(|| seal.clone());
            }
            Fact::RecordExpunged { seal } => {
                self.facts.get_or_insert_with(|| seal.clone());
                self.expunged = true;
            }
            _ => {}
        }
        self
    }
}
