//! A person's denials and later choices (rulebook 7.4): which stands, which waits, which is listed as lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;

use crate::common::*;
use handoff_law::{Ruling, Scope, explain};
use handoff_schemas::RecipientKind::{Bhc, Cbo, Hosp, P2p};
use handoff_schemas::*;
use proptest::prelude::*;

const CLINIC: &str = "clinic";
const PROGRAM: &str = "program";
const SHELTER: &str = "shelter";
const HOSPITAL: &str = "hospital";

fn county() -> County {
    use HipaaStatus::{CoveredProvider, None as NotCovered};
    let mut c = County::empty();
    c.unit(unit(CLINIC, CLINIC, &[Bhc], CoveredProvider, Part2Status::No));
    c.unit(unit(PROGRAM, PROGRAM, &[P2p], CoveredProvider, Part2Status::Yes));
    c.unit(unit(HOSPITAL, HOSPITAL, &[Hosp], CoveredProvider, Part2Status::No));
    c.unit(unit(SHELTER, SHELTER, &[Cbo], NotCovered, Part2Status::No));
    c.agreement(&everything(&[(CLINIC, Bhc), (PROGRAM, P2p), (HOSPITAL, Hosp), (SHELTER, Cbo)]));
    c
}

/// To share nothing with anybody, said at the clinic ten days ago.
fn denial() -> ConsentFacts {
    let mut facts = consent(50, ConsentType::General, CLINIC, &[]);
    (facts.deny, facts.expiry, facts.signed_at) = (true, Expiry::Never, LogTime(NOW.0 - 10 * DAY));
    (facts.purposes, facts.categories) = (Purpose::ALL.to_vec().into(), Category::ALL.to_vec().into());
    facts
}

/// That the clinic may tell the shelter of needs, signed the day before.
fn choice() -> ConsentFacts {
    let mut facts = consent(51, ConsentType::HipaaAuthorization, CLINIC, &[SHELTER]);
    facts.categories = [Category::Sdoh].into();
    facts
}

fn meant_over(choice: &ConsentFacts, denial: &ConsentFacts, by: NamedBy) -> Fact {
    Fact::ChoicesNamed { consent: choice.consent, person: choice.person, earlier: vec![denial.consent], by }
}

/// The denial, and the choice whose document names it.
fn named(denial: &ConsentFacts, choice: &ConsentFacts) -> County {
    let mut c = county();
    c.consent(denial.clone());
    c.fold(
        CLINIC,
        vec![Fact::ConsentRecorded { consent: choice.clone() }, meant_over(choice, denial, NamedBy::Document)],
    );
    c
}

fn told(c: &mut County) -> Ruling {
    c.rule(&Event::of(CLINIC, &[Category::Sdoh]), &to(SHELTER, Cbo))
}

fn why(c: &mut County) -> Vec<&'static str> {
    withheld(&told(c), Category::Sdoh)
}

#[test]
fn a_later_narrower_choice_waits_until_somebody_says_it_was_meant_over_the_denial() {
    let mut c = county();
    c.consent(denial());
    c.consent(choice());
    let reasons = why(&mut c);
    assert!(reasons.contains(&"PERSON_DENIES") && reasons.contains(&"HOLD_FOR_REVIEW"), "{reasons:?}");
    assert!(!reasons.contains(&"CONSENT_OVERRULED"), "{reasons:?}");
    let waits = told(&mut c);
    let listed = one(&waits, Category::Sdoh).outcome.withheld().iter().find(|w| w.reason.code() == "HOLD_FOR_REVIEW");
    assert_eq!(listed.unwrap().consent, Some(choice().consent), "the consent that waits is named");
    // Who may not disclose under it has nothing to confirm; nor does its document speak through anybody.
    c.fold(SHELTER, vec![meant_over(&choice(), &denial(), NamedBy::Source)]);
    c.fold(SHELTER, vec![meant_over(&choice(), &denial(), NamedBy::Document)]);
    nothing_released(&told(&mut c));
    c.fold(CLINIC, vec![meant_over(&choice(), &denial(), NamedBy::Source)]);
    assert!(told(&mut c).releases(), "the unit whose data it is confirmed it");
}

#[test]
fn a_confirmation_counts_for_the_data_of_the_unit_that_confirmed() {
    let mut both = choice();
    both.grantors = both.grantors.iter().cloned().chain([unit_id(HOSPITAL)]).collect();
    let mut c = county();
    c.consent(ConsentFacts { grantors: [].into(), ..denial() });
    c.consent(both.clone());
    c.fold(HOSPITAL, vec![meant_over(&both, &denial(), NamedBy::Source)]);
    nothing_released(&told(&mut c));
    assert!(c.rule(&Event::of(HOSPITAL, &[Category::Sdoh]), &to(SHELTER, Cbo)).releases());
}

