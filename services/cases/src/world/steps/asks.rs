//! Asks of users: made by a request, read under, ended and reviewed.

use std::collections::BTreeSet;

use handoff_law::{AskState, Grant, Obligation, Reason};
use handoff_schemas::{Category, Claim, IncidentId, PersonId, ProcessKind, Purpose, Recipient, RecordId, UnitId};
use handoff_spine::command::{Command, Item, RecordRef, Refusal};
use handoff_spine::scenario::record_id;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::basis::{self, Who};
use crate::format::{Request, Review, Withdraw, shown};
use crate::found::{Found, Shown};
use crate::world::names::{Named, Names};
use crate::world::{Row, Told, World};

const ASK: &str = "ask.access-requested.v1";

/// The asks that a request amounts to.
#[derive(Default)]
pub struct Made {
    pub asks: Vec<RecordId>,
    /// Why it is none: a fact is missing, whoever it is about.
    pub refusal: Option<Refusal>,
    /// Facts that nothing looks at.
    pub unread: Vec<String>,
}

/// What asks open.
#[derive(Default)]
pub struct Under {
    pub shown: Vec<Shown>,
    pub reasons: BTreeSet<String>,
    pub follows: BTreeSet<String>,
    /// A person has to look at it first.
    pub waits: bool,
}

/// An ask to send.
struct Asked<'a> {
    unit: UnitId,
    id: &'a str,
    person: PersonId,
    incident: bool,
    data: Map<String, Value>,
}

impl World {
    /// Makes the asks of a request: one by the asker, or one by each unit that would disclose; or finds the one it names.
    ///
    /// # Errors
    /// A name that the case does not introduce, or a fact that no authority knows.
    pub fn asks_of(&mut self, r: &Request, to: &Recipient, places: &[usize]) -> Result<Made, String> {
        let unread = basis::unread(r.purpose, &r.basis)?;
        let named = r.under.as_deref().or_else(|| r.basis.get("order").and_then(Value::as_str));
        if let Some(id) = named {
            let ask = self.named_event(id)?.record;
            let user = r.user.as_deref().unwrap_or("user");
            let implied = self.names.implied.contains(id);
            let serves = |a: &AskState| r.purpose.is_none_or(|p| p == a.facts.purpose || (implied && akin(a, p)));
            let reads =
                |a: &AskState| a.facts.to == *to && a.facts.user.as_deref().is_none_or(|u| u == user) && serves(a);
            let asks = self.state.ask(ask).filter(|a| reads(a)).map(|_| ask).into_iter().collect();
            return Ok(Made { asks, refusal: None, unread });
        }
        let now = shown(self.at);
        let who =
            Who { role: r.user_role.as_deref(), kind: to.kind, user: r.user.as_deref().unwrap_or("user"), now: &now };
        let (Some(stated), Some(about)) = (basis::stated(r.purpose, &r.basis, &who)?, &r.about) else {
            return Ok(Made { unread, ..Made::default() });
        };
        let mut data = stated.data;
        let categories = if r.categories.is_empty() { everything() } else { r.categories.clone() };
        data.insert("categories".to_owned(), json!(categories));
        let stating = if stated.by_discloser {
            data.insert("recipient".to_owned(), json!({ "unit": to.unit, "role": to.kind }));
            self.disclosers(r, to, places)?
        } else {
            BTreeSet::from([to.unit.clone()])
        };
        let mut made = Made { unread, ..Made::default() };
        let id = r.id.clone().unwrap_or_else(|| self.names.fresh("ask"));
        for unit in stating {
            let asked =
                Asked { unit, id: &id, person: Names::person(about), incident: stated.incident, data: data.clone() };
            match self.ask(asked)? {
                Ok(ask) => made.asks.push(ask),
                Err(refusal) => made.refusal = Some(refusal),
            }
        }
        Ok(made)
    }

    /// The units that a request names, else all that hold something about the person, the asker left out.
    fn disclosers(&self, r: &Request, to: &Recipient, places: &[usize]) -> Result<BTreeSet<UnitId>, String> {
        let named = r.from.0.iter().map(|name| self.unit_id(name)).collect::<Result<BTreeSet<_>, _>>()?;
        let holding = places.iter().filter_map(|place| self.events.get(*place)).map(|told| told.event.unit.clone());
        let mut units = if named.is_empty() { holding.collect() } else { named };
        units.remove(&to.unit);
        units.remove(&UnitId::operator());
        Ok(units)
    }

