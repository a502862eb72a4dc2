use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use handoff::operator::{self, Review, Waiting};
use handoff::session::Session;
use handoff_schemas::{LogTime, ReviewOutcome};
use serde_json::{Value, json};

use crate::cli::{OutcomeArg, RecordReview};
use crate::output;

/// `handoff review list`: 1 where a review is overdue.
///
/// # Errors
/// The session's.
pub async fn list(data: &Path, as_json: bool) -> Result<ExitCode> {
    let session = Session::open(data).await?;
    let waiting = operator::waiting(&session).await;
    session.close().await?;
    let waiting = waiting?;
    let now = LogTime::from(jiff::Timestamp::now());
    let is_overdue = |w: &Waiting| w.due.is_some_and(|due| due <= now);
    let overdue = waiting.iter().filter(|w| is_overdue(w)).count();
    if as_json {
        let rows: Vec<Value> = waiting.iter().map(|w| row(w, is_overdue(w))).collect();
        output::print(&json!({ "waiting": rows, "overdue": overdue }));
    } else {
        let mut table = output::table(&["ask", "what", "unit", "user", "asked", "review until"]);
        for w in &waiting {
            let until = match w.due {
                Some(due) if is_overdue(w) => format!("{}, overdue", instant(due)),
                Some(due) => instant(due),
                None => "opens nothing before it".to_owned(),
            };
            let user = w.user.clone().unwrap_or_default();
            table.add_row([
                w.id.to_string(),
                w.what.words().to_owned(),
                w.unit.to_string(),
                user,
                instant(w.made),
                until,
            ]);
        }
        if !waiting.is_empty() {
            anstream::println!("{table}");
        }
        anstream::println!("{} await a review, {overdue} of them overdue", waiting.len());
    }
    Ok(if overdue == 0 { output::DONE } else { ExitCode::from(1) })
}

/// `handoff review record`
///
/// # Errors
/// The session's.
pub async fn record(data: &Path, what: &RecordReview, as_json: bool) -> Result<ExitCode> {
    let session = Session::open(data).await?;
    let review = Review { outcome: outcome(what.outcome), by: &what.by, note: what.note.as_deref() };
    let answer = operator::review(&session, what.ask, &review).await;
    session.close().await?;
    Ok(match answer? {
        Ok(accepted) => {
            if as_json {
                output::print(&json!({
                    "ask": what.ask, "outcome": review.outcome, "by": what.by, "duplicate": accepted.duplicate,
                }));
            } else {
                anstream::println!("{}", consequence(review.outcome));
            }
            output::DONE
        }
        Err(e) => output::refused(&e, as_json),
    })
}

/// What follows at once.
const fn consequence(outcome: ReviewOutcome) -> &'static str {
    match outcome {
        ReviewOutcome::Appropriate => "recorded: the use was appropriate",
        ReviewOutcome::Abuse => "recorded: nothing is read under this ask from now on",
        ReviewOutcome::Release => "recorded: what the order names is released, and nothing else",
        ReviewOutcome::Refuse => "recorded: nothing is released under this paper from now on",
    }
}

fn row(w: &Waiting, is_overdue: bool) -> Value {
    json!({
        "ask": w.id, "what": w.what.words(), "unit": w.unit, "user": w.user, "asked": instant(w.made),
        "due": w.due.map(instant), "overdue": is_overdue,
    })
}

fn instant(at: LogTime) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}

const fn outcome(arg: OutcomeArg) -> ReviewOutcome {
    match arg {
        OutcomeArg::Appropriate => ReviewOutcome::Appropriate,
        OutcomeArg::Abuse => ReviewOutcome::Abuse,
        OutcomeArg::Release => ReviewOutcome::Release,
        OutcomeArg::Refuse => ReviewOutcome::Refuse,
    }
}
