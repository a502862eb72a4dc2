//! A county in which exactly what a cell asks for can be given, and each part of it taken away.

use crate::claims::{self, court_order, emergency, order_2_65, threat, verified};
use crate::common::*;
use crate::table::{Asked, Cell, Exception};
use handoff_law::Ruling;
use handoff_schemas::*;

const POLICE: &str = "police";
const MEDICS: &str = "medics";
const CLINIC: &str = "clinic";
const PROGRAM: &str = "program";
/// A unit that asks for referrals and is named in consents beside the recipient.
const OTHER: &str = "other";

/// Who publishes data of a category, so that its cell says what it is there for.
fn source_of(category: Category) -> &'static str {
    match category.slug() {
        "incident-identity" | "location" | "cad" | "le-report" | "chri" | "ncic-status" | "safety-caution"
        | "threat-case" | "body-cam" | "responder" | "third-party" | "sealed" => POLICE,
        "ems-clinical" | "substance-observation" | "dv-sa" => MEDICS,
        "part2-record" | "sud-counseling-notes" => PROGRAM,
        _ => CLINIC,
    }
}

/// What stands in a county: agreements are between all of its units.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Agreed {
    Nothing,
    Everything,
    Suspended,
    AllBut(Category),
}

/// A county whose every trial is about a person of its own.
pub struct Counties {
    nothing: County,
    everything: County,
    suspended: County,
    /// The last one asked for: cells come by category.
    all_but: Option<(Category, County)>,
    people: u64,
}

/// One request: a slice of one person's data, from where it comes, to one recipient.
pub struct Trial {
    source: &'static str,
    to: Recipient,
    slice: Category,
    person: u64,
}

impl Counties {
    pub fn found() -> Self {
        let mut suspended = county(Agreed::Everything);
        suspended.move_agreement("everything", AgreementStatus::Suspended);
        Self {
            nothing: county(Agreed::Nothing),
            everything: county(Agreed::Everything),
            suspended,
            all_but: None,
            people: 0,
        }
    }

    pub fn trial(&mut self, cell: &Cell, slice: Category) -> Trial {
        self.people += 1;
        // A consent that names a program is Part 2's own.
        let of_program = cell.category == Category::ConsentMeta && cell.kind == RecipientKind::P2p;
        let source = if of_program { PROGRAM } else { source_of(cell.category) };
        Trial { source, to: to_kind(cell.kind), slice, person: self.people }
    }

    fn of(&mut self, agreed: Agreed) -> &mut County {
        match agreed {
            Agreed::Nothing => &mut self.nothing,
            Agreed::Everything => &mut self.everything,
            Agreed::Suspended => &mut self.suspended,
            Agreed::AllBut(category) => {
                let known = self.all_but.take().filter(|(of, _)| *of == category);
                let kept = known.unwrap_or_else(|| (category, county(agreed)));
                &mut self.all_but.insert(kept).1
            }
        }
    }

    /// The answer where exactly what the way asks for is given.
    pub fn given(&mut self, trial: &Trial, asked: Asked) -> Ruling {
        match asked {
            Asked::Agreement => self.standing(Agreed::Everything, trial, None),
            Asked::Own => {
                let own = Trial { source: "to-le", to: trial.to.clone(), ..*trial };
                self.standing(Agreed::Nothing, &own, None)
            }
            Asked::Initiated => self.referred(Agreed::Everything, trial, trial.to.unit.as_str()),
            Asked::Consent => self.standing(Agreed::Everything, trial, Some(trial.named())),
            Asked::CriminalJustice => self.standing(Agreed::Everything, trial, Some(trial.monitored())),
            Asked::Reliance => self.relying(Agreed::Everything, trial, trial.relied()),
            // No agreement: what other authority opens needs none.
            Asked::Exception(exception) => self.under(Agreed::Nothing, trial, &trial.invoked(exception), None),
            Asked::Order => self.under(Agreed::Nothing, trial, &trial.served(), Some(ReviewOutcome::Release)),
        }
    }

