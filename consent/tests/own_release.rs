//! Cells that ask for the person's own hand: a victim's release (34 USC 12291(b)(2)(B)), a minor's consent (2.14(b)).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::common::*;
use handoff_law::Ruling;
use handoff_schemas::RecipientKind::{Bhc, Cbo, Le, Vsp};
use handoff_schemas::*;
use jiff::civil::date;

const PATROL: &str = "patrol";
const CLINIC: &str = "clinic";
const SHELTER: &str = "shelter";
const ADVOCATES: &str = "advocates";

/// The person is seventeen.
fn county() -> County {
    use HipaaStatus::{CoveredProvider, None as NotCovered};
    let mut c = County::empty();
    c.unit(unit(PATROL, PATROL, &[Le], NotCovered, Part2Status::No));
    c.unit(unit(CLINIC, CLINIC, &[Bhc], CoveredProvider, Part2Status::No));
    c.unit(unit(SHELTER, SHELTER, &[Cbo], NotCovered, Part2Status::No));
    let mut advocates = unit(ADVOCATES, ADVOCATES, &[Vsp], NotCovered, Part2Status::No);
    advocates.victim_services = true;
    c.unit(advocates);
    c.agreement(&everything(&[(PATROL, Le), (CLINIC, Bhc), (SHELTER, Cbo), (ADVOCATES, Vsp)]));
    c.fold(CLINIC, vec![Fact::PersonBorn { person: person(1), day: date(2009, 3, 1) }]);
    c
}

/// Signed by these, until then.
fn given(c: &mut County, from: &str, to: &str, signers: &[Signer], expiry: Expiry) {
    let facts = ConsentFacts { expiry, ..consent(1, ConsentType::HipaaAuthorization, from, &[to]) };
    let signatures = Signatures { signers: signers.iter().copied().collect(), zone: None };
    let signed = Fact::ConsentSigned { consent: facts.consent, person: facts.person, signatures };
    c.fold(from, vec![Fact::ConsentRecorded { consent: facts }, signed]);
}

fn ninety_days() -> Expiry {
    Expiry::At { at: LogTime(NOW.0 + 90 * DAY) }
}

fn who(c: &mut County) -> Ruling {
    c.rule(&Event::of(PATROL, &[Category::IncidentIdentity]), &to(ADVOCATES, Vsp))
}

#[test]
fn advocates_get_the_name_taken_at_an_incident_by_the_victims_own_release_for_a_stated_time() {
    use Signer::{Minor, ParentOrGuardian};
    let mut c = county();
    assert!(withheld(&who(&mut c), Category::IncidentIdentity).contains(&"NO_CONSENT"));
    given(&mut c, PATROL, ADVOCATES, &[Minor, ParentOrGuardian], ninety_days());
    assert_eq!(shows(&who(&mut c), Category::IncidentIdentity), ["name"]);
    for (signers, expiry) in [
        (vec![ParentOrGuardian], ninety_days()),
        (vec![Minor, ParentOrGuardian], Expiry::Event { code: "case-closed".to_owned() }),
    ] {
        let mut c = county();
        given(&mut c, PATROL, ADVOCATES, &signers, expiry);
        assert!(withheld(&who(&mut c), Category::IncidentIdentity).contains(&"VICTIM_RELEASE"), "{signers:?}");
    }
}

/// Other cells of the same recipient ask for no such release: a clinic's contact by authorization.
#[test]
fn a_guardians_signature_still_opens_what_asks_for_no_own_hand() {
    let mut c = county();
    given(&mut c, CLINIC, ADVOCATES, &[Signer::ParentOrGuardian], ninety_days());
    assert!(c.rule(&Event::of(CLINIC, &[Category::HealthIdentity]), &to(ADVOCATES, Vsp)).releases());
}

#[test]
fn what_a_minor_consents_to_alone_reaches_a_shelter_by_the_minors_own_consent() {
    let mut needs = Event::of(CLINIC, &[Category::Sdoh]);
    needs.labels = vec![LawLabel::Juvenile];
    let told = |signer: Option<Signer>| {
        let mut c = county();
        if let Some(signer) = signer {
            given(&mut c, CLINIC, SHELTER, &[signer], ninety_days());
        }
        c.rule(&needs, &to(SHELTER, Cbo))
    };
    assert_eq!(shows(&told(Some(Signer::Minor)), Category::Sdoh), ["need"]);
    assert!(withheld(&told(Some(Signer::ParentOrGuardian)), Category::Sdoh).contains(&"SIGNER_MINOR"));
    assert!(withheld(&told(None), Category::Sdoh).contains(&"NO_CONSENT"));
}
