//! Random consents, facts, histories and events of the county.

use handoff_schemas::*;
use proptest::prelude::*;

use crate::common::*;

/// What tells nothing by being there, a consent, a witness, a referral.
pub const EVENT_TYPES: &[&str] = &[
    "encounter.care-reported.v1",
    "consent.notice-provided.v1",
    "encounter.third-party-reported.v1",
    "referral.referral-created.v1",
];

pub const UNITS: &[&str] = &[
    "river-911",
    "river-pd-patrol",
    "river-fire-ems",
    "willow-clinic-crisis",
    "harbor-recovery-sud",
    "lantern-shelter-intake",
];

/// The unit of a person's parent or guardian, where there is one.
pub const FAMILY: &str = "fable-family";

/// Hooks of the county's state that do nothing before a review.
const HOOKS: &[&str] = &[
    "ST-03/US-WA/hold-facts",
    "ST-04/US-WA/behavioral-health",
    "ST-04/US-WA/minors-own-treatment",
    "ST-05/US-WA/hiv-treatment",
];

pub fn any_unit() -> impl Strategy<Value = UnitId> {
    proptest::sample::select(UNITS).prop_map(unit_id)
}

pub fn any_category() -> impl Strategy<Value = Category> {
    proptest::sample::select(Category::ALL)
}

/// From when, before when, of which records, of which types of events.
pub type Limits = (Option<LogTime>, Option<LogTime>, Vec<RecordId>, Vec<EventType>);

pub fn any_limits() -> impl Strategy<Value = Limits> {
    let day = || proptest::option::weighted(0.3, (-6i64..6).prop_map(|d| LogTime(NOW.0 + d * DAY)));
    let records = prop_oneof![3 => Just(vec![]), 1 => Just(vec![record(1)]), 1 => Just(vec![record(2), record(3)])];
    let parsed = |all: Vec<&str>| all.into_iter().map(|t| t.parse().unwrap()).collect::<Vec<EventType>>();
    let types = proptest::sample::subsequence(EVENT_TYPES.to_vec(), 0..3).prop_map(parsed);
    (day(), day(), records, prop_oneof![2 => Just(Vec::new()), 1 => types])
}

/// The consent limited further, where it is not limited yet.
pub fn limited(mut facts: ConsentFacts, (from, before, records, types): Limits) -> ConsentFacts {
    facts.data_from = [facts.data_from, from].into_iter().flatten().max();
    facts.data_before = [facts.data_before, before].into_iter().flatten().min();
    facts.records = if facts.records.is_empty() { records.into() } else { facts.records };
    facts.event_types = if facts.event_types.is_empty() { types.into() } else { facts.event_types };
    facts
}

pub fn any_consent() -> impl Strategy<Value = ConsentFacts> {
    (any_whole_consent(), any_limits()).prop_map(|(facts, limits)| limited(facts, limits))
}

pub fn any_whole_consent() -> impl Strategy<Value = ConsentFacts> {
    use ConsentType::*;
    let kinds = vec![
        Part2Named,
        Part2Tpo,
        Part2CounselingNotes,
        Part2Proceedings,
        Part2CriminalJustice,
        HipaaAuthorization,
        General,
    ];
    let expiry = prop_oneof![
        (-5i64..90).prop_map(|d| Expiry::At { at: LogTime(NOW.0 + d * DAY) }),
        Just(Expiry::Never),
        Just(Expiry::Event { code: "discharge".to_owned() }),
    ];
    let who = (0u64..6, 1u64..4, proptest::sample::select(kinds));
    let units = (proptest::collection::vec(any_unit(), 0..3), proptest::collection::vec(any_unit(), 0..4));
    let purposes = proptest::sample::subsequence(Purpose::ALL.to_vec(), 0..6);
    let categories = prop_oneof![
        Just(carried()),
        proptest::collection::vec(any_category(), 0..6),
        Just(vec![Category::Part2Record])
    ];
    let elements = prop_oneof![3 => Just(vec![]), 1 => Just(vec!["referral-dates".to_owned()])];
    (who, units, purposes, categories, elements, expiry, any::<bool>(), prop::bool::weighted(0.2)).prop_map(
        |((n, p, consent_type), (grantors, recipients), purposes, categories, elements, expiry, tpo_class, deny)| {
            ConsentFacts {
                grantors: grantors.into(),
                recipients: recipients.into(),
                tpo_class,
                purposes: purposes.into(),
                categories: categories.into(),
                elements: elements.into(),
                signed_at: LogTime(NOW.0 - DAY),
                expiry,
                deny,
                ..ConsentFacts::blank(record(1000 + n), person(p), consent_type)
            }
        },
    )
}

