//! Edge cases of rulebook 9 that this engine decides, by their ids, in more ways than one case shows. All of them stand as
//! cases in `tests/cases/*.yaml`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::common::*;
use handoff_law::Scope;
use handoff_schemas::RecipientKind::{Bhc, Cbo, Ems, Le, P2p};
use handoff_schemas::*;

const SUD: &str = "harbor-recovery-sud";
const CLINIC: &str = "willow-clinic-crisis";
const SHELTER: &str = "lantern-shelter-intake";
const PATROL: &str = "river-pd-patrol";

fn referral_from_program() -> Event {
    let mut event = Event::of(SUD, &[Category::Referral, Category::HealthIdentity, Category::BhTreatment]);
    event.event_type = "referral.referral-created.v1";
    event
}

#[test]
fn ec_11_no_tpo_consent_tells_an_officer_anything() {
    let mut c = County::river();
    c.agreement(&everything(&[(SUD, P2p), (PATROL, Le)]));
    c.consent(consent(11, ConsentType::Part2Tpo, SUD, &[PATROL]));
    let event = Event::of(SUD, &carried());
    let ruling = c.rule(&event, &to(PATROL, Le));
    let aggregate = |s: &&handoff_law::SliceRuling| s.category != Category::Aggregate;
    assert!(ruling.slices.iter().filter(aggregate).all(|s| !s.outcome.withheld().is_empty()));
    for purpose in Purpose::ALL {
        let ruling = c.ask(&event, &to(PATROL, Le), *purpose);
        assert!(ruling.slices.iter().filter(aggregate).all(|s| !s.outcome.withheld().is_empty()), "{purpose}");
    }
    assert!(withheld(&ruling, Category::Referral).contains(&"TPO_RECIPIENT"));
}

#[test]
fn ec_23_one_legal_entity_is_not_within_the_program() {
    let mut c = County::river();
    let mut desk = unit("harbor-police-desk", "harbor-recovery", &[Le], HipaaStatus::None, Part2Status::No);
    desk.name = "Desk".to_owned();
    c.unit(desk);
    c.unit(unit("harbor-front-desk", "harbor-recovery", &[P2p], HipaaStatus::CoveredProvider, Part2Status::Yes));
    c.agreement(&everything(&[(SUD, P2p), ("harbor-police-desk", Le), ("harbor-front-desk", P2p)]));
    let event = Event::of(SUD, &[Category::Referral, Category::BhTreatment, Category::HealthIdentity]);
    for recipient in [to("harbor-police-desk", Le), to("harbor-front-desk", P2p)] {
        nothing_released(&c.rule(&event, &recipient));
    }
    assert_eq!(shows(&c.rule(&event, &to(SUD, P2p)), Category::BhTreatment), ["*"], "its own data");
}