    fn ask(&mut self, asked: Asked<'_>) -> Result<Result<RecordId, Refusal>, String> {
        let Asked { unit, id, person, incident, data } = asked;
        let item = Item {
            event_type: ASK.parse().map_err(|_| format!("`{ASK}` is no event type"))?,
            person: Some(person),
            other: None,
            asserted_at: Some(shown(self.at)),
            data: Value::Object(data),
        };
        let command = Command {
            unit: unit.clone(),
            key: id.to_owned(),
            record: RecordRef::Key(id.to_owned()),
            incident: incident.then_some(IncidentId(Uuid::from_u128(1))),
            items: vec![item],
            fresh: [Uuid::nil(); 2],
        };
        Ok(match self.send(&command) {
            Err(refusal) => Err(refusal),
            Ok(accepted) => {
                let record = record_id(&unit, id);
                let named = Named { record, unit, key: id.to_owned(), places: accepted.events };
                self.names.events.insert(id.to_owned(), named);
                Ok(record)
            }
        })
    }

    /// What asks open of these events now, and the duties that come of it.
    pub fn answer_under(&mut self, places: &[usize], to: &Recipient, asks: &[RecordId]) -> Under {
        let mut under = Under::default();
        for ask in asks {
            for place in places {
                let Some(ruling) = self.rule_asked(*place, *ask) else { continue };
                let mut why = Found::default();
                why.withheld(&ruling);
                under.reasons.extend(why.reasons);
                let now = self.left(*place, &ruling);
                under.shown.extend(self.viewed(*place, to, Some(*ask), now));
            }
            under.follows.extend(self.duties(*ask));
        }
        under.waits = under.reasons.contains(Reason::AskUnreviewed.code());
        under
    }

    /// Rules twice, with memory and cold, and insists that both agree.
    pub fn rule_asked(&mut self, place: usize, ask: RecordId) -> Option<handoff_law::Ruling> {
        let Self { bundle, state, memo, events, at, faults, .. } = self;
        let facts = events.get(place)?.facts();
        let ask = state.ask(ask)?;
        let warm = memo.rule_asked(bundle, state, &facts, ask, *at);
        let cold = handoff_law::rule_asked(bundle, state, &facts, ask, *at);
        if warm != cold {
            faults.push("memory and a cold ruling differ under an ask".to_owned());
        }
        Some(cold)
    }

    /// What an ask has the hub do: the documentation of those whose data it opened at once, a review later.
    fn duties(&self, ask: RecordId) -> BTreeSet<String> {
        let mut duties = BTreeSet::new();
        let Some(state) = self.state.ask(ask) else { return duties };
        if state.review_due().is_some() {
            duties.insert("break-glass-review".to_owned());
        }
        let logs = |grant: &Grant| grant.obligations.contains(&Obligation::FerpaDisclosureLog);
        if self.rows.iter().any(|row| row.ruling.ask == Some(ask) && row.shown.grants.iter().any(logs)) {
            duties.insert("ferpa-disclosure-log".to_owned());
        }
        let Some((place, units)) = self.asked_at(ask).and_then(|at| self.documents.get_key_value(&at)) else {
            return duties;
        };
        let told = |row: &Row| row.event == *place && units.contains(&row.recipient.unit);
        if self.rows.iter().any(told) {
            duties.extend(["emergency-documentation".to_owned(), "notify-source-unit".to_owned()]);
        }
        duties
    }

    /// Who reads this event under an ask that lasts. What a unit published itself it reads without asking.
    pub fn askers(&self, told: &Told) -> Vec<(Recipient, Option<RecordId>)> {
        let asks = told.event.person.map(|p| self.state.asks_of(p)).unwrap_or_default();
        let lasting = asks.into_iter().filter(|a| a.facts.to.unit != told.event.unit && a.in_force(self.at).is_ok());
        lasting.map(|a| (a.facts.to.clone(), Some(a.facts.ask))).collect()
    }

