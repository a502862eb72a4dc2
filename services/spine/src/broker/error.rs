use std::path::PathBuf;

use handoff_schemas::PartnerId;

/// What can go wrong between the hub and its broker. No variant carries anything about a person.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    #[error(
        "nats-server was not found: run `deploy/setup`, or set HANDOFF_NATS_SERVER to one that is {floor} or newer"
    )]
    NotFound { floor: &'static str },
    #[error(
        "nats-server {found} is too old, {floor} is the floor: it ignores the concurrency header without a word \
         and cannot make an ack durable; run `deploy/setup`, or point HANDOFF_NATS_SERVER at a newer one"
    )]
    TooOld { found: String, floor: &'static str },
    #[error("`{path}` does not answer `--version` like a nats-server: point HANDOFF_NATS_SERVER at one")]
    NoVersion { path: PathBuf },
    #[error("another hub is running on `{dir}`: stop it first, or give this one a data folder of its own")]
    InUse { dir: PathBuf },
    #[error("`{path}` could not be read or written: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("nats-server did not start ({why}): its log is `{log}`")]
    NotStarted { why: &'static str, log: PathBuf },
    #[error("connecting to the broker as `{who}` failed: {source}; is it running, and are these its credentials?")]
    Connect { who: String, source: async_nats::ConnectError },
    #[error("the broker accepted a conflicting append: it ignores the concurrency header; use nats-server {floor}+")]
    ConflictAccepted { floor: &'static str },
    #[error("the broker's acks are not durable: set `sync_interval: always` in its jetstream block")]
    AckNotDurable,
    #[error("the broker acknowledged no append ({0}): is JetStream enabled for the hub's account?")]
    NoAck(String),
    #[error("`{path}` is not a usable {what}: restore it from the backup of the data folder")]
    BadKey { path: PathBuf, what: &'static str },
    #[error("`{path}` can be read by others: run `chmod 600` on it, and replace its key if others use this machine")]
    KeyExposed { path: PathBuf },
    #[error("stream `{stream}` could not be provisioned: {why}")]
    Provision { stream: String, why: String },
    #[error("the broker refused the account of partner `{partner}`: {why}")]
    Claims { partner: PartnerId, why: String },
    #[error("this broker is run by others: ask its operator to add or revoke the partner's account")]
    NotOurs,
    #[error("partner `{0}` has no account on the broker: add it first")]
    UnknownPartner(PartnerId),
    #[error("nats-server {pid}, left over from a hub that crashed, does not stop: end it by hand, then start again")]
    Stale { pid: u32 },
    #[error("`{path}` is not a partner list: restore it from the backup of the data folder: {source}")]
    PartnerBook { path: PathBuf, source: serde_json::Error },
    #[error("an identity for the broker could not be made: {0}")]
    Identity(String),
}

impl BrokerError {
    /// The stable code, explained in `services/ERRORS.md`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "HO-3300",
            Self::TooOld { .. } => "HO-3301",
            Self::NoVersion { .. } => "HO-3302",
            Self::InUse { .. } => "HO-3303",
            Self::Io { .. } => "HO-3304",
            Self::NotStarted { .. } => "HO-3305",
            Self::Connect { .. } => "HO-3306",
            Self::ConflictAccepted { .. } => "HO-3307",
            Self::AckNotDurable => "HO-3308",
            Self::NoAck(_) => "HO-3309",
            Self::BadKey { .. } => "HO-3310",
            Self::KeyExposed { .. } => "HO-3311",
            Self::Provision { .. } => "HO-3312",
            Self::Claims { .. } => "HO-3313",
            Self::NotOurs => "HO-3314",
            Self::UnknownPartner(_) => "HO-3315",
            Self::Stale { .. } => "HO-3316",
            Self::PartnerBook { .. } => "HO-3317",
            Self::Identity(_) => "HO-3318",
        }
    }

    /// For `map_err` on an I/O call about `path`.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

pub type Result<T, E = BrokerError> = std::result::Result<T, E>;
