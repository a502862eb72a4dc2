//! One patient care report: the mapping table walked over the report's sections.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::nil::{self, Content};
use super::table::{Element, Group, Occurs, Section, Tables};
use super::value::Violation;
use crate::adapter::pointer::{field, object, put};
use crate::adapter::xml::Node;
use crate::adapter::{AdapterError, Code, Finding, MappedField, Place, State};

/// What a report became: data, findings, fields.
pub struct Report<'t> {
    tables: &'t Tables,
    pub data: Map<String, Value>,
    pub findings: Vec<Finding>,
    pub fields: Vec<MappedField>,
    /// Path of the report, for places.
    path: String,
}

/// One repetition of a group, being built.
struct Entry<'g> {
    group: &'g Group,
    pointer: &'g str,
    map: Map<String, Value>,
    rows: Vec<Value>,
    recorded: bool,
    /// The raw code of the key element, and why it is not recorded.
    key_code: Option<String>,
    key_reason: Option<String>,
}

impl<'t> Report<'t> {
    pub fn new(tables: &'t Tables, path: String) -> Self {
        Self { tables, data: Map::new(), findings: Vec::new(), fields: Vec::new(), path }
    }

    /// Walks the table over the sections that were read. `line` is the report's own.
    pub fn walk(&mut self, sections: &[Node], line: u32) -> Result<(), AdapterError> {
        for section in &self.tables.mapping.section {
            let found: Vec<&Node> = sections.iter().filter(|n| n.start.name == section.name).collect();
            let path = self.path.clone();
            occurs(section.occurs, &found, &path, &section.name, line)?;
            for node in found {
                let path = format!("{path}/{}", section.name);
                self.level(section, node, None, &path, None)?;
            }
        }
        Ok(())
    }

    fn level(
        &mut self,
        section: &'t Section,
        parent: &Node,
        within: Option<&str>,
        path: &str,
        mut entry: Option<&mut Entry<'t>>,
    ) -> Result<(), AdapterError> {
        for element in section.elements.iter().filter(|e| e.within.as_deref() == within) {
            let found: Vec<&Node> = parent.named(&element.id).collect();
            occurs(element.occurs, &found, path, &element.id, parent.start.line)?;
            for (index, node) in found.iter().enumerate() {
                let path = format!("{path}/{}[{}]", element.id, index + 1);
                self.element(element, node, &Place::at(path, node.start.line), entry.as_deref_mut())?;
            }
        }
        for group in section.groups.iter().filter(|g| g.within.as_deref() == within) {
            let found: Vec<&Node> = parent.named(&group.id).collect();
            occurs(group.occurs, &found, path, &group.id, parent.start.line)?;
            for (index, node) in found.iter().enumerate() {
                let path = format!("{path}/{}[{}]", group.id, index + 1);
                match group.to.as_deref() {
                    Some(pointer) => self.repetition(section, group, pointer, node, &path)?,
                    None => self.level(section, node, Some(&group.id), &path, entry.as_deref_mut())?,
                }
            }
        }
        Ok(())
    }

    fn repetition(
        &mut self,
        section: &'t Section,
        group: &'t Group,
        pointer: &'t str,
        node: &Node,
        path: &str,
    ) -> Result<(), AdapterError> {
        let mut entry = Entry {
            group,
            pointer,
            map: Map::new(),
            rows: Vec::new(),
            recorded: false,
            key_code: None,
            key_reason: None,
        };
        self.level(section, node, Some(&group.id), path, Some(&mut entry))?;
        if entry.recorded {
            let routed = |r: &&super::table::Route| entry.key_code.as_ref().is_some_and(|c| r.codes.contains(c));
            let to = group.route.iter().find(routed).map_or(pointer, |r| r.to.as_str());
            if !entry.rows.is_empty() {
                entry.map.insert("not_recorded".to_owned(), Value::Array(entry.rows));
            }
            put(&mut self.data, &format!("{to}/-"), Value::Object(entry.map));
        } else if let (Some(reason), Some(nr)) = (entry.key_reason, &group.nr) {
            // Nothing of it is recorded: one row says so, not an empty object with a row for each of its fields.
            self.not_recorded(nr, pointer, &reason);
        }
        Ok(())
    }

    fn element(
        &mut self,
        element: &'t Element,
        node: &Node,
        place: &Place,
        entry: Option<&mut Entry<'t>>,
    ) -> Result<(), AdapterError> {
        let content = nil::read(element, node, place, self.tables, &mut self.findings)?;
        let state = match &content {
            Content::NotRecorded(reason) => State::NotRecorded(reason.clone()),
            Content::Recorded { .. } => State::Recorded,
        };
        let (id, pointer) = (element.id.clone(), element.to.clone());
        self.fields.push(MappedField { element: id, place: place.clone(), pointer, state });
        match content {
            Content::NotRecorded(reason) => {
                self.absent(element, &reason, entry);
                Ok(())
            }
            Content::Recorded { qualifier } => self.value(element, node, place, qualifier, entry),
        }
    }

