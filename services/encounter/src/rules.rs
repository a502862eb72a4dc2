/// Whether an event belongs to the work with the person, which the closing ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Refused after `encounter-closed`.
    Scene,
    /// Documents written afterwards and what becomes of the person later: charges, admissions, follow-up.
    Afterwards,
}

/// Whether an event must name a person. Data about somebody that names nobody would follow no consent and reach
/// no accounting, so it is refused; a person not known yet gets a placeholder (design.md, "One person an event").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Person,
    /// A call, a unit's movement, or a document that may have no patient.
    AnyoneOrNobody,
}

/// What the decider holds an event type to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub event_type: &'static str,
    pub phase: Phase,
    pub about: About,
    /// A repeated key with other content is a new version of a document.
    pub amendable: bool,
}

const fn scene(event_type: &'static str, about: About) -> Rule {
    Rule { event_type, phase: Phase::Scene, about, amendable: false }
}

const fn later(event_type: &'static str, about: About) -> Rule {
    Rule { event_type, phase: Phase::Afterwards, about, amendable: false }
}

const fn document(event_type: &'static str) -> Rule {
    Rule { event_type, phase: Phase::Afterwards, about: About::AnyoneOrNobody, amendable: true }
}

use About::{AnyoneOrNobody, Person};

/// Every event type of the family (rulebook 6.5, "Incident" and "Care and safety").
pub const RULES: &[Rule] = &[
    document("encounter.incident-reported.v1"),
    document("encounter.care-reported.v1"),
    later("encounter.third-party-reported.v1", Person),
    scene("encounter.call-triaged.v1", AnyoneOrNobody),
    scene("encounter.call-diverted-to-community-responder.v1", AnyoneOrNobody),
    scene("encounter.unit-dispatched.v1", AnyoneOrNobody),
    scene("encounter.clinician-requested.v1", AnyoneOrNobody),
    scene("encounter.unit-arrived.v1", AnyoneOrNobody),
    scene("encounter.encounter-opened.v1", Person),
    scene("encounter.screening-recorded.v1", Person),
    scene("encounter.assessment-recorded.v1", Person),
    scene("encounter.safety-plan-recorded.v1", Person),
    scene("encounter.hold-initiated.v1", Person),
    scene("encounter.transport-started.v1", Person),
    scene("encounter.transport-ended.v1", Person),
    scene("encounter.naloxone-left-behind.v1", Person),
    scene("encounter.disposition-recorded.v1", AnyoneOrNobody),
    scene("encounter.encounter-closed.v1", AnyoneOrNobody),
    scene("encounter.basic-needs-given.v1", Person),
    scene("encounter.mediation-held.v1", Person),
    scene("encounter.lift-assist-given.v1", AnyoneOrNobody),
    scene("encounter.responder-released.v1", AnyoneOrNobody),
    later("encounter.arrest-recorded.v1", Person),
    later("encounter.booking-recorded.v1", Person),
    later("encounter.charge-outcome-recorded.v1", Person),
    later("encounter.force-used.v1", Person),
    later("encounter.caution-recorded.v1", Person),
    later("encounter.caution-expired.v1", Person),
    later("encounter.caution-contested.v1", Person),
    later("encounter.follow-up-contact.v1", Person),
    later("encounter.medication-monitored.v1", Person),
    later("encounter.hospital-arrived.v1", Person),
    later("encounter.hospital-admitted.v1", Person),
    later("encounter.threat-plan-recorded.v1", Person),
];

/// The rule of an event type; none for what is no event of an encounter.
#[must_use]
pub fn rule(event_type: &str) -> Option<&'static Rule> {
    RULES.iter().find(|r| r.event_type == event_type)
}
