//! What an event tells by being there at all: that there is a consent (rulebook 7.6, C33), that there was a caller or
//! witness (C36).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::common::*;
use handoff_law::Bundle;
use handoff_schemas::RecipientKind::{Bhc, Cbo, Cmp, Ems, Hosp, L988, Le, P2p, Psap};
use handoff_schemas::*;

const SUD: &str = "harbor-recovery-sud";
const CLINIC: &str = "willow-clinic-crisis";
const SHELTER: &str = "lantern-shelter-intake";
const PATROL: &str = "river-pd-patrol";
const EMS: &str = "river-fire-ems";
const DISPATCH: &str = "river-911";

fn county() -> County {
    let mut c = County::river();
    c.agreement(&everything(&[(CLINIC, Bhc), (SHELTER, Cbo), (EMS, Ems), (SUD, P2p), (DISPATCH, Psap), (PATROL, Le)]));
    c
}

fn recorded(consent: &ConsentFacts) -> Event {
    let mut event = Event::of(CLINIC, &[Category::HealthIdentity, Category::ConsentMeta]);
    event.event_type = "consent.consent-recorded.v1";
    event.facts = vec![Fact::ConsentRecorded { consent: consent.clone() }];
    event
}

fn authorization(n: u64, recipient: &str, categories: &[Category]) -> ConsentFacts {
    let mut facts = consent(n, ConsentType::HipaaAuthorization, CLINIC, &[recipient]);
    facts.categories = categories.to_vec().into();
    facts
}

#[test]
fn c33_of_a_consent_its_status_reaches_whoever_relies_on_it_and_nothing_anybody_else() {
    let mut c = county();
    let shelters = authorization(1, SHELTER, &[Category::HealthIdentity, Category::ConsentMeta]);
    c.consent(shelters.clone());
    let event = recorded(&shelters);
    // The name by itself is the crew's to read (C02 to EMS, P); in a consent it tells that there is one.
    let elsewhere = Event { event_type: "person.identity-asserted.v1", facts: Vec::new(), ..event.clone() };
    let name = shows(&c.rule(&elsewhere, &to(EMS, Ems)), Category::HealthIdentity);
    assert!(name.contains(&"name".to_owned()));
    nothing_released(&c.rule(&event, &to(EMS, Ems)));
    let relied = c.rule(&event, &to(SHELTER, Cbo));
    assert_eq!(shows(&relied, Category::ConsentMeta), ["consent-status"]);
    assert!(withheld(&relied, Category::HealthIdentity).contains(&"NOT_IN_TEMPLATE"), "of a consent its status goes");
    assert_eq!(shows(&c.rule(&elsewhere, &to(SHELTER, Cbo)), Category::HealthIdentity), ["name"]);
}

/// A shelter with an authorization for the name is not told of the person's other consents.
#[test]
fn c33_an_authorization_by_category_reaches_no_other_consent() {
    let mut c = county();
    let shelters = authorization(1, SHELTER, &[Category::HealthIdentity, Category::Referral, Category::ConsentMeta]);
    c.consent(shelters.clone());
    assert!(c.rule(&recorded(&shelters), &to(SHELTER, Cbo)).releases());
    let crews = authorization(2, EMS, &[Category::BhTreatment]);
    c.consent(crews.clone());
    nothing_released(&c.rule(&recorded(&crews), &to(SHELTER, Cbo)));
    let mut about = recorded(&crews);
    for facts in [
        vec![Fact::ConsentVerified { consent: crews.consent }],
        vec![Fact::ConsentExpired { consent: crews.consent, person: person(1) }],
        // One of its own beside one of somebody else's.
        vec![Fact::ConsentVerified { consent: shelters.consent }, Fact::ConsentVerified { consent: crews.consent }],
    ] {
        about.facts = facts;
        nothing_released(&c.rule(&about, &to(SHELTER, Cbo)));
    }
}

