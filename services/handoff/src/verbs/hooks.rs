use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use handoff::config::Config;
use handoff::folded::Folded;
use handoff::hub::Ground;
use handoff::operator::{OfHook, review_hook};
use handoff::session::{Session, running};
use handoff_law::{Acts, Bundle, Hook};
use handoff_policy::Laws;
use handoff_schemas::HookReview;
use handoff_spine::broker::ServiceName;
use serde_json::{Value, json};

use crate::cli::{Hooks, ReviewHook};
use crate::output;

/// `handoff law hooks`: by the log of a hub that runs or is stopped. No service is started.
///
/// # Errors
/// The broker's and the vault's; HO-1445 where the law has no hook of the place.
pub async fn list(data: &Path, of: &Hooks, as_json: bool) -> Result<ExitCode> {
    let mut config = Config::from_env(data);
    if let Some(running) = running(data) {
        config.nats_url = Some(running.nats);
    }
    let ground = Ground::open(&config).await?;
    let read = read(&ground).await;
    ground.store.close().await;
    ground.broker.stop().await?;
    let (folded, bundle) = read?;
    let there = |hook: &&Hook| of.jurisdiction.as_ref().is_none_or(|place| *place == hook.jurisdiction);
    let hooks: Vec<&Hook> = bundle.hooks.all().filter(there).collect();
    if hooks.is_empty() {
        let place = of.jurisdiction.as_deref().unwrap_or_default();
        bail!("HO-1445 the law has no hook of `{place}`: see `handoff law hooks` for the places it has");
    }
    let rows: Vec<Value> = hooks.into_iter().map(|hook| row(hook, folded.state.hook_reviews(&hook.id))).collect();
    if as_json {
        output::print(&json!({ "bundle": bundle.hash, "hooks": rows }));
    } else {
        print(&rows);
    }
    Ok(output::DONE)
}

/// What the log says, and the law in force by it.
async fn read(ground: &Ground) -> Result<(Folded, Arc<Bundle>)> {
    let log = ground.log(ServiceName::Operator).await?;
    let laws = Laws::read(&log, Bundle::embedded()?).await?;
    Ok((Folded::read(&log, None, None).await?, Arc::clone(laws.in_force())))
}

fn row(hook: &Hook, reviews: &[HookReview]) -> Value {
    let in_force = match hook.effect.acts() {
        Acts::AtOnce => true,
        Acts::OnceReviewed => !reviews.is_empty(),
        Acts::Never => false,
    };
    json!({
        "hook": hook.id, "jurisdiction": hook.jurisdiction, "regulates": hook.regulates, "effect": hook.effect.word(),
        "acts": hook.effect.acts(), "age": hook.age(), "in_force": in_force, "reviews": reviews, "citation": hook.cite,
        "source": hook.source, "mark": hook.mark, "says": hook.paraphrase,
    })
}

fn print(rows: &[Value]) {
    let mut table = output::table(&["hook", "effect", "in force", "reviewed by", "law"]);
    for row in rows {
        let text = |at: &str| output::text(row, at).to_owned();
        let in_force = row.pointer("/in_force").and_then(Value::as_bool).unwrap_or_default();
        let state = match (text("/acts").as_str(), in_force) {
            (_, true) => "yes",
            ("once-reviewed", false) => "once reviewed",
            _ => "informs",
        };
        let by: Vec<String> = output::items(row, "/reviews").map(reviewer).collect();
        table.add_row([text("/hook"), text("/effect"), state.to_owned(), by.join("; "), text("/citation")]);
    }
    anstream::println!("{table}");
    anstream::println!("what is not marked checked, its reviewer reads first: `--json` has source and words of each");
}

/// Who reviewed it, when, and for which agreement.
fn reviewer(review: &Value) -> String {
    let said = |at: &str, before: &str| match output::text(review, at) {
        "" => String::new(),
        text => format!("{before}{text}"),
    };
    let age = review.pointer("/age").and_then(Value::as_u64).map(|age| format!(", age {age}")).unwrap_or_default();
    let (by, on) = (said("/reviewed_by", ""), said("/reviewed_on", ", "));
    format!("{by}{on}{age}{}", said("/agreement", ", for "))
}

/// `handoff law review`
///
/// # Errors
/// The session's.
pub async fn review(data: &Path, what: &ReviewHook, as_json: bool) -> Result<ExitCode> {
    let session = Session::open(data).await?;
    let said = OfHook {
        hook: &what.hook,
        jurisdiction: what.jurisdiction.as_deref(),
        by: &what.by,
        on: what.on,
        agreement: what.agreement.as_ref(),
        age: what.age,
        withdrawn: what.withdraw,
    };
    let answer = review_hook(&session, &said).await;
    session.close().await?;
    Ok(match answer? {
        Ok(done) => {
            if as_json {
                output::print(&json!({
                    "hook": what.hook, "jurisdiction": what.jurisdiction, "reviewed_by": what.by,
                    "withdrawn": what.withdraw, "position": done.position,
                }));
            } else {
                let became = if what.withdraw { "the review is taken back" } else { "the review is recorded" };
                anstream::println!("{became} as of log position {}; see `handoff law hooks`", done.position);
            }
            output::DONE
        }
        Err(e) => output::refused(&e, as_json),
    })
}
