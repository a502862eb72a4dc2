//! Splitting data by category, and putting parts together again.
//!
//! A slice has the nesting of the whole. Arrays of objects keep their indexes: an item without a leaf of
//! the category is `{}`, and trailing ones are left out. So the slices merged index by index are the
//! whole again, and parts of different slices of one item still meet.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::entry::{Entry, Leaf, Node};
use crate::{Category, ElementSet, RecipientKind, SchemaError};

/// An event's data by category.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Sliced {
    /// Leaves about no person.
    pub admin: Map<String, Value>,
    /// One slice per category that the data has leaves of; never empty ones.
    pub slices: BTreeMap<Category, Map<String, Value>>,
}

impl Sliced {
    /// The whole again.
    #[must_use]
    pub fn merge(&self) -> Value {
        let mut whole = Value::Object(self.admin.clone());
        for slice in self.slices.values() {
            merge_into(&mut whole, Value::Object(slice.clone()));
        }
        whole
    }
}

impl std::fmt::Debug for Sliced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Which categories there are; never what they say.
        f.debug_struct("Sliced").field("categories", &self.slices.keys().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

/// What a recipient sees of the slices it was released: merged, then without the `{}` that stood for
/// items of which nothing was released, so that their number does not show (42 CFR 2.13(c)).
pub fn present(slices: impl IntoIterator<Item = Value>) -> Value {
    let mut whole = Value::Object(Map::new());
    for slice in slices {
        merge_into(&mut whole, slice);
    }
    compact(whole).unwrap_or_else(|| Value::Object(Map::new()))
}

pub(super) fn slice(entry: &Entry, source: RecipientKind, data: &Value) -> Result<Sliced, SchemaError> {
    let mut sliced = Sliced::default();
    if data.as_object().is_some_and(Map::is_empty) {
        return Ok(sliced);
    }
    for (category, part) in split(&entry.root, source, data, "")? {
        let Value::Object(part) = part else { return Err(SchemaError::shape("")) };
        if category == Category::Administrative {
            sliced.admin = part;
        } else {
            sliced.slices.insert(category, part);
        }
    }
    Ok(sliced)
}

fn split(
    node: &Node,
    source: RecipientKind,
    value: &Value,
    at: &str,
) -> Result<BTreeMap<Category, Value>, SchemaError> {
    let mut parts = BTreeMap::new();
    match (node, value) {
        (Node::Leaf(leaf), value) => {
            parts.insert(leaf.category.resolve(source), value.clone());
        }
        (Node::Object(fields), Value::Object(members)) if !members.is_empty() => {
            for (name, member) in members {
                // An unknown name may hold anything: the error names its parent only.
                let field = fields.get(name).ok_or_else(|| SchemaError::shape(at))?;
                for (category, part) in split(field, source, member, &format!("{at}/{name}"))? {
                    let slot = parts.entry(category).or_insert_with(|| Value::Object(Map::new()));
                    if let Value::Object(map) = slot {
                        map.insert(name.clone(), part);
                    }
                }
            }
        }
        (Node::Array(items), Value::Array(values)) if !values.is_empty() => {
            for (index, item) in values.iter().enumerate() {
                for (category, part) in split(items, source, item, &format!("{at}/{index}"))? {
                    let slot = parts.entry(category).or_insert_with(|| Value::Array(Vec::new()));
                    if let Value::Array(list) = slot {
                        list.resize_with(index, || Value::Object(Map::new()));
                        list.push(part);
                    }
                }
            }
        }
        _ => return Err(SchemaError::shape(at)),
    }
    Ok(parts)
}

fn merge_into(whole: &mut Value, part: Value) {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            for (name, value) in part {
                match whole.get_mut(&name) {
                    Some(there) => merge_into(there, value),
                    None => {
                        whole.insert(name, value);
                    }
                }
            }
        }
        (Value::Array(whole), Value::Array(part)) => {
            for (index, value) in part.into_iter().enumerate() {
                match whole.get_mut(index) {
                    Some(there) => merge_into(there, value),
                    None => whole.push(value),
                }
            }
        }
        // A leaf stands in one slice only.
        (_, _) => {}
    }
}

/// Without the containers that hold no leaf. An array that came empty is a leaf and stays.
fn compact(value: Value) -> Option<Value> {
    match value {
        Value::Object(map) => {
            let map: Map<_, _> = map.into_iter().filter_map(|(k, v)| Some((k, compact(v)?))).collect();
            (!map.is_empty()).then_some(Value::Object(map))
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            let list: Vec<_> = list.into_iter().filter_map(compact).collect();
            (!list.is_empty()).then_some(Value::Array(list))
        }
        leaf => Some(leaf),
    }
}

pub(super) fn retain(
    entry: &Entry,
    source: RecipientKind,
    category: Category,
    slice: &Value,
    allowed: &ElementSet,
) -> Value {
    let keep = |leaf: &Leaf| leaf.category.resolve(source) == category && allowed.contains(leaf.element(source));
    filter(&entry.root, slice, &keep).unwrap_or_else(|| Value::Object(Map::new()))
}

fn filter(node: &Node, value: &Value, keep: &impl Fn(&Leaf) -> bool) -> Option<Value> {
    match (node, value) {
        (Node::Leaf(leaf), value) => keep(leaf).then(|| value.clone()),
        (Node::Object(fields), Value::Object(members)) => {
            let kept: Map<_, _> = members
                .iter()
                .filter_map(|(name, member)| Some((name.clone(), filter(fields.get(name)?, member, keep)?)))
                .collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        (Node::Array(items), Value::Array(values)) => {
            let mut kept: Vec<_> = values.iter().map(|item| filter(items, item, keep)).collect();
            while kept.last().is_some_and(Option::is_none) {
                kept.pop();
            }
            let kept: Vec<_> = kept.into_iter().map(|item| item.unwrap_or_else(|| Value::Object(Map::new()))).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        _ => None,
    }
}

pub(super) fn elements(entry: &Entry, source: RecipientKind, category: Category, slice: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    visit(&entry.root, slice, &mut |leaf: &Leaf| {
        if leaf.category.resolve(source) == category {
            found.insert(leaf.element(source).to_owned());
        }
    });
    found
}

fn visit(node: &Node, value: &Value, seen: &mut impl FnMut(&Leaf)) {
    match (node, value) {
        (Node::Leaf(leaf), _) => seen(leaf),
        (Node::Object(fields), Value::Object(members)) => {
            for (name, member) in members {
                if let Some(field) = fields.get(name) {
                    visit(field, member, seen);
                }
            }
        }
        (Node::Array(items), Value::Array(values)) => values.iter().for_each(|item| visit(items, item, seen)),
        _ => {}
    }
}
