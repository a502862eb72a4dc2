//! The log on JetStream: single-message commits, optimistic concurrency, ordered reading.

mod follow;
mod guard;
mod pack;

use std::time::Duration;

use async_nats::jetstream::{
    self,
    context::{PublishError, PublishErrorKind},
    message::PublishMessage,
};
use bytes::Bytes;
use handoff_schemas::{LogPos, LogTime};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

pub use follow::{Follow, RawEntry};
pub use guard::{Checkpoint, Regression};

use crate::broker::is_published;
use crate::commit::{Commit, Entry};
use crate::release::{Batch, ToldBatch};
use crate::vault::LogKey;

/// `EVENTS` and its siblings; names are part of the deployment's contract with operators.
pub const EVENTS: &str = "EVENTS";
pub const RELEASES: &str = "RELEASES";
pub const ACCESS: &str = "ACCESS";
pub const DEAD: &str = "DEAD";

/// The most an event's sealed body may weigh (design.md): 512 KiB.
pub const MAX_COMMIT: usize = 512 * 1024;
/// The most a run of rulings may weigh. One ruling of the largest event is a third larger than the event, since its
/// ciphertexts are written twice as text; the server takes 8 MB.
const MAX_RULINGS: usize = 4 * MAX_COMMIT;

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Somebody appended to the subject (or stream) since the state was read: read again and decide again.
    #[error("HO-3001 the record moved on since it was read: read it again and decide again")]
    Conflict,
    /// The ack did not come; the append may or may not be durable. Read again before repeating.
    #[error("HO-3002 no acknowledgement from the log: read the record again before repeating: {0}")]
    Unknown(String),
    #[error("HO-3003 the log is not reachable: check that nats-server runs and the credential is valid: {0}")]
    Unreachable(String),
    #[error("HO-3004 the sealed message is {0} bytes, more than may be stored: send attachments as references")]
    TooLarge(usize),
    #[error("HO-3005 a message of the log cannot be opened at position {0}: check that the log key is the right one")]
    Unreadable(LogPos),
    #[error("HO-3006 {0}")]
    Regression(#[from] Regression),
}

/// A message on its way to the log. Its fate is unknown until [`Sent::acknowledged`] says so.
#[must_use = "an append whose acknowledgement nobody awaits may have failed"]
pub struct Sent(jetstream::context::PublishAckFuture);

impl Sent {
    /// Waits until the message is durable.
    ///
    /// # Errors
    /// [`LogError::Conflict`], [`LogError::Unknown`], [`LogError::Unreachable`].
    pub async fn acknowledged(self) -> Result<LogPos, LogError> {
        self.0.await.map(|a| LogPos(a.sequence)).map_err(publish_error)
    }
}

/// Append and read, with one service's credential.
#[derive(Clone)]
pub struct Log {
    js: jetstream::Context,
    key: LogKey,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Log")
    }
}

impl Log {
    #[must_use]
    pub fn new(client: async_nats::Client, key: LogKey) -> Self {
        let js = jetstream::context::ContextBuilder::new()
            .timeout(Duration::from_secs(10))
            .ack_timeout(Duration::from_secs(10))
            .build(client);
        Self { js, key }
    }

    #[must_use]
    pub fn client(&self) -> async_nats::Client {
        self.js.client()
    }

    /// Seals `body` for `subject` and appends it where the subject's last sequence is `last` (0: no message yet).
    ///
    /// # Errors
    /// [`LogError::Conflict`] where it is not; [`LogError::Unknown`] where the ack got lost.
    pub async fn append_after_subject(&self, subject: String, last: u64, body: &[u8]) -> Result<LogPos, LogError> {
        let sealed = self.seal(&subject, body)?;
        let message = PublishMessage::build().payload(sealed).expected_last_subject_sequence(last);
        self.send(EVENTS, subject, message).await
    }

    /// Seals and sends where the whole stream's last sequence is `last`: the one-writer rule of `RELEASES`. Further
    /// messages may be sent before the first is acknowledged: the server takes them in order, and refuses all that
    /// follow one it refused.
    ///
    /// # Errors
    /// As [`Log::append_after_subject`]; the conflict comes with the acknowledgement.
    pub async fn send_after_stream(&self, subject: String, last: u64, body: &[u8]) -> Result<Sent, LogError> {
        let packed = pack::pack(body).ok_or(LogError::TooLarge(body.len()))?;
        let sealed = self.seal_within(&subject, &packed, MAX_RULINGS)?;
        let message = PublishMessage::build().payload(sealed).expected_last_sequence(last);
        let ack = self.js.send_publish(subject, message.expected_stream(RELEASES)).await.map_err(publish_error)?;
        Ok(Sent(ack))
    }

