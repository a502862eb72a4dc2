//! Cautions and threat cases (rulebook 7.6, C09 and C29): what crews observe flows by agreement, what a health unit's
//! clinicians hold reaches police and dispatch by 45 CFR 164.512(j) or the person's authorization.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::common::*;
use handoff_schemas::RecipientKind::{Bhc, Ems, Hosp, Le, Psap};
use handoff_schemas::*;

const CLINIC: &str = "willow-clinic-crisis";
const PATROL: &str = "river-pd-patrol";
const EMS: &str = "river-fire-ems";
const DISPATCH: &str = "river-911";
const F2: [&str; 8] = [
    "expires-at",
    "exposure-ppe",
    "hazard",
    "observed-at",
    "prior-assault",
    "self-harm-now",
    "source-agency",
    "weapon",
];

/// `source` beside the county's units, an agreement on everything between them.
fn county(roles: &[RecipientKind], hipaa: HipaaStatus) -> County {
    let mut c = County::river();
    c.unit(unit("source", "source", roles, hipaa, Part2Status::No));
    c.agreement(&everything(&[("source", roles[0]), (PATROL, Le), (DISPATCH, Psap), (EMS, Ems), (CLINIC, Bhc)]));
    c
}

fn caution() -> Event {
    Event::of("source", &[Category::SafetyCaution])
}

#[test]
fn c09_a_clinicians_caution_reaches_those_who_treat_and_no_police_or_dispatch() {
    for kind in [Bhc, Hosp, RecipientKind::P2p, RecipientKind::Cmp, RecipientKind::L988] {
        for hipaa in [HipaaStatus::CoveredProvider, HipaaStatus::HybridComponent, HipaaStatus::BusinessAssociate] {
            let mut c = county(&[kind], hipaa);
            for recipient in [to(PATROL, Le), to(DISPATCH, Psap)] {
                let reasons = withheld(&c.rule(&caution(), &recipient), Category::SafetyCaution);
                assert!(reasons.contains(&"EXCEPTION_ONLY"), "{kind} to {recipient}: {reasons:?}");
            }
            for recipient in [to(EMS, Ems), to(CLINIC, Bhc)] {
                assert_eq!(
                    shows(&c.rule(&caution(), &recipient), Category::SafetyCaution),
                    F2,
                    "{kind} to {recipient}"
                );
            }
        }
    }
}

#[test]
fn c09_what_police_dispatch_and_ems_observe_flows_by_agreement() {
    let crews = [(Le, HipaaStatus::None), (Psap, HipaaStatus::None), (Ems, HipaaStatus::CoveredProvider)];
    for (kind, hipaa) in crews {
        let mut c = county(&[kind], hipaa);
        for recipient in [to(PATROL, Le), to(DISPATCH, Psap)] {
            assert_eq!(shows(&c.rule(&caution(), &recipient), Category::SafetyCaution), F2, "{kind} to {recipient}");
        }
        c.move_agreement("everything", AgreementStatus::Terminated);
        nothing_released(&c.rule(&caution(), &to(PATROL, Le)));
    }
}

/// HIP-01: a clinician whom HIPAA does not cover is held by the agreement. A unit of medics and clinicians is covered as
/// both, and nobody can tell whose caution it is.
#[test]
fn c09_follows_the_law_of_the_unit_and_all_of_its_roles() {
    let mut plain = county(&[Bhc], HipaaStatus::None);
    assert!(plain.rule(&caution(), &to(PATROL, Le)).releases());
    let mut mixed = county(&[Ems, Bhc], HipaaStatus::CoveredProvider);
    nothing_released(&mixed.rule(&caution(), &to(PATROL, Le)));
}

#[test]
fn c09_the_person_may_authorize_a_clinicians_caution_for_officers() {
    let mut c = county(&[Bhc], HipaaStatus::CoveredProvider);
    let mut named = consent(1, ConsentType::HipaaAuthorization, "source", &[PATROL]);
    named.purposes = [Purpose::SceneSafety].into();
    named.categories = [Category::SafetyCaution].into();
    c.consent(named);
    let ruling = c.rule(&caution(), &to(PATROL, Le));
    assert_eq!(shows(&ruling, Category::SafetyCaution), F2);
    assert!(one(&ruling, Category::SafetyCaution).outcome.grants().iter().all(|g| g.consent.is_some()));
    nothing_released(&c.rule(&caution(), &to(DISPATCH, Psap)));
}

/// PR-07: the bridge from care to a threat case is for an imminent threat only.
#[test]
fn c29_a_health_units_threat_case_reaches_no_police_by_agreement() {
    let case = Event::of("source", &[Category::ThreatCase]);
    for kind in [Bhc, Ems] {
        let mut c = county(&[kind], HipaaStatus::CoveredProvider);
        assert!(withheld(&c.rule(&case, &to(PATROL, Le)), Category::ThreatCase).contains(&"EXCEPTION_ONLY"), "{kind}");
    }
    let mut c = county(&[Le], HipaaStatus::None);
    assert_eq!(shows(&c.rule(&case, &to(PATROL, Le)), Category::ThreatCase), ["weapon"]);
}

/// A8: what a covered unit recorded stays a health unit's when the unit is covered no more.
#[test]
fn a8_a_health_label_keeps_police_authority_out_after_the_status_went() {
    let mut c = county(&[Bhc], HipaaStatus::None);
    let mut event = Event::of("source", &[Category::SafetyCaution, Category::Cad]);
    assert_eq!(c.rule(&event, &to(PATROL, Le)).slices.iter().filter(|s| !s.outcome.grants().is_empty()).count(), 2);
    event.labels = vec![LawLabel::Hipaa];
    nothing_released(&c.rule(&event, &to(PATROL, Le)));
}
