//! NENA EIDO 1.0 (NENA-STA-021.1): a CAD incident with its calls, units, notes and persons.
//!
//! An EIDO is everything its sender knows, so what the hub has no field for is left out and named in a finding.
//! The incident is one event; each caller, witness or relative is an event of their own, sealed under their own keys.

mod document;
mod incident;
mod location;
mod members;
mod person;

use handoff_schemas::{EventType, strict_json};
use serde_json::{Map, Value};

use self::document::Document;
use super::pointer::put;
use super::{AdapterError, Code, Draft, Mapped, PersonRef, Place};

const INCIDENT: &str = "encounter.incident-reported.v1";
const THIRD_PARTY: &str = "encounter.third-party-reported.v1";
/// The version that is mapped.
const VERSION: &str = "1.0";

/// Maps one EIDO.
pub fn map(bytes: &[u8]) -> Result<Mapped, AdapterError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Value::Object(root) = strict_json::parse(bytes)? else {
        return Err(AdapterError::new(Code::EIDO_TYPE, Place::none(), "one JSON object", "send one EIDO a document"));
    };
    let mut document = Document::open(bytes, &root)?;
    let (incident, third) = (event_type(INCIDENT)?, event_type(THIRD_PARTY)?);
    let id = document.id().to_owned();
    let number = document.incident_number().to_owned();
    let time = document.first_call().or_else(|| document.updated()).map(str::to_owned);
    let draft = |key: String, event_type: &EventType, person: PersonRef, data: Map<String, Value>| Draft {
        record_key: key.clone(),
        key,
        event_type: event_type.clone(),
        incident_key: Some(number.clone()),
        person,
        time: time.clone(),
        amends: None,
        data: Value::Object(data),
    };
    let persons = person::all(&mut document);
    let shared = incident::build(&mut document, &persons)?;
    let mut drafts = Vec::new();
    let mut subjects = persons.iter().filter(|p| p.subject).peekable();
    if subjects.peek().is_none() {
        drafts.push(draft(id.clone(), &incident, PersonRef::None, shared.clone()));
    }
    // Several people are several events that share the incident; the first keeps the incident's own key.
    for (index, subject) in subjects.enumerate() {
        let key = if index == 0 { id.clone() } else { format!("{id}#subject:{}", subject.id) };
        let mut data = shared.clone();
        if !subject.identity.is_empty() {
            put(&mut data, "/person", Value::Object(subject.identity.clone()));
        }
        drafts.push(draft(key, &incident, PersonRef::Local(subject.id.clone()), data));
    }
    for third_party in persons.iter().filter(|p| !p.subject) {
        let key = format!("{id}#person:{}", third_party.id);
        let data = third_party.third_party(&number);
        drafts.push(draft(key, &third, PersonRef::Local(third_party.id.clone()), data));
    }
    let (findings, fields) = document.close();
    Ok(Mapped { source: None, drafts, findings, fields })
}

fn event_type(name: &'static str) -> Result<EventType, AdapterError> {
    name.parse().map_err(|_| AdapterError::broken_table("event type"))
}
