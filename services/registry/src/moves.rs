use handoff_schemas::{AgreementStatus, PartnerStatus};

/// One permitted change of a partner's standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartnerMove {
    pub from: PartnerStatus,
    pub event_type: &'static str,
    pub to: PartnerStatus,
}

const fn partner(from: PartnerStatus, event_type: &'static str, to: PartnerStatus) -> PartnerMove {
    PartnerMove { from, event_type, to }
}

pub(crate) const ACTIVATED: &str = "partner.partner-activated.v1";
pub(crate) const SUSPENDED: &str = "partner.partner-suspended.v1";
pub(crate) const OFFBOARDED: &str = "partner.partner-offboarded.v1";

/// Offboarded has no rows: a partner that comes back registers anew, under a new id.
pub const PARTNER_MOVES: &[PartnerMove] = &[
    partner(PartnerStatus::Registered, ACTIVATED, PartnerStatus::Active),
    partner(PartnerStatus::Suspended, ACTIVATED, PartnerStatus::Active),
    partner(PartnerStatus::Active, SUSPENDED, PartnerStatus::Suspended),
    partner(PartnerStatus::Registered, OFFBOARDED, PartnerStatus::Offboarded),
    partner(PartnerStatus::Active, OFFBOARDED, PartnerStatus::Offboarded),
    partner(PartnerStatus::Suspended, OFFBOARDED, PartnerStatus::Offboarded),
];

/// What is done to one version of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Move {
    Sign,
    Activate,
    Suspend,
    Reinstate,
    Terminate,
    Expire,
}

impl Move {
    pub const ALL: &[Self] =
        &[Self::Sign, Self::Activate, Self::Suspend, Self::Reinstate, Self::Terminate, Self::Expire];

    /// The event type that records the move.
    #[must_use]
    pub const fn event_type(self) -> &'static str {
        match self {
            Self::Sign => "agreement.agreement-signed.v1",
            Self::Activate => "agreement.agreement-activated.v1",
            Self::Suspend => "agreement.agreement-suspended.v1",
            Self::Reinstate => "agreement.agreement-reinstated.v1",
            Self::Terminate => "agreement.agreement-terminated.v1",
            Self::Expire => "agreement.agreement-expired.v1",
        }
    }

    /// The move an event type records.
    #[must_use]
    pub fn of(event_type: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|m| m.event_type() == event_type)
    }
}

/// One permitted move of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgreementMove {
    pub from: AgreementStatus,
    pub by: Move,
    pub to: AgreementStatus,
}

const fn agreement(from: AgreementStatus, by: Move, to: AgreementStatus) -> AgreementMove {
    AgreementMove { from, by, to }
}

/// Rulebook 7.1. A signature moves a draft only when it is the last one. Terminated and expired have no rows: an
/// agreement goes on with an amended version, signed again.
pub const AGREEMENT_MOVES: &[AgreementMove] = &[
    agreement(AgreementStatus::Draft, Move::Sign, AgreementStatus::Signed),
    agreement(AgreementStatus::Draft, Move::Terminate, AgreementStatus::Terminated),
    agreement(AgreementStatus::Signed, Move::Activate, AgreementStatus::Active),
    agreement(AgreementStatus::Signed, Move::Terminate, AgreementStatus::Terminated),
    agreement(AgreementStatus::Active, Move::Suspend, AgreementStatus::Suspended),
    agreement(AgreementStatus::Active, Move::Terminate, AgreementStatus::Terminated),
    agreement(AgreementStatus::Active, Move::Expire, AgreementStatus::Expired),
    agreement(AgreementStatus::Suspended, Move::Reinstate, AgreementStatus::Active),
    agreement(AgreementStatus::Suspended, Move::Terminate, AgreementStatus::Terminated),
    agreement(AgreementStatus::Suspended, Move::Expire, AgreementStatus::Expired),
];

/// Where a move leads from a status, if anywhere.
#[must_use]
pub fn leads(from: AgreementStatus, by: Move) -> Option<AgreementStatus> {
    AGREEMENT_MOVES.iter().find(|m| m.from == from && m.by == by).map(|m| m.to)
}

/// Where an event type leads a partner from a status, if anywhere.
#[must_use]
pub fn partner_leads(from: PartnerStatus, event_type: &str) -> Option<PartnerStatus> {
    PARTNER_MOVES.iter().find(|m| m.from == from && m.event_type == event_type).map(|m| m.to)
}
