//! Seals, expungements and recalls (rulebook ST-08, C32).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::common::*;
use handoff_law::{Basis, Rerule};
use handoff_schemas::RecipientKind::{Bhc, Ems};
use handoff_schemas::*;

const CLINIC: &str = "willow-clinic-crisis";
const EMS: &str = "river-fire-ems";
const SUD: &str = "harbor-recovery-sud";

fn seal(unit: &str, records: &[u64], categories: &[Category]) -> SealFacts {
    SealFacts {
        seal: record(7000),
        person: person(1),
        unit: unit_id(unit),
        records: records.iter().map(|n| record(*n)).collect(),
        categories: categories.to_vec(),
    }
}

fn report() -> Event {
    Event::of(EMS, &[Category::EmsClinical, Category::Medications])
}

/// A4: the floor of the seal hides every row that was released before it.
#[test]
fn nothing_sealed_is_readable_after_the_seal() {
    for fact in [
        Fact::RecordSealed { seal: seal(EMS, &[1], &[]) },
        Fact::RecordExpunged { seal: seal(EMS, &[], &[Category::EmsClinical]) },
    ] {
        let mut c = County::river();
        let before = c.rule(&report(), &to(CLINIC, Bhc));
        assert!(!shows(&before, Category::EmsClinical).is_empty());
        let floors = handoff_law::floors(LogPos(c.pos + 1), std::slice::from_ref(&fact));
        assert!(floors.iter().any(|(scope, floor)| before.scopes.contains(scope) && before.at_pos < *floor));
        assert_eq!(c.fold(EMS, vec![fact]), [Rerule::Person(person(1))]);
        let after = c.rule(&report(), &to(CLINIC, Bhc));
        assert!(withheld(&after, Category::EmsClinical).contains(&"SEALED"));
    }
}

#[test]
fn a_seal_leaves_its_own_unit_what_an_expungement_takes() {
    let mut c = County::river();
    let facts = seal(EMS, &[1], &[Category::EmsClinical]);
    c.fold(EMS, vec![Fact::RecordSealed { seal: facts.clone() }]);
    assert_eq!(shows(&c.rule(&report(), &to(EMS, Ems)), Category::EmsClinical), ["*"]);
    c.fold(EMS, vec![Fact::RecordExpunged { seal: facts }]);
    assert_eq!(withheld(&c.rule(&report(), &to(EMS, Ems)), Category::EmsClinical), ["ERASED"]);
    assert_eq!(shows(&c.rule(&report(), &to(EMS, Ems)), Category::Medications), ["*"], "only what it names");
}

#[test]
fn a_seal_covers_its_unit_person_record_and_category_and_no_other() {
    for facts in [
        seal(CLINIC, &[1], &[]),
        seal(EMS, &[2], &[]),
        seal(EMS, &[1], &[Category::Medications]),
        SealFacts { person: person(2), ..seal(EMS, &[1], &[]) },
        seal(EMS, &[], &[]),
    ] {
        let mut c = County::river();
        c.fold(EMS, vec![Fact::RecordSealed { seal: facts.clone() }]);
        let ruling = c.rule(&report(), &to(CLINIC, Bhc));
        assert!(!shows(&ruling, Category::EmsClinical).is_empty(), "{facts:?}");
    }
}

#[test]
fn everything_there_was_is_sealed_and_what_comes_later_is_not_but_as_a_correction() {
    let mut c = County::river();
    c.fold(EMS, vec![Fact::RecordSealed { seal: seal(EMS, &[], &[Category::EmsClinical]) }]);
    let mut later = report();
    later.pos = LogPos(c.pos + 1);
    assert!(!shows(&c.rule(&later, &to(CLINIC, Bhc)), Category::EmsClinical).is_empty());
    later.facts = vec![Fact::Amends { event: EventId(uuid::Uuid::nil()) }];
    assert!(withheld(&c.rule(&later, &to(CLINIC, Bhc)), Category::EmsClinical).contains(&"SEALED"));
}

/// An entry that may be the same human being is sealed too; it is not lost to its own unit for that.
#[test]
fn a_seal_reaches_whoever_may_be_the_same_and_an_expungement_takes_only_what_surely_is() {
    let mut c = County::river();
    let (a, b) = (person(1), person(2));
    let evidence = MatchEvidence { score: Some(MatchScore(9_300)), ..MatchEvidence::default() };
    c.fold(EMS, vec![Fact::PersonsLinked { a, b, approver: unit_id(EMS) }, Fact::LinkRests { a, b, evidence }]);
    let facts = SealFacts { person: person(2), ..seal(EMS, &[1], &[]) };
    c.fold(EMS, vec![Fact::RecordExpunged { seal: facts }]);
    assert!(withheld(&c.rule(&report(), &to(CLINIC, Bhc)), Category::EmsClinical).contains(&"SEALED"));
    assert_eq!(shows(&c.rule(&report(), &to(EMS, Ems)), Category::EmsClinical), ["*"]);
}

#[test]
fn a_recall_says_what_to_do_and_rests_on_nothing_but_itself() {
    let mut c = County::river();
    let recall = |unit: &str| {
        let mut event = Event::of(unit, &[Category::ConsentMeta]);
        event.event_type = "privacy.record-recalled.v1";
        event.facts = vec![Fact::RecallOrdered { seal: seal(unit, &[1], &[]) }];
        event
    };
    let ruled = |c: &mut County, event: &Event, to: &Recipient| {
        let event_type = event.event_type.parse().unwrap();
        handoff_law::rule_recall(&c.bundle, &c.state, &event.facts(&event_type), to, c.at)
    };
    let told = ruled(&mut c, &recall(EMS), &to(CLINIC, Bhc));
    assert_eq!(shows(&told, Category::ConsentMeta), ["recall"]);
    let grant = &one(&told, Category::ConsentMeta).outcome.grants()[0];
    assert!(grant.agreement.is_none() && grant.consent.is_none());
    assert_eq!(grant.basis.iter().copied().collect::<Vec<_>>(), [Basis::SEALING]);
    // Standing it is nobody's; a program's goes by the program's own channel; an event that recalls nothing tells nothing.
    nothing_released(&c.rule(&recall(EMS), &to(CLINIC, Bhc)));
    nothing_released(&ruled(&mut c, &recall(SUD), &to(CLINIC, Bhc)));
    nothing_released(&ruled(&mut c, &Event { facts: Vec::new(), ..recall(EMS) }, &to(CLINIC, Bhc)));
}
