//! Richer histories than `histories.rs`: consents that are whole, denials, restrictions, referral consents, asks with and
//! without their facts, several agreements over one flow, a court and a hospital.

use std::sync::OnceLock;

use handoff_law::{Bundle, EventRef, Memo, PolicyState, Ruling};
use handoff_schemas::*;
use proptest::prelude::*;

use crate::common::*;
use crate::invariants::histories::*;

const JAIL: &str = "river-county-jail";
const HOSPITAL: &str = "river-hospital-ed";
const ASKS: u64 = 4;

/// One step: what was stated, by whom, and how many days after the last.
pub type Step = (Fact, UnitId, i64);

pub fn world_units() -> Vec<&'static str> {
    UNITS.iter().copied().chain([JAIL, HOSPITAL]).collect()
}

pub fn world_unit() -> impl Strategy<Value = UnitId> {
    proptest::sample::select(world_units()).prop_map(unit_id)
}

/// The example county with its agreements, one more over everything, a court and a hospital.
pub fn world() -> County {
    let (state, pos) = founded();
    let bundle = Bundle::embedded().unwrap();
    County { bundle, state: state.clone(), at: NOW, pos: *pos, memo: Memo::new() }
}

/// Made once: reading the agreements takes longer than a case.
fn founded() -> &'static (PolicyState, u64) {
    static FOUNDED: OnceLock<(PolicyState, u64)> = OnceLock::new();
    FOUNDED.get_or_init(|| {
        use RecipientKind::{Cj, Hosp};
        let mut c = County::river();
        c.unit(unit(JAIL, "river-county", &[Cj], HipaaStatus::None, Part2Status::No));
        c.unit(unit(HOSPITAL, "river-hospital", &[Hosp], HipaaStatus::CoveredProvider, Part2Status::No));
        let kinds: Vec<_> = world_units().into_iter().map(|u| (u, role(&c.state, &unit_id(u)))).collect();
        c.agreement(&everything(&kinds));
        (c.state, c.pos)
    })
}

pub fn role(state: &PolicyState, unit: &UnitId) -> RecipientKind {
    state.unit(unit).unwrap().roles[0]
}

pub fn after(steps: &[Step]) -> County {
    let mut c = world();
    play(&mut c, steps, 1);
    c
}

/// Folds each step, `times` over at its one position.
pub fn play(c: &mut County, steps: &[Step], times: usize) {
    for (fact, by, days) in steps {
        c.at = LogTime(c.at.0 + days * DAY);
        c.pos += 1;
        let id = EventId(uuid::Uuid::from_u64_pair(3, c.pos));
        let event = EventRef { id, record: record(c.pos), source: by.clone() };
        for _ in 0..times {
            c.state.apply(LogPos(c.pos), c.at, &event, std::slice::from_ref(fact));
        }
    }
}

/// Every ruling of an event: what stands, for one stated purpose, and under each ask about its person.
pub fn answers(c: &mut County, event: &Event, purpose: Purpose) -> Vec<Ruling> {
    let mut all = Vec::new();
    for recipient in c.state.recipients(&event.source) {
        all.push(c.rule(event, &recipient));
        all.push(c.ask(event, &recipient, purpose));
    }
    let asks: Vec<_> = c.state.asks_of(event.person.unwrap()).iter().map(|a| a.facts.ask).collect();
    all.extend(asks.into_iter().map(|ask| c.under(event, ask)));
    all
}

pub fn any_purpose() -> impl Strategy<Value = Purpose> {
    proptest::sample::select(Purpose::ALL)
}

pub fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(any_step(), 1..18)
}

pub fn any_step() -> impl Strategy<Value = Step> {
    let reviewed = proptest::sample::select(vec![
        ReviewOutcome::Release,
        ReviewOutcome::Release,
        ReviewOutcome::Refuse,
        ReviewOutcome::Appropriate,
        ReviewOutcome::Abuse,
    ]);
    let recorded = |consent: ConsentFacts| -> Step {
        let by = consent.grantors[0].clone();
        (Fact::ConsentRecorded { consent }, by, 0)
    };
    let made = |ask: AskFacts| -> Step {
        let by = ask.unit.clone();
        (Fact::AskMade { ask }, by, 0)
    };
    prop_oneof![
        4 => (any_fact(), any_unit(), prop_oneof![9 => Just(0i64), 1 => 1i64..12]),
        5 => usable_consent().prop_map(recorded),
        5 => any_ask().prop_map(made),
        2 => (0..ASKS, 1u64..4, reviewed, world_unit()).prop_map(|(n, p, outcome, by)| {
            (Fact::AskReviewed { ask: ask_id(n), person: person(p), outcome }, by, 0)
        }),
        1 => (0..ASKS, 1u64..4, world_unit()).prop_map(|(n, p, by)| {
            (Fact::AskEnded { ask: ask_id(n), person: person(p) }, by, 0)
        }),
    ]
}

