//! Reads the shape of an event schema, and says everything that is wrong with it.
//!
//! Shared with `build.rs`, so that a leaf without a category fails the build; hence strings where the
//! rest of the crate has types, and no dependency but `serde_json`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The recipient kinds an `x-category` may distinguish its source by.
pub const SOURCE_KINDS: &[&str] =
    &["LE", "PSAP", "EMS", "BHC", "P2P", "HOSP", "CMP", "CBO", "CJ", "VSP", "L988", "EVAL"];

/// The words a schema may use.
pub struct Vocabulary {
    /// Category slugs.
    pub categories: BTreeSet<String>,
    /// The words of `elements.json`.
    pub elements: BTreeSet<String>,
}

/// What a schema says a document looks like.
pub enum Shape {
    Object(BTreeMap<String, Shape>),
    /// An array of objects; an array of scalars is a leaf.
    Array(Box<Shape>),
    Leaf(RawLeaf),
}

/// A leaf with its tags, as written.
pub struct RawLeaf {
    /// JSON pointer, `*` for any index.
    pub pointer: String,
    pub default: String,
    pub by_source: BTreeMap<String, String>,
    pub element: Option<String>,
}

/// One thing that is wrong with a schema.
pub struct Problem {
    /// Pattern pointer of the property.
    pub pointer: String,
    pub what: String,
}

const COMMON: &[&str] = &["type", "title", "description", "$comment"];
const ROOT: &[&str] = &["$schema", "$id"];
const OBJECT: &[&str] = &["additionalProperties", "required", "minProperties", "properties"];
const ARRAY: &[&str] = &["minItems", "maxItems", "items"];
const LEAF: &[&str] = &["x-category", "x-element", "examples"];

/// The shape of an event schema, or all its problems.
pub fn read(schema: &Value, vocabulary: &Vocabulary) -> Result<Shape, Vec<Problem>> {
    let mut reader = Reader { vocabulary, problems: Vec::new() };
    let shape = match schema.as_object() {
        Some(root) if root.get("type").and_then(Value::as_str) == Some("object") => reader.object(root, "", true),
        _ => {
            reader.problem("", "the root must have `\"type\": \"object\"`");
            Shape::Object(BTreeMap::new())
        }
    };
    if reader.problems.is_empty() { Ok(shape) } else { Err(reader.problems) }
}

