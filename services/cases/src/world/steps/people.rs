use handoff_schemas::UnitId;
use handoff_spine::command::{Item, RecordRef};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Act;
use crate::format::{Link, Objection, Restriction, shown};
use crate::found::Found;
use crate::world::World;
use crate::world::names::{Named, Names};

impl World {
    /// Two entries are one human being, as an approver says; or they are not.
    ///
    /// # Errors
    /// A name that the case does not introduce, or other than two persons.
    pub fn link(&mut self, link: &Link, undone: bool) -> Result<Found, String> {
        let [first, second] = link.persons.as_slice() else { return Err("a link names two persons".to_owned()) };
        let (unit, with) = (self.unit_id(&link.by)?, self.unit_id(&link.with)?);
        self.known_person(&unit, first)?;
        let mut data = json!({ "other": { "unit": with, "local_id": second }, "approver": "Records steward" });
        if let Some(map) = data.as_object_mut().filter(|_| !undone) {
            let usual = if link.score.is_some() { "probabilistic-reviewed" } else { "manual-review" };
            map.insert("method".to_owned(), json!(link.method.as_deref().unwrap_or(usual)));
            if !link.matched_on.is_empty() {
                map.insert("matched_on".to_owned(), json!(link.matched_on));
            }
            map.extend(link.score.map(|score| ("score".to_owned(), json!(score))));
        }
        let act = Act {
            unit,
            key: self.names.fresh("link"),
            record: RecordRef::Key(format!("local:{first}")),
            event_type: if undone { "person.identity-unlinked.v1" } else { "person.identity-linked.v1" },
            about: Some(first),
            other: Some(second),
            asserted: Some(shown(self.at)),
            data: data.as_object().cloned().unwrap_or_default(),
        };
        self.act(act).map(|(found, _)| found)
    }

    /// The person asks for a restriction, and the unit answers.
    ///
    /// # Errors
    /// A name that the case does not introduce.
    pub fn restriction(&mut self, r: &Restriction) -> Result<Found, String> {
        let unit = self.unit_id(&r.by)?;
        let key = r.id.clone().unwrap_or_else(|| self.names.fresh("restriction"));
        let now = shown(self.at);
        let scope = scope(&r.categories, &r.recipients, &r.purposes);
        let (answer, time) = match r.agreed {
            true => ("consent.restriction-agreed.v1", "agreed_at"),
            false => ("consent.restriction-denied.v1", "denied_at"),
        };
        let asked = with(scope.clone(), "requested_at", &now);
        let answered = with(if r.agreed { scope } else { Map::new() }, time, &now);
        let mut last = Found::accepted();
        for (event_type, data) in [("consent.restriction-requested.v1", asked), (answer, answered)] {
            let act = Act {
                unit: unit.clone(),
                key: self.names.fresh("step"),
                record: RecordRef::Key(key.clone()),
                event_type,
                about: Some(&r.of),
                other: None,
                asserted: Some(now.clone()),
                data,
            };
            last = self.act(act)?.0;
            if last.refusal.is_some() {
                return Ok(last);
            }
        }
        let record = handoff_spine::scenario::record_id(&unit, &key);
        let named = Named { record, unit, key: key.clone(), places: Vec::new() };
        self.names.consents.insert(key, named);
        Ok(last)
    }

    /// The person objects; no form is asked for.
    ///
    /// # Errors
    /// A name that the case does not introduce.
    pub fn objection(&mut self, o: &Objection) -> Result<Found, String> {
        let unit = self.unit_id(&o.by)?;
        let usual = if o.recipients.is_empty() { "all-sharing" } else { "named-recipients" };
        let mut data = with(scope(&o.categories, &o.recipients, &o.purposes), "objected_at", &shown(self.at));
        data.insert("kind".to_owned(), json!(o.kind.as_deref().unwrap_or(usual)));
        let key = o.id.clone().unwrap_or_else(|| self.names.fresh("objection"));
        let record = handoff_spine::scenario::record_id(&unit, &key);
        let named = Named { record, unit: unit.clone(), key: key.clone(), places: Vec::new() };
        self.names.consents.insert(key.clone(), named);
        let act = Act {
            unit,
            key: key.clone(),
            record: RecordRef::Key(key),
            event_type: "consent.objection-recorded.v1",
            about: Some(&o.of),
            other: None,
            asserted: Some(shown(self.at)),
            data,
        };
        self.act(act).map(|(found, _)| found)
    }

    /// The unit that keeps a person says how sure it is of whom the entry stands for.
    ///
    /// # Errors
    /// A name that the case does not introduce.
    pub fn matched(&mut self, name: &str, by: &str, score: f64) -> Result<Found, String> {
        let unit = self.unit_id(by)?;
        self.known_person(&unit, name)?;
        let data = json!({ "captured_from": "own-records", "match_score": score });
        let act = Act {
            unit,
            key: self.names.fresh("match"),
            record: RecordRef::Key(format!("local:{name}")),
            event_type: "person.identity-asserted.v1",
            about: Some(name),
            other: None,
            asserted: Some(shown(self.at)),
            data: data.as_object().cloned().unwrap_or_default(),
        };
        self.act(act).map(|(found, _)| found)
    }

    /// Claims the person's name as a local id of the unit, once.
    pub(super) fn known_person(&mut self, unit: &UnitId, name: &str) -> Result<(), String> {
        let event_type = "person.person-registered.v1".parse().map_err(|_| "no such event type".to_owned())?;
        let item = Item { event_type, person: None, other: None, asserted_at: None, data: json!({}) };
        let key = format!("local:{name}");
        let fresh = [Names::person(name).0, Uuid::nil()];
        let (found, _) = self.send_one(unit.clone(), key.clone(), RecordRef::Key(key), item, fresh)?;
        match found.refusal {
            Some(refusal) => Err(format!("person `{name}` cannot be registered: {refusal}")),
            None => Ok(()),
        }
    }
}

fn scope(
    categories: &[handoff_schemas::Category],
    recipients: &[String],
    purposes: &[handoff_schemas::Purpose],
) -> Map<String, Value> {
    let all = [("data_scope", json!(categories)), ("recipients", json!(recipients)), ("purposes", json!(purposes))];
    let said = all.into_iter().filter(|(_, list)| !list.as_array().is_some_and(Vec::is_empty));
    said.map(|(name, list)| (name.to_owned(), list)).collect()
}

fn with(mut data: Map<String, Value>, name: &str, text: &str) -> Map<String, Value> {
    data.insert(name.to_owned(), json!(text));
    data
}
