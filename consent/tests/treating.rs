//! 42 CFR 2.11, 2.31(a)(4)(ii)(B): who treats whom is for the provider to state, and what rested on it closes with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use handoff_law::{Bundle, EventRef, PolicyState, Rerule, Scope, floors};
use handoff_schemas::{EventId, Fact, HubRole, LogPos, LogTime, OperatorFacts, OrgType, PersonId, RecordId, UnitId};
use uuid::Uuid;

const JO: PersonId = PersonId(Uuid::from_u128(1));

fn unit(name: &str) -> UnitId {
    name.parse().unwrap()
}

fn began(name: &str) -> Fact {
    Fact::TreatmentBegan { person: JO, unit: unit(name) }
}

fn ended(name: &str) -> Fact {
    Fact::TreatmentEnded { person: JO, unit: unit(name) }
}

fn intermediary() -> Fact {
    let operator = OperatorFacts {
        role: HubRole::Intermediary,
        org_type: OrgType::Other,
        counsel_override: false,
        keys_with_program: false,
    };
    Fact::OperatorDeclared { operator }
}

fn treats(state: &PolicyState, name: &str, person: PersonId) -> bool {
    state.treats(&unit(name), person, &Bundle::embedded().unwrap().defaults.identity)
}

fn apply(state: &mut PolicyState, by: &str, fact: Fact) -> Vec<Rerule> {
    let pos = LogPos(state.pos().0 + 1);
    let event = EventRef { id: EventId(Uuid::from_u128(7)), record: RecordId(Uuid::from_u128(9)), source: unit(by) };
    state.apply(pos, LogTime(1), &event, &[fact])
}

#[test]
fn nobody_states_it_for_another() {
    let mut state = PolicyState::new();
    apply(&mut state, "clinic", began("hospital"));
    assert!(!treats(&state, "hospital", JO));
    apply(&mut state, "hospital", began("hospital"));
    assert!(treats(&state, "hospital", JO) && !treats(&state, "clinic", JO));
    apply(&mut state, "hospital", ended("hospital"));
    assert!(!treats(&state, "hospital", JO));
}

#[test]
fn it_is_of_the_human_being_whatever_the_entries() {
    let mut state = PolicyState::new();
    let twin = PersonId(Uuid::from_u128(2));
    apply(&mut state, "hospital", began("hospital"));
    assert!(!treats(&state, "hospital", twin));
    apply(&mut state, "clinic", Fact::PersonsLinked { a: JO, b: twin, approver: unit("clinic") });
    assert!(treats(&state, "hospital", twin));
}

#[test]
fn only_an_intermediary_rules_again_for_it() {
    let mut state = PolicyState::new();
    assert!(apply(&mut state, "hospital", began("hospital")).is_empty());
    assert!(!state.is_intermediary());
    apply(&mut state, "hub-operator", intermediary());
    assert!(state.is_intermediary());
    assert_eq!(apply(&mut state, "hospital", ended("hospital")), [Rerule::Person(JO)]);
    assert_eq!(apply(&mut state, "hospital", began("hospital")), [Rerule::Person(JO)]);
}

#[test]
fn its_end_and_another_role_of_the_hub_hide_at_once_what_rested_on_them() {
    let scope = Scope::Treatment(JO, unit("hospital"));
    assert_eq!(scope.to_string().parse::<Scope>(), Ok(scope.clone()));
    assert!("treatment:nobody:hospital".parse::<Scope>().is_err());
    assert_eq!(floors(LogPos(5), &[ended("hospital")]), [(scope, LogPos(5))]);
    assert!(floors(LogPos(5), &[began("hospital")]).is_empty());
    assert_eq!(floors(LogPos(5), &[intermediary()]), [(Scope::Bundle, LogPos(5))]);
}
