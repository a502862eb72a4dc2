//! The shape every service has: `Options` -> a service that runs until shutdown -> a cheap `Handle`.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use crate::log::LogError;

/// Why a service stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("{0}")]
    Store(String),
    #[error("HO-3400 {0}: correct the setting and start again")]
    Config(String),
    /// Going on would release or record something wrong.
    #[error("{code} {message}")]
    Stop { code: &'static str, message: String },
}

/// A component that runs until it is told to stop.
pub trait Service: Send + 'static {
    /// The name in health, logs, credentials and `handoff run <NAME>`.
    const NAME: &'static str;

    /// Runs until `shutdown`; work that was acknowledged is finished first.
    ///
    /// # Errors
    /// A [`ServiceError`] where it cannot go on; the supervisor reports it and stops the hub.
    fn run(self, shutdown: CancellationToken) -> impl Future<Output = Result<(), ServiceError>> + Send;
}
