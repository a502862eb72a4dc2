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

/// Whoever receives, from whom, why, on what authority, on which day.
type Told = (String, String, String, &'static str, String);

/// The letter's lines: one for each recipient, source and authority.
///
/// # Errors
/// The ledger's.
pub async fn lines(session: &Session, persons: &[PersonId]) -> Result<Vec<String>> {
    let db = session.store.open(&DbName::Ledger).await?;
    let lookup = Lookup::new(db, &session.data).await?;
    let mut told: BTreeMap<Told, BTreeSet<&str>> = BTreeMap::new();
    let mut rows: Vec<Accounting> = Vec::new();
    for person in persons {
        rows.extend(lookup.for_person(*person).await?);
    }
    let disclosures = rows.iter().filter(|r| r.ruling.source != r.ruling.recipient.unit);
    for row in disclosures {
        for slice in &row.ruling.slices {
            let category = words::text(slice, "/category").unwrap_or("?");
            for grant in words::items(slice, "/grants") {
                let purposes = words::items(grant, "/purposes").filter_map(Value::as_str);
                let why: Vec<&str> = purposes.map(words::purpose).collect();
                let basis = match grant.pointer("/consent") {
                    Some(Value::Object(_)) => "because you signed for it",
                    _ => "as the law and the agencies' agreement allow",
                };
                let key = (
                    unit_name(row.ruling.recipient.unit.as_str()).to_owned(),
                    unit_name(row.ruling.source.as_str()).to_owned(),
                    words::list(&why),
                    basis,
                    day(row.ruling.ruled_at.0),
                );
                told.entry(key).or_default().insert(words::plain(category));
            }
        }
    }
    let lines = told.into_iter().map(|((to, from, why, basis, day), what)| {
        let what: Vec<&str> = what.into_iter().collect();
        format!("{day}  {to} got from {from}, {why}, {basis}: {}", words::list(&what))
    });
    Ok(lines.collect())
}

fn day(at: i64) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(TimeZone::UTC);
    at.strftime("%Y-%m-%d").to_string()
}
