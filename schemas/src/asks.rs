//! What an ask says to policy (rulebook 7.2, 7.3 step 8): who asks for what, on which authority, with which of its
//! required facts on record. Codes and yes or no: the words of each fact stay in the ask's sealed slices.

mod exposure;
mod school;

use serde::{Deserialize, Serialize};

pub use exposure::{ExposureClaim, ExposureFinder, ExposureRoute};
pub use school::{AtRisk, SchoolEmergencyClaim};

use crate::{Category, LogTime, PersonId, Purpose, Recipient, RecordId, UnitId};

/// One ask: a unit's user wants to have, or to give, data of one person for a purpose that nothing standing covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskFacts {
    pub ask: RecordId,
    pub person: PersonId,
    /// The unit that states it: the one that is to read, or the one whose data it is.
    pub unit: UnitId,
    /// Who is to read, in which functional role.
    pub to: Recipient,
    /// The one user of the recipient who may read it, as the recipient names its users; absent: whoever reads there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What the user is licensed as, apart from the role they work in now.
    #[serde(default)]
    pub licence: Licence,
    pub purpose: Purpose,
    pub scope: AskScope,
    /// How long it opens anything, from its log time on.
    pub minutes: u32,
    pub claim: Claim,
}

impl AskFacts {
    /// Stated by the unit whose data it is, for somebody else to read: a warning, a report, a court's order.
    #[must_use]
    pub fn discloses(&self) -> bool {
        self.unit != self.to.unit
    }
}

/// What is asked for. Nothing outside it opens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskScope {
    pub categories: Vec<Category>,
    /// Narrows the categories to these elements. Empty: whatever the template shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elements: Vec<String>,
    /// Of events of these records only. Empty: of any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<RecordId>,
    /// Of what came about at this instant or later, and before the other. Absent: however early or late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_from: Option<LogTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_before: Option<LogTime>,
}

/// Structural role (rulebook 5.6): the licence, which the functional role on duty does not change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Licence {
    Physician,
    PhysicianAssistant,
    AdvancedPracticeNurse,
    Nurse,
    Paramedic,
    Emt,
    Pharmacist,
    Psychologist,
    SocialWorker,
    Counselor,
    Peer,
    PeaceOfficer,
    Telecommunicator,
    #[default]
    None,
}

/// The authority an ask rests on, with what is on record for it. What is not stated is absent or false, and then the
/// authority is not available.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "basis", rename_all = "kebab-case")]
pub enum Claim {
    Emergency(EmergencyClaim),
    BreakGlass(BreakGlassClaim),
    Threat(ThreatClaim),
    Locate(LocateClaim),
    Victim(VictimClaim),
    Custody(CustodyClaim),
    PremisesCrime(PremisesCrimeClaim),
    CrimeAlert(CrimeAlertClaim),
    MandatedReport(MandatedReportClaim),
    LegalProcess(LegalProcessClaim),
    Exposure(ExposureClaim),
    SchoolEmergency(SchoolEmergencyClaim),
}

/// 42 CFR 2.51(a), (c); rulebook 7.7 ETREAT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmergencyClaim {
    pub nature: Option<EmergencyNature>,
    /// Why the person's written consent cannot be had. That they said no is no such reason.
    pub unobtainable: Option<Unobtainable>,
    /// The provider who treats the person now has determined it.
    pub treating: bool,
    /// An incident is named, or the person's presence is attested.
    pub at_hand: bool,
    /// 2.51(c)(1): the medical personnel's name and affiliation.
    pub personnel_named: bool,
    /// 2.51(c)(2): the individual who makes the disclosure.
    pub discloser_named: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmergencyNature {
    Overdose,
    CardiacOrRespiratory,
    Trauma,
    Unresponsive,
    Seizure,
    SelfHarm,
    PsychiatricCrisis,
    Withdrawal,
    Obstetric,
    OtherLifeThreat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unobtainable {
    Unconscious,
    LacksCapacity,
    NoTime,
    CannotCommunicate,
    /// 2.51(a)(2): the program is closed in a declared natural or major disaster.
    ProgramClosedInDisaster,
}

/// Rulebook 7.7 BTG: an emergency as the asker alone asserts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BreakGlassClaim {
    /// A reason stands in the ask, in words.
    pub reasoned: bool,
    /// The asker attests that it is an emergency.
    pub attested: bool,
    pub emergency: EmergencyClaim,
}

