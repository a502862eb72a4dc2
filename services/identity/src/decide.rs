use std::sync::Arc;

use handoff_schemas::{Fact, PersonId, UnitId};
use handoff_spine::command::{Command, Item, RecordRef, Refusal};
use handoff_spine::commit::LoggedEvent;
use handoff_spine::decider::{Decider, NewEvent};
use serde::Deserialize;

use crate::evidence;
use crate::life;
use crate::state::Person;

/// A local id is claimed under this prefix as record key, so that one record is one (unit, local id): the log itself
/// refuses a second claim (expected sequence 0).
pub const LOCAL: &str = "local:";

const REGISTERED: &str = "person.person-registered.v1";
const ASSERTED: &str = "person.identity-asserted.v1";
const LINKED: &str = "person.identity-linked.v1";
const UNLINKED: &str = "person.identity-unlinked.v1";
const MERGED: &str = "person.person-merged.v1";
const SPLIT: &str = "person.person-split.v1";
/// Events that say something about the person, and nothing to policy.
const TOLD: &[&str] = &["person.safe-contact-set.v1"];
const DIED: &str = "person.death-recorded.v1";

/// Whether a unit is registered as a victim-service provider.
pub type IsVictimServices = Arc<dyn Fn(&UnitId) -> bool + Send + Sync>;

/// The decider of the `person` family.
#[derive(Clone)]
pub struct Identities {
    is_victim_services: IsVictimServices,
}

impl Identities {
    #[must_use]
    pub fn new(is_victim_services: IsVictimServices) -> Self {
        Self { is_victim_services }
    }
}

impl Decider for Identities {
    const NAME: &'static str = "identity";
    type State = Person;

    fn evolve(state: Person, event: &LoggedEvent) -> Person {
        event.facts.iter().fold(state, Person::apply)
    }

    fn decide(&self, state: &Person, command: &Command) -> Result<Vec<NewEvent>, Refusal> {
        if command.items.is_empty() {
            return Err(Refusal::new("HO-2101", "the command says nothing", "send at least one person event"));
        }
        let mut state = state.clone();
        let mut events = Vec::with_capacity(command.items.len());
        for item in &command.items {
            let (person, facts) = if item.event_type.as_str() == REGISTERED {
                register(&state, command, item)?
            } else {
                let person = own(&state, command)?;
                (person, self.facts(&state, person, command, item)?)
            };
            state = facts.iter().fold(state, Person::apply);
            events.push(NewEvent::of(item, Some(person), facts));
        }
        Ok(events)
    }
}

/// Claims a local id for a new, random person.
fn register(state: &Person, command: &Command, item: &Item) -> Result<(PersonId, Vec<Fact>), Refusal> {
    let claims = |key: &str| key.strip_prefix(LOCAL).is_some_and(|local| !local.is_empty());
    if !matches!(&command.record, RecordRef::Key(key) if claims(key)) {
        return Err(Refusal::new(
            "HO-2104",
            "a person is registered under the unit's local id",
            "send the record key `local:` followed by your own id for the person",
        ));
    }
    if state.registered.is_some() {
        return Err(Refusal::new(
            "HO-2105",
            "this unit has registered this local id before",
            "go on with the person it stands for; the first answer comes back under the first key",
        ));
    }
    if item.person.is_some() {
        return Err(Refusal::new(
            "HO-2106",
            "a registration claims a new person and cannot name one",
            "leave the person out; to say that two local ids are one human being, link them",
        )
        .at("/subject"));
    }
    let [fresh, _] = command.fresh;
    let person = PersonId(fresh);
    Ok((person, vec![Fact::PersonRegistered { person, unit: command.unit.clone() }]))
}

/// The person of the record, if it is the unit's own. "Not there" and "not yours" are one answer.
fn own(state: &Person, command: &Command) -> Result<PersonId, Refusal> {
    match &state.registered {
        Some((person, unit)) if *unit == command.unit => Ok(*person),
        _ => Err(Refusal::new(
            "HO-2102",
            "there is no such person of this unit",
            "register the local id first with `person.person-registered.v1`",
        )),
    }
}

