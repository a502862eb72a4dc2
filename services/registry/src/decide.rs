use std::sync::Arc;

use handoff_law::Bundle;
use handoff_schemas::{Fact, OperatorFacts, PartnerId, UnitFacts, UnitId};
use handoff_spine::command::{Command, Item, Refusal};
use handoff_spine::commit::LoggedEvent;
use handoff_spine::decider::{Decider, NewEvent};
use handoff_spine::directory::{OPERATOR, PartnerFacts};

use crate::moves::Move;
use crate::state::Entry;
use crate::{agreement, law, partner, unit};

/// What other records say: the registry checks that a unit's partner and an agreement's parties exist.
pub trait Known: Send + Sync + 'static {
    fn unit(&self, unit: &UnitId) -> Option<Arc<UnitFacts>>;
    fn partner(&self, partner: &PartnerId) -> Option<PartnerFacts>;
    /// What the operator declared last; none where it declared nothing.
    fn operator(&self) -> Option<OperatorFacts>;
    /// The law whose hooks are reviewed: this build's, unless the hub is under another.
    fn law(&self) -> Option<Arc<Bundle>> {
        Bundle::embedded().ok()
    }
}

/// The decider of the `partner`, `unit`, `agreement` and `bundle` families.
#[derive(Clone)]
pub struct Registrar {
    known: Arc<dyn Known>,
}

impl Registrar {
    #[must_use]
    pub fn new(known: Arc<dyn Known>) -> Self {
        Self { known }
    }
}

impl Decider for Registrar {
    const NAME: &'static str = "registry";
    type State = Entry;

    fn evolve(state: Entry, event: &LoggedEvent) -> Entry {
        state.apply(event.event_type.as_str(), &event.facts, &event.admin)
    }

    fn decide(&self, state: &Entry, command: &Command) -> Result<Vec<NewEvent>, Refusal> {
        if command.items.is_empty() {
            return Err(Refusal::new("HO-2001", "the command says nothing", "send at least one registry event"));
        }
        let mut state = state.clone();
        let mut events = Vec::with_capacity(command.items.len());
        for item in &command.items {
            operator_or_signer(command, item)?;
            let facts = self.facts(&state, command, item)?;
            // Every leaf of these families is about no person, so the data is what the log keeps in the clear of it.
            let admin = item.data.as_object().cloned().unwrap_or_default();
            state = state.apply(item.event_type.as_str(), &facts, &admin);
            events.push(NewEvent::of(item, None, facts));
        }
        Ok(events)
    }
}

impl Registrar {
    fn facts(&self, state: &Entry, command: &Command, item: &Item) -> Result<Vec<Fact>, Refusal> {
        if item.person.is_some() {
            return Err(
                Refusal::new("HO-2008", "a registration is about no person", "leave the subject out").at("/subject")
            );
        }
        match item.event_type.family() {
            "partner" => partner::facts(state, command, item),
            "unit" => unit::facts(state, command, item, &*self.known),
            "agreement" => agreement::facts(state, command, item, &*self.known),
            "bundle" => law::facts(state, command, item),
            _ => Err(Refusal::new(
                "HO-2002",
                "this is no event of the registry",
                "send events of the families partner, unit, agreement and bundle",
            )),
        }
    }
}

fn operator_or_signer(command: &Command, item: &Item) -> Result<(), Refusal> {
    let signs = Move::of(item.event_type.as_str()) == Some(Move::Sign);
    if command.unit.as_str() == OPERATOR || signs {
        return Ok(());
    }
    Err(Refusal::new(
        "HO-2007",
        "only the hub's operator changes the registry",
        "ask the operator; a party signs an agreement for itself with `agreement.agreement-signed.v1`",
    ))
}
