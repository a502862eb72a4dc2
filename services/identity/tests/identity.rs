//! Claims, links and merges: explicit, one unit at a time, and without telling who is known elsewhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;

use handoff_identity::Identities;
use handoff_schemas::{Fact, MatchEvidence, MatchMethod, MatchScore, PersonId, UnitId};
use handoff_spine::command::Command;
use handoff_spine::scenario::{
    Given, Said as _, World, command, given, id, person, record_id, samples, without_each_required,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const CLINIC: &str = "willow-clinic-crisis";
const POLICE: &str = "river-pd-patrol";
const SHELTER: &str = "heron-house-advocates";
const REGISTERED: &str = "person.person-registered.v1";

fn identities() -> Identities {
    Identities::new(Arc::new(|unit: &UnitId| unit.as_str() == SHELTER))
}

fn register(unit: &str) -> Command {
    command(unit, "local:4471", REGISTERED, json!({}))
}

fn event(unit: &str, name: &str, data: Value) -> Command {
    command(unit, "local:4471", &format!("person.{name}.v1"), data)
}

fn link(unit: &str, with: &str) -> Command {
    let other = json!({ "unit": with, "local_id": "77" });
    event(unit, "identity-linked", json!({ "other": other, "method": "manual-review", "approver": "Officer 4" }))
}

fn unlink(unit: &str, with: &str) -> Command {
    event(unit, "identity-unlinked", json!({ "other": { "unit": with, "local_id": "77" }, "approver": "Officer 4" }))
}

fn known() -> Given<Identities> {
    given(identities()).after(&register(CLINIC))
}

/// Whom `register` claims the local id for.
fn claimed() -> PersonId {
    PersonId(register(CLINIC).fresh[0])
}

#[test]
fn a_local_id_is_claimed_for_a_random_person() {
    let fact = Fact::PersonRegistered { person: claimed(), unit: id(CLINIC) };
    let events = given(identities()).when(&register(CLINIC)).then_facts(&[fact]).then_accepted();
    assert_eq!(events[0].person, Some(claimed()));
}

#[test]
fn a_local_id_is_claimed_once() {
    known().when(&register(CLINIC)).then_refused("HO-2105");
    known().when(&register(POLICE)).then_accepted();
}

#[test]
fn a_claim_names_the_local_id_and_no_person() {
    given(identities()).when(&register(CLINIC).about(person(1))).then_refused("HO-2106");
    for key in ["4471", "local:", "encounter-9"] {
        given(identities()).when(&command(CLINIC, key, REGISTERED, json!({}))).then_refused("HO-2104");
    }
    given(identities()).when(&register(CLINIC).on(record_id(&id(CLINIC), "local:4471"))).then_refused("HO-2104");
}

#[test]
fn a_registration_and_what_the_unit_holds_to_be_the_identity_are_one_command() {
    let both = register(CLINIC).and("person.identity-asserted.v1", json!({ "captured_from": "person-stated" }));
    let events = given(identities()).when(&both).then_accepted();
    assert!(events.iter().all(|e| e.person == Some(claimed())));
}

#[test]
fn a_link_names_both_persons_in_order_and_its_approver() {
    for other in [person(1), person(250)] {
        let (a, b) = (claimed().min(other), claimed().max(other));
        let linked = known().when(&link(CLINIC, POLICE).naming(other));
        let evidence = MatchEvidence { method: Some(MatchMethod::ManualReview), ..MatchEvidence::default() };
        let facts = [Fact::PersonsLinked { a, b, approver: id(CLINIC) }, Fact::LinkRests { a, b, evidence }];
        let unlinked = linked.then_facts(&facts).then();
        let outcome = unlinked.when(&unlink(CLINIC, POLICE).naming(other));
        outcome.then_facts(&[Fact::PersonsUnlinked { a, b, approver: id(CLINIC) }]);
    }
}

#[test]
fn a_link_and_an_entry_say_what_they_rest_on() {
    let (a, b) = (claimed().min(person(1)), claimed().max(person(1)));
    let scored = json!({
        "other": { "unit": POLICE, "local_id": "77" }, "method": "probabilistic-reviewed", "approver": "Officer 4",
        "score": 0.98, "matched_on": ["government-id", "insurance-id"],
    });
    let method = Some(MatchMethod::ProbabilisticReviewed);
    let evidence = MatchEvidence { method, verified: false, score: Some(MatchScore(9_800)), strong_ids: 2 };
    let facts = [Fact::PersonsLinked { a, b, approver: id(CLINIC) }, Fact::LinkRests { a, b, evidence }];
    known().when(&event(CLINIC, "identity-linked", scored).naming(person(1))).then_facts(&facts);

    let asserted = |data| event(CLINIC, "identity-asserted", data);
    let unsure = json!({ "captured_from": "own-records", "match_score": 0.93, "matched_on": ["insurance-id"] });
    let evidence = MatchEvidence { score: Some(MatchScore(9_300)), strong_ids: 1, ..MatchEvidence::default() };
    known().when(&asserted(unsure)).then_facts(&[Fact::IdentityMatched { person: claimed(), evidence }]);
    let verified = MatchEvidence { verified: true, ..MatchEvidence::default() };
    let said = json!({ "captured_from": "document-shown", "verified": true });
    known().when(&asserted(said)).then_facts(&[Fact::IdentityMatched { person: claimed(), evidence: verified }]);
    known().when(&asserted(json!({ "captured_from": "person-stated" }))).then_facts(&[]);
    known().when(&asserted(json!({ "captured_from": "own-records", "match_score": 1.5 }))).then_refused("HO-2110");
}

#[test]
fn a_day_of_birth_is_told_once_and_again_where_it_changes() {
    let born =
        |day: &str| event(CLINIC, "identity-asserted", json!({ "captured_from": "person-stated", "birth_date": day }));
    let told = |day: &str| [Fact::PersonBorn { person: claimed(), day: day.parse().unwrap() }];
    let once = known().after(&born("2008-11-23"));
    known().when(&born("2008-11-23")).then_facts(&told("2008-11-23"));
    once.clone().when(&born("2008-11-23")).then_facts(&[]);
    once.when(&born("2008-11-24")).then_facts(&told("2008-11-24"));
    known().when(&born("2031-03-07").asserted("2031-03-05T21:00:00Z")).then_refused("HO-2360");
    known().when(&born("2031-03-05").asserted("2031-03-05T21:00:00Z")).then_accepted();
}

#[test]
fn a_death_that_is_only_reported_counts_until_it_is_taken_back() {
    let died = |data| event(CLINIC, "death-recorded", data);
    let told = |day: Option<&str>, in_error| {
        [Fact::PersonDied { person: claimed(), day: day.map(|d| d.parse().unwrap()), in_error }]
    };
    let reported = json!({ "certainty": "reported", "died_on": "2031-03-05" });
    known().when(&died(reported.clone())).then_facts(&told(Some("2031-03-05"), false));
    known().when(&died(json!({ "certainty": "confirmed" }))).then_facts(&told(None, false));
    known().when(&died(json!({ "certainty": "reported", "in_error": true }))).then_facts(&told(None, true));
    known().when(&died(reported).asserted("2031-03-03T21:00:00Z")).then_refused("HO-2361");
}

#[test]
fn a_link_made_by_the_other_side_can_be_undone_from_here() {
    let outcome = known().when(&unlink(CLINIC, POLICE).naming(person(1)));
    assert_eq!(outcome.then_accepted()[0].facts.len(), 1);
}

#[test]
fn p2_13_a_link_with_nobody_is_answered_like_a_link_with_somebody() {
    let nobody = known().when(&link(CLINIC, POLICE)).then_accepted();
    let somebody = known().when(&link(CLINIC, POLICE).naming(person(1))).then_accepted();
    let answer = |events: &[handoff_spine::commit::LoggedEvent]| {
        events.iter().map(|e| (e.id, e.event_type.clone(), e.person)).collect::<Vec<_>>()
    };
    assert_eq!(answer(&nobody), answer(&somebody));
    assert!(nobody[0].facts.is_empty());
}

#[test]
fn rulebook_0_8_victim_service_units_take_part_in_no_link() {
    let shelter = given(identities()).after(&register(SHELTER));
    for other in [None, Some(person(1))] {
        let with = |c: Command| other.map_or(c.clone(), |o| c.naming(o));
        let from_here = known().when(&with(link(CLINIC, SHELTER))).then_refused("HO-2107");
        let from_there = shelter.clone().when(&with(link(SHELTER, CLINIC))).then_refused("HO-2107");
        assert_eq!(from_here, from_there);
    }
}

#[test]
fn another_units_person_looks_like_none() {
    let record = record_id(&id(CLINIC), "local:4471");
    for name in ["safe-contact-set", "identity-linked", "death-recorded"] {
        let ask = event(POLICE, name, json!({})).on(record);
        assert_eq!(known().when(&ask).then_refused("HO-2102"), given(identities()).when(&ask).then_refused("HO-2102"));
    }
}

#[test]
fn a_merge_is_of_two_entries_of_one_unit() {
    let merge = event(CLINIC, "person-merged", json!({ "duplicate_local_id": "9", "approver": "Officer 4" }));
    let fact = Fact::PersonMerged { from: person(1), into: claimed() };
    known().when(&merge.clone().naming(person(1))).then_facts(&[fact]);
    known().when(&merge).then_refused("HO-2108");
    known().when(&merge.naming(claimed())).then_refused("HO-2109");
    known().when(&link(CLINIC, POLICE).naming(claimed())).then_refused("HO-2109");
    known().when(&link(CLINIC, CLINIC)).then_refused("HO-2108");
}

#[test]
fn an_empty_command_and_a_foreign_event_are_refused() {
    let mut empty = register(CLINIC);
    empty.items.clear();
    given(identities()).when(&empty).then_refused("HO-2101");
    known().when(&event(CLINIC, "person-cloned", json!({}))).then_refused("HO-2103");
}

#[test]
fn every_sample_is_accepted_and_refused_without_each_required_element() {
    for sample in samples("person") {
        let first = sample.event_type.as_str() == REGISTERED;
        let before = if first { given(identities()) } else { known() };
        let mut ask = command(CLINIC, "local:4471", sample.event_type.as_str(), sample.data.clone());
        if !first {
            ask = ask.naming(person(1));
        }
        let outcome = before.clone().when(&ask);
        assert!(outcome.answer().is_ok(), "{}: {:?}", sample.name, outcome.answer().err());
        for (place, less) in without_each_required(&sample.event_type, &sample.data) {
            let mut ask = ask.clone();
            ask.items[0].data = less;
            let code = before.clone().when(&ask).answer().err().map(|r| r.code.clone()).unwrap_or_default();
            assert!(code.starts_with("HO-"), "{} without {place} was accepted", sample.name);
        }
    }
}

proptest! {
    /// Whatever is sent in whatever order: a record never changes its person, and its links are what was said.
    #[test]
    fn links_follow_what_was_said_and_nothing_else(says in prop::collection::vec((any::<bool>(), 1u8..5), 0..30)) {
        let mut world = World::new(identities());
        world.handle(&register(CLINIC)).unwrap();
        let mut expected = std::collections::BTreeSet::new();
        for (join, n) in says {
            let ask = if join { link(CLINIC, POLICE) } else { unlink(CLINIC, POLICE) };
            world.handle(&ask.naming(person(n))).unwrap();
            if join { expected.insert(person(n)); } else { expected.remove(&person(n)); }
        }
        let state = world.state(record_id(&id(CLINIC), "local:4471"));
        prop_assert_eq!(state.registered, Some((claimed(), id(CLINIC))));
        prop_assert_eq!(state.links, expected);
    }
}