    /// Seals and appends without a condition.
    ///
    /// # Errors
    /// As [`Log::append_after_subject`], never a conflict.
    pub async fn append(&self, stream: &str, subject: String, body: &[u8]) -> Result<LogPos, LogError> {
        let sealed = self.seal(&subject, body)?;
        self.send(stream, subject, PublishMessage::build().payload(sealed)).await
    }

    /// As [`Log::append`], but not again within two minutes of a message with the same `id`, which stands in the clear.
    ///
    /// # Errors
    /// As [`Log::append`].
    pub async fn append_once(&self, stream: &str, subject: String, id: &str, body: &[u8]) -> Result<LogPos, LogError> {
        let sealed = self.seal(&subject, body)?;
        self.send(stream, subject, PublishMessage::build().payload(sealed).message_id(id)).await
    }

    pub(crate) fn seal_for(&self, context: &str, body: &[u8]) -> Result<Bytes, ()> {
        self.key.seal(context.as_bytes(), body).map(Into::into).map_err(|_| ())
    }

    pub(crate) fn open_for(&self, context: &str, body: &[u8]) -> Result<Vec<u8>, ()> {
        self.key.open(context.as_bytes(), body).map_err(|_| ())
    }

    fn seal(&self, subject: &str, body: &[u8]) -> Result<Bytes, LogError> {
        self.seal_within(subject, body, MAX_COMMIT)
    }

    fn seal_within(&self, subject: &str, body: &[u8], most: usize) -> Result<Bytes, LogError> {
        let sealed = self.key.seal(subject.as_bytes(), body).map_err(|e| LogError::Unreachable(e.to_string()))?;
        if sealed.len() > most + 64 {
            return Err(LogError::TooLarge(sealed.len()));
        }
        Ok(sealed.into())
    }

    async fn send(&self, stream: &str, subject: String, message: PublishMessage) -> Result<LogPos, LogError> {
        // Only who may publish a subject can say which stream it expects: readers skip what does not say so.
        let message = message.expected_stream(stream);
        let ack = self.js.send_publish(subject, message).await.map_err(publish_error)?;
        ack.await.map(|a| LogPos(a.sequence)).map_err(publish_error)
    }

    /// A digest under the log key: what follows from it nobody foresees who does not hold that.
    #[must_use]
    pub fn digest(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        self.key.digest(label, parts)
    }

    /// The last sequence of a stream, from `STREAM.INFO` (a direct get may come from a lagging replica).
    ///
    /// # Errors
    /// [`LogError::Unreachable`].
    pub async fn last(&self, stream: &str) -> Result<u64, LogError> {
        let stream = self.js.get_stream_no_info(stream).await.map_err(unreachable_log)?;
        Ok(stream.get_info().await.map_err(unreachable_log)?.state.last_sequence)
    }

    /// The stored bytes of one message.
    ///
    /// # Errors
    /// [`LogError::Unreachable`], also where the position does not exist.
    pub async fn raw(&self, stream: &str, pos: LogPos) -> Result<RawEntry, LogError> {
        let s = self.js.get_stream_no_info(stream).await.map_err(unreachable_log)?;
        let m = s.get_raw_message(pos.0).await.map_err(unreachable_log)?;
        Ok(raw_entry(stream, m))
    }

    /// One commit of `EVENTS`, opened.
    ///
    /// # Errors
    /// [`LogError::Unreadable`] where it does not open under the log key.
    pub async fn entry(&self, pos: LogPos) -> Result<Entry, LogError> {
        self.open(&self.raw(EVENTS, pos).await?)
    }

    /// Opens a message of `EVENTS`. What nobody entitled put there says nothing: a commit without events.
    ///
    /// # Errors
    /// [`LogError::Unreadable`].
    pub fn open(&self, raw: &RawEntry) -> Result<Entry, LogError> {
        if !raw.published {
            noise(raw);
            let commit = Commit::nothing();
            return Ok(Entry { pos: LogPos(raw.seq), stored: raw.stored, hash: raw.hash(), bytes: 0, commit });
        }
        let body = self.open_body(raw)?;
        let commit: Commit = serde_json::from_slice(&body).map_err(|_| LogError::Unreadable(LogPos(raw.seq)))?;
        Ok(Entry { pos: LogPos(raw.seq), stored: raw.stored, hash: raw.hash(), bytes: raw.payload.len(), commit })
    }