    /// 42 CFR 2.51(c): of an ask that opened a unit's data in an emergency, that unit gets what it must document.
    pub fn document(&mut self) {
        let opened = |row: &Row| {
            let ask = self.state.ask(row.ruling.ask?).filter(|a| a.is_documented())?;
            Some((self.asked_at(ask.facts.ask)?, self.events.get(row.event)?.event.unit.clone()))
        };
        let opened: Vec<(usize, UnitId)> = self.rows.iter().filter_map(opened).collect();
        for (place, unit) in opened {
            if self.documents.entry(place).or_default().insert(unit) {
                self.release(place);
            }
        }
    }

    /// The place of an ask's own event.
    fn asked_at(&self, ask: RecordId) -> Option<usize> {
        self.events.iter().position(|t| t.event.record == ask && t.event.event_type.as_str() == ASK)
    }

    /// Everybody who reads at the units that document this ask.
    pub fn documenting(&self, place: usize) -> Vec<Recipient> {
        let units = self.documents.get(&place).into_iter().flatten().filter_map(|unit| self.directory.get(unit));
        let of = |unit: std::sync::Arc<handoff_schemas::UnitFacts>| {
            unit.roles.iter().map(|kind| Recipient { unit: unit.unit.clone(), kind: *kind }).collect::<Vec<_>>()
        };
        units.flat_map(of).collect()
    }

    /// # Errors
    /// A name that the case does not introduce.
    pub fn withdraw(&mut self, w: &Withdraw) -> Result<Found, String> {
        let cause = w.cause.as_deref().unwrap_or("withdrawn");
        self.on_ask(&w.ask, "ask.access-ended.v1", json!({ "cause": cause, "ended_at": shown(self.at) }))
    }

    /// # Errors
    /// A name that the case does not introduce.
    pub fn review(&mut self, r: &Review) -> Result<Found, String> {
        let by = r.by.as_deref().unwrap_or("reviewer");
        let ask = self.named_event(&r.ask)?.record;
        let process =
            self.state.ask(ask).is_some_and(|a| a.facts.purpose.is_proceeding() || a.facts.purpose == Purpose::Warrant);
        let (event_type, outcome) = match process {
            true => ("ask.legal-process-reviewed.v1", "decision"),
            false => ("ask.access-reviewed.v1", "outcome"),
        };
        let mut data = Map::new();
        data.insert(outcome.to_owned(), json!(r.outcome));
        data.insert("reviewed_by".to_owned(), json!(by));
        self.on_ask(&r.ask, event_type, Value::Object(data))
    }

    /// The next step of an ask, by the unit that stated it.
    pub(super) fn on_ask(&mut self, id: &str, event_type: &str, data: Value) -> Result<Found, String> {
        let named = self.named_event(id)?.clone();
        let key = self.names.fresh("step");
        let item = Item {
            event_type: event_type.parse().map_err(|_| format!("`{event_type}` is no event type"))?,
            person: None,
            other: None,
            asserted_at: Some(shown(self.at)),
            data,
        };
        let record = RecordRef::Key(named.key.clone());
        self.send_one(named.unit, key, record, item, [Uuid::nil(); 2]).map(|(found, _)| found)
    }
}

/// What an ask, or a paper, that names no category is for: all but what is about no person, and the hub's own papers.
pub(super) fn everything() -> Vec<Category> {
    let papers = |c: &Category| matches!(c, Category::Administrative | Category::ConsentMeta | Category::Aggregate);
    Category::ALL.iter().copied().filter(|c| !papers(c)).collect()
}

/// Whether a paper whose purpose the case leaves to its kind serves this one too: an order under 2.64 civil and
/// administrative proceedings, one under 2.65 criminal ones, any other paper whatever proceeding it was served in.
fn akin(ask: &AskState, purpose: Purpose) -> bool {
    let civil = matches!(purpose, Purpose::CivilProc | Purpose::AdminProc);
    let Claim::LegalProcess(paper) = &ask.facts.claim else { return false };
    match paper.kind {
        Some(ProcessKind::Order264) => civil,
        Some(ProcessKind::Order265) => purpose.is_proceeding() && !civil,
        _ => purpose.is_proceeding(),
    }
}
