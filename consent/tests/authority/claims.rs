//! Asks with all their facts, and the county in which they are made.

use super::*;

pub const SUD: &str = "harbor-recovery-sud";
pub const CLINIC: &str = "willow-clinic-crisis";
pub const EMS: &str = "river-fire-ems";
pub const PATROL: &str = "river-pd-patrol";
pub const JAIL: &str = "river-county-jail";
pub const PEERS: &str = "river-peers";
pub const SCHOOL: &str = "river-school-office";

/// The county with a jail that is also the court's, a unit of case managers and a school. No agreement covers any of what follows.
pub fn county() -> County {
    let mut c = County::river();
    c.unit(unit(JAIL, "river-county", &[Cj], HipaaStatus::None, Part2Status::No));
    c.unit(unit(PEERS, "river-peers", &[Cmp], HipaaStatus::CoveredProvider, Part2Status::No));
    let mut school = unit(SCHOOL, "river-school", &[Cbo], HipaaStatus::None, Part2Status::No);
    school.further_law = vec![LawLabel::Ferpa];
    c.unit(school);
    for id in ["crisis-co-response", "treatment", "shelter-referrals"] {
        c.move_agreement(id, AgreementStatus::Terminated);
    }
    c
}

pub fn ask(by: &str, to: Recipient, purpose: Purpose, claim: Claim) -> AskFacts {
    AskFacts {
        ask: record(9000),
        person: person(1),
        unit: unit_id(by),
        to,
        user: Some("medic-17".to_owned()),
        licence: Licence::Paramedic,
        purpose,
        scope: AskScope { categories: carried(), ..AskScope::default() },
        minutes: 60,
        claim,
    }
}

pub fn emergency() -> EmergencyClaim {
    EmergencyClaim {
        nature: Some(EmergencyNature::Overdose),
        unobtainable: Some(Unobtainable::Unconscious),
        treating: true,
        at_hand: true,
        personnel_named: true,
        discloser_named: true,
    }
}

pub fn verified() -> Official {
    Official { name: true, agency: true, badge: true, callback_verified: true }
}

pub fn in_emergency() -> AskFacts {
    ask(EMS, to(EMS, Ems), Purpose::Etreat, Claim::Emergency(emergency()))
}

pub fn breaking_glass() -> AskFacts {
    let claim = BreakGlassClaim { reasoned: true, attested: true, emergency: emergency() };
    ask(EMS, to(EMS, Ems), Purpose::Btg, Claim::BreakGlass(claim))
}

pub fn threat() -> ThreatClaim {
    ThreatClaim {
        limb: Some(ThreatLimb::Prevent),
        serious_and_imminent: true,
        able_to_prevent: true,
        threat_stated: true,
        target_stated: true,
        ..ThreatClaim::default()
    }
}

pub fn exposure() -> ExposureClaim {
    ExposureClaim {
        route: Some(ExposureRoute::Needlestick),
        line_of_duty: true,
        at_incident: true,
        designated_officer: true,
        employer_named: true,
        determined_by: Some(ExposureFinder::Facility),
    }
}

pub fn school_emergency() -> SchoolEmergencyClaim {
    SchoolEmergencyClaim {
        at_risk: Some(AtRisk::Student),
        articulable: true,
        able_to_protect: true,
        threat_stated: true,
        to_school: false,
    }
}

pub fn to_police(by: &str, purpose: Purpose, claim: Claim) -> AskFacts {
    AskFacts { licence: Licence::PeaceOfficer, ..ask(by, to(PATROL, Le), purpose, claim) }
}

pub fn process(by: &str, purpose: Purpose, claim: LegalProcessClaim) -> AskFacts {
    AskFacts { user: None, ..ask(by, to(JAIL, Cj), purpose, Claim::LegalProcess(claim)) }
}

pub fn order_2_65() -> LegalProcessClaim {
    LegalProcessClaim {
        kind: Some(ProcessKind::Order265),
        findings: vec![
            CourtFinding::ExtremelySeriousCrime,
            CourtFinding::SubstantialValue,
            CourtFinding::OtherWaysUnavailable,
            CourtFinding::PublicInterestOutweighs,
        ],
        mandate: true,
        served: true,
        notice_to_patient: false,
        expires: Some(LogTime(NOW.0 + 30 * DAY)),
    }
}

pub fn order_2_64() -> LegalProcessClaim {
    LegalProcessClaim {
        kind: Some(ProcessKind::Order264),
        findings: vec![CourtFinding::OtherWaysUnavailable, CourtFinding::PublicInterestOutweighs],
        notice_to_patient: true,
        ..order_2_65()
    }
}

pub fn court_order() -> LegalProcessClaim {
    LegalProcessClaim { kind: Some(ProcessKind::CourtOrder), findings: Vec::new(), mandate: false, ..order_2_65() }
}

/// The answer under an ask; legal process reviewed and to be released.
pub fn answer(facts: &AskFacts, event: &Event) -> handoff_law::Ruling {
    let mut c = county();
    answer_in(&mut c, facts, event)
}

pub fn answer_in(c: &mut County, facts: &AskFacts, event: &Event) -> handoff_law::Ruling {
    c.asks(facts);
    if matches!(facts.claim, Claim::LegalProcess(_)) {
        review(c, facts, ReviewOutcome::Release);
    }
    c.under(event, facts.ask)
}

pub fn review(c: &mut County, facts: &AskFacts, outcome: ReviewOutcome) -> Vec<Fact> {
    let reviewed = vec![Fact::AskReviewed { ask: facts.ask, person: facts.person, outcome }];
    c.fold(facts.unit.as_str(), reviewed.clone());
    reviewed
}
