//! An EIDO whose mapped members are of their types, with its components by id.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::members::{COMPONENTS, Kind, Member, NOT_CARRIED, PROLOGUE, ROOT};
use crate::adapter::json_line::line_of;
use crate::adapter::{AdapterError, Code, Finding, MappedField, Place, State};

/// One component, and its place.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    pub list: &'static str,
    pub index: usize,
    pub members: &'a Map<String, Value>,
}

impl<'a> Part<'a> {
    pub fn id(&self) -> &'a str {
        self.text("$id").unwrap_or_default()
    }

    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.members.get(name).and_then(Value::as_str).filter(|t| !t.is_empty())
    }

    pub fn texts(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.members.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// The ids a reference member names, one or many.
    pub fn references(&self, name: &str) -> Vec<&'a str> {
        let id = |v: &'a Value| v.get("$ref").and_then(Value::as_str);
        match self.members.get(name) {
            Some(Value::Array(items)) => items.iter().filter_map(id).collect(),
            Some(one) => id(one).into_iter().collect(),
            None => Vec::new(),
        }
    }

    pub fn pointer(&self) -> String {
        if self.list == "incidentComponent" {
            format!("/{}", self.list)
        } else {
            format!("/{}/{}", self.list, self.index)
        }
    }
}

/// The document, checked.
pub struct Document<'a> {
    text: &'a [u8],
    root: &'a Map<String, Value>,
    parts: Vec<Part<'a>>,
    by_id: BTreeMap<&'a str, usize>,
    pub findings: Vec<Finding>,
    fields: Vec<MappedField>,
}

impl<'a> Document<'a> {
    /// Checks version, presence, types, ids and references.
    pub fn open(text: &'a [u8], root: &'a Map<String, Value>) -> Result<Self, AdapterError> {
        let mut document =
            Self { text, root, parts: Vec::new(), by_id: BTreeMap::new(), findings: Vec::new(), fields: Vec::new() };
        if root.get("eidoVersion").and_then(Value::as_str) != Some(super::VERSION) {
            let place = document.place("/eidoVersion");
            return Err(AdapterError::new(Code::EIDO_VERSION, place, "EIDO 1.0", "send an EIDO of version 1.0"));
        }
        document.members(root, "", PROLOGUE)?;
        document.members(root, "", ROOT)?;
        if !root.contains_key("agencyComponent") {
            return Err(document.missing("/agencyComponent"));
        }
        for component in COMPONENTS {
            document.component(component.list, component.members)?;
        }
        document.check_references();
        for list in NOT_CARRIED.iter().filter(|l| root.contains_key(**l)) {
            document.not_carried(&format!("/{list}"));
        }
        Ok(document)
    }

