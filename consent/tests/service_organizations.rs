//! P2-09, P2-09a: to serve a Part 2 program makes nobody a recipient, and law enforcement can never be who serves it
//! (42 CFR 2.11, 2.12(c)(4)), also where such an agreement is on the log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::common::*;
use handoff_law::{Agreement, Ruling, Scope};
use handoff_schemas::RecipientKind::{Bhc, Ems, Le};
use handoff_schemas::*;

const SUD: &str = "harbor-recovery-sud";
const PATROL: &str = "river-pd-patrol";
const QSO_POLICE: &str = "QSO_LAW_ENFORCEMENT";

/// An agreement for everything between a clinic `one` and a unit `two` that is in it as this.
fn serving(role: &str) -> String {
    let whole = everything(&[("one", Bhc), ("two", Ems)]);
    let member = "unit = \"two\"\nrole = \"member\"";
    assert!(whole.contains(member));
    whole.replacen(member, &format!("unit = \"two\"\nrole = \"{role}\""), 1)
}

fn two(roles: &[RecipientKind]) -> UnitFacts {
    unit("two", "two", roles, HipaaStatus::CoveredProvider, Part2Status::No)
}

fn county(document: &str) -> County {
    let mut c = County::empty();
    c.unit(unit("one", "one", &[Bhc], HipaaStatus::CoveredProvider, Part2Status::No));
    c.unit(two(&[Ems]));
    c.agreement(document);
    c
}

/// The ways for `two` to become police: by what its people do, and by whose it is.
fn ways() -> [Fact; 2] {
    let org_type = OrgType::LawEnforcement;
    [
        Fact::UnitRegistered { unit: two(&[Ems, Le]) },
        Fact::PartnerRegistered { partner: "two".parse().unwrap(), name: "two".to_owned(), org_type },
    ]
}

fn medicines(from: &str) -> Event {
    Event::of(from, &[Category::Medications])
}

fn both(c: &mut County) -> [Ruling; 2] {
    [c.rule(&medicines("one"), &to("two", Ems)), c.rule(&medicines("two"), &to("one", Bhc))]
}

#[test]
fn p2_09a_a_qsoa_with_police_opens_nothing_of_the_program() {
    let qsoa = FORMS[3].replace("hub-operator", PATROL);
    for role in ["qso", "operator", "recipient", "member"] {
        let document = qsoa.replacen("role = \"qso\"", &format!("role = \"{role}\""), 1);
        let mut c = County::river();
        c.agreement(&document.replacen("hub-qsoa-harbor", "police-qsoa", 1));
        c.consent(consent(1, ConsentType::Part2Named, SUD, &[PATROL]));
        let ruling = c.rule(&Event::of(SUD, &[Category::Location, Category::Medications]), &to(PATROL, Le));
        nothing_released(&ruling);
        assert!(withheld(&ruling, Category::Location).contains(&QSO_POLICE), "{role}: {ruling:?}");
    }
}

#[test]
fn p2_09a_a_service_organization_that_becomes_police_neither_gives_nor_gets_from_then_on() {
    for way in ways() {
        let mut c = county(&serving("qso"));
        let before = both(&mut c);
        assert!(before.iter().all(Ruling::releases), "while it is no police");
        c.fold("hub-operator", vec![way.clone()]);
        let floors = handoff_law::floors(LogPos(c.pos), std::slice::from_ref(&way));
        for ruling in &before {
            let hides = |(scope, floor): &(Scope, LogPos)| ruling.scopes.contains(scope) && ruling.at_pos < *floor;
            assert!(floors.iter().any(hides), "{way:?} leaves a row in sight");
        }
        for ruling in both(&mut c) {
            assert_eq!(withheld(&ruling, Category::Medications), [QSO_POLICE], "{way:?}");
        }
        nothing_released(&c.rule(&medicines("one"), &to("two", Le)));
    }
}

#[test]
fn every_change_to_police_is_ruled_again() {
    use handoff_law::Rerule;
    for way in ways() {
        let mut c = county(&serving("qso"));
        let again = c.fold("hub-operator", vec![way.clone()]);
        assert!(again.contains(&Rerule::Unit(unit_id("two"))), "{way:?}");
        assert!(again.contains(&Rerule::Agreement("everything".parse().unwrap())), "{way:?}");
    }
}

#[test]
fn p2_09a_counsels_override_lets_the_document_stand_and_makes_no_recipient() {
    let counsel = "[clauses.counsel_override]\nby = \"County counsel\"\nreason = \"keys at the program\"\n";
    for way in ways() {
        let mut c = county(&format!("{}{counsel}", serving("qso")));
        c.fold("hub-operator", vec![way]);
        both(&mut c).iter().for_each(nothing_released);
    }
}

#[test]
fn police_may_be_members_of_what_is_no_service_agreement() {
    let [_, organisation] = ways();
    let mut c = county(&serving("member"));
    c.fold("hub-operator", vec![organisation]);
    assert!(both(&mut c).iter().all(Ruling::releases), "the role decides, not the organisation alone");
}

#[test]
fn what_such_an_agreement_prohibits_stays_prohibited() {
    for way in ways() {
        let mut c = county(&serving("member"));
        let strict = serving("qso").replacen("id = \"everything\"", "id = \"strict\"", 1);
        c.agreement(&strict.replacen("prohibited_uses = []", "prohibited_uses = [\"TREAT\"]", 1));
        let reasons = |r: &Ruling| withheld(r, Category::Medications)[0];
        assert_eq!(both(&mut c).each_ref().map(reasons), ["AGREEMENT_PROHIBITS"; 2]);
        c.fold("hub-operator", vec![way.clone()]);
        assert_eq!(both(&mut c).each_ref().map(reasons), ["AGREEMENT_PROHIBITS"; 2], "{way:?} widens nothing");
    }
}

#[test]
fn who_serves_is_told_by_role_and_by_kind_of_agreement() {
    let served = |document: &str| {
        let agreement = Agreement::parse(document).unwrap();
        agreement.qso_parties().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(served(FORMS[3]), ["hub-operator"]);
    assert_eq!(served(&FORMS[3].replacen("role = \"qso\"", "role = \"operator\"", 1)), ["hub-operator"]);
    assert_eq!(served(&serving("qso")), ["two"]);
    assert!(FORMS[..3].iter().all(|form| served(form).is_empty()));
    let police = FORMS[3].replacen("org_type = \"other\"", "org_type = \"law-enforcement\"", 1);
    let called = police.replacen("role = \"qso\"", "role = \"operator\"", 1);
    assert_eq!(Agreement::parse(&called).unwrap_err().code, "HO-1320", "another word for it changes nothing");
}
