use handoff_schemas::{AskFacts, Claim, Fact, ReviewOutcome};

handoff_spine::steps! {
    /// An event of the family.
    Request = "ask.access-requested.v1",
    End = "ask.access-ended.v1",
    Review = "ask.access-reviewed.v1",
    RecordProcess = "ask.legal-process-recorded.v1",
    ReviewProcess = "ask.legal-process-reviewed.v1",
}

/// One ask, or one legal process, as folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// What was stated; none while nothing happened.
    pub facts: Option<AskFacts>,
    pub ended: bool,
    pub review: Option<ReviewOutcome>,
}

impl Ask {
    /// Folds one fact.
    #[must_use]
    pub fn apply(mut self, fact: &Fact) -> Self {
        match fact {
            Fact::AskMade { ask } => self.facts = Some(ask.clone()),
            Fact::AskEnded { .. } => self.ended = true,
            Fact::AskReviewed { outcome, .. } => self.review = Some(*outcome),
            _ => {}
        }
        self
    }

    /// Whether it is legal process.
    #[must_use]
    pub fn is_process(&self) -> bool {
        self.facts.as_ref().is_some_and(|f| matches!(f.claim, Claim::LegalProcess(_)))
    }

    /// Whether somebody has to look at its use (rulebook 7.7 BTG).
    #[must_use]
    pub fn is_break_glass(&self) -> bool {
        self.facts.as_ref().is_some_and(|f| matches!(f.claim, Claim::BreakGlass(_)))
    }

    /// Over for good.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.ended || matches!(self.review, Some(ReviewOutcome::Abuse | ReviewOutcome::Refuse))
    }
}
