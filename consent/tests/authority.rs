//! Other authority than agreement and consent (rulebook 7.3 step 8, 7.7): every exception with each of its required
//! facts, what no exception opens, legal process, and the criminal-justice referral consent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod cases;
pub mod claims;
mod orders;
mod referral;
mod safety;

use crate::common::*;
use cases::*;
use claims::*;
use handoff_law::{Obligation, Rerule, Scope};
use handoff_schemas::RecipientKind::{Bhc, Cbo, Cj, Cmp, Ems, Hosp, Le, P2p, Psap};
use handoff_schemas::*;

#[test]
fn an_exception_opens_its_field_set_and_with_any_required_fact_missing_nothing() {
    for Case { name, ask, event, shows: expected, lacks } in cases() {
        let category = event.categories[0];
        let whole = answer(&ask, &event);
        assert!(whole.releases(), "{name}: {:?}", one(&whole, category));
        assert_eq!(shows(&whole, category), expected, "{name}");
        assert!(one(&whole, category).outcome.grants()[0].agreement.is_none(), "{name} needs no agreement");
        for (n, lack) in lacks.into_iter().enumerate() {
            let mut less = ask.clone();
            lack(&mut less);
            let ruling = answer(&less, &event);
            assert!(!ruling.releases(), "{name}, fact {n}: {:?}", one(&ruling, category));
        }
    }
}

/// Nobody but the recipient that the ask names gets anything by it, and nothing about anybody else.
#[test]
fn an_ask_opens_one_person_to_one_recipient_for_what_it_names_while_it_lasts() {
    let event = Event::of(CLINIC, &[Category::BhTreatment]);
    let mut c = county();
    let facts = in_emergency();
    assert_eq!(c.asks(&facts), [Rerule::Person(person(1))]);
    let ruling = c.under(&event, facts.ask);
    assert_eq!(ruling.recipient, to(EMS, Ems));
    assert_eq!(ruling.ask, Some(facts.ask));
    assert_eq!(ruling.valid_until, Some(LogTime(NOW.0 + 3_600_000)));
    assert!(ruling.scopes.contains(&Scope::Ask(facts.ask)) && ruling.scopes.contains(&Scope::Person(person(1))));
    nothing_released(&c.rule(&event, &to(EMS, Ems)));

    let reason = |change: fn(&mut AskFacts)| {
        let mut bent = in_emergency();
        change(&mut bent);
        withheld(&answer(&bent, &event), Category::BhTreatment)
    };
    assert_eq!(reason(|a| a.scope.categories = vec![Category::Medications]), ["ASK_SCOPE"]);
    assert_eq!(reason(|a| a.scope.records = vec![record(2)]), ["ASK_SCOPE"]);
    assert_eq!(reason(|a| a.scope.data_from = Some(NOW)), ["ASK_SCOPE"]);
    assert_eq!(reason(|a| a.scope.data_before = Some(LogTime(0))), ["ASK_SCOPE"]);
    assert_eq!(reason(|a| a.scope.elements = vec!["diagnosis".to_owned()]), ["NOT_IN_TEMPLATE"]);
    assert_eq!(reason(|a| a.purpose = Purpose::Treat), ["ASK_PURPOSE"]);
    assert_eq!(reason(|a| a.minutes = 0), ["ASK_ENDED"]);

    c.at = ruling.valid_until.unwrap();
    assert_eq!(withheld(&c.under(&event, facts.ask), Category::BhTreatment), ["ASK_ENDED"]);
    let due = c.fold("hub-operator", vec![Fact::Due { change: c.at }]);
    assert_eq!(due, [Rerule::Person(person(1))], "its end has a position");
}

#[test]
fn what_ends_an_ask_closes_its_rows_at_once() {
    let event = Event::of(CLINIC, &[Category::BhTreatment]);
    let facts = breaking_glass();
    let ended = Fact::AskEnded { ask: facts.ask, person: person(1) };
    let abuse = Fact::AskReviewed { ask: facts.ask, person: person(1), outcome: ReviewOutcome::Abuse };
    for end in [ended, abuse] {
        let mut c = county();
        c.asks(&facts);
        assert!(c.under(&event, facts.ask).releases());
        assert_eq!(
            handoff_law::floors(LogPos(99), std::slice::from_ref(&end)),
            [(Scope::Ask(facts.ask), LogPos::INFINITY)]
        );
        assert_eq!(c.fold(EMS, vec![end]), [Rerule::Person(person(1))]);
        assert_eq!(withheld(&c.under(&event, facts.ask), Category::BhTreatment), ["ASK_ENDED"]);
    }
    let text = Scope::Ask(facts.ask).to_string();
    assert_eq!(text.parse(), Ok(Scope::Ask(facts.ask)));
}