    /// The answers where all but one thing of what the way asks for is given.
    pub fn lacking(&mut self, trial: &Trial, category: Category, asked: Asked) -> Vec<(String, Ruling)> {
        use Agreed::{AllBut, Everything, Nothing, Suspended};
        let mut all: Vec<(String, Ruling)> = Vec::new();
        let mut keep = |what: &str, ruling: Ruling| all.push((what.to_owned(), ruling));
        let agreements = [("no agreement", Nothing), ("agreement suspended", Suspended), ("no term", AllBut(category))];
        match asked {
            Asked::Agreement => {
                for (what, agreed) in agreements {
                    keep(what, self.standing(agreed, trial, Some(trial.named())));
                }
            }
            Asked::Own => keep("of another unit", self.standing(Everything, trial, None)),
            Asked::Initiated => {
                keep("asked for by another", self.referred(Everything, trial, OTHER));
                for (what, agreed) in agreements {
                    keep(what, self.referred(agreed, trial, trial.to.unit.as_str()));
                }
            }
            Asked::Consent | Asked::CriminalJustice => {
                let consent = if asked == Asked::Consent { trial.named() } else { trial.monitored() };
                keep("no consent", self.standing(Everything, trial, None));
                for (what, agreed) in agreements {
                    keep(what, self.standing(agreed, trial, Some(consent.clone())));
                }
                for (what, bent) in trial.bent(&consent) {
                    keep(what, self.standing(Everything, trial, Some(bent)));
                }
            }
            Asked::Reliance => {
                let mut others = trial.relied();
                others.recipients = vec![unit_id(OTHER)];
                keep("relied on by another", self.relying(Everything, trial, others));
                for (what, agreed) in agreements {
                    keep(what, self.relying(agreed, trial, trial.relied()));
                }
            }
            Asked::Exception(exception) => {
                for (n, facts) in trial.hollow(exception).iter().enumerate() {
                    keep(&format!("{exception:?} without fact {n}"), self.under(Nothing, trial, facts, None));
                }
                let mut elsewhere = trial.invoked(exception);
                elsewhere.person = person(trial.person + 1_000_000);
                keep("asked about another", self.under(Agreed::Nothing, trial, &elsewhere, None));
            }
            Asked::Order => {
                keep("not reviewed", self.under(Agreed::Nothing, trial, &trial.served(), None));
                keep("refused", self.under(Agreed::Nothing, trial, &trial.served(), Some(ReviewOutcome::Refuse)));
                for (what, facts) in trial.not_served() {
                    keep(what, self.under(Agreed::Nothing, trial, &facts, Some(ReviewOutcome::Release)));
                }
            }
        }
        all
    }

    /// The answers where everything is given that anybody can give.
    pub fn whatever(&mut self, trial: &Trial) -> Vec<(String, Ruling)> {
        for consent in trial.every_consent() {
            self.everything.consent(consent);
        }
        let mut all = vec![("standing".to_owned(), self.standing(Agreed::Everything, trial, None))];
        let event = trial.event();
        for purpose in Purpose::ALL {
            all.push((purpose.to_string(), self.everything.ask(&event, &trial.to, *purpose)));
        }
        all.extend(self.every_ask(trial));
        all
    }

    /// Under every exception, with all its facts on record, and under every order.
    pub fn every_ask(&mut self, trial: &Trial) -> Vec<(String, Ruling)> {
        let mut all = Vec::new();
        for exception in Exception::ALL {
            all.push((
                format!("{exception:?}"),
                self.under(Agreed::Everything, trial, &trial.invoked(exception), None),
            ));
        }
        for facts in [trial.served(), trial.ordered(order_2_65(), Purpose::Prosecute), trial.generic()] {
            all.push((
                facts.purpose.to_string(),
                self.under(Agreed::Everything, trial, &facts, Some(ReviewOutcome::Release)),
            ));
        }
        all
    }

