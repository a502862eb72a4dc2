mod event;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use handoff::config::Config;
use handoff::folded::{self, Folded};
use handoff::hub::Ground;
use handoff::session::running;
use handoff_law::{Bundle, Explanation, Grant, Question, Reason, SliceRuling, change, consent_words, explain};
use handoff_policy::Laws;
use handoff_schemas::{Category, ElementSet, LogTime, Purpose, Recipient, RecipientKind, Registry, UnitFacts, UnitId};
use handoff_spine::broker::ServiceName;
use serde_json::{Value, json};

use crate::cli::Rule;
use crate::output;
use event::WouldBe;

/// `handoff rule`: who would get what of an event, by the log of a hub that runs or is stopped. Nothing is published and
/// no service is started.
///
/// # Errors
/// The broker's and the vault's; HO-9013, HO-9018 to HO-9020, HO-9070 to HO-9076.
pub async fn rule(data: &Path, what: &Rule, as_json: bool) -> Result<ExitCode> {
    let mut config = Config::from_env(data);
    if let Some(running) = running(data) {
        config.nats_url = Some(running.nats);
    }
    let ground = Ground::open(&config).await?;
    let done = answer(&ground, what, as_json).await;
    ground.store.close().await;
    ground.broker.stop().await?;
    done
}

async fn answer(ground: &Ground, what: &Rule, as_json: bool) -> Result<ExitCode> {
    let purpose = what.purpose.as_deref().map(purpose).transpose()?;
    let until = what.at.as_deref().map(instant).transpose()?;
    let log = ground.log(ServiceName::Operator).await?;
    let laws = Laws::read(&log, Bundle::embedded()?).await?;
    let ids = ground.vault.id_key().await?;
    let wanted = what.event.as_ref().map(|key| ids.record_id(&what.from, key));
    let folded = Folded::read(&log, until, wanted).await?;
    let bundle: &Bundle = laws.at(folded.state.pos());
    let at = until.unwrap_or_else(|| folded.at.advance(LogTime::from(jiff::Timestamp::now())));
    let from = registered(&folded, what.from.as_str())?;
    let person = match &what.person {
        Some(text) => {
            let (unit, local) = named(&folded, text)?;
            let record = ids.record_id(&unit, &format!("local:{local}"));
            Some(folded::person(&log, record).await?)
        }
        None => None,
    };
    let event = match &what.event {
        Some(key) => WouldBe::logged(&folded, key)?,
        None => WouldBe::supposed(bundle, from, what, (&folded, at), person)?,
    };
    let facts = event.facts(&from.unit);
    let source = handoff_policy::source_kind(&folded.state, &from.unit);
    let mut rows = Vec::new();
    for recipient in recipients(&folded, from, &what.to)? {
        let (state, event) = (&folded.state, &facts);
        let question = Question { bundle, state, event, recipient: &recipient, purpose, at };
        let ruling = question.ruling();
        for (slice, said) in ruling.slices.iter().zip(explain(bundle, &ruling)) {
            rows.push(row(&question, source, slice, &said, what.why)?);
        }
    }
    if as_json {
        let at = jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_string()).unwrap_or_default();
        output::print(&json!({
            "from": from.unit, "type": facts.event_type, "purpose": purpose, "at": at,
            "position": folded.state.pos(), "bundle": bundle.hash, "rulings": rows,
        }));
    } else {
        print(&rows, what.why);
    }
    Ok(output::DONE)
}

fn purpose(code: &str) -> Result<Purpose> {
    match code.parse::<Purpose>() {
        Ok(purpose) => Ok(purpose),
        Err(e) => bail!("HO-9072 `{code}` is {e}"),
    }
}

fn instant(text: &str) -> Result<LogTime> {
    match LogTime::parse(text) {
        Some(at) => Ok(at),
        None => bail!("HO-9074 `{text}` is no instant: write it as in 2026-11-02T21:40:00Z"),
    }
}

fn registered<'a>(folded: &'a Folded, unit: &str) -> Result<&'a UnitFacts> {
    match unit.parse::<UnitId>().ok().and_then(|id| folded.state.unit(&id)) {
        Some(facts) => Ok(facts),
        None => bail!("HO-9013 unit `{unit}` is not registered with this hub at that time: see `handoff unit list`"),
    }
}

/// A unit and its own id of somebody: `unit/local-id`, or as other verbs write it, `unit:local-id`.
fn named(folded: &Folded, text: &str) -> Result<(UnitId, String)> {
    let Some((unit, local)) = text.split_once(['/', ':']) else {
        bail!("HO-9019 `{text}` is not of the form unit/local-id");
    };
    Ok((registered(folded, unit)?.unit.clone(), local.to_owned()))
}

