//! The incident itself: calls, times, units, agencies, staff, remarks.

use serde_json::{Map, Value};

use super::document::Document;
use super::location;
use super::person::{Person, by_value};
use crate::adapter::pointer::{object, put};
use crate::adapter::{AdapterError, Code};

/// Longest remark; a longer note becomes several, nothing of it is lost.
const REMARK: usize = 4000;
const MAX_REMARKS: usize = 500;

/// The data of `encounter.incident-reported.v1`, without the person.
pub fn build(document: &mut Document<'_>, persons: &[Person]) -> Result<Map<String, Value>, AdapterError> {
    let mut data = Map::new();
    put(&mut data, "/incident_number", document.incident_number().into());
    if document.incident_number() != document.id() {
        put(&mut data, "/other_numbers/-", Value::Object(object([("number", document.id().into())])));
    }
    call(document, &mut data)?;
    let mut locations = location::all(document).into_iter().take(21).map(Value::Object);
    if let Some(best) = locations.next() {
        put(&mut data, "/location", best);
    }
    locations.for_each(|other| put(&mut data, "/other_locations/-", other));
    units(document, &mut data)?;
    people_at_work(document, &mut data)?;
    cautions(document, &mut data)?;
    remarks(document, persons, &mut data)?;
    Ok(data)
}

fn call(document: &mut Document<'_>, data: &mut Map<String, Value>) -> Result<(), AdapterError> {
    let mut fit = |pointer: String, to: &str, text: Option<&str>, max: usize| match text {
        Some(text) if text.chars().count() > max => {
            Err(too_many(document, &pointer, "a text of the length the hub carries"))
        }
        Some(text) => {
            put(data, to, text.into());
            Ok(())
        }
        None => Ok(()),
    };
    let incident = document.incident();
    if let Some(incident) = incident {
        let at = |name: &str| format!("/incidentComponent/{name}");
        let kind =
            incident.text("incidentTypeInternalText").or_else(|| incident.text("incidentTypeCommonRegistryText"));
        fit(at("incidentTypeInternalText"), "/call/type", kind, 120)?;
        fit(at("incidentTypeInternalCode"), "/call/type_code", incident.text("incidentTypeInternalCode"), 40)?;
        let status = incident.texts("incidentStatusCommonRegistryText").last();
        fit(at("incidentStatusCommonRegistryText"), "/call/status", status, 60)?;
        let number = incident.members.get("incidentCommonPriorityNumber").map(ToString::to_string);
        let priority = incident.text("incidentPriorityInternalText").or(number.as_deref());
        fit(at("incidentPriorityInternalText"), "/call/priority", priority, 40)?;
        let ended = incident.members.get("dispositionComponent").and_then(Value::as_array).and_then(|d| d.last());
        let word = |name: &str| ended.and_then(|e| e.get(name)).and_then(Value::as_str).filter(|t| !t.is_empty());
        fit(at("dispositionComponent"), "/disposition/code", word("dispositionCommonRegistryCode"), 40)?;
        fit(at("dispositionComponent"), "/disposition/note", word("dispositionDescriptionText"), 500)?;
    }
    let calls = document.all("callComponent");
    if let Some(call) = calls.first() {
        let at = |name: &str| format!("/callComponent/0/{name}");
        fit(at("standardPrimaryCallType"), "/call/line", call.text("standardPrimaryCallType"), 60)?;
        fit(at("callStateRegistryText"), "/call/call_state", call.text("callStateRegistryText"), 60)?;
        if incident.is_none() {
            fit(at("priorityIdentifier"), "/call/priority", call.text("priorityIdentifier"), 40)?;
        }
        if call.text("standardPrimaryCallType") == Some("emergency") {
            put(data, "/call/source", "911".into());
        }
    }
    let answered = calls.iter().filter_map(|c| c.text("answerDate")).min_by_key(|t| t.parse::<jiff::Timestamp>().ok());
    let times = [
        ("/times/call_received", document.first_call()),
        ("/times/call_answered", answered),
        ("/times/updated", document.updated()),
    ];
    for (to, time) in times {
        if let Some(time) = time {
            put(data, to, time.into());
        }
    }
    Ok(())
}

fn units(document: &Document<'_>, data: &mut Map<String, Value>) -> Result<(), AdapterError> {
    for (index, part) in document.all("emergencyResourceComponent").iter().enumerate() {
        if index >= 50 {
            return Err(too_many(document, &part.pointer(), "at most 50 units"));
        }
        let kind = part.text("emergencyResourceTypeCommonRegistryText").unwrap_or_default().to_ascii_lowercase();
        let kind = [
            ("police", "law-enforcement"),
            ("law", "law-enforcement"),
            ("sheriff", "law-enforcement"),
            ("ambulance", "ems"),
            ("ems", "ems"),
            ("medic", "ems"),
            ("fire", "fire"),
            ("engine", "fire"),
            ("behavioral", "behavioral-health"),
            ("crisis", "behavioral-health"),
        ]
        .iter()
        .find(|(word, _)| kind.contains(word))
        .map_or("other", |(_, ours)| *ours);
        let mut unit = object([("kind", kind.into())]);
        for (theirs, ours, max) in [
            ("$id", "/unit", 80),
            ("emergencyResourceName", "/call_sign", 40),
            ("primaryUnitStatusRegistryText", "/status", 60),
        ] {
            if let Some(text) = part.text(theirs).filter(|t| t.chars().count() <= max) {
                put(&mut unit, ours, text.into());
            }
        }
        put(data, "/units/-", Value::Object(unit));
    }
    Ok(())
}

