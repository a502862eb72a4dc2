//! What would change an answer: the smallest fact that opens what is withheld, in words.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::common::*;
use handoff_law::{Change, ExceptionName, Question, change};
use handoff_schemas::RecipientKind::{Cbo, Cj, Ems, Le};
use handoff_schemas::*;

const SUD: &str = "harbor-recovery-sud";
const CLINIC: &str = "willow-clinic-crisis";
const SHELTER: &str = "lantern-shelter-intake";
const PATROL: &str = "river-pd-patrol";

fn wanted(county: &County, event: &Event, to: &Recipient, category: Category) -> Option<Change> {
    let event_type = event.event_type.parse().unwrap();
    let facts = event.facts(&event_type);
    let (bundle, state) = (&*county.bundle, &county.state);
    change(&Question { bundle, state, event: &facts, recipient: to, purpose: None, at: county.at }, category)
}

fn terminate(county: &mut County) {
    for id in ["crisis-co-response", "treatment", "shelter-referrals"] {
        county.move_agreement(id, AgreementStatus::Terminated);
    }
}

#[test]
fn a_part_2_record_asks_for_the_named_consent_that_opens_it() {
    let mut c = County::river();
    let (event, shelter) = (Event::of(SUD, &[Category::Sdoh]), to(SHELTER, Cbo));
    let found = wanted(&c, &event, &shelter, Category::Sdoh).unwrap();
    let words = found.words(&c.bundle);
    assert!(
        words.starts_with(
            "a consent of type named disclosure, naming lantern-shelter-intake, for coordination of care, covering: "
        ),
        "{words}"
    );
    let Change::Consent { consent: asked } = found else { panic!("{found:?}") };
    let given = ConsentFacts {
        purposes: [asked.purpose].into(),
        categories: asked.categories.clone().into(),
        ..consent(1, asked.consent_type, SUD, &[SHELTER])
    };
    c.consent(given);
    assert!(c.rule(&event, &shelter).releases(), "what was asked for opens it");
    assert_eq!(wanted(&c, &event, &shelter, Category::Sdoh), None);
}

#[test]
fn a_covered_source_asks_for_an_authorization_and_a_plain_one_for_any_written_consent() {
    let mut c = County::river();
    let shelter = to(SHELTER, Cbo);
    let found = wanted(&c, &Event::of(CLINIC, &[Category::Sdoh]), &shelter, Category::Sdoh).unwrap();
    let Change::Consent { consent } = found else { panic!("{found:?}") };
    assert_eq!(consent.consent_type, ConsentType::HipaaAuthorization);
    c.unit(unit(CLINIC, "willow-clinic", &[RecipientKind::Bhc], HipaaStatus::None, Part2Status::No));
    let found = wanted(&c, &Event::of(CLINIC, &[Category::Sdoh]), &shelter, Category::Sdoh).unwrap();
    let Change::Consent { consent } = found else { panic!("{found:?}") };
    assert_eq!(consent.consent_type, ConsentType::General);
}

#[test]
fn what_takes_part_alone_asks_for_a_clause() {
    let mut c = County::river();
    terminate(&mut c);
    let event = Event::of(CLINIC, &[Category::HealthIdentity]);
    let found = wanted(&c, &event, &to("river-fire-ems", Ems), Category::HealthIdentity).unwrap();
    assert!(matches!(&found, Change::Clause { clause } if clause.role == Ems), "{found:?}");
    assert!(found.words(&c.bundle).starts_with("an agreement clause from willow-clinic-crisis to river-fire-ems"));
}

#[test]
fn without_agreement_a_consent_cell_asks_for_both() {
    let mut c = County::river();
    terminate(&mut c);
    let event = Event::of(SUD, &[Category::Sdoh]);
    let found = wanted(&c, &event, &to(SHELTER, Cbo), Category::Sdoh).unwrap();
    assert!(matches!(found, Change::Both { .. }), "{found:?}");
    let before = c.state.clone();
    let _ = wanted(&c, &event, &to(SHELTER, Cbo), Category::Sdoh);
    assert_eq!(c.state, before, "a question leaves nothing behind");
}

#[test]
fn an_exception_is_named_where_no_agreement_and_no_consent_opens() {
    let c = County::river();
    let event = Event::of(CLINIC, &[Category::HealthIdentity]);
    let found = wanted(&c, &event, &to(PATROL, Le), Category::HealthIdentity).unwrap();
    let Change::Exception { exception, .. } = found else { panic!("{found:?}") };
    assert!(matches!(exception, ExceptionName::Threat | ExceptionName::Locate), "{exception:?}");
}

#[test]
fn a_cell_for_a_court_asks_for_an_order() {
    let mut c = County::river();
    c.unit(unit("river-court", "river-court", &[Cj], HipaaStatus::None, Part2Status::No));
    let event = Event::of(CLINIC, &[Category::HealthIdentity]);
    let found = wanted(&c, &event, &to("river-court", Cj), Category::HealthIdentity).unwrap();
    assert!(matches!(found, Change::Order { part2: false, .. }), "{found:?}");
}

#[test]
fn a_denied_cell_says_so() {
    let c = County::river();
    let event = Event::of(CLINIC, &[Category::Location]);
    let found = wanted(&c, &event, &to(SHELTER, Cbo), Category::Location).unwrap();
    let words = found.words(&c.bundle);
    assert!(words.starts_with("nothing: the matrix says D"), "{words}: {found:?}");
}

#[test]
fn a_denial_of_the_person_is_not_talked_around() {
    let mut c = County::river();
    let denial = ConsentFacts { deny: true, ..consent(1, ConsentType::Part2Named, SUD, &[SHELTER]) };
    c.consent(denial);
    let event = Event::of(SUD, &[Category::Sdoh]);
    let found = wanted(&c, &event, &to(SHELTER, Cbo), Category::Sdoh).unwrap();
    assert!(found.words(&c.bundle).contains("the person withdraws the denial"), "{found:?}");
}
