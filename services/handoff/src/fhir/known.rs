use std::collections::{BTreeMap, BTreeSet};

use handoff_consent::fhir::{Form, Named, Reach, Resolve};
use handoff_schemas::{PersonId, RecordId, UnitId};
use handoff_spine::decider::Names;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::site::record_key;
use super::{Generation, Site};

/// Resources that other resources belong to: a record of one holds more than the resource alone.
const HOLDERS: &[&str] = &["Encounter/", "EpisodeOfCare/"];

/// A record of the importing unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// One event and no more.
    pub alone: bool,
}

/// What the hub has of what a Consent names: units, and of persons and records those of the importing unit alone.
/// Whether another unit knows a person makes no difference to anything here.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub units: BTreeSet<UnitId>,
    /// By the unit's own id.
    pub persons: BTreeMap<String, PersonId>,
    /// By the unit's own key.
    pub records: BTreeMap<String, Kept>,
}

/// Whether names were looked up.
#[derive(Clone, Debug)]
pub enum Looked {
    At(Found),
    /// No hub was asked: whatever could be a unit, a person or a record is taken for one. Nothing may be stored of it.
    Nowhere,
}

/// What surrounds a Consent that a unit imports.
pub struct Known<'a> {
    pub site: &'a Site,
    pub unit: &'a UnitId,
    pub names: Names,
    pub generation: Generation,
    pub looked: Looked,
}

impl Known<'_> {
    /// The unit's key for the record behind an id, of those that the resource mentions.
    #[must_use]
    pub fn record_key(&self, resource: &Value, record: RecordId) -> Option<String> {
        let keys = mentioned(resource);
        keys.iter().filter_map(record_key).find(|&key| (self.names)(self.unit, key) == record).map(str::to_owned)
    }
}

impl Resolve for Known<'_> {
    fn person(&self, named: &Named<'_>) -> Option<PersonId> {
        let local = self.site.local_id(named)?;
        match &self.looked {
            Looked::At(found) => found.persons.get(local).copied(),
            Looked::Nowhere => Some(PersonId(assumed(&[b"person", local.as_bytes()]))),
        }
    }

    fn unit(&self, named: &Named<'_>) -> Option<UnitId> {
        self.site.unit(named).filter(|unit| match &self.looked {
            Looked::At(found) => found.units.contains(unit),
            Looked::Nowhere => true,
        })
    }

    fn record(&self, named: &Named<'_>, reach: Reach) -> Option<RecordId> {
        let key = record_key(named)?;
        let alone = match &self.looked {
            Looked::At(found) => found.records.get(key)?.alone,
            Looked::Nowhere => true,
        };
        let holds_more = HOLDERS.iter().any(|holder| key.starts_with(holder));
        let exact = reach == Reach::Related || (alone && !holds_more);
        exact.then(|| (self.names)(self.unit, key))
    }

    fn breaks_glass(&self, named: &Named<'_>) -> bool {
        self.site.breaks_glass(named)
    }

    fn form(&self, uri: &str) -> Option<Form> {
        self.site.form(uri).map(super::SiteForm::form)
    }

    fn consent(&self, key: &str) -> RecordId {
        (self.names)(self.unit, &self.generation.key(key))
    }

    fn time_zone(&self) -> Option<String> {
        self.site.time_zone.clone()
    }
}

/// Everything a resource names by reference or identifier, wherever it stands.
pub(super) fn mentioned(value: &Value) -> Vec<Named<'_>> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found
}

fn collect<'a>(value: &'a Value, found: &mut Vec<Named<'a>>) {
    match value {
        Value::Object(members) => {
            let text = |of: &'a Value, name: &str| of.get(name).and_then(Value::as_str);
            found.extend(text(value, "reference").map(Named::Reference));
            if let Some(identifier) = members.get("identifier") {
                let system = text(identifier, "system").unwrap_or_default();
                found.extend(text(identifier, "value").map(|value| Named::Identifier { system, value }));
            }
            members.values().for_each(|member| collect(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

/// Ids for what nobody looked up: the same for the same name.
pub(super) fn assumed(parts: &[&[u8]]) -> uuid::Uuid {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
        digest.update([0]);
    }
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest.finalize()).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
