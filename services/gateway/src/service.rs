use std::sync::Arc;

use futures::StreamExt as _;
use handoff_schemas::PartnerId;
use handoff_spine::broker::ServiceName;
use handoff_spine::command::Refusal;
use handoff_spine::dead::{DeadLetters, Where};
use handoff_spine::log::LogError;
use handoff_spine::service::{Service, ServiceError};
use handoff_spine::telemetry::Health;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::publish::Publisher;
use crate::read::Reader;
use crate::wire::{Publish, PublishReply, Reply, View};

/// Largest request a partner may send, bytes.
const MAX_REQUEST: usize = 8 * 1024 * 1024;
/// Requests under way at once.
const WINDOW: usize = 512;
const READ: &str = "read";

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
///
/// What comes without a reply subject is taken in the same way and answered by nobody; where it is refused, its dead
/// letter is all that is left of it.
pub struct Gateway {
    options: Arc<Options>,
    dead: DeadLetters,
}

impl Gateway {
    #[must_use]
    pub fn new(options: Options) -> Self {
        let dead = DeadLetters::new(options.reader.log.clone(), ServiceName::Gateway);
        Self { options: Arc::new(options), dead }
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
            // A read that nobody hears would only leave an access record of what nobody read.
            if message.reply.is_none() && addressed(message.subject.as_str()).1 == READ {
                continue;
            }
            let Ok(permit) = Arc::clone(&window).acquire_owned().await else { break };
            let (options, dead, client) = (Arc::clone(&self.options), self.dead.clone(), client.clone());
            tasks.spawn(async move {
                let _permit = permit;
                let answered = options.answer(message.subject.as_str(), &message.payload).await;
                let is_told = match message.reply {
                    None => false,
                    Some(reply) => match client.publish(reply, answered.reply.into()).await {
                        Ok(()) => true,
                        Err(e) => {
                            tracing::warn!(error = %e, "an answer could not be sent");
                            false
                        }
                    },
                };
                if let Some(refused) = answered.refused.filter(|_| !is_told)
                    && let Some(from) = options.loses(refused.partner, &message.payload)
                {
                    dead.refused(from, &refused.code, &message.payload).await;
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

/// What one request came to.
struct Answered {
    /// JSON, whatever happened.
    reply: Vec<u8>,
    /// Set where what was sent was to come in, and did not.
    refused: Option<Refused>,
}

struct Refused {
    partner: Option<PartnerId>,
    code: String,
}

impl Options {
    async fn answer(&self, subject: &str, payload: &[u8]) -> Answered {
        let (account, operation) = addressed(subject);
        let partner = (self.partner_of)(account);
        if operation == READ {
            return Answered { reply: bytes(self.read(partner.as_ref(), payload).await), refused: None };
        }
        let taken = self.take_in(partner.as_ref(), operation, payload).await;
        let refused = taken.as_ref().err().map(|e| Refused { partner, code: e.code.clone() });
        Answered { reply: bytes(taken), refused }
    }

    async fn read(&self, partner: Option<&PartnerId>, payload: &[u8]) -> Result<View, Refusal> {
        let partner = asker(partner, payload)?;
        self.reader.read(partner, &request(payload)?).await
    }

    async fn take_in(
        &self,
        partner: Option<&PartnerId>,
        operation: &str,
        payload: &[u8],
    ) -> Result<PublishReply, Refusal> {
        let partner = asker(partner, payload)?;
        match operation {
            "publish" => self.publisher.publish(partner, &request(payload)?).await,
            _ => Err(Refusal::new("HO-4306", "there is no such operation", "use `in.publish` or `in.read`")),
        }
    }

    /// Whose document is lost where nobody hears that it was refused; none where nothing was to be stored.
    fn loses(&self, partner: Option<PartnerId>, payload: &[u8]) -> Option<Where> {
        let asked: Option<Publish> = request(payload).ok();
        if asked.as_ref().is_some_and(|asked| asked.check) {
            return None;
        }
        // Only the sender's own unit is named: whatever else stands in its place is the sender's word, about anybody.
        let unit = asked.map(|asked| asked.unit).filter(|unit| {
            self.reader.directory.unit(unit).is_some_and(|known| partner.as_ref() == Some(&known.partner))
        });
        Some(Where::Intake { partner, unit })
    }
}

/// The account and the operation of `in.<account>.<operation>`.
fn addressed(subject: &str) -> (&str, &str) {
    let mut tokens = subject.splitn(3, '.').skip(1);
    (tokens.next().unwrap_or_default(), tokens.next().unwrap_or_default())
}

/// The partner that asks, where it may ask this much.
fn asker<'a>(partner: Option<&'a PartnerId>, payload: &[u8]) -> Result<&'a PartnerId, Refusal> {
    let partner = partner.ok_or_else(|| {
        Refusal::new(
            "HO-4304",
            "this account belongs to no partner of the hub",
            "ask the hub operator to register your agency and issue a credential",
        )
    })?;
    if payload.len() > MAX_REQUEST {
        return Err(Refusal::new("HO-4305", "the request is larger than 8 MiB", "send less at once"));
    }
    Ok(partner)
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
