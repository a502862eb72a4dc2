use std::sync::Arc;

use handoff_schemas::{Fact, PersonId, RecipientKind, RecordId, ReviewOutcome, UnitId};
use handoff_spine::command::{Command, Item, RecordRef, Refusal};
use handoff_spine::commit::LoggedEvent;
use handoff_spine::decider::{Decider, Names, NewEvent};
use handoff_spine::directory::OPERATOR;
use serde::Deserialize;

use crate::state::{Ask, Step};
use crate::{process, request};

/// The functional roles a unit is registered with; none where it is not.
pub type Roles = Arc<dyn Fn(&UnitId) -> Option<Vec<RecipientKind>> + Send + Sync>;

/// The decider of the `ask` family.
#[derive(Clone)]
pub struct Asks {
    pub(crate) names: Names,
    pub(crate) roles: Roles,
}

/// One event being decided: what every step knows.
pub(crate) struct Given<'a> {
    pub asks: &'a Asks,
    pub command: &'a Command,
    pub item: &'a Item,
    pub ask: RecordId,
    pub person: PersonId,
}

impl Asks {
    #[must_use]
    pub fn new(names: Names, roles: Roles) -> Self {
        Self { names, roles }
    }
}

/// What a step says to policy.
fn fact(state: &Ask, step: Step, given: &Given<'_>) -> Result<Fact, Refusal> {
    let (ask, person) = (given.ask, given.person);
    match step {
        Step::Request => request::facts(given).map(|ask| Fact::AskMade { ask }),
        Step::RecordProcess => process::facts(given).map(|ask| Fact::AskMade { ask }),
        Step::End => Ok(Fact::AskEnded { ask, person }),
        Step::Review => Ok(Fact::AskReviewed { ask, person, outcome: reviewed(state, given.item)? }),
        Step::ReviewProcess => Ok(Fact::AskReviewed { ask, person, outcome: answered(given.item)? }),
    }
}

impl Decider for Asks {
    const NAME: &'static str = "ask";
    type State = Ask;

    fn evolve(state: Ask, event: &LoggedEvent) -> Ask {
        event.facts.iter().fold(state, Ask::apply)
    }

    fn decide(&self, state: &Ask, command: &Command) -> Result<Vec<NewEvent>, Refusal> {
        if command.items.is_empty() {
            return Err(Refusal::new("HO-2500", "the command says nothing", "send at least one ask event"));
        }
        let ask = command.record_id(|unit, key| (self.names)(unit, key));
        let mut state = state.clone();
        let mut events = Vec::with_capacity(command.items.len());
        for item in &command.items {
            let step = Step::of(item.event_type.as_str()).ok_or_else(|| {
                Refusal::new("HO-2502", "this is no event of an ask", "see schemas/events/ask for the event types")
            })?;
            permitted(&state, step, command)?;
            let person = state.facts.as_ref().map(|f| f.person).or(item.person).ok_or_else(|| {
                Refusal::new("HO-2504", "an ask is about one person, and none is named", "name the person as subject")
                    .at("/subject")
            })?;
            let given = Given { asks: self, command, item, ask, person };
            let fact = fact(&state, step, &given)?;
            state = state.apply(&fact);
            events.push(NewEvent::of(item, Some(person), vec![fact]));
        }
        Ok(events)
    }
}

/// Who may take the step now. "None" and "another's" are one refusal: that somebody was asked about is told to nobody.
fn permitted(state: &Ask, step: Step, command: &Command) -> Result<(), Refusal> {
    let nothing = || {
        Err(Refusal::new(
            "HO-2501",
            "there is no such ask of this unit",
            "check its key; only the unit that made it, or the hub's operator, takes its next step",
        ))
    };
    let begins = matches!(step, Step::Request | Step::RecordProcess);
    let Some(facts) = &state.facts else {
        return if begins && matches!(command.record, RecordRef::Key(_)) { Ok(()) } else { nothing() };
    };
    if facts.unit != command.unit && command.unit.as_str() != OPERATOR {
        return nothing();
    }
    let follows = match step {
        Step::Request | Step::RecordProcess => false,
        Step::End => !state.is_closed(),
        Step::Review => state.is_break_glass() && state.review.is_none(),
        // What was to be released may be refused later; what was refused needs a new process.
        Step::ReviewProcess => state.is_process() && !state.is_closed(),
    };
    if follows {
        return Ok(());
    }
    Err(Refusal::new(
        "HO-2503",
        "this step does not follow",
        "an ask ends once; break-glass is reviewed once, legal process until it is refused; a new ask has a new key",
    ))
}

#[derive(Deserialize)]
struct Reviewed {
    outcome: ReviewOutcome,
    reviewed_by: String,
}

/// Rulebook 7.7 BTG: somebody else looks at it.
fn reviewed(state: &Ask, item: &Item) -> Result<ReviewOutcome, Refusal> {
    let review: Reviewed = read(item)?;
    let user = state.facts.as_ref().and_then(|f| f.user.as_deref());
    if user.is_some_and(|u| u.eq_ignore_ascii_case(review.reviewed_by.trim())) {
        return Err(Refusal::new(
            "HO-2512",
            "a use of break-glass is reviewed by somebody else than its user",
            "have the privacy officer or a supervisor review it",
        )
        .at("/reviewed_by"));
    }
    Ok(review.outcome)
}

#[derive(Deserialize)]
struct Answered {
    decision: ReviewOutcome,
    reviewed_by: String,
}

fn answered(item: &Item) -> Result<ReviewOutcome, Refusal> {
    let answer: Answered = read(item)?;
    if answer.reviewed_by.trim().is_empty() {
        return Err(missing("/reviewed_by"));
    }
    Ok(answer.decision)
}

/// A required fact of the authority that is not there: then the authority is not available (rulebook 7.3 step 8).
pub(crate) fn missing(place: &str) -> Refusal {
    Refusal::new(
        "HO-2506",
        "a fact that this authority requires is missing",
        "state the fact at this place, if it is so; without it there is no such authority",
    )
    .at(place)
}

/// The data of an item, as far as this service reads it.
pub(crate) fn read<'a, T: Deserialize<'a>>(item: &'a Item) -> Result<T, Refusal> {
    item.read("HO-2505")
}
