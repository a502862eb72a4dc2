use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use comfy_table::ColumnConstraint;
use data_encoding::BASE64;
use handoff::config::Config;
use handoff::hub::Ground;
use handoff::session::running;
use handoff_spine::broker::ServiceName;
use handoff_spine::dead::{self, Body, DeadLetter};
use handoff_spine::log::Log;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cli::Dead;
use crate::output;

/// `handoff dead`: joins the hub that runs, or starts its broker alone, since a service may have stopped on the very
/// message that a letter is about.
///
/// # Errors
/// The broker's and the vault's; HO-9024, HO-9025.
pub async fn dead(data: &Path, what: &Dead, as_json: bool) -> Result<ExitCode> {
    let mut config = Config::from_env(data);
    if let Some(running) = running(data) {
        config.nats_url = Some(running.nats);
    }
    let ground = Ground::open(&config).await?;
    let done = async {
        let log = ground.log(ServiceName::Operator).await?;
        match what.body {
            Some(id) => body(&log, id, as_json).await,
            None => list(&log, as_json).await,
        }
    };
    let done = done.await;
    ground.store.close().await;
    ground.broker.stop().await?;
    done
}

async fn list(log: &Log, as_json: bool) -> Result<ExitCode> {
    let mut table = output::table(&["time", "service", "code", "where", "bytes", "id"]);
    if let Some(id) = table.column_mut(5) {
        // Broken over two lines it could not be given to `--body`.
        id.set_constraint(ColumnConstraint::ContentWidth);
    }
    let mut letters = Vec::new();
    let others = dead::read(log, |letter| {
        let row = row(&letter);
        let cell = |field: &str| output::text(&row, field).to_owned();
        let bytes = letter.body.as_ref().map(|body| body.size().to_string()).unwrap_or_default();
        let place = letter.where_.to_string();
        table.add_row([cell("/at"), cell("/service"), cell("/code"), place, bytes, cell("/id")]);
        letters.push(row);
    })
    .await?;
    if as_json {
        output::print(&json!({ "letters": letters, "unreadable": others }));
        return Ok(output::DONE);
    }
    if !letters.is_empty() {
        anstream::println!("{table}");
    }
    anstream::println!("{} dead letters", letters.len());
    if others > 0 {
        anstream::println!("{others} messages more that are no letters of the service on whose subject they lie");
    }
    Ok(output::DONE)
}

/// A letter without what it keeps.
fn row(letter: &DeadLetter) -> Value {
    let at = jiff::Timestamp::from_millisecond(letter.at.0).map(|at| at.to_string()).unwrap_or_default();
    let body = match &letter.body {
        None => Value::Null,
        Some(Body::Whole(bytes)) => json!({ "bytes": bytes.len(), "kept": true }),
        Some(Body::Cut { sha256, bytes }) => json!({ "bytes": bytes, "kept": false, "sha256": sha256 }),
    };
    json!({
        "id": letter.id, "at": at, "service": letter.service, "code": letter.code, "where": letter.where_,
        "body": body,
    })
}

async fn body(log: &Log, id: Uuid, as_json: bool) -> Result<ExitCode> {
    let mut found = None;
    dead::read(log, |letter| {
        if letter.id == id {
            found = Some(letter);
        }
    })
    .await?;
    let Some(letter) = found else { bail!("HO-9024 there is no dead letter `{id}`: see `handoff dead`") };
    match letter.body {
        Some(Body::Whole(bytes)) if as_json => output::print(&json!({ "id": id, "body": BASE64.encode(&bytes) })),
        Some(Body::Whole(bytes)) => {
            // Past `anstream`, which would take out what looks like a colour: these are the bytes as they came.
            let mut out = std::io::stdout().lock();
            out.write_all(&bytes)?;
            out.flush()?;
        }
        Some(Body::Cut { bytes, .. }) => {
            bail!("HO-9025 what was sent had {bytes} bytes, too many to keep: ask its sender for it")
        }
        None => bail!("HO-9025 this letter keeps nothing: the message it is about lies on its stream"),
    }
    Ok(output::DONE)
}
