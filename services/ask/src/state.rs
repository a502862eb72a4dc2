use handoff_schemas::{AskFacts, Claim, Fact, ReviewOutcome};

macro_rules! steps {
    ($($name:ident = $event:literal),* $(,)?) => {
        /// An event of the family.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Step {
            $($name,)*
        }

        impl Step {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The event type that records the step.
            #[must_use]
            pub const fn event_type(self) -> &'static str {
                match self { $(Self::$name => $event,)* }
            }

            /// The step an event type records; none for other families.
            #[must_use]
            pub fn of(event_type: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|s| s.event_type() == event_type)
            }
        }
    };
}

steps! {
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