/// 45 CFR 164.512(j).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ThreatClaim {
    pub limb: Option<ThreatLimb>,
    pub serious_and_imminent: bool,
    pub able_to_prevent: bool,
    pub threat_stated: bool,
    pub target_stated: bool,
    /// The recipient is the target.
    pub to_target: bool,
    /// (j)(1)(ii)(A): a statement admits a violent crime that may have caused serious physical harm.
    pub violent_crime_admitted: bool,
    /// (j)(1)(ii)(B): escaped from a correctional institution or lawful custody.
    pub escaped: bool,
    /// (j)(2): learned in treatment to affect the propensity, in counselling, or through a request for such.
    pub learned_in_treatment: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThreatLimb {
    /// (j)(1)(i)
    Prevent,
    /// (j)(1)(ii)(A)
    Admission,
    /// (j)(1)(ii)(B)
    Escape,
}

/// 45 CFR 164.514(h), HIP-18: the public official behind a request, each part on record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Official {
    pub name: bool,
    pub agency: bool,
    pub badge: bool,
    pub callback_verified: bool,
}

impl Official {
    #[must_use]
    pub const fn is_verified(self) -> bool {
        self.name && self.agency && self.badge && self.callback_verified
    }
}

/// 45 CFR 164.512(f)(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LocateClaim {
    pub target: Option<LocateTarget>,
    pub official: Official,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LocateTarget {
    Suspect,
    Fugitive,
    MaterialWitness,
    MissingPerson,
}

/// 45 CFR 164.512(f)(3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VictimClaim {
    pub agrees: bool,
    pub incapacitated: bool,
    /// The official represents that it is needed to find a violation by another than the victim.
    pub need_represented: bool,
    pub not_against_victim: bool,
    /// An immediate activity would be materially affected by waiting.
    pub immediate: bool,
    pub best_interests: bool,
    pub official: Official,
}

/// 45 CFR 164.512(k)(5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustodyClaim {
    pub custody: Option<CustodyKind>,
    pub lawful: bool,
    pub custodian_named: bool,
    pub limb: Option<CustodyLimb>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CustodyKind {
    Arrest,
    Jail,
    Prison,
    /// An emergency mental-health hold: no lawful custody unless a state hook says so (HIP-09).
    Hold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CustodyLimb {
    Care,
    SafetyOfInmates,
    SafetyOfOfficers,
    Transport,
    LawEnforcementOnPremises,
    Administration,
}

/// 42 CFR 2.12(c)(5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PremisesCrimeClaim {
    pub on_premises: bool,
    pub against_personnel: bool,
    pub act: Option<CrimeAct>,
    /// It is the patient's own act.
    pub by_patient: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrimeAct {
    Commission,
    Threat,
}

/// 45 CFR 164.512(f)(6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CrimeAlertClaim {
    /// A medical emergency elsewhere than on the provider's own premises.
    pub off_premises: bool,
    /// Commission and nature of the crime, where it or its victims are, or who did it.
    pub crime_stated: bool,
    /// The emergency comes of abuse, neglect or domestic violence: then 164.512(c) governs, not this.
    pub abuse: Option<bool>,
}

/// 45 CFR 164.512(b)(1)(ii), (c); 42 CFR 2.12(c)(6); state law (ST-07).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MandatedReportClaim {
    /// The statute is named.
    pub statute: bool,
    /// The agency it is made to is named.
    pub agency: bool,
    pub subject: Option<ReportSubject>,
    /// The first report, no answer to a follow-up.
    pub initial: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportSubject {
    Child,
    Elder,
    VulnerableAdult,
    Wound,
}

/// P2-33. Opens nothing before a person has reviewed it and decided to release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LegalProcessClaim {
    pub kind: Option<ProcessKind>,
    pub findings: Vec<CourtFinding>,
    /// A subpoena or similar mandate compels what the order only authorizes (42 CFR 2.61).
    pub mandate: bool,
    pub served: bool,
    pub notice_to_patient: bool,
    /// Its last instant; absent: the order names none.
    pub expires: Option<LogTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessKind {
    Subpoena,
    Warrant,
    #[serde(rename = "order-2-64")]
    Order264,
    #[serde(rename = "order-2-65")]
    Order265,
    #[serde(rename = "order-2-66")]
    Order266,
    CourtOrder,
}

/// What a court found (42 CFR 2.64(d), 2.65(d)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CourtFinding {
    OtherWaysUnavailable,
    PublicInterestOutweighs,
    ExtremelySeriousCrime,
    SubstantialValue,
    HolderHeard,
}

/// What a reviewer decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewOutcome {
    /// Of legal process: what is in its scope goes.
    Release,
    /// Of legal process: nothing goes, or no more.
    Refuse,
    /// Of a use of break-glass.
    Appropriate,
    /// Of a use of break-glass: what it opened closes at once.
    Abuse,
}
