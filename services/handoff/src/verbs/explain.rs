use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use handoff_law::{Bundle, PolicyState, Reason, Scope};
use handoff_schemas::{LogPos, Recipient};
use handoff_spine::log::{LogError, RELEASES};
use handoff_spine::release::{Recorded, WithheldSlice};
use serde_json::{Value, json};

use crate::cli::Explain;
use crate::output;
use handoff::folded::Folded;
use handoff::operator::laws;
use handoff::session::Session;

/// `handoff explain`: the recorded rulings, as they were made, with the law in force then.
///
/// # Errors
/// The session's.
pub async fn explain(data: &Path, what: &Explain, as_json: bool) -> Result<ExitCode> {
    let mut session = Session::open(data).await?;
    if let Some(hub) = session.hub() {
        hub.settle().await?;
    }
    let mut found = rulings(&session, |r| r.unit == what.recipient).await?;
    found.retain(|r| what.source.as_ref().is_none_or(|s| *s == r.ruled.source));
    if let (Some(source), Some(key)) = (&what.source, &what.key) {
        let record = session.vault.id_key().await?.record_id(source, key);
        let mut kept = Vec::new();
        for recorded in found {
            let place = recorded.ruled.event_pos;
            if session.log.entry(place).await?.commit.events.iter().any(|e| e.record == record) {
                kept.push(recorded);
            }
        }
        found = kept;
    }
    let laws = laws(&session).await?;
    let skipped = found.len().saturating_sub(what.last);
    let state = Folded::read(&session.log, None, None).await?.state;
    let shown = found.iter().skip(skipped).rev();
    let shown: Vec<Value> = shown.map(|r| explained(r, laws.at(r.ruled.cause), &flags(&state, r))).collect();
    if as_json {
        output::print(&json!({ "recipient": what.recipient, "rulings": shown }));
    } else if shown.is_empty() {
        anstream::println!(
            "nothing was ever ruled for {}: no agreement names it together with the source",
            what.recipient
        );
    } else {
        for ruling in &shown {
            print(ruling);
        }
    }
    session.close().await?;
    Ok(output::DONE)
}

/// Every recorded ruling for recipients that `wanted` picks, in log order.
///
/// # Errors
/// The log's.
pub async fn rulings(session: &Session, wanted: impl Fn(&Recipient) -> bool) -> Result<Vec<Recorded>> {
    let last = session.log.last(RELEASES).await?;
    let mut all = Vec::new();
    if last == 0 {
        return Ok(all);
    }
    let mut follow = session.log.follow(RELEASES, 1, &[]).await?;
    loop {
        let raw = follow.next().await?;
        if let Some(batch) = session.log.open_batch(&raw)? {
            let recorded = batch.recorded().ok_or(LogError::Unreadable(LogPos(raw.seq)))?;
            all.extend(recorded.into_iter().filter(|r| wanted(&r.ruled.recipient)));
        }
        if raw.seq >= last {
            return Ok(all);
        }
    }
}

/// What the privacy officer is to look at: a consent that, as somebody said later, had ended when this went out (EC-05).
fn flags(state: &PolicyState, recorded: &Recorded) -> Vec<Value> {
    let ruled = &recorded.ruled;
    let scopes = ruled.release.iter().flat_map(|release| &release.scopes);
    let leaned_on = scopes.filter_map(|scope| match scope.parse() {
        Ok(Scope::Consent(consent)) => state.consent(consent),
        _ => None,
    });
    let ended = leaned_on.filter(|consent| consent.released_after_end(&ruled.recipient.unit, ruled.at));
    ended.map(|consent| json!({ "flag": "post_event_release", "consent": consent.facts.consent })).collect()
}

/// A recorded ruling, in the words of the law that it was made under.
fn explained(recorded: &Recorded, law: &Bundle, flags: &[Value]) -> Value {
    let (ruled, ruling) = (&recorded.ruled, recorded.ruling.as_ref());
    let withheld: Vec<Value> = recorded.withheld.iter().map(|slice| in_words(slice, law)).collect();
    json!({
        "event": ruled.event_type,
        "source": ruled.source,
        "recipient": ruled.recipient,
        "ruled_at_position": ruled.cause,
        "event_position": ruled.event_pos,
        "released": ruling.map(output::authority).unwrap_or_default(),
        "release": ruled.release.as_ref().map(|r| r.id),
        "bundle": law.hash,
        "engine": ruling.map(|r| output::text(r, "/engine")),
        "withheld": withheld,
        "replaces": ruled.supersedes,
        "flags": flags,
    })
}

/// The recorded reasons with the plain words that this version of the law has for each.
fn in_words(slice: &WithheldSlice, law: &Bundle) -> Value {
    let reasons = slice.reasons.iter().cloned().map(|mut reason| {
        let code = output::text(&reason, "/reason").parse::<Reason>().ok();
        if let (Some(words), Some(fields)) = (code.and_then(|r| law.reasons.text(r)), reason.as_object_mut()) {
            fields.insert("plain".to_owned(), json!(&*words.plain));
        }
        reason
    });
    json!({ "category": slice.category, "reasons": reasons.collect::<Vec<_>>() })
}

fn print(ruling: &Value) {
    let number = |pointer: &str| ruling.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    anstream::println!(
        "{} from {} (position {}, ruled at {})",
        output::text(ruling, "/event"),
        output::text(ruling, "/source"),
        number("/event_position"),
        number("/ruled_at_position")
    );
    for line in output::items(ruling, "/released") {
        anstream::println!("    got      {}", line.as_str().unwrap_or_default());
    }
    for flag in output::items(ruling, "/flags") {
        anstream::println!(
            "    flagged  {}: consent {} had ended before, as was said later; for the privacy officer to review",
            output::text(flag, "/flag"),
            output::text(flag, "/consent")
        );
    }
    for slice in output::items(ruling, "/withheld") {
        for reason in output::items(slice, "/reasons") {
            anstream::println!(
                "    withheld {}: {} · {} · {} · would change it: {}",
                output::text(slice, "/category"),
                output::text(reason, "/reason"),
                output::text(reason, "/policy"),
                output::text(reason, "/citation"),
                output::text(reason, "/missing")
            );
        }
    }
}