    pub fn standing(&mut self, agreed: Agreed, trial: &Trial, consent: Option<ConsentFacts>) -> Ruling {
        let county = self.of(agreed);
        if let Some(consent) = consent {
            county.consent(consent);
        }
        county.rule(&trial.event(), &trial.to)
    }

    fn referred(&mut self, agreed: Agreed, trial: &Trial, initiated_by: &str) -> Ruling {
        let county = self.of(agreed);
        let (referral, from, to) = (record(20_000_000 + county.pos), unit_id(trial.source), unit_id(OTHER));
        let opened = Fact::ReferralOpened {
            referral,
            person: person(trial.person),
            from,
            to,
            initiated_by: unit_id(initiated_by),
        };
        county.fold(trial.source, vec![opened]);
        let mut event = trial.event();
        event.facts = vec![Fact::ReferralMoved { referral, status: ReferralStatus::Accepted }];
        county.rule(&event, &trial.to)
    }

    fn relying(&mut self, agreed: Agreed, trial: &Trial, consent: ConsentFacts) -> Ruling {
        let county = self.of(agreed);
        county.consent(consent.clone());
        let mut event = trial.event();
        event.event_type = "consent.consent-recorded.v1";
        event.facts = vec![Fact::ConsentRecorded { consent }];
        county.rule(&event, &trial.to)
    }

    fn under(&mut self, agreed: Agreed, trial: &Trial, facts: &AskFacts, review: Option<ReviewOutcome>) -> Ruling {
        let county = self.of(agreed);
        let facts = AskFacts { ask: record(10_000_000 + county.pos), ..facts.clone() };
        county.asks(&facts);
        if let Some(outcome) = review {
            let reviewed = Fact::AskReviewed { ask: facts.ask, person: facts.person, outcome };
            county.fold(facts.unit.as_str(), vec![reviewed]);
        }
        county.under(&trial.event(), facts.ask)
    }
}

impl Trial {
    fn event(&self) -> Event {
        let mut event = Event::of(self.source, &[self.slice]);
        event.person = Some(person(self.person));
        event
    }

    fn part2(&self) -> bool {
        self.source == PROGRAM
    }

    fn consent(&self, kind: ConsentType, purposes: Vec<Purpose>) -> ConsentFacts {
        let mut facts = consent(self.person * 10 + kind as u64, kind, self.source, &[self.to.unit.as_str()]);
        (facts.person, facts.purposes) = (person(self.person), purposes);
        facts
    }

    /// Of the right type, for everything that is no proceeding, naming the recipient.
    fn named(&self) -> ConsentFacts {
        let kind = if self.part2() { ConsentType::Part2Named } else { ConsentType::HipaaAuthorization };
        self.consent(kind, Purpose::ALL.iter().copied().filter(|p| !p.is_proceeding()).collect())
    }

    fn monitored(&self) -> ConsentFacts {
        let mut facts = self.consent(ConsentType::Part2CriminalJustice, vec![Purpose::CjMonitor]);
        facts.expiry = Expiry::Event { code: "final-disposition".to_owned() };
        facts
    }

    /// The consent that an event about a consent is about. Of a clinic's it names nothing of Part 2.
    fn relied(&self) -> ConsentFacts {
        let named = self.named();
        if self.part2() { named } else { ConsentFacts { categories: vec![Category::BhAssessment], ..named } }
    }

    /// The same consent, lacking one thing each.
    fn bent(&self, whole: &ConsentFacts) -> Vec<(&'static str, ConsentFacts)> {
        let bend = |what: fn(&mut ConsentFacts)| {
            let mut bent = whole.clone();
            what(&mut bent);
            bent
        };
        let mut all = vec![
            ("another named", bend(|c| c.recipients = vec![unit_id(OTHER)])),
            ("given by another", bend(|c| c.person = person(9_999_999))),
            ("another may disclose", bend(|c| c.grantors = vec![unit_id(OTHER)])),
            ("for another purpose", bend(|c| c.purposes = vec![Purpose::Hresch])),
            ("expired", bend(|c| c.expiry = Expiry::At { at: NOW })),
            ("of another type", bend(|c| c.consent_type = ConsentType::Part2CounselingNotes)),
            ("a denial", bend(|c| c.deny = true)),
        ];
        let narrower = bend(|c| c.categories = vec![Category::Aggregate]);
        if self.slice != Category::Aggregate {
            all.push(("of another category", narrower));
        }
        all
    }

