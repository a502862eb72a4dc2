//! One request, and everything that can be given for it: consents, asks and orders, whole or lacking one thing.

use crate::authority::claims::{
    self, court_order, emergency, exposure, order_2_65, school_emergency, threat, verified,
};
use crate::cells::table::{Cell, Exception};
use crate::common::*;
use handoff_schemas::*;

pub const POLICE: &str = "police";
pub const MEDICS: &str = "medics";
pub const CLINIC: &str = "clinic";
pub const PROGRAM: &str = "program";
/// A unit that asks for referrals and is named in consents beside the recipient.
pub const OTHER: &str = "other";
/// Whose records are under FERPA.
pub const SCHOOL: &str = "school";

/// Who publishes data of a category, so that its cell says what it is there for.
fn source_of(category: Category) -> &'static str {
    match category.slug() {
        "incident-identity" | "location" | "cad" | "le-report" | "chri" | "ncic-status" | "safety-caution"
        | "threat-case" | "body-cam" | "responder" | "third-party" | "sealed" => POLICE,
        "ems-clinical" | "substance-observation" | "dv-sa" => MEDICS,
        "part2-record" | "sud-counseling-notes" => PROGRAM,
        "education" => SCHOOL,
        _ => CLINIC,
    }
}

/// One request: a slice of one person's data, from where it comes, to one recipient.
pub struct Trial {
    pub source: &'static str,
    pub to: Recipient,
    slice: Category,
    pub person: u64,
}

impl Trial {
    pub fn of(cell: &Cell, slice: Category, person: u64) -> Self {
        // A consent that names a program is Part 2's own.
        let of_program = cell.category == Category::ConsentMeta && cell.kind == RecipientKind::P2p;
        let source = if of_program { PROGRAM } else { source_of(cell.category) };
        Self { source, to: to_kind(cell.kind), slice, person }
    }

    /// What its recipient published itself.
    pub fn own(&self) -> Self {
        Self { source: "to-le", to: self.to.clone(), ..*self }
    }

    pub fn event(&self) -> Event {
        let mut event = Event::of(self.source, &[self.slice]);
        event.person = Some(person(self.person));
        event
    }

    fn part2(&self) -> bool {
        self.source == PROGRAM
    }

    fn consent(&self, kind: ConsentType, purposes: Vec<Purpose>) -> ConsentFacts {
        let mut facts = consent(self.person * 10 + kind as u64, kind, self.source, &[self.to.unit.as_str()]);
        (facts.person, facts.purposes) = (person(self.person), purposes.into());
        facts
    }

    /// Of the right type, for everything that is no proceeding, naming the recipient.
    pub fn named(&self) -> ConsentFacts {
        let kind = if self.part2() { ConsentType::Part2Named } else { ConsentType::HipaaAuthorization };
        self.consent(kind, Purpose::ALL.iter().copied().filter(|p| !p.is_proceeding()).collect())
    }

    pub fn monitored(&self) -> ConsentFacts {
        let mut facts = self.consent(ConsentType::Part2CriminalJustice, vec![Purpose::CjMonitor]);
        facts.expiry = Expiry::Event { code: "final-disposition".to_owned() };
        facts
    }

    /// The consent that an event about a consent is about. Of a clinic's it names nothing of Part 2.
    pub fn relied(&self) -> ConsentFacts {
        let named = self.named();
        if self.part2() { named } else { ConsentFacts { categories: [Category::BhAssessment].into(), ..named } }
    }

    /// The same consent, lacking one thing each.
    pub fn bent(&self, whole: &ConsentFacts) -> Vec<(&'static str, ConsentFacts)> {
        let bend = |what: fn(&mut ConsentFacts)| {
            let mut bent = whole.clone();
            what(&mut bent);
            bent
        };
        let mut all = vec![
            ("another named", bend(|c| c.recipients = [unit_id(OTHER)].into())),
            ("given by another", bend(|c| c.person = person(9_999_999))),
            ("another may disclose", bend(|c| c.grantors = [unit_id(OTHER)].into())),
            ("for another purpose", bend(|c| c.purposes = [Purpose::Hresch].into())),
            ("expired", bend(|c| c.expiry = Expiry::At { at: NOW })),
            ("of another type", bend(|c| c.consent_type = ConsentType::Part2CounselingNotes)),
            ("a denial", bend(|c| c.deny = true)),
        ];
        let narrower = bend(|c| c.categories = [Category::Aggregate].into());
        if self.slice != Category::Aggregate {
            all.push(("of another category", narrower));
        }
        all
    }