#[test]
fn what_stands_over_a_denial_is_explained_to_the_source_and_never_told_to_the_recipient() {
    let mut c = named(&denial(), &choice());
    let ruling = told(&mut c);
    let grant = &one(&ruling, Category::Sdoh).outcome.grants()[0];
    assert_eq!(grant.over, BTreeSet::from([denial().consent]));
    let point = &explain(&c.bundle, &ruling)[0].points[0];
    let id = denial().consent.to_string();
    assert!(point.plain.contains("stands over") && point.plain.contains(&id), "{}", point.plain);
    // What the recipient reads of it.
    assert!(!serde_json::to_string(grant).unwrap().contains(&id));
    assert!(!serde_json::to_string(&ruling.slices).unwrap().contains(&id));
}

/// The denial was never taken back: with the end of what stood over it, it holds again.
#[test]
fn a_denial_holds_again_once_the_choice_over_it_has_ended() {
    let mut c = named(&denial(), &choice());
    let ruling = told(&mut c);
    assert!(ruling.releases() && ruling.scopes.contains(&Scope::Consent(choice().consent)));
    assert_eq!(ruling.valid_until, Some(LogTime(NOW.0 + 90 * DAY)));
    let (consent, person) = (choice().consent, choice().person);
    c.fold(CLINIC, vec![Fact::ConsentRevoked { consent, person, parties: RevokedFor::All, oral: true }]);
    assert!(why(&mut c).contains(&"PERSON_DENIES"));
    let mut c = named(&denial(), &choice());
    c.at = LogTime(NOW.0 + 90 * DAY);
    assert!(why(&mut c).contains(&"PERSON_DENIES"));
}

#[test]
fn a_denial_after_the_choice_beats_it() {
    let mut c = named(&denial(), &choice());
    let mut again = denial();
    (again.consent, again.signed_at) = (record(1052), NOW);
    c.consent(again);
    let reasons = why(&mut c);
    assert!(reasons.contains(&"PERSON_DENIES") && reasons.contains(&"CONSENT_OVERRULED"), "{reasons:?}");
}

