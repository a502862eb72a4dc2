//! Instances with a unique token in every leaf that can hold one, so that a test can look for each leaf
//! by itself wherever data must not be: streams, logs, views, files.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{Category, EventType, RecipientKind, Registry, SchemaError};

/// One leaf's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// JSON pointer into the data, with indexes.
    pub pointer: String,
    /// The leaf's category for the source asked for.
    pub category: Category,
    /// The leaf's element.
    pub element: String,
    /// Stands in the leaf, whole, and nowhere else in the instance.
    pub token: String,
}

/// A valid instance and its canaries.
#[derive(Clone, Debug)]
pub struct CanarySample {
    pub data: Value,
    pub canaries: Vec<Canary>,
    /// Leaves where no token fits: enums, numbers, booleans, very short strings.
    pub without: Vec<String>,
}

/// Fills every property of a type. Different `seed`s give different tokens; the same one the same.
pub fn canary_sample(
    registry: &Registry,
    event_type: &EventType,
    source: RecipientKind,
    seed: u64,
) -> Result<CanarySample, SchemaError> {
    let schema = registry.schema(event_type)?;
    let mut filler = Filler {
        seed: mix(seed, event_type.as_str()),
        tokens: BTreeSet::new(),
        placed: Vec::new(),
        without: Vec::new(),
    };
    let data = filler.fill(schema, "");
    let leaves = registry.leaves(event_type)?;
    let canaries = filler.placed.into_iter().filter_map(|(pointer, token)| {
        // The filler writes one item an array, so index 0 is what the pattern's `*` stands for.
        let leaf = leaves.iter().find(|l| l.pointer.replace("/*", "/0") == pointer)?;
        let (category, element) = (leaf.category.resolve(source), leaf.element(source).to_owned());
        Some(Canary { pointer, category, element, token })
    });
    Ok(CanarySample { data, canaries: canaries.collect(), without: filler.without })
}

struct Filler {
    seed: u64,
    tokens: BTreeSet<String>,
    placed: Vec<(String, String)>,
    without: Vec<String>,
}

impl Filler {
    fn fill(&mut self, schema: &Value, at: &str) -> Value {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let filled = properties.iter().map(|(name, s)| (name.clone(), self.fill(s, &format!("{at}/{name}"))));
            return Value::Object(filled.collect::<Map<_, _>>());
        }
        let items = schema.get("items");
        if let Some(items) = items.filter(|i| i.get("properties").is_some()) {
            return Value::Array(vec![self.fill(items, &format!("{at}/0"))]);
        }
        match self.token(items.unwrap_or(schema), at) {
            Some(token) => {
                self.placed.push((at.to_owned(), token.clone()));
                if items.is_some() { Value::Array(vec![token.into()]) } else { token.into() }
            }
            None => {
                self.without.push(at.to_owned());
                plain(schema)
            }
        }
    }

    /// The first spelling of the leaf's number that its schema takes and that is not used yet.
    fn token(&mut self, scalar: &Value, at: &str) -> Option<String> {
        if scalar.get("type").and_then(Value::as_str) != Some("string") || scalar.get("enum").is_some() {
            return None;
        }
        let validator = super::registry::compile(scalar)?;
        (0..64_u64).flat_map(|attempt| spellings(mix(self.seed.wrapping_add(attempt), at))).find(|token| {
            // A token inside another would be found where it is not.
            let distinct = !self.tokens.iter().any(|t| t.contains(token) || token.contains(t));
            distinct && validator.is_valid(&Value::String(token.clone())) && self.tokens.insert(token.clone())
        })
    }
}

fn spellings(n: u64) -> [String; 9] {
    let letters = format!("{n:016x}")
        .bytes()
        .map(|b| char::from(if b.is_ascii_digit() { b - b'0' + b'g' } else { b }))
        .collect::<String>();
    let digits = n % 1_000_000_000_000;
    let (year, month, day) = (2100 + n % 7000, 1 + (n >> 16) % 12, 1 + (n >> 24) % 28);
    let (hour, minute, second) = ((n >> 32) % 24, (n >> 40) % 60, (n >> 48) % 60);
    [
        format!("canary-{n:016x}"),
        format!("canary-{letters}"),
        format!("/canary_{n:016x}"),
        format!("{n:016x}{n:016x}{n:016x}{n:016x}"),
        format!("{n:016X}").chars().take(9).collect(),
        format!("9{digits:012}"),
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            n >> 32,
            n & 0xffff,
            n >> 52,
            (n >> 40) & 0xfff,
            n & 0xffff_ffff_ffff
        ),
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
        format!("{year:04}-{month:02}-{day:02}"),
    ]
}

fn plain(schema: &Value) -> Value {
    let first = |list: Option<&Value>| list.and_then(Value::as_array).and_then(|l| l.first()).cloned();
    if let Some(example) = first(schema.get("examples")) {
        return example;
    }
    if let Some(word) = first(schema.get("enum")) {
        return word;
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean") => Value::Bool(true),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| 0.into()),
        Some("array") => schema.get("items").map_or_else(|| Value::Array(Vec::new()), |i| Value::Array(vec![plain(i)])),
        _ => Value::String("x".into()),
    }
}

/// FNV-1a, then a finisher: no secrecy wanted, only spread.
fn mix(seed: u64, text: &str) -> u64 {
    let mut hash = seed ^ 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}
