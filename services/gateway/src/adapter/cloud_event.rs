//! The hub's own events, as CloudEvents 1.0 in structured mode.

use handoff_schemas::{CloudEvent, Registry};
use serde_json::Value;

use super::{AdapterError, Code, Draft, Mapped, MappedField, PersonRef, Place, State};

/// Families a partner publishes in. All others are written by the hub's own services.
const OPEN_FAMILIES: &[&str] = &["encounter", "consent", "referral", "ask", "privacy", "person"];

/// Maps one event. Its envelope and data are checked by the schema registry, whose codes are passed on.
pub fn map(bytes: &[u8], registry: &Registry) -> Result<Mapped, AdapterError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let event = CloudEvent::parse(bytes, registry)?;
    if !OPEN_FAMILIES.contains(&event.event_type.family()) {
        let remedy = "registry and agreement events are made by the operator's commands, not published";
        let place = Place { path: "/type".into(), line: None };
        return Err(AdapterError::new(Code::EVENT_NOT_OPEN, place, "an event type partners may publish", remedy));
    }
    let mut fields = Vec::new();
    collect(&event.data, "", &mut fields);
    let draft = Draft {
        key: event.id,
        event_type: event.event_type,
        record_key: event.record,
        incident_key: event.incident,
        person: event.person.map_or(PersonRef::None, PersonRef::Local),
        time: event.time,
        amends: event.amends,
        data: event.data,
    };
    Ok(Mapped { source: Some(event.unit), drafts: vec![draft], findings: Vec::new(), fields })
}

/// Names here are the schema's: the data was validated, and the schema lists every property.
fn collect(value: &Value, at: &str, fields: &mut Vec<MappedField>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                collect(member, &format!("{at}/{name}"), fields);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for item in items {
                collect(item, &format!("{at}/*"), fields);
            }
        }
        _ => {
            let place = Place { path: format!("/data{at}"), line: None };
            let pointer = at.to_owned();
            fields.push(MappedField { element: format!("data{at}"), place, pointer, state: State::Recorded });
        }
    }
}
