//! What happens in a case, as the commands that units and the operator would send.

mod asks;
mod basis;
mod law;
mod lives;
mod orders;
mod people;
mod registry;
mod seals;

use handoff_law::Scope;
use handoff_schemas::{
    Category, ConsentFacts, ConsentType, EventType, Fact, LogTime, Purpose, RecordId, Signatures, Signer, UnitId,
};
use handoff_spine::command::{Command, Item, RecordRef};
use handoff_spine::scenario::record_id;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::names::{Named, Names};
use super::{Row, World, consent};
use crate::format::{Consent, Erase, Event, Expire, Expires, Revoke, Verify, shown};
use crate::found::Found;

/// A command of a case, before it has a type of record.
struct Act<'a> {
    unit: UnitId,
    key: String,
    record: RecordRef,
    event_type: &'a str,
    about: Option<&'a str>,
    other: Option<&'a str>,
    asserted: Option<String>,
    data: Map<String, Value>,
}

impl World {
    /// A unit publishes.
    ///
    /// # Errors
    /// A name that the case does not introduce, or a word that is no event type.
    pub fn event(&mut self, e: &Event) -> Result<Found, String> {
        let id = e.id.clone().unwrap_or_else(|| self.names.fresh("event"));
        let unit = self.unit_id(&e.by)?;
        let versioned = e.event_type.rsplit_once(".v").is_some_and(|(_, n)| n.parse::<u16>().is_ok());
        let event_type = if versioned { e.event_type.clone() } else { format!("{}.v1", e.event_type) };
        let record = match (&e.on, &e.about) {
            (Some(on), _) => self.record_of(on, &unit)?,
            (None, Some(person)) if e.event_type.starts_with("person.") => {
                self.known_person(&unit, person)?;
                RecordRef::Key(format!("local:{person}"))
            }
            (None, _) => RecordRef::Key(id.clone()),
        };
        let asserted = match e.asserted.as_deref() {
            Some("unknown") => None,
            Some(said) => Some(said.to_owned()),
            None => Some(shown(self.at)),
        };
        let act = Act {
            unit: unit.clone(),
            key: id.clone(),
            record: record.clone(),
            event_type: &event_type,
            about: e.about.as_deref(),
            other: e.other.as_deref(),
            asserted,
            data: e.data.clone(),
        };
        let (found, places) = self.act(act)?;
        let (record, key) = match record {
            RecordRef::Key(key) => (record_id(&unit, &key), key),
            RecordRef::Id(record) => (record, String::new()),
        };
        let named = Named { record, unit, key, places: Vec::new() };
        let known = self.names.events.entry(id).or_insert(named);
        known.places.extend(places);
        known.places.sort_unstable();
        known.places.dedup();
        Ok(found)
    }

    /// A unit records a signed form.
    ///
    /// # Errors
    /// A name that the case does not introduce, or a word that means nothing in a consent.
    pub fn consent(&mut self, c: &Consent) -> Result<Found, String> {
        let id = c.id.clone().unwrap_or_else(|| self.names.fresh("consent"));
        let mut c = c.clone();
        if c.types.0.is_empty() {
            c.types.0.push(self.usual_type(c.from.0.first())?);
        }
        let by =
            c.by.as_ref().or(c.from.0.first()).ok_or_else(|| format!("consent `{id}`: say who records it: `by`"))?;
        let unit = self.unit_id(by)?;
        let keys = c.records.iter().map(|event| self.named_event(event).map(|named| named.key.clone()));
        let keys: Vec<String> = keys.collect::<Result<_, String>>()?;
        let carried = self.carried();
        let mut form = consent::form(&c, &carried, self.at, &keys).map_err(|e| format!("consent `{id}`: {e}"))?;
        if !c.refers_to.is_empty() {
            form.insert("refers_to".to_owned(), json!(self.choices(&c.refers_to)?));
        }
        let record = record_id(&unit, &id);
        let named = Named { record, unit: unit.clone(), key: id.clone(), places: Vec::new() };
        self.names.consents.insert(id.clone(), named);
        if c.unchecked {
            let facts = self.unchecked(&c, record, &form)?;
            let (consent, person) = (facts.consent, facts.person);
            let signed = Fact::ConsentSigned { consent, person, signatures: signatures(&form)? };
            self.append(Vec::new(), &unit, vec![Fact::ConsentRecorded { consent: facts }, signed]);
            return Ok(Found::accepted());
        }
        let act = Act {
            unit,
            key: id.clone(),
            record: RecordRef::Key(id.clone()),
            event_type: "consent.consent-recorded.v1",
            about: Some(&c.of),
            other: None,
            asserted: Some(shown(self.at)),
            data: form,
        };
        let (found, places) = self.act(act)?;
        // What a consent's own event tells is asked about by the consent's id.
        self.name_event(&id, record, places);
        match &c.verified_by {
            Some(by) if found.refusal.is_none() => {
                self.verify(&Verify { consent: id, by: by.clone(), over: Vec::new() })
            }
            _ => Ok(found),
        }
    }

