//! Ruling position after position, with nothing appended: what policy does and what a replay does again.

use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_law::{AskState, Bundle, Memo, Rerule, Scope};
use handoff_schemas::{Fact, LogPos, LogTime, PersonId, Recipient};
use handoff_spine::commit::{Entry, LoggedEvent};
use handoff_spine::log::Log;
use handoff_spine::release::Ruled;
use handoff_spine::service::ServiceError;
use handoff_spine::vault::{Opener, VaultError};

use crate::due::Course;
use crate::law::Laws;
use crate::memory::{Holder, Memory, Place};
use crate::open::Opened;
use crate::recall::Recall;
use crate::seal::{Sealing, Stated};
use crate::sweep;
use crate::terms::SaidMemo;

/// Re-rulings at one position up to this many events; more become `sweep` events (design.md).
const INLINE: usize = 100;

/// The state of policy between two positions.
pub struct Ruler {
    log: Log,
    opener: Opener,
    /// The law of this build: it rules a log that carries none.
    own: Arc<Bundle>,
    laws: Laws,
    /// The version that rules the position at hand, all of it.
    bundle: Arc<Bundle>,
    memory: Memory,
    memo: Memo,
    said: SaidMemo,
    /// Recalls of the position that is being ruled.
    recalls: Vec<Recall>,
}

/// What one position decides.
pub struct Decided {
    pub ruled: Vec<Stated>,
    /// Further events to be ruled at positions of their own.
    pub sweep: Option<Sweep>,
}

/// Events that one change touches, too many for its own position.
pub struct Sweep {
    pub places: Vec<Place>,
    pub narrowing: bool,
}

impl Ruler {
    #[must_use]
    pub fn new(log: Log, opener: Opener, own: Arc<Bundle>) -> Self {
        let (memory, memo, said) = (Memory::default(), Memo::new(), SaidMemo::default());
        let (laws, bundle) = (Laws::of_build(Arc::clone(&own)), Arc::clone(&own));
        Self { log, opener, own, laws, bundle, memory, memo, said, recalls: Vec::new() }
    }

    /// Loads every version of the law that the log names: before the first position is taken in.
    ///
    /// # Errors
    /// The log's; HO-4004.
    pub async fn read_law(&mut self) -> Result<(), ServiceError> {
        self.laws = Laws::read(&self.log, Arc::clone(&self.own)).await?;
        self.bundle = Arc::clone(self.laws.first());
        Ok(())
    }

    /// Forgets everything: the streams are read again from their beginning.
    pub fn forget(&mut self) {
        self.memory = Memory::default();
        self.memo = Memo::new();
        self.said = SaidMemo::default();
        self.recalls = Vec::new();
    }

    /// Who is the same human being, surely enough to release.
    #[must_use]
    pub fn same_person(&self, person: PersonId) -> BTreeSet<PersonId> {
        self.memory.state.same_person(person, &self.bundle.defaults.identity)
    }

    /// Log time at the last position.
    #[must_use]
    pub fn at(&self) -> LogTime {
        self.memory.at
    }

    /// How far time has come along the log.
    #[must_use]
    pub fn course(&self) -> Course {
        let state = &self.memory.state;
        Course { at: self.memory.at, next: state.next_due(), last: state.last_due() }
    }

    /// Takes in a position that was ruled before, without ruling it.
    ///
    /// # Errors
    /// HO-4004.
    pub fn fold(&mut self, entry: &Entry) -> Result<(), ServiceError> {
        self.take(entry).map(drop)
    }

    /// The law in force at the position and the state there; what must be ruled again.
    fn take(&mut self, entry: &Entry) -> Result<Vec<Rerule>, ServiceError> {
        self.laws.take(entry)?;
        let law = self.laws.at(entry.pos);
        if law.hash != self.bundle.hash {
            tracing::info!(position = %entry.pos, bundle = %law.hash, "another version of the law is in force");
            self.bundle = Arc::clone(law);
        }
        Ok(self.memory.fold(entry))
    }

    /// Takes note of a ruling that was appended before.
    pub fn note(&mut self, ruled: &Ruled) {
        let substance = ruled.release.as_ref().map_or(0, |r| r.substance);
        self.memory.note((ruled.event_pos, ruled.event_index), ruled, substance);
        // The messages of one position are all there, or it is ruled again: what it opened was documented with it.
        self.memory.take_just_opened();
    }

