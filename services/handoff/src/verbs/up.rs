use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use handoff::config::Config;
use handoff::hub::{self, Hub};
use handoff_spine::broker::ServiceName;
use handoff_spine::telemetry;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::{RunService, ServiceArg, Up};
use crate::output;
use handoff::session::{Running, running};

/// Runs the whole hub until SIGTERM or Ctrl-C.
///
/// # Errors
/// What kept it from starting, or what ended it.
pub async fn up(data: &Path, options: Up, json: bool) -> Result<ExitCode> {
    if let Some(other) = running(data) {
        bail!("HO-9015 a hub already runs on this data folder (process {}): stop it first", other.pid);
    }
    let prometheus = telemetry::metrics();
    let mut hub = Hub::start(&Config::from_env(data)).await?;
    let shutdown = CancellationToken::new();
    let (address, listener) = telemetry::serve(options.http, hub.health.clone(), prometheus, shutdown.clone())
        .await
        .with_context(|| format!("HO-9016 {} cannot be listened on: give another --http", options.http))?;
    let state = Running { nats: hub.broker.url().to_owned(), http: Some(address.to_string()), pid: std::process::id() };
    let file = Config::run_file(data);
    std::fs::write(&file, serde_json::to_string_pretty(&state)?)?;
    if json {
        output::print(&json!({ "ready": true, "http": address.to_string(), "nats": state.nats }));
    } else {
        anstream::println!("the hub serves; data in {}, health on http://{address}/readyz", data.display());
        anstream::println!("stop it with Ctrl-C or SIGTERM");
    }
    let ended = tokio::select! {
        stopped = stopped() => stopped,
        failed = hub.failed() => failed,
    };
    tracing::info!("stopping");
    let _ = std::fs::remove_file(&file);
    shutdown.cancel();
    let _ = listener.await;
    match ended {
        Ok(()) => hub.stop().await.map(|()| output::DONE),
        Err(failed) => {
            hub.abort().await?;
            Err(failed)
        }
    }
}

/// Runs one service until SIGTERM or Ctrl-C.
///
/// # Errors
/// As [`up`].
pub async fn run(data: &Path, options: RunService, json: bool) -> Result<ExitCode> {
    let config = Config::from_env(data);
    if config.nats_url.is_none() || config.database_url.is_none() {
        bail!(
            "HO-9017 one service alone needs the others' broker and database: set NATS_URL and DATABASE_URL, or use \
             `handoff up`"
        );
    }
    let prometheus = telemetry::metrics();
    let shutdown = CancellationToken::new();
    let mut part = hub::Part::start(&config, &[name(options.service)]).await?;
    let (address, listener) = telemetry::serve(options.http, part.health.clone(), prometheus, shutdown.clone()).await?;
    if json {
        output::print(&json!({ "ready": true, "http": address.to_string() }));
    } else {
        anstream::println!("{} serves; health on http://{address}/readyz", name(options.service));
    }
    let ended = tokio::select! {
        stopped = stopped() => stopped,
        failed = part.failed() => failed,
    };
    shutdown.cancel();
    let _ = listener.await;
    match ended {
        Ok(()) => part.stop().await.map(|()| output::DONE),
        Err(failed) => {
            part.abort().await?;
            Err(failed)
        }
    }
}

const fn name(service: ServiceArg) -> ServiceName {
    match service {
        ServiceArg::Registry => ServiceName::Registry,
        ServiceArg::Identity => ServiceName::Identity,
        ServiceArg::Encounter => ServiceName::Encounter,
        ServiceArg::Consent => ServiceName::Consent,
        ServiceArg::Referral => ServiceName::Referral,
        ServiceArg::Ask => ServiceName::Ask,
        ServiceArg::Privacy => ServiceName::Privacy,
        ServiceArg::Policy => ServiceName::Policy,
        ServiceArg::Ledger => ServiceName::Ledger,
        ServiceArg::Views => ServiceName::Views,
        ServiceArg::Gateway => ServiceName::Gateway,
    }
}

/// Waits for Ctrl-C or SIGTERM.
///
/// # Errors
/// Where signals cannot be waited for.
pub async fn stopped() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}