    /// # Errors
    /// A name that the case does not introduce.
    pub fn verify(&mut self, v: &Verify) -> Result<Found, String> {
        let data = match v.over.is_empty() {
            true => json!({ "method": "document-review" }),
            false => json!({ "method": "document-review", "confirms_over": self.choices(&v.over)? }),
        };
        self.on_consent(&v.consent, Some(&v.by), "consent.consent-verified.v1", data)
    }

    /// # Errors
    /// A name that the case does not introduce.
    pub fn revoke(&mut self, r: &Revoke) -> Result<Found, String> {
        let form = if r.oral { "oral" } else { "written" };
        let mut data = match r.parties.is_empty() {
            true => json!({ "scope": "all", "form": form }),
            false => json!({ "scope": "parties", "parties": r.parties, "form": form }),
        };
        if let (Some(since), Some(leaves)) = (&r.since, data.as_object_mut()) {
            leaves.insert("revoked_at".to_owned(), json!(shown(since.0)));
        }
        self.ending(&r.consent, r.by.as_ref(), "consent.consent-revoked.v1", data)
    }

    /// # Errors
    /// A name that the case does not introduce.
    pub fn expire(&mut self, e: &Expire) -> Result<Found, String> {
        let since = shown(e.since.map_or(self.at, |at| at.0));
        let data = match &e.event {
            Some(code) => json!({ "cause": "event", "event_code": code, "expired_at": since }),
            None => json!({ "cause": "date", "expired_at": since }),
        };
        self.ending(&e.consent, e.by.as_ref(), "consent.consent-expired.v1", data)
    }

    /// What ends a consent, and whether anything was released after its end.
    fn ending(&mut self, consent: &str, by: Option<&String>, event_type: &str, data: Value) -> Result<Found, String> {
        let record = self.names.consents.get(consent).map(|known| known.record);
        let leans = |row: &&Row| record.is_some_and(|r| row.ruling.scopes.contains(&Scope::Consent(r)));
        let relied: Vec<_> = self.rows.iter().filter(leans).map(|r| (r.recipient.unit.clone(), r.at)).collect();
        let mut found = self.on_consent(consent, by, event_type, data)?;
        let ended = record.and_then(|r| self.state.consent(r));
        if ended.is_some_and(|c| relied.iter().any(|(unit, at)| c.released_after_end(unit, *at))) {
            found.follows.insert("post-event-release-review".to_owned());
        }
        Ok(found)
    }

    /// Data ordered erased. No decider stands before it: the operator's order is a fact.
    ///
    /// # Errors
    /// A name that the case does not introduce.
    pub fn erase(&mut self, e: &Erase) -> Result<Found, String> {
        let (person, unit) = (Names::person(&e.of), self.unit_id(&e.from)?);
        let ordered = Fact::ErasureOrdered { person, unit, categories: e.categories.clone() };
        self.append(Vec::new(), &UnitId::operator(), vec![ordered]);
        Ok(Found::accepted())
    }

    /// Earlier choices as their units call them.
    fn choices(&self, ids: &[String]) -> Result<Vec<String>, String> {
        let known = |id: &String| self.names.consents.get(id).map(|named| named.key.clone());
        let all = ids.iter().map(|id| known(id).ok_or_else(|| format!("no consent of the case has the id `{id}`")));
        all.collect()
    }

    fn on_consent(
        &mut self,
        consent: &str,
        by: Option<&String>,
        event_type: &str,
        data: Value,
    ) -> Result<Found, String> {
        let known = self.names.consents.get(consent).cloned();
        let known = known.ok_or_else(|| format!("no consent of the case has the id `{consent}`"))?;
        let unit = by.map_or(Ok(known.unit.clone()), |by| self.unit_id(by))?;
        let record = if unit == known.unit { RecordRef::Key(known.key.clone()) } else { RecordRef::Id(known.record) };
        let act = Act {
            unit,
            key: self.names.fresh("step"),
            record,
            event_type,
            about: None,
            other: None,
            asserted: Some(shown(self.at)),
            data: data.as_object().cloned().unwrap_or_default(),
        };
        self.act(act).map(|(found, _)| found)
    }

    /// Sends one command; the places of its events.
    fn act(&mut self, act: Act<'_>) -> Result<(Found, Vec<usize>), String> {
        let event_type: EventType =
            act.event_type.parse().map_err(|_| format!("`{}` is no event type: family.name", act.event_type))?;
        let item = Item {
            event_type,
            person: act.about.map(Names::person),
            other: act.other.map(Names::person),
            asserted_at: act.asserted,
            data: Value::Object(act.data),
        };
        self.send_one(act.unit, act.key, act.record, item, [Uuid::nil(); 2])
    }