    fn component(&mut self, list: &'static str, members: &'static [Member]) -> Result<(), AdapterError> {
        let single = list == "incidentComponent";
        let items: Vec<&'a Value> = match self.root.get(list) {
            None => return Ok(()),
            Some(one @ Value::Object(_)) if single => vec![one],
            Some(Value::Array(items)) if !single => items.iter().collect(),
            Some(_) => return Err(self.wrong(&format!("/{list}"), if single { "an object" } else { "an array" })),
        };
        for (index, item) in items.into_iter().enumerate() {
            let Some(object) = item.as_object() else {
                return Err(self.wrong(&format!("/{list}/{index}"), "an object"));
            };
            let part = Part { list, index, members: object };
            self.members(object, &part.pointer(), PROLOGUE)?;
            self.members(object, &part.pointer(), members)?;
            if self.by_id.insert(part.id(), self.parts.len()).is_some() {
                let place = self.place(&format!("{}/$id", part.pointer()));
                let remedy = "give every component an id of its own";
                return Err(AdapterError::new(Code::EIDO_DUPLICATE_ID, place, "unique $id", remedy));
            }
            self.parts.push(part);
        }
        Ok(())
    }

    fn members(&mut self, object: &Map<String, Value>, at: &str, members: &[Member]) -> Result<(), AdapterError> {
        for member in members {
            let pointer = format!("{at}/{}", member.name);
            let Some(value) = object.get(member.name) else {
                if member.required {
                    return Err(self.missing(&pointer));
                }
                continue;
            };
            let bad = match member.kind {
                Kind::Text => value.as_str().is_none_or(str::is_empty).then_some("text"),
                Kind::Time => (!value.as_str().is_some_and(is_time)).then_some("a date and time of RFC 3339"),
                Kind::Texts => (!all(value, |v| v.is_string())).then_some("an array of texts"),
                Kind::Integer => (!value.is_i64()).then_some("an integer"),
                Kind::Reference => (!is_reference(value)).then_some("a reference, `{\"$ref\": …}`"),
                Kind::References => (!all(value, is_reference)).then_some("an array of references"),
                Kind::Word(words) => {
                    (!value.as_str().is_some_and(|w| words.contains(&w))).then_some("a word of the standard's list")
                }
                Kind::Any => None,
            };
            if let Some(rule) = bad {
                return Err(self.wrong(&pointer, rule));
            }
            if !member.to.is_empty() {
                let place = self.place(&pointer);
                let (element, to) = (member.name.to_owned(), member.to.to_owned());
                self.fields.push(MappedField { element, place, pointer: to, state: State::Recorded });
            }
        }
        Ok(())
    }

    fn check_references(&mut self) {
        let mut dangling = Vec::new();
        for part in &self.parts {
            let component = COMPONENTS.iter().find(|c| c.list == part.list);
            for member in component.into_iter().flat_map(|c| c.members) {
                if matches!(member.kind, Kind::Reference | Kind::References)
                    && part.references(member.name).iter().any(|id| !self.by_id.contains_key(id))
                {
                    dangling.push(format!("{}/{}", part.pointer(), member.name));
                }
            }
        }
        for pointer in dangling {
            let remedy = "send the component in the same document; the hub follows no reference";
            self.finding(Code::EIDO_Q_REFERENCE, &pointer, "references inside the document", remedy);
        }
    }

    /// The incident's tracking id, urn:emergency:uid:incidentid:…
    pub fn id(&self) -> &'a str {
        self.root.get("$id").and_then(Value::as_str).unwrap_or_default()
    }

    /// The number the sender's CAD gave the incident, else the tracking id.
    pub fn incident_number(&self) -> &'a str {
        self.incident().and_then(|i| i.text("internalIncidentId")).unwrap_or_else(|| self.id())
    }

    pub fn updated(&self) -> Option<&'a str> {
        self.root.get("lastUpdateTimeStamp").and_then(Value::as_str)
    }

    pub fn first_call(&self) -> Option<&'a str> {
        let starts = self.all("callComponent").into_iter().filter_map(|c| c.text("callStartTimestamp"));
        starts.min_by_key(|t| t.parse::<Timestamp>().ok())
    }

    pub fn incident(&self) -> Option<Part<'a>> {
        self.all("incidentComponent").into_iter().next()
    }

    pub fn all(&self, list: &str) -> Vec<Part<'a>> {
        self.parts.iter().filter(|p| p.list == list).copied().collect()
    }

    /// The component of this id in this list.
    pub fn get(&self, list: &str, id: &str) -> Option<Part<'a>> {
        self.by_id.get(id).and_then(|i| self.parts.get(*i)).filter(|p| p.list == list).copied()
    }

    /// Every id that members of this name refer to.
    pub fn referred(&self, list: &str, member: &str) -> BTreeSet<&'a str> {
        self.all(list).iter().flat_map(|p| p.references(member)).collect()
    }

    pub fn finding(&mut self, code: Code, pointer: &str, rule: &'static str, remedy: &'static str) {
        let place = self.place(pointer);
        self.findings.push(Finding { code, place, rule: rule.into(), remedy: remedy.into() });
    }

    pub fn not_carried(&mut self, pointer: &str) {
        let remedy = "nothing to correct: the hub has no field for it and left it out";
        self.finding(Code::EIDO_Q_NOT_CARRIED, pointer, "components the hub carries", remedy);
    }

    pub fn place(&self, pointer: &str) -> Place {
        // Where a member is missing, its container is the line to look at.
        let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        let line = line_of(self.text, pointer).or_else(|| line_of(self.text, parent));
        Place { path: pointer.to_owned(), line }
    }

    pub fn wrong(&self, pointer: &str, rule: &'static str) -> AdapterError {
        AdapterError::new(Code::EIDO_TYPE, self.place(pointer), rule, "follow the EIDO 1.0 schema of NENA-STA-021.1")
    }

    fn missing(&self, pointer: &str) -> AdapterError {
        AdapterError::new(Code::EIDO_MISSING, self.place(pointer), "required by EIDO 1.0", "send this member")
    }

    pub fn close(self) -> (Vec<Finding>, Vec<MappedField>) {
        (self.findings, self.fields)
    }
}

fn is_time(text: &str) -> bool {
    text.len() <= 40 && text.as_bytes().get(10) == Some(&b'T') && text.parse::<Timestamp>().is_ok()
}

fn is_reference(value: &Value) -> bool {
    value.get("$ref").is_some_and(Value::is_string)
}

fn all(value: &Value, test: impl Fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(test))
}
