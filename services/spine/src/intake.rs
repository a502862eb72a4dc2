//! The shell around a pure decider: validate, decide, slice, seal, append; a retry meets its own record.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use handoff_schemas::{EventId, EventType, Fact, Labeller, LawLabel, LogPos, RecordId, Registry, SliceLabels, Sliced};
use lru::LruCache;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::command::{Accepted, Answer, Command, RecordRef, Refusal};
use crate::commit::{Commit, Digest, LoggedEvent};
use crate::decider::{Decider, NewEvent};
use crate::directory::{Directory, Source};
use crate::log::{Log, LogError};
use crate::rpc;
use crate::telemetry::Health;
use crate::vault::{IdKey, Sealer};

/// How often a command is decided again after somebody else moved its record.
const ATTEMPTS: usize = 16;
/// Records whose folded state is kept in memory.
const HELD: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);

/// What one deciding service needs to run.
pub struct Intake<D: Decider> {
    decider: D,
    log: Log,
    sealer: Sealer,
    ids: IdKey,
    directory: Directory,
    labeller: Arc<dyn Labeller>,
    held: Mutex<LruCache<RecordId, Arc<Held<D::State>>>>,
}

/// A record's state with what is needed to append after it and to recognise a retry.
struct Held<S> {
    state: S,
    /// Last sequence on the record's subject; 0 where there is none.
    last: u64,
    keys: BTreeMap<Digest, Vec<Seen>>,
}

impl<S: Default> Default for Held<S> {
    fn default() -> Self {
        Self { state: S::default(), last: 0, keys: BTreeMap::new() }
    }
}

struct Seen {
    content: Digest,
    accepted: Accepted,
    /// What this document was labelled with, any of its versions.
    labels: Before,
}

/// The labels of a document's earlier versions, which a new one keeps.
#[derive(Clone, Default)]
pub struct Before {
    law: BTreeSet<LawLabel>,
    /// Of each event, in the document's order.
    content: Vec<Vec<SliceLabels>>,
}

impl Before {
    #[must_use]
    pub fn of(events: &[LoggedEvent]) -> Self {
        Self {
            law: events.iter().flat_map(|e| &e.labels).copied().collect(),
            content: events.iter().map(|e| e.content.clone()).collect(),
        }
    }
}

/// The labels of the event at `index` of a document: its unit's law and what its content says, joined with those of the
/// version it takes the place of. A new version sheds no label (A8), whatever became of the unit since, and to be
/// corrected is no reason to be protected less (I5).
pub fn labels(
    labeller: &dyn Labeller,
    source: &Source,
    event_type: &EventType,
    sliced: &Sliced,
    (before, index): (&Before, usize),
) -> (Vec<LawLabel>, Vec<SliceLabels>) {
    let mut law = before.law.clone();
    if let Source::Unit(unit) = source {
        let categories: Vec<_> = sliced.slices.keys().copied().collect();
        law.extend(labeller.law(unit, &categories));
    }
    let mut content = labeller.content(event_type, &sliced.slices);
    let earlier = before.content.get(index).into_iter().flatten();
    for earlier in earlier.filter(|l| sliced.slices.contains_key(&l.category)) {
        match content.iter_mut().find(|l| l.category == earlier.category) {
            Some(now) => now.labels.join(&earlier.labels),
            None => content.push(earlier.clone()),
        }
    }
    content.sort_by_key(|l| l.category);
    (law.into_iter().collect(), content)
}

impl<D: Decider> Intake<D> {
    pub fn new(
        decider: D,
        log: Log,
        sealer: Sealer,
        ids: IdKey,
        directory: Directory,
        labeller: Arc<dyn Labeller>,
    ) -> Self {
        Self { decider, log, sealer, ids, directory, labeller, held: Mutex::new(LruCache::new(HELD)) }
    }

    /// Serves `cmd.<NAME>` until shutdown; commands under way are finished first.
    ///
    /// # Errors
    /// [`LogError::Unreachable`] where the broker cannot be subscribed to.
    pub async fn run(self, shutdown: CancellationToken, health: &Health) -> Result<(), LogError> {
        let log = self.log.clone();
        let this = Arc::new(self);
        let ready = || health.ready(D::NAME);
        rpc::serve(&log, D::NAME, &format!("cmd.{}", D::NAME), shutdown, ready, move |command: Command| {
            let this = Arc::clone(&this);
            async move { this.handle(command).await }
        })
        .await
    }