fn ask_id(n: u64) -> RecordId {
    record(9_000 + n)
}

/// A consent of any type that lacks nothing: a permission, a denial or a restriction.
pub fn usable_consent() -> impl Strategy<Value = ConsentFacts> {
    use ConsentType::*;
    let kinds = vec![
        Part2Named,
        Part2Named,
        Part2Tpo,
        Part2Proceedings,
        Part2CriminalJustice,
        Part2CounselingNotes,
        HipaaAuthorization,
        HipaaAuthorization,
        General,
    ];
    let who = (0u64..6, 1u64..4, proptest::sample::select(kinds), world_unit());
    let recipients = proptest::sample::subsequence(world_units(), 1..6);
    (who, recipients, 0u8..6).prop_map(|((n, p, kind, grantor), recipients, sort)| {
        let mut facts = consent(n, kind, grantor.as_str(), &recipients);
        facts.person = person(p);
        facts.purposes = match kind {
            Part2Tpo => facts.purposes,
            Part2CriminalJustice => [Purpose::CjMonitor].into(),
            _ => Purpose::ALL.iter().copied().filter(|p| p.is_proceeding() == (kind == Part2Proceedings)).collect(),
        };
        (facts.deny, facts.restriction) = (sort <= 1, sort == 1);
        facts
    })
}

fn flag() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.85)
}

fn likely<T: Clone + std::fmt::Debug + 'static>(of: Vec<T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::weighted(0.85, proptest::sample::select(of))
}

fn official() -> impl Strategy<Value = Official> {
    (flag(), flag(), flag(), flag()).prop_map(|(name, agency, badge, callback_verified)| Official {
        name,
        agency,
        badge,
        callback_verified,
    })
}

fn emergency() -> impl Strategy<Value = EmergencyClaim> {
    let nature = likely(vec![EmergencyNature::Overdose, EmergencyNature::Seizure]);
    let unobtainable = likely(vec![Unobtainable::Unconscious, Unobtainable::NoTime]);
    (nature, unobtainable, flag(), flag(), flag(), flag()).prop_map(
        |(nature, unobtainable, treating, at_hand, personnel_named, discloser_named)| EmergencyClaim {
            nature,
            unobtainable,
            treating,
            at_hand,
            personnel_named,
            discloser_named,
        },
    )
}

/// A claim with the purpose it is made for.
fn any_claim() -> impl Strategy<Value = (Claim, Purpose)> {
    prop_oneof![medical_claim(), police_claim(), duty_claim(), safety_claim(), legal_claim()]
}

pub fn medical_claim() -> impl Strategy<Value = (Claim, Purpose)> {
    prop_oneof![
        emergency().prop_map(|claim| (Claim::Emergency(claim), Purpose::Etreat)),
        (flag(), flag(), emergency()).prop_map(|(reasoned, attested, emergency)| {
            (Claim::BreakGlass(BreakGlassClaim { reasoned, attested, emergency }), Purpose::Btg)
        }),
    ]
}

fn police_claim() -> impl Strategy<Value = (Claim, Purpose)> {
    let target = likely(vec![LocateTarget::Suspect, LocateTarget::MissingPerson]);
    let custody = likely(vec![CustodyKind::Jail, CustodyKind::Jail, CustodyKind::Hold]);
    prop_oneof![
        (target, official())
            .prop_map(|(target, official)| { (Claim::Locate(LocateClaim { target, official }), Purpose::LeLocate) }),
        (flag(), flag(), flag(), official()).prop_map(|(agrees, incapacitated, immediate, official)| {
            let claim = VictimClaim { agrees, incapacitated, immediate, official, ..VictimClaim::default() };
            (Claim::Victim(claim), Purpose::LeVictim)
        }),
        (custody, flag(), flag(), likely(vec![CustodyLimb::Care])).prop_map(
            |(custody, lawful, custodian_named, limb)| {
                (Claim::Custody(CustodyClaim { custody, lawful, custodian_named, limb }), Purpose::CustodyHealth)
            }
        ),
    ]
}

fn duty_claim() -> impl Strategy<Value = (Claim, Purpose)> {
    let limb = likely(vec![ThreatLimb::Prevent, ThreatLimb::Admission, ThreatLimb::Escape]);
    let subject = likely(vec![ReportSubject::Child, ReportSubject::Elder]);
    prop_oneof![
        (limb, flag(), flag(), flag(), flag(), any::<bool>(), any::<bool>()).prop_map(
            |(limb, serious_and_imminent, able_to_prevent, threat_stated, target_stated, to_target, admitted)| {
                let claim = ThreatClaim {
                    limb,
                    serious_and_imminent,
                    able_to_prevent,
                    threat_stated,
                    target_stated,
                    to_target,
                    violent_crime_admitted: admitted,
                    escaped: admitted,
                    learned_in_treatment: Some(!admitted),
                };
                (Claim::Threat(claim), Purpose::DutyWarn)
            }
        ),
        (flag(), flag(), likely(vec![CrimeAct::Threat]), flag()).prop_map(
            |(on_premises, against_personnel, act, by_patient)| {
                let claim = PremisesCrimeClaim { on_premises, against_personnel, act, by_patient };
                (Claim::PremisesCrime(claim), Purpose::LeCrimeAlert)
            }
        ),
        (flag(), flag(), likely(vec![false, false, true])).prop_map(|(off_premises, crime_stated, abuse)| {
            (Claim::CrimeAlert(CrimeAlertClaim { off_premises, crime_stated, abuse }), Purpose::LeCrimeAlert)
        }),
        (flag(), flag(), subject, flag()).prop_map(|(statute, agency, subject, initial)| {
            let claim = MandatedReportClaim { statute, agency, subject, initial };
            (Claim::MandatedReport(claim), Purpose::MandatedReport)
        }),
    ]
}

