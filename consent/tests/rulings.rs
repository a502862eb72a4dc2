//! Rulings, case by case: provenance, consents, links, partners, own data, explanations.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::common::*;
use handoff_law::{Basis, Grant, Rerule, explain};
use handoff_schemas::RecipientKind::{Bhc, Cbo, Ems, Le, P2p};
use handoff_schemas::*;

const SUD: &str = "harbor-recovery-sud";
const CLINIC: &str = "willow-clinic-crisis";
const SHELTER: &str = "lantern-shelter-intake";
const PATROL: &str = "river-pd-patrol";

#[test]
fn a_unit_reads_in_full_what_it_published_without_agreement_or_consent() {
    let mut c = County::river();
    for id in ["crisis-co-response", "treatment", "shelter-referrals"] {
        c.move_agreement(id, AgreementStatus::Terminated);
    }
    let event = Event::of(SUD, &[Category::BhTreatment, Category::Referral, Category::Administrative]);
    let ruling = c.rule(&event, &to(SUD, P2p));
    for category in &event.categories {
        assert_eq!(shows(&ruling, *category), ["*"]);
        let grant = &one(&ruling, *category).outcome.grants()[0];
        assert_eq!(grant.basis.iter().copied().collect::<Vec<_>>(), [Basis::OWN]);
        assert!(grant.notice.is_none() && grant.obligations.is_empty());
    }
}

#[test]
fn p2_10_a_proceeding_is_barred_even_inside_the_program() {
    let mut c = County::river();
    c.consent(consent(1, ConsentType::Part2Tpo, SUD, &[]));
    for purpose in [Purpose::LeInvest, Purpose::Prosecute, Purpose::Warrant, Purpose::CivilProc, Purpose::AdminProc] {
        let event = Event::of(SUD, &[Category::BhTreatment]);
        for recipient in [to(SUD, P2p), to(CLINIC, Bhc), to(PATROL, Le)] {
            let ruling = c.ask(&event, &recipient, purpose);
            assert_eq!(withheld(&ruling, Category::BhTreatment)[0], "PURPOSE_BARRED");
        }
    }
}

#[test]
fn tpo_reaches_covered_units_only_and_never_one_that_also_polices() {
    let mut c = County::river();
    c.unit(unit("river-fire-ems", "river-fire", &[Ems], HipaaStatus::None, Part2Status::No));
    c.consent(consent(1, ConsentType::Part2Tpo, SUD, &[]));
    let event = Event::of(SUD, &[Category::Medications]);
    assert!(withheld(&c.rule(&event, &to("river-fire-ems", Ems)), Category::Medications).contains(&"TPO_RECIPIENT"));
    c.unit(unit("river-fire-ems", "river-fire", &[Ems, Le], HipaaStatus::CoveredProvider, Part2Status::No));
    assert!(withheld(&c.rule(&event, &to("river-fire-ems", Ems)), Category::Medications).contains(&"TPO_RECIPIENT"));
    c.unit(unit("river-fire-ems", "river-fire", &[Ems], HipaaStatus::CoveredProvider, Part2Status::No));
    assert!(c.rule(&event, &to("river-fire-ems", Ems)).releases());
}

#[test]
fn a_shelter_needs_the_agreement_and_the_consent_together() {
    let event = Event::of(SUD, &[Category::Referral, Category::BhTreatment]);
    let consented = consent(1, ConsentType::Part2Named, SUD, &[SHELTER]);
    let mut without_consent = County::river();
    let ruling = without_consent.rule(&event, &to(SHELTER, Cbo));
    assert!(withheld(&ruling, Category::Referral).contains(&"NO_CONSENT"));
    let mut without_agreement = County::river();
    without_agreement.move_agreement("shelter-referrals", AgreementStatus::Suspended);
    without_agreement.consent(consented.clone());
    let ruling = without_agreement.rule(&event, &to(SHELTER, Cbo));
    assert_eq!(withheld(&ruling, Category::Referral), ["AGREEMENT_SUSPENDED"]);
    let mut both = County::river();
    both.consent(consented);
    let ruling = both.rule(&event, &to(SHELTER, Cbo));
    let dates = ["referral-dates", "referral-reason", "referral-status", "service-requested", "urgency"];
    assert_eq!(shows(&ruling, Category::Referral), dates);
    assert!(withheld(&ruling, Category::BhTreatment).contains(&"NOT_IN_TEMPLATE"), "no diagnosis to a shelter");
    assert_eq!(ruling.valid_until, Some(LogTime(NOW.0 + 90 * DAY)), "the consent ends before the agreement");
}

