//! Requests between services over NATS: sealed bodies, one queue group a service, discoverable.

use std::future::Future;
use std::time::Duration;

use futures::StreamExt as _;
use serde::{Serialize, de::DeserializeOwned};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::log::{Log, LogError};

/// Requests under way at once in one service.
const WINDOW: usize = 1024;

/// Serves one subject until shutdown. A body that does not open is not answered: its sender is no service.
///
/// # Errors
/// [`LogError::Unreachable`] where the subject cannot be subscribed to.
pub async fn serve<Req, Rep, F, Fut>(
    log: &Log,
    service: &str,
    subject: &str,
    shutdown: CancellationToken,
    ready: impl FnOnce(),
    handle: F,
) -> Result<(), LogError>
where
    Req: DeserializeOwned + Send + 'static,
    Rep: Serialize + Send + 'static,
    F: Fn(Req) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Rep> + Send + 'static,
{
    let client = log.client();
    let mut requests = client
        .queue_subscribe(subject.to_owned(), service.to_owned())
        .await
        .map_err(|e| LogError::Unreachable(e.to_string()))?;
    client.flush().await.map_err(|e| LogError::Unreachable(e.to_string()))?;
    ready();
    let tasks = TaskTracker::new();
    let window = std::sync::Arc::new(tokio::sync::Semaphore::new(WINDOW));
    loop {
        let message = tokio::select! {
            () = shutdown.cancelled() => break,
            next = requests.next() => match next { Some(m) => m, None => break },
        };
        let Some(reply) = message.reply.clone() else { continue };
        let Ok(permit) = std::sync::Arc::clone(&window).acquire_owned().await else { break };
        let (log, client, handle, subject) = (log.clone(), client.clone(), handle.clone(), subject.to_owned());
        tasks.spawn(async move {
            let _permit = permit;
            let Ok(body) = log.open_request(&subject, &message.payload) else {
                tracing::warn!(subject, "a request that does not open under the log key was dropped");
                return;
            };
            let Ok(request) = serde_json::from_slice::<Req>(&body) else {
                tracing::warn!(subject, "a request of another version was dropped");
                return;
            };
            let answer = handle(request).await;
            if let Ok(sealed) = serde_json::to_vec(&answer).map_err(|_| ()).and_then(|b| log.seal_reply(&subject, &b))
                && let Err(e) = client.publish(reply, sealed).await
            {
                tracing::warn!(subject, error = %e, "an answer could not be sent");
            }
        });
    }
    drop(requests);
    tasks.close();
    tasks.wait().await;
    let _ = client.flush().await;
    Ok(())
}

/// Asks another service and waits for its answer.
///
/// # Errors
/// [`LogError::Unknown`] where no answer came in `patience`: the request may have been carried out.
pub async fn ask<Req: Serialize, Rep: DeserializeOwned>(
    log: &Log,
    subject: &str,
    request: &Req,
    patience: Duration,
) -> Result<Rep, LogError> {
    let unknown = |e: &dyn std::fmt::Display| LogError::Unknown(e.to_string());
    let body = serde_json::to_vec(request).map_err(|e| unknown(&e))?;
    let sealed = log.seal_request(subject, &body).map_err(|()| LogError::Unknown("sealing failed".to_owned()))?;
    let answer = tokio::time::timeout(patience, log.client().request(subject.to_owned(), sealed))
        .await
        .map_err(|e| unknown(&e))?
        .map_err(|e| unknown(&e))?;
    let body =
        log.open_reply(subject, &answer.payload).map_err(|()| LogError::Unknown("no answer opens".to_owned()))?;
    serde_json::from_slice(&body).map_err(|e| unknown(&e))
}

impl Log {
    fn seal_request(&self, subject: &str, body: &[u8]) -> Result<bytes::Bytes, ()> {
        self.seal_for(&format!("request {subject}"), body)
    }

    fn open_request(&self, subject: &str, body: &[u8]) -> Result<Vec<u8>, ()> {
        self.open_for(&format!("request {subject}"), body)
    }

    fn seal_reply(&self, subject: &str, body: &[u8]) -> Result<bytes::Bytes, ()> {
        self.seal_for(&format!("reply {subject}"), body)
    }

    fn open_reply(&self, subject: &str, body: &[u8]) -> Result<Vec<u8>, ()> {
        self.open_for(&format!("reply {subject}"), body)
    }
}
