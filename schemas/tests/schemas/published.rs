//! `published.lock.json`: a published version changes compatibly or not at all.
//! Refresh after a compatible change: `HANDOFF_UPDATE_LOCK=1 cargo test --release -p handoff-schemas published`.

use std::collections::BTreeMap;

use handoff_schemas::compat::{Normal, incompatibilities, normal};
use serde_json::{Value, json};

use crate::support::{folder, registry};

fn lock() -> BTreeMap<String, Normal> {
    std::fs::read(folder().join("published.lock.json"))
        .map_or_else(|_| BTreeMap::new(), |b| serde_json::from_slice(&b).unwrap())
}

fn now() -> BTreeMap<String, Normal> {
    registry().types().map(|t| (t.to_string(), normal(registry().schema(t).unwrap()))).collect()
}

/// One line a property: a change shows as the lines it touches.
fn write(types: &BTreeMap<String, Normal>) -> String {
    let block = |(name, normal): (&String, &Normal)| {
        let lines: Vec<_> = normal.iter().map(|(p, c)| format!("    {}: {}", json!(p), json!(c))).collect();
        format!("  {}: {{\n{}\n  }}", json!(name), lines.join(",\n"))
    };
    format!("{{\n{}\n}}\n", types.iter().map(block).collect::<Vec<_>>().join(",\n"))
}

#[test]
fn published_versions_change_compatibly_or_not_at_all() {
    let (before, now) = (lock(), now());
    let mut broken = Vec::new();
    for (name, old) in &before {
        match now.get(name) {
            Some(new) => {
                broken.extend(
                    incompatibilities(old, new).into_iter().map(|i| format!("{name} `{}`: {}", i.pointer, i.what)),
                );
            }
            None => broken.push(format!("{name}: removed")),
        }
    }
    assert!(broken.is_empty(), "a published version may not change so; add a new version:\n{}", broken.join("\n"));
    if before != now {
        assert!(
            std::env::var_os("HANDOFF_UPDATE_LOCK").is_some(),
            "schemas changed compatibly: HANDOFF_UPDATE_LOCK=1 cargo test --release -p handoff-schemas published"
        );
        std::fs::write(folder().join("published.lock.json"), write(&now)).unwrap();
    }
}

#[test]
fn the_lock_reads_back_as_it_was_written() {
    let read: BTreeMap<String, Normal> = serde_json::from_str(&write(&now())).unwrap();
    assert_eq!(read, now());
}

fn base() -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["word"],
        "properties": {
            "word": { "type": "string", "enum": ["a", "b"], "x-category": "cad" },
            "text": { "type": "string", "minLength": 1, "maxLength": 20, "x-category": "cad", "x-element": "place" },
            "count": { "type": "integer", "minimum": 0, "maximum": 9, "x-category": "cad" },
            "list": { "type": "array", "maxItems": 5, "items": { "type": "string", "maxLength": 5 }, "x-category": "cad" },
            "things": { "type": "array", "minItems": 1, "maxItems": 5, "items": {
                "type": "object", "additionalProperties": false, "minProperties": 1,
                "properties": { "at": { "type": "string", "maxLength": 40, "x-category": "cad" } }
            } }
        }
    })
}

fn changed(pointer: &str, to: Option<Value>) -> Vec<String> {
    let mut schema = base();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = schema.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match to {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
    incompatibilities(&normal(&base()), &normal(&schema)).into_iter().map(|i| i.what).collect()
}

#[test]
fn incompatible_changes_are_found() {
    let cases = [
        ("/properties/text", None, "removed"),
        ("/properties/things/items/properties/at", None, "removed"),
        ("/properties/text/type", Some(json!("integer")), "`type` changed"),
        ("/properties/text/x-category", Some(json!("location")), "`x-category` changed"),
        ("/properties/text/x-category", Some(json!({ "default": "cad", "LE": "location" })), "`x-category` changed"),
        ("/properties/text/x-element", Some(json!("times")), "`x-element` changed"),
        ("/properties/text/x-element", None, "`x-element` changed"),
        ("/properties/word/x-element", Some(json!("times")), "`x-element` changed"),
        ("/properties/word/enum", Some(json!(["a"])), "`enum` lost a word"),
        ("/properties/text/enum", Some(json!(["a"])), "`enum` added"),
        ("/properties/text/maxLength", Some(json!(19)), "`maxLength` lowered"),
        ("/properties/text/minLength", Some(json!(2)), "`minLength` raised"),
        ("/properties/text/pattern", Some(json!("^a")), "`pattern` changed or added"),
        ("/properties/text/format", Some(json!("date")), "`format` changed or added"),
        ("/properties/count/maximum", Some(json!(8)), "`maximum` lowered"),
        ("/properties/count/minimum", Some(json!(1)), "`minimum` raised"),
        ("/properties/list/maxItems", Some(json!(4)), "`maxItems` lowered"),
        ("/properties/list/items/maxLength", Some(json!(4)), "`maxLength` lowered"),
        ("/properties/list/uniqueItems", Some(json!(true)), "`uniqueItems` added"),
        ("/properties/things/minItems", Some(json!(2)), "`minItems` raised"),
        ("/properties/things/items/required", Some(json!(["at"])), "\"at\" became required"),
        ("/required", Some(json!(["word", "text"])), "\"text\" became required"),
    ];
    for (pointer, to, expected) in cases {
        let found = changed(pointer, to);
        assert_eq!(found, [expected], "{pointer}");
    }
}

#[test]
fn compatible_changes_pass() {
    let leaf = json!({ "type": "string", "maxLength": 9, "x-category": "location" });
    let cases = [
        ("/properties/more", Some(leaf.clone())),
        ("/properties/things/items/properties/more", Some(leaf)),
        ("/properties/word/enum", Some(json!(["b", "a", "c"]))),
        ("/properties/text/maxLength", Some(json!(21))),
        ("/properties/text/maxLength", None),
        ("/properties/text/minLength", None),
        ("/properties/count/maximum", Some(json!(10))),
        ("/properties/count/minimum", Some(json!(-1))),
        ("/properties/text/description", Some(json!("words for people"))),
        ("/properties/text/examples", Some(json!(["words"]))),
        ("/required", None),
    ];
    for (pointer, to) in cases {
        assert_eq!(changed(pointer, to), Vec::<String>::new(), "{pointer}");
    }
}
