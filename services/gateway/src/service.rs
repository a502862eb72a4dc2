use std::sync::Arc;

use futures::StreamExt as _;
use handoff_schemas::PartnerId;
use handoff_spine::command::Refusal;
use handoff_spine::log::LogError;
use handoff_spine::service::{Service, ServiceError};
use handoff_spine::telemetry::Health;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::publish::Publisher;
use crate::read::Reader;
use crate::wire::Reply;

/// Largest request a partner may send, bytes.
const MAX_REQUEST: usize = 8 * 1024 * 1024;
/// Requests under way at once.
const WINDOW: usize = 512;

/// Which partner an account key belongs to; the broker's list.
pub type PartnerOf = Arc<dyn Fn(&str) -> Option<PartnerId> + Send + Sync>;

/// What the gateway is given at its start.
pub struct Options {
    pub reader: Reader,
    pub publisher: Publisher,
    pub partner_of: PartnerOf,
    pub health: Health,
}

/// Answers partners on `in.<account key>.<operation>`: the server itself writes the key, so nobody speaks as another.
pub struct Gateway {
    options: Arc<Options>,
}

impl Gateway {
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options: Arc::new(options) }
    }
}

impl Service for Gateway {
    const NAME: &'static str = "gateway";

    async fn run(self, shutdown: CancellationToken) -> Result<(), ServiceError> {
        let client = self.options.reader.log.client();
        let unreachable = |e: &dyn std::fmt::Display| LogError::Unreachable(e.to_string());
        let mut requests =
            client.queue_subscribe("in.*.>", Self::NAME.to_owned()).await.map_err(|e| unreachable(&e))?;
        client.flush().await.map_err(|e| unreachable(&e))?;
        self.options.health.ready(Self::NAME);
        let tasks = TaskTracker::new();
        let window = Arc::new(tokio::sync::Semaphore::new(WINDOW));
        loop {
            let message = tokio::select! {
                () = shutdown.cancelled() => break,
                next = requests.next() => match next { Some(m) => m, None => break },
            };
            let Some(reply) = message.reply.clone() else { continue };
            let Ok(permit) = Arc::clone(&window).acquire_owned().await else { break };
            let (options, client) = (Arc::clone(&self.options), client.clone());
            tasks.spawn(async move {
                let _permit = permit;
                let answer = options.answer(message.subject.as_str(), &message.payload).await;
                if let Err(e) = client.publish(reply, answer.into()).await {
                    tracing::warn!(error = %e, "an answer could not be sent");
                }
            });
        }
        drop(requests);
        tasks.close();
        tasks.wait().await;
        let _ = client.flush().await;
        Ok(())
    }
}

impl Options {
    /// Answers one request; the reply is JSON whatever happened.
    pub async fn answer(&self, subject: &str, payload: &[u8]) -> Vec<u8> {
        let mut tokens = subject.splitn(3, '.').skip(1);
        let partner = tokens.next().and_then(|account| (self.partner_of)(account));
        let operation = tokens.next().unwrap_or_default();
        let Some(partner) = partner else {
            return bytes::<()>(Err(Refusal::new(
                "HO-4304",
                "this account belongs to no partner of the hub",
                "ask the hub operator to register your agency and issue a credential",
            )));
        };
        if payload.len() > MAX_REQUEST {
            return bytes::<()>(Err(Refusal::new("HO-4305", "the request is larger than 8 MiB", "send less at once")));
        }
        match operation {
            "publish" => match request(payload) {
                Ok(asked) => bytes(self.publisher.publish(&partner, &asked).await),
                Err(e) => bytes::<()>(Err(e)),
            },
            "read" => match request(payload) {
                Ok(asked) => bytes(self.reader.read(&partner, &asked).await),
                Err(e) => bytes::<()>(Err(e)),
            },
            _ => {
                bytes::<()>(Err(Refusal::new("HO-4306", "there is no such operation", "use `in.publish` or `in.read`")))
            }
        }
    }
}

fn request<T: serde::de::DeserializeOwned>(payload: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(payload).map_err(|e| {
        // The parser's own words may quote the input; the place does not.
        Refusal::new("HO-4307", "the request is not of the expected form", "see the gateway's README for the form")
            .at(format!("line {} column {}", e.line(), e.column()))
    })
}

fn bytes<T: Serialize>(result: Result<T, Refusal>) -> Vec<u8> {
    serde_json::to_vec(&Reply::from(result)).unwrap_or_else(|_| b"{\"error\":{\"code\":\"HO-4303\"}}".to_vec())
}
