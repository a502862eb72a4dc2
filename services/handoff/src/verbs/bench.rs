//! `handoff bench`: what this machine sustains, in ratios taken in one run.
//!
//! A county of ten agencies on a throw-away hub. Nothing is skipped to look fast: partners send documents with their
//! own credentials, every event is validated, sealed, durable, ruled for all ten, on the ledger and in ten views.

mod county;
mod flow;
mod intake;
mod memory;
mod rate;
mod ruling;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use handoff::config::Config;
use handoff::hub::Hub;
use handoff::session::Session;
use serde_json::{Value, json};

use crate::cli::Bench;
use crate::output;

/// Events under way at once, in every phase and for the raw publish too.
const WINDOW: usize = 256;

/// What is to be reached; see the README of this crate.
const TARGETS: [(&str, Target); 8] = [
    ("accepted_ratio", Target::AtLeast(0.8)),
    ("end_to_end_ratio", Target::AtLeast(0.4)),
    ("ruling_warm_us", Target::AtMost(2.0)),
    ("ruling_warm_consented_us", Target::AtMost(2.0)),
    ("ruling_cold_us", Target::AtMost(200.0)),
    ("visible_p99_ms", Target::AtMost(50.0)),
    ("rebuild_ratio", Target::AtLeast(10.0)),
    ("rss_mb", Target::AtMost(300.0)),
];

#[derive(Clone, Copy)]
enum Target {
    AtLeast(f64),
    AtMost(f64),
}

/// `handoff bench`
///
/// # Errors
/// HO-9040 where a phase cannot be carried out; the hub's.
pub async fn bench(options: &Bench, as_json: bool) -> Result<ExitCode> {
    let dir = tempfile::Builder::new().prefix("handoff-bench-").tempdir().context("HO-9040 no temporary folder")?;
    let config = Config::embedded(dir.path().join("hub"));
    let share = |part: f64| Duration::from_secs_f64(options.seconds as f64 * part);
    let say = |text: &str| {
        if !as_json {
            anstream::eprintln!("bench: {text}");
        }
    };

    say("ten agencies register and sign");
    let session = Session::of(Hub::start(&config).await?).await?;
    county::assemble(&session).await?;
    session.close().await?;

    say("raw durable publish and accepted publish, in turns");
    let intake = intake::measure(&config, share(0.3)).await?;
    say(&format!("{:.0} and {:.0} a second", intake.raw, intake.accepted));
    say("the burst is ruled");
    let (started, burst) = (std::time::Instant::now(), intake.events as f64);
    let mut session = Session::of(Hub::start(&config).await?).await?;
    session.hub().context("HO-9040 the bench runs its own hub")?.settle().await?;
    say(&format!("{:.0} a second", burst / started.elapsed().as_secs_f64()));
    say("end to end: ruled, on the ledger and in ten views");
    let flow = flow::measure(&mut session, share(0.4), options.events).await?;
    say(&format!("{:.0} a second", flow.per_second));
    say("publish to visible, at half of that rate");
    let visible = flow::visible(&mut session, flow.per_second / 2.0, share(0.15)).await?;
    let [accepted, ruled, ledger, views] = visible.stages.map(|seconds| seconds * 1000.0);
    say(&format!(
        "half of them accepted after {accepted:.0} ms, ruled after {ruled:.0}, on the ledger after {ledger:.0}, in every \
         view after {views:.0}"
    ));
    let rss = memory::resident(&session.data)?;
    say("one ruling, warm and cold");
    let ruling = ruling::measure(&session.log).await?;
    let events = session.log.last(handoff_spine::log::EVENTS).await?;
    let version = handoff_spine::broker::NatsServer::version(&handoff_spine::broker::NatsServer::find()?)?;
    session.close().await?;
    say("one view, built again");
    let rebuilt = flow::rebuild(&config).await?;

    let found = json!({
        "raw_durable_per_s": whole(intake.raw),
        "accepted_per_s": whole(intake.accepted),
        "accepted_ratio": hundredths(intake.accepted / intake.raw),
        "end_to_end_per_s": whole(flow.per_second),
        "end_to_end_ratio": hundredths(flow.per_second / intake.raw),
        "ruling_warm_us": hundredths(ruling.warm),
        "ruling_warm_consented_us": hundredths(ruling.warm_consented),
        "ruling_cold_us": hundredths(ruling.cold),
        "visible_p50_ms": hundredths(visible.p50 * 1000.0),
        "visible_p99_ms": hundredths(visible.p99 * 1000.0),
        "rebuild_ratio": hundredths(rebuilt / flow.per_second),
        "rss_mb": whole(rss),
        "partners": county::PARTNERS,
        "payload_bytes": intake.payload,
        "events": events,
        "nats_version": version.to_string(),
    });
    if as_json {
        output::print(&found);
    } else {
        show(&found);
    }
    Ok(output::DONE)
}

fn show(found: &Value) {
    let mut table = output::table(&["measure", "found", "target", ""]);
    for (name, value) in found.as_object().into_iter().flatten() {
        let target = TARGETS.iter().find(|(of, _)| of == name).map(|(_, target)| *target);
        let number = value.as_f64().unwrap_or(f64::NAN);
        let (wanted, verdict) = match target {
            Some(Target::AtLeast(least)) => {
                (format!("at least {least}"), if number >= least { "met" } else { "MISSED" })
            }
            Some(Target::AtMost(most)) => (format!("at most {most}"), if number <= most { "met" } else { "MISSED" }),
            None => (String::new(), ""),
        };
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        table.add_row([name.as_str(), shown.as_str(), wanted.as_str(), verdict]);
    }
    anstream::println!("{table}");
}

fn whole(number: f64) -> f64 {
    number.round()
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
