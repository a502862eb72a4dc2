//! Dead letters: what a sender would never hear was lost, and what a reader could not take from a stream. Each is
//! sealed on `DEAD` before the message is dropped or the service stops.

mod body;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use handoff_schemas::{LogTime, PartnerId, UnitId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::broker::ServiceName;
use crate::log::{DEAD, Log, LogError, RawEntry};

pub use body::{Body, MAX_BODY};

/// No entitled service published the message: it has no effect.
const FOREIGN: &str = "HO-3007";
/// The message does not open, as [`LogError::Unreadable`] says.
const UNREADABLE: &str = "HO-3005";
/// How long a letter may hold up its writer.
const PATIENCE: Duration = Duration::from_secs(5);

/// One message on `DEAD`. In the clear stand its subject, `dead.<service>`, and its size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Format of this letter; readers keep every published one for ever.
    pub v: u8,
    pub id: Uuid,
    pub service: String,
    /// `HO-nnnn`, explained in `services/ERRORS.md`.
    pub code: String,
    #[serde(rename = "where")]
    pub where_: Where,
    /// The writer's clock, milliseconds since the epoch; nothing is decided by it.
    pub at: LogTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
}

/// What a letter is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Where {
    /// A message of a stream, which keeps its bytes.
    Message { stream: String, sequence: u64 },
    /// What a partner sent for one of its units, as far as either is known.
    Intake {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        partner: Option<PartnerId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<UnitId>,
    },
}

impl std::fmt::Display for Where {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message { stream, sequence } => write!(f, "{stream} {sequence}"),
            Self::Intake { unit: Some(unit), .. } => write!(f, "intake {unit}"),
            Self::Intake { partner: Some(partner), .. } => write!(f, "intake {partner}"),
            Self::Intake { .. } => f.write_str("intake"),
        }
    }
}

/// Writes one service's dead letters; cheap to clone. A letter that cannot be written is an error in the log (HO-3008)
/// and stops nobody.
#[derive(Clone)]
pub struct DeadLetters {
    log: Log,
    service: ServiceName,
    /// The last message of each stream that was passed over with a letter: streams are read in order, so what lies
    /// below it has its letter too, however often it is read again.
    passed: Arc<Mutex<BTreeMap<Arc<str>, u64>>>,
}

impl DeadLetters {
    /// `log` holds the credential of `service`, whose subject alone it may write.
    #[must_use]
    pub fn new(log: Log, service: ServiceName) -> Self {
        Self { log, service, passed: Arc::default() }
    }

    /// Passes on what came of opening `raw`; where the message is passed over or stops its reader, a letter says so
    /// first.
    ///
    /// # Errors
    /// That of `opened`.
    pub async fn opened<T>(&self, raw: &RawEntry, opened: Result<T, LogError>) -> Result<T, LogError> {
        if !raw.published {
            self.passed_over(raw).await;
        }
        self.opened_again(raw, opened).await
    }

    /// The same for a message that this service has passed before, in this life or an earlier one: only what stops it
    /// now is worth a letter.
    ///
    /// # Errors
    /// That of `opened`.
    pub async fn opened_again<T>(&self, raw: &RawEntry, opened: Result<T, LogError>) -> Result<T, LogError> {
        if matches!(opened, Err(LogError::Unreadable(_))) {
            self.stopped_at(&raw.stream, raw.seq, UNREADABLE).await;
        }
        opened
    }

    /// This message stops the service.
    pub async fn stopped_at(&self, stream: &str, sequence: u64, code: &str) {
        self.about(stream, sequence, code).await;
    }

    /// Keeps what was sent and refused with `code` where nobody hears the refusal.
    pub async fn refused(&self, from: Where, code: &str, sent: &[u8]) {
        let letter = self.letter(from, code, Some(Body::of(sent)));
        self.write(&letter.id.to_string(), &letter).await;
    }