    /// Rules one position: its own events, then whatever it changed about earlier ones.
    ///
    /// # Errors
    /// The log's; HO-4002 where an event cannot be opened; HO-4004 where the law in force cannot be ruled by.
    pub async fn position(&mut self, entry: &Entry) -> Result<Decided, ServiceError> {
        let again = self.take(entry)?;
        self.recalls = Recall::of(entry);
        let mut all = Vec::new();
        for (index, event) in (0u16..).zip(&entry.commit.events) {
            if event.slices.is_empty() {
                continue;
            }
            self.event((entry.pos, index), event, entry.pos, true, &mut all).await?;
        }
        let sweep = match sweep::named(entry) {
            Some((places, narrowing)) => {
                self.places(entry, places, narrowing, &mut all).await?;
                None
            }
            None if again.is_empty() => None,
            None => self.rerule(entry, &again, &mut all).await?,
        };
        self.document(entry, &mut all).await?;
        self.recall(entry, &mut all).await?;
        Ok(Decided { ruled: all, sweep })
    }

    /// 42 CFR 2.51(c): of an ask that opened a unit's data in an emergency, that unit gets what it must document, at the
    /// same position.
    async fn document(&mut self, entry: &Entry, all: &mut Vec<Stated>) -> Result<(), ServiceError> {
        for (ask, units) in self.memory.take_just_opened() {
            let documented = self.memory.state.ask(ask).is_some_and(AskState::is_documented);
            let Some(place) = self.memory.ask_place(ask).filter(|_| documented) else { continue };
            let units = units.iter().filter_map(|u| self.memory.state.unit(u));
            let of = |u: &handoff_schemas::UnitFacts| {
                let roles = u.roles.iter().copied();
                roles.map(|kind| Holder::standing(Recipient { unit: u.unit.clone(), kind })).collect::<Vec<_>>()
            };
            let holders: Vec<Holder> = units.flat_map(of).collect();
            let earlier;
            let commit = if place.0 == entry.pos {
                &entry.commit
            } else {
                earlier = self.log.entry(place.0).await?;
                &earlier.commit
            };
            let Some(event) = commit.events.get(usize::from(place.1)) else { continue };
            self.rule_for(place, event, holders, entry.pos, false, all).await?;
        }
        Ok(())
    }

    /// Whoever held something that was expunged here is told so, at the same position.
    async fn recall(&mut self, entry: &Entry, all: &mut Vec<Stated>) -> Result<(), ServiceError> {
        for recall in std::mem::take(&mut self.recalls) {
            let Some(event) = entry.commit.events.get(usize::from(recall.place.1)) else { continue };
            let holders: Vec<Holder> = recall.held.keys().cloned().collect();
            self.memory.recall(event.id, recall.held);
            self.rule_for(recall.place, event, holders, entry.pos, false, all).await?;
        }
        Ok(())
    }

    async fn rerule(
        &mut self,
        entry: &Entry,
        again: &[Rerule],
        all: &mut Vec<Stated>,
    ) -> Result<Option<Sweep>, ServiceError> {
        let touched = self.memory.touched(again, entry.pos);
        let facts = entry.commit.events.iter().flat_map(|e| &e.facts).cloned().collect::<Vec<Fact>>();
        // The end of an ask hides that ask's rows and nobody else's: to write others again would tell of it.
        let narrowing = handoff_law::floors(entry.pos, &facts).iter().any(|(scope, _)| !matches!(scope, Scope::Ask(_)));
        let places: Vec<Place> = touched.into_iter().collect();
        // Who held what is known only while all of it is ruled at this one position.
        if places.len() > INLINE && self.recalls.is_empty() {
            return Ok(Some(Sweep { places, narrowing }));
        }
        self.places(entry, places, narrowing, all).await.map(|()| None)
    }

    async fn places(
        &mut self,
        entry: &Entry,
        places: Vec<Place>,
        narrowing: bool,
        all: &mut Vec<Stated>,
    ) -> Result<(), ServiceError> {
        for place in places {
            let earlier = self.log.entry(place.0).await?;
            let Some(event) = earlier.commit.events.get(usize::from(place.1)) else { continue };
            self.event(place, event, entry.pos, narrowing, all).await?;
        }
        Ok(())
    }

    /// Rules one event for everybody: by what stands, and under each ask about its person.
    async fn event(
        &mut self,
        place: Place,
        event: &LoggedEvent,
        cause: LogPos,
        afresh: bool,
        all: &mut Vec<Stated>,
    ) -> Result<(), ServiceError> {
        let state = &self.memory.state;
        let mut holders: Vec<_> = state.recipients(&event.unit).into_iter().map(Holder::standing).collect();
        holders.extend(self.memory.holders(place));
        let amended = self.memory.amended(place);
        holders.extend(amended.into_iter().flat_map(|(before, _)| self.memory.holders(before)));
        // What a unit published itself it reads without asking.
        let asks = event.person.map(|p| state.asks_of(p)).unwrap_or_default();
        let lasting = asks.into_iter().filter(|a| a.facts.to.unit != event.unit && a.in_force(self.memory.at).is_ok());
        holders.extend(lasting.map(|a| Holder { to: a.facts.to.clone(), ask: Some(a.facts.ask) }));
        holders.sort();
        holders.dedup();
        self.rule_for(place, event, holders, cause, afresh, all).await
    }