#[test]
fn a_use_of_break_glass_waits_for_its_review() {
    let mut c = county();
    let facts = breaking_glass();
    c.asks(&facts);
    // 2026-11-22 is a Sunday: Monday and Tuesday are the two business days.
    let queue: Vec<_> = c.state.reviews().map(|(a, due)| (a.facts.ask, due)).collect();
    assert_eq!(queue, [(facts.ask, LogTime(NOW.0 - NOW.0 % DAY + 3 * DAY))]);
    let grants = c.under(&Event::of(CLINIC, &[Category::BhTreatment]), facts.ask);
    let grant = &one(&grants, Category::BhTreatment).outcome.grants()[0];
    assert!(grant.obligations.contains(&Obligation::Huaprv));
    review(&mut c, &facts, ReviewOutcome::Appropriate);
    assert_eq!(c.state.reviews().count(), 0);
    assert!(c.under(&Event::of(CLINIC, &[Category::BhTreatment]), facts.ask).releases());
}

/// What was used is looked at even when it is over; what was served and withdrawn needs no answer.
#[test]
fn what_waits_for_a_person_waits_until_they_looked() {
    let paper = process(SUD, Purpose::Prosecute, order_2_65());
    let outcomes = [ReviewOutcome::Abuse, ReviewOutcome::Refuse];
    for (facts, waits_when_over, outcome) in [(breaking_glass(), true, outcomes[0]), (paper, false, outcomes[1])] {
        let waits = |c: &County| c.state.asks().filter(|a| a.awaits_review()).count();
        let mut c = county();
        c.asks(&facts);
        assert_eq!(waits(&c), 1);
        review(&mut c, &facts, outcome);
        assert_eq!(waits(&c), 0);
        let mut c = county();
        c.asks(&facts);
        c.fold(facts.unit.as_str(), vec![Fact::AskEnded { ask: facts.ask, person: facts.person }]);
        assert_eq!(waits(&c) == 1, waits_when_over);
    }
    let mut c = county();
    c.asks(&in_emergency());
    assert!(!c.state.asks().any(handoff_law::AskState::awaits_review));
}

#[test]
fn i14_break_glass_never_opens_what_is_never_carried_nor_serves_police_courts_or_shelters() {
    let bundle = handoff_law::Bundle::embedded().unwrap();
    let never: Vec<_> = bundle.exceptions.break_glass_categories.iter().copied().collect();
    let ids: Vec<_> = never.iter().map(|c| c.id()).collect();
    assert_eq!(ids, ["C07", "C15", "C18", "C22", "C32"]);
    let mut facts = breaking_glass();
    facts.scope.categories = Category::ALL.to_vec();
    nothing_released(&answer(&facts, &Event::of(CLINIC, &never)));
    for (name, kind) in [(PATROL, Le), ("river-911", Psap), ("lantern-shelter-intake", Cbo), (JAIL, Cj), (PEERS, Cmp)] {
        let mut facts = breaking_glass();
        (facts.unit, facts.to) = (unit_id(name), to(name, kind));
        nothing_released(&answer(&facts, &Event::of(CLINIC, &carried())));
        nothing_released(&answer(&facts, &Event::of(SUD, &carried())));
    }
}

#[test]
fn ec_16_an_officer_who_gives_naloxone_is_no_medical_personnel() {
    for licence in [Licence::PeaceOfficer, Licence::Paramedic] {
        let mut facts = in_emergency();
        (facts.unit, facts.to, facts.licence) = (unit_id(PATROL), to(PATROL, Le), licence);
        nothing_released(&answer(&facts, &Event::of(SUD, &carried())));
    }
    let mut peer = in_emergency();
    peer.licence = Licence::Peer;
    let ruling = answer(&peer, &Event::of(SUD, &[Category::Medications]));
    assert_eq!(withheld(&ruling, Category::Medications), ["NOT_MEDICAL"]);
}

#[test]
fn part_2_has_no_threat_locate_victim_custody_or_alert() {
    for Case { name, ask, event, .. } in [police(), given_unasked(), custody_and_courts()].into_iter().flatten() {
        let by_part2_law = matches!(ask.claim, Claim::PremisesCrime(_) | Claim::LegalProcess(_))
            || matches!(&ask.claim, Claim::MandatedReport(c) if c.subject == Some(ReportSubject::Child));
        if by_part2_law {
            continue;
        }
        let mut ask = ask;
        if ask.discloses() {
            ask.unit = unit_id(SUD);
        }
        let category = event.categories[0];
        let ruling = answer(&ask, &Event::of(SUD, &[category]));
        assert!(withheld(&ruling, category).contains(&"PART2_EXCEPTION"), "{name}: {:?}", one(&ruling, category));
        nothing_released(&answer(&ask, &Event::of(SUD, &carried())));
    }
}

