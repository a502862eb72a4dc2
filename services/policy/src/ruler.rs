//! Ruling position after position, with nothing appended: what policy does and what a replay does again.

use std::sync::Arc;

use handoff_law::{Bundle, Memo, Rerule};
use handoff_schemas::{Fact, LogPos, LogTime};
use handoff_spine::commit::{Entry, LoggedEvent};
use handoff_spine::log::Log;
use handoff_spine::release::Ruled;
use handoff_spine::service::ServiceError;
use handoff_spine::vault::{Opener, VaultError};

use crate::due::Course;
use crate::memory::{Memory, Place};
use crate::open::Opened;
use crate::seal::{Sealing, Stated};
use crate::sweep;
use crate::terms::SaidMemo;

/// Re-rulings at one position up to this many events; more become `sweep` events (design.md).
const INLINE: usize = 100;

/// The state of policy between two positions.
pub struct Ruler {
    log: Log,
    opener: Opener,
    bundle: Arc<Bundle>,
    memory: Memory,
    memo: Memo,
    said: SaidMemo,
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
    pub fn new(log: Log, opener: Opener, bundle: Arc<Bundle>) -> Self {
        Self { log, opener, bundle, memory: Memory::default(), memo: Memo::new(), said: SaidMemo::default() }
    }

    /// Forgets everything: the streams are read again from their beginning.
    pub fn forget(&mut self) {
        self.memory = Memory::default();
        self.memo = Memo::new();
        self.said = SaidMemo::default();
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
    pub fn fold(&mut self, entry: &Entry) {
        self.memory.fold(entry);
    }

    /// Takes note of a ruling that was appended before.
    pub fn note(&mut self, ruled: &Ruled) {
        let substance = ruled.release.as_ref().map_or(0, |r| r.substance);
        self.memory.note((ruled.event_pos, ruled.event_index), ruled, substance);
    }

    /// Rules one position: its own events, then whatever it changed about earlier ones.
    ///
    /// # Errors
    /// The log's; HO-4002 where an event cannot be opened.
    pub async fn position(&mut self, entry: &Entry) -> Result<Decided, ServiceError> {
        let again = self.memory.fold(entry);
        let mut all = Vec::new();
        for (index, event) in (0u16..).zip(&entry.commit.events) {
            if event.slices.is_empty() {
                continue;
            }
            self.event((entry.pos, index), event, entry.pos, true, &mut all).await?;
        }
        let swept = sweep::named(entry);
        if let Some((places, narrowing)) = swept {
            self.places(entry, places, narrowing, &mut all).await?;
        } else if !again.is_empty() {
            let sweep = self.rerule(entry, &again, &mut all).await?;
            return Ok(Decided { ruled: all, sweep });
        }
        Ok(Decided { ruled: all, sweep: None })
    }

    async fn rerule(
        &mut self,
        entry: &Entry,
        again: &[Rerule],
        all: &mut Vec<Stated>,
    ) -> Result<Option<Sweep>, ServiceError> {
        let touched = self.memory.touched(again, entry.pos);
        let facts = entry.commit.events.iter().flat_map(|e| &e.facts).cloned().collect::<Vec<Fact>>();
        let narrowing = !handoff_law::floors(entry.pos, &facts).is_empty();
        let places: Vec<Place> = touched.into_iter().collect();
        if places.len() > INLINE {
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

    /// Rules one event for every recipient. `afresh` writes a release also where nothing changed in substance,
    /// because a floor may have hidden the earlier one.
    async fn event(
        &mut self,
        place: Place,
        event: &LoggedEvent,
        cause: LogPos,
        afresh: bool,
        all: &mut Vec<Stated>,
    ) -> Result<(), ServiceError> {
        let mut opened = Opened::of(&self.opener, event).await.map_err(|e| stop(&e))?;
        let mut recipients = self.memory.state.recipients(&event.unit);
        recipients.extend(self.memory.holders(place));
        let amended = self.memory.amended(place);
        recipients.extend(amended.into_iter().flat_map(|(before, _)| self.memory.holders(before)));
        recipients.sort();
        recipients.dedup();
        let at = self.memory.at;
        let categories = event.categories();
        let started = std::time::Instant::now();
        let mut ruled_now = Vec::with_capacity(recipients.len());
        for recipient in recipients {
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
            let ruling = self.memo.rule(&self.bundle, &self.memory.state, &facts, &recipient, at);
            let before = self.memory.standing(place, event.id, &recipient);
            // An amended document takes the place of what its earlier version released, or withdraws it.
            let corrected = amended.and_then(|(place, old)| self.memory.standing(place, old, &recipient));
            let sealing = Sealing {
                opener: &self.opener,
                state: &self.memory.state,
                event,
                place,
                cause,
                at,
                supersedes: before.or(corrected).map(|(id, _)| id),
            };
            let stated = sealing.seal(&recipient, &ruling, &mut opened, &mut self.said).await.map_err(|e| stop(&e))?;
            let Some(stated) = stated else { continue };
            let release = stated.ruled.release.as_ref();
            let substance = release.map_or(0, |r| r.substance);
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
