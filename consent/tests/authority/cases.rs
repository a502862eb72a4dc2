//! Every exception with each of its required facts.

use super::*;

/// One exception: what it opens with its facts whole, and every way in which a required one is missing.
pub struct Case {
    pub name: &'static str,
    pub ask: AskFacts,
    pub event: Event,
    pub shows: &'static [&'static str],
    /// Each takes one required fact away.
    pub lacks: Vec<fn(&mut AskFacts)>,
}

macro_rules! lack {
    ($variant:ident, $($field:ident).+ = $value:expr) => {
        |a: &mut AskFacts| {
            let Claim::$variant(claim) = &mut a.claim else { panic!("another claim") };
            claim.$($field).+ = $value;
        }
    };
}

pub fn case(
    name: &'static str,
    ask: AskFacts,
    (source, category): (&str, Category),
    shows: &'static [&'static str],
    lacks: &[fn(&mut AskFacts)],
) -> Case {
    Case { name, ask, event: Event::of(source, &[category]), shows, lacks: lacks.to_vec() }
}

pub fn medical() -> Vec<Case> {
    let peer: fn(&mut AskFacts) = |a| a.licence = Licence::Peer;
    let unlicensed: fn(&mut AskFacts) = |a| a.licence = Licence::None;
    vec![
        case(
            "2.51",
            in_emergency(),
            (SUD, Category::Medications),
            &["allergies", "medications", "not-recorded"],
            &[
                lack!(Emergency, nature = None),
                lack!(Emergency, unobtainable = None),
                lack!(Emergency, treating = false),
                lack!(Emergency, at_hand = false),
                lack!(Emergency, personnel_named = false),
                lack!(Emergency, discloser_named = false),
                peer,
                unlicensed,
            ],
        ),
        case(
            "emergency",
            in_emergency(),
            (CLINIC, Category::BhTreatment),
            &["narrative", "precautions", "risk"],
            &[
                lack!(Emergency, nature = None),
                lack!(Emergency, treating = false),
                lack!(Emergency, at_hand = false),
                peer,
            ],
        ),
        case(
            "break-glass",
            breaking_glass(),
            (CLINIC, Category::BhTreatment),
            &["narrative", "precautions", "risk"],
            &[
                lack!(BreakGlass, reasoned = false),
                lack!(BreakGlass, attested = false),
                lack!(BreakGlass, emergency.at_hand = false),
                peer,
            ],
        ),
        case(
            "break-glass into 2.51",
            breaking_glass(),
            (SUD, Category::Medications),
            &["allergies", "medications", "not-recorded"],
            &[
                lack!(BreakGlass, reasoned = false),
                lack!(BreakGlass, attested = false),
                lack!(BreakGlass, emergency.nature = None),
                lack!(BreakGlass, emergency.unobtainable = None),
                lack!(BreakGlass, emergency.treating = false),
                lack!(BreakGlass, emergency.personnel_named = false),
                lack!(BreakGlass, emergency.discloser_named = false),
                peer,
            ],
        ),
    ]
}