/// A unit gives its own data and nobody else's; only it says what its own law asks of it.
#[test]
fn a_unit_discloses_only_its_own() {
    for Case { name, ask, event, .. } in given_unasked() {
        let category = event.categories[0];
        let elsewhere = if event.source == unit_id(CLINIC) { EMS } else { CLINIC };
        assert_eq!(withheld(&answer(&ask, &Event::of(elsewhere, &[category])), category), ["ASK_PURPOSE"], "{name}");
        let self_served = AskFacts { unit: unit_id(PATROL), ..ask };
        assert_eq!(withheld(&answer(&self_served, &event), category), ["ASK_PURPOSE"], "{name}");
    }
    let warning = to_police(CLINIC, Purpose::DutyWarn, Claim::Threat(threat()));
    let ruling = answer(&warning, &Event::of(CLINIC, &[Category::BhAssessment, Category::SafetyCaution]));
    assert_eq!(shows(&ruling, Category::BhAssessment), ["self-harm-now", "weapon"]);
    assert_eq!(shows(&ruling, Category::SafetyCaution), ["prior-assault", "weapon"], "C09 by (j)");
}

/// An exception opens the cells that name it, and no others.
#[test]
fn an_exception_opens_only_cells_that_name_it() {
    let locate = LocateClaim { target: Some(LocateTarget::Suspect), official: verified() };
    let facts = to_police(PATROL, Purpose::LeLocate, Claim::Locate(locate));
    let ruling = answer(&facts, &Event::of(CLINIC, &carried()));
    for slice in ruling.slices.iter() {
        assert_eq!(slice.outcome.grants().is_empty(), slice.category != Category::HealthIdentity, "{}", slice.category);
    }
    // Rulebook 7.7 ETREAT: C19 waits for its hook, C23 for the minor, C20 to a clinician for the person.
    let ruling = answer(&in_emergency(), &Event::of(CLINIC, &carried()));
    for category in [Category::HivSti, Category::MinorSelfConsented, Category::Education, Category::LeReport] {
        assert!(!one(&ruling, category).outcome.withheld().is_empty(), "{category}");
    }
    let mut clinician = in_emergency();
    (clinician.unit, clinician.to, clinician.licence) = (unit_id(CLINIC), to(CLINIC, Bhc), Licence::Nurse);
    let ruling = answer(&clinician, &Event::of(EMS, &[Category::ReproductiveHealth, Category::EmsClinical]));
    assert_eq!(withheld(&ruling, Category::ReproductiveHealth), ["EXCEPTION_ELSEWHERE"]);
    assert!(!shows(&ruling, Category::EmsClinical).is_empty());
}

#[test]
fn ec_51_emergency_treatment_lifts_a_restriction_and_nothing_else_the_person_said_no_to() {
    let event = Event::of(CLINIC, &[Category::BhTreatment]);
    let mut deny = consent(51, ConsentType::General, CLINIC, &[EMS]);
    (deny.deny, deny.purposes, deny.expiry) = (true, Purpose::ALL.to_vec().into(), Expiry::Never);
    for (restriction, claim) in [(true, in_emergency()), (true, breaking_glass()), (false, in_emergency())] {
        let mut c = county();
        c.consent(ConsentFacts { restriction, ..deny.clone() });
        let ruling = answer_in(&mut c, &claim, &event);
        assert_eq!(ruling.releases(), restriction);
        if restriction {
            let grant = &one(&ruling, Category::BhTreatment).outcome.grants()[0];
            assert!(grant.obligations.contains(&Obligation::NoFurtherUse));
        } else {
            assert_eq!(withheld(&ruling, Category::BhTreatment), ["PERSON_DENIES"]);
        }
    }
    // It still binds what stands.
    let mut c = County::river();
    let care = Event::of(EMS, &[Category::EmsClinical]);
    assert!(c.rule(&care, &to(CLINIC, Bhc)).releases());
    let restricted = consent(52, ConsentType::General, EMS, &[CLINIC]);
    c.consent(ConsentFacts { deny: true, restriction: true, purposes: Purpose::ALL.to_vec().into(), ..restricted });
    assert!(withheld(&c.rule(&care, &to(CLINIC, Bhc)), Category::EmsClinical).contains(&"PERSON_DENIES"));
}

