use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use handoff::folded::Folded;
use handoff_law::{Bundle, EventFacts};
use handoff_schemas::canary::canary_sample;
use handoff_schemas::{
    Category, EventId, EventType, Fact, Labeller as _, LawLabel, LogPos, LogTime, PersonId, RecordId, Registry,
    SliceLabels, TYPE_PREFIX, UnitFacts, UnitId,
};
use handoff_spine::decider::NewEvent;
use handoff_spine::directory::Source;
use handoff_spine::intake::{self, Before};
use serde_json::Value;
use uuid::Uuid;

use crate::cli::Rule;
use crate::output;

/// The event that is ruled: one of the log, or one that nobody published.
pub struct WouldBe {
    id: EventId,
    event_type: EventType,
    record: RecordId,
    pos: LogPos,
    asserted_at: Option<String>,
    person: Option<PersonId>,
    categories: Vec<Category>,
    labels: Vec<LawLabel>,
    content: Vec<SliceLabels>,
    facts: Vec<Fact>,
}

impl WouldBe {
    /// The event that was looked for on the log.
    ///
    /// # Errors
    /// HO-9075 where there is none.
    pub fn logged(folded: &Folded, key: &str) -> Result<Self> {
        let Some((pos, event)) = &folded.event else {
            bail!("HO-9075 the unit published nothing under the key `{key}` until then: check `--from` and the key");
        };
        Ok(Self {
            id: event.id,
            event_type: event.event_type.clone(),
            record: event.record,
            pos: *pos,
            asserted_at: event.asserted_at.clone(),
            person: event.person,
            categories: event.categories(),
            labels: event.labels.clone(),
            content: event.content.clone(),
            facts: event.facts.clone(),
        })
    }

    /// An event that the unit might publish now: of every category its type has, or of those a sample has, sliced and
    /// labelled as at intake. Without a person it is about somebody of whom nothing is on the log.
    ///
    /// # Errors
    /// HO-9020, HO-9070, HO-9071, HO-9076; the schema's where a sample breaks it.
    pub fn supposed(
        bundle: &Bundle,
        unit: &UnitFacts,
        what: &Rule,
        (folded, at): (&Folded, LogTime),
        person: Option<PersonId>,
    ) -> Result<Self> {
        let source = Source::Unit(Arc::new(unit.clone()));
        let said = match &what.sample {
            Some(sample) => said(sample, &source)?,
            None => {
                Said { event_type: event_type(what.event_type.as_deref().unwrap_or_default())?, time: None, data: None }
            }
        };
        let (categories, labels, content) = match said.data {
            None => {
                let categories = of_type(&said.event_type, &source)?;
                let labels = bundle.law(unit, &categories).into_iter().collect();
                (categories, labels, Vec::new())
            }
            Some(data) => of_data(bundle, &source, &said.event_type, data)?,
        };
        if categories.is_empty() {
            bail!("HO-9071 nothing of `{}` is about a person, so nobody is ruled for: choose another", said.event_type);
        }
        let now = || jiff::Timestamp::from_millisecond(at.0).ok().map(|at| at.to_string());
        Ok(Self {
            id: EventId(Uuid::new_v4()),
            event_type: said.event_type,
            record: RecordId(Uuid::new_v4()),
            pos: LogPos(folded.state.pos().0.saturating_add(1)),
            asserted_at: said.time.or_else(now),
            person: Some(person.unwrap_or_else(|| PersonId(Uuid::new_v4()))),
            categories,
            labels,
            content,
            facts: Vec::new(),
        })
    }

    /// As a ruling sees it.
    pub fn facts<'a>(&'a self, source: &'a UnitId) -> EventFacts<'a> {
        EventFacts {
            id: self.id,
            event_type: &self.event_type,
            record: self.record,
            pos: self.pos,
            asserted_at: self.asserted_at.as_deref(),
            source,
            person: self.person,
            categories: &self.categories,
            labels: &self.labels,
            content: &self.content,
            facts: &self.facts,
        }
    }
}

/// What a sample says. Whoever it names as its source and its person is not looked at.
struct Said {
    event_type: EventType,
    time: Option<String>,
    data: Option<Value>,
}

fn event_type(text: &str) -> Result<EventType> {
    let name = text.strip_prefix(TYPE_PREFIX).unwrap_or(text);
    match known(name) {
        Some(found) => Ok(found),
        None => bail!("HO-9070 there is no event type `{text}`: see `handoff schemas`"),
    }
}

fn known(name: &str) -> Option<EventType> {
    name.parse::<EventType>().ok().filter(|t| Registry::embedded().schema(t).is_ok())
}

/// A file with a CloudEvent, or by the name of a type an instance of it with every field filled.
fn said(sample: &str, source: &Source) -> Result<Said> {
    if let Some(event_type) = known(sample) {
        let filled = canary_sample(Registry::embedded(), &event_type, source.source_kind(), 0);
        let data = filled.map_err(|e| anyhow!("{e}"))?.data;
        return Ok(Said { event_type, time: None, data: Some(data) });
    }
    let bytes = std::fs::read(Path::new(sample)).with_context(|| format!("HO-9020 {sample} cannot be read"))?;
    let read: Option<Value> = serde_json::from_slice(&bytes).ok();
    let Some((read, data)) = read.as_ref().and_then(|r| Some((r, r.pointer("/data")?))) else {
        bail!("HO-9076 {sample} is no CloudEvent in JSON with `type` and `data`: see schemas/samples for some");
    };
    let time = Some(output::text(read, "/time")).filter(|t| !t.is_empty()).map(str::to_owned);
    Ok(Said { event_type: event_type(output::text(read, "/type"))?, time, data: Some(data.clone()) })
}

fn of_type(event_type: &EventType, source: &Source) -> Result<Vec<Category>> {
    let leaves = Registry::embedded().leaves(event_type).map_err(|e| anyhow!("{e}"))?;
    let of = leaves.iter().map(|l| l.category.resolve(source.source_kind()));
    let all: BTreeSet<Category> = of.filter(|c| *c != Category::Administrative).collect();
    Ok(all.into_iter().collect())
}

type Labelled = (Vec<Category>, Vec<LawLabel>, Vec<SliceLabels>);

fn of_data(bundle: &Bundle, source: &Source, event_type: &EventType, data: Value) -> Result<Labelled> {
    let event = NewEvent { event_type: event_type.clone(), person: None, asserted_at: None, facts: Vec::new(), data };
    let sliced = intake::sliced(source, &event).map_err(|refusal| anyhow!("{refusal}"))?;
    let (labels, content) = intake::labels(bundle, source, event_type, &sliced, (&Before::default(), 0));
    Ok((sliced.slices.keys().copied().collect(), labels, content))
}
