//! What the hub's operator does: register agencies and units, put agreements and the law in force, link people, record
//! reviews.
//! Every act is a command with a key of its own, so that a second try does nothing twice.

mod agreement;
mod hooks;
mod law;
mod reviews;

use anyhow::{Context as _, Result, bail};
use handoff_schemas::{PersonId, UnitId};
use handoff_spine::command::{Accepted, Refusal};
use serde_json::{Value, json};

pub use agreement::{Loaded, load, standing, suspend};
pub use hooks::{OfHook, review_hook};
pub use law::{Activated, activate, laws};
pub use reviews::{Kind, Review, Waiting, review, waiting};

use crate::session::Session;

/// What a service answered; the outer error is the transport's.
pub type Done = Result<Result<Accepted, Refusal>>;

/// Registers and activates; both are idempotent.
///
/// # Errors
/// The session's.
pub async fn add_partner(session: &Session, partner: &str, facts: Value) -> Done {
    let record = format!("partner:{partner}");
    let key = format!("{record}:registered");
    let registered = session.command("registry", &key, &record, "partner.partner-registered.v1", facts).await?;
    if registered.is_err() {
        return Ok(registered);
    }
    let key = format!("{record}:activated");
    let data = json!({ "partner": partner });
    session.command("registry", &key, &record, "partner.partner-activated.v1", data).await
}

/// Registers a unit's present status; a changed status is a new version of the registration.
///
/// # Errors
/// The session's.
pub async fn add_unit(session: &Session, unit: &str, facts: Value) -> Done {
    let record = format!("unit:{unit}");
    let key = format!("{record}:{}", fingerprint(facts.to_string().as_bytes()));
    session.command("registry", &key, &record, "unit.unit-registered.v1", facts).await
}

/// Declares what the operator is by law; each declaration takes the place of the one before, the same one again too.
///
/// # Errors
/// The session's.
pub async fn declare_operator(session: &Session, facts: Value) -> Done {
    let record = "operator:hub-operator";
    let key = format!("{record}:{}", uuid::Uuid::now_v7());
    session.command("registry", &key, record, "partner.operator-declared.v1", facts).await
}

/// Links two agencies' local ids.
///
/// # Errors
/// The session's, or an argument that is not `unit:local-id`.
pub async fn link_persons(session: &Session, a: &str, b: &str, approver: &str) -> Done {
    let ((unit_a, local_a, person_a), (unit_b, local_b, person_b)) =
        (named(session, a).await?, named(session, b).await?);
    let (Some(person_a), Some(person_b)) = (person_a, person_b) else {
        return Ok(Err(Refusal::new(
            "HO-9018",
            "one of the two local ids was never used with this hub",
            "publish something about the person first, or check the ids",
        )));
    };
    let key = format!("link:{person_a}:{person_b}");
    let record = format!("local:{local_a}");
    let data = json!({
        "other": { "unit": unit_b, "local_id": local_b }, "method": "manual-review", "approver": approver,
    });
    let event = [key.as_str(), record.as_str(), "person.identity-linked.v1"];
    session.command_as(&unit_a, "identity", event, data, Some(person_b)).await
}

async fn named(session: &Session, text: &str) -> Result<(UnitId, String, Option<PersonId>)> {
    let Some((unit, local)) = text.split_once(':') else {
        bail!("HO-9019 `{text}` is not of the form unit:local-id");
    };
    let unit: UnitId = unit.parse().context("HO-9019 the unit is no slug")?;
    let person = session.person(&unit, local).await?;
    Ok((unit, local.to_owned(), person))
}

fn fingerprint(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(bytes)).chars().take(16).collect()
}
