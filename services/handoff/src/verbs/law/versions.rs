//! Versions of the law: checked, put in force, listed.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use handoff::operator::{activate, laws};
use handoff::session::Session;
use handoff_law::{Bundle, BundleError};
use handoff_policy::Laws;
use serde_json::{Value, json};

use super::folder;
use crate::cli::ActivateLaw;
use crate::output;

/// `handoff law check`: whether a folder is a law that a hub can rule by. Needs no hub.
///
/// # Errors
/// HO-9020 where the folder cannot be read.
pub fn check(dir: &Path, as_json: bool) -> Result<ExitCode> {
    Ok(match Bundle::parse(&folder::read(dir)?) {
        Ok(bundle) => {
            output::said(as_json, &json!({ "bundle": bundle.hash, "valid": true }), || {
                format!("law {} is valid", bundle.hash)
            });
            output::DONE
        }
        Err(e) => refused(&e, dir, as_json),
    })
}

/// `handoff law activate`: from the answer's log position on everything is ruled by this version, and what stands is
/// ruled again.
///
/// # Errors
/// The session's; HO-9020 where the folder cannot be read.
pub async fn put_in_force(data: &Path, what: &ActivateLaw, as_json: bool) -> Result<ExitCode> {
    let files = folder::read(&what.dir)?;
    if let Err(e) = Bundle::parse(&files) {
        return Ok(refused(&e, &what.dir, as_json));
    }
    let mut session = Session::open(data).await?;
    let code = match activate(&session, &files, &what.reviewer, &what.reason).await? {
        Ok(done) => {
            // A hub of this verb's own ends with it: what stands is ruled again before.
            if let Some(hub) = session.hub() {
                hub.settle().await?;
            }
            output::said(as_json, &json!({ "bundle": done.bundle, "position": done.position }), || {
                format!("law {} is in force as of log position {}", done.bundle, done.position)
            });
            output::DONE
        }
        Err(refusal) => output::refused(&refusal, as_json),
    };
    session.close().await?;
    Ok(code)
}

/// `handoff law list`: which version was in force from where on, and who reviewed it.
///
/// # Errors
/// The session's.
pub async fn list(data: &Path, as_json: bool) -> Result<ExitCode> {
    let session = Session::open(data).await?;
    let laws = laws(&session).await?;
    let rows = rows(&laws);
    if as_json {
        let (in_force, carried) = (laws.in_force().hash, laws.carried().collect::<Vec<_>>());
        output::print(&json!({ "in_force": in_force, "versions": rows, "carried": carried }));
    } else {
        let mut table = output::table(&["law", "from position", "since", "reviewed by", "reason"]);
        for row in &rows {
            let position = row.pointer("/from_position").map(ToString::to_string).unwrap_or_default();
            let cell = |field: &str| output::text(row, field).to_owned();
            table.add_row([cell("/bundle"), position, cell("/since"), cell("/reviewer"), cell("/reason")]);
        }
        anstream::println!("{table}");
    }
    session.close().await?;
    Ok(output::DONE)
}

/// In log order, the last one in force.
fn rows(laws: &Laws) -> Vec<Value> {
    let first = json!({
        "bundle": laws.first().hash, "from_position": 1, "since": null, "reviewer": null,
        "reason": "the law that the log began with",
    });
    let later = laws.activations().map(|a| {
        let since = jiff::Timestamp::from_millisecond(a.at.0).map(|at| at.to_string()).ok();
        json!({
            "bundle": a.bundle, "from_position": a.position, "since": since, "reviewer": a.reviewer, "reason": a.reason,
        })
    });
    std::iter::once(first).chain(later).collect()
}

fn refused(error: &BundleError, dir: &Path, as_json: bool) -> ExitCode {
    if as_json {
        let file = error.file();
        output::print(&json!({
            "error": { "code": error.code(), "folder": dir, "file": file, "message": error.to_string() },
        }));
    } else {
        anstream::eprintln!("refused: {error}");
    }
    ExitCode::from(1)
}