#[derive(Deserialize)]
struct Link {
    other: LocalRef,
}

#[derive(Deserialize)]
struct LocalRef {
    unit: UnitId,
}

impl Identities {
    fn facts(&self, state: &Person, person: PersonId, command: &Command, item: &Item) -> Result<Vec<Fact>, Refusal> {
        let approver = command.unit.clone();
        match item.event_type.as_str() {
            LINKED => {
                self.no_victim_services(command, item)?;
                let evidence = evidence::of_link(item)?;
                let link = |(a, b)| vec![Fact::PersonsLinked { a, b, approver }, Fact::LinkRests { a, b, evidence }];
                Ok(self.other(person, command, item)?.map(link).unwrap_or_default())
            }
            UNLINKED => {
                let unlink = |(a, b)| Fact::PersonsUnlinked { a, b, approver };
                Ok(self.other(person, command, item)?.map(unlink).into_iter().collect())
            }
            MERGED => Ok(vec![Fact::PersonMerged { from: second(person, item, "/duplicate_local_id")?, into: person }]),
            SPLIT => {
                second(person, item, "/new_local_id")?;
                Ok(Vec::new())
            }
            ASSERTED => {
                let matched = evidence::of_entry(item)?.map(|e| Fact::IdentityMatched { person, evidence: e });
                // Said again it is nothing new, and nothing is ruled again for it.
                let born = life::born(item)?.filter(|day| state.born != Some(*day));
                Ok(matched.into_iter().chain(born.map(|day| Fact::PersonBorn { person, day })).collect())
            }
            DIED => Ok(vec![life::died(item, person)?]),
            told if TOLD.contains(&told) => Ok(Vec::new()),
            _ => Err(Refusal::new(
                "HO-2103",
                "this is no event of a person",
                "see schemas/events/person for the event types",
            )),
        }
    }

    /// Rulebook 0.8: not even hashed, not even asked. A unit's status depends on no person, so this is legible, and
    /// it is decided before the other side is looked at.
    fn no_victim_services(&self, command: &Command, item: &Item) -> Result<(), Refusal> {
        let link: Link = read(item)?;
        if !(self.is_victim_services)(&command.unit) && !(self.is_victim_services)(&link.other.unit) {
            return Ok(());
        }
        Err(Refusal::new(
            "HO-2107",
            "a victim-service unit takes part in no link of persons: 34 USC 12291(b)(2)",
            "refer the person instead; the unit decides with them what is shared",
        )
        .at("/other/unit"))
    }

    /// Both sides of a link, in order; none where the other side is nobody the hub knows. That is accepted all the
    /// same and links nothing: a refusal would tell any unit which local ids exist at another (42 CFR 2.13(c)).
    fn other(&self, person: PersonId, command: &Command, item: &Item) -> Result<Option<(PersonId, PersonId)>, Refusal> {
        let link: Link = read(item)?;
        let Some(other) = item.other else {
            return if link.other.unit == command.unit { Err(unknown_local_id("/other/local_id")) } else { Ok(None) };
        };
        if other == person {
            return Err(same_person("/other/local_id"));
        }
        Ok(Some((person.min(other), person.max(other))))
    }
}

/// The second local id of the unit's own that a merge or split names.
fn second(person: PersonId, item: &Item, place: &str) -> Result<PersonId, Refusal> {
    let other = item.other.ok_or_else(|| unknown_local_id(place))?;
    if other == person { Err(same_person(place)) } else { Ok(other) }
}

fn unknown_local_id(place: &str) -> Refusal {
    Refusal::new(
        "HO-2108",
        "this unit has registered no such local id",
        "register the second local id first with `person.person-registered.v1`",
    )
    .at(place)
}

fn same_person(place: &str) -> Refusal {
    Refusal::new("HO-2109", "both local ids stand for the same person", "name two different entries").at(place)
}

/// The data of an item, as far as this service reads it.
pub(crate) fn read<'a, T: Deserialize<'a>>(item: &'a Item) -> Result<T, Refusal> {
    item.read("HO-2100")
}
