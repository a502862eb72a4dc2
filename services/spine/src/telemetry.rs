//! Logs, health and metrics. None of them ever carries data about a person.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use metrics_exporter_prometheus::PrometheusBuilder;
pub use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// Starts logging to standard error; `HANDOFF_LOG` filters (`info` by default). A second call does nothing.
pub fn logs(format: LogFormat) {
    let filter = EnvFilter::try_from_env("HANDOFF_LOG").unwrap_or_else(|_| EnvFilter::new("info,async_nats=warn"));
    let base = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let _ = match format {
        LogFormat::Text => base.with(layer).try_init(),
        LogFormat::Json => base.with(layer.json()).try_init(),
    };
}

/// What each component says of itself; `/readyz` is the sum.
#[derive(Clone, Default)]
pub struct Health {
    components: Arc<RwLock<BTreeMap<String, Result<(), String>>>>,
}

impl Health {
    /// The component serves.
    pub fn ready(&self, component: &str) {
        self.set(component, Ok(()));
    }

    /// The component does not serve, and why (no person data).
    pub fn not_ready(&self, component: &str, why: impl Into<String>) {
        self.set(component, Err(why.into()));
    }

    fn set(&self, component: &str, state: Result<(), String>) {
        self.components.write().unwrap_or_else(PoisonError::into_inner).insert(component.to_owned(), state);
    }

    /// All components serve, and there is at least one.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let components = self.components.read().unwrap_or_else(PoisonError::into_inner);
        !components.is_empty() && components.values().all(Result::is_ok)
    }

    fn report(&self) -> serde_json::Map<String, serde_json::Value> {
        let components = self.components.read().unwrap_or_else(PoisonError::into_inner);
        let said = |state: &Result<(), String>| state.clone().map_or_else(|why| why, |()| "ready".to_owned());
        components.iter().map(|(name, state)| (name.clone(), said(state).into())).collect()
    }
}

/// Installs the metrics recorder of this process; a second call returns none.
#[must_use]
pub fn metrics() -> Option<PrometheusHandle> {
    PrometheusBuilder::new().install_recorder().ok()
}

/// Serves `/healthz`, `/readyz` and `/metrics` until shutdown, and says at which address.
///
/// # Errors
/// The address cannot be bound.
pub async fn serve(
    address: SocketAddr,
    health: Health,
    prometheus: Option<PrometheusHandle>,
    shutdown: CancellationToken,
) -> std::io::Result<(SocketAddr, tokio::task::JoinHandle<()>)> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    let app = Router::new()
        .route("/healthz", get(|| async { Json(json!({"status": "alive"})) }))
        .route("/readyz", get(ready))
        .with_state(health)
        .route("/metrics", get(move || async move { prometheus.map(|p| p.render()).unwrap_or_default() }));
    let task = tokio::spawn(async move {
        let served = axum::serve(listener, app).with_graceful_shutdown(shutdown.cancelled_owned()).await;
        if let Err(e) = served {
            tracing::error!(error = %e, "the health and metrics listener ended");
        }
    });
    Ok((bound, task))
}

async fn ready(State(health): State<Health>) -> impl IntoResponse {
    let status = if health.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"ready": health.is_ready(), "components": health.report()})))
}