#[test]
fn ec_54_an_expired_agreement_leaves_the_officer_the_dispatch_minimum() {
    let mut c = County::river();
    let event = Event::of("river-911", &[Category::Location, Category::Cad, Category::SafetyCaution]);
    let before = c.rule(&event, &to(PATROL, Le));
    assert!(shows(&before, Category::SafetyCaution).contains(&"weapon".to_owned()));
    // The agreement ends with 2028-12-31 in its own time zone: at 08:00 UTC.
    c.at = before.valid_until.expect("an agreement with an end limits what rests on it");
    assert_eq!(c.at, LogTime("2029-01-01T08:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond()));
    let after = c.rule(&event, &to(PATROL, Le));
    assert_eq!(shows(&after, Category::Location), ["place"]);
    let minimum = ["call-type", "callback", "hazard", "incident-number", "language-need", "times", "units"];
    assert_eq!(shows(&after, Category::Cad), minimum, "F1, nothing of F3");
    assert!(withheld(&after, Category::SafetyCaution).contains(&"AGREEMENT_EXPIRED"));
    assert!(one(&after, Category::Cad).outcome.grants()[0].agreement.is_none());
    nothing_released(&c.ask(&event, &to(PATROL, Le), Purpose::SceneSafety));
    // Other sources have no such authority, and a clinic is no dispatched agency.
    nothing_released(&c.rule(&Event::of("river-fire-ems", &[Category::Location, Category::Cad]), &to(PATROL, Le)));
    nothing_released(&c.rule(&event, &to(CLINIC, Bhc)));
}

#[test]
fn ec_55_a_suspension_stops_what_stands_and_leaves_an_officer_who_asks_the_minimum() {
    let mut c = County::river();
    let event = Event::of("river-911", &[Category::Location, Category::Cad, Category::SafetyCaution]);
    let before = c.rule(&event, &to(PATROL, Le));
    assert!(before.releases());
    let facts = c.move_agreement("crisis-co-response", AgreementStatus::Suspended);
    let floors = handoff_law::floors(LogPos(c.pos), &facts);
    let hidden = floors.iter().any(|(scope, floor)| before.scopes.contains(scope) && before.at_pos < *floor);
    assert!(hidden, "what stood before the suspension stays readable");
    let after = c.rule(&event, &to(PATROL, Le));
    nothing_released(&after);
    assert!(withheld(&after, Category::Cad).contains(&"AGREEMENT_SUSPENDED"));
    assert_eq!(shows(&c.ask(&event, &to(PATROL, Le), Purpose::Dispatch), Category::Location), ["place"]);
    // What rests on another agreement stays.
    let care = Event::of("river-fire-ems", &[Category::EmsClinical]);
    assert!(c.rule(&care, &to(CLINIC, Bhc)).releases());
    c.move_agreement("crisis-co-response", AgreementStatus::Active);
    assert_eq!(c.rule(&event, &to(PATROL, Le)).slices, before.slices, "reinstated");
}

#[test]
fn ec_94_a_unit_whose_part_2_status_is_pending_is_ruled_as_part_2() {
    for (status, open) in [(Part2Status::Pending, false), (Part2Status::Yes, false), (Part2Status::No, true)] {
        let mut c = County::river();
        c.unit(unit(SUD, "harbor-recovery", &[P2p], HipaaStatus::CoveredProvider, status));
        let event = Event::of(SUD, &[Category::Medications, Category::BhTreatment]);
        for recipient in [to(CLINIC, Bhc), to("river-fire-ems", Ems)] {
            let ruling = c.rule(&event, &recipient);
            assert_eq!(ruling.releases(), open, "{status:?} to {recipient}");
        }
        c.consent(consent(94, ConsentType::Part2Tpo, SUD, &[]));
        let ruling = c.rule(&event, &to(CLINIC, Bhc));
        assert!(ruling.releases());
        let consented = one(&ruling, Category::Medications).outcome.grants().iter().all(|g| g.notice.is_some());
        assert_eq!(consented, !open, "{status:?}");
    }
}

#[test]
fn ec_01_a_revocation_hides_for_ever_what_relied_on_it() {
    let mut c = County::river();
    c.consent(consent(1, ConsentType::Part2Named, SUD, &[SHELTER]));
    let event = referral_from_program();
    let before = c.rule(&event, &to(SHELTER, Cbo));
    assert!(before.scopes.contains(&Scope::Consent(record(1001))));
    let revoked =
        Fact::ConsentRevoked { consent: record(1001), person: person(1), parties: RevokedFor::All, oral: true };
    let floors = handoff_law::floors(LogPos(99), std::slice::from_ref(&revoked));
    assert!(floors.contains(&(Scope::Consent(record(1001)), LogPos::INFINITY)));
    let again = c.fold(SUD, vec![revoked]);
    assert_eq!(again, [handoff_law::Rerule::Person(person(1))]);
    let after = c.rule(&event, &to(SHELTER, Cbo));
    nothing_released(&after);
    assert!(withheld(&after, Category::Referral).contains(&"CONSENT_REVOKED"));
    assert!(!after.scopes.contains(&Scope::Consent(record(1001))));
}

#[test]
fn ec_02_a_revocation_for_one_party_leaves_the_others() {
    let mut c = County::river();
    c.agreement(&everything(&[(SUD, P2p), (CLINIC, Bhc), (SHELTER, Cbo)]));
    c.consent(consent(2, ConsentType::Part2Named, SUD, &[SHELTER, CLINIC]));
    let event = referral_from_program();
    let parties = RevokedFor::Parties(vec![unit_id(SHELTER)]);
    let revoked = Fact::ConsentRevoked { consent: record(1002), person: person(1), parties, oral: false };
    assert_eq!(
        handoff_law::floors(LogPos(99), std::slice::from_ref(&revoked)),
        [(Scope::Consent(record(1002)), LogPos(99))]
    );
    c.fold(SUD, vec![revoked]);
    nothing_released(&c.rule(&event, &to(SHELTER, Cbo)));
    assert!(c.rule(&event, &to(CLINIC, Bhc)).releases());
}
