//! What an event says to policy, in types: ids, codes and times only, no words about a person.
//!
//! An event carries its facts beside its sealed slices, under the log key, so that a ruling can be
//! derived again after the slices' keys are destroyed (design.md, A3).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    AgreementId, AskFacts, BundleHash, CapacityFacts, Category, EventId, EventType, HookReview, List, LogPos, LogTime,
    MatchEvidence, OperatorFacts, PartnerId, PersonId, Purpose, RecipientKind, RecordId, RepresentativeFacts,
    ReviewOutcome, SealFacts, Signatures, UnitId,
};

/// One policy-relevant statement of an event. Standing and policy fold these in log order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum Fact {
    PartnerRegistered {
        partner: PartnerId,
        name: String,
        org_type: OrgType,
    },
    PartnerMoved {
        partner: PartnerId,
        status: PartnerStatus,
    },
    UnitRegistered {
        unit: UnitFacts,
    },
    /// A version of an agreement, as the TOML document both sides signed off.
    AgreementDrafted {
        agreement: AgreementId,
        version: u32,
        document: String,
    },
    AgreementMoved {
        agreement: AgreementId,
        version: u32,
        status: AgreementStatus,
    },
    /// What the hub's operator is by law, until it says so again.
    OperatorDeclared {
        operator: OperatorFacts,
    },
    /// The version of the law in force from this position on; the log carries its files.
    LawActivated {
        bundle: BundleHash,
    },
    /// Somebody reviewed a hook of state law, or took the review back.
    HookReviewed {
        review: HookReview,
    },
    /// The unit took the person into its care, under this event's record (42 CFR 2.11, treating provider relationship).
    /// It counts from the unit itself alone.
    TreatmentBegan {
        person: PersonId,
        unit: UnitId,
    },
    /// What began under this event's record is over.
    TreatmentEnded {
        person: PersonId,
        unit: UnitId,
    },
    /// A unit's local id for somebody was claimed for this person.
    PersonRegistered {
        person: PersonId,
        unit: UnitId,
    },
    /// `approver` said the two are one human being. Explicit; nothing is guessed.
    PersonsLinked {
        a: PersonId,
        b: PersonId,
        approver: UnitId,
    },
    PersonsUnlinked {
        a: PersonId,
        b: PersonId,
        approver: UnitId,
    },
    /// What a link of the same two rests on, beside `PersonsLinked`. A link without it is an approver's word alone.
    LinkRests {
        a: PersonId,
        b: PersonId,
        evidence: MatchEvidence,
    },
    /// How sure the unit is that what it keeps under this local id is about one human being, and this one.
    IdentityMatched {
        person: PersonId,
        evidence: MatchEvidence,
    },
    /// The day of birth that a unit holds for its entry; the last said counts.
    PersonBorn {
        person: PersonId,
        day: Date,
    },
    /// The person died, on a known day or not; or that was said in error.
    PersonDied {
        person: PersonId,
        day: Option<Date>,
        in_error: bool,
    },
    CapacityStated {
        capacity: CapacityFacts,
    },
    RepresentativeRecorded {
        representative: RepresentativeFacts,
    },
    /// `from` was a duplicate of `into` inside one unit; irreversible, unlike a link.
    PersonMerged {
        from: PersonId,
        into: PersonId,
    },
    ConsentRecorded {
        consent: ConsentFacts,
    },
    /// Who signed it, beside `ConsentRecorded`. A consent without it was signed by the person alone.
    ConsentSigned {
        consent: RecordId,
        person: PersonId,
        signatures: Signatures,
    },
    /// Beside a consent, or its verification: earlier choices of the person over which this one was meant (rulebook 7.4).
    ChoicesNamed {
        consent: RecordId,
        person: PersonId,
        earlier: Vec<RecordId>,
        by: NamedBy,
    },
    ConsentVerified {
        consent: RecordId,
    },
    ConsentRevoked {
        consent: RecordId,
        person: PersonId,
        parties: RevokedFor,
        oral: bool,
    },
    ConsentExpired {
        consent: RecordId,
        person: PersonId,
    },
    /// Beside a revocation, or the event that ends a consent: from when on it was over, as its source says. What was
    /// released since then and before anybody said so stands, and is flagged (42 CFR 2.31(a)(7), (c)).
    ConsentEnded {
        consent: RecordId,
        person: PersonId,
        parties: RevokedFor,
        since: LogTime,
    },
    /// A user's ask, or legal process served on a unit: ruled at its position like any other event.
    AskMade {
        ask: AskFacts,
    },
    /// Withdrawn, or its emergency or custody is over.
    AskEnded {
        ask: RecordId,
        person: PersonId,
    },
    AskReviewed {
        ask: RecordId,
        person: PersonId,
        outcome: ReviewOutcome,
    },
    ReferralOpened {
        referral: RecordId,
        person: PersonId,
        from: UnitId,
        to: UnitId,
        initiated_by: UnitId,
    },
    ReferralMoved {
        referral: RecordId,
        status: ReferralStatus,
    },
    /// This event replaces an earlier one of the same record (an amended document).
    Amends {
        event: EventId,
    },
    /// How an encounter ended, in the classes every program reports (template F3).
    Disposed {
        disposition: Disposition,
        law_enforcement_initiated: bool,
    },
    /// Whose officer wrote the hold that this event is about, as its source says (template F3b, matrix C28).
    HoldWritten {
        person: PersonId,
        unit: UnitId,
    },
    /// Policy's own: earlier events (position, index) to be ruled again with the state at this position.
    Sweep {
        cause: LogPos,
        events: Vec<(LogPos, u16)>,
        narrowing: bool,
    },
    /// Policy's own: gives a position to whatever log time has reached here and no such event covered before. `change`
    /// is the first of it, as far as policy's clock saw; nothing is decided by it.
    Due {
        change: LogTime,
    },
    /// Closed to everybody but the unit itself (rulebook 6.5 `RecordSealed`, ST-08).
    RecordSealed {
        seal: SealFacts,
    },
    /// Closed to everybody, its keys destroyed (rulebook 6.5 `RecordExpunged`).
    RecordExpunged {
        seal: SealFacts,
    },
    /// Whoever holds what the expungement covers is to return or destroy it.
    RecallOrdered {
        seal: SealFacts,
    },
    /// Data of `person` in these categories is no longer to be opened (keys destroyed).
    ErasureOrdered {
        person: PersonId,
        unit: UnitId,
        categories: Vec<Category>,
    },
}

