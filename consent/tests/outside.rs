//! Kinds outside the matrix (rulebook 7.6): nothing stands for them. A medical examiner's inquiry opens what relates to a
//! death that is on record, a warning reaches the parent or guardian who is on record.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;

use crate::authority::claims::{self, CLINIC, EMS, PATROL, SUD, county, threat, verified};
use crate::common::*;
use handoff_law::{Bundle, Obligation, Ruling};
use handoff_schemas::RecipientKind::{Bhc, Kin, Le, Me, P2p, Psap};
use handoff_schemas::*;
use jiff::civil::{Date, date};

const EXAMINER: &str = "river-medical-examiner";
const PARENT: &str = "fable-family";
const STRANGER: &str = "tale-family";

fn with_them() -> County {
    let mut c = county();
    for (name, kind) in [(EXAMINER, Me), (PARENT, Kin), (STRANGER, Kin)] {
        c.unit(unit(name, name, &[kind], HipaaStatus::None, Part2Status::No));
    }
    c
}

fn under(c: &mut County, facts: &AskFacts, event: &Event) -> Ruling {
    c.asks(facts);
    c.under(event, facts.ask)
}

fn opened(ruling: &Ruling) -> BTreeSet<Category> {
    ruling.slices.iter().filter(|s| !s.outcome.grants().is_empty()).map(|s| s.category).collect()
}