#[test]
fn restrictions_notices_and_representatives_stay_with_the_unit_that_recorded_them() {
    let mut c = county();
    for name in
        ["restriction-requested", "notice-provided", "personal-rep-recorded", "capacity-recorded", "objection-recorded"]
    {
        let event_type = format!("consent.{name}.v1");
        let mut event = Event::of(CLINIC, &[Category::HealthIdentity, Category::ThirdParty, Category::ConsentMeta]);
        let known = Registry::embedded().types().find(|t| t.as_str() == event_type).unwrap();
        event.event_type = known.as_str();
        for recipient in [to(EMS, Ems), to(SHELTER, Cbo), to(DISPATCH, Psap), to(PATROL, Le)] {
            nothing_released(&c.rule(&event, &recipient));
        }
        assert!(c.rule(&event, &to(CLINIC, Bhc)).releases(), "its own");
    }
}

#[test]
fn c36_an_event_about_a_witness_goes_no_further_than_the_witness() {
    let mut c = county();
    let mut roles = vec![(DISPATCH, Psap)];
    for (name, kind) in [("hospital", Hosp), ("case-management", Cmp), ("crisis-line", L988)] {
        c.unit(unit(name, name, &[kind], HipaaStatus::CoveredProvider, Part2Status::No));
        roles.push((name, kind));
    }
    c.agreement(&everything(&roles).replacen("everything", "more", 1));
    let mut witness = Event::of(DISPATCH, &[Category::Cad]);
    witness.event_type = "encounter.third-party-reported.v1";
    let incident = Event { event_type: "encounter.incident-reported.v1", ..witness.clone() };
    for recipient in [to(SUD, P2p), to("hospital", Hosp), to("case-management", Cmp)] {
        let shown = shows(&c.rule(&incident, &recipient), Category::Cad);
        assert!(shown.contains(&"incident-number".to_owned()), "{recipient} knows of the incident");
        assert!(withheld(&c.rule(&witness, &recipient), Category::Cad).contains(&"MATRIX_DENIES"), "{recipient}");
    }
    for recipient in [to(PATROL, Le), to(EMS, Ems), to(CLINIC, Bhc), to("crisis-line", L988)] {
        let shown = shows(&c.rule(&witness, &recipient), Category::Cad);
        assert!(shown.contains(&"incident-number".to_owned()), "{recipient} reads third parties' dispatch minimum");
    }
    nothing_released(&c.rule(&witness, &to(SHELTER, Cbo)));
}

/// F1 holds the number to call back and the language, and not where the caller lives.
#[test]
fn c36_of_a_caller_only_callback_and_language_are_dispatch_minimum() {
    let mut c = county();
    let mut caller = Event::of(DISPATCH, &[Category::ThirdParty]);
    caller.event_type = "encounter.third-party-reported.v1";
    for recipient in [to(PATROL, Le), to(EMS, Ems), to(CLINIC, Bhc)] {
        assert_eq!(shows(&c.rule(&caller, &recipient), Category::ThirdParty), ["callback", "language-need"]);
    }
    // No consent of the caller's or anybody's makes a shelter or a program a recipient (D).
    c.consent(consent(1, ConsentType::General, DISPATCH, &[SHELTER, SUD]));
    for recipient in [to(SHELTER, Cbo), to(SUD, P2p)] {
        assert!(withheld(&c.rule(&caller, &recipient), Category::ThirdParty).contains(&"MATRIX_DENIES"), "{recipient}");
    }
}

/// Both events have the same categories and no consents: only what they tell differs, and memory keeps them apart.
#[test]
fn memory_keeps_events_apart_that_tell_different_things() {
    let mut c = county();
    let named = Event::of(CLINIC, &[Category::HealthIdentity]);
    let noticed = Event { event_type: "consent.notice-provided.v1", ..named.clone() };
    for _ in 0..2 {
        assert!(c.rule(&named, &to(EMS, Ems)).releases());
        nothing_released(&c.rule(&noticed, &to(EMS, Ems)));
    }
}

#[test]
fn a_bundle_that_names_no_event_does_not_load() {
    for (from, to) in
        [("\"encounter.third-party-reported\"", "\"encounter.third-party-told\""), ("\nconsent = ", "\nconsnt = ")]
    {
        let mut files = Bundle::embedded_files();
        let defaults = files.get_mut("defaults.toml").unwrap();
        assert!(defaults.contains(from), "{from}");
        *defaults = defaults.replacen(from, to, 1);
        assert_eq!(Bundle::parse(&files).err().map(|e| e.code()), Some("HO-1302"), "{to}");
    }
}
