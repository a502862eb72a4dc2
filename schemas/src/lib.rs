//! The vocabulary of the hub: ids, categories, purposes, recipient kinds, facts, and the registry of
//! event and command schemas. Pure: no I/O, no clock, no randomness. Every other crate speaks these words.

mod asks;
pub mod canary;
mod category;
mod cloud_event;
pub mod compat;
mod consents;
mod element_set;
mod error;
mod evidence;
mod facts;
mod hooks;
mod ids;
mod labels;
mod law;
mod list;
mod lives;
mod operator;
mod purpose;
mod recipient;
mod registry;
mod seals;
mod shape;
pub mod strict_json;
mod time;

pub use asks::{
    AskFacts, AskScope, AtRisk, BreakGlassClaim, Claim, CourtFinding, CrimeAct, CrimeAlertClaim, CustodyClaim,
    CustodyKind, CustodyLimb, EmergencyClaim, EmergencyNature, ExposureClaim, ExposureFinder, ExposureRoute,
    LegalProcessClaim, Licence, LocateClaim, LocateTarget, MandatedReportClaim, Official, PremisesCrimeClaim,
    ProcessKind, ReportSubject, ReviewOutcome, SchoolEmergencyClaim, ThreatClaim, ThreatLimb, Unobtainable,
    VictimClaim,
};
pub use category::{Category, UnknownCategory};
pub use cloud_event::{CloudEvent, Envelope, SOURCE_PREFIX, TYPE_PREFIX};
pub use consents::{ConsentFacts, ConsentType, Expiry, NamedBy, RevokedFor};
pub use element_set::ElementSet;
pub use error::SchemaError;
pub use evidence::{MatchEvidence, MatchMethod, MatchScore};
pub use facts::{
    AgreementStatus, Disposition, Fact, HipaaStatus, LawLabel, OrgType, Part2Status, PartnerStatus, ReferralStatus,
    UnitFacts,
};
pub use hooks::HookReview;
pub use ids::{
    AgreementId, BadId, EventId, EventType, IncidentId, LogPos, PartnerId, PersonId, RecordId, ReleaseId, UnitId,
};
pub use labels::{
    Confidentiality, Labeller, Labels, Sensitivity, SliceLabels, UnknownConfidentiality, UnknownSensitivity,
};
pub use law::BundleHash;
pub use list::List;
pub use lives::{Capacity, CapacityFacts, RepresentativeFacts, RepresentativeRole, Signatures, Signer};
pub use operator::{HubRole, OperatorFacts};
pub use purpose::{Purpose, UnknownPurpose};
pub use recipient::{Recipient, RecipientKind, UnknownRecipientKind};
pub use registry::{CategoryRule, Leaf, Registry, Sliced, present};
pub use seals::SealFacts;
pub use time::{EAST, LogTime, WEST, time_zone};