/// What kind of organisation a partner is (rulebook P2-09a, 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrgType {
    LawEnforcement,
    EmergencyCommunications,
    FireEms,
    BehavioralHealth,
    SubstanceUseProgram,
    Hospital,
    CommunityService,
    VictimService,
    CrisisLine,
    Justice,
    Evaluator,
    School,
    Payer,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartnerStatus {
    Registered,
    Active,
    Suspended,
    Offboarded,
}

/// HIP-01: the status belongs to the program unit (45 CFR 160.103, 164.105).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HipaaStatus {
    CoveredProvider,
    CoveredPlan,
    BusinessAssociate,
    HybridComponent,
    None,
}

impl HipaaStatus {
    /// A covered entity or business associate: may receive under a TPO consent (42 CFR 2.33).
    #[must_use]
    pub const fn is_covered(self) -> bool {
        !matches!(self, Self::None)
    }
}

/// P2-03: `Pending` is treated as `Yes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part2Status {
    Yes,
    No,
    Pending,
}

impl Part2Status {
    #[must_use]
    pub const fn applies(self) -> bool {
        !matches!(self, Self::No)
    }
}

/// A unit as registered; every label that law hangs on comes from here, never from words in the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitFacts {
    pub unit: UnitId,
    pub partner: PartnerId,
    pub name: String,
    pub hipaa: HipaaStatus,
    pub part2: Part2Status,
    pub cjis: bool,
    pub victim_services: bool,
    /// The functional roles its people read in: the columns of the matrix. Not empty.
    pub roles: Vec<RecipientKind>,
    /// ISO 3166-2, for example `US-WA`.
    pub jurisdiction: String,
    /// Law its records are under besides what the other facts say: a school's FERPA, a court's juvenile files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_law: Vec<LawLabel>,
}