pub fn any_fact() -> impl Strategy<Value = Fact> {
    let agreements = vec!["crisis-co-response", "treatment", "shelter-referrals", "everything", "strict"];
    let statuses = vec![
        AgreementStatus::Signed,
        AgreementStatus::Active,
        AgreementStatus::Active,
        AgreementStatus::Suspended,
        AgreementStatus::Terminated,
        AgreementStatus::Expired,
    ];
    let agreement = (proptest::sample::select(agreements), proptest::sample::select(statuses));
    let people = (1u64..4, 1u64..4);
    prop_oneof![
        6 => any_consent().prop_map(|consent| Fact::ConsentRecorded { consent }),
        1 => (0u64..6, any_unit()).prop_map(|(n, u)| Fact::ConsentRevoked {
            consent: record(1000 + n), person: person(1), parties: RevokedFor::Parties(vec![u]), oral: false }),
        1 => (0u64..6).prop_map(|n| Fact::ConsentRevoked {
            consent: record(1000 + n), person: person(1), parties: RevokedFor::All, oral: true }),
        1 => (0u64..6).prop_map(|n| Fact::ConsentVerified { consent: record(1000 + n) }),
        1 => proptest::sample::select(vec!["2026-01-01", "2026-12-01", "2026-12-24"]).prop_map(strict),
        3 => agreement.prop_map(|(a, status)| Fact::AgreementMoved { agreement: a.parse().unwrap(), version: 1, status }),
        2 => people.clone().prop_map(|(a, b)| Fact::PersonsLinked { a: person(a), b: person(b), approver: unit_id("river-911") }),
        1 => (people.clone(), 8_900u16..10_000, 1u8..3).prop_map(|((a, b), score, strong_ids)| Fact::LinkRests {
            a: person(a), b: person(b), evidence: matched(score, strong_ids) }),
        1 => (1u64..4, 8_900u16..10_000, 1u8..3).prop_map(|(p, score, strong_ids)| Fact::IdentityMatched {
            person: person(p), evidence: matched(score, strong_ids) }),
        1 => (1u64..4, any_unit(), any_category(), any::<bool>()).prop_map(|(p, unit, c, expunged)| {
            let seal = SealFacts {
                seal: record(7000 + p), person: person(p), unit, records: Vec::new(), categories: vec![c] };
            if expunged { Fact::RecordExpunged { seal } } else { Fact::RecordSealed { seal } }
        }),
        1 => (1u64..4, -4i8..5, any::<bool>()).prop_map(|(p, d, leap)| Fact::PersonBorn { person: person(p), day: birthday(d, leap) }),
        2 => (0u64..6, 1u64..4, signers()).prop_map(|(n, p, signatures)| Fact::ConsentSigned {
            consent: record(1000 + n), person: person(p), signatures }),
        1 => (1u64..4, spans(), capacities(), 0u64..2).prop_map(|(p, (from, until), capacity, n)| Fact::CapacityStated {
            capacity: CapacityFacts { statement: record(8000 + n), person: person(p), capacity, from, until } }),
        1 => (1u64..4, spans(), roles(), any::<bool>(), 0u64..3).prop_map(|(p, (from, until), role, endangerment, n)| {
            let categories = Vec::new();
            let (representative, unit) = (record(8100 + n), Some(unit_id(FAMILY)));
            Fact::RepresentativeRecorded { representative: RepresentativeFacts {
                representative, person: person(p), role, unit, categories, from, until, endangerment } }
        }),
        1 => (proptest::sample::select(HOOKS), any::<bool>()).prop_map(|(hook, withdrawn)| Fact::HookReviewed {
            review: HookReview { hook: hook.to_owned(), reviewed_by: "counsel".to_owned(), reviewed_on: None,
                agreement: None, age: None, withdrawn } }),
        1 => (1u64..4, any::<bool>()).prop_map(|(p, in_error)| Fact::PersonDied { person: person(p), day: None, in_error }),
        1 => people.prop_map(|(a, b)| Fact::PersonsUnlinked { a: person(a), b: person(b), approver: unit_id("river-911") }),
        1 => (1u64..4, any_unit(), any_category()).prop_map(|(p, unit, c)| Fact::ErasureOrdered {
            person: person(p), unit, categories: vec![c] }),
        1 => proptest::sample::select(vec!["river-pd", "willow-clinic"]).prop_flat_map(|p| {
            proptest::sample::select(vec![PartnerStatus::Active, PartnerStatus::Suspended])
                .prop_map(move |status| Fact::PartnerMoved { partner: p.parse().unwrap(), status })
        }),
    ]
}

