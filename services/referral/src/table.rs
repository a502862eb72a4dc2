use handoff_schemas::ReferralStatus::{self, Accepted, Cancelled, Completed, Draft, EnteredInError, Failed};
use handoff_schemas::ReferralStatus::{InProgress, OnHold, Rejected, Requested};

/// Who takes a step: the referring unit, the performing unit, or the hub itself (time-outs, withdrawals).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    Referrer,
    Performer,
    Hub,
}

handoff_spine::steps! {
    /// A step on a referral that exists; one event type each.
    Request = "referral.referral-requested.v1",
    Accept = "referral.referral-accepted.v1",
    Reject = "referral.referral-rejected.v1",
    Start = "referral.referral-started.v1",
    Hold = "referral.referral-put-on-hold.v1",
    Resume = "referral.referral-resumed.v1",
    Complete = "referral.referral-completed.v1",
    Fail = "referral.referral-failed.v1",
    Cancel = "referral.referral-cancelled.v1",
    EnterInError = "referral.referral-entered-in-error.v1",
    Schedule = "referral.appointment-scheduled.v1",
    NoShow = "referral.appointment-unattended.v1",
    CallOff = "referral.appointment-cancelled.v1",
    Attend = "referral.appointment-completed.v1",
    Monitor = "referral.monitoring-reported.v1",
}

/// One permitted step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub from: ReferralStatus,
    pub step: Step,
    pub to: ReferralStatus,
    pub who: &'static [Actor],
}

const fn row(from: ReferralStatus, step: Step, to: ReferralStatus, who: &'static [Actor]) -> Row {
    Row { from, step, to, who }
}

const REFERRER: &[Actor] = &[Actor::Referrer];
const PERFORMER: &[Actor] = &[Actor::Performer];
const HUB: &[Actor] = &[Actor::Hub];
/// Withdrawing: the referrer, or the hub when the consent it rests on has ended.
const WITHDRAWING: &[Actor] = &[Actor::Referrer, Actor::Hub];
/// Ending without success: the performer, or the hub when nothing happens in time.
const FAILING: &[Actor] = &[Actor::Performer, Actor::Hub];

/// Rulebook 5.5 (FHIR Task.status; BSeR 5.1.x for appointments). What is not here is refused; the terminal states
/// (rejected, cancelled, failed, completed, entered in error) have no rows, so a new referral `replaces` an old one.
pub const TABLE: &[Row] = &[
    row(Draft, Step::Request, Requested, REFERRER),
    row(Draft, Step::Cancel, Cancelled, REFERRER),
    row(Draft, Step::EnterInError, EnteredInError, REFERRER),
    row(Requested, Step::Accept, Accepted, PERFORMER),
    row(Requested, Step::Reject, Rejected, PERFORMER),
    row(Requested, Step::Cancel, Cancelled, WITHDRAWING),
    row(Requested, Step::Fail, Failed, HUB),
    row(Accepted, Step::Start, InProgress, PERFORMER),
    row(Accepted, Step::Schedule, InProgress, PERFORMER),
    row(Accepted, Step::Hold, OnHold, PERFORMER),
    row(Accepted, Step::Cancel, Cancelled, WITHDRAWING),
    row(Accepted, Step::Fail, Failed, FAILING),
    row(InProgress, Step::Hold, OnHold, PERFORMER),
    row(InProgress, Step::Complete, Completed, PERFORMER),
    row(InProgress, Step::Fail, Failed, FAILING),
    row(InProgress, Step::Cancel, Cancelled, WITHDRAWING),
    row(InProgress, Step::Schedule, InProgress, PERFORMER),
    row(InProgress, Step::NoShow, InProgress, PERFORMER),
    row(InProgress, Step::CallOff, InProgress, PERFORMER),
    row(InProgress, Step::Attend, InProgress, PERFORMER),
    row(InProgress, Step::Monitor, InProgress, PERFORMER),
    row(OnHold, Step::Resume, InProgress, PERFORMER),
    row(OnHold, Step::Cancel, Cancelled, WITHDRAWING),
    row(OnHold, Step::Fail, Failed, FAILING),
    row(OnHold, Step::CallOff, OnHold, PERFORMER),
    row(OnHold, Step::Monitor, OnHold, PERFORMER),
];

/// The row of a step from a state, whoever takes it.
#[must_use]
pub fn find(from: ReferralStatus, step: Step) -> Option<&'static Row> {
    TABLE.iter().find(|r| r.from == from && r.step == step)
}