    /// Rules one event for these holders. `afresh` writes a release also where nothing changed in substance, because a
    /// floor may have hidden the earlier one.
    async fn rule_for(
        &mut self,
        place: Place,
        event: &LoggedEvent,
        holders: Vec<Holder>,
        cause: LogPos,
        afresh: bool,
        all: &mut Vec<Stated>,
    ) -> Result<(), ServiceError> {
        let mut opened = Opened::of(&self.opener, event).await.map_err(|e| stop(&e))?;
        let amended = self.memory.amended(place);
        let at = self.memory.at;
        let categories = event.categories();
        let is_ask = event.facts.iter().any(|f| matches!(f, Fact::AskMade { .. }));
        let started = std::time::Instant::now();
        let mut ruled_now = Vec::with_capacity(holders.len());
        let facts = handoff_law::EventFacts {
            id: event.id,
            event_type: &event.event_type,
            record: event.record,
            asserted_at: event.asserted_at.as_deref(),
            pos: place.0,
            source: &event.unit,
            person: event.person,
            categories: &categories,
            labels: &event.labels,
            content: &event.content,
            facts: &event.facts,
        };
        if !self.recalls.is_empty() {
            // Who lost it before the recall, by a seal or a revocation, may hold a copy all the same.
            for lost in self.memory.withdrawn(place, event.id) {
                let taken = handoff_law::EventFacts { categories: &lost.categories, ..facts };
                let state = &self.memory.state;
                self.recalls.iter_mut().for_each(|recall| recall.note(state, &taken, &lost.holder, lost.release));
            }
        }
        for holder in holders {
            let (bundle, state, to) = (&self.bundle, &self.memory.state, &holder.to);
            let ask = holder.ask.and_then(|ask| state.ask(ask));
            if holder.ask.is_some() && ask.is_none() {
                continue;
            }
            let documents = is_ask
                && state.ask(event.record).is_some_and(AskState::is_documented)
                && self.memory.opened_by(event.record).any(|unit| *unit == to.unit);
            let recalled = self.memory.recalled(event.id, &holder);
            let ruling = match ask {
                None if recalled.is_some() => self.memo.rule_recall(bundle, state, &facts, to, at),
                Some(ask) => self.memo.rule_asked(bundle, state, &facts, ask, at),
                None if documents => self.memo.rule_record(bundle, state, &facts, to, at),
                None => self.memo.rule(bundle, state, &facts, to, at),
            };
            let before = self.memory.standing(place, event.id, &holder);
            // An amended document takes the place of what its earlier version released, or withdraws it.
            let corrected = amended.and_then(|(place, old)| self.memory.standing(place, old, &holder));
            let sealing = Sealing {
                opener: &self.opener,
                bundle,
                state: &self.memory.state,
                event,
                place,
                cause,
                at,
                ask,
                supersedes: before.or(corrected).map(|(id, _)| id),
                recalls: recalled,
            };
            let stated = sealing.seal(&holder, &ruling, &mut opened, &mut self.said).await.map_err(|e| stop(&e))?;
            let Some(stated) = stated else { continue };
            let release = stated.ruled.release.as_ref();
            let substance = release.map_or(0, |r| r.substance);
            if let Some((lost, _)) = before.filter(|(_, held)| *held != substance) {
                let state = &self.memory.state;
                self.recalls.iter_mut().for_each(|recall| recall.note(state, &facts, &holder, lost));
            }
            let unchanged = before.map_or(release.is_none() && place.0 != cause, |(_, s)| s == substance);
            if unchanged && !(afresh && release.is_some()) {
                continue;
            }
            ruled_now.push((stated, substance));
        }
        metrics::histogram!("handoff_ruling_seconds").record(started.elapsed().as_secs_f64());
        for (stated, substance) in ruled_now {
            self.memory.note(place, &stated.ruled, substance);
            all.push(stated);
        }
        Ok(())
    }
}

fn stop(e: &VaultError) -> ServiceError {
    ServiceError::Stop { code: "HO-4002", message: format!("an event cannot be opened for ruling: {e}") }
}
