//! The registry of event and command schemas: validate, slice, redact.

mod entry;
mod slicing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

pub use entry::{CategoryRule, Leaf};
pub use slicing::{Sliced, present};

use crate::shape::{self, Vocabulary};
use crate::{Category, ElementSet, EventType, RecipientKind, SchemaError};
use entry::Entry;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// Every published event and command schema, compiled once.
pub struct Registry {
    events: BTreeMap<EventType, Entry>,
    /// Command `family.name.vN` -> the event whose data it carries.
    commands: BTreeMap<String, EventType>,
    elements: BTreeMap<String, String>,
    vocabulary: Vocabulary,
    envelope: Option<Validator>,
}

impl Registry {
    /// The schemas this build was made with. Compiled at the first call (a few milliseconds).
    pub fn embedded() -> &'static Self {
        static REGISTRY: OnceLock<Registry> = OnceLock::new();
        REGISTRY.get_or_init(|| {
            Self::read(
                embedded::EVENTS,
                embedded::COMMANDS,
                include_str!("../elements.json"),
                include_str!("../envelope.json"),
            )
        })
    }

    /// What cannot be read is left out: its type is then unknown, and everything of it is refused. The
    /// build has checked all of it before.
    fn read(events: &[(&str, &str)], commands: &[(&str, &str)], elements: &str, envelope: &str) -> Self {
        let elements = words(elements);
        let vocabulary = Vocabulary {
            categories: Category::ALL.iter().map(|c| c.slug().to_owned()).collect(),
            elements: elements.keys().cloned().collect(),
        };
        let events: BTreeMap<EventType, Entry> = events
            .iter()
            .filter_map(|(name, text)| {
                Some((name.parse().ok()?, Entry::read(serde_json::from_str(text).ok()?, &vocabulary)?))
            })
            .collect();
        let commands = commands
            .iter()
            .filter_map(|(name, text)| {
                let schema: Value = serde_json::from_str(text).ok()?;
                let event: EventType = schema.get("x-event")?.as_str()?.parse().ok()?;
                events.contains_key(&event).then(|| ((*name).to_owned(), event))
            })
            .collect();
        let envelope = serde_json::from_str(envelope).ok().and_then(|schema| compile(&schema));
        Self { events, commands, elements, vocabulary, envelope }
    }

    /// Every event type, sorted.
    pub fn types(&self) -> impl Iterator<Item = &EventType> {
        self.events.keys()
    }

    /// Every command by its dotted name, with the event whose data it carries.
    pub fn commands(&self) -> impl Iterator<Item = (&str, &EventType)> {
        self.commands.iter().map(|(name, event)| (name.as_str(), event))
    }

    /// The event whose data a command (`consent.record-consent.v1`) carries.
    pub fn command_event(&self, command: &str) -> Result<&EventType, SchemaError> {
        self.commands.get(command).ok_or_else(|| {
            SchemaError::new(
                SchemaError::UNKNOWN_COMMAND,
                "",
                "command",
                "use a command of schemas/commands, for example `consent.record-consent.v1`",
            )
        })
    }

    /// The vocabulary of `x-element`: word -> meaning.
    #[must_use]
    pub fn elements(&self) -> &BTreeMap<String, String> {
        &self.elements
    }

    /// Whether it is a word that a document may select leaves by: of the vocabulary, or the slug of a category for its
    /// leaves without one.
    #[must_use]
    pub fn is_element(&self, word: &str) -> bool {
        self.elements().contains_key(word) || word.parse::<Category>().is_ok()
    }

    /// The schema as published.
    pub fn schema(&self, event_type: &EventType) -> Result<&Value, SchemaError> {
        self.entry(event_type).map(|e| &e.schema)
    }

    /// Every leaf of a type, by pointer.
    pub fn leaves(&self, event_type: &EventType) -> Result<&[Leaf], SchemaError> {
        self.entry(event_type).map(|e| e.leaves.as_slice())
    }

    /// Whether every leaf of a type is `administrative`, so that its events are about no person.
    pub fn is_administrative(&self, event_type: &EventType) -> Result<bool, SchemaError> {
        self.entry(event_type).map(|e| e.leaves.iter().all(|l| l.category.default == Category::Administrative))
    }

    /// Refuses data that breaks its schema, at the first place; 2020-12, with formats.
    pub fn validate(&self, event_type: &EventType, data: &Value) -> Result<(), SchemaError> {
        self.validator(event_type)?.validate(data).map_err(|e| SchemaError::invalid(SchemaError::INVALID, &e))
    }

    /// All places where data breaks its schema, at most 50.
    pub fn findings(&self, event_type: &EventType, data: &Value) -> Vec<SchemaError> {
        match self.validator(event_type) {
            Ok(validator) => {
                validator.iter_errors(data).take(50).map(|e| SchemaError::invalid(SchemaError::INVALID, &e)).collect()
            }
            Err(error) => vec![error],
        }
    }

    /// Splits valid data by the category of its leaves, as a unit of kind `source` published it.
    pub fn slice(&self, event_type: &EventType, source: RecipientKind, data: &Value) -> Result<Sliced, SchemaError> {
        slicing::slice(self.entry(event_type)?, source, data)
    }

    /// Keeps of a slice only the leaves of this category whose element is allowed, without the
    /// containers that emptied; what the schema does not know goes.
    pub fn retain(
        &self,
        event_type: &EventType,
        source: RecipientKind,
        category: Category,
        slice: &Value,
        allowed: &ElementSet,
    ) -> Result<Value, SchemaError> {
        Ok(slicing::retain(self.entry(event_type)?, source, category, slice, allowed))
    }

    /// The elements a slice holds.
    pub fn elements_of(
        &self,
        event_type: &EventType,
        source: RecipientKind,
        category: Category,
        slice: &Value,
    ) -> Result<BTreeSet<String>, SchemaError> {
        Ok(slicing::elements(self.entry(event_type)?, source, category, slice))
    }

    /// Everything that keeps an event schema from being published, as `pointer: what`: a leaf without a
    /// valid category or element, an unbounded or hidden property. The build runs the same check.
    #[must_use]
    pub fn lint(&self, schema: &Value) -> Vec<String> {
        let problems = shape::read(schema, &self.vocabulary).err().unwrap_or_default();
        problems.into_iter().map(|p| format!("{}: {}", p.pointer, p.what)).collect()
    }

    pub(crate) fn envelope(&self) -> Result<&Validator, SchemaError> {
        self.envelope.as_ref().ok_or_else(broken)
    }

    fn entry(&self, event_type: &EventType) -> Result<&Entry, SchemaError> {
        self.events.get(event_type).ok_or_else(SchemaError::unknown_type)
    }

    fn validator(&self, event_type: &EventType) -> Result<&Validator, SchemaError> {
        self.entry(event_type)?.validator.as_ref().ok_or_else(broken)
    }
}

fn broken() -> SchemaError {
    SchemaError::new(
        SchemaError::BROKEN,
        "",
        "schema",
        "this build's schema does not compile; report it, nothing is taken",
    )
}

/// `regex` and not a backtracking engine: linear in what a partner sends. No network, no files.
pub(crate) fn compile(schema: &Value) -> Option<Validator> {
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(schema)
        .ok()
}

fn words(text: &str) -> BTreeMap<String, String> {
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let words = document.get("elements").and_then(Value::as_object).into_iter().flatten();
    words.map(|(word, meaning)| (word.clone(), meaning.as_str().unwrap_or_default().to_owned())).collect()
}