    pub fn every_consent(&self) -> Vec<ConsentFacts> {
        use ConsentType::*;
        let kinds = [Part2Named, Part2Tpo, Part2CounselingNotes, Part2Proceedings, Part2CriminalJustice];
        let of = |kind: ConsentType| {
            let purposes: Vec<_> = match kind {
                Part2Tpo => vec![Purpose::Treat, Purpose::Hpaymt, Purpose::Hoperat],
                Part2CriminalJustice => vec![Purpose::CjMonitor],
                _ => Purpose::ALL.iter().copied().filter(|p| p.is_proceeding() == (kind == Part2Proceedings)).collect(),
            };
            ConsentFacts { categories: Category::ALL.to_vec().into(), ..self.consent(kind, purposes) }
        };
        kinds.into_iter().chain([HipaaAuthorization, General]).map(of).collect()
    }

    fn ask(&self, by: &str, purpose: Purpose, claim: Claim) -> AskFacts {
        let mut facts = claims::ask(by, self.to.clone(), purpose, claim);
        facts.person = person(self.person);
        facts.scope.categories = Category::ALL.to_vec();
        facts
    }

    /// The exception with all its facts on record, as whoever may state it.
    pub fn invoked(&self, exception: Exception) -> AskFacts {
        let (recipient, source) = (self.to.unit.as_str(), self.source);
        match exception {
            Exception::Emergency => self.ask(recipient, Purpose::Etreat, Claim::Emergency(emergency())),
            Exception::Threat => {
                let to_target = self.to.kind == RecipientKind::Vsp;
                self.ask(source, Purpose::DutyWarn, Claim::Threat(ThreatClaim { to_target, ..threat() }))
            }
            Exception::Locate => {
                let claim = LocateClaim { target: Some(LocateTarget::MissingPerson), official: verified() };
                self.ask(recipient, Purpose::Missing, Claim::Locate(claim))
            }
            Exception::Victim => {
                let claim = VictimClaim { agrees: true, official: verified(), ..VictimClaim::default() };
                self.ask(source, Purpose::LeVictim, Claim::Victim(claim))
            }
            Exception::Custody => {
                let claim = CustodyClaim {
                    custody: Some(CustodyKind::Jail),
                    lawful: true,
                    custodian_named: true,
                    limb: Some(CustodyLimb::Care),
                };
                self.ask(recipient, Purpose::CustodyHealth, Claim::Custody(claim))
            }
            Exception::PremisesCrime => {
                let claim = PremisesCrimeClaim {
                    on_premises: true,
                    act: Some(CrimeAct::Commission),
                    by_patient: true,
                    ..PremisesCrimeClaim::default()
                };
                self.ask(source, Purpose::LeCrimeAlert, Claim::PremisesCrime(claim))
            }
            Exception::CrimeAlert => {
                let claim = CrimeAlertClaim { off_premises: true, crime_stated: true, abuse: Some(false) };
                self.ask(source, Purpose::LeCrimeAlert, Claim::CrimeAlert(claim))
            }
            Exception::MandatedReport => {
                let claim = MandatedReportClaim {
                    statute: true,
                    agency: true,
                    subject: Some(ReportSubject::Child),
                    initial: true,
                };
                self.ask(source, Purpose::MandatedReport, Claim::MandatedReport(claim))
            }
            Exception::Exposure => self.ask(recipient, Purpose::PublicHealth, Claim::Exposure(exposure())),
            Exception::SchoolEmergency => {
                let to_school = self.to.kind == RecipientKind::Cbo;
                let claim = SchoolEmergencyClaim { to_school, ..school_emergency() };
                self.ask(source, Purpose::Threat, Claim::SchoolEmergency(claim))
            }
        }
    }

