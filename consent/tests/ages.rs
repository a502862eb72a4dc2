//! Whose signature a consent needs, and until when it counts (42 CFR 2.14, 2.15; 45 CFR 164.502(g); rulebook 7.4).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;

use crate::common::*;
use handoff_law::{Rerule, Scope};
use handoff_schemas::RecipientKind::{Bhc, Cbo, Hosp, P2p};
use handoff_schemas::*;
use jiff::civil::{Date, date};
use proptest::prelude::*;

const CLINIC: &str = "clinic";
const PROGRAM: &str = "program";
const SHELTER: &str = "shelter";
const HOSPITAL: &str = "hospital";
const ZONE: &str = "America/Los_Angeles";
/// Turns 18 two days and eight hours after the county's instant, where the days are those of Los Angeles.
const MINOR: Date = date(2008, 11, 24);
const ADULT: Date = date(1990, 2, 3);

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

/// A consent to the shelter and the hospital, signed the day before by these.
fn signed(c: &mut County, from: &str, signers: &[Signer], zone: Option<&str>) {
    let kind = if from == PROGRAM { ConsentType::Part2Named } else { ConsentType::HipaaAuthorization };
    let facts = consent(1, kind, from, &[SHELTER, HOSPITAL]);
    let signatures = Signatures { signers: signers.iter().copied().collect(), zone: zone.map(str::to_owned) };
    let said = Fact::ConsentSigned { consent: facts.consent, person: facts.person, signatures };
    c.fold(from, vec![Fact::ConsentRecorded { consent: facts }, said]);
}

fn needs(from: &str) -> Event {
    Event::of(from, &[Category::Sdoh])
}

fn released(c: &mut County, from: &str) -> bool {
    c.rule(&needs(from), &to(SHELTER, Cbo)).releases()
}

fn why(c: &mut County, from: &str) -> Vec<&'static str> {
    withheld(&c.rule(&needs(from), &to(SHELTER, Cbo)), Category::Sdoh)
}

fn born(day: Date) -> Fact {
    Fact::PersonBorn { person: person(1), day }
}

fn stated(n: u64, capacity: Capacity, from: Option<Date>, until: Option<Date>) -> Fact {
    Fact::CapacityStated { capacity: CapacityFacts { statement: record(n), person: person(1), capacity, from, until } }
}

fn acts(role: RepresentativeRole) -> RepresentativeFacts {
    RepresentativeFacts {
        representative: record(8100),
        person: person(1),
        role,
        unit: None,
        categories: Vec::new(),
        from: None,
        until: None,
        endangerment: false,
    }
}

fn recorded(representative: RepresentativeFacts) -> Fact {
    Fact::RepresentativeRecorded { representative }
}