pub fn police() -> Vec<Case> {
    let admission = ThreatClaim {
        limb: Some(ThreatLimb::Admission),
        violent_crime_admitted: true,
        learned_in_treatment: Some(false),
        ..ThreatClaim::default()
    };
    let escape = ThreatClaim { limb: Some(ThreatLimb::Escape), escaped: true, ..ThreatClaim::default() };
    let locate = LocateClaim { target: Some(LocateTarget::MissingPerson), official: verified() };
    let agrees = VictimClaim { agrees: true, official: verified(), ..VictimClaim::default() };
    let incapacitated = VictimClaim {
        agrees: false,
        incapacitated: true,
        need_represented: true,
        not_against_victim: true,
        immediate: true,
        best_interests: true,
        official: verified(),
    };
    vec![
        case(
            "threat",
            to_police(CLINIC, Purpose::DutyWarn, Claim::Threat(threat())),
            (CLINIC, Category::BhAssessment),
            &["self-harm-now", "weapon"],
            &[
                lack!(Threat, limb = None),
                lack!(Threat, serious_and_imminent = false),
                lack!(Threat, able_to_prevent = false),
                lack!(Threat, threat_stated = false),
                lack!(Threat, target_stated = false),
            ],
        ),
        case(
            "admission",
            to_police(CLINIC, Purpose::DutyWarn, Claim::Threat(admission)),
            (CLINIC, Category::HealthIdentity),
            &["name"],
            &[
                lack!(Threat, violent_crime_admitted = false),
                lack!(Threat, learned_in_treatment = None),
                lack!(Threat, learned_in_treatment = Some(true)),
            ],
        ),
        case(
            "escape",
            to_police(CLINIC, Purpose::DutyWarn, Claim::Threat(escape)),
            (CLINIC, Category::HealthIdentity),
            &["name"],
            &[lack!(Threat, escaped = false)],
        ),
        case(
            "locate",
            to_police(PATROL, Purpose::LeLocate, Claim::Locate(locate)),
            (CLINIC, Category::HealthIdentity),
            &["demographics", "name"],
            &[
                lack!(Locate, target = None),
                lack!(Locate, official.name = false),
                lack!(Locate, official.agency = false),
                lack!(Locate, official.badge = false),
                lack!(Locate, official.callback_verified = false),
            ],
        ),
        case(
            "victim who agrees",
            to_police(CLINIC, Purpose::LeVictim, Claim::Victim(agrees)),
            (CLINIC, Category::DvSa),
            &["dv-sa"],
            &[lack!(Victim, agrees = false), lack!(Victim, official.badge = false)],
        ),
        case(
            "victim who cannot",
            to_police(CLINIC, Purpose::LeVictim, Claim::Victim(incapacitated)),
            (CLINIC, Category::DvSa),
            &["dv-sa"],
            &[
                lack!(Victim, incapacitated = false),
                lack!(Victim, need_represented = false),
                lack!(Victim, not_against_victim = false),
                lack!(Victim, immediate = false),
                lack!(Victim, best_interests = false),
            ],
        ),
    ]
}

pub fn given_unasked() -> Vec<Case> {
    let premises =
        PremisesCrimeClaim { on_premises: true, act: Some(CrimeAct::Threat), by_patient: true, ..Default::default() };
    let alert = CrimeAlertClaim { off_premises: true, crime_stated: true, abuse: Some(false) };
    let report =
        MandatedReportClaim { statute: true, agency: true, subject: Some(ReportSubject::Elder), initial: false };
    let child = MandatedReportClaim { subject: Some(ReportSubject::Child), initial: true, ..report };
    vec![
        case(
            "2.12(c)(5)",
            to_police(SUD, Purpose::LeCrimeAlert, Claim::PremisesCrime(premises)),
            (SUD, Category::HealthIdentity),
            &["name"],
            &[
                lack!(PremisesCrime, on_premises = false),
                lack!(PremisesCrime, act = None),
                lack!(PremisesCrime, by_patient = false),
            ],
        ),
        case(
            "(f)(6)",
            to_police(EMS, Purpose::LeCrimeAlert, Claim::CrimeAlert(alert)),
            (EMS, Category::EmsClinical),
            &["complaint"],
            &[
                lack!(CrimeAlert, off_premises = false),
                lack!(CrimeAlert, crime_stated = false),
                lack!(CrimeAlert, abuse = None),
                lack!(CrimeAlert, abuse = Some(true)),
            ],
        ),
        case(
            "mandated report",
            to_police(CLINIC, Purpose::MandatedReport, Claim::MandatedReport(report)),
            (CLINIC, Category::MandatedReport),
            &["mandated-report"],
            &[
                lack!(MandatedReport, statute = false),
                lack!(MandatedReport, agency = false),
                lack!(MandatedReport, subject = None),
            ],
        ),
        case(
            "2.12(c)(6)",
            to_police(SUD, Purpose::MandatedReport, Claim::MandatedReport(child)),
            (SUD, Category::MandatedReport),
            &["mandated-report"],
            &[
                lack!(MandatedReport, initial = false),
                lack!(MandatedReport, subject = Some(ReportSubject::VulnerableAdult)),
                lack!(MandatedReport, statute = false),
            ],
        ),
    ]
}