/// EC-14: and of the ask the program gets the four items that 2.51(c) has it document.
#[test]
fn ec_14_an_unconscious_overdose_reaches_ems_and_the_program_gets_its_record() {
    let facts = in_emergency();
    let ruling = answer(&facts, &Event::of(SUD, &[Category::Medications]));
    let grant = &one(&ruling, Category::Medications).outcome.grants()[0];
    assert!(grant.obligations.contains(&Obligation::DocumentEmergency));
    assert!(grant.obligations.contains(&Obligation::NoProceedingsAgainstPatient));
    assert!(grant.labels.contains(&LawLabel::Part2));
    let statement = grant.statement.as_deref().expect("the short statement goes with it");
    assert!(statement.contains("unauthorized use or disclosure"), "{statement}");
    let stored: handoff_law::Grant = serde_json::from_value(serde_json::to_value(grant).unwrap()).unwrap();
    assert_eq!(&stored, grant);
    assert_eq!(grant.basis.iter().map(ToString::to_string).collect::<Vec<_>>(), ["B15"]);

    let c = county();
    let record_of = |facts: &AskFacts, unit: &str, kind| {
        let mut event = Event::of(EMS, &[Category::ConsentMeta]);
        (event.event_type, event.record) = ("ask.access-requested.v1", facts.ask);
        event.facts = vec![Fact::AskMade { ask: facts.clone() }];
        let event_type = event.event_type.parse().unwrap();
        handoff_law::rule_record(&c.bundle, &c.state, &event.facts(&event_type), &to(unit, kind), c.at)
    };
    assert_eq!(shows(&record_of(&facts, SUD, P2p), Category::ConsentMeta), ["emergency-record"]);
    let locate = LocateClaim { target: Some(LocateTarget::Suspect), official: verified() };
    let other = to_police(PATROL, Purpose::LeLocate, Claim::Locate(locate));
    nothing_released(&record_of(&other, SUD, P2p));
}

/// 2.13(c)(2): whether an ask opened something shows to nobody but its reader, and an ask that opens nothing looks to
/// its own unit as one about somebody of whom there is nothing.
#[test]
fn a_denied_ask_looks_like_one_about_nobody() {
    let mut c = county();
    c.agreement(&everything(&[(EMS, Ems), (SUD, P2p), (CLINIC, Bhc), (PATROL, Le)]));
    let mut denied = in_emergency();
    denied.licence = Licence::Peer;
    let mut unknown = denied.clone();
    (unknown.ask, unknown.person) = (record(9001), person(77));
    let mut own = Vec::new();
    for facts in [&denied, &unknown] {
        c.asks(facts);
        let mut event = Event::of(EMS, &[Category::ConsentMeta]);
        event.event_type = "ask.access-requested.v1";
        (event.record, event.person) = (facts.ask, Some(facts.person));
        event.facts = vec![Fact::AskMade { ask: facts.clone() }];
        own.push(c.rule(&event, &to(EMS, Ems)).slices);
        for recipient in c.state.recipients(&unit_id(EMS)).iter().filter(|r| r.unit != unit_id(EMS)) {
            nothing_released(&c.rule(&event, recipient));
        }
    }
    assert_eq!(own[0], own[1]);
    for category in carried() {
        nothing_released(&c.under(&Event::of(SUD, &[category]), denied.ask));
    }
}

/// Of linked persons too: an ask about one opens what is the other's, and a withdrawn link closes it.
#[test]
fn an_ask_reaches_the_persons_linked_to_its_own() {
    let mut c = county();
    let facts = in_emergency();
    let mut elsewhere = Event::of(CLINIC, &[Category::BhTreatment]);
    elsewhere.person = Some(person(2));
    c.asks(&facts);
    assert!(c.state.asks_of(person(2)).is_empty());
    assert_eq!(withheld(&c.under(&elsewhere, facts.ask), Category::BhTreatment), ["ASK_SCOPE"]);
    let (a, b, approver) = (person(1), person(2), unit_id(EMS));
    c.fold("hub-operator", vec![Fact::PersonsLinked { a, b, approver: approver.clone() }]);
    assert_eq!(c.state.asks_of(person(2)).len(), 1);
    assert!(c.under(&elsewhere, facts.ask).releases());
    c.fold("hub-operator", vec![Fact::PersonsUnlinked { a, b, approver }]);
    assert_eq!(withheld(&c.under(&elsewhere, facts.ask), Category::BhTreatment), ["ASK_SCOPE"]);
}

#[test]
fn every_exception_of_the_law_has_a_case() {
    use std::collections::BTreeSet;
    let tried: BTreeSet<_> = cases().iter().map(|c| handoff_law::ExceptionName::of(&c.ask.claim)).collect();
    assert_eq!(tried, handoff_law::ExceptionName::ALL.iter().copied().collect());
    let hospital = to("river-hospital-ed", Hosp);
    assert!(handoff_law::Bundle::embedded().unwrap().exceptions.medical_kinds.contains(&hospital.kind));
}