    fn every_consent(&self) -> Vec<ConsentFacts> {
        use ConsentType::*;
        let kinds = [Part2Named, Part2Tpo, Part2CounselingNotes, Part2Proceedings, Part2CriminalJustice];
        let of = |kind: ConsentType| {
            let purposes: Vec<_> = match kind {
                Part2Tpo => vec![Purpose::Treat, Purpose::Hpaymt, Purpose::Hoperat],
                Part2CriminalJustice => vec![Purpose::CjMonitor],
                _ => Purpose::ALL.iter().copied().filter(|p| p.is_proceeding() == (kind == Part2Proceedings)).collect(),
            };
            ConsentFacts { categories: Category::ALL.to_vec(), ..self.consent(kind, purposes) }
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
    fn invoked(&self, exception: Exception) -> AskFacts {
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
        }
    }

    /// The same ask with no fact at all, and with one required fact missing.
    fn hollow(&self, exception: Exception) -> Vec<AskFacts> {
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
            other => panic!("{other:?} is no exception"),
        };
        [none, less].map(|claim| AskFacts { claim, ..whole.clone() }).to_vec()
    }

    fn ordered(&self, claim: LegalProcessClaim, purpose: Purpose) -> AskFacts {
        AskFacts { user: None, ..self.ask(self.source, purpose, Claim::LegalProcess(claim)) }
    }

    fn generic(&self) -> AskFacts {
        self.ordered(court_order(), Purpose::CivilProc)
    }

    /// The order that opens an O: of a program's records one under 2.65 with its mandate, the holder heard; of others a
    /// court's.
    fn served(&self) -> AskFacts {
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
    fn not_served(&self) -> Vec<(&'static str, AskFacts)> {
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

fn county(agreed: Agreed) -> County {
    use HipaaStatus::{CoveredProvider, None as NotCovered};
    use RecipientKind::{Bhc, Cbo, Ems, Le, P2p};
    let mut c = County::empty();
    let sources = [
        (POLICE, Le, NotCovered, Part2Status::No),
        (MEDICS, Ems, CoveredProvider, Part2Status::No),
        (CLINIC, Bhc, CoveredProvider, Part2Status::No),
        (PROGRAM, P2p, CoveredProvider, Part2Status::Yes),
        (OTHER, Cbo, NotCovered, Part2Status::No),
    ];
    let mut all = Vec::new();
    for (name, kind, hipaa, part2) in sources {
        c.unit(unit(name, name, &[kind], hipaa, part2));
        all.push((name.to_owned(), kind));
    }
    for kind in RecipientKind::ALL {
        let name = to_kind(*kind).unit.to_string();
        let health = matches!(kind.code(), "EMS" | "BHC" | "P2P" | "HOSP" | "CMP" | "L988");
        let hipaa = if health { CoveredProvider } else { NotCovered };
        let part2 = if *kind == P2p { Part2Status::Yes } else { Part2Status::No };
        c.unit(unit(&name, &name, &[*kind], hipaa, part2));
        all.push((name, *kind));
    }
    let units: Vec<_> = all.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
    match agreed {
        Agreed::Nothing => {}
        Agreed::Everything | Agreed::Suspended => c.agreement(&everything(&units)),
        Agreed::AllBut(category) => c.agreement(&all_but(&everything(&units), category)),
    }
    c
}

/// The agreement's document without one category.
fn all_but(document: &str, category: Category) -> String {
    let (before, after) = document.split_once("categories = [").unwrap();
    let (list, after) = after.split_once(']').unwrap();
    let slug = format!("\"{category}\"");
    let kept: Vec<_> = list.split(',').filter(|c| *c != slug).collect();
    format!("{before}categories = [{}]{after}", kept.join(","))
}