fn at(text: &str) -> LogTime {
    LogTime(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

#[test]
fn hip_13_a_parents_signature_ends_with_the_start_of_the_18th_birthday_where_the_person_is() {
    let mut c = county();
    c.fold(CLINIC, vec![born(MINOR)]);
    signed(&mut c, CLINIC, &[Signer::ParentOrGuardian], Some(ZONE));
    let birthday = at("2026-11-24T08:00:00Z");
    let ruling = c.rule(&needs(CLINIC), &to(SHELTER, Cbo));
    assert!(ruling.releases());
    assert_eq!((ruling.valid_until, c.state.next_due()), (Some(birthday), Some(birthday)));
    c.at = LogTime(birthday.0 - 1);
    assert!(released(&mut c, CLINIC));
    c.at = birthday;
    assert!(why(&mut c, CLINIC).contains(&"SIGNER_AGE"));
    assert_eq!(c.fold("hub-operator", vec![Fact::Due { change: birthday }]), [Rerule::Person(person(1))]);
    assert_eq!(c.state.next_due().filter(|next| *next <= birthday), None);
}

#[test]
fn where_no_zone_is_known_the_day_begins_in_the_east_for_a_parent() {
    let mut c = county();
    c.fold(CLINIC, vec![born(MINOR)]);
    signed(&mut c, CLINIC, &[Signer::ParentOrGuardian], None);
    assert_eq!(c.rule(&needs(CLINIC), &to(SHELTER, Cbo)).valid_until, Some(at("2026-11-23T10:00:00Z")));
    c.at = at("2026-11-23T10:00:00Z");
    assert!(!released(&mut c, CLINIC));
}

#[test]
fn nobodys_age_is_guessed() {
    let parent = [Signer::ParentOrGuardian];
    let mut c = county();
    signed(&mut c, CLINIC, &parent, Some(ZONE));
    assert!(why(&mut c, CLINIC).contains(&"SIGNER_AGE"), "nobody knows when the person was born");
    assert_eq!(c.fold(CLINIC, vec![born(MINOR)]), [Rerule::Person(person(1))]);
    assert!(released(&mut c, CLINIC));
    // Another entry of the same human being has another day: the person may be of age.
    let link = Fact::PersonsLinked { a: person(1), b: person(2), approver: unit_id(CLINIC) };
    c.fold(CLINIC, vec![link, Fact::PersonBorn { person: person(2), day: date(2008, 11, 20) }]);
    assert!(!released(&mut c, CLINIC));
    // And of an entry that only may be the same, a day of birth makes nobody a minor.
    let mut c = county();
    signed(&mut c, CLINIC, &parent, Some(ZONE));
    let (a, b) = (person(1), person(2));
    let evidence = MatchEvidence { score: Some(MatchScore(9_300)), strong_ids: 2, ..MatchEvidence::default() };
    let unsure = vec![Fact::PersonsLinked { a, b, approver: unit_id(CLINIC) }, Fact::LinkRests { a, b, evidence }];
    c.fold(CLINIC, unsure);
    c.fold(CLINIC, vec![Fact::PersonBorn { person: b, day: MINOR }]);
    assert!(!released(&mut c, CLINIC));
}

/// (who signed, of a covered clinic, of a Part 2 program), for somebody of 17.
const AT_17: &[(&[Signer], bool, bool)] = &[
    (&[Signer::Patient], false, false),
    (&[Signer::Minor], false, false),
    (&[Signer::ParentOrGuardian], true, false),
    (&[Signer::Under214], true, false),
    (&[Signer::Minor, Signer::ParentOrGuardian], true, true),
    (&[Signer::Patient, Signer::Under214], true, true),
    (&[Signer::PersonalRepresentative], false, false),
    (&[Signer::Under215], false, false),
];

#[test]
fn p2_27_at_17_a_parent_signs_and_for_a_part_2_record_both() {
    for (signers, of_clinic, of_program) in AT_17 {
        for (from, expected) in [(CLINIC, of_clinic), (PROGRAM, of_program)] {
            let mut c = county();
            c.fold(from, vec![born(MINOR)]);
            signed(&mut c, from, signers, Some(ZONE));
            assert_eq!(released(&mut c, from), *expected, "{from}: {signers:?}");
            // Whatever was signed at 17 without the right to sign alone covers nothing from 18 on.
            c.at = at("2026-11-24T08:00:00Z");
            assert!(!released(&mut c, from), "{from} at 18: {signers:?}");
        }
    }
}

#[test]
fn p2_14_b_what_a_minor_consents_to_alone_the_minor_alone_opens() {
    let own = Event::of(CLINIC, &[Category::MinorSelfConsented]);
    let opens = |signers: &[Signer], later: i64| {
        let mut c = county();
        c.fold(CLINIC, vec![born(MINOR)]);
        signed(&mut c, CLINIC, signers, Some(ZONE));
        c.at = LogTime(c.at.0 + later * DAY);
        c.rule(&own, &to(HOSPITAL, Hosp)).releases()
    };
    assert!(!opens(&[Signer::ParentOrGuardian], 0));
    assert!(opens(&[Signer::Minor], 0));
    assert!(opens(&[Signer::Minor], 10), "what was the minor's own to give stays given at 18");
}

#[test]
fn emancipation_ends_a_parents_signature_and_makes_the_minors_own_count() {
    let emancipated = |from| stated(8000, Capacity::Emancipated, Some(from), None);
    let before = |signers: &[Signer], from| {
        let mut c = county();
        c.fold(CLINIC, vec![born(date(2010, 5, 5))]);
        signed(&mut c, CLINIC, signers, Some(ZONE));
        let again = c.fold(CLINIC, vec![emancipated(from)]);
        assert_eq!(again, [Rerule::Person(person(1))]);
        released(&mut c, CLINIC)
    };
    assert!(!before(&[Signer::ParentOrGuardian], date(2026, 11, 1)));
    assert!(before(&[Signer::ParentOrGuardian], date(2026, 12, 1)), "until then the parent's counts");
    assert!(before(&[Signer::Patient], date(2026, 11, 1)));
    assert!(!before(&[Signer::Patient], date(2026, 11, 22)), "signed before the day");
}

#[test]
fn p2_15_a_guardian_signs_for_an_adult_as_long_as_the_authority_stands() {
    let guardian = acts(RepresentativeRole::Guardian);
    let incapable = || stated(8000, Capacity::AdjudicatedIncapacity, Some(date(2026, 1, 1)), None);
    for from in [CLINIC, PROGRAM] {
        let mut c = county();
        c.fold(from, vec![born(ADULT), incapable(), recorded(guardian.clone())]);
        signed(&mut c, from, &[Signer::Under215], Some(ZONE));
        assert!(released(&mut c, from), "{from}");
        let ended = RepresentativeFacts { until: Some(date(2026, 11, 24)), ..guardian.clone() };
        c.fold(from, vec![recorded(ended)]);
        let end = at("2026-11-25T08:00:00Z");
        assert_eq!(c.rule(&needs(from), &to(SHELTER, Cbo)).valid_until, Some(end));
        c.at = end;
        assert_eq!(c.fold("hub-operator", vec![Fact::Due { change: end }]), [Rerule::Person(person(1))]);
        assert!(why(&mut c, from).contains(&"SIGNER_AUTHORITY"));
    }
    // Nobody's guardian: on record for other data, endangering, or of the minor that the adult was.
    let narrow = RepresentativeFacts { categories: vec![Category::Medications], ..guardian.clone() };
    let unsafe_one = RepresentativeFacts { endangerment: true, ..guardian.clone() };
    for other in [narrow, unsafe_one] {
        let mut c = county();
        c.fold(CLINIC, vec![born(ADULT), incapable(), recorded(other)]);
        signed(&mut c, CLINIC, &[Signer::Under215], Some(ZONE));
        assert!(!released(&mut c, CLINIC));
    }
    let mut c = county();
    c.fold(CLINIC, vec![born(MINOR), recorded(guardian)]);
    signed(&mut c, CLINIC, &[Signer::PersonalRepresentative], Some(ZONE));
    assert!(released(&mut c, CLINIC), "the guardian of a minor");
    c.at = at("2026-11-24T08:00:00Z");
    assert!(!released(&mut c, CLINIC), "is no guardian of the adult");
}

#[test]
fn who_cannot_decide_signs_nothing_and_what_was_signed_before_stands() {
    for lacks in [Capacity::AdjudicatedIncapacity, Capacity::CannotDecideNow] {
        for (since, stands) in [(None, false), (Some(date(2026, 11, 1)), false), (Some(date(2026, 11, 22)), true)] {
            let mut c = county();
            c.fold(CLINIC, vec![stated(8000, lacks, since, None)]);
            signed(&mut c, CLINIC, &[Signer::Patient], Some(ZONE));
            assert_eq!(released(&mut c, CLINIC), stands, "{lacks:?} since {since:?}");
            // Able again by the same record: what was signed meanwhile stays what it was.
            c.fold(CLINIC, vec![stated(8000, Capacity::Full, None, None)]);
            assert_eq!(released(&mut c, CLINIC), stands, "{lacks:?} since {since:?}, able again");
        }
    }
}

#[test]
fn an_agent_acts_only_while_the_person_cannot_decide() {
    let mut c = county();
    let unable = |until| stated(8000, Capacity::CannotDecideNow, Some(date(2026, 11, 1)), until);
    c.fold(CLINIC, vec![recorded(acts(RepresentativeRole::HealthCareAgent))]);
    signed(&mut c, CLINIC, &[Signer::PersonalRepresentative], Some(ZONE));
    assert!(!released(&mut c, CLINIC), "the person decides");
    c.fold(CLINIC, vec![unable(None)]);
    assert!(released(&mut c, CLINIC));
    let mut c = county();
    c.fold(CLINIC, vec![unable(Some(date(2026, 11, 24))), recorded(acts(RepresentativeRole::HealthCareAgent))]);
    signed(&mut c, CLINIC, &[Signer::PersonalRepresentative], Some(ZONE));
    let ruling = c.rule(&needs(CLINIC), &to(SHELTER, Cbo));
    assert_eq!((ruling.releases(), ruling.valid_until), (true, Some(at("2026-11-25T08:00:00Z"))));
    c.fold(CLINIC, vec![stated(8001, Capacity::Full, None, None)]);
    assert!(!released(&mut c, CLINIC), "one unit says that the person can decide");
}

#[test]
fn p2_15_a_2_a_director_consents_to_payment_and_to_nothing_else() {
    let mut c = county();
    c.fold(PROGRAM, vec![stated(8000, Capacity::CannotDecideNow, Some(date(2026, 11, 1)), None)]);
    let facts = consent(1, ConsentType::Part2Named, PROGRAM, &[HOSPITAL]);
    let facts = ConsentFacts { purposes: [Purpose::Treat, Purpose::Hpaymt].into(), ..facts };
    let signatures = Signatures { signers: BTreeSet::from([Signer::Under215]), zone: Some(ZONE.to_owned()) };
    let said = Fact::ConsentSigned { consent: facts.consent, person: facts.person, signatures };
    c.fold(PROGRAM, vec![Fact::ConsentRecorded { consent: facts }, said]);
    let event = Event::of(PROGRAM, &[Category::BhTreatment]);
    let stops = |c: &mut County, purpose| {
        withheld(&c.ask(&event, &to(HOSPITAL, Hosp), purpose), Category::BhTreatment).contains(&"SIGNER_AUTHORITY")
    };
    assert!(stops(&mut c, Purpose::Treat));
    assert!(!stops(&mut c, Purpose::Hpaymt), "what still stops it is no signature");
    c.fold(PROGRAM, vec![stated(8001, Capacity::AdjudicatedIncapacity, Some(date(2026, 11, 21)), None)]);
    assert!(stops(&mut c, Purpose::Hpaymt), "then a guardian signs");
}

#[test]
fn p2_15_b_a_death_ends_what_was_signed_in_life_and_the_executor_signs() {
    let died = |in_error| Fact::PersonDied { person: person(1), day: None, in_error };
    for from in [CLINIC, PROGRAM] {
        let mut c = county();
        signed(&mut c, from, &[Signer::Patient], Some(ZONE));
        assert!(released(&mut c, from));
        assert_eq!(c.fold(from, vec![died(false)]), [Rerule::Person(person(1))]);
        assert!(why(&mut c, from).contains(&"SIGNER_DIED"), "{from}");
        c.fold(from, vec![died(true)]);
        assert!(released(&mut c, from), "it was said in error");
    }
    let after = |from: &str, role, died_on: Option<Date>| {
        let mut c = county();
        c.fold(from, vec![Fact::PersonDied { person: person(1), day: died_on, in_error: false }, recorded(acts(role))]);
        signed(&mut c, from, &[Signer::PersonalRepresentative], Some(ZONE));
        released(&mut c, from)
    };
    for died_on in [None, Some(date(2026, 11, 2))] {
        assert!(after(CLINIC, RepresentativeRole::Executor, died_on));
        assert!(after(PROGRAM, RepresentativeRole::Executor, died_on));
        assert!(!after(CLINIC, RepresentativeRole::NextOfKin, died_on), "HIPAA knows the executor");
        assert!(after(PROGRAM, RepresentativeRole::NextOfKin, died_on), "2.15(b)(2): where there is no executor");
        assert!(!after(PROGRAM, RepresentativeRole::Guardian, died_on), "a guardianship ends with the ward's life");
    }
    assert!(!after(PROGRAM, RepresentativeRole::Executor, Some(date(2026, 11, 22))), "signed before the death");
}

#[test]
fn what_is_said_of_a_life_hides_at_once_what_rested_on_the_person() {
    let pos = LogPos(7);
    let said = [
        born(MINOR),
        Fact::PersonDied { person: person(1), day: None, in_error: false },
        stated(8000, Capacity::Full, None, None),
        recorded(acts(RepresentativeRole::Guardian)),
    ];
    for fact in said {
        assert_eq!(handoff_law::floors(pos, std::slice::from_ref(&fact)), [(Scope::Person(person(1)), pos)]);
    }
}

/// On the day itself 18 may be 28 February or 1 March: between them neither signature is sure.
#[test]
fn a_leap_day_birthday_leaves_no_day_to_chance() {
    let born = born(date(2008, 2, 29));
    let given = |signer, signed_at: &str, now: &str| {
        let mut c = county();
        c.at = at(signed_at);
        c.fold(CLINIC, vec![born.clone()]);
        let facts = consent(1, ConsentType::HipaaAuthorization, CLINIC, &[SHELTER]);
        let facts = ConsentFacts { signed_at: at(signed_at), ..facts };
        let signatures = Signatures { signers: BTreeSet::from([signer]), zone: Some(ZONE.to_owned()) };
        let said = Fact::ConsentSigned { consent: facts.consent, person: facts.person, signatures };
        c.fold(CLINIC, vec![Fact::ConsentRecorded { consent: facts }, said]);
        c.at = at(now);
        released(&mut c, CLINIC)
    };
    let parent = |now| given(Signer::ParentOrGuardian, "2026-02-01T00:00:00Z", now);
    assert!(parent("2026-02-28T07:59:59Z"));
    assert!(!parent("2026-02-28T08:00:00Z"));
    let own = |signed_at| given(Signer::Patient, signed_at, "2026-03-05T00:00:00Z");
    assert!(!own("2026-03-01T07:59:59Z"));
    assert!(own("2026-03-01T08:00:00Z"));
}

/// Forms that a parent signed, alone or beside the minor.
fn parents_forms() -> impl Strategy<Value = Vec<Signer>> {
    let parents = proptest::sample::subsequence(vec![Signer::ParentOrGuardian, Signer::Under214], 1..3);
    (parents, any::<bool>()).prop_map(|(mut signers, minor)| {
        signers.extend(minor.then_some(Signer::Minor));
        signers
    })
}

proptest! {
    /// EC-48, HIP-13: whatever the zone and the law of the record, time never opens what a parent signed, and from the
    /// last moment at which the 18th birthday can begin anywhere it opens nothing at all.
    #[test]
    fn a_birthday_never_widens_what_a_parent_signed(
        days in -200i64..200, steps in proptest::collection::vec(0i64..100, 1..6), program in any::<bool>(),
        zone in proptest::sample::select(vec![None, Some(ZONE), Some("Pacific/Kiritimati"), Some("-12:00"), Some("no/where")]),
        signers in parents_forms(),
    ) {
        use jiff::ToSpan as _;
        // Who signs beside a parent at 18 or more signs for themselves: that signature is an adult's and stands.
        let days = if signers.contains(&Signer::Minor) { days.abs() + 2 } else { days };
        let from = if program { PROGRAM } else { CLINIC };
        let birthday = date(2026, 11, 22).checked_add(days.days()).unwrap();
        let mut c = county();
        let day = birthday.checked_sub(18.years()).unwrap();
        c.fold(from, vec![born(day)]);
        signed(&mut c, from, &signers, zone);
        let over = birthday.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::Offset::constant(-12))).unwrap();
        let over = LogTime(over.timestamp().as_millisecond());
        let mut before = true;
        for step in steps {
            c.at = LogTime(c.at.0 + step * DAY / 2);
            let ruling = c.rule(&needs(from), &to(SHELTER, Cbo));
            prop_assert!(before || !ruling.releases(), "opened again");
            prop_assert!(!ruling.releases() || c.at < over, "at 18");
            prop_assert!(!ruling.releases() || ruling.valid_until.is_some_and(|end| end <= over));
            before = ruling.releases();
        }
    }

    /// Of whom nobody knows the day of birth, a parent opens nothing, whoever signs beside.
    #[test]
    fn without_a_day_of_birth_a_parent_opens_nothing(program in any::<bool>(), minor in any::<bool>()) {
        let from = if program { PROGRAM } else { CLINIC };
        let mut signers = vec![Signer::ParentOrGuardian];
        if minor { signers.push(Signer::Minor); }
        let mut c = county();
        signed(&mut c, from, &signers, Some(ZONE));
        prop_assert!(!released(&mut c, from));
    }
}
