//! What of a slice is a code and what is free text: by the schema, and by the leaves that `rules.toml` lists.

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{EventType, Leaf, Registry};
use serde_json::{Map, Value};

use super::rules::{CodeLeaves, Rules};
use crate::defaults::unversioned;

/// Where every event type says something that labels are made from.
#[derive(Clone, Debug)]
pub(super) struct Leaves(BTreeMap<EventType, BTreeMap<String, Kind>>);

#[derive(Clone, Debug)]
enum Kind {
    Text,
    Code { system: String, named_by: Option<String> },
}

/// What a slice says: codes with their systems, and texts.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub codes: Vec<(&'a str, &'a str)>,
    pub texts: Vec<&'a str>,
}

impl Leaves {
    /// # Errors
    /// A listed leaf that no version of its event type has: a code there would never be seen.
    pub fn of(rules: &Rules) -> Result<Self, String> {
        let registry = Registry::embedded();
        let mut all = BTreeMap::new();
        let mut met = BTreeSet::new();
        for event_type in registry.types() {
            let (Ok(schema), Ok(leaves)) = (registry.schema(event_type), registry.leaves(event_type)) else { continue };
            let mut kinds = BTreeMap::new();
            for leaf in leaves {
                if let Some((index, listed)) = code(rules, event_type, leaf) {
                    met.insert((index, leaf.pointer.clone()));
                    let kind = Kind::Code { system: listed.system.clone(), named_by: listed.named_by.clone() };
                    kinds.insert(leaf.pointer.clone(), kind);
                } else if is_read(rules, leaf) && is_free_text(schema, &leaf.pointer) {
                    kinds.insert(leaf.pointer.clone(), Kind::Text);
                }
            }
            all.insert(event_type.clone(), kinds);
        }
        let listed = rules.codes.iter().enumerate().flat_map(|(i, c)| c.leaves.iter().map(move |leaf| (i, c, leaf)));
        for (index, codes, leaf) in listed {
            if !met.contains(&(index, leaf.clone())) {
                return Err(format!("`{}` has no leaf `{leaf}` of its own", codes.event));
            }
        }
        Ok(Self(all))
    }

    /// Everything the slice says in these leaves. A type that is not known says nothing: its events are refused.
    pub fn read<'a>(&'a self, event_type: &EventType, slice: &'a Map<String, Value>) -> Said<'a> {
        let mut said = Said::default();
        if let Some(kinds) = self.0.get(event_type) {
            object(kinds, "", slice, &mut said);
        }
        said
    }
}

fn object<'a>(kinds: &'a BTreeMap<String, Kind>, at: &str, members: &'a Map<String, Value>, said: &mut Said<'a>) {
    for (name, member) in members {
        let at = format!("{at}/{name}");
        match (member, kinds.get(&at)) {
            (Value::Object(inner), _) => object(kinds, &at, inner, said),
            (Value::String(text), Some(kind)) => leaf(kind, text, members, said),
            (Value::Array(items), kind) => {
                for item in items {
                    match (item, kind) {
                        (Value::Object(inner), _) => object(kinds, &format!("{at}/*"), inner, said),
                        (Value::String(text), Some(kind)) => leaf(kind, text, members, said),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

fn leaf<'a>(kind: &'a Kind, text: &'a str, beside: &'a Map<String, Value>, said: &mut Said<'a>) {
    // Where a code is due some write words: they are read as both.
    said.texts.push(text);
    if let Kind::Code { system, named_by } = kind {
        let named = named_by.as_deref().and_then(|name| beside.get(name)).and_then(Value::as_str);
        said.codes.push((named.unwrap_or(system), text));
    }
}

fn code<'r>(rules: &'r Rules, event_type: &EventType, leaf: &Leaf) -> Option<(usize, &'r CodeLeaves)> {
    let of = |codes: &CodeLeaves| codes.event == unversioned(event_type) && codes.leaves.contains(&leaf.pointer);
    rules.codes.iter().enumerate().find(|(_, codes)| of(codes))
}

/// Neither a name nor an address, whoever publishes it.
fn is_read(rules: &Rules, leaf: &Leaf) -> bool {
    let tagged = leaf.tagged.as_ref().is_some_and(|element| rules.text.unread_elements.contains(element));
    !tagged && !rules.text.unread_categories.contains(&leaf.category.default)
}

/// A string that a person writes: no word of a list, no pattern, no date.
fn is_free_text(schema: &Value, pointer: &str) -> bool {
    let mut node = Some(schema);
    for name in pointer.split('/').skip(1) {
        node = node.and_then(|n| if name == "*" { n.get("items") } else { n.get("properties")?.get(name) });
    }
    let scalar = node.map(|n| n.get("items").unwrap_or(n));
    scalar.is_some_and(|n| {
        n.get("type").and_then(Value::as_str) == Some("string")
            && ["enum", "pattern", "format"].iter().all(|keyword| n.get(keyword).is_none())
    })
}