/// Whom `--to` names: a unit in one of its roles, in all of them, or every other unit in every role.
fn recipients(folded: &Folded, from: &UnitFacts, to: &str) -> Result<Vec<Recipient>> {
    let roles = |u: &UnitFacts| {
        let of = |kind: &RecipientKind| Recipient { unit: u.unit.clone(), kind: *kind };
        u.roles.iter().map(of).collect::<Vec<_>>()
    };
    if to == "all" {
        return Ok(folded.state.units().filter(|u| u.unit != from.unit).flat_map(roles).collect());
    }
    let (unit, kind) = match to.split_once('/') {
        Some((unit, kind)) => (registered(folded, unit)?, Some(kind)),
        None => (registered(folded, to)?, None),
    };
    let mut all = roles(unit);
    if let Some(code) = kind {
        all.retain(|r| r.kind.code() == code);
        if all.is_empty() {
            let reads: Vec<&str> = unit.roles.iter().map(|k| k.code()).collect();
            bail!("HO-9073 `{}` does not read as `{code}`: it reads as {}", unit.unit, reads.join(", "));
        }
    }
    Ok(all)
}

/// One recipient and category: nothing in it is about a person.
fn row(
    question: &Question<'_>,
    source: RecipientKind,
    slice: &SliceRuling,
    said: &Explanation,
    why: bool,
) -> Result<Value> {
    let bundle = question.bundle;
    let grants = slice.outcome.grants();
    let (shown, all) = fields(question, source, slice.category, &slice.outcome.elements())?;
    let goes = !grants.is_empty() && shown > 0;
    let left_out = || bundle.reasons.text(Reason::NotInTemplate).map(|t| t.plain.to_string()).unwrap_or_default();
    let reason = match (goes, grants.is_empty()) {
        (true, _) => None,
        (false, true) => said.points.first().map(|p| p.plain.clone()),
        (false, false) => Some(left_out()),
    };
    let templates: Vec<&str> = grants.iter().map(|g| &*g.template).collect();
    let authority: Vec<String> = grants.iter().filter(|_| goes).map(authority).collect();
    let mut row = json!({
        "recipient": question.recipient, "category": slice.category, "released": goes, "templates": templates,
        "fields": shown, "of": all, "authority": authority, "reason": reason,
    });
    if let Some(row) = row.as_object_mut().filter(|_| why) {
        row.insert("why".to_owned(), points(said));
        let change = change(question, slice.category);
        let change = change.map(|c| json!({ "fact": c, "words": c.words(bundle) }));
        row.insert("change".to_owned(), change.unwrap_or_default());
    }
    Ok(row)
}

/// How many of the type's fields in this category the elements show, and how many there are.
fn fields(
    question: &Question<'_>,
    source: RecipientKind,
    category: Category,
    allowed: &ElementSet,
) -> Result<(usize, usize)> {
    let leaves = Registry::embedded().leaves(question.event.event_type).map_err(|e| anyhow::anyhow!("{e}"))?;
    let of_category = || leaves.iter().filter(move |l| l.category.resolve(source) == category);
    Ok((of_category().filter(|l| allowed.contains(l.element(source))).count(), of_category().count()))
}

/// What one grant rests on. A consent by its type alone: which record it is would tell of a person.
fn authority(grant: &Grant) -> String {
    let agreement = grant.agreement.as_ref().map(|a| format!("agreement {} v{} ({})", a.id, a.version, a.clause));
    let consent = grant.consent.as_ref().map(|c| format!("consent: {}", consent_words(c.consent_type)));
    let by: Vec<String> = agreement.into_iter().chain(consent).collect();
    if by.is_empty() { grant.citation.to_string() } else { by.join(" + ") }
}

fn points(said: &Explanation) -> Value {
    let point = |p: &handoff_law::Point| {
        json!({
            "policies": p.policies, "reason": p.reason, "clause": p.clause, "citation": p.citation, "plain": p.plain,
        })
    };
    said.points.iter().map(point).collect()
}

fn print(rows: &[Value], why: bool) {
    let mut table = output::table(&["recipient", "category", "gets it", "template", "fields", "authority, or why not"]);
    for row in rows {
        let goes = row.pointer("/released").and_then(Value::as_bool).unwrap_or_default();
        let number = |at: &str| row.pointer(at).and_then(Value::as_u64).unwrap_or_default();
        let words = |at: &str| output::items(row, at).filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
        let (template, fields, by) = if goes {
            (words("/templates"), format!("{} of {}", number("/fields"), number("/of")), words("/authority"))
        } else {
            (String::new(), String::new(), output::text(row, "/reason").to_owned())
        };
        let answer = if goes { "yes" } else { "no" }.to_owned();
        table.add_row([recipient(row), output::text(row, "/category").to_owned(), answer, template, fields, by]);
    }
    anstream::println!("{table}");
    if rows.is_empty() {
        anstream::println!("nobody else is registered with this hub");
    }
    for row in rows.iter().filter(|_| why) {
        because(row);
    }
}

fn recipient(row: &Value) -> String {
    format!("{}/{}", output::text(row, "/recipient/unit"), output::text(row, "/recipient/kind"))
}

fn because(row: &Value) {
    anstream::println!("{} · {}", recipient(row), output::text(row, "/category"));
    for point in output::items(row, "/why") {
        let policies = output::items(point, "/policies").filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
        let (citation, plain) = (output::text(point, "/citation"), output::text(point, "/plain"));
        anstream::println!("    {policies} · {citation} · {plain}");
    }
    if let Some(words) = row.pointer("/change/words").and_then(Value::as_str) {
        anstream::println!("    would change it: {words}");
    }
}