#[test]
fn a_consent_covers_only_what_and_whom_and_what_for_it_names() {
    let event = Event::of(SUD, &[Category::Referral]);
    let whole = consent(1, ConsentType::Part2Named, SUD, &[SHELTER]);
    type Bend = (fn(&mut ConsentFacts), &'static str);
    let bends: [Bend; 9] = [
        (|c| c.grantors = [unit_id(CLINIC)].into(), "NO_CONSENT"),
        (|c| c.recipients = [unit_id(CLINIC)].into(), "NO_CONSENT"),
        (|c| c.person = person(2), "NO_CONSENT"),
        (|c| c.purposes = [Purpose::Etreat].into(), "CONSENT_SCOPE"),
        (|c| c.categories = [Category::Sdoh].into(), "CONSENT_SCOPE"),
        (|c| c.categories = [].into(), "CONSENT_DEFICIENT"),
        (|c| c.expiry = Expiry::At { at: NOW }, "CONSENT_EXPIRED"),
        (|c| c.signed_at = LogTime(NOW.0 + 1), "CONSENT_DEFICIENT"),
        (|c| c.consent_type = ConsentType::HipaaAuthorization, "CONSENT_TYPE"),
    ];
    for (n, (bend, reason)) in bends.into_iter().enumerate() {
        let mut c = County::river();
        let mut bent = whole.clone();
        bend(&mut bent);
        c.consent(bent);
        let ruling = c.rule(&event, &to(SHELTER, Cbo));
        assert!(
            withheld(&ruling, Category::Referral).contains(&reason),
            "bend {n}: {:?}",
            withheld(&ruling, Category::Referral)
        );
    }
    let mut c = County::river();
    let mut record_only = whole;
    record_only.categories = [Category::Part2Record].into();
    c.consent(record_only);
    assert!(c.rule(&event, &to(SHELTER, Cbo)).releases(), "`part2-record` stands for what the program holds");
}

#[test]
fn part2_record_does_not_stand_for_what_must_be_named() {
    let mut c = County::river();
    c.agreement(&everything(&[(SUD, P2p), (CLINIC, Bhc)]));
    let mut record_only = consent(1, ConsentType::Part2Named, SUD, &[CLINIC]);
    record_only.categories = [Category::Part2Record].into();
    c.consent(record_only.clone());
    let event = Event::of(SUD, &[Category::HivSti, Category::BhTreatment]);
    let ruling = c.rule(&event, &to(CLINIC, Bhc));
    assert!(withheld(&ruling, Category::HivSti).contains(&"CONSENT_SCOPE"));
    assert!(!shows(&ruling, Category::BhTreatment).is_empty());
    record_only.categories = record_only.categories.iter().copied().chain([Category::HivSti]).collect();
    c.consent(record_only);
    assert_eq!(shows(&c.rule(&event, &to(CLINIC, Bhc)), Category::HivSti), ["*"]);
}

#[test]
fn a_consent_another_unit_recorded_waits_for_the_disclosers_verification() {
    let mut c = County::river();
    let recorded = Fact::ConsentRecorded { consent: consent(1, ConsentType::Part2Named, SUD, &[SHELTER]) };
    c.fold(SHELTER, vec![recorded]);
    let event = Event::of(SUD, &[Category::Referral]);
    assert!(withheld(&c.rule(&event, &to(SHELTER, Cbo)), Category::Referral).contains(&"CONSENT_UNVERIFIED"));
    let verified = Fact::ConsentVerified { consent: record(1001) };
    assert!(c.fold(SHELTER, vec![verified.clone()]).is_empty(), "a recipient cannot vouch for its own consent");
    assert!(!c.rule(&event, &to(SHELTER, Cbo)).releases());
    assert_eq!(c.fold(SUD, vec![verified]), [Rerule::Person(person(1))]);
    assert!(c.rule(&event, &to(SHELTER, Cbo)).releases());
}

#[test]
fn a_link_brings_the_consent_and_an_unlink_takes_it_away() {
    let mut c = County::river();
    let mut elsewhere = consent(1, ConsentType::Part2Named, SUD, &[SHELTER]);
    elsewhere.person = person(3);
    c.consent(elsewhere);
    let event = Event::of(SUD, &[Category::Referral]);
    assert!(!c.rule(&event, &to(SHELTER, Cbo)).releases());
    let approver = unit_id(SUD);
    let link = |a, b| Fact::PersonsLinked { a: person(a), b: person(b), approver: approver.clone() };
    c.fold(SUD, vec![link(1, 2), link(2, 3)]);
    let law = &c.bundle.defaults.identity;
    assert_eq!(c.state.canonical(person(3), law), person(1));
    let linked = c.rule(&event, &to(SHELTER, Cbo));
    assert!(linked.releases());
    // An unlink in the middle of the chain must reach the row.
    let unlink = Fact::PersonsUnlinked { a: person(3), b: person(2), approver: approver.clone() };
    let floors = handoff_law::floors(LogPos(c.pos + 1), std::slice::from_ref(&unlink));
    assert!(floors.iter().any(|(scope, floor)| linked.scopes.contains(scope) && linked.at_pos < *floor));
    c.fold(SUD, vec![unlink]);
    assert!(!c.rule(&event, &to(SHELTER, Cbo)).releases());
    assert_eq!(c.state.person_cluster(person(2)).len(), 2);
    c.fold(SUD, vec![Fact::PersonMerged { from: person(3), into: person(1) }]);
    assert!(c.rule(&event, &to(SHELTER, Cbo)).releases());
}

#[test]
fn a_suspended_partner_neither_gives_nor_gets() {
    let mut c = County::river();
    let event = Event::of("river-fire-ems", &[Category::EmsClinical]);
    assert!(c.rule(&event, &to(CLINIC, Bhc)).releases());
    for partner in ["willow-clinic", "river-fire"] {
        let moved = |status| Fact::PartnerMoved { partner: partner.parse().unwrap(), status };
        let again = c.fold("hub-operator", vec![moved(PartnerStatus::Suspended)]);
        assert!(again.contains(&Rerule::Agreement("treatment".parse().unwrap())));
        assert_eq!(withheld(&c.rule(&event, &to(CLINIC, Bhc)), Category::EmsClinical)[0], "NOT_AUTHORIZED");
        c.fold("hub-operator", vec![moved(PartnerStatus::Active)]);
        assert!(c.rule(&event, &to(CLINIC, Bhc)).releases());
    }
    nothing_released(&c.rule(&event, &to(CLINIC, Ems)));
    nothing_released(&c.rule(&event, &to("nobody", Ems)));
}

#[test]
fn victim_service_data_flows_nowhere() {
    let mut c = County::river();
    let mut vsp = unit("rose-house", "rose-house", &[RecipientKind::Vsp], HipaaStatus::None, Part2Status::No);
    vsp.victim_services = true;
    c.unit(vsp);
    c.agreement(&everything(&[("rose-house", RecipientKind::Vsp), (CLINIC, Bhc)]));
    let mut general = consent(1, ConsentType::General, "rose-house", &[CLINIC]);
    general.purposes = Purpose::ALL.iter().copied().filter(|p| !p.is_proceeding()).collect();
    c.consent(general);
    nothing_released(&c.rule(&Event::of("rose-house", &carried()), &to(CLINIC, Bhc)));
}

#[test]
fn c26_an_officer_sees_the_status_of_its_own_referrals_from_the_referrer_only() {
    let mut c = County::river();
    let opened = |initiated_by: &str, from: &str, to: &str, n: u64| Fact::ReferralOpened {
        referral: record(500 + n),
        person: person(1),
        from: unit_id(from),
        to: unit_id(to),
        initiated_by: unit_id(initiated_by),
    };
    c.agreement(&everything(&[(PATROL, Le), (CLINIC, Bhc), (SHELTER, Cbo), ("river-911", RecipientKind::Psap)]));
    c.fold(CLINIC, vec![opened(PATROL, CLINIC, SHELTER, 1), opened(CLINIC, CLINIC, SHELTER, 2)]);
    let about = |source: &str, n: u64| {
        let mut event = Event::of(source, &[Category::Referral]);
        event.facts = vec![Fact::ReferralMoved { referral: record(500 + n), status: ReferralStatus::Accepted }];
        event
    };
    assert_eq!(
        shows(&c.rule(&about(CLINIC, 1), &to(PATROL, Le)), Category::Referral),
        ["referral-dates", "referral-status"]
    );
    nothing_released(&c.rule(&about(CLINIC, 2), &to(PATROL, Le)));
    nothing_released(&c.rule(&about(SHELTER, 1), &to(PATROL, Le)));
    nothing_released(&c.rule(&about(CLINIC, 9), &to(PATROL, Le)));
}

#[test]
fn c33_each_recipient_sees_only_the_consent_it_relies_on() {
    let mut c = County::river();
    c.agreement(&everything(&[(CLINIC, Bhc), (SHELTER, Cbo), ("river-fire-ems", Ems), (SUD, P2p)]));
    let about = |facts: &ConsentFacts| {
        let mut event = Event::of(CLINIC, &[Category::ConsentMeta]);
        event.facts = vec![Fact::ConsentRecorded { consent: facts.clone() }];
        event
    };
    let mut plain = consent(1, ConsentType::HipaaAuthorization, CLINIC, &[SHELTER]);
    plain.categories = [Category::BhTreatment].into();
    assert_eq!(shows(&c.rule(&about(&plain), &to(SHELTER, Cbo)), Category::ConsentMeta), ["consent-status"]);
    nothing_released(&c.rule(&about(&plain), &to("river-fire-ems", Ems)));
    // That a Part 2 consent exists is itself Part 2, whoever recorded it.
    let part2 = consent(2, ConsentType::Part2Named, SUD, &["river-fire-ems"]);
    nothing_released(&c.rule(&about(&part2), &to("river-fire-ems", Ems)));
    nothing_released(&c.rule(&about(&part2), &to(SHELTER, Cbo)));
}

#[test]
fn a_person_may_authorize_an_officer_for_what_the_matrix_leaves_to_an_exception() {
    let mut c = County::river();
    let event = Event::of(CLINIC, &[Category::BhAssessment, Category::BhTreatment]);
    assert!(withheld(&c.rule(&event, &to(PATROL, Le)), Category::BhAssessment).contains(&"EXCEPTION_ONLY"));
    let mut named = consent(1, ConsentType::HipaaAuthorization, CLINIC, &[PATROL]);
    named.purposes = [Purpose::LeFollowup].into();
    c.consent(named);
    let ruling = c.rule(&event, &to(PATROL, Le));
    let f3 = ["destination-class", "disposition-class", "follow-up-offered", "incident-number", "transported"];
    assert_eq!(shows(&ruling, Category::BhAssessment), f3, "F3 and no more");
    assert!(!one(&ruling, Category::BhTreatment).outcome.withheld().is_empty());
}

#[test]
fn erased_data_is_gone_and_later_data_flows() {
    let mut c = County::river();
    let mut event = Event::of("river-fire-ems", &[Category::EmsClinical, Category::Medications]);
    let categories = vec![Category::EmsClinical];
    c.fold(
        "river-fire-ems",
        vec![Fact::ErasureOrdered { person: person(1), unit: unit_id("river-fire-ems"), categories }],
    );
    for recipient in [to(CLINIC, Bhc), to("river-fire-ems", Ems)] {
        let ruling = c.rule(&event, &recipient);
        assert_eq!(withheld(&ruling, Category::EmsClinical), ["ERASED"]);
        assert!(!shows(&ruling, Category::Medications).is_empty());
    }
    event.pos = LogPos(c.pos + 1);
    assert!(!shows(&c.rule(&event, &to(CLINIC, Bhc)), Category::EmsClinical).is_empty());
}

#[test]
fn what_begins_and_ends_by_time_alone_is_due() {
    let mut c = County::empty();
    assert_eq!(c.state.next_change(NOW), None);
    c = County::river();
    let consented = consent(1, ConsentType::Part2Named, SUD, &[SHELTER]);
    c.consent(consented);
    let end = LogTime(NOW.0 + 90 * DAY);
    assert_eq!(c.state.next_change(NOW), Some((end, vec![Rerule::Person(person(1))])));
    let (next, again) = c.state.next_change(end).unwrap();
    assert_eq!(again, [Rerule::Agreement("shelter-referrals".parse().unwrap())]);
    assert!(c.state.next_change(next).unwrap().0 > next);
}

#[test]
fn a_consent_signed_for_tomorrow_opens_what_came_before_at_its_due_event() {
    let mut c = County::river();
    let tomorrow = LogTime(NOW.0 + DAY);
    c.consent(ConsentFacts { signed_at: tomorrow, ..consent(1, ConsentType::Part2Named, SUD, &[CLINIC]) });
    let event = Event::of(SUD, &[Category::Medications]);
    nothing_released(&c.rule(&event, &to(CLINIC, Bhc)));
    assert_eq!(c.state.next_due(), Some(tomorrow));
    let due = || vec![Fact::Due { change: tomorrow }];
    assert!(c.fold("hub-operator", due()).is_empty(), "before its time it covers nothing");
    assert_eq!(c.state.next_due(), Some(tomorrow));
    c.at = tomorrow;
    assert_eq!(c.fold("hub-operator", due()), [Rerule::Person(person(1))]);
    assert!(c.rule(&event, &to(CLINIC, Bhc)).releases());
    assert_eq!(c.state.next_due(), Some(LogTime(NOW.0 + 90 * DAY)), "its end is the next");
}

#[test]
fn an_explanation_names_policy_clause_consent_law_and_what_would_change_it() {
    let mut c = County::river();
    c.consent(consent(1, ConsentType::Part2Named, SUD, &[SHELTER]));
    let event = Event::of(SUD, &[Category::Referral, Category::BhTreatment]);
    let ruling = c.rule(&event, &to(SHELTER, Cbo));
    let released = explain(&c.bundle, &ruling);
    let point = &released[0].points[0];
    assert_eq!(point.clause.as_deref(), Some("shelter-referrals v1, clause referral"));
    assert_eq!(point.consent.as_deref(), Some(record(1001).to_string().as_str()));
    assert!(point.plain.contains("B14") && point.citation.contains("steps 6 and 7"));
    assert!(!released[1].released);
    for point in &released[1].points {
        assert!(
            point.reason.is_some() && !point.plain.is_empty() && !point.change.is_empty() && !point.citation.is_empty()
        );
    }
    let ruling = c.rule(&event, &to(PATROL, Le));
    let denied = explain(&c.bundle, &ruling);
    let json = serde_json::to_string(&denied).unwrap();
    assert!(json.contains("NO_AGREEMENT"), "{json}");
}

#[test]
fn i3_a_stored_part_2_grant_without_notice_or_duty_does_not_load() {
    let mut c = County::river();
    c.consent(consent(1, ConsentType::Part2Named, SUD, &[SHELTER]));
    let ruling = c.rule(&Event::of(SUD, &[Category::Referral]), &to(SHELTER, Cbo));
    let grant = &one(&ruling, Category::Referral).outcome.grants()[0];
    let json = serde_json::to_value(grant).unwrap();
    assert_eq!(serde_json::from_value::<Grant>(json.clone()).unwrap(), *grant);
    type Bend = fn(&mut serde_json::Value);
    let bends: [Bend; 5] = [
        |g| drop(g.as_object_mut().unwrap().remove("notice")),
        |g| g["notice"]["text"] = "".into(),
        |g| g["notice"]["scope"]["en"] = "".into(),
        |g| drop(g["notice"].as_object_mut().unwrap().remove("scope")),
        |g| g["obligations"] = serde_json::json!(["ENCRYPT"]),
    ];
    for (n, bend) in bends.into_iter().enumerate() {
        let mut bent = json.clone();
        bend(&mut bent);
        assert!(serde_json::from_value::<Grant>(bent).is_err(), "bend {n}");
    }
}

#[test]
fn a8_a_label_holds_after_the_unit_lost_its_status() {
    let mut c = County::river();
    let mut event = Event::of(SUD, &[Category::Medications]);
    event.labels = vec![LawLabel::Part2];
    c.unit(unit(SUD, "harbor-recovery", &[P2p], HipaaStatus::CoveredProvider, Part2Status::No));
    nothing_released(&c.rule(&event, &to(CLINIC, Bhc)));
    event.labels.clear();
    assert!(c.rule(&event, &to(CLINIC, Bhc)).releases());
}

#[test]
fn scopes_read_back_from_their_stable_form() {
    let mut c = County::river();
    c.consent(consent(1, ConsentType::Part2Named, SUD, &[SHELTER]));
    let ruling = c.rule(&Event::of(SUD, &[Category::Referral]), &to(SHELTER, Cbo));
    assert_eq!(ruling.scopes.len(), 8, "{:?}", ruling.scopes);
    for scope in &ruling.scopes {
        assert_eq!(scope.to_string().parse::<handoff_law::Scope>().unwrap(), *scope);
    }
    let link = handoff_law::Scope::link(person(2), person(1));
    assert_eq!(link.to_string().parse::<handoff_law::Scope>().unwrap(), link);
    assert!("unit:Not A Slug".parse::<handoff_law::Scope>().is_err());
}

#[test]
fn p2_22_the_notice_is_the_text_of_2024() {
    let bundle = handoff_law::Bundle::embedded().unwrap();
    let short = bundle.notice(handoff_law::NoticeForm::Short);
    assert_eq!(&*short, "42 CFR part 2 prohibits unauthorized use or disclosure of these records.");
    let long = bundle.notice(handoff_law::NoticeForm::Long);
    assert!(
        long.starts_with("This record which has been disclosed to you is protected by Federal confidentiality rules")
    );
    assert!(long.ends_with("to further use or redisclose the record (see 42 CFR 2.31)."));
    assert_eq!(long.lines().count(), 5);
}