/// Every way in which it is no later, narrower choice of the person to a named recipient, each alone.
#[test]
fn what_is_not_later_narrower_named_and_the_persons_own_loses_whatever_it_names() {
    type Bend = (&'static str, fn(&mut ConsentFacts, &mut ConsentFacts));
    let bends: [Bend; 10] = [
        ("signed together", |denial, choice| choice.signed_at = denial.signed_at),
        ("signed before", |denial, choice| choice.signed_at = LogTime(denial.signed_at.0 - 1)),
        ("nobody knows when it was denied", |denial, _| denial.signed_at = LogTime(0)),
        ("a restriction that the unit agreed to", |denial, _| denial.restriction = true),
        ("as broad as the denial", |denial, choice| {
            denial.recipients = choice.recipients.clone();
            denial.purposes = choice.purposes.clone();
            denial.categories = choice.categories.clone();
        }),
        ("further categories", |denial, choice| {
            denial.categories = [Category::Sdoh, Category::Referral].into();
            choice.categories = choice.categories.iter().copied().chain([Category::SafetyPlan]).collect();
        }),
        ("further recipients", |denial, choice| {
            denial.recipients = [unit_id(SHELTER)].into();
            choice.recipients = choice.recipients.iter().cloned().chain([unit_id(HOSPITAL)]).collect();
        }),
        ("further purposes", |denial, choice| {
            denial.purposes = [Purpose::Coc].into();
            choice.purposes = [Purpose::Treat].into();
        }),
        ("a longer period", |denial, _| denial.data_from = Some(LogTime(0))),
        ("further records", |denial, _| denial.records = [record(1)].into()),
    ];
    for (what, bend) in bends {
        let (mut denial, mut choice) = (denial(), choice());
        bend(&mut denial, &mut choice);
        let reasons = why(&mut named(&denial, &choice));
        assert!(reasons.contains(&"PERSON_DENIES"), "{what}: {reasons:?}");
        assert!(reasons.contains(&"CONSENT_OVERRULED"), "{what}: {reasons:?}");
        assert!(!reasons.contains(&"HOLD_FOR_REVIEW"), "{what}: {reasons:?}");
    }
    assert!(told(&mut named(&denial(), &choice())).releases(), "none of it");
}

#[test]
fn each_dimension_may_make_a_choice_the_narrower_one() {
    type Bend = (&'static str, fn(&mut ConsentFacts, &mut ConsentFacts));
    // The denial names what the choice names, but for one thing.
    let bends: [Bend; 7] = [
        ("recipient", |denial, _| denial.recipients = [].into()),
        ("source", |denial, _| denial.grantors = [].into()),
        ("category", |denial, _| denial.categories = [Category::Sdoh, Category::Referral].into()),
        ("purpose", |denial, _| denial.purposes = denial.purposes.iter().copied().chain([Purpose::Hpaymt]).collect()),
        ("element", |_, choice| choice.elements = ["need".to_owned()].into()),
        ("period", |_, choice| choice.data_from = Some(LogTime(NOW.0 - 30 * DAY))),
        ("type of event", |_, choice| choice.event_types = ["encounter.care-reported.v1".parse().unwrap()].into()),
    ];
    for (what, bend) in bends {
        let (mut denial, mut choice) = (denial(), choice());
        (denial.recipients, denial.purposes) = (choice.recipients.clone(), choice.purposes.clone());
        denial.categories = choice.categories.clone();
        let mut c = named(&denial, &choice);
        assert!(why(&mut c).contains(&"CONSENT_OVERRULED"), "as broad");
        bend(&mut denial, &mut choice);
        let (mut c, mut waiting) = (named(&denial, &choice), county());
        waiting.consent(denial);
        waiting.consent(choice);
        assert!(!withheld_or_none(&mut c).contains(&"PERSON_DENIES"), "{what}");
        assert!(why(&mut waiting).contains(&"HOLD_FOR_REVIEW"), "{what}");
    }
}

fn withheld_or_none(c: &mut County) -> Vec<&'static str> {
    let ruling = told(c);
    one(&ruling, Category::Sdoh).outcome.withheld().iter().map(|w| w.reason.code()).collect()
}

/// What somebody signs who acts for the person is a permission, and no choice of the person's own.
#[test]
fn who_signs_for_the_person_takes_back_no_denial() {
    let county = |denied: bool| {
        let mut c = county();
        if denied {
            c.consent(denial());
        }
        let capacity = CapacityFacts {
            statement: record(70),
            person: person(1),
            capacity: Capacity::AdjudicatedIncapacity,
            from: None,
            until: None,
        };
        c.fold(CLINIC, vec![Fact::CapacityStated { capacity }]);
        let signatures = Signatures { signers: BTreeSet::from([Signer::PersonalRepresentative]), zone: None };
        let signed = Fact::ConsentSigned { consent: choice().consent, person: person(1), signatures };
        let recorded = Fact::ConsentRecorded { consent: choice() };
        c.fold(CLINIC, vec![recorded, signed, meant_over(&choice(), &denial(), NamedBy::Document)]);
        c
    };
    assert!(told(&mut county(false)).releases(), "the signature counts");
    assert!(why(&mut county(true)).contains(&"CONSENT_OVERRULED"));
}

/// A class is nobody by name, and the record of a program is not narrower for being called by one word.
#[test]
fn of_a_part_2_record_only_a_named_and_narrower_consent_stands_over_a_denial() {
    let choose = |kind: ConsentType, categories: &[Category], recipients: &[&str]| {
        let mut denied = denial();
        (denied.grantors, denied.recipients) = ([unit_id(PROGRAM)].into(), [unit_id(HOSPITAL)].into());
        denied.purposes = [Purpose::Treat, Purpose::Hpaymt, Purpose::Hoperat].into();
        let mut given = consent(51, kind, PROGRAM, recipients);
        (given.categories, given.purposes) = (categories.to_vec().into(), denied.purposes.clone());
        let mut c = county();
        c.consent(denied.clone());
        let over = meant_over(&given, &denied, NamedBy::Document);
        c.fold(PROGRAM, vec![Fact::ConsentRecorded { consent: given }, over]);
        c.rule(&Event::of(PROGRAM, &[Category::Medications]), &to(HOSPITAL, Hosp)).releases()
    };
    use ConsentType::{Part2Named, Part2Tpo};
    assert!(choose(Part2Named, &[Category::Medications], &[HOSPITAL]));
    assert!(!choose(Part2Named, &[Category::Part2Record], &[HOSPITAL]), "all of the record");
    assert!(!choose(Part2Tpo, &[Category::Medications], &[]), "a class");
}

/// What an agreement alone would open rests on the choice, once the person has said no in general.
#[test]
fn what_needs_no_consent_rests_on_the_choice_that_stands_over_a_denial() {
    let event = Event::of(CLINIC, &[Category::Medications]);
    let mut free = county();
    let ruling = free.rule(&event, &to(HOSPITAL, Hosp));
    assert!(one(&ruling, Category::Medications).outcome.grants()[0].consent.is_none());
    let mut given = choice();
    (given.recipients, given.categories) = ([unit_id(HOSPITAL)].into(), [Category::Medications].into());
    let mut c = named(&denial(), &given);
    let ruling = c.rule(&event, &to(HOSPITAL, Hosp));
    let grant = &one(&ruling, Category::Medications).outcome.grants()[0];
    assert_eq!(grant.consent.as_ref().map(|basis| basis.record), Some(given.consent));
    let basis: Vec<_> = grant.basis.iter().map(ToString::to_string).collect();
    assert!(basis.contains(&"B1".to_owned()) && basis.contains(&"B3".to_owned()), "{basis:?}");
    assert_eq!(ruling.valid_until, Some(LogTime(NOW.0 + 90 * DAY)), "no longer than the choice");
    nothing_released(&c.rule(&Event::of(CLINIC, &[Category::EmsClinical]), &to(HOSPITAL, Hosp)));
    nothing_released(&c.rule(&event, &to(SHELTER, Cbo)));
}

/// Two denials: the choice must stand over each.
#[test]
fn a_choice_must_stand_over_every_denial() {
    let mut c = named(&denial(), &choice());
    let mut second = denial();
    (second.consent, second.categories) = (record(1053), [Category::Sdoh, Category::Contact].into());
    c.consent(second.clone());
    assert!(why(&mut c).contains(&"HOLD_FOR_REVIEW"));
    c.fold(CLINIC, vec![meant_over(&choice(), &second, NamedBy::Document)]);
    assert!(told(&mut c).releases());
}

#[test]
fn a_consent_that_the_log_kept_before_there_were_references_refers_to_nothing() {
    let mut c = named(&denial(), &choice());
    let mut stored = serde_json::to_value(&c.state).unwrap();
    let all = stored["consents"]["all"].as_object_mut().unwrap();
    let marked = all.values_mut().filter_map(|consent| consent.as_object_mut().unwrap().remove("marks")).count();
    assert_eq!(marked, 1, "the choice names the denial");
    c.state = serde_json::from_value(stored).unwrap();
    assert!(why(&mut c).contains(&"HOLD_FOR_REVIEW"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Only when each was signed decides, never when it came.
    #[test]
    fn the_order_in_which_choices_arrive_decides_nothing(
        order in Just((0usize..5).collect::<Vec<_>>()).prop_shuffle(), days in proptest::collection::vec(0i64..6, 5)
    ) {
        let signed = |n: usize| LogTime(NOW.0 - 10 * DAY + days[n] * DAY);
        let mut narrow = denial();
        (narrow.consent, narrow.recipients, narrow.signed_at) = (record(1060), [unit_id(SHELTER)].into(), signed(1));
        let mut broad = choice();
        (broad.consent, broad.categories, broad.signed_at) = (record(1061), carried().into(), signed(3));
        let general = ConsentFacts { signed_at: signed(0), ..denial() };
        let exact = ConsentFacts { signed_at: signed(2), ..choice() };
        let over = |choice: &ConsentFacts, denials: &[&ConsentFacts]| {
            let all = denials.iter().map(|denial| meant_over(choice, denial, NamedBy::Document));
            std::iter::once(Fact::ConsentRecorded { consent: choice.clone() }).chain(all).collect::<Vec<_>>()
        };
        let mut last = denial();
        (last.consent, last.categories, last.signed_at) = (record(1062), [Category::Sdoh, Category::Contact].into(), signed(4));
        let said = [
            vec![Fact::ConsentRecorded { consent: general.clone() }],
            vec![Fact::ConsentRecorded { consent: narrow.clone() }],
            over(&exact, &[&general, &narrow]),
            over(&broad, &[&general, &narrow]),
            vec![Fact::ConsentRecorded { consent: last.clone() }],
        ];
        let (mut straight, mut shuffled) = (county(), county());
        said.iter().for_each(|facts| drop(straight.fold(CLINIC, facts.clone())));
        order.iter().for_each(|n| drop(shuffled.fold(CLINIC, said[*n].clone())));
        let (as_signed, as_came) = (told(&mut straight), told(&mut shuffled));
        prop_assert_eq!(&as_signed.slices, &as_came.slices);
        // Nothing refers to the last denial: it holds, whenever it was made and whenever it came.
        prop_assert!(!as_signed.releases());
        let (consent, person) = (last.consent, last.person);
        let withdrawn = vec![Fact::ConsentRevoked { consent, person, parties: RevokedFor::All, oral: false }];
        straight.fold(CLINIC, withdrawn.clone());
        shuffled.fold(CLINIC, withdrawn);
        let (as_signed, as_came) = (told(&mut straight), told(&mut shuffled));
        prop_assert_eq!(&as_signed.slices, &as_came.slices);
        let later = |choice: &ConsentFacts| [&general, &narrow].iter().all(|denial| choice.signed_at > denial.signed_at);
        // `carried` is what the denials name, to the same recipient, for fewer purposes.
        prop_assert_eq!(as_signed.releases(), later(&exact) || later(&broad));
    }
}
