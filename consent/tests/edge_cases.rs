//! Edge cases of rulebook 9 that this engine decides, by their ids.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::*;
use handoff_law::{Obligation, Scope, consent_deficiencies};
use handoff_schemas::RecipientKind::{Bhc, Cbo, Ems, Hosp, Le, P2p, Psap};
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
fn ec_06_a_tpo_consent_that_never_expires_is_valid() {
    let mut c = County::river();
    let mut tpo = consent(6, ConsentType::Part2Tpo, SUD, &[]);
    tpo.expiry = Expiry::Never;
    c.consent(tpo);
    let ruling = c.rule(&referral_from_program(), &to(CLINIC, Bhc));
    assert_eq!(
        shows(&ruling, Category::BhTreatment),
        ["diagnosis", "facility-status", "narrative", "plan", "precautions", "risk"]
    );
    assert_eq!(ruling.valid_until, None);
    let grant = &one(&ruling, Category::BhTreatment).outcome.grants()[0];
    let notice = grant.notice.as_ref().expect("a consented Part 2 grant carries its notice");
    assert!(notice.text().contains("using or disclosing this record"), "not the wording in force since 2024");
    assert!(notice.scope().en.contains("Unit harbor-recovery-sud"));
    assert!(notice.scope().es.as_ref().unwrap().contains("tratamiento"));
    assert!(!notice.scope().en.contains("river-fire-ems"), "the scope tells of another recipient");
    assert!(grant.obligations.contains(&Obligation::NoProceedingsAgainstPatient));
    assert!(grant.obligations.contains(&Obligation::Nordsclcd));
}

#[test]
fn ec_07_a_named_consent_to_a_shelter_that_never_expires_is_deficient() {
    let mut c = County::river();
    let mut named = consent(7, ConsentType::Part2Named, SUD, &[SHELTER]);
    named.expiry = Expiry::Never;
    c.consent(named.clone());
    let ruling = c.rule(&referral_from_program(), &to(SHELTER, Cbo));
    nothing_released(&ruling);
    assert!(withheld(&ruling, Category::Referral).contains(&"CONSENT_DEFICIENT"));
    named.expiry = Expiry::Event { code: "end-of-shelter-stay".to_owned() };
    c.consent(named);
    let ruling = c.rule(&referral_from_program(), &to(SHELTER, Cbo));
    assert!(ruling.releases(), "an event that relates to the purpose is an expiry");
}

#[test]
fn ec_09_tpo_and_a_hearing_on_one_form_make_both_unusable() {
    let mut c = County::river();
    let mut both = consent(9, ConsentType::Part2Tpo, SUD, &[]);
    both.purposes.push(Purpose::AdminProc);
    c.consent(both);
    let event = referral_from_program();
    let ruling = c.rule(&event, &to(CLINIC, Bhc));
    nothing_released(&ruling);
    assert!(withheld(&ruling, Category::BhTreatment).contains(&"CONSENT_DEFICIENT"));
    let asked = c.ask(&event, &to(CLINIC, Bhc), Purpose::AdminProc);
    nothing_released(&asked);
    assert_eq!(withheld(&asked, Category::BhTreatment)[0], "PURPOSE_BARRED");
    let form = serde_json::json!({ "types": ["part2-tpo", "part2-proceedings"], "purposes": ["TREAT", "ADMINPROC"] });
    let found = consent_deficiencies(&serde_json::from_value(form).unwrap());
    assert!(found.iter().any(|d| d.element == "2.31(d)" && d.code == "HO-1351"));
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
fn ec_12_a_named_consent_gives_an_officer_appointment_dates_and_nothing_else() {
    let mut c = County::river();
    c.agreement(&everything(&[(SUD, P2p), (PATROL, Le)]));
    let mut named = consent(12, ConsentType::Part2Named, SUD, &[PATROL]);
    named.purposes = vec![Purpose::LeFollowup];
    named.categories = vec![Category::Referral];
    named.elements = vec!["referral-dates".to_owned()];
    c.consent(named);
    let ruling = c.rule(&Event::of(SUD, &carried()), &to(PATROL, Le));
    assert_eq!(shows(&ruling, Category::Referral), ["referral-dates"]);
    let grant = &one(&ruling, Category::Referral).outcome.grants()[0];
    assert!(grant.obligations.contains(&Obligation::NoProceedingsAgainstPatient));
    assert!(grant.notice.as_ref().unwrap().scope().en.contains("referral-dates"));
    for slice in ruling.slices.iter().filter(|s| !matches!(s.category, Category::Referral | Category::Aggregate)) {
        assert!(!slice.outcome.withheld().is_empty(), "{} was released", slice.category);
    }
    let other = c.rule(&Event::of(SUD, &[Category::Referral]), &to("river-911", Psap));
    nothing_released(&other);
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
fn ec_43_a_later_denial_for_hiv_takes_out_hiv_only() {
    let mut c = County::river();
    c.unit(unit("river-hospital-ed", "river-hospital", &[Hosp], HipaaStatus::CoveredProvider, Part2Status::No));
    c.agreement(&everything(&[(CLINIC, Bhc), ("river-hospital-ed", Hosp)]));
    let mut all = consent(1, ConsentType::HipaaAuthorization, CLINIC, &["river-hospital-ed"]);
    all.signed_at = LogTime(NOW.0 - 700 * DAY);
    c.consent(all);
    let event = Event::of(CLINIC, &[Category::BhTreatment, Category::HivSti]);
    let ruling = c.rule(&event, &to("river-hospital-ed", Hosp));
    assert_eq!(shows(&ruling, Category::HivSti), ["*"]);
    let mut deny = consent(2, ConsentType::HipaaAuthorization, CLINIC, &["river-hospital-ed"]);
    deny.deny = true;
    deny.categories = vec![Category::HivSti];
    c.consent(deny);
    let ruling = c.rule(&event, &to("river-hospital-ed", Hosp));
    assert_eq!(withheld(&ruling, Category::HivSti), ["PERSON_DENIES"]);
    assert!(!shows(&ruling, Category::BhTreatment).is_empty());
    // Whichever is later: a permit after the denial does not lift it.
    c.consent(consent(3, ConsentType::HipaaAuthorization, CLINIC, &["river-hospital-ed"]));
    assert_eq!(withheld(&c.rule(&event, &to("river-hospital-ed", Hosp)), Category::HivSti), ["PERSON_DENIES"]);
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
