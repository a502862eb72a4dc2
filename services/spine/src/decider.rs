//! What every deciding service supplies: a pure fold and a pure decision. Time and ids arrive in the command.

use std::sync::Arc;

use handoff_schemas::{EventType, Fact, PersonId, RecordId, UnitId};
use serde_json::Value;

use crate::command::{Command, Item, Refusal};
use crate::commit::LoggedEvent;

/// An event before it is validated, labelled, sliced and sealed.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    pub event_type: EventType,
    pub person: Option<PersonId>,
    pub asserted_at: Option<String>,
    pub facts: Vec<Fact>,
    pub data: Value,
}

impl NewEvent {
    /// What an item says, about this person and with these facts.
    #[must_use]
    pub fn of(item: &Item, person: Option<PersonId>, facts: Vec<Fact>) -> Self {
        let Item { event_type, asserted_at, data, .. } = item.clone();
        Self { event_type, person, asserted_at, facts, data }
    }
}

/// The hub's name for the record a unit calls by a key of its own: a pure function under the hub's id key.
pub type Names = Arc<dyn Fn(&UnitId, &str) -> RecordId + Send + Sync>;

/// Whether a unit is registered.
pub type IsKnown = Arc<dyn Fn(&UnitId) -> bool + Send + Sync>;

/// One aggregate family, as two pure functions.
pub trait Decider: Send + Sync + 'static {
    /// The service's name: `cmd.<NAME>` is where its commands arrive.
    const NAME: &'static str;

    /// A record folded from its own events; the default is the record that does not exist yet.
    type State: Default + Clone + Send + Sync + 'static;

    /// Folds one event. Sees facts and administrative leaves; slices stay sealed.
    fn evolve(state: Self::State, event: &LoggedEvent) -> Self::State;

    /// What the command makes happen, or a coded refusal.
    ///
    /// # Errors
    /// A [`Refusal`] that says what is wrong with this command, at which place, and what to do.
    fn decide(&self, state: &Self::State, command: &Command) -> Result<Vec<NewEvent>, Refusal>;

    /// Whether a repeated key with other content is a new version of a document (an amended care report)
    /// rather than a mistake.
    fn amendable(_event_type: &EventType) -> bool {
        false
    }
}

/// The events of one family as steps: an enum `Step` with each step's event type, both ways.
#[macro_export]
macro_rules! steps {
    ($(#[$doc:meta])* $($name:ident = $event:literal),* $(,)?) => {
        $(#[$doc])*
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

            /// The step an event type records; none for any other.
            #[must_use]
            pub fn of(event_type: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|s| s.event_type() == event_type)
            }
        }
    };
}
