//! An ask reduced to what policy looks at.

use handoff_schemas::{AskFacts, AskScope, Category, Licence, LogTime, Purpose, Recipient, RecipientKind, UnitId};
use handoff_spine::command::Refusal;
use serde::Deserialize;

use crate::claim::{self, Facts};
use crate::decide::{Given, read};

/// How long an ask lasts where it does not say: a day (rulebook 7.7).
const A_DAY: u32 = 24 * 60;

#[derive(Deserialize)]
struct Requested {
    purpose: Purpose,
    role: Option<RecipientKind>,
    #[serde(default)]
    licence: Licence,
    user: Option<String>,
    recipient: Option<Reader>,
    minutes: Option<u32>,
}

/// Who is to read, where it is not the unit that states the ask.
#[derive(Deserialize)]
pub struct Reader {
    unit: UnitId,
    role: RecipientKind,
}

/// What is asked for, as the document has it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Scope {
    categories: Vec<Category>,
    elements: Vec<String>,
    records: Vec<String>,
    data_from: Option<String>,
    data_before: Option<String>,
}

/// # Errors
/// HO-2506 for a required fact that is missing; HO-2507 to HO-2511 for what cannot be asked so.
pub fn facts(given: &Given<'_>) -> Result<AskFacts, Refusal> {
    let asked: Requested = read(given.item)?;
    let (to, user) = match asked.recipient {
        // What a unit gives is for whoever reads at the recipient.
        Some(reader) => (named(given, reader)?, None),
        None => (own(given, asked.role)?, Some(asked.user.ok_or_else(no_user)?)),
    };
    let facts: Facts = read(given.item)?;
    Ok(AskFacts {
        ask: given.ask,
        person: given.person,
        unit: given.command.unit.clone(),
        to,
        user,
        licence: asked.licence,
        purpose: asked.purpose,
        scope: scope(given)?,
        minutes: asked.minutes.unwrap_or(A_DAY).min(A_DAY),
        claim: claim::of(facts, asked.purpose, given.command.incident.is_some())?,
    })
}

/// The asking unit in the role its user works in now.
fn own(given: &Given<'_>, role: Option<RecipientKind>) -> Result<Recipient, Refusal> {
    let unit = given.command.unit.clone();
    let roles = (given.asks.roles)(&unit).unwrap_or_default();
    let kind = match role {
        Some(role) => Some(role).filter(|r| roles.contains(r)),
        None => roles.first().copied(),
    };
    kind.map(|kind| Recipient { unit, kind }).ok_or_else(|| no_such_role("/role"))
}

/// Another unit, as registered.
///
/// # Errors
/// HO-2508 where it has no such role, or does not exist.
pub fn named(given: &Given<'_>, reader: Reader) -> Result<Recipient, Refusal> {
    let roles = (given.asks.roles)(&reader.unit).unwrap_or_default();
    if !roles.contains(&reader.role) {
        return Err(no_such_role("/recipient"));
    }
    if reader.unit == given.command.unit {
        return Err(Refusal::new(
            "HO-2510",
            "a unit names itself as the recipient",
            "leave `recipient` out: the unit that asks is the one that reads",
        )
        .at("/recipient/unit"));
    }
    Ok(Recipient { unit: reader.unit, kind: reader.role })
}

/// # Errors
/// HO-2509 for a period or a record that the hub could not hold to; it is never taken as no limit.
pub fn scope(given: &Given<'_>) -> Result<AskScope, Refusal> {
    let asked: Scope = read(given.item)?;
    let wrong = |what: &str, place: &str| {
        Refusal::new("HO-2509", what, "correct it, or leave it out to ask for all of the categories").at(place)
    };
    if asked.categories.is_empty() {
        return Err(wrong("the ask names no category", "/categories"));
    }
    let (data_from, data_before) = (asked.data_from.as_deref(), asked.data_before.as_deref());
    let (data_from, data_before) = (data_from.map(instant).transpose()?, data_before.map(instant).transpose()?);
    if data_from.zip(data_before).is_some_and(|(from, before)| before <= from) {
        return Err(wrong("the period ends before it begins", "/data_before"));
    }
    // A unit names records by keys of its own, and only its own.
    let discloses = given.item.data.get("recipient").is_some();
    if !discloses && !asked.records.is_empty() {
        return Err(wrong("records can be named only by the unit that keeps them", "/records"));
    }
    let records = asked.records.iter().map(|key| (given.asks.names)(&given.command.unit, key)).collect();
    Ok(AskScope { categories: asked.categories, elements: asked.elements, records, data_from, data_before })
}

/// # Errors
/// HO-2509 where it is no time.
pub fn instant(text: &str) -> Result<LogTime, Refusal> {
    LogTime::parse(text).ok_or_else(|| Refusal::new("HO-2509", "a time cannot be read", "send RFC 3339 with an offset"))
}

fn no_such_role(place: &str) -> Refusal {
    Refusal::new(
        "HO-2508",
        "the unit does not have this role",
        "name a unit of the hub and a functional role that it is registered with",
    )
    .at(place)
}

fn no_user() -> Refusal {
    Refusal::new(
        "HO-2511",
        "the ask names no user, and nobody else may read under it",
        "name the user as your agency does; reading under the ask takes the same name",
    )
    .at("/user")
}
