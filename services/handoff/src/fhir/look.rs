use anyhow::Result;
use handoff_schemas::UnitId;
use handoff_spine::intake::subject;
use handoff_spine::vault::IdKey;
use serde_json::Value;

use super::known::mentioned;
use super::site::record_key;
use super::{Found, Kept, Site};
use crate::session::Session;

/// Families whose records hold what a consent can be about.
const FAMILIES: &[&str] = &["encounter", "referral"];

/// Looks up what a resource names, as the unit that imports it.
///
/// # Errors
/// The log's.
pub async fn look(session: &Session, ids: &IdKey, unit: &UnitId, site: &Site, resource: &Value) -> Result<Found> {
    let units = session.directory.units().iter().map(|u| u.unit.clone()).collect();
    let mut found = Found { units, ..Found::default() };
    for named in mentioned(resource) {
        if let Some(local) = site.local_id(&named) {
            if let Some(person) = session.person(unit, local).await? {
                found.persons.insert(local.to_owned(), person);
            }
        } else if let Some(key) = record_key(&named)
            && let Some(kept) = kept(session, ids, unit, key).await?
        {
            found.records.insert(key.to_owned(), kept);
        }
    }
    Ok(found)
}

async fn kept(session: &Session, ids: &IdKey, unit: &UnitId, key: &str) -> Result<Option<Kept>> {
    let record = ids.record_id(unit, key);
    let mut events = 0_usize;
    for family in FAMILIES {
        let history = session.log.history(&subject(family, record)).await?;
        events = events.saturating_add(history.iter().map(|entry| entry.commit.events.len()).sum::<usize>());
    }
    Ok((events > 0).then_some(Kept { alone: events == 1 }))
}