    /// Opens a message of `RELEASES`; none for what nobody entitled put there.
    ///
    /// # Errors
    /// [`LogError::Unreadable`].
    pub fn open_batch(&self, raw: &RawEntry) -> Result<Option<Batch>, LogError> {
        self.open_rulings(raw)
    }

    /// The same, without what was withheld: all that a view needs.
    ///
    /// # Errors
    /// [`LogError::Unreadable`].
    pub fn open_told(&self, raw: &RawEntry) -> Result<Option<ToldBatch>, LogError> {
        self.open_rulings(raw)
    }

    fn open_rulings<T: DeserializeOwned>(&self, raw: &RawEntry) -> Result<Option<T>, LogError> {
        let Some(body) = self.open_published(raw)? else { return Ok(None) };
        serde_json::from_slice(&body).map(Some).map_err(|_| LogError::Unreadable(LogPos(raw.seq)))
    }

    /// Opens any sealed stream body; none for what nobody entitled put there.
    ///
    /// # Errors
    /// [`LogError::Unreadable`].
    pub fn open_published(&self, raw: &RawEntry) -> Result<Option<Vec<u8>>, LogError> {
        if !raw.published {
            noise(raw);
            return Ok(None);
        }
        self.open_body(raw).map(Some)
    }

    /// Opens any sealed stream body, whoever put it there.
    ///
    /// # Errors
    /// [`LogError::Unreadable`].
    pub fn open_body(&self, raw: &RawEntry) -> Result<Vec<u8>, LogError> {
        let unreadable = || LogError::Unreadable(LogPos(raw.seq));
        let body = self.key.open(raw.subject.as_bytes(), &raw.payload).map_err(|_| unreadable())?;
        if *raw.stream == *RELEASES { pack::unpack(&body).ok_or_else(unreadable) } else { Ok(body) }
    }

    /// All messages of one subject, oldest first: a record's history.
    ///
    /// # Errors
    /// [`LogError::Unreachable`], [`LogError::Unreadable`].
    pub async fn history(&self, subject: &str) -> Result<Vec<Entry>, LogError> {
        let stream = self.js.get_stream_no_info(EVENTS).await.map_err(unreachable_log)?;
        let mut entries = Vec::new();
        let mut from = 1;
        loop {
            match stream.raw_message_builder().next_by_subject(subject).sequence(from).send().await {
                Ok(m) => {
                    from = m.sequence + 1;
                    entries.push(self.open(&raw_entry(EVENTS, m))?);
                }
                Err(e) if e.kind() == jetstream::stream::RawMessageErrorKind::NoMessageFound => return Ok(entries),
                Err(e) => return Err(unreachable_log(e)),
            }
        }
    }

    /// Follows a stream in order, from `from` (at least 1), for ever.
    ///
    /// # Errors
    /// [`LogError::Unreachable`] at the start; later failures end the stream of entries.
    pub async fn follow(&self, stream: &str, from: u64, filters: &[&str]) -> Result<Follow, LogError> {
        Follow::start(&self.js, stream, from, filters).await
    }
}

fn raw_entry(stream: &str, m: jetstream::message::StreamMessage) -> RawEntry {
    RawEntry {
        stream: stream.into(),
        seq: m.sequence,
        stored: LogTime(m.time.unix_timestamp() * 1000 + i64::from(m.time.millisecond())),
        published: is_published(stream, m.subject.as_str(), Some(&m.headers)),
        subject: m.subject.to_string(),
        payload: m.payload,
    }
}

/// Somebody made the server write where they may not: an attack, or a fault of ours. It has no effect.
fn noise(raw: &RawEntry) {
    metrics::counter!("handoff_noise_total").increment(1);
    tracing::error!(
        code = "HO-3007", stream = %raw.stream, sequence = raw.seq,
        "a stream holds a message that no entitled service published; it is ignored"
    );
}

fn publish_error(e: PublishError) -> LogError {
    match e.kind() {
        PublishErrorKind::WrongLastSequence | PublishErrorKind::WrongLastMessageId => LogError::Conflict,
        PublishErrorKind::MaxPayloadExceeded => LogError::TooLarge(0),
        PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => LogError::Unknown(e.to_string()),
        _ => LogError::Unreachable(e.to_string()),
    }
}

fn unreachable_log(e: impl std::fmt::Display) -> LogError {
    LogError::Unreachable(e.to_string())
}

/// SHA-256 of a stored body.
#[must_use]
pub fn body_hash(payload: &[u8]) -> [u8; 32] {
    Sha256::digest(payload).into()
}
