use handoff_schemas::{Category, EventType, Fact, PersonId, RecordId, SealFacts, UnitId};
use handoff_spine::command::{Command, Item, RecordRef, Refusal};
use handoff_spine::commit::LoggedEvent;
use handoff_spine::decider::{Decider, IsKnown, Names, NewEvent};
use handoff_spine::directory::OPERATOR;
use serde::Deserialize;
use serde_json::json;

use crate::state::{Seal, Step};

/// Made beside an expungement, for whoever holds what it covers.
const RECALLED: &str = "privacy.record-recalled.v1";

/// What a recipient is asked to do where the order says nothing.
const USUAL_RECALL: &str = "return-or-destroy";

/// The decider of the `privacy` family.
#[derive(Clone)]
pub struct Seals {
    names: Names,
    is_known: IsKnown,
}

impl Seals {
    #[must_use]
    pub fn new(names: Names, is_known: IsKnown) -> Self {
        Self { names, is_known }
    }
}

#[derive(Deserialize)]
struct Order {
    unit: Option<UnitId>,
    #[serde(default)]
    records: Vec<String>,
    #[serde(default)]
    categories: Vec<Category>,
    cause: String,
    order: Option<String>,
    recall: Option<String>,
}

impl Decider for Seals {
    const NAME: &'static str = "privacy";
    type State = Seal;

    fn evolve(state: Seal, event: &LoggedEvent) -> Seal {
        event.facts.iter().fold(state, Seal::apply)
    }

    fn decide(&self, state: &Seal, command: &Command) -> Result<Vec<NewEvent>, Refusal> {
        if command.items.is_empty() {
            return Err(Refusal::new("HO-2380", "the command says nothing", "send at least one privacy event"));
        }
        let seal = command.record_id(|unit, key| (self.names)(unit, key));
        let mut state = state.clone();
        let mut events = Vec::with_capacity(command.items.len() + 1);
        for item in &command.items {
            let step = Step::of(item.event_type.as_str()).ok_or_else(|| {
                Refusal::new(
                    "HO-2381",
                    "this is no event that a unit may send of a seal",
                    "seal or expunge; the recall beside an expungement is the hub's own",
                )
            })?;
            permitted(&state, step, command)?;
            let order: Order = item.read("HO-2390")?;
            let facts = match &state.facts {
                Some(sealed) => same_scope(sealed, &order)?,
                None => self.facts(command, item, seal, &order)?,
            };
            let person = facts.person;
            let (fact, recalled) = match step {
                Step::Seal => (Fact::RecordSealed { seal: facts }, None),
                Step::Expunge => {
                    (Fact::RecordExpunged { seal: facts.clone() }, Some(recall(person, item, &order, facts)?))
                }
            };
            state = state.apply(&fact);
            events.push(NewEvent::of(item, Some(person), vec![fact]));
            events.extend(recalled);
        }
        Ok(events)
    }
}

impl Seals {
    /// What a new seal covers.
    fn facts(&self, command: &Command, item: &Item, seal: RecordId, order: &Order) -> Result<SealFacts, Refusal> {
        let person = item.person.ok_or_else(|| {
            Refusal::new("HO-2385", "a seal is about one person, and none is named", "name the person as subject")
                .at("/subject")
        })?;
        let unit = self.holder(command, order)?;
        if order.records.is_empty() && order.categories.is_empty() {
            return Err(Refusal::new(
                "HO-2382",
                "the seal names neither records nor categories",
                "name the records by the unit's own keys, or the categories",
            )
            .at("/records"));
        }
        let ordered = order.order.as_deref().is_some_and(|text| !text.trim().is_empty());
        if !ordered && (order.cause == "court-order" || command.unit.as_str() == OPERATOR) {
            return Err(Refusal::new(
                "HO-2387",
                "a court's order, and whatever the hub's operator seals, names its court and docket",
                "state the court and the docket",
            )
            .at("/order"));
        }
        let mut records: Vec<RecordId> = order.records.iter().map(|key| (self.names)(&unit, key)).collect();
        records.sort();
        records.dedup();
        Ok(SealFacts { seal, person, unit, records, categories: order.categories.clone() })
    }

    /// Whose data it is: the unit's own, or of the unit that the operator names.
    fn holder(&self, command: &Command, order: &Order) -> Result<UnitId, Refusal> {
        let wrong = |message| {
            let remedy = "a unit seals what it keeps itself; the hub's operator names the unit";
            Err(Refusal::new("HO-2386", message, remedy).at("/unit"))
        };
        match (&order.unit, command.unit.as_str() == OPERATOR) {
            (None, false) => Ok(command.unit.clone()),
            (Some(unit), false) if *unit == command.unit => Ok(unit.clone()),
            (Some(_), false) => wrong("a unit seals nobody else's data"),
            (None, true) => wrong("the operator says whose data it is"),
            (Some(unit), true) if (self.is_known)(unit) => Ok(unit.clone()),
            (Some(_), true) => wrong("no such unit is registered"),
        }
    }
}

/// Who may take the step now. "None" and "another's" are one refusal: a seal says that there was something.
fn permitted(state: &Seal, step: Step, command: &Command) -> Result<(), Refusal> {
    let nothing = || {
        Refusal::new(
            "HO-2383",
            "there is no such seal of this unit",
            "check its key; only its unit and the hub's operator go on with a seal",
        )
    };
    let Some(facts) = &state.facts else {
        return if matches!(command.record, RecordRef::Key(_)) { Ok(()) } else { Err(nothing()) };
    };
    if facts.unit != command.unit && command.unit.as_str() != OPERATOR {
        return Err(nothing());
    }
    if step == Step::Expunge && !state.expunged {
        return Ok(());
    }
    Err(Refusal::new(
        "HO-2384",
        "this step does not follow",
        "a seal is expunged once, and is never lifted; a further seal has a key of its own",
    ))
}

/// An expungement after a seal has the seal's scope: another scope is another seal.
fn same_scope(sealed: &SealFacts, order: &Order) -> Result<SealFacts, Refusal> {
    let unit = order.unit.as_ref().is_none_or(|unit| *unit == sealed.unit);
    if unit && order.records.is_empty() && order.categories.is_empty() {
        return Ok(sealed.clone());
    }
    Err(Refusal::new(
        "HO-2388",
        "what was sealed is expunged as it was sealed",
        "leave unit, records and categories out, or expunge under a key of its own",
    )
    .at("/records"))
}

/// What holders are told: an event of its own, so that nothing else of the order can reach them.
fn recall(person: PersonId, item: &Item, order: &Order, seal: SealFacts) -> Result<NewEvent, Refusal> {
    let event_type: EventType = RECALLED.parse().map_err(|_| {
        Refusal::new("HO-2389", "the recall cannot be made", "report this as a defect; nothing was expunged")
    })?;
    Ok(NewEvent {
        event_type,
        person: Some(person),
        asserted_at: item.asserted_at.clone(),
        facts: vec![Fact::RecallOrdered { seal }],
        data: json!({ "action": order.recall.as_deref().unwrap_or(USUAL_RECALL) }),
    })
}
