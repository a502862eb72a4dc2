//! FHIR R4 Consent in and out: IHE PCF basic and intermediate, advanced where a label is a category of the hub.
//!
//! Pure. What the hub's flat set of permissions and denials cannot say exactly is refused, never approximated; the
//! table is in `services/consent/README.md`.

mod event;
mod identity;
mod labels;
mod node;
mod provision;
mod read;
mod time;
mod write;

use handoff_schemas::{Category, ConsentFacts, ConsentType, LogTime, PersonId, RecordId, UnitId};
pub use handoff_spine::command::Refusal as FhirRefusal;

pub use event::{HubEvent, Recording, SignedBy, Statement, Wording};
pub use identity::Identity;
pub use read::{MOST_NESTED, read};
pub use write::write;

/// Identifier systems and code systems. HL7's as HL7 spells them; the hub's own where no other has the word.
pub mod systems {
    pub const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    pub const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
    pub const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
    pub const CONSENT_ACTION: &str = "http://terminology.hl7.org/CodeSystem/consentaction";
    pub const CONSENT_SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
    pub const LOINC: &str = "http://loinc.org";
    pub const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    /// Purposes that HL7 has no code for (rulebook 5.1).
    pub const LOCAL_PURPOSE: &str = "urn:cohub:pou";
    /// A category, as `x-category` spells it.
    pub const CATEGORY: &str = "urn:handoff:category";
    /// An element, as `x-element` spells it.
    pub const ELEMENT: &str = "urn:handoff:element";
    pub const EVENT_TYPE: &str = "urn:handoff:event-type";
    pub const PERSON: &str = "urn:handoff:person";
    /// A record by the id under which its keeper's agency knows it.
    pub const RECORD: &str = "urn:handoff:record";
    /// A record by the key of the unit that keeps it.
    pub const RECORD_KEY: &str = "urn:handoff:record-key";
    pub const UNIT: &str = "urn:handoff:unit";
}

/// What a FHIR `Reference` names something by. Its display text names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'a> {
    /// `Organization/17`, or a whole URL.
    Reference(&'a str),
    Identifier {
        system: &'a str,
        value: &'a str,
    },
}

/// How much a `data` reference stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The resource alone: a record may answer only if it holds nothing else.
    Instance,
    /// The resource and what belongs to it, as an encounter and what was written in it.
    Related,
}

/// A form that partners use, known to the hub by its policy URI: what a FHIR Consent leaves to its policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    pub uri: String,
    pub consent_type: ConsentType,
    /// What the form is about, where no label narrows it.
    pub categories: Vec<Category>,
}

/// What the hub knows that the resource does not say.
pub trait Resolve {
    fn person(&self, named: &Named<'_>) -> Option<PersonId>;
    /// The unit that is exactly what is named. A unit is never the answer for one of its people.
    fn unit(&self, named: &Named<'_>) -> Option<UnitId>;
    fn record(&self, named: &Named<'_>, reach: Reach) -> Option<RecordId>;
    /// Whether a group is those whom units let break the glass at this hub.
    fn breaks_glass(&self, named: &Named<'_>) -> bool;
    /// The form behind a policy URI.
    fn form(&self, uri: &str) -> Option<Form>;
    /// The hub's name for a consent record of the importing unit.
    fn consent(&self, key: &str) -> RecordId;
    /// The person's time zone, for days that the resource states without one.
    fn time_zone(&self) -> Option<String>;
}

/// One consent or denial of the hub, out of one provision of the resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedConsent {
    /// What the resource is known by ([`Identity`]), for a nested provision with its number.
    pub key: String,
    /// JSON pointer of the provision.
    pub place: String,
    pub facts: ConsentFacts,
    /// When the document was signed or dated, if the resource says so.
    pub signed_at: Option<LogTime>,
    /// The resource says that it was verified. A grantor's own verification remains a step of its own.
    pub verified: bool,
}
