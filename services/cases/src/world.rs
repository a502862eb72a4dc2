//! A hub of one case: its log, the deciders' records, policy's state, and the rows that recipients hold.
//!
//! What decides here is what decides in the hub: the deciders, schemas, the fold, the engine, templates and floors. Only
//! what lies between them is made again: positions, the key of a retry, what is ruled again, what a view shows.

mod agreement;
mod consent;
mod known;
mod law;
mod names;
mod read;
mod recall;
mod rows;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use handoff_ask::Asks;
use handoff_consent::Consents;
use handoff_encounter::Encounters;
use handoff_identity::Identities;
use handoff_law::{Bundle, BundleHash, EventFacts, EventRef, Memo, PolicyState, Ruling, Scope};
use handoff_privacy::Seals;
use handoff_referral::Referrals;
use handoff_registry::Registrar;
use handoff_schemas::{Category, EventId, Fact, LogPos, LogTime, Recipient, RecordId, UnitId};
use handoff_spine::command::{Command, Refusal};
use handoff_spine::commit::LoggedEvent;
use handoff_spine::decider::{Decider, NewEvent};
use handoff_spine::intake::{self, Before};
use handoff_spine::scenario::record_id;
use serde_json::Value;
use uuid::Uuid;

use known::Directory;
pub use law::Law;
use names::Names;

use crate::found::Shown;

/// The hub of one case.
pub struct World {
    /// The law in force.
    bundle: Arc<Bundle>,
    /// The versions of the law that the log carries.
    versions: BTreeMap<BundleHash, Arc<Bundle>>,
    /// Where units are that do not say it.
    place: String,
    /// Ids of the case's own hooks by their names in the case.
    own_hooks: BTreeMap<String, String>,
    state: PolicyState,
    memo: Memo,
    at: LogTime,
    pos: u64,
    directory: Arc<Directory>,
    registry: Records<Registrar>,
    identities: Records<Identities>,
    consents: Records<Consents>,
    encounters: Records<Encounters>,
    referrals: Records<Referrals>,
    seals: Records<Seals>,
    asks: Records<Asks>,
    /// What was sent under a key before: the content, and the events it became.
    keys: BTreeMap<(UnitId, String), Vec<Sent>>,
    events: Vec<Told>,
    rows: Vec<Row>,
    /// What of an event was taken back from whom.
    withdrawn: BTreeSet<(usize, Recipient, Category)>,
    floors: BTreeMap<Scope, LogPos>,
    names: Names,
    /// Which events each recipient was told to return or destroy, by the recall that told it.
    recalls: BTreeMap<usize, BTreeMap<Recipient, BTreeSet<usize>>>,
    /// Units whose data an ask opened in an emergency, by the ask's own event.
    documents: BTreeMap<usize, BTreeSet<UnitId>>,
    /// Where the hub disagreed with itself.
    faults: Vec<String>,
}

/// An event on the log, its slices open.
pub struct Told {
    event: LoggedEvent,
    pos: LogPos,
    categories: Vec<Category>,
    slices: BTreeMap<Category, Value>,
    /// A later version took its place.
    replaced: bool,
}

impl Told {
    fn facts(&self) -> EventFacts<'_> {
        EventFacts {
            id: self.event.id,
            event_type: &self.event.event_type,
            record: self.event.record,
            pos: self.pos,
            asserted_at: self.event.asserted_at.as_deref(),
            source: &self.event.unit,
            person: self.event.person,
            categories: &self.categories,
            labels: &self.event.labels,
            content: &self.event.content,
            facts: &self.event.facts,
        }
    }
}

/// What was accepted under a key.
#[derive(Clone)]
struct Sent {
    content: Vec<u8>,
    events: Vec<usize>,
    labels: Before,
}

/// An accepted command.
pub struct Accepted {
    pub events: Vec<usize>,
    pub duplicate: bool,
}

/// What a recipient holds of one event: by what stands, or under the ask that its ruling names.
struct Row {
    event: usize,
    recipient: Recipient,
    ruling: Ruling,
    shown: Shown,
    /// How many releases came before it and with it.
    count: usize,
    /// When the last of them was made.
    at: LogTime,
}

/// The records of one decider.
struct Records<D: Decider> {
    decider: D,
    states: BTreeMap<RecordId, D::State>,
}

impl<D: Decider> Records<D> {
    fn new(decider: D) -> Self {
        Self { decider, states: BTreeMap::new() }
    }