fn people_at_work(document: &Document<'_>, data: &mut Map<String, Value>) -> Result<(), AdapterError> {
    for (list, to, limit) in [("agencyComponent", "/agencies/-", 20), ("agentComponent", "/staff/-", 30)] {
        for (index, part) in document.all(list).iter().enumerate() {
            if index >= limit || part.id().chars().count() > 200 {
                return Err(too_many(document, &part.pointer(), "as many agencies and staff as the hub carries"));
            }
            let (id, role) = if list == "agencyComponent" {
                ("id", "agencyRoleDescriptionRegistryText")
            } else {
                ("number", "agentRoleRegistryText")
            };
            let mut item = object([(id, part.id().into())]);
            if let Some(role) = part.texts(role).next().filter(|r| (1..=60).contains(&r.chars().count())) {
                put(&mut item, "/role", role.into());
            }
            if let Some(kind) = part.texts("agencyType").next().filter(|k| (1..=200).contains(&k.chars().count())) {
                put(&mut item, "/name", kind.into());
            }
            if let Some(agency) =
                part.references("agencyReference").first().filter(|a| (1..=200).contains(&a.chars().count()))
            {
                put(&mut item, "/agency", (*agency).into());
            }
            put(data, to, Value::Object(item));
        }
    }
    Ok(())
}

fn cautions(document: &Document<'_>, data: &mut Map<String, Value>) -> Result<(), AdapterError> {
    for (index, part) in document.all("cautionComponent").iter().enumerate() {
        let kind = part.text("cautionTypeCommonRegistryText").filter(|k| k.chars().count() <= 80);
        let (Some(kind), true) = (kind, index < 20) else {
            return Err(too_many(document, &part.pointer(), "at most 20 cautions, each with a short code"));
        };
        let mut caution = object([("kind", kind.into())]);
        if let Some(severity) = part.text("cautionSeverity") {
            put(&mut caution, "/severity", severity.into());
        }
        if let Some(since) = part.text("startDate") {
            put(&mut caution, "/observed_at", since.into());
        }
        put(data, "/cautions/-", Value::Object(caution));
    }
    Ok(())
}

/// Words typed into CAD, in document order: notes, the words of cautions, comments that came with the call.
fn remarks(document: &Document<'_>, persons: &[Person], data: &mut Map<String, Value>) -> Result<(), AdapterError> {
    let said = |id: &str| persons.iter().any(|p| p.notes.iter().any(|n| n == id));
    let mut count = 0;
    let mut add = |text: &str, at: Option<&str>, by: Option<&str>, pointer: String| {
        let text = plain(text);
        let mut rest: Vec<char> = text.trim().chars().collect();
        while !rest.is_empty() {
            let tail = rest.split_off(rest.len().min(REMARK));
            count += 1;
            if count > MAX_REMARKS {
                return Err(too_many(document, &pointer, "at most 500 remarks"));
            }
            let mut remark = object([("text", rest.iter().collect::<String>().into())]);
            if let Some(at) = at {
                put(&mut remark, "/at", at.into());
            }
            if let Some(by) = by.filter(|b| (1..=200).contains(&b.chars().count())) {
                put(&mut remark, "/by", by.into());
            }
            put(data, "/remarks/-", Value::Object(remark));
            rest = tail;
        }
        Ok(())
    };
    for note in document.all("notesComponent").iter().filter(|n| !said(n.id())) {
        let by = note.references("agentReference").first().copied();
        let text = note.text("notesActionComments").unwrap_or_default();
        add(text, note.text("lastUpdateTimeStamp"), by, note.pointer())?;
    }
    for caution in document.all("cautionComponent") {
        let text = caution.text("cautionTypeInternalText").unwrap_or_default();
        add(text, caution.text("lastUpdateTimeStamp"), None, caution.pointer())?;
    }
    for part in document.all("additionalDataComponent") {
        let comment = part.text("additionalDataByValue").and_then(by_value);
        if let Some(root) = comment.filter(|r| r.start.name == "EmergencyCallData.Comment") {
            add(root.text_of("Comment").unwrap_or_default(), part.text("lastUpdateTimeStamp"), None, part.pointer())?;
        }
    }
    Ok(())
}

/// The words of an HTML note: tags out, the five entities resolved.
pub fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        // `<` not followed by a tag is a character like any other.
        let tag = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        match after.split_once('>') {
            Some((name, after)) if tag => {
                if name.starts_with("br")
                    || name.starts_with("/p")
                    || name.starts_with("/div")
                    || name.starts_with("/li")
                {
                    text.push('\n');
                }
                rest = after;
            }
            _ => {
                text.push('<');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    text.replace("&nbsp;", " ").replace("&amp;", "&")
}

fn too_many(document: &Document<'_>, pointer: &str, rule: &'static str) -> AdapterError {
    let remedy = "send less: the hub carries what a responder needs, not the whole of CAD";
    AdapterError::new(Code::EIDO_TOO_MANY, document.place(pointer), rule, remedy)
}