    /// Decides one command and appends what it makes happen.
    ///
    /// # Errors
    /// A coded [`Refusal`]; nothing is stored then.
    pub async fn handle(&self, command: Command) -> Answer {
        let record = command.record_id(|unit, key| self.ids.record_id(unit, key));
        let key = hex(&self.ids.digest(format!("{}\0{}", command.unit, command.key).as_bytes()));
        let body = command.content().map_err(|_| Refusal::new("HO-3011", "the command cannot be read", "send JSON"))?;
        let content = hex(&self.ids.digest(&body));
        // A key that names its own record most likely starts it: try without reading first.
        let mut optimistic = matches!(&command.record, RecordRef::Key(k) if *k == command.key);
        let started = std::time::Instant::now();
        for _ in 0..ATTEMPTS {
            let held = self.held(record, &command, optimistic).await?;
            optimistic = false;
            let mut version = 1;
            let mut amended: Vec<EventId> = Vec::new();
            let mut labels = Before::default();
            if let Some(seen) = held.keys.get(&key) {
                if let Some(same) = seen.iter().find(|s| s.content == content) {
                    return Ok(Accepted { duplicate: true, ..same.accepted.clone() });
                }
                if !command.items.iter().all(|i| D::amendable(&i.event_type)) {
                    return Err(Refusal::new(
                        "HO-3010",
                        "this idempotency key was used before with other content",
                        "send the same content again, or a new key",
                    ));
                }
                if let Some(latest) = seen.last() {
                    version = latest.accepted.version + 1;
                    amended.clone_from(&latest.accepted.events);
                    labels.clone_from(&latest.labels);
                }
            }
            let new = self.decider.decide(&held.state, &command)?;
            let mut events = Vec::with_capacity(new.len());
            for (i, event) in new.into_iter().enumerate() {
                events.push(self.seal(&command, record, event, amended.get(i).copied(), (&labels, i)).await?);
            }
            let accepted = Accepted {
                record,
                position: LogPos(0),
                version,
                duplicate: false,
                events: events.iter().map(|e| e.id).collect(),
                persons: events.iter().map(|e| e.person).collect(),
            };
            let commit = Commit {
                v: 1,
                unit: command.unit.clone(),
                key: key.clone(),
                content: content.clone(),
                version,
                events,
            };
            let Some(family) = commit.events.first().map(|e| e.event_type.family().to_owned()) else {
                return Err(Refusal::new("HO-3012", "the command says nothing", "send at least one item"));
            };
            let subject = subject(&family, record);
            let body = serde_json::to_vec(&commit)
                .map_err(|_| Refusal::new("HO-3011", "the command cannot be stored", "report this as a defect"))?;
            match self.log.append_after_subject(subject, held.last, &body).await {
                Ok(position) => {
                    metrics::counter!("handoff_accepted_total", "service" => D::NAME).increment(1);
                    metrics::histogram!("handoff_accept_seconds", "service" => D::NAME)
                        .record(started.elapsed().as_secs_f64());
                    self.remember(record, &held, &commit, position);
                    if matches!(family.as_str(), "partner" | "unit") {
                        self.directory.reached(position).await;
                    }
                    return Ok(Accepted { position, ..accepted });
                }
                Err(LogError::Conflict | LogError::Unknown(_)) => self.forget(record),
                Err(e) => return Err(log_refusal(&e)),
            }
        }
        Err(Refusal::new("HO-3013", "the record is being changed by many at once", "send the same command again"))
    }

    async fn held(
        &self,
        record: RecordId,
        command: &Command,
        optimistic: bool,
    ) -> Result<Arc<Held<D::State>>, Refusal> {
        if let Some(held) = self.cache().get(&record) {
            return Ok(Arc::clone(held));
        }
        if optimistic {
            return Ok(Arc::new(Held::default()));
        }
        let Some(family) = command.items.first().map(|i| i.event_type.family()) else {
            return Err(Refusal::new("HO-3012", "the command says nothing", "send at least one item"));
        };
        let mut held = Held::default();
        for entry in self.log.history(&subject(family, record)).await.map_err(|e| log_refusal(&e))? {
            held = fold::<D>(held, &entry.commit, entry.pos);
        }
        let held = Arc::new(held);
        if held.last > 0 {
            self.cache().put(record, Arc::clone(&held));
        }
        Ok(held)
    }

