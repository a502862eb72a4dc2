//! The law: another version carried by the log, then put in force.

use std::collections::BTreeMap;

use anyhow::Result;
use handoff_law::{Bundle, BundleHash, CarriedLaw};
use handoff_policy::Laws;
use handoff_schemas::LogPos;
use handoff_spine::command::Refusal;
use serde_json::json;

use crate::session::Session;

const RECORD: &str = "bundle:law";

/// A version that was put in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activated {
    pub bundle: BundleHash,
    /// From this log position on everything is ruled by it.
    pub position: LogPos,
}

/// The versions on the log, and which is in force from where on.
///
/// # Errors
/// The log's; HO-4004.
pub async fn laws(session: &Session) -> Result<Laws> {
    Ok(Laws::read(&session.log, Bundle::embedded()?).await?)
}

/// Puts the law of these files in force. The log carries each version once; before the first one it also carries what
/// everything was ruled by until then, so that any build can rule it again.
///
/// # Errors
/// The session's. Refusals: HO-1300 to HO-1302 where the files are no law; the registry's.
pub async fn activate(
    session: &Session,
    files: &BTreeMap<String, String>,
    reviewer: &str,
    reason: &str,
) -> Result<std::result::Result<Activated, Refusal>> {
    if let Err(e) = Bundle::parse(files) {
        let remedy = "correct the folder until `handoff law check` accepts it";
        return Ok(Err(Refusal::new(e.code(), e.to_string(), remedy)));
    }
    let known = laws(session).await?;
    let new = CarriedLaw::of(files);
    let began_with = CarriedLaw::of(&Bundle::embedded_files());
    let mut carry = Vec::new();
    if !known.carries_any() {
        carry.push(&began_with);
    }
    if !known.carries(&new.bundle) && carry.first().is_none_or(|first| first.bundle != new.bundle) {
        carry.push(&new);
    }
    for law in carry {
        let key = format!("{RECORD}:carried:{}", law.bundle);
        let data = serde_json::to_value(law)?;
        if let Err(refusal) = session.command("registry", &key, RECORD, "bundle.law-carried.v1", data).await? {
            return Ok(Err(refusal));
        }
    }
    // A second try after a lost answer meets its own command.
    let key = format!("{RECORD}:activated:{}:{}", known.activations().len(), new.bundle);
    let data = json!({ "bundle": new.bundle, "reviewer": reviewer, "reason": reason });
    let answer = session.command("registry", &key, RECORD, "bundle.law-activated.v1", data).await?;
    Ok(answer.map(|accepted| Activated { bundle: new.bundle, position: accepted.position }))
}
