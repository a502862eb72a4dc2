use async_nats::jetstream::{self, context::PublishErrorKind, message::PublishMessage};
use serde::Deserialize;

use super::error::{BrokerError, Result};
use super::streams::{PROBE, PROBE_MAX_AGE, plain};
use super::version::{FLOOR, Version};

/// What a server did when asked to keep the promises the hub rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes {
    /// From the server's INFO.
    pub version: Option<Version>,
    pub first_append: Append,
    /// An append that expects a sequence which is no longer the subject's last.
    pub conflicting_append: Append,
    pub acks: Acks,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Append {
    Acked,
    /// Refused as a wrong last sequence.
    Conflict,
    Failed(String),
}

/// Whether an ack means "on disk".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// `sync_interval: always`, as the server itself says.
    Durable,
    /// The server syncs every so often: a power cut takes acknowledged events with it.
    Delayed,
    /// No credential of the system account: the server could not be asked.
    NotAsked,
}

/// Whether a hub may run on a server that behaved like this.
///
/// # Errors
/// HO-3301 too old, HO-3307 a conflicting append was accepted, HO-3308 acks are not durable, HO-3309 no ack.
pub fn judge(outcomes: &Outcomes) -> Result<()> {
    let Some(version) = outcomes.version else {
        return Err(BrokerError::TooOld { found: "of unknown version".to_owned(), floor: FLOOR });
    };
    if !version.is_enough() {
        return Err(BrokerError::TooOld { found: version.to_string(), floor: FLOOR });
    }
    match (&outcomes.first_append, &outcomes.conflicting_append) {
        (Append::Acked, Append::Conflict) => {}
        (Append::Acked, Append::Acked) => return Err(BrokerError::ConflictAccepted { floor: FLOOR }),
        (Append::Acked, Append::Failed(why)) | (Append::Failed(why), _) => return Err(BrokerError::NoAck(why.clone())),
        (Append::Conflict, _) => {
            return Err(BrokerError::NoAck("a subject without messages reported a conflict".to_owned()));
        }
    }
    if outcomes.acks == Acks::Delayed { Err(BrokerError::AckNotDurable) } else { Ok(()) }
}

/// Tries the server on a scratch stream, as the provisioner; `system` asks for the sync setting.
///
/// # Errors
/// HO-3312 where the scratch stream cannot be made; what the server did otherwise is an outcome, not an error.
pub async fn probe(provisioner: &async_nats::Client, system: Option<&async_nats::Client>) -> Result<Outcomes> {
    let context = jetstream::new(provisioner.clone());
    let failed = |e: &dyn std::fmt::Display| BrokerError::Provision { stream: PROBE.to_owned(), why: e.to_string() };
    let scratch = jetstream::stream::Config { max_age: PROBE_MAX_AGE, ..plain(PROBE, "probe.*") };
    context.create_stream(scratch).await.map_err(|e| failed(&e))?;
    let subject = format!("probe.{}", uuid::Uuid::new_v4().simple());
    let first_append = append(&context, &subject).await;
    let conflicting_append = append(&context, &subject).await;
    let acks = match system {
        Some(client) => acks(client).await,
        None => Acks::NotAsked,
    };
    Ok(Outcomes { version: Version::parse(&provisioner.server_info().version), first_append, conflicting_append, acks })
}

/// An append as a new record's first.
async fn append(context: &jetstream::Context, subject: &str) -> Append {
    let message = PublishMessage::build().payload("probe".into()).expected_last_subject_sequence(0);
    let acked = match context.send_publish(subject.to_owned(), message).await {
        Ok(ack) => ack.await,
        Err(e) => Err(e),
    };
    match acked {
        Ok(_) => Append::Acked,
        Err(e) if e.kind() == PublishErrorKind::WrongLastSequence => Append::Conflict,
        Err(e) => Append::Failed(e.to_string()),
    }
}

#[derive(Deserialize)]
struct Jsz {
    data: JszData,
}

#[derive(Deserialize)]
struct JszData {
    config: JszConfig,
}

#[derive(Deserialize)]
struct JszConfig {
    #[serde(default)]
    sync_always: bool,
}

/// An answer that cannot be read is not a yes.
async fn acks(system: &async_nats::Client) -> Acks {
    let Ok(answer) = system.request("$SYS.REQ.SERVER.PING.JSZ", "{\"config\":true}".into()).await else {
        return Acks::Delayed;
    };
    match serde_json::from_slice::<Jsz>(&answer.payload) {
        Ok(jsz) if jsz.data.config.sync_always => Acks::Durable,
        _ => Acks::Delayed,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn good() -> Outcomes {
        Outcomes {
            version: Version::parse("2.15.1"),
            first_append: Append::Acked,
            conflicting_append: Append::Conflict,
            acks: Acks::Durable,
        }
    }

    #[test]
    fn a_server_that_keeps_its_promises_passes() {
        judge(&good()).unwrap();
        // Somebody else's server, on whose word the operator relies.
        judge(&Outcomes { acks: Acks::NotAsked, ..good() }).unwrap();
    }

    /// Whatever version it claims to be.
    #[test]
    fn a_server_that_ignores_the_concurrency_header_is_refused() {
        let ignored = Outcomes { conflicting_append: Append::Acked, ..good() };
        assert_eq!(judge(&ignored).unwrap_err().code(), "HO-3307");
    }

    #[test]
    fn every_other_broken_promise_has_its_code() {
        let silent = || Append::Failed("timed out".to_owned());
        for (code, outcomes) in [
            ("HO-3301", Outcomes { version: Version::parse("2.9.10"), ..good() }),
            ("HO-3301", Outcomes { version: None, ..good() }),
            ("HO-3308", Outcomes { acks: Acks::Delayed, ..good() }),
            ("HO-3309", Outcomes { first_append: silent(), ..good() }),
            ("HO-3309", Outcomes { conflicting_append: silent(), ..good() }),
            ("HO-3309", Outcomes { first_append: Append::Conflict, ..good() }),
        ] {
            assert_eq!(judge(&outcomes).unwrap_err().code(), code, "{outcomes:?}");
        }
    }
}
