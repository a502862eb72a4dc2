//! Legal process: recorded by the unit it was served on, and nothing before a person looked at it.

use handoff_schemas::{Purpose, RecipientKind};
use handoff_spine::command::RecordRef;
use handoff_spine::scenario::record_id;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::Act;
use super::asks::everything;
use crate::format::{Order, Review, shown};
use crate::found::Found;
use crate::world::World;
use crate::world::names::Named;

/// Days of a case are days here.
const ZONE: &str = "America/Los_Angeles";
/// What `lacks` of an order may name beside findings.
const SERVED: &str = "served";
const NOTICE: &str = "notice_to_patient";
/// What 42 CFR 2.64(d) and 2.65(d) have a court find.
const FINDINGS: [&str; 5] = [
    "other-ways-unavailable",
    "public-interest-outweighs",
    "extremely-serious-crime",
    "substantial-value",
    "holder-heard",
];

impl World {
    /// A paper is served on a unit; `reviewed_by` has it released at once.
    ///
    /// # Errors
    /// A name that the case does not introduce, or a word that is no kind of paper.
    pub fn order(&mut self, o: &Order) -> Result<Found, String> {
        let id = o.id.clone().unwrap_or_else(|| self.names.fresh("order"));
        let wants = |what: &str| format!("order `{id}`: say `{what}`");
        let holder = self.unit_id(o.holder.as_deref().ok_or_else(|| wants("holder"))?)?;
        let about = o.about.as_deref().ok_or_else(|| wants("about"))?;
        let reader = self.unit_id(o.for_unit.as_deref().ok_or_else(|| wants("for_unit"))?)?;
        let role = o.role.or_else(|| self.directory.get(&reader).and_then(|u| u.roles.first().copied()));
        let role = role.ok_or_else(|| format!("order `{id}`: `{reader}` is no recipient"))?;
        let (kind, usual) = kind(&o.kind)?;
        // 2.65: police apply to investigate, the prosecutor to prosecute.
        let usual = if kind == "order-2-65" && role == RecipientKind::Le { Purpose::LeInvest } else { usual };
        let categories = if o.categories.is_empty() { everything() } else { o.categories.clone() };
        let lacks = |word: &str| o.lacks.iter().any(|lack| lack == word);
        let known = |word: &str| matches!(word, SERVED | NOTICE) || FINDINGS.contains(&word);
        if let Some(unknown) = o.lacks.iter().find(|word| !known(word)) {
            let findings = FINDINGS.join(", ");
            return Err(format!("order `{id}`: `lacks` names `{unknown}`: use {SERVED}, {NOTICE}, {findings}"));
        }
        let mut data = Map::new();
        let mut put = |name: &str, value: Option<Value>| drop(value.map(|v| data.insert(name.to_owned(), v)));
        put("kind", Some(kind.into()));
        put("purpose", Some(json!(o.purpose.unwrap_or(usual))));
        put("recipient", Some(json!({ "unit": reader, "role": role })));
        put("categories", Some(json!(categories)));
        put("elements", (!o.elements.is_empty()).then(|| json!(o.elements)));
        put("data_from", o.data_from.as_deref().map(|day| instant(day, 0)).transpose()?.map(Value::from));
        put("data_before", o.data_to.as_deref().map(|day| instant(day, 1)).transpose()?.map(Value::from));
        let mut findings = match &o.findings {
            Some(said) => said.clone(),
            None if kind.starts_with("order-") => FINDINGS.map(str::to_owned).to_vec(),
            None => Vec::new(),
        };
        findings.retain(|finding| !lacks(finding));
        put("findings", (!findings.is_empty()).then(|| json!(findings)));
        put("mandate", o.mandate.as_ref().map(|number| json!({ "kind": "subpoena", "number": number })));
        put("served_at", (!lacks(SERVED)).then(|| shown(self.at).into()));
        // 2.64(b): the patient has notice; under 2.65 there need be none.
        put("notice_to_patient_at", (kind == "order-2-64" && !lacks(NOTICE)).then(|| shown(self.at).into()));
        put("expires_at", o.expires.map(|at| shown(at.0).into()));
        let act = Act {
            unit: holder.clone(),
            key: id.clone(),
            record: RecordRef::Key(id.clone()),
            event_type: "ask.legal-process-recorded.v1",
            about: Some(about),
            other: None,
            asserted: Some(shown(self.at)),
            data,
        };
        let (mut found, places) = self.act(act)?;
        if found.refusal.is_some() {
            return Ok(found);
        }
        let named = Named { record: record_id(&holder, &id), unit: holder, key: id.clone(), places };
        self.names.events.insert(id.clone(), named);
        if o.purpose.is_none() {
            self.names.implied.insert(id.clone());
        }
        match &o.reviewed_by {
            Some(by) => self.review(&Review { ask: id, outcome: "release".to_owned(), by: Some(by.clone()) }),
            None => {
                found.follows.insert("legal-process-review".to_owned());
                Ok(found)
            }
        }
    }
}

/// The hub's word for a paper, and the proceeding that it usually serves.
fn kind(word: &str) -> Result<(&'static str, Purpose), String> {
    Ok(match word {
        "subpoena" => ("subpoena", Purpose::CivilProc),
        "warrant" => ("warrant", Purpose::Warrant),
        "order-2.64" | "order-2-64" => ("order-2-64", Purpose::CivilProc),
        "order-2.65" | "order-2-65" => ("order-2-65", Purpose::Prosecute),
        "order-2.66" | "order-2-66" => ("order-2-66", Purpose::AdminProc),
        "generic-court-order" | "court-order" => ("court-order", Purpose::CivilProc),
        _ => {
            return Err(format!(
                "`{word}` is no kind of paper: subpoena, warrant, order-2.64, order-2.65, order-2.66, generic-court-order"
            ));
        }
    })
}

/// The beginning of a day, or of one of the days after it.
fn instant(day: &str, later: i64) -> Result<String, String> {
    let wrong = |e: jiff::Error| format!("`{day}` is no day: {e}");
    let date: Date = day.parse().map_err(wrong)?;
    let zoned = date.checked_add(later.days()).and_then(|d| d.in_tz(ZONE)).map_err(wrong)?;
    Ok(zoned.timestamp().to_string())
}