    async fn passed_over(&self, raw: &RawEntry) {
        if raw.seq > self.passed_up_to(&raw.stream) && self.about(&raw.stream, raw.seq, FOREIGN).await {
            self.passed.lock().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(&raw.stream), raw.seq);
        }
    }

    fn passed_up_to(&self, stream: &str) -> u64 {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).get(stream).copied().unwrap_or_default()
    }

    async fn about(&self, stream: &str, sequence: u64, code: &str) -> bool {
        // Names its cause, so that a service that starts over at once does not say it again.
        let once = format!("{}.{stream}.{sequence}.{code}", self.service);
        let letter = self.letter(Where::Message { stream: stream.to_owned(), sequence }, code, None);
        self.write(&once, &letter).await
    }

    fn letter(&self, where_: Where, code: &str, body: Option<Body>) -> DeadLetter {
        DeadLetter {
            v: 1,
            id: Uuid::now_v7(),
            service: self.service.as_str().to_owned(),
            code: code.to_owned(),
            where_,
            at: LogTime::from(jiff::Timestamp::now()),
            body,
        }
    }

    async fn write(&self, once: &str, letter: &DeadLetter) -> bool {
        let service = self.service.as_str();
        if let Err(e) = self.append(once, letter).await {
            tracing::error!(
                code = "HO-3008", service, about = letter.code, place = %letter.where_, error = %e,
                "a dead letter could not be written"
            );
            return false;
        }
        metrics::counter!("handoff_dead_letters_total", "service" => service, "code" => letter.code.clone())
            .increment(1);
        tracing::warn!(
            code = letter.code, service, place = %letter.where_, letter = %letter.id,
            "a dead letter was written: see `handoff dead`"
        );
        true
    }

    async fn append(&self, once: &str, letter: &DeadLetter) -> Result<(), LogError> {
        let body = serde_json::to_vec(letter).map(Zeroizing::new).map_err(|e| LogError::Unknown(e.to_string()))?;
        let append = self.log.append_once(DEAD, subject(self.service.as_str()), once, &body);
        tokio::time::timeout(PATIENCE, append).await.map_err(|e| LogError::Unknown(e.to_string()))?.map(drop)
    }
}

/// Hands over every letter that lies on `DEAD` now, oldest first. Returns how many messages there are no letters of the
/// service on whose subject they lie.
///
/// # Errors
/// [`LogError::Unreachable`].
pub async fn read(log: &Log, mut each: impl FnMut(DeadLetter)) -> Result<u64, LogError> {
    let mut follow = log.follow(DEAD, 1, &[]).await?;
    let mut others = 0;
    for _ in 0..follow.waiting() {
        match open(log, &follow.next().await?) {
            Some(letter) => each(letter),
            None => others += 1,
        }
    }
    Ok(others)
}

fn open(log: &Log, raw: &RawEntry) -> Option<DeadLetter> {
    if !raw.published {
        return None;
    }
    let body = log.open_body(raw).map(Zeroizing::new).ok()?;
    let letter: DeadLetter = serde_json::from_slice(&body).ok()?;
    (raw.subject == subject(&letter.service)).then_some(letter)
}

/// Where a service's letters lie.
fn subject(service: &str) -> String {
    format!("dead.{service}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PLANTED: &str = "QUIETWATER-PLANTED-VALUE";

    fn letter(where_: Where, body: Option<Body>) -> DeadLetter {
        let service = "gateway".to_owned();
        DeadLetter { v: 1, id: Uuid::nil(), service, code: "HO-4311".to_owned(), where_, at: LogTime(7), body }
    }

    fn intake() -> Where {
        Where::Intake { partner: Some("river-pd".parse().unwrap()), unit: None }
    }

    #[test]
    fn debug_prints_no_body() {
        let said = format!("{:?}", letter(intake(), Some(Body::of(PLANTED.as_bytes()))));
        assert!(said.contains("river-pd") && said.contains("[withheld]"), "{said}");
        let bytes = format!("{:?}", PLANTED.as_bytes());
        assert!(!said.contains(PLANTED) && !said.contains(&bytes), "{said}");
    }

    #[test]
    fn a_letter_reads_as_it_was_written() {
        let message = Where::Message { stream: "EVENTS".to_owned(), sequence: 17 };
        let large = vec![b'x'; MAX_BODY + 1];
        for sent in [
            letter(intake(), Some(Body::of(PLANTED.as_bytes()))),
            letter(Where::Intake { partner: None, unit: None }, Some(Body::of(&large))),
            letter(message, None),
        ] {
            let text = serde_json::to_string(&sent).unwrap();
            assert!(!text.contains(PLANTED));
            assert_eq!(serde_json::from_str::<DeadLetter>(&text).unwrap(), sent);
        }
    }

    #[test]
    fn a_place_is_said_in_few_words() {
        let unit = Some("river-911".parse().unwrap());
        assert_eq!(Where::Message { stream: "EVENTS".to_owned(), sequence: 17 }.to_string(), "EVENTS 17");
        assert_eq!(intake().to_string(), "intake river-pd");
        assert_eq!(Where::Intake { partner: None, unit }.to_string(), "intake river-911");
    }
}