/// Of an exposed responder, and of a school.
fn safety_claim() -> impl Strategy<Value = (Claim, Purpose)> {
    let route = likely(vec![ExposureRoute::Needlestick, ExposureRoute::Airborne]);
    let finder = likely(vec![ExposureFinder::Facility, ExposureFinder::PublicHealth]);
    prop_oneof![
        (route, flag(), flag(), flag(), flag(), finder).prop_map(
            |(route, line_of_duty, at_incident, designated_officer, employer_named, determined_by)| {
                let claim = ExposureClaim {
                    route,
                    line_of_duty,
                    at_incident,
                    designated_officer,
                    employer_named,
                    determined_by,
                };
                (Claim::Exposure(claim), Purpose::PublicHealth)
            }
        ),
        (likely(vec![AtRisk::Student, AtRisk::Others]), flag(), flag(), flag(), any::<bool>()).prop_map(
            |(at_risk, articulable, able_to_protect, threat_stated, to_school)| {
                let claim = SchoolEmergencyClaim { at_risk, articulable, able_to_protect, threat_stated, to_school };
                (Claim::SchoolEmergency(claim), Purpose::Threat)
            }
        ),
    ]
}

fn legal_claim() -> impl Strategy<Value = (Claim, Purpose)> {
    use CourtFinding::*;
    let findings =
        vec![OtherWaysUnavailable, PublicInterestOutweighs, ExtremelySeriousCrime, SubstantialValue, HolderHeard];
    let findings = prop_oneof![2 => Just(findings.clone()), 1 => proptest::sample::subsequence(findings, 0..5)];
    let kinds = vec![
        ProcessKind::Order264,
        ProcessKind::Order265,
        ProcessKind::CourtOrder,
        ProcessKind::Subpoena,
        ProcessKind::Warrant,
    ];
    let purposes = vec![Purpose::CivilProc, Purpose::Prosecute, Purpose::LeInvest];
    (likely(kinds), findings, flag(), flag(), flag(), proptest::sample::select(purposes)).prop_map(
        |(kind, findings, mandate, served, notice_to_patient, purpose)| {
            let expires = Some(LogTime(NOW.0 + 30 * DAY));
            let claim = LegalProcessClaim { kind, findings, mandate, served, notice_to_patient, expires };
            (Claim::LegalProcess(claim), purpose)
        },
    )
}

pub fn any_ask() -> impl Strategy<Value = AskFacts> {
    any_claim().prop_flat_map(|(claim, purpose)| ask_with(claim, purpose))
}

/// By the recipient or by another unit, of any licence, now and then for another purpose than its own.
pub fn ask_with(claim: Claim, purpose: Purpose) -> impl Strategy<Value = AskFacts> {
    let licences = vec![Licence::Paramedic, Licence::Paramedic, Licence::Nurse, Licence::PeaceOfficer, Licence::Peer];
    let purpose = prop_oneof![9 => Just(purpose), 1 => any_purpose()];
    let categories = prop_oneof![
        3 => Just(Category::ALL.to_vec()),
        1 => proptest::collection::vec(any_category(), 0..6),
    ];
    let elements = prop_oneof![4 => Just(vec![]), 1 => Just(vec!["name".to_owned(), "medications".to_owned()])];
    let who = (0..ASKS, 1u64..4, world_unit(), proptest::option::of(world_unit()));
    let minutes = prop_oneof![4 => Just(60u32), 1 => Just(0u32), 1 => Just(20_000u32)];
    let what = (Just(claim), purpose, proptest::sample::select(licences));
    (who, what, categories, elements, minutes).prop_map(
        |((n, p, to_unit, other), (claim, purpose, licence), categories, elements, minutes)| {
            let kind = role(&founded().0, &to_unit);
            AskFacts {
                ask: ask_id(n),
                person: person(p),
                unit: other.unwrap_or_else(|| to_unit.clone()),
                to: Recipient { unit: to_unit, kind },
                user: None,
                licence,
                purpose,
                scope: AskScope { categories, elements, ..AskScope::default() },
                minutes,
                claim,
            }
        },
    )
}
