//! Who may seal and expunge what, in the words of the scenarios.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use handoff_privacy::{Seal, Seals};
use handoff_schemas::{Category, Fact, SealFacts, UnitId};
use handoff_spine::command::Command;
use handoff_spine::scenario::{Given, Said as _, command, given, id, person, record_id};
use serde_json::{Value, json};

const POLICE: &str = "river-pd-patrol";
const CLINIC: &str = "willow-clinic-crisis";
const HUB: &str = "hub-operator";
const SEALED: &str = "privacy.record-sealed.v1";
const EXPUNGED: &str = "privacy.record-expunged.v1";

fn seals() -> Seals {
    Seals::new(Arc::new(record_id), Arc::new(|unit: &UnitId| [POLICE, CLINIC].contains(&unit.as_str())))
}

fn seal(by: &str, event_type: &str, data: Value) -> Command {
    command(by, "seal-1", event_type, data).about(person(7))
}

fn arrest() -> Value {
    json!({ "cause": "statute", "records": ["RPD-1"] })
}

fn sealed() -> Given<Seals> {
    given(seals()).after(&seal(POLICE, SEALED, arrest()))
}

fn covers(records: &[&str], categories: &[Category]) -> SealFacts {
    let mut records: Vec<_> = records.iter().map(|key| record_id(&id(POLICE), key)).collect();
    records.sort();
    SealFacts {
        seal: record_id(&id(POLICE), "seal-1"),
        person: person(7),
        unit: id(POLICE),
        records,
        categories: categories.to_vec(),
    }
}

#[test]
fn a_unit_seals_its_own_records_by_its_own_keys() {
    let data = json!({ "cause": "juvenile", "records": ["RPD-2", "RPD-1"], "categories": ["le-report"] });
    let facts = covers(&["RPD-1", "RPD-2"], &[Category::LeReport]);
    let outcome = given(seals()).when(&seal(POLICE, SEALED, data));
    let state = Seal { facts: Some(facts.clone()), expunged: false };
    outcome.then_facts(&[Fact::RecordSealed { seal: facts }]).then_state(record_id(&id(POLICE), "seal-1"), &state);
}

#[test]
fn an_expungement_says_at_once_what_holders_are_to_do_and_nothing_else() {
    let data = json!({
        "cause": "court-order", "order": "Superior Court 31-1", "records": ["RPD-1"], "approved_by": "Officer 4",
        "recall": "destroy",
    });
    let events = given(seals()).when(&seal(POLICE, EXPUNGED, data)).then_accepted();
    let types: Vec<_> = events.iter().map(|e| e.event_type.as_str()).collect();
    assert_eq!(types, [EXPUNGED, "privacy.record-recalled.v1"]);
    let facts = covers(&["RPD-1"], &[]);
    assert_eq!(events[0].facts, [Fact::RecordExpunged { seal: facts.clone() }]);
    assert_eq!(events[1].facts, [Fact::RecallOrdered { seal: facts }]);
    assert_eq!(events[1].person, Some(person(7)));
}

#[test]
fn what_was_sealed_is_expunged_as_it_was_sealed_and_once() {
    let expunge = |key: &str, data| Command { key: key.to_owned(), ..seal(POLICE, EXPUNGED, data) };
    let bare = expunge("step-2", json!({ "cause": "statute" }));
    let facts = covers(&["RPD-1"], &[]);
    let outcome = sealed().when(&bare);
    let [order, recall] = [Fact::RecordExpunged { seal: facts.clone() }, Fact::RecallOrdered { seal: facts }];
    let expunged = outcome.then_facts(&[order, recall]).then();
    expunged.when(&expunge("step-3", json!({ "cause": "statute" }))).then_refused("HO-2384");
    sealed().when(&expunge("step-2", arrest())).then_refused("HO-2388");
}

#[test]
fn a_seal_is_never_lifted_nor_said_twice() {
    let again = Command { key: "step-2".to_owned(), ..seal(POLICE, SEALED, arrest()) };
    sealed().when(&again).then_refused("HO-2384");
}

#[test]
fn another_units_seal_and_none_are_one_refusal() {
    let known = record_id(&id(POLICE), "seal-1");
    let unknown = record_id(&id(POLICE), "seal-2");
    let expunge = seal(CLINIC, EXPUNGED, json!({ "cause": "statute" }));
    let theirs = sealed().when(&expunge.clone().on(known)).then_refused("HO-2383");
    let nobodys = sealed().when(&expunge.on(unknown)).then_refused("HO-2383");
    assert_eq!(theirs, nobodys);
}

#[test]
fn nobody_seals_what_another_unit_keeps_but_the_operator_by_order() {
    let order = "Superior Court 31-1";
    let of = |unit: &str| json!({ "cause": "court-order", "order": order, "records": ["RPD-1"], "unit": unit });
    given(seals()).when(&seal(CLINIC, SEALED, of(POLICE))).then_refused("HO-2386");
    given(seals()).when(&seal(HUB, SEALED, of("nobody"))).then_refused("HO-2386");
    given(seals()).when(&seal(HUB, SEALED, arrest())).then_refused("HO-2386");
    let unordered = json!({ "cause": "statute", "records": ["RPD-1"], "unit": POLICE });
    given(seals()).when(&seal(HUB, SEALED, unordered)).then_refused("HO-2387");
    let facts = SealFacts { seal: record_id(&id(HUB), "seal-1"), ..covers(&["RPD-1"], &[]) };
    let outcome = given(seals()).when(&seal(HUB, SEALED, of(POLICE)));
    outcome.then_facts(&[Fact::RecordSealed { seal: facts }]);
}

#[test]
fn a_seal_names_a_person_a_scope_and_the_order_behind_it() {
    let unscoped = json!({ "cause": "statute" });
    given(seals()).when(&seal(POLICE, SEALED, unscoped)).then_refused("HO-2382");
    let unordered = json!({ "cause": "court-order", "records": ["RPD-1"] });
    given(seals()).when(&seal(POLICE, SEALED, unordered)).then_refused("HO-2387");
    given(seals()).when(&command(POLICE, "seal-1", SEALED, arrest())).then_refused("HO-2385");
}

#[test]
fn no_unit_sends_a_recall() {
    let recalled = json!({ "action": "destroy" });
    given(seals()).when(&seal(POLICE, "privacy.record-recalled.v1", recalled)).then_refused("HO-2381");
    given(seals()).when(&Command { items: Vec::new(), ..seal(POLICE, SEALED, arrest()) }).then_refused("HO-2380");
}