    async fn seal(
        &self,
        command: &Command,
        record: RecordId,
        event: NewEvent,
        amends: Option<EventId>,
        before: (&Before, usize),
    ) -> Result<LoggedEvent, Refusal> {
        let unit = self.directory.unit_or_operator(&command.unit).await.ok_or_else(|| {
            Refusal::new("HO-3014", "this unit is not registered", "register the unit with the hub operator first")
        })?;
        let sliced = sliced(&unit, &event)?;
        if let Err(refused) = carriage(&*self.labeller, &event.event_type, &sliced) {
            // For the agency's terminal agency coordinator (rulebook EC-74, Q22): that it was tried, and nothing of it.
            metrics::counter!("handoff_cji_refused_total", "service" => D::NAME).increment(1);
            return Err(refused);
        }
        let id = EventId(Uuid::now_v7());
        let mut plain = Vec::with_capacity(sliced.slices.len());
        for (category, slice) in &sliced.slices {
            let bytes = serde_json::to_vec(slice)
                .map_err(|_| Refusal::new("HO-3011", "the command cannot be stored", "report this as a defect"))?;
            plain.push((*category, zeroize::Zeroizing::new(bytes)));
        }
        let borrowed: Vec<_> = plain.iter().map(|(c, b)| (*c, b.as_slice())).collect();
        let slices =
            self.sealer.seal_event(record, event.person, &command.unit, id, &borrowed).await.map_err(|e| {
                Refusal::new("HO-3015", format!("the record cannot be sealed: {e}"), "send it again later")
            })?;
        let mut facts = event.facts;
        facts.extend(amends.map(|event| Fact::Amends { event }));
        let (labels, content) = labels(&*self.labeller, &unit, &event.event_type, &sliced, before);
        // Counts what holds a code that nobody knows, for whoever extends the value sets.
        let unlabelled = content.iter().filter(|l| l.labels.unlabelled).count();
        if unlabelled > 0 {
            metrics::counter!("handoff_unlabelled_slices_total", "service" => D::NAME).increment(unlabelled as u64);
        }
        Ok(LoggedEvent {
            id,
            event_type: event.event_type,
            record,
            unit: command.unit.clone(),
            person: event.person,
            incident: command.incident,
            asserted_at: event.asserted_at,
            facts,
            labels,
            content,
            admin: sliced.admin,
            slices,
        })
    }

    fn remember(&self, record: RecordId, before: &Held<D::State>, commit: &Commit, position: LogPos) {
        let held = Held {
            state: before.state.clone(),
            last: before.last,
            keys: before
                .keys
                .iter()
                .map(|(k, v)| {
                    let seen = v.iter().map(|s| Seen {
                        content: s.content.clone(),
                        accepted: s.accepted.clone(),
                        labels: s.labels.clone(),
                    });
                    (k.clone(), seen.collect())
                })
                .collect(),
        };
        self.cache().put(record, Arc::new(fold::<D>(held, commit, position)));
    }

    fn forget(&self, record: RecordId) {
        self.cache().pop(&record);
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, LruCache<RecordId, Arc<Held<D::State>>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fold<D: Decider>(mut held: Held<D::State>, commit: &Commit, pos: LogPos) -> Held<D::State> {
    for event in &commit.events {
        held.state = D::evolve(held.state, event);
    }
    held.last = pos.0;
    if commit.events.is_empty() {
        return held;
    }
    let record = commit.events.first().map_or(RecordId(Uuid::nil()), |e| e.record);
    held.keys.entry(commit.key.clone()).or_default().push(Seen {
        content: commit.content.clone(),
        labels: Before::of(&commit.events),
        accepted: Accepted {
            record,
            position: pos,
            version: commit.version,
            duplicate: false,
            events: commit.events.iter().map(|e| e.id).collect(),
            persons: commit.events.iter().map(|e| e.person).collect(),
        },
    });
    held
}

/// `ev.<slot>.<family>.<record id>`: all that the broker sees of a record.
#[must_use]
pub fn subject(family: &str, record: RecordId) -> String {
    format!("ev.{}.{family}.{}", record.slot(), record.0.simple())
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// What a source says, valid and split by category, as the source's own words are read.
///
/// # Errors
/// The schema's, for data that breaks it.
pub fn sliced(source: &Source, event: &NewEvent) -> Result<Sliced, Refusal> {
    let registry = Registry::embedded();
    registry.validate(&event.event_type, &event.data).map_err(|e| schema_refusal(&e))?;
    registry.slice(&event.event_type, source.source_kind(), &event.data).map_err(|e| schema_refusal(&e))
}

/// What the hub never carries is refused at its door (rulebook CJ-12).
///
/// # Errors
/// HO-3016 where a text holds an answer of the FBI's CJIS files; the refusal repeats none of it.
pub fn carriage(labeller: &dyn Labeller, event_type: &EventType, sliced: &Sliced) -> Result<(), Refusal> {
    if !labeller.holds_cji(event_type, &sliced.slices) {
        return Ok(());
    }
    Err(Refusal::new(
        "HO-3016",
        "REJECT_CJI_CARRIAGE: a text holds what comes from the FBI's CJIS files",
        "leave it out and send the rest; authorised users get it by their CJIS channel; tell the terminal agency coordinator",
    ))
}

fn schema_refusal(e: &handoff_schemas::SchemaError) -> Refusal {
    Refusal::new(e.code, e.rule.clone(), e.remedy.clone()).at(e.place.clone())
}

fn log_refusal(e: &LogError) -> Refusal {
    match e {
        LogError::TooLarge(_) => Refusal::new("HO-3004", "the event is larger than 512 KiB", "send less in one event"),
        other => {
            tracing::error!(error = %other, "the log refused");
            Refusal::new("HO-3003", "the log is not available", "send the same command again later")
        }
    }
}