/// The law an event's data follows (rulebook 7.3 step 4), resolved from provenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LawLabel {
    Part2,
    Hipaa,
    StateMentalHealth,
    StateSubstanceUse,
    Hiv,
    Vawa,
    Ferpa,
    Cji,
    LeLocal,
    Juvenile,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgreementStatus {
    Draft,
    Signed,
    Active,
    Suspended,
    Terminated,
    Expired,
}

/// P2-16: types never substitute for each other (42 CFR 2.31).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentType {
    Part2Named,
    Part2Tpo,
    Part2CounselingNotes,
    Part2Proceedings,
    Part2CriminalJustice,
    HipaaAuthorization,
    /// Plain written consent, where the source is not HIPAA-covered.
    General,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "expires", rename_all = "kebab-case")]
pub enum Expiry {
    /// The instant it ends: end of the stated day in the person's time zone.
    At { at: LogTime },
    /// An event relating to the patient or the purpose (2.31(a)(7)); ends when `ConsentExpired` comes.
    Event { code: String },
    /// "None": TPO only.
    Never,
}

/// A consent reduced to what resolution matches on (rulebook 7.4). Words and signatures stay sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentFacts {
    pub consent: RecordId,
    pub person: PersonId,
    pub consent_type: ConsentType,
    /// Units allowed to disclose (2.31(a)(2)).
    pub grantors: List<UnitId>,
    /// Named recipients (2.31(a)(4)(i)); empty only for the TPO class.
    pub recipients: List<UnitId>,
    /// "My treating providers, health plans, third-party payers, …": the single TPO consent's class.
    pub tpo_class: bool,
    /// Names the intermediary, and designates its participants who treat the person (2.31(a)(4)(ii)(B)).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub treating_participants: bool,
    pub purposes: List<Purpose>,
    pub categories: List<Category>,
    /// Narrows `categories` to these elements (`x-element`), as in "appointment dates only". Empty: no narrowing.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub elements: List<String>,
    /// Of what came about at this instant or later (2.31(a)(3)): the first of a stated day. Absent: however early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_from: Option<LogTime>,
    /// Of what came about before this instant: the first after a stated day. Absent: however late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_before: Option<LogTime>,
    /// Of events of these records only. Empty: of any.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub records: List<RecordId>,
    /// Of events of these types only, whichever version. Empty: of any.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub event_types: List<EventType>,
    pub signed_at: LogTime,
    pub expiry: Expiry,
    /// A denial: the person forbids what it names.
    pub deny: bool,
    /// Of a denial: an agreed restriction, which emergency treatment lifts (45 CFR 164.522(a)(1)(iii); 42 CFR 2.26).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restriction: bool,
    /// Of a criminal-justice referral consent: from when on the person may revoke it (42 CFR 2.35(c)). Absent: not before
    /// it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocable_from: Option<LogTime>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevokedFor {
    All,
    Parties(Vec<UnitId>),
}

/// Who says over which earlier choices a consent was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamedBy {
    /// Its own document: it counts for whomever it lets disclose, and from the unit that recorded it alone.
    Document,
    /// A unit that may disclose under it, for its own data.
    Source,
}

/// Referral states, FHIR Task.status as the hub uses it (rulebook 5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferralStatus {
    Draft,
    Requested,
    Accepted,
    Rejected,
    InProgress,
    OnHold,
    Completed,
    Failed,
    Cancelled,
    EnteredInError,
}

/// Template F3's disposition classes (rulebook 7.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    ResolvedOnScene,
    VoluntaryTransport,
    InvoluntaryHold,
    Refused,
    NoContact,
    Arrest,
}
