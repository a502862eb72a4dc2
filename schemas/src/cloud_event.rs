//! The envelope a partner publishes in: CloudEvents 1.0 in JSON.

mod envelope;

use std::fmt;

use serde_json::Value;

pub use envelope::Envelope;

use crate::{EventType, Registry, SchemaError, UnitId};

/// What stands before an event type in a CloudEvents `type`.
pub const TYPE_PREFIX: &str = "handoff.";
/// What stands before a unit in a CloudEvents `source`.
pub const SOURCE_PREFIX: &str = "/units/";

/// An event as a partner published it: envelope resolved, data valid against its schema.
///
/// `source` is what the sender says; that the credential may speak for that unit is the gateway's check.
#[derive(Clone, PartialEq)]
pub struct CloudEvent {
    /// The sender's id of the event: the idempotency key, unique within the unit.
    pub id: String,
    pub unit: UnitId,
    pub event_type: EventType,
    /// When the sender says it happened, RFC 3339. Asserted: data, never log time.
    pub time: Option<String>,
    /// The unit's own id of the person, from `person` or `subject`. About a person: never logged.
    pub person: Option<String>,
    /// The key of the record within the unit; `id` where none is given.
    pub record: String,
    /// The key of an incident that several records share.
    pub incident: Option<String>,
    /// The `id` of the event this one replaces.
    pub amends: Option<String>,
    pub data: Value,
}

impl CloudEvent {
    /// Parses structured mode (`application/cloudevents+json`) and validates the data.
    pub fn parse(bytes: &[u8], registry: &Registry) -> Result<Self, SchemaError> {
        Self::resolve(Envelope::structured(bytes, registry)?, registry)
    }

    /// Resolves the attributes to the hub's own words, and validates the data. Places in errors point
    /// into the envelope: `/data/…`.
    pub fn resolve(envelope: Envelope, registry: &Registry) -> Result<Self, SchemaError> {
        let unit = envelope.get("source").and_then(|s| s.strip_prefix(SOURCE_PREFIX)).and_then(|u| u.parse().ok());
        let unit = unit.ok_or_else(|| {
            SchemaError::new(SchemaError::SOURCE, "/source", "unit", "name the unit as `/units/<unit id>`")
        })?;
        let event_type: Option<EventType> =
            envelope.get("type").and_then(|t| t.strip_prefix(TYPE_PREFIX)).and_then(|t| t.parse().ok());
        let event_type = event_type.ok_or_else(|| {
            SchemaError::new(
                SchemaError::TYPE,
                "/type",
                "event type",
                "write `handoff.<family>.<name>.v<n>`, for example `handoff.encounter.care-reported.v1`",
            )
        })?;
        let schema = registry.schema(&event_type).map_err(|e| SchemaError { place: "/type".into(), ..e })?;
        if envelope.get("dataschema").is_some_and(|id| schema.get("$id").and_then(Value::as_str) != Some(id)) {
            let remedy = "leave `dataschema` out, or name the `$id` of the type's schema";
            return Err(SchemaError::new(SchemaError::DATASCHEMA, "/dataschema", "schema of the type", remedy));
        }
        registry
            .validate(&event_type, envelope.data())
            .map_err(|e| SchemaError { place: format!("/data{}", e.place), ..e })?;
        let (subject, person) = (envelope.get("subject"), envelope.get("person"));
        if subject.is_some() && person.is_some() && subject != person {
            let remedy = "send the person's local id in `subject` or in `person`, not two ids: one person an event";
            return Err(SchemaError::new(SchemaError::TWO_PERSONS, "/person", "one person", remedy));
        }
        let owned = |name| envelope.get(name).map(str::to_owned);
        let id = owned("id").unwrap_or_default();
        Ok(Self {
            record: owned("record").unwrap_or_else(|| id.clone()),
            id,
            unit,
            event_type,
            time: owned("time"),
            person: person.or(subject).map(str::to_owned),
            incident: owned("incident"),
            amends: owned("amends"),
            data: envelope.into_data(),
        })
    }

    /// The envelope again, in structured mode.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json = serde_json::json!({
            "specversion": "1.0",
            "id": self.id,
            "source": format!("{SOURCE_PREFIX}{}", self.unit),
            "type": format!("{TYPE_PREFIX}{}", self.event_type),
            "datacontenttype": "application/json",
            "record": self.record,
            "data": self.data,
        });
        let optional =
            [("time", &self.time), ("subject", &self.person), ("incident", &self.incident), ("amends", &self.amends)];
        if let Value::Object(json) = &mut json {
            for (name, value) in optional {
                if let Some(value) = value {
                    json.insert(name.to_owned(), value.as_str().into());
                }
            }
        }
        json
    }
}

impl fmt::Debug for CloudEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudEvent")
            .field("unit", &self.unit)
            .field("event_type", &self.event_type)
            .finish_non_exhaustive()
    }
}
