//! How sure it must be who somebody is (rulebook 7.3 step 2): across a link, and of one entry by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::common::*;
use handoff_law::{Confidence, Obligation, Rerule, Scope};
use handoff_schemas::RecipientKind::{Bhc, Ems, Le};
use handoff_schemas::*;

const CLINIC: &str = "willow-clinic-crisis";
const EMS: &str = "river-fire-ems";
const DISPATCH: &str = "river-911";

fn evidence(method: MatchMethod, score: Option<u16>, strong_ids: u8) -> MatchEvidence {
    MatchEvidence { method: Some(method), verified: false, score: score.map(MatchScore), strong_ids }
}

fn link(score: u16) -> Vec<Fact> {
    let (a, b) = (person(1), person(2));
    let evidence = evidence(MatchMethod::ProbabilisticReviewed, Some(score), 2);
    vec![Fact::PersonsLinked { a, b, approver: unit_id(CLINIC) }, Fact::LinkRests { a, b, evidence }]
}

fn emergency(person: PersonId) -> AskFacts {
    let claim = EmergencyClaim {
        nature: Some(EmergencyNature::Overdose),
        unobtainable: Some(Unobtainable::Unconscious),
        treating: true,
        at_hand: true,
        personnel_named: true,
        discloser_named: true,
    };
    AskFacts {
        ask: record(9000),
        person,
        unit: unit_id(EMS),
        to: to(EMS, Ems),
        user: Some("medic-17".to_owned()),
        licence: Licence::Paramedic,
        purpose: Purpose::Etreat,
        scope: AskScope { categories: carried(), ..AskScope::default() },
        minutes: 60,
        claim: Claim::Emergency(claim),
    }
}

#[test]
fn two_entries_have_one_id_only_where_they_are_surely_one() {
    for (score, confidence) in [(9_800, Confidence::Certain), (9_799, Confidence::Likely), (100, Confidence::Uncertain)]
    {
        let mut c = County::river();
        c.fold(CLINIC, link(score));
        let law = c.bundle.defaults.identity.clone();
        assert_eq!(c.state.confidence(person(1), person(2), &law), confidence);
        let same = if confidence == Confidence::Certain { person(1) } else { person(2) };
        assert_eq!(c.state.canonical(person(2), &law), same, "{score}");
        assert_eq!(c.state.person_cluster(person(2)).len(), 2, "a change of one still reaches the other");
        let unlinked = Fact::PersonsUnlinked { a: person(1), b: person(2), approver: unit_id(CLINIC) };
        c.fold(CLINIC, vec![unlinked]);
        assert_eq!(c.state.confidence(person(1), person(2), &law), Confidence::Unlinked);
    }
}

#[test]
fn an_emergency_may_lean_on_a_likely_link_with_a_warning_and_on_no_lesser_one() {
    let mut event = Event::of(CLINIC, &[Category::BhTreatment]);
    event.person = Some(person(2));
    let answer = |score: u16| {
        let mut c = County::river();
        c.fold(CLINIC, link(score));
        let ask = emergency(person(1));
        c.asks(&ask);
        c.under(&event, ask.ask)
    };
    let warned = |ruling: &handoff_law::Ruling| {
        one(ruling, Category::BhTreatment).outcome.grants()[0].obligations.contains(&Obligation::Uncertrel)
    };
    assert!(!warned(&answer(9_800)));
    assert!(warned(&answer(9_300)));
    assert_eq!(withheld(&answer(8_900), Category::BhTreatment), ["IDENTITY_UNCERTAIN"]);
}

#[test]
fn what_a_unit_is_unsure_of_goes_to_nobody_but_the_incident_itself() {
    let mut c = County::river();
    let said = evidence(MatchMethod::ProbabilisticReviewed, Some(9_300), 2);
    let fact = Fact::IdentityMatched { person: person(1), evidence: said };
    let clinical = Event::of(EMS, &[Category::EmsClinical]);
    let dispatched = Event::of(DISPATCH, &[Category::Location, Category::Cad]);
    let released = c.rule(&clinical, &to(CLINIC, Bhc));
    assert!(released.releases());
    let floors = handoff_law::floors(LogPos(c.pos + 1), std::slice::from_ref(&fact));
    assert_eq!(floors, [(Scope::Person(person(1)), LogPos(c.pos + 1))]);
    assert_eq!(c.fold(EMS, vec![fact]), [Rerule::Person(person(1))]);
    assert_eq!(withheld(&c.rule(&clinical, &to(CLINIC, Bhc)), Category::EmsClinical), ["IDENTITY_UNCERTAIN"]);
    assert!(c.rule(&clinical, &to(EMS, Ems)).releases(), "its own unit keeps it");
    let sent = c.rule(&dispatched, &to("river-pd-patrol", Le));
    for category in [Category::Location, Category::Cad] {
        assert!(!shows(&sent, category).is_empty(), "{category}");
    }
    let verified = MatchEvidence { verified: true, ..said };
    c.fold(EMS, vec![Fact::IdentityMatched { person: person(1), evidence: verified }]);
    assert!(c.rule(&clinical, &to(CLINIC, Bhc)).releases());
}