/// Turns 18 some days before or after the county's day, or at the end of February.
fn birthday(days: i8, leap: bool) -> jiff::civil::Date {
    if leap { jiff::civil::date(2008, 2, 29) } else { jiff::civil::date(2008, 11, 22 + days) }
}

fn spans() -> impl Strategy<Value = (Option<jiff::civil::Date>, Option<jiff::civil::Date>)> {
    let day = || proptest::option::of((-6i8..8).prop_map(|d| jiff::civil::date(2026, 11, 22 + d)));
    (day(), day())
}

fn capacities() -> impl Strategy<Value = Capacity> {
    use Capacity::*;
    proptest::sample::select(vec![Full, Emancipated, AdjudicatedIncapacity, CannotDecideNow])
}

fn roles() -> impl Strategy<Value = RepresentativeRole> {
    use RepresentativeRole::*;
    proptest::sample::select(vec![Parent, Guardian, HealthCareAgent, CourtAppointed, Executor, NextOfKin])
}

fn signers() -> impl Strategy<Value = Signatures> {
    use Signer::*;
    let all = vec![Patient, Minor, ParentOrGuardian, PersonalRepresentative, Under214, Under215];
    let zones = vec![None, Some("America/Los_Angeles".to_owned()), Some("+13:00".to_owned())];
    (proptest::sample::subsequence(all, 1..4), proptest::sample::select(zones))
        .prop_map(|(signers, zone)| Signatures { signers: signers.into_iter().collect(), zone })
}

fn matched(score: u16, strong_ids: u8) -> MatchEvidence {
    let method = Some(MatchMethod::ProbabilisticReviewed);
    MatchEvidence { method, verified: false, score: Some(MatchScore(score)), strong_ids }
}

/// A draft that will prohibit what other agreements permit, at once or from a later day on.
pub fn strict(from: &str) -> Fact {
    let roles = [RecipientKind::Psap, RecipientKind::Le, RecipientKind::Ems, RecipientKind::Bhc];
    let units: Vec<_> = UNITS.iter().copied().zip(roles).collect();
    let document = everything(&units).replacen("everything", "strict", 1);
    let document = document.replacen("prohibited_uses = []", "prohibited_uses = [\"TREAT\", \"SCENESAFETY\"]", 1);
    let document = document.replacen("effective_from = 2026-01-01", &format!("effective_from = {from}"), 1);
    Fact::AgreementDrafted { agreement: "strict".parse().unwrap(), version: 1, document }
}

/// A fact, the unit that stated it, and whether time moves on before it.
pub fn any_history() -> impl Strategy<Value = Vec<(Fact, UnitId, bool)>> {
    proptest::collection::vec((any_fact(), any_unit(), prop::bool::weighted(0.1)), 0..14)
}

pub fn any_event() -> impl Strategy<Value = Event> {
    let labels = [LawLabel::Part2, LawLabel::Hipaa, LawLabel::Hiv, LawLabel::Juvenile, LawLabel::Cji];
    (
        any_unit(),
        1u64..4,
        proptest::collection::btree_set(any_category(), 1..6),
        proptest::sample::subsequence(labels.to_vec(), 0..2),
        (0..EVENT_TYPES.len() + 4, 1u64..4),
        proptest::sample::select(vec![
            None,
            Some("soon"),
            Some("2026-11-18T09:00:00Z"),
            Some("2026-11-20T21:14:00-08:00"),
            Some("2026-11-25T00:00:00Z"),
        ]),
    )
        .prop_map(|(source, p, categories, labels, (event_type, number), asserted_at)| {
            let mut event = Event::of(source.as_str(), &categories.into_iter().collect::<Vec<_>>());
            event.person = Some(person(p));
            event.labels = labels;
            event.event_type = EVENT_TYPES.get(event_type).copied().unwrap_or(EVENT_TYPES[0]);
            event.record = record(number);
            event.asserted_at = asserted_at;
            event
        })
}
