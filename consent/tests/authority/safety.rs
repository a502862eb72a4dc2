//! An exposed responder (42 USC 300ff-131 to 300ff-133) and a school's health or safety emergency (34 CFR 99.36): what
//! neither of them opens, and what the school must keep.

use handoff_law::Obligation;
use handoff_schemas::RecipientKind::{Bhc, Cbo, Ems, P2p};
use handoff_schemas::*;

use crate::authority::claims::*;
use crate::common::*;

fn exposed() -> AskFacts {
    ask(EMS, to(EMS, Ems), Purpose::PublicHealth, Claim::Exposure(exposure()))
}

fn told_by(source: &str) -> AskFacts {
    to_police(source, Purpose::Threat, Claim::SchoolEmergency(school_emergency()))
}

/// Of everything that a clinic holds the exposed learn what was found, and not of whom.
#[test]
fn an_exposure_opens_its_result_and_nothing_else() {
    for facts in [exposed(), to_police(PATROL, Purpose::PublicHealth, Claim::Exposure(exposure()))] {
        let ruling = answer(&facts, &Event::of(CLINIC, &carried()));
        for slice in ruling.slices.iter() {
            let opened = !slice.outcome.grants().is_empty();
            assert_eq!(opened, slice.category == Category::HivSti, "{}", slice.category);
        }
        assert_eq!(shows(&ruling, Category::HivSti), ["exposure-result"]);
    }
}

/// Cells of other kinds name no exposure, and a facility states none for its own sake.
#[test]
fn an_exposure_is_the_designated_officers_to_ask_about() {
    let event = Event::of(CLINIC, &[Category::HivSti]);
    let unserved = ask(PEERS, to(PEERS, RecipientKind::Cmp), Purpose::PublicHealth, Claim::Exposure(exposure()));
    assert_eq!(withheld(&answer(&unserved, &event), Category::HivSti), ["ASK_PURPOSE"]);
    let given = AskFacts { unit: unit_id(CLINIC), ..exposed() };
    assert_eq!(withheld(&answer(&given, &event), Category::HivSti), ["ASK_PURPOSE"]);
    let other = AskFacts { purpose: Purpose::Treat, ..exposed() };
    assert_eq!(withheld(&answer(&other, &event), Category::HivSti), ["ASK_PURPOSE"]);
}

/// 42 CFR 2.2(b): Part 2 has neither exception, though a program be a school's.
#[test]
fn neither_opens_a_part_2_record() {
    let category = Category::HivSti;
    let ruling = answer(&exposed(), &Event::of(SUD, &[category]));
    assert!(withheld(&ruling, category).contains(&"PART2_EXCEPTION"));
    nothing_released(&answer(&exposed(), &Event::of(SUD, &carried())));

    let mut c = county();
    let mut program = unit(SUD, "harbor-recovery", &[P2p], HipaaStatus::None, Part2Status::Yes);
    program.further_law = vec![LawLabel::Ferpa];
    c.unit(program);
    let ruling = answer_in(&mut c, &told_by(SUD), &Event::of(SUD, &carried()));
    assert!(withheld(&ruling, Category::Education).contains(&"PART2_EXCEPTION"));
    nothing_released(&ruling);
}

/// 45 CFR 160.103: what a covered entity holds is health information, and no label opens it.
#[test]
fn a_clinic_tells_of_a_threat_by_164_512_j_and_not_by_99_36() {
    let event = Event::of(CLINIC, &[Category::Education]);
    assert_eq!(withheld(&answer(&told_by(CLINIC), &event), Category::Education), ["FACT_MISSING"]);
    let mut c = county();
    let mut school_clinic = unit(CLINIC, "willow-clinic", &[Bhc], HipaaStatus::CoveredProvider, Part2Status::No);
    school_clinic.further_law = vec![LawLabel::Ferpa];
    c.unit(school_clinic);
    assert_eq!(withheld(&answer_in(&mut c, &told_by(CLINIC), &event), Category::Education), ["FACT_MISSING"]);
}

/// A school gives what it holds, to whom it names; nobody asks it out of its records.
#[test]
fn a_school_tells_of_its_own_accord() {
    let event = Event::of(SCHOOL, &[Category::Education]);
    let asked = AskFacts { unit: unit_id(PATROL), ..told_by(SCHOOL) };
    assert_eq!(withheld(&answer(&asked, &event), Category::Education), ["ASK_PURPOSE"]);
    let threat = to_police(SCHOOL, Purpose::DutyWarn, Claim::Threat(threat()));
    assert_eq!(withheld(&answer(&threat, &event), Category::Education), ["EXCEPTION_ELSEWHERE"]);
    // An education record goes to no other school by this; what C24 leaves to consent stays so.
    let to_school = SchoolEmergencyClaim { to_school: true, ..school_emergency() };
    let other = ask(SCHOOL, to("lantern-shelter-intake", Cbo), Purpose::Threat, Claim::SchoolEmergency(to_school));
    assert_eq!(withheld(&answer(&other, &event), Category::Education), ["EXCEPTION_ELSEWHERE"]);
}

/// 34 CFR 99.32(a)(5): of an education record, and of nothing that is none.
#[test]
fn what_a_school_discloses_it_logs() {
    let logs = |facts: &AskFacts, source: &str, category| {
        let ruling = answer(facts, &Event::of(source, &[category]));
        one(&ruling, category).outcome.grants()[0].obligations.contains(&Obligation::FerpaDisclosureLog)
    };
    assert!(logs(&told_by(SCHOOL), SCHOOL, Category::Education));
    let to_school = SchoolEmergencyClaim { to_school: true, ..school_emergency() };
    let case = ask(PATROL, to(SCHOOL, Cbo), Purpose::Threat, Claim::SchoolEmergency(to_school));
    assert!(!logs(&case, PATROL, Category::ThreatCase));
}