    fn decide(&self, record: RecordId, command: &Command) -> Result<Vec<NewEvent>, Refusal> {
        let state = self.states.get(&record).cloned().unwrap_or_default();
        self.decider.decide(&state, command)
    }

    fn evolve(&mut self, record: RecordId, events: &[LoggedEvent]) {
        let before = self.states.remove(&record).unwrap_or_default();
        self.states.insert(record, events.iter().fold(before, D::evolve));
    }
}

impl World {
    /// An empty hub under this law.
    #[must_use]
    pub fn new(law: Law) -> Self {
        let Law { bundle, place, own } = law;
        let directory = Arc::new(Directory::under(Arc::clone(&bundle)));
        let (victims, known, holds) = (Arc::clone(&directory), Arc::clone(&directory), Arc::clone(&directory));
        let readers = Arc::clone(&directory);
        Self {
            bundle,
            versions: BTreeMap::new(),
            place,
            own_hooks: own,
            state: PolicyState::new(),
            memo: Memo::new(),
            at: LogTime(0),
            pos: 0,
            registry: Records::new(Registrar::new(directory.clone())),
            identities: Records::new(Identities::new(Arc::new(move |unit: &UnitId| victims.is_victim_services(unit)))),
            consents: Records::new(Consents::new(Arc::new(record_id))),
            encounters: Records::new(Encounters),
            referrals: Records::new(Referrals::new(
                Arc::new(record_id),
                Arc::new(move |unit: &UnitId| known.has(unit)),
            )),
            seals: Records::new(Seals::new(Arc::new(record_id), Arc::new(move |unit: &UnitId| holds.has(unit)))),
            asks: Records::new(Asks::new(
                Arc::new(record_id),
                Arc::new(move |unit: &UnitId| readers.get(unit).map(|u| u.roles.clone())),
            )),
            directory,
            keys: BTreeMap::new(),
            events: Vec::new(),
            rows: Vec::new(),
            withdrawn: BTreeSet::new(),
            floors: BTreeMap::new(),
            names: Names::default(),
            recalls: BTreeMap::new(),
            documents: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    /// Log time.
    pub fn now(&self) -> LogTime {
        self.at
    }

    /// Where the hub disagreed with itself since this was last asked.
    pub fn faults(&mut self) -> Vec<String> {
        std::mem::take(&mut self.faults)
    }

    /// Lets time pass. What begins or ends by it gets its due events, as policy appends them.
    pub fn until(&mut self, at: LogTime) {
        while let Some(due) = self.state.next_due().filter(|due| *due <= at) {
            self.at = self.at.advance(due);
            self.append(Vec::new(), &UnitId::operator(), vec![Fact::Due { change: due }]);
        }
        self.at = self.at.advance(at);
    }

    /// Decides a command and appends what it makes happen, as the shell around the deciders does.
    ///
    /// # Errors
    /// The decider's, the schema's or the shell's refusal; nothing has happened then.
    pub fn send(&mut self, command: &Command) -> Result<Accepted, Refusal> {
        let record = command.record_id(record_id);
        let key = (command.unit.clone(), command.key.clone());
        let content =
            command.content().map_err(|_| Refusal::new("HO-3011", "the command cannot be read", "send JSON"))?;
        let before = self.keys.get(&key).cloned().unwrap_or_default();
        if let Some(same) = before.iter().find(|s| s.content == content) {
            return Ok(Accepted { events: same.events.clone(), duplicate: true });
        }
        let latest = before.last();
        if latest.is_some() && !command.items.iter().all(|i| Encounters::amendable(&i.event_type)) {
            let what = "this idempotency key was used before with other content";
            return Err(Refusal::new("HO-3010", what, "send the same content again, or a new key"));
        }
        let new = self.decide(record, command)?;
        let source = self.directory.source(&command.unit).ok_or_else(|| {
            Refusal::new("HO-3014", "this unit is not registered", "register the unit with the hub operator first")
        })?;
        let kept = latest.map(|s| s.labels.clone()).unwrap_or_default();
        let mut told = Vec::with_capacity(new.len());
        let mut replaced = Vec::new();
        for (index, new) in new.into_iter().enumerate() {
            let sliced = intake::sliced(&source, &new)?;
            intake::carriage(&*self.bundle, &new.event_type, &sliced)?;
            let (labels, content) = intake::labels(&*self.bundle, &source, &new.event_type, &sliced, (&kept, index));
            let mut facts = new.facts;
            if let Some((place, old)) =
                latest.and_then(|s| s.events.get(index)).and_then(|at| Some((*at, self.events.get(*at)?)))
            {
                facts.push(Fact::Amends { event: old.event.id });
                replaced.push(place);
            }
            told.push(Told {
                event: LoggedEvent {
                    id: EventId(Uuid::from_u64_pair(self.pos + 1, index as u64)),
                    event_type: new.event_type,
                    record,
                    unit: command.unit.clone(),
                    person: new.person,
                    incident: command.incident,
                    asserted_at: new.asserted_at,
                    facts,
                    labels,
                    content,
                    admin: sliced.admin,
                    slices: Vec::new(),
                },
                pos: LogPos(self.pos + 1),
                categories: sliced.slices.keys().copied().collect(),
                slices: sliced.slices.into_iter().map(|(c, slice)| (c, Value::Object(slice))).collect(),
                replaced: false,
            });
        }
        self.events.iter_mut().enumerate().filter(|(at, _)| replaced.contains(at)).for_each(|(_, t)| t.replaced = true);
        self.evolve(record, &told);
        let labels = Before::of(&told.iter().map(|t| t.event.clone()).collect::<Vec<_>>());
        let events = self.append(told, &command.unit, Vec::new());
        let sent = Sent { content, events: events.clone(), labels };
        self.keys.entry(key).or_default().push(sent);
        Ok(Accepted { events, duplicate: false })
    }

    fn decide(&self, record: RecordId, command: &Command) -> Result<Vec<NewEvent>, Refusal> {
        let family = command.items.first().map_or("", |i| i.event_type.family());
        match family {
            "partner" | "unit" | "agreement" | "bundle" => self.registry.decide(record, command),
            "person" => self.identities.decide(record, command),
            "consent" => self.consents.decide(record, command),
            "encounter" => self.encounters.decide(record, command),
            "referral" => self.referrals.decide(record, command),
            "privacy" => self.seals.decide(record, command),
            "ask" => self.asks.decide(record, command),
            _ => Err(Refusal::new("HO-4312", "no service accepts this kind of event", "see `handoff schemas`")),
        }
    }

    fn evolve(&mut self, record: RecordId, told: &[Told]) {
        let events: Vec<LoggedEvent> = told.iter().map(|t| t.event.clone()).collect();
        match events.first().map_or("", |e| e.event_type.family()) {
            "partner" | "unit" | "agreement" | "bundle" => self.registry.evolve(record, &events),
            "person" => self.identities.evolve(record, &events),
            "consent" => self.consents.evolve(record, &events),
            "encounter" => self.encounters.evolve(record, &events),
            "referral" => self.referrals.evolve(record, &events),
            "privacy" => self.seals.evolve(record, &events),
            "ask" => self.asks.evolve(record, &events),
            _ => {}
        }
    }

    /// Appends events, or facts that no decider makes; folds, sets floors, rules them and what they change.
    fn append(&mut self, told: Vec<Told>, unit: &UnitId, bare: Vec<Fact>) -> Vec<usize> {
        self.pos += 1;
        let pos = LogPos(self.pos);
        let first = self.events.len();
        let mut again = BTreeSet::new();
        let nobody = EventRef { id: EventId(Uuid::nil()), record: RecordId(Uuid::nil()), source: unit.clone() };
        let parts = told.iter().map(|t| (reference(&t.event), t.event.facts.clone()));
        for (reference, facts) in parts.chain([(nobody, bare)]).collect::<Vec<_>>() {
            self.directory.fold(&facts);
            for (scope, floor) in handoff_law::floors(pos, &facts) {
                let standing = self.floors.entry(scope).or_default();
                *standing = (*standing).max(floor);
            }
            again.extend(self.state.apply(pos, self.at, &reference, &facts));
        }
        if let Some(law) = self.state.law().and_then(|law| self.versions.get(&law)) {
            self.bundle = Arc::clone(law);
        }
        self.events.extend(told);
        let replaced = |row: &Row| self.events.get(row.event).is_some_and(|t| t.replaced);
        let gone: Vec<bool> = self.rows.iter().map(replaced).collect();
        let mut gone = gone.into_iter();
        self.rows.retain(|_| !gone.next().unwrap_or_default());
        let held = self.held_before(first);
        let mut places: BTreeSet<usize> = (first..self.events.len()).collect();
        places.extend(self.touched(&again).into_iter().filter(|place| *place < first));
        for place in places {
            self.release(place);
        }
        self.document();
        self.recall(held);
        (first..self.events.len()).collect()
    }
}

fn reference(event: &LoggedEvent) -> EventRef {
    EventRef { id: event.id, record: event.record, source: event.unit.clone() }
}
