use crate::state::Status;

/// What a unit is to a consent that is on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// The unit that recorded it.
    Recorder,
    /// A unit that may disclose under it (2.31(a)(2)).
    Grantor,
    /// The hub itself: due dates, and the person who comes to the operator.
    Hub,
}

handoff_spine::steps! {
    /// An event of the family.
    Record = "consent.consent-recorded.v1",
    Verify = "consent.consent-verified.v1",
    Reject = "consent.consent-rejected.v1",
    Revoke = "consent.consent-revoked.v1",
    Expire = "consent.consent-expired.v1",
    RequestRestriction = "consent.restriction-requested.v1",
    AgreeRestriction = "consent.restriction-agreed.v1",
    DenyRestriction = "consent.restriction-denied.v1",
    TerminateRestriction = "consent.restriction-terminated.v1",
    Object = "consent.objection-recorded.v1",
    Notice = "consent.notice-provided.v1",
    Representative = "consent.personal-rep-recorded.v1",
    Capacity = "consent.capacity-recorded.v1",
}

/// One permitted step on a record; `who` empty: any unit, under a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub from: Status,
    pub step: Step,
    pub who: &'static [Actor],
}

const fn row(from: Status, step: Step, who: &'static [Actor]) -> Row {
    Row { from, step, who }
}

const ANY: &[Actor] = &[];
const RECORDER: &[Actor] = &[Actor::Recorder];
/// 2.31(c)(4): who relies on a document checks it.
const GRANTOR: &[Actor] = &[Actor::Grantor];
const PARTIES: &[Actor] = &[Actor::Recorder, Actor::Grantor, Actor::Hub];

/// What is not here is refused. Rejected, revoked, expired and terminated have no rows: a new document is a new record.
pub const STEPS: &[Row] = &[
    row(Status::None, Step::Record, ANY),
    row(Status::None, Step::RequestRestriction, ANY),
    row(Status::None, Step::AgreeRestriction, ANY),
    row(Status::None, Step::Object, ANY),
    row(Status::None, Step::Notice, ANY),
    row(Status::None, Step::Representative, ANY),
    row(Status::None, Step::Capacity, ANY),
    row(Status::Recorded, Step::Verify, GRANTOR),
    row(Status::Recorded, Step::Reject, PARTIES),
    row(Status::Recorded, Step::Revoke, PARTIES),
    row(Status::Recorded, Step::Expire, PARTIES),
    // Once more: what it was meant over may come up later (rulebook 7.4).
    row(Status::Verified, Step::Verify, GRANTOR),
    row(Status::Verified, Step::Reject, PARTIES),
    row(Status::Verified, Step::Revoke, PARTIES),
    row(Status::Verified, Step::Expire, PARTIES),
    row(Status::RestrictionRequested, Step::AgreeRestriction, RECORDER),
    row(Status::RestrictionRequested, Step::DenyRestriction, RECORDER),
    row(Status::RestrictionAgreed, Step::TerminateRestriction, RECORDER),
    row(Status::Noted, Step::Notice, RECORDER),
    row(Status::Noted, Step::Representative, RECORDER),
    row(Status::Noted, Step::Capacity, RECORDER),
];

/// The row of a step from a status, whoever takes it.
#[must_use]
pub fn find(from: Status, step: Step) -> Option<&'static Row> {
    STEPS.iter().find(|r| r.from == from && r.step == step)
}
