//! given / when / then for pure deciders: the path a command takes in the shell (decide, validate, slice, fold),
//! without log, keys or clock. Every deciding service states its rules in these words.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use handoff_schemas::{EventId, EventType, Fact, PersonId, RecipientKind, RecordId, Registry, UnitId};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::command::{Command, Item, RecordRef, Refusal};
use crate::commit::LoggedEvent;
use crate::decider::Decider;

/// An id written as a literal in a scenario.
#[track_caller]
#[expect(clippy::panic, reason = "a literal that is no id is a defect of the scenario, and must stop it")]
pub fn id<T>(text: &str) -> T
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().unwrap_or_else(|e| panic!("`{text}` in a scenario: {e}"))
}

/// A person, the same one for the same number.
#[must_use]
pub fn person(n: u8) -> PersonId {
    PersonId(uuid::Builder::from_random_bytes([n; 16]).into_uuid())
}

/// How scenarios name records: like the hub (UUIDv8 of unit and key), but under no key.
#[must_use]
pub fn record_id(unit: &UnitId, key: &str) -> RecordId {
    let digest = Sha256::new().chain_update(unit.as_str()).chain_update([0]).chain_update(key).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    RecordId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// A command with one item, on the record the unit calls `key`.
#[track_caller]
#[must_use]
pub fn command(unit: &str, key: &str, event_type: &str, data: Value) -> Command {
    Command {
        unit: id(unit),
        key: key.to_owned(),
        record: RecordRef::Key(key.to_owned()),
        incident: None,
        items: vec![Item { event_type: id(event_type), person: None, other: None, asserted_at: None, data }],
        fresh: [person(201).0, person(202).0],
    }
}

/// What scenarios say about a command beyond its data.
pub trait Said: Sized {
    /// Every item is about this person.
    #[must_use]
    fn about(self, person: PersonId) -> Self;
    /// Every item names this second person.
    #[must_use]
    fn naming(self, other: PersonId) -> Self;
    /// Every item was asserted at this time (RFC 3339).
    #[must_use]
    fn asserted(self, at: &str) -> Self;
    /// The record is named by the hub's id instead of the unit's own key.
    #[must_use]
    fn on(self, record: RecordId) -> Self;
    /// One more item.
    #[must_use]
    fn and(self, event_type: &str, data: Value) -> Self;
}

impl Said for Command {
    fn about(mut self, person: PersonId) -> Self {
        self.items.iter_mut().for_each(|i| i.person = Some(person));
        self
    }

    fn naming(mut self, other: PersonId) -> Self {
        self.items.iter_mut().for_each(|i| i.other = Some(other));
        self
    }

    fn asserted(mut self, at: &str) -> Self {
        self.items.iter_mut().for_each(|i| i.asserted_at = Some(at.to_owned()));
        self
    }

    fn on(mut self, record: RecordId) -> Self {
        self.record = RecordRef::Id(record);
        self
    }

    #[track_caller]
    fn and(mut self, event_type: &str, data: Value) -> Self {
        self.items.push(Item { event_type: id(event_type), person: None, other: None, asserted_at: None, data });
        self
    }
}

/// All records of one deciding service, folded.
#[derive(Clone)]
pub struct World<D: Decider> {
    decider: std::sync::Arc<D>,
    records: BTreeMap<RecordId, D::State>,
    events: u128,
}

impl<D: Decider> World<D> {
    #[must_use]
    pub fn new(decider: D) -> Self {
        Self { decider: std::sync::Arc::new(decider), records: BTreeMap::new(), events: 0 }
    }

    /// The state of a record; the default where nothing happened to it.
    #[must_use]
    pub fn state(&self, record: RecordId) -> D::State {
        self.records.get(&record).cloned().unwrap_or_default()
    }

    /// Decides, validates and folds one command, as the shell would.
    ///
    /// # Errors
    /// The decider's [`Refusal`], or the schema's for what the decider let through.
    pub fn handle(&mut self, command: &Command) -> Result<Vec<LoggedEvent>, Refusal> {
        let record = command.record_id(record_id);
        let mut state = self.state(record);
        let mut logged = Vec::new();
        for new in self.decider.decide(&state, command)? {
            let registry = Registry::embedded();
            let refuse = |e: handoff_schemas::SchemaError| Refusal::new(e.code, e.rule, e.remedy).at(e.place);
            registry.validate(&new.event_type, &new.data).map_err(refuse)?;
            let sliced = registry.slice(&new.event_type, RecipientKind::Bhc, &new.data).map_err(refuse)?;
            self.events += 1;
            logged.push(LoggedEvent {
                id: EventId(Uuid::from_u128(self.events)),
                event_type: new.event_type,
                record,
                unit: command.unit.clone(),
                person: new.person,
                incident: command.incident,
                asserted_at: new.asserted_at,
                facts: new.facts,
                labels: Vec::new(),
                content: Vec::new(),
                admin: sliced.admin,
                slices: Vec::new(),
            });
        }
        for event in &logged {
            state = D::evolve(state, event);
        }
        self.records.insert(record, state);
        Ok(logged)
    }
}

/// Nothing happened yet.
#[must_use]
pub fn given<D: Decider>(decider: D) -> Given<D> {
    Given { world: World::new(decider) }
}

/// What happened before.
#[derive(Clone)]
pub struct Given<D: Decider> {
    world: World<D>,
}

impl<D: Decider> Given<D> {
    /// This command was accepted before.
    #[track_caller]
    #[must_use]
    pub fn after(mut self, command: &Command) -> Self {
        let answer = self.world.handle(command).map(|_| ());
        assert_eq!(answer, Ok(()), "what is given must have been accepted");
        self
    }

    /// All of these were accepted before, in order.
    #[track_caller]
    #[must_use]
    pub fn after_all<'a>(self, commands: impl IntoIterator<Item = &'a Command>) -> Self {
        commands.into_iter().fold(self, |given, command| given.after(command))
    }

    /// The command in question.
    #[must_use]
    pub fn when(mut self, command: &Command) -> Outcome<D> {
        let answer = self.world.handle(command);
        Outcome { world: self.world, answer }
    }
}

