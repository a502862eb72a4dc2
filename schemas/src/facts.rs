//! What an event says to policy, in types: ids, codes and times only, no words about a person.
//!
//! An event carries its facts beside its sealed slices, under the log key, so that a ruling can be
//! derived again after the slices' keys are destroyed (design.md, A3).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::tagged::tagged;
use crate::{
    AgreementId, AskFacts, BundleHash, CapacityFacts, Category, ConsentFacts, EventId, HookReview, LogPos, LogTime,
    MatchEvidence, NamedBy, OperatorFacts, PartnerId, PersonId, RecipientKind, RecordId, RepresentativeFacts,
    ReviewOutcome, RevokedFor, SealFacts, Signatures, UnitId,
};

tagged! {
/// One policy-relevant statement of an event. Standing and policy fold these in log order.
pub enum Fact = "Fact", "fact" {
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