    fn send_one(
        &mut self,
        unit: UnitId,
        key: String,
        record: RecordRef,
        item: Item,
        fresh: [Uuid; 2],
    ) -> Result<(Found, Vec<usize>), String> {
        let command = Command { unit, key, record, incident: None, items: vec![item], fresh };
        Ok(match self.send(&command) {
            Ok(accepted) => (Found { duplicate: accepted.duplicate, ..Found::accepted() }, accepted.events),
            Err(refusal) => (Found::refused(refusal), Vec::new()),
        })
    }

    fn name_event(&mut self, id: &str, record: RecordId, places: Vec<usize>) {
        let Some(named) = self.names.consents.get(id).cloned() else { return };
        self.names.events.entry(id.to_owned()).or_insert(Named { record, places, ..named });
    }

    fn named_event(&self, id: &str) -> Result<&Named, String> {
        self.names.events.get(id).ok_or_else(|| format!("no event of the case has the id `{id}`"))
    }

    /// By the unit's own key, or by the hub's id for a record of somebody else.
    fn record_of(&self, event: &str, unit: &UnitId) -> Result<RecordRef, String> {
        let named = self.named_event(event)?;
        Ok(if named.unit == *unit { RecordRef::Key(named.key.clone()) } else { RecordRef::Id(named.record) })
    }

    /// A registered unit, or one of the hub's own.
    ///
    /// # Errors
    /// Where the case introduces no such unit.
    pub fn unit_id(&self, name: &str) -> Result<UnitId, String> {
        let unit: UnitId = name.parse().map_err(|e| format!("unit `{name}`: {e}"))?;
        let known = self.directory.has(&unit) || unit == UnitId::operator() || self.names.outside.contains_key(name);
        if known { Ok(unit) } else { Err(format!("no unit of the case is called `{name}`: add it to `given.units`")) }
    }

    /// Every category the hub carries.
    fn carried(&self) -> Vec<Category> {
        let never = |c: &Category| self.bundle.defaults.never_carried.contains(c) || *c == Category::Administrative;
        Category::ALL.iter().copied().filter(|c| !never(c)).collect()
    }

    /// The type of consent that the law of the discloser asks for.
    fn usual_type(&self, from: Option<&String>) -> Result<String, String> {
        let Some(name) = from else { return Ok("general".to_owned()) };
        let unit = self.directory.get(&self.unit_id(name)?);
        Ok(match unit {
            Some(u) if u.part2.applies() => "part2-named",
            Some(u) if u.hipaa.is_covered() => "hipaa-authorization",
            _ => "general",
        }
        .to_owned())
    }

    /// The facts of a form, with nothing checked.
    fn unchecked(&self, c: &Consent, record: RecordId, form: &Map<String, Value>) -> Result<ConsentFacts, String> {
        let kind = c.types.0.first().cloned().unwrap_or_default();
        let consent_type: ConsentType = serde_json::from_value(Value::String(kind.clone()))
            .map_err(|_| format!("`{kind}` is no type of consent that the hub carries"))?;
        let units = |names: &[String]| names.iter().map(|n| self.unit_id(n)).collect::<Result<Vec<_>, _>>();
        let list = |name: &str| form.get(name).cloned().unwrap_or_else(|| json!([]));
        let purposes: Vec<Purpose> = serde_json::from_value(list("purposes")).map_err(|e| e.to_string())?;
        let categories: Vec<Category> = serde_json::from_value(list("data_scope")).map_err(|e| e.to_string())?;
        let signed_at = c.signed.map_or(LogTime(self.at.0 - 86_400_000), |at| at.0);
        let expiry = match &c.expires {
            None => handoff_schemas::Expiry::At { at: LogTime(signed_at.0 + 365 * 86_400_000) },
            Some(Expires::Never) => handoff_schemas::Expiry::Never,
            Some(Expires::Event(code)) => handoff_schemas::Expiry::Event { code: code.clone() },
            Some(Expires::On { .. }) => return Err("an unchecked consent ends by `none` or by an event".to_owned()),
        };
        Ok(ConsentFacts {
            grantors: units(&c.from.0)?.into(),
            recipients: units(&c.to.0)?.into(),
            tpo_class: form.get("tpo_class") == Some(&Value::Bool(true)),
            treating_participants: form
                .get("intermediary")
                .is_some_and(|i| i.get("treating_providers_only") == Some(&Value::Bool(true))),
            purposes: purposes.into(),
            categories: categories.into(),
            elements: c.elements.clone().into(),
            signed_at,
            expiry,
            deny: c.deny,
            ..ConsentFacts::blank(record, Names::person(&c.of), consent_type)
        })
    }
}

/// Who signed a form, with nothing checked.
fn signatures(form: &Map<String, Value>) -> Result<Signatures, String> {
    let roles = form.get("signatures").and_then(Value::as_array).into_iter().flatten();
    let signers =
        roles.filter_map(|s| s.get("signer_role")).map(Signer::deserialize).collect::<Result<_, serde_json::Error>>();
    let zone = form.get("expiry").and_then(|e| e.get("time_zone")).and_then(Value::as_str).map(str::to_owned);
    Ok(Signatures { signers: signers.map_err(|e| e.to_string())?, zone })
}