/// What the command led to.
#[derive(Clone)]
pub struct Outcome<D: Decider> {
    world: World<D>,
    answer: Result<Vec<LoggedEvent>, Refusal>,
}

impl<D: Decider> Outcome<D> {
    /// It was accepted, with exactly these event types.
    #[track_caller]
    pub fn then_events(self, expected: &[&str]) -> Self {
        let types = self.answer.as_ref().map(|e| e.iter().map(|e| e.event_type.as_str()).collect::<Vec<_>>());
        assert_eq!(types, Ok(expected.to_vec()));
        self
    }

    /// It was accepted, and its events say exactly this to policy.
    #[track_caller]
    pub fn then_facts(self, expected: &[Fact]) -> Self {
        let facts = self.answer.as_ref().map(|e| e.iter().flat_map(|e| e.facts.clone()).collect::<Vec<_>>());
        assert_eq!(facts, Ok(expected.to_vec()));
        self
    }

    /// It was accepted.
    #[track_caller]
    pub fn then_accepted(self) -> Vec<LoggedEvent> {
        assert_eq!(self.answer.as_ref().map(|_| ()), Ok(()));
        self.answer.unwrap_or_default()
    }

    /// It was refused with this code; the refusal is returned for a closer look.
    #[track_caller]
    #[expect(clippy::panic, reason = "an acceptance where a refusal is due must stop the scenario")]
    pub fn then_refused(self, code: &str) -> Refusal {
        match self.answer {
            Err(refusal) => {
                assert_eq!(refusal.code, code, "{refusal}");
                refusal
            }
            Ok(events) => panic!("accepted as {} events instead of refused with {code}", events.len()),
        }
    }

    /// The answer as it is.
    pub fn answer(&self) -> Result<&[LoggedEvent], &Refusal> {
        self.answer.as_deref()
    }

    /// Goes on from here.
    #[must_use]
    pub fn then(self) -> Given<D> {
        Given { world: self.world }
    }

    /// The folded state of one record after the command.
    #[track_caller]
    pub fn then_state(self, record: RecordId, expected: &D::State) -> Self
    where
        D::State: PartialEq + Debug,
    {
        assert_eq!(&self.world.state(record), expected);
        self
    }
}

/// A published sample of one event type (`schemas/samples/events`).
#[derive(Clone, Debug)]
pub struct Sample {
    /// `family/name.vN/case`, to name it in a failure.
    pub name: String,
    pub event_type: EventType,
    pub unit: String,
    pub time: Option<String>,
    pub data: Value,
    /// Whether the sample's envelope names a person.
    pub person: bool,
}

fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas")
}

#[track_caller]
#[expect(clippy::panic, reason = "a scenario without its samples proves nothing and must stop")]
fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn children(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> =
        std::fs::read_dir(path).into_iter().flatten().filter_map(|e| e.ok().map(|e| e.path())).collect();
    found.sort();
    found
}

/// Every sample of a family, in order of name.
#[track_caller]
#[must_use]
pub fn samples(family: &str) -> Vec<Sample> {
    let mut all = Vec::new();
    for folder in children(&schemas().join("samples/events").join(family)) {
        for file in children(&folder) {
            let event = read(&file);
            let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
            let kind = text("type").unwrap_or_default();
            all.push(Sample {
                name: file.strip_prefix(schemas()).unwrap_or(&file).display().to_string(),
                event_type: id(kind.strip_prefix("handoff.").unwrap_or(&kind)),
                unit: text("source").and_then(|s| s.rsplit('/').next().map(str::to_owned)).unwrap_or_default(),
                time: text("time"),
                data: event.get("data").cloned().unwrap_or_default(),
                person: event.get("subject").is_some(),
            });
        }
    }
    assert!(!all.is_empty(), "no samples of family {family}");
    all
}

/// `data` once for every element its schema requires, with that element taken out, and the element's place.
#[track_caller]
#[must_use]
pub fn without_each_required(event_type: &EventType, data: &Value) -> Vec<(String, Value)> {
    let name = event_type.as_str().strip_prefix(event_type.family()).unwrap_or_default().trim_start_matches('.');
    let schema = read(&schemas().join("events").join(event_type.family()).join(format!("{name}.json")));
    let mut places = Vec::new();
    required(&schema, data, String::new(), &mut places);
    let removed = |place: &String| {
        let mut less = data.clone();
        let (parent, key) = place.rsplit_once('/').unwrap_or_default();
        if let Some(object) = less.pointer_mut(parent).and_then(Value::as_object_mut) {
            object.remove(key);
        }
        (place.clone(), less)
    };
    places.iter().map(removed).collect()
}

fn required(schema: &Value, data: &Value, at: String, places: &mut Vec<String>) {
    if let (Some(items), Some(first)) = (schema.get("items"), data.get(0)) {
        required(items, first, format!("{at}/0"), places);
    }
    let Some(object) = data.as_object() else { return };
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    places.extend(names.filter(|n| object.contains_key(*n)).map(|n| format!("{at}/{n}")));
    for (name, value) in object {
        if let Some(inner) = schema.get("properties").and_then(|p| p.get(name)) {
            required(inner, value, format!("{at}/{name}"), places);
        }
    }
}