pub fn custody_and_courts() -> Vec<Case> {
    let custody = CustodyClaim {
        custody: Some(CustodyKind::Jail),
        lawful: true,
        custodian_named: true,
        limb: Some(CustodyLimb::Care),
    };
    vec![
        case(
            "custody",
            ask(JAIL, to(JAIL, Cj), Purpose::CustodyHealth, Claim::Custody(custody)),
            (CLINIC, Category::Medications),
            &["allergies", "medications", "not-recorded"],
            &[
                lack!(Custody, custody = None),
                lack!(Custody, custody = Some(CustodyKind::Hold)),
                lack!(Custody, lawful = false),
                lack!(Custody, custodian_named = false),
                lack!(Custody, limb = None),
            ],
        ),
        case(
            "2.65",
            process(SUD, Purpose::Prosecute, order_2_65()),
            (SUD, Category::Referral),
            &["*"],
            &[
                |a| without(a, CourtFinding::ExtremelySeriousCrime),
                |a| without(a, CourtFinding::SubstantialValue),
                |a| without(a, CourtFinding::OtherWaysUnavailable),
                |a| without(a, CourtFinding::PublicInterestOutweighs),
                lack!(LegalProcess, mandate = false),
                lack!(LegalProcess, served = false),
                lack!(LegalProcess, kind = None),
                lack!(LegalProcess, kind = Some(ProcessKind::Subpoena)),
                lack!(LegalProcess, kind = Some(ProcessKind::Warrant)),
                lack!(LegalProcess, kind = Some(ProcessKind::CourtOrder)),
                lack!(LegalProcess, kind = Some(ProcessKind::Order264)),
                lack!(LegalProcess, kind = Some(ProcessKind::Order266)),
                lack!(LegalProcess, expires = Some(NOW)),
                |a| a.purpose = Purpose::CivilProc,
            ],
        ),
        case(
            "2.64",
            process(SUD, Purpose::CivilProc, order_2_64()),
            (SUD, Category::Referral),
            &["*"],
            &[
                |a| without(a, CourtFinding::OtherWaysUnavailable),
                |a| without(a, CourtFinding::PublicInterestOutweighs),
                lack!(LegalProcess, notice_to_patient = false),
                lack!(LegalProcess, mandate = false),
                |a| a.purpose = Purpose::LeInvest,
            ],
        ),
        case(
            "164.512(e)(1)(i)",
            process(CLINIC, Purpose::CivilProc, court_order()),
            (CLINIC, Category::BhAssessment),
            &["*"],
            &[
                lack!(LegalProcess, served = false),
                lack!(LegalProcess, kind = Some(ProcessKind::Subpoena)),
                lack!(LegalProcess, kind = Some(ProcessKind::Warrant)),
                lack!(LegalProcess, expires = Some(NOW)),
            ],
        ),
    ]
}

pub fn without(a: &mut AskFacts, finding: CourtFinding) {
    let Claim::LegalProcess(claim) = &mut a.claim else { panic!("another claim") };
    claim.findings.retain(|f| *f != finding);
}

/// Of responders and of schools.
pub fn health_and_safety() -> Vec<Case> {
    let asked = ask(EMS, to(EMS, Ems), Purpose::PublicHealth, Claim::Exposure(exposure()));
    let by_police = to_police(PATROL, Purpose::PublicHealth, Claim::Exposure(exposure()));
    let lacks: [fn(&mut AskFacts); 6] = [
        lack!(Exposure, route = None),
        lack!(Exposure, line_of_duty = false),
        lack!(Exposure, at_incident = false),
        lack!(Exposure, designated_officer = false),
        lack!(Exposure, employer_named = false),
        lack!(Exposure, determined_by = None),
    ];
    let to_school = SchoolEmergencyClaim { to_school: true, ..school_emergency() };
    vec![
        case("exposure", asked, (CLINIC, Category::HivSti), &["exposure-result"], &lacks),
        case("exposure of an officer", by_police, (CLINIC, Category::HivSti), &["exposure-result"], &lacks),
        case(
            "99.36",
            to_police(SCHOOL, Purpose::Threat, Claim::SchoolEmergency(school_emergency())),
            (SCHOOL, Category::Education),
            &["education"],
            &[
                lack!(SchoolEmergency, at_risk = None),
                lack!(SchoolEmergency, articulable = false),
                lack!(SchoolEmergency, able_to_protect = false),
                lack!(SchoolEmergency, threat_stated = false),
            ],
        ),
        case(
            "a threat case to a school",
            ask(PATROL, to(SCHOOL, Cbo), Purpose::Threat, Claim::SchoolEmergency(to_school)),
            (PATROL, Category::ThreatCase),
            &["threat-behavior"],
            &[lack!(SchoolEmergency, to_school = false), lack!(SchoolEmergency, articulable = false)],
        ),
    ]
}

pub fn cases() -> Vec<Case> {
    [medical(), police(), given_unasked(), custody_and_courts(), health_and_safety()].into_iter().flatten().collect()
}
