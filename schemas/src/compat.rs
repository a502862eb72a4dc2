//! Whether a published schema still takes and means what it did. A published version never changes
//! incompatibly: that is a new version. `published.lock.json` holds what was published.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A schema in normal form: pattern pointer -> its constraints, without words for people.
pub type Normal = BTreeMap<String, Map<String, Value>>;

/// A change of a published version that some sender, reader or template would notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incompatible {
    /// Pattern pointer of the property.
    pub pointer: String,
    /// What changed.
    pub what: String,
}

const WORDS: &[&str] = &["$schema", "$id", "$comment", "title", "description", "examples"];

/// The normal form of an event schema.
#[must_use]
pub fn normal(schema: &Value) -> Normal {
    let mut into = Normal::new();
    normalise(schema, "", &mut into);
    into
}

fn normalise(schema: &Value, at: &str, into: &mut Normal) {
    let Some(schema) = schema.as_object() else { return };
    let mut constraints = Map::new();
    for (keyword, value) in schema {
        match keyword.as_str() {
            word if WORDS.contains(&word) => {}
            "properties" => {
                for (name, property) in value.as_object().into_iter().flatten() {
                    normalise(property, &format!("{at}/{name}"), into);
                }
            }
            "items" => normalise(value, &format!("{at}/*"), into),
            "required" | "enum" => {
                let mut list = value.as_array().cloned().unwrap_or_default();
                list.sort_by_key(ToString::to_string);
                constraints.insert(keyword.clone(), Value::Array(list));
            }
            _ => {
                constraints.insert(keyword.clone(), value.clone());
            }
        }
    }
    into.insert(at.to_owned(), constraints);
}

/// Everything in `now` that breaks what was published as `before`; empty for additions and widenings.
#[must_use]
pub fn incompatibilities(before: &Normal, now: &Normal) -> Vec<Incompatible> {
    let mut found = Vec::new();
    for (pointer, old) in before {
        let mut say = |what: String| found.push(Incompatible { pointer: pointer.clone(), what });
        let Some(new) = now.get(pointer) else {
            say("removed".into());
            continue;
        };
        for keyword in ["type", "additionalProperties", "x-category", "x-element"] {
            if old.get(keyword) != new.get(keyword) {
                say(format!("`{keyword}` changed"));
            }
        }
        for keyword in ["pattern", "format", "const"] {
            if new.get(keyword).is_some_and(|v| old.get(keyword) != Some(v)) {
                say(format!("`{keyword}` changed or added"));
            }
        }
        if new.get("uniqueItems") == Some(&Value::Bool(true)) && old.get("uniqueItems") != Some(&Value::Bool(true)) {
            say("`uniqueItems` added".into());
        }
        for keyword in ["minimum", "minLength", "minItems", "minProperties"] {
            if raised(old.get(keyword), new.get(keyword)) {
                say(format!("`{keyword}` raised"));
            }
        }
        for keyword in ["maximum", "maxLength", "maxItems"] {
            if lowered(old.get(keyword), new.get(keyword)) {
                say(format!("`{keyword}` lowered"));
            }
        }
        if let Some(left) = list(new, "enum") {
            match list(old, "enum") {
                Some(words) if words.iter().all(|w| left.contains(w)) => {}
                Some(_) => say("`enum` lost a word".into()),
                None => say("`enum` added".into()),
            }
        }
        let required = list(old, "required").unwrap_or_default();
        for name in list(new, "required").unwrap_or_default() {
            if !required.contains(&name) {
                say(format!("{name} became required"));
            }
        }
    }
    found
}

/// Whether a lower limit went up (an absent one is below all).
fn raised(old: Option<&Value>, new: Option<&Value>) -> bool {
    match (old.and_then(Value::as_f64), new.and_then(Value::as_f64)) {
        (Some(old), Some(new)) => new > old,
        (None, Some(_)) => true,
        _ => false,
    }
}

/// Whether an upper limit went down (an absent one is above all).
fn lowered(old: Option<&Value>, new: Option<&Value>) -> bool {
    match (old.and_then(Value::as_f64), new.and_then(Value::as_f64)) {
        (Some(old), Some(new)) => new < old,
        (None, Some(_)) => true,
        _ => false,
    }
}

fn list(constraints: &Map<String, Value>, keyword: &str) -> Option<Vec<Value>> {
    constraints.get(keyword).and_then(Value::as_array).cloned()
}
