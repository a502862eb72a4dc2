//! What the person would be told: an accounting of disclosures in plain words (45 CFR 164.528, 42 CFR 2.25).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use handoff::session::Session;
use handoff_ledger::{Accounting, Lookup};
use handoff_schemas::PersonId;
use handoff_spine::store::DbName;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::cast::unit_name;
use super::words;

/// What one agency got, from whom, and why.
#[derive(Default)]
pub struct Told {
    pub first: String,
    pub why: BTreeSet<&'static str>,
    pub what: BTreeSet<&'static str>,
    pub signed: bool,
}

/// Recipient, then source.
pub type Letter = BTreeMap<&'static str, BTreeMap<&'static str, Told>>;

/// Everything the ledger holds about these ids of one person, their own agencies' own records left out.
///
/// # Errors
/// The ledger's.
pub async fn write(session: &Session, persons: &[PersonId]) -> Result<Letter> {
    let db = session.store.open(&DbName::Ledger).await?;
    let lookup = Lookup::new(db, &session.data).await?;
    let mut letter = Letter::new();
    for person in persons {
        let rows = lookup.for_person(*person).await?;
        for row in rows.iter().filter(|r| r.ruling.source != r.ruling.recipient.unit) {
            add(&mut letter, row);
        }
    }
    Ok(letter)
}

fn add(letter: &mut Letter, row: &Accounting) {
    let (to, from) = (unit_name(row.ruling.recipient.unit.as_str()), unit_name(row.ruling.source.as_str()));
    let told = letter.entry(to).or_default().entry(from).or_default();
    let day = day(row.ruling.ruled_at.0);
    if told.first.is_empty() || day < told.first {
        told.first = day;
    }
    let is_ask = row.ruling.event_type.family() == "ask";
    for slice in words::items(&row.document, "/slices") {
        let category = words::text(slice, "/category").unwrap_or_default();
        told.what.insert(if is_ask { "who asked about you, and why" } else { words::plain(category) });
        for grant in words::items(slice, "/grants") {
            told.why.extend(words::items(grant, "/purposes").filter_map(Value::as_str).map(words::purpose));
            told.signed |= grant.pointer("/consent").is_some_and(Value::is_object);
        }
    }
}

fn day(at: i64) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(TimeZone::UTC);
    at.strftime("%Y-%m-%d").to_string()
}
