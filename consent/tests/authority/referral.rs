//! The criminal-justice referral consent (42 CFR 2.35).

use handoff_law::Obligation;
use handoff_schemas::RecipientKind::{Bhc, Cj, Le, P2p};
use handoff_schemas::*;

use crate::authority::claims::*;
use crate::common::*;

fn monitored() -> ConsentFacts {
    let mut referral = consent(88, ConsentType::Part2CriminalJustice, SUD, &[JAIL]);
    referral.purposes = [Purpose::CjMonitor].into();
    referral.categories = [Category::Part2Record].into();
    referral.expiry = Expiry::Event { code: "final-disposition".to_owned() };
    referral
}

/// EC-88: attendance, compliance and completion, to those who monitor.
#[test]
fn a_criminal_justice_referral_consent_opens_its_template_to_those_who_monitor() {
    let county = || {
        let mut c = county();
        c.agreement(&everything(&[(SUD, P2p), (JAIL, Cj), (PATROL, Le), (CLINIC, Bhc)]));
        c
    };
    let event = Event::of(SUD, &[Category::Referral, Category::BhTreatment]);
    let mut c = county();
    c.consent(monitored());
    let ruling = c.rule(&event, &to(JAIL, Cj));
    assert_eq!(shows(&ruling, Category::Referral), ["attendance", "completion", "compliance"]);
    assert!(!one(&ruling, Category::BhTreatment).outcome.withheld().is_empty());
    let grant = &one(&ruling, Category::Referral).outcome.grants()[0];
    assert!(grant.notice.is_some() && grant.obligations.contains(&Obligation::NoProceedingsAgainstPatient));
    assert_eq!(grant.basis.iter().map(ToString::to_string).collect::<Vec<_>>(), ["B22"]);
    let point = &handoff_law::explain(&c.bundle, &ruling)[0].points[0];
    assert!(point.plain.contains("B22") && !point.plain.contains("B14"), "{}", point.plain);
    // What it is told of the consent is what 2.35 says, not what 2.31 says of others.
    let scope = grant.notice.as_ref().unwrap().scope().en.to_string();
    assert!(scope.contains("may not revoke this consent before it ends") && scope.contains("official duties"));
    assert!(!scope.contains("at any time"));
    let mut elsewhere = monitored();
    elsewhere.recipients = elsewhere.recipients.iter().cloned().chain([unit_id(PATROL), unit_id(CLINIC)]).collect();
    elsewhere.purposes = elsewhere.purposes.iter().copied().chain([Purpose::Treat, Purpose::LeFollowup]).collect();
    c.consent(elsewhere);
    for other in [to(PATROL, Le), to(CLINIC, Bhc)] {
        nothing_released(&c.rule(&event, &other));
    }
    // I13: no other type stands in for it, and it ends by its event.
    for (kind, purposes) in
        [(ConsentType::Part2Named, vec![Purpose::CjMonitor]), (ConsentType::Part2Tpo, vec![Purpose::Treat])]
    {
        let mut c = county();
        c.consent(ConsentFacts { purposes: purposes.into(), ..consent(89, kind, SUD, &[JAIL]) });
        nothing_released(&c.rule(&event, &to(JAIL, Cj)));
    }
    let mut c = county();
    c.consent(monitored());
    c.fold(SUD, vec![Fact::ConsentExpired { consent: record(1088), person: person(1) }]);
    assert!(withheld(&c.rule(&event, &to(JAIL, Cj)), Category::Referral).contains(&"CONSENT_EXPIRED"));
}
