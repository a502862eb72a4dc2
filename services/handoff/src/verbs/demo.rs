//! `handoff demo`: one night of an invented county, from the 911 call to the follow-up, told by the hub itself.
//!
//! Nothing here is staged: five agencies publish and read with their own credentials, the reasons are read back from
//! the recorded rulings, and a step that does not come out as told ends the demo with its code.

mod cast;
mod emergency;
mod letter;
mod night;
mod probe;
mod proof;
mod sight;
mod stops;
mod tell;
mod why;
mod words;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use handoff::config::Config;
use handoff::hub::Hub;
use handoff::session::{Running, Session};
use handoff_spine::command::Refusal;
use handoff_spine::telemetry::{self, PrometheusHandle};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::cli::Demo;
use crate::output;
use crate::verbs::up;
use cast::Player;
use tell::Teller;

/// `handoff demo`
///
/// # Errors
/// HO-9030 where the folder is in use; HO-9031 to HO-9039, HO-9085 and HO-9086 where a step does not come out as told.
pub async fn demo(data: &Path, options: &Demo, as_json: bool) -> Result<ExitCode> {
    fresh(data)?;
    // Always on its own broker and SQLite files: a demo writes invented people, never into a hub that is in use.
    let config = Config { nemsis_xsd: Config::from_env(data).nemsis_xsd, ..Config::embedded(data) };
    let prometheus = options.keep.then(telemetry::metrics).flatten();
    let started = Instant::now();
    let mut session = Session::of(Hub::start(&config).await?).await?;
    let teller = Teller::new(as_json);
    let told = play(&mut session, &teller).await;
    let ended = match told {
        Ok(told) => {
            teller.end(&session.data, started.elapsed(), options.keep);
            if as_json {
                output::print(&told);
            }
            if options.keep { keep(&mut session, options, prometheus).await } else { Ok(()) }
        }
        Err(e) => Err(e),
    };
    session.close().await?;
    ended.map(|()| output::DONE)
}

/// A demo starts from nothing, and leaves what is there alone.
fn fresh(data: &Path) -> Result<()> {
    let is_empty = match std::fs::read_dir(data) {
        Ok(mut entries) => entries.next().is_none(),
        Err(e) => e.kind() == std::io::ErrorKind::NotFound,
    };
    if !is_empty {
        bail!("HO-9030 {} is not an empty folder: give the demo a new one with --data", data.display());
    }
    Ok(())
}

/// The whole story; the value is what `--json` prints.
async fn play(session: &mut Session, teller: &Teller) -> Result<Value> {
    teller.opening();
    let players = cast::assemble(session).await?;
    happen(session, &players, teller).await?;

    let sights = sight::all(session, &players).await?;
    teller.side_by_side(&sights);
    let persons = night::persons(session).await?;
    teller.why();
    for sight in &sights {
        let withheld = why::withheld(session, sight.player.unit(), &persons).await?;
        teller.reasons(sight, &why::got(sight), &withheld);
    }
    let views: Map<String, Value> = sights
        .iter()
        .map(|s| {
            let events: Vec<Value> = s.rows.iter().map(sight::Seen::as_value).collect();
            (s.player.id.to_owned(), json!({ "kind": s.player.kind(), "events": events }))
        })
        .collect();

    let probe = probe::ask(&players).await?;
    teller.probe(&probe);
    let emergency = emergency::ask(session, &players).await?;
    teller.emergency(&emergency);
    let revocation = stops::revoke(session, &players).await?;
    teller.revocation(&revocation);
    let suspension = stops::suspend(session, &players).await?;
    teller.suspension(&suspension);
    let sound = proof::verify(session).await?;
    let tamper = proof::tamper(session).await?;
    teller.proof(&sound, &tamper);
    teller.letter(&letter::write(session, &persons).await?);

    Ok(json!({
        "views": views,
        "revocation": {
            "rows_before": revocation.rows_before, "rows_after": revocation.rows_after, "stop_ms": (revocation.stop_ms * 1000.0).round() / 1000.0,
        },
        "probe": { "known_sha256": probe.known_sha256, "unknown_sha256": probe.unknown_sha256 },
        "emergency": {
            "medicines": emergency.medicines, "citations": emergency.citations,
            "documented": emergency.documented.iter().cloned().collect::<BTreeMap<_, _>>(),
            "known_sha256": emergency.known_sha256, "unknown_sha256": emergency.unknown_sha256,
        },
        "suspension": { "stopped": suspension.stopped, "kept": suspension.kept },
        "tamper": { "found": tamper.found, "where": tamper.place },
        "ledger": { "entries": sound.entries, "verified": sound.verified },
    }))
}

/// The night and the morning after, step by step.
async fn happen(session: &mut Session, players: &[Player], teller: &Teller) -> Result<()> {
    for step in &night::STEPS {
        night::publish(players, step).await?;
        teller.step(step);
        if step.file == "disposition.json" {
            teller.morning();
        }
        if step.file == "part2-medication.json" {
            sight::settle(session).await?;
            let shelter = players.iter().find(|p| p.agency.kind() == "CBO").context("the demo has no shelter")?;
            let referral = referral_id(&sight::of(shelter).await?)?;
            teller.step(night::accept(players, referral).await?);
        }
    }
    night::publish_elsewhere(players).await?;
    let ids = night::link(session).await?;
    teller.linked(ids);
    Ok(())
}

/// The referral as the shelter's own view names it.
fn referral_id(sight: &sight::Sight) -> Result<uuid::Uuid> {
    let row = sight.rows.iter().find(|r| words::event_name(&r.event_type) == "referral-created");
    let id = row.and_then(|r| words::text(&r.ruling, "/record")).and_then(|id| id.parse().ok());
    id.context("HO-9032 the shelter's view does not show the referral it should accept: report this")
}

/// Says where the hub is and how it does, like `handoff up`, and waits for Ctrl-C.
async fn keep(session: &mut Session, options: &Demo, prometheus: Option<PrometheusHandle>) -> Result<()> {
    let (nats, file) = (session.url.clone(), Config::run_file(&session.data));
    let hub = session.hub().context("the demo runs its own hub")?;
    let shutdown = CancellationToken::new();
    let (address, listener) = telemetry::serve(options.http, hub.health.clone(), prometheus, shutdown.clone())
        .await
        .with_context(|| format!("HO-9016 {} cannot be listened on: give another --http", options.http))?;
    let state = Running { nats, http: Some(address.to_string()), pid: std::process::id() };
    std::fs::write(&file, serde_json::to_string_pretty(&state)?)?;
    let ended = tokio::select! {
        stopped = up::stopped() => stopped,
        failed = hub.failed() => failed,
    };
    let _ = std::fs::remove_file(&file);
    shutdown.cancel();
    let _ = listener.await;
    ended
}

/// A refusal where the story has none: the demo ends with the hub's own code and remedy.
fn refused(refusal: Refusal) -> anyhow::Error {
    anyhow::Error::new(refusal).context("HO-9031 the hub refused a step of the demo")
}