    fn absent(&mut self, element: &Element, reason: &str, entry: Option<&mut Entry<'t>>) {
        match entry {
            Some(entry) => {
                let is_key = entry.group.key.as_deref() == Some(element.id.as_str());
                if is_key || entry.key_reason.is_none() {
                    entry.key_reason = Some(reason.to_owned());
                }
                let inner = field(relative(&element.to, entry.pointer).unwrap_or(&element.to));
                entry.rows.push(row(&inner, reason));
            }
            None => {
                if let Some(nr) = &element.nr {
                    self.not_recorded(nr, &element.to, reason);
                }
            }
        }
    }

    fn not_recorded(&mut self, section: &str, pointer: &str, reason: &str) {
        let row = row(&field(pointer), reason);
        let already = self.data.get("not_recorded").and_then(|n| n.get(section)).and_then(Value::as_array);
        if !already.is_some_and(|rows| rows.contains(&row)) {
            put(&mut self.data, &format!("/not_recorded/{section}/-"), row);
        }
    }

    fn value(
        &mut self,
        element: &'t Element,
        node: &Node,
        place: &Place,
        qualifier: Option<Cow<'static, str>>,
        entry: Option<&mut Entry<'t>>,
    ) -> Result<(), AdapterError> {
        let refuse = |v: Violation, place: &Place| {
            AdapterError::new(v.code, place.clone(), v.rule, "correct the element, or state it as nil with its reason")
        };
        let value = element.value.read(&node.text, self.tables).map_err(|v| refuse(v, place))?;
        let mut also = Vec::new();
        for (name, to) in &element.attrs {
            if let (Some(text), Some(kind)) = (node.start.attribute(name), element.attr_types.get(name)) {
                let place = Place { path: format!("{}/@{name}", place.path), line: place.line };
                also.push((to.as_str(), kind.read(text, self.tables).map_err(|v| refuse(v, &place))?));
            }
        }
        if let (Some(to), Some(qualifier)) = (&element.pn_to, &qualifier) {
            also.push((to.as_str(), qualifier.as_ref().into()));
        }
        if value.as_str().is_some_and(str::is_empty) {
            return Ok(());
        }
        if let (Some(bucket), Some(code)) = (&element.sensitive, value.as_str())
            && let Some(class) = self.tables.sensitive.class(code)
        {
            let mut item = object([("field", field(&element.to).into()), ("code", value.clone())]);
            if let Some(qualifier) = qualifier {
                item.insert("qualifier".to_owned(), qualifier.as_ref().into());
            }
            put(&mut self.data, &format!("{class}/{bucket}/-"), Value::Object(item));
            return Ok(());
        }
        let routed = element.route.iter().find(|r| r.codes.contains(&node.text));
        if let Some(route) = routed {
            put(&mut self.data, &route.to, value);
            return Ok(());
        }
        self.write(element, value, also, node, entry);
        Ok(())
    }

    fn write(
        &mut self,
        element: &Element,
        value: Value,
        also: Vec<(&str, Value)>,
        node: &Node,
        entry: Option<&mut Entry<'t>>,
    ) {
        let (target, base) = match entry {
            Some(entry) => {
                entry.recorded = true;
                if entry.group.key.as_deref() == Some(element.id.as_str()) {
                    entry.key_code = Some(node.text.clone());
                }
                (&mut entry.map, entry.pointer)
            }
            None => (&mut self.data, ""),
        };
        let local = |to: &str| relative(to, base).unwrap_or(to).to_owned();
        let to = local(&element.to);
        if !element.each {
            put(target, &to, value);
            for (to, value) in also {
                put(target, &local(to), value);
            }
            return;
        }
        let (list, name) = to.split_once("/*").unwrap_or((&to, "/value"));
        let mut item = Map::new();
        put(&mut item, name, value);
        for (to, value) in also {
            let to = local(to);
            put(&mut item, to.split_once("/*").map_or(to.as_str(), |(_, name)| name), value);
        }
        put(target, &format!("{list}/-"), Value::Object(item));
    }
}

/// The pointer inside one repetition of the list at `base`; none where it is elsewhere.
fn relative<'p>(pointer: &'p str, base: &str) -> Option<&'p str> {
    if base.is_empty() { Some(pointer) } else { pointer.strip_prefix(base)?.strip_prefix("/*") }
}

fn row(field: &str, reason: &str) -> Value {
    Value::Object(object([("field", field.into()), ("reason", reason.into())]))
}

fn occurs(occurs: Occurs, found: &[&Node], path: &str, name: &str, line: u32) -> Result<(), AdapterError> {
    if occurs.at_least_one && found.is_empty() {
        let remedy = "send the element; where it is not known, as nil with NV or PN if the standard allows it";
        let place = Place::at(format!("{path}/{name}"), line);
        return Err(AdapterError::new(Code::NEMSIS_MISSING, place, "required by the standard", remedy));
    }
    if let (true, Some(second)) = (occurs.at_most_one, found.get(1)) {
        let place = Place::at(format!("{path}/{name}[2]"), second.start.line);
        return Err(AdapterError::new(Code::NEMSIS_REPEATED, place, "at most once", "send the element once"));
    }
    Ok(())
}