    /// The same ask with no fact at all, and with one required fact missing.
    pub fn hollow(&self, exception: Exception) -> Vec<AskFacts> {
        let whole = self.invoked(exception);
        let (none, less) = match &whole.claim {
            Claim::Emergency(c) => (
                Claim::Emergency(EmergencyClaim::default()),
                Claim::Emergency(EmergencyClaim { unobtainable: None, ..*c }),
            ),
            Claim::Threat(c) => {
                let less = if c.to_target {
                    ThreatClaim { to_target: false, ..*c }
                } else {
                    ThreatClaim { serious_and_imminent: false, ..*c }
                };
                (Claim::Threat(ThreatClaim::default()), Claim::Threat(less))
            }
            Claim::Locate(c) => {
                (Claim::Locate(LocateClaim::default()), Claim::Locate(LocateClaim { target: None, ..*c }))
            }
            Claim::Victim(c) => {
                (Claim::Victim(VictimClaim::default()), Claim::Victim(VictimClaim { agrees: false, ..*c }))
            }
            Claim::Custody(c) => {
                (Claim::Custody(CustodyClaim::default()), Claim::Custody(CustodyClaim { lawful: false, ..*c }))
            }
            Claim::PremisesCrime(c) => (
                Claim::PremisesCrime(PremisesCrimeClaim::default()),
                Claim::PremisesCrime(PremisesCrimeClaim { by_patient: false, ..*c }),
            ),
            Claim::CrimeAlert(c) => (
                Claim::CrimeAlert(CrimeAlertClaim::default()),
                Claim::CrimeAlert(CrimeAlertClaim { abuse: None, ..*c }),
            ),
            Claim::MandatedReport(c) => (
                Claim::MandatedReport(MandatedReportClaim::default()),
                Claim::MandatedReport(MandatedReportClaim { statute: false, ..*c }),
            ),
            Claim::Exposure(c) => (
                Claim::Exposure(ExposureClaim::default()),
                Claim::Exposure(ExposureClaim { designated_officer: false, ..*c }),
            ),
            Claim::SchoolEmergency(c) => {
                let less = if c.to_school {
                    SchoolEmergencyClaim { to_school: false, ..*c }
                } else {
                    SchoolEmergencyClaim { able_to_protect: false, ..*c }
                };
                (Claim::SchoolEmergency(SchoolEmergencyClaim::default()), Claim::SchoolEmergency(less))
            }
            other => panic!("{other:?} is no exception"),
        };
        [none, less].map(|claim| AskFacts { claim, ..whole.clone() }).to_vec()
    }

    pub fn ordered(&self, claim: LegalProcessClaim, purpose: Purpose) -> AskFacts {
        AskFacts { user: None, ..self.ask(self.source, purpose, Claim::LegalProcess(claim)) }
    }

    pub fn generic(&self) -> AskFacts {
        self.ordered(court_order(), Purpose::CivilProc)
    }

    /// The order that opens an O: of a program's records one under 2.65 with its mandate, the holder heard; of others a
    /// court's.
    pub fn served(&self) -> AskFacts {
        let heard = |mut claim: LegalProcessClaim| {
            claim.findings.push(CourtFinding::HolderHeard);
            claim
        };
        match (self.part2(), self.to.kind) {
            (true, RecipientKind::Le) => self.ordered(heard(order_2_65()), Purpose::LeInvest),
            (true, _) => self.ordered(heard(order_2_65()), Purpose::Prosecute),
            (false, _) => self.generic(),
        }
    }

    /// The same without what compels or authorizes.
    pub fn not_served(&self) -> Vec<(&'static str, AskFacts)> {
        let whole = self.served();
        let Claim::LegalProcess(claim) = &whole.claim else { panic!("an order is legal process") };
        let with = |claim: LegalProcessClaim| AskFacts { claim: Claim::LegalProcess(claim), ..whole.clone() };
        let mut all = vec![
            ("never served", with(LegalProcessClaim { served: false, ..claim.clone() })),
            ("a subpoena alone", with(LegalProcessClaim { kind: Some(ProcessKind::Subpoena), ..claim.clone() })),
            ("a warrant", with(LegalProcessClaim { kind: Some(ProcessKind::Warrant), ..claim.clone() })),
            ("expired", with(LegalProcessClaim { expires: Some(NOW), ..claim.clone() })),
        ];
        if self.part2() {
            all.push(("no mandate", with(LegalProcessClaim { mandate: false, ..claim.clone() })));
            all.push(("no finding", with(LegalProcessClaim { findings: Vec::new(), ..claim.clone() })));
            all.push(("an order outside subpart E", self.generic()));
        }
        all
    }
}