fn bases(ruling: &Ruling, category: Category) -> Vec<String> {
    one(ruling, category).outcome.grants()[0].basis.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_stands_for_a_kind_outside_the_matrix_by_no_agreement_and_no_consent() {
    let mut c = with_them();
    let units = [(EXAMINER, Me), (PARENT, Kin), (CLINIC, Bhc), (SUD, P2p), ("river-911", Psap)];
    c.agreement(&everything(&units));
    for (n, kind, from) in [(1, ConsentType::Part2Named, SUD), (2, ConsentType::HipaaAuthorization, CLINIC)] {
        let purposes = Purpose::ALL.iter().copied().filter(|p| !p.is_proceeding()).collect();
        c.consent(ConsentFacts { purposes, ..consent(n, kind, from, &[EXAMINER, PARENT]) });
    }
    for kind in RecipientKind::OUTSIDE {
        let recipient = to(if *kind == Me { EXAMINER } else { PARENT }, *kind);
        for source in [CLINIC, SUD, "river-911"] {
            let event = Event::of(source, &carried());
            nothing_released(&c.rule(&event, &recipient));
            for purpose in Purpose::ALL {
                nothing_released(&c.ask(&event, &recipient, *purpose));
            }
        }
        let own = Event::of(recipient.unit.as_str(), &[Category::EmsClinical]);
        assert!(c.rule(&own, &recipient).releases(), "its own it reads like any unit");
    }
}

#[test]
fn a_matrix_has_no_row_for_a_kind_outside_it() {
    let mut files = Bundle::embedded_files();
    let matrix = files.get_mut("matrix.csv").unwrap();
    let row = "C04,location,Incident location (CAD),LE,P,B37";
    assert!(matrix.contains(row));
    *matrix = matrix.replacen(row, "C04,location,Incident location (CAD),ME,P,B37", 1);
    assert_eq!(Bundle::parse(&files).err().map(|e| e.code()), Some("HO-1302"));
}

fn inquiry() -> AskFacts {
    let claim = DeathClaim { dead: true, inquiry: true, law: true, official: verified() };
    claims::ask(EXAMINER, to(EXAMINER, Me), Purpose::PublicHealth, Claim::Death(claim))
}

fn died(person: PersonId) -> Fact {
    Fact::PersonDied { person, day: None, in_error: false }
}

fn after_a_death() -> County {
    let mut c = with_them();
    c.fold(CLINIC, vec![died(person(1))]);
    c
}

#[test]
fn ec_49_an_examiner_gets_what_relates_to_the_death_and_nothing_else() {
    use Category::{BhAssessment, EmsClinical, Medications, Part2Record, SubstanceObservation};
    let reaches = BTreeSet::from([EmsClinical, Medications, BhAssessment, SubstanceObservation, Part2Record]);
    for source in [CLINIC, SUD] {
        let ruling = under(&mut after_a_death(), &inquiry(), &Event::of(source, &carried()));
        assert_eq!(opened(&ruling), reaches, "{source}");
        assert_eq!(shows(&ruling, BhAssessment), ["risk"], "{source}");
        assert_eq!(shows(&ruling, Medications), ["allergies", "medications", "not-recorded"], "{source}");
        assert_eq!(bases(&ruling, Medications), ["B39"], "{source}");
    }
    let ruling = under(&mut after_a_death(), &inquiry(), &Event::of(SUD, &[Medications]));
    let grant = &one(&ruling, Medications).outcome.grants()[0];
    assert!(grant.labels.contains(&LawLabel::Part2) && grant.statement.is_some());
    assert!(grant.obligations.contains(&Obligation::NoProceedingsAgainstPatient));
    assert!(grant.agreement.is_none() && grant.consent.is_none());
}

#[test]
fn an_inquiry_lacking_a_fact_opens_nothing() {
    let claim = |change: fn(&mut DeathClaim)| {
        let mut facts = inquiry();
        let Claim::Death(claim) = &mut facts.claim else { panic!("another claim") };
        change(claim);
        facts
    };
    let lacking = [
        claim(|c| c.dead = false),
        claim(|c| c.inquiry = false),
        claim(|c| c.law = false),
        claim(|c| c.official.name = false),
        claim(|c| c.official.agency = false),
        claim(|c| c.official.badge = false),
        claim(|c| c.official.callback_verified = false),
        AskFacts { purpose: Purpose::MandatedReport, ..inquiry() },
        AskFacts { unit: unit_id(CLINIC), ..inquiry() },
        AskFacts { unit: unit_id(PATROL), to: to(PATROL, Le), ..inquiry() },
        AskFacts { unit: unit_id(PARENT), to: to(PARENT, Kin), ..inquiry() },
    ];
    for (n, facts) in lacking.iter().enumerate() {
        for source in [CLINIC, SUD, EMS] {
            let ruling = under(&mut after_a_death(), facts, &Event::of(source, &carried()));
            assert!(!ruling.releases(), "{n}, {source}: {:?}", ruling.slices);
        }
    }
}

/// The examiner's own word is not enough, nor is one that was taken back, nor one that somebody else may have died.
#[test]
fn of_who_is_not_on_record_as_dead_an_examiner_gets_nothing() {
    let event = Event::of(SUD, &[Category::Medications]);
    let alive = |c: &mut County| {
        let ruling = under(c, &inquiry(), &event);
        assert_eq!(withheld(&ruling, Category::Medications), ["NOT_DECEASED"]);
    };
    alive(&mut with_them());
    let mut c = with_them();
    c.fold(EXAMINER, vec![died(person(1))]);
    alive(&mut c);
    let mut c = after_a_death();
    c.fold(CLINIC, vec![Fact::PersonDied { person: person(1), day: None, in_error: true }]);
    alive(&mut c);
    let mut c = with_them();
    c.fold(CLINIC, vec![Fact::PersonDied { person: person(1), day: Some(date(2026, 12, 24)), in_error: false }]);
    alive(&mut c);

    let (a, b) = (person(1), person(2));
    let linked = Fact::PersonsLinked { a, b, approver: unit_id(CLINIC) };
    let evidence = MatchEvidence { score: Some(MatchScore(9_300)), ..MatchEvidence::default() };
    let mut c = with_them();
    c.fold("hub-operator", vec![linked.clone(), Fact::LinkRests { a, b, evidence }]);
    c.fold(CLINIC, vec![died(b)]);
    alive(&mut c);
    let mut c = with_them();
    c.fold("hub-operator", vec![linked]);
    c.fold(CLINIC, vec![died(b)]);
    assert!(under(&mut c, &inquiry(), &event).releases(), "one human being for certain");
}

/// 42 CFR 2.12(d)(1): a coroner who is police too is read as police.
#[test]
fn a_coroner_whose_unit_is_police_gets_nothing() {
    let mut c = after_a_death();
    c.unit(unit(EXAMINER, EXAMINER, &[Me, Le], HipaaStatus::None, Part2Status::No));
    nothing_released(&under(&mut c, &inquiry(), &Event::of(SUD, &carried())));
}

fn warning_of(source: &str, kin: &str) -> AskFacts {
    let claim = HomeWarningClaim {
        serious_and_imminent: true,
        lessens: true,
        threat_stated: true,
        clinician_named: true,
        lacks_capacity: true,
        director_named: true,
    };
    claims::ask(source, to(kin, Kin), Purpose::DutyWarn, Claim::HomeWarning(claim))
}

fn acts(role: RepresentativeRole) -> RepresentativeFacts {
    RepresentativeFacts {
        representative: record(8100),
        person: person(1),
        role,
        unit: Some(unit_id(PARENT)),
        categories: Vec::new(),
        from: None,
        until: None,
        endangerment: false,
    }
}

/// Somebody born on this day, of whom the clinic has recorded who acts for them.
fn family(born: Date, representative: RepresentativeFacts) -> County {
    let mut c = with_them();
    c.fold(CLINIC, vec![Fact::PersonBorn { person: person(1), day: born }]);
    c.fold(CLINIC, vec![Fact::RepresentativeRecorded { representative }]);
    c
}

fn a_minors() -> County {
    family(date(2011, 3, 1), acts(RepresentativeRole::Parent))
}

fn caution(source: &str) -> Event {
    Event::of(source, &[Category::SafetyCaution])
}

#[test]
fn ec_47_a_parent_on_record_is_told_what_lessens_the_threat() {
    use Category::{BhAssessment, HealthIdentity, SafetyCaution, ThreatCase};
    for (source, basis) in [(CLINIC, "B9"), (SUD, "B30")] {
        let ruling = under(&mut a_minors(), &warning_of(source, PARENT), &Event::of(source, &carried()));
        let reaches = BTreeSet::from([HealthIdentity, BhAssessment, SafetyCaution, ThreatCase]);
        assert_eq!(opened(&ruling), reaches, "{source}: no address, no chart");
        assert_eq!(shows(&ruling, SafetyCaution), ["prior-assault", "self-harm-now", "weapon"], "{source}");
        assert_eq!(shows(&ruling, HealthIdentity), ["name"], "{source}");
        assert_eq!(bases(&ruling, SafetyCaution), [basis], "{source}");
    }
}

#[test]
fn a_warning_lacking_a_fact_tells_nobody() {
    let claim = |change: fn(&mut HomeWarningClaim)| {
        let mut facts = warning_of(CLINIC, PARENT);
        let Claim::HomeWarning(claim) = &mut facts.claim else { panic!("another claim") };
        change(claim);
        facts
    };
    let lacking = [
        claim(|c| c.serious_and_imminent = false),
        claim(|c| c.lessens = false),
        claim(|c| c.threat_stated = false),
        claim(|c| c.clinician_named = false),
        AskFacts { to: to(STRANGER, Kin), ..warning_of(CLINIC, PARENT) },
        AskFacts { to: to(PATROL, Le), ..warning_of(CLINIC, PARENT) },
        // Nobody asks it for themselves, and no unit gives another's.
        AskFacts { unit: unit_id(PARENT), ..warning_of(CLINIC, PARENT) },
        AskFacts { unit: unit_id(EMS), ..warning_of(CLINIC, PARENT) },
        // Another exception's facts are none of this one's.
        AskFacts { claim: Claim::Threat(threat()), ..warning_of(CLINIC, PARENT) },
    ];
    for (n, facts) in lacking.iter().enumerate() {
        nothing_released(&under(&mut a_minors(), facts, &Event::of(CLINIC, &carried())));
        assert!(!under(&mut a_minors(), facts, &caution(CLINIC)).releases(), "{n}");
    }
}

/// 42 CFR 2.14(c): of a program's record only what its director judged, and only of a minor.
#[test]
fn without_2_14_c_a_program_warns_no_parent() {
    let shut = |c: &mut County, facts: &AskFacts| {
        assert!(withheld(&under(c, facts, &caution(SUD)), Category::SafetyCaution).contains(&"PART2_EXCEPTION"));
    };
    let changes: [fn(&mut HomeWarningClaim); 2] = [|c| c.lacks_capacity = false, |c| c.director_named = false];
    for change in changes {
        let mut facts = warning_of(SUD, PARENT);
        let Claim::HomeWarning(claim) = &mut facts.claim else { panic!("another claim") };
        change(claim);
        shut(&mut a_minors(), &facts);
        let facts = AskFacts { unit: unit_id(CLINIC), ..facts };
        assert!(under(&mut a_minors(), &facts, &caution(CLINIC)).releases(), "HIPAA asks for neither");
    }
    let guardian = || family(date(1960, 3, 1), acts(RepresentativeRole::Guardian));
    shut(&mut guardian(), &warning_of(SUD, PARENT));
    assert!(under(&mut guardian(), &warning_of(CLINIC, PARENT), &caution(CLINIC)).releases());
}

#[test]
fn who_is_not_on_record_as_parent_or_guardian_now_is_told_nothing() {
    let minor = date(2011, 3, 1);
    let parent = || acts(RepresentativeRole::Parent);
    let counties = [
        with_them(),
        family(minor, RepresentativeFacts { unit: None, ..parent() }),
        family(minor, RepresentativeFacts { unit: Some(unit_id(STRANGER)), ..parent() }),
        family(minor, RepresentativeFacts { person: person(2), ..parent() }),
        family(minor, RepresentativeFacts { until: Some(date(2026, 11, 1)), ..parent() }),
        family(minor, RepresentativeFacts { from: Some(date(2026, 12, 1)), ..parent() }),
        family(minor, RepresentativeFacts { endangerment: true, ..parent() }),
        family(minor, RepresentativeFacts { categories: vec![Category::Education], ..parent() }),
        family(minor, acts(RepresentativeRole::NextOfKin)),
        // A parent is none of an adult, and a minor's guardian none of the adult that the minor became.
        family(date(2000, 3, 1), parent()),
    ];
    for (n, mut c) in counties.into_iter().enumerate() {
        let ruling = under(&mut c, &warning_of(CLINIC, PARENT), &caution(CLINIC));
        assert!(!ruling.releases(), "{n}: {:?}", ruling.slices);
    }
    // A unit that names itself is nobody's parent by that.
    let mut c = with_them();
    c.fold(CLINIC, vec![Fact::PersonBorn { person: person(1), day: minor }]);
    c.fold(PARENT, vec![Fact::RepresentativeRecorded { representative: parent() }]);
    nothing_released(&under(&mut c, &warning_of(CLINIC, PARENT), &caution(CLINIC)));
    let mut c = a_minors();
    c.fold(CLINIC, vec![died(person(1))]);
    nothing_released(&under(&mut c, &warning_of(CLINIC, PARENT), &caution(CLINIC)));
    let mut c = a_minors();
    c.unit(unit(PARENT, PARENT, &[Kin, Le], HipaaStatus::None, Part2Status::No));
    nothing_released(&under(&mut c, &warning_of(CLINIC, PARENT), &caution(CLINIC)));
}

#[test]
fn what_a_parent_was_told_ends_with_the_18th_birthday() {
    // Of age from 23 November on, which begins in the east at ten o'clock UTC on the 22nd.
    let mut c = family(date(2008, 11, 23), acts(RepresentativeRole::Parent));
    let facts = AskFacts { minutes: 1440, ..warning_of(CLINIC, PARENT) };
    let ruling = under(&mut c, &facts, &caution(CLINIC));
    assert!(ruling.releases());
    assert_eq!(ruling.valid_until, LogTime::parse("2026-11-22T10:00:00Z"));
    c.at = ruling.valid_until.unwrap();
    nothing_released(&c.under(&caution(CLINIC), facts.ask));
}
