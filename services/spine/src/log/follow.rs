use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, consumer::pull};
use bytes::Bytes;
use futures::StreamExt as _;
use handoff_schemas::LogTime;

use super::{LogError, RELEASES, body_hash};
use crate::broker::is_published;

/// Messages on their way to a reader; a run of rulings weighs up to 512 KiB, an event a kilobyte or two.
const AHEAD: i64 = 512;
const AHEAD_OF_RULINGS: i64 = 8;

/// One stored message, not yet opened.
#[derive(Clone)]
pub struct RawEntry {
    pub stream: Arc<str>,
    pub seq: u64,
    /// Server timestamp.
    pub stored: LogTime,
    pub subject: String,
    pub payload: Bytes,
    /// Whether somebody who may write the subject put it there; see [`crate::broker::is_published`].
    pub published: bool,
}

impl RawEntry {
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        body_hash(&self.payload)
    }
}

/// An ordered consumer: every message from a sequence on, in order, each once, resumed by itself.
pub struct Follow {
    stream: Arc<str>,
    messages: pull::Ordered,
    ready: bool,
    waiting: u64,
}

impl Follow {
    pub(super) async fn start(
        js: &jetstream::Context,
        stream: &str,
        from: u64,
        filters: &[&str],
    ) -> Result<Self, LogError> {
        let name: Arc<str> = stream.into();
        let unreachable = |e: &dyn std::fmt::Display| LogError::Unreachable(e.to_string());
        let stream = js.get_stream_no_info(stream).await.map_err(|e| unreachable(&e))?;
        let deliver = jetstream::consumer::DeliverPolicy::ByStartSequence { start_sequence: from.max(1) };
        let consumer = stream
            .create_consumer(pull::OrderedConfig {
                deliver_policy: deliver,
                filter_subjects: filters.iter().map(|&s| s.to_owned()).collect(),
                max_batch: if *name == *RELEASES { AHEAD_OF_RULINGS } else { AHEAD },
                max_expires: Duration::from_secs(30),
                ..pull::OrderedConfig::default()
            })
            .await
            .map_err(|e| unreachable(&e))?;
        let waiting = consumer.cached_info().num_pending;
        let messages = consumer.messages().await.map_err(|e| unreachable(&e))?;
        Ok(Self { stream: name, messages, ready: false, waiting })
    }

    /// How many messages were stored already when following began.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.waiting
    }

    /// The next message, waiting as long as it takes.
    ///
    /// # Errors
    /// [`LogError::Unreachable`] where the consumer cannot be kept up; follow again from the checkpoint.
    pub async fn next(&mut self) -> Result<RawEntry, LogError> {
        loop {
            let next = self.messages.next().await;
            match next {
                Some(Ok(message)) => {
                    self.ready = true;
                    return raw(&self.stream, &message);
                }
                // The ordered consumer recreates itself after a disconnect; one error is not the end.
                Some(Err(e)) if self.ready => {
                    tracing::warn!(error = %e, "the log consumer is being recreated");
                    self.ready = false;
                }
                Some(Err(e)) => return Err(LogError::Unreachable(e.to_string())),
                None => return Err(LogError::Unreachable("the consumer ended".to_owned())),
            }
        }
    }

    /// The next message if one is already on its way within `patience`; else none.
    ///
    /// # Errors
    /// As [`Follow::next`].
    pub async fn next_within(&mut self, patience: Duration) -> Result<Option<RawEntry>, LogError> {
        match tokio::time::timeout(patience, self.next()).await {
            Ok(found) => found.map(Some),
            Err(_) => Ok(None),
        }
    }
}

fn raw(stream: &Arc<str>, message: &jetstream::Message) -> Result<RawEntry, LogError> {
    let info = message.info().map_err(|e| LogError::Unreachable(e.to_string()))?;
    let stored = LogTime(info.published.unix_timestamp() * 1000 + i64::from(info.published.millisecond()));
    Ok(RawEntry {
        stream: Arc::clone(stream),
        seq: info.stream_sequence,
        stored,
        subject: message.subject.to_string(),
        payload: message.payload.clone(),
        published: is_published(stream, message.subject.as_str(), message.headers.as_ref()),
    })
}