struct Reader<'a> {
    vocabulary: &'a Vocabulary,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, pointer: &str, what: impl Into<String>) {
        self.problems.push(Problem { pointer: pointer.to_owned(), what: what.into() });
    }

    fn object(&mut self, schema: &Map<String, Value>, at: &str, root: bool) -> Shape {
        self.keywords(schema, at, &[COMMON, OBJECT, if root { ROOT } else { &[] }]);
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            self.problem(at, "an object needs `\"additionalProperties\": false`");
        }
        let required = schema.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let filled = !required.is_empty() || schema.get("minProperties").and_then(Value::as_u64) >= Some(1);
        if !root && !filled {
            // An empty container has no leaf, so no slice would carry it: slice and merge would lose it.
            self.problem(at, "a nested object needs `required` or `\"minProperties\": 1`");
        }
        let mut fields = BTreeMap::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        for name in required {
            if !name.as_str().is_some_and(|n| properties.is_some_and(|p| p.contains_key(n))) {
                self.problem(at, "`required` names a property that is not there");
            }
        }
        for (name, property) in properties.into_iter().flatten() {
            let pointer = format!("{at}/{name}");
            if !is_field_name(name) {
                self.problem(&pointer, "a property name is lower-case letters, digits and `_`");
            }
            match property.as_object() {
                Some(property) => {
                    let shape = self.property(property, &pointer);
                    fields.insert(name.clone(), shape);
                }
                None => self.problem(&pointer, "a property needs a schema object"),
            }
        }
        Shape::Object(fields)
    }

    fn property(&mut self, schema: &Map<String, Value>, at: &str) -> Shape {
        let items = schema.get("items").and_then(Value::as_object);
        match (schema.get("type").and_then(Value::as_str), items) {
            (Some("object"), _) => self.object(schema, at, false),
            (Some("array"), Some(items)) if items.get("type").and_then(Value::as_str) == Some("object") => {
                self.keywords(schema, at, &[COMMON, ARRAY]);
                if schema.get("minItems").and_then(Value::as_u64) < Some(1) {
                    self.problem(at, "an array of objects needs `\"minItems\": 1`");
                }
                self.bounded(schema, at, &["maxItems"]);
                Shape::Array(Box::new(self.object(items, &format!("{at}/*"), false)))
            }
            (Some("array"), Some(items)) => {
                self.keywords(schema, at, &[COMMON, ARRAY, LEAF, &["uniqueItems"]]);
                self.bounded(schema, at, &["maxItems"]);
                self.scalar(items, &format!("{at}/*"), &[]);
                self.examples(schema, items, at);
                self.leaf(schema, at)
            }
            (Some("array"), None) => {
                self.problem(at, "an array needs `items`");
                self.leaf(schema, at)
            }
            _ => {
                self.scalar(schema, at, LEAF);
                self.examples(schema, schema, at);
                self.leaf(schema, at)
            }
        }
    }

    fn scalar(&mut self, schema: &Map<String, Value>, at: &str, also: &[&str]) {
        match schema.get("type").and_then(Value::as_str) {
            Some("string") if schema.contains_key("enum") => self.keywords(schema, at, &[COMMON, also, &["enum"]]),
            Some("string") => {
                self.keywords(schema, at, &[COMMON, also, &["minLength", "maxLength", "pattern", "format"]]);
                self.bounded(schema, at, &["maxLength"]);
            }
            Some("integer" | "number") => {
                self.keywords(schema, at, &[COMMON, also, &["minimum", "maximum"]]);
                self.bounded(schema, at, &["minimum", "maximum"]);
            }
            Some("boolean") => self.keywords(schema, at, &[COMMON, also]),
            _ => self.problem(at, "`type` must be object, array, string, integer, number or boolean"),
        }
    }

    /// A generator of instances cannot invent a string for a pattern: it takes the example.
    fn examples(&mut self, leaf: &Map<String, Value>, scalar: &Map<String, Value>, at: &str) {
        let example = leaf.get("examples").and_then(Value::as_array).is_some_and(|e| !e.is_empty());
        if (scalar.contains_key("pattern") || scalar.contains_key("format")) && !example {
            self.problem(at, "a leaf with `pattern` or `format` needs `examples`");
        }
    }

    fn leaf(&mut self, schema: &Map<String, Value>, at: &str) -> Shape {
        let (default, by_source) = self.category(schema.get("x-category"), at);
        let element = schema.get("x-element").map(|e| e.as_str().unwrap_or_default().to_owned());
        if let Some(element) = &element
            && !self.vocabulary.elements.contains(element)
        {
            self.problem(at, format!("`x-element` `{element}` is not in elements.json"));
        }
        Shape::Leaf(RawLeaf { pointer: at.to_owned(), default, by_source, element })
    }

    fn category(&mut self, tag: Option<&Value>, at: &str) -> (String, BTreeMap<String, String>) {
        let mut by_source = BTreeMap::new();
        let default = match tag {
            Some(Value::String(slug)) => slug.clone(),
            Some(Value::Object(tags)) => {
                for (kind, slug) in tags {
                    let slug = slug.as_str().unwrap_or_default();
                    if kind == "default" {
                        continue;
                    }
                    if !SOURCE_KINDS.contains(&kind.as_str()) {
                        self.problem(at, format!("`x-category` names `{kind}`, which is no recipient kind"));
                    }
                    self.slug(slug, at);
                    by_source.insert(kind.clone(), slug.to_owned());
                }
                tags.get("default").and_then(Value::as_str).unwrap_or_default().to_owned()
            }
            _ => {
                self.problem(at, "a leaf needs `x-category`: a slug of matrix.csv, or `administrative`");
                return (String::new(), by_source);
            }
        };
        self.slug(&default, at);
        (default, by_source)
    }

    fn slug(&mut self, slug: &str, at: &str) {
        if !self.vocabulary.categories.contains(slug) {
            self.problem(at, format!("`x-category` `{slug}` is no category slug"));
        }
    }

    fn bounded(&mut self, schema: &Map<String, Value>, at: &str, limits: &[&str]) {
        for limit in limits {
            if !schema.get(*limit).is_some_and(Value::is_number) {
                self.problem(at, format!("`{limit}` is missing: everything a partner sends is bounded"));
            }
        }
    }

    /// An allow-list, so that no property can hide in a keyword this reader does not walk.
    fn keywords(&mut self, schema: &Map<String, Value>, at: &str, allowed: &[&[&str]]) {
        for keyword in schema.keys() {
            if !allowed.iter().any(|list| list.contains(&keyword.as_str())) {
                self.problem(at, format!("keyword `{keyword}` is not used in this place by event schemas"));
            }
        }
    }
}

fn is_field_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
