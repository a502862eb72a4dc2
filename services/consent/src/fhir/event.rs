use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use handoff_schemas::{Category, ConsentFacts, EventType, Expiry, Fact, LogTime, Purpose, RecordId, Registry, UnitId};
use handoff_spine::command::{Command, Item, RecordRef};
use handoff_spine::decider::{Decider as _, Names};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{FhirRefusal, ImportedConsent};
use crate::decide::Consents;
use crate::moment::{Reading, days};
use crate::state::Consent;
use crate::steps::Step;

/// How copies of a form are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignedBy {
    WetInk,
    Electronic,
    MarkWithWitness,
}

/// A statement that the law wants on a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Statement {
    /// 2.31(a)(6); how to revoke goes with it.
    RightToRevoke,
    /// 2.31(a)(10)(i)
    Redisclosure,
    /// 2.31(a)(10)(ii)
    RefusalConsequences,
    /// 2.31(a)(4)(iii)
    HipaaRedisclosure,
}

impl Statement {
    const fn leaf(self) -> &'static str {
        match self {
            Self::RightToRevoke => "stmt_right_to_revoke",
            Self::Redisclosure => "stmt_redisclosure",
            Self::RefusalConsequences => "stmt_refusal_consequences",
            Self::HipaaRedisclosure => "stmt_hipaa_redisclosure",
        }
    }
}

/// What every copy of a form says that a FHIR Consent does not carry (42 CFR 2.31(a), 45 CFR 164.508(c)).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// 2.31(a)(3), in words.
    pub data_description: String,
    /// 2.31(a)(6)
    pub revocation_method: Option<String>,
    #[serde(default)]
    pub states: BTreeSet<Statement>,
    pub signed_by: SignedBy,
}

/// An event of the hub that says what one provision says.
#[derive(Clone, PartialEq)]
pub struct HubEvent {
    pub event_type: EventType,
    /// The unit's key for the record.
    pub record: String,
    /// By the event type's schema: it holds the patient's name.
    pub data: Value,
}

impl fmt::Debug for HubEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubEvent").field("event_type", &self.event_type).finish_non_exhaustive()
    }
}

/// Who records an imported consent, and what its signed copy says besides.
#[derive(Clone, Copy)]
pub struct Recording<'a> {
    pub unit: &'a UnitId,
    pub names: &'a Names,
    /// None for a denial: it takes no form.
    pub wording: Option<&'a Wording>,
    /// 2.31(a)(1)
    pub patient_name: Option<&'a str>,
    pub time_zone: Option<&'a str>,
    /// The unit's key for a record that the consent is limited to.
    pub record_key: &'a dyn Fn(RecordId) -> Option<String>,
}

impl Recording<'_> {
    /// The event that the unit publishes, under its key `record`. The hub's own decider takes it to the same facts:
    /// what it would take otherwise is refused.
    ///
    /// # Errors
    /// HO-1352, HO-1363, HO-2318, HO-2335, HO-2343, HO-2353; the decider's and the schema's at the provision's place.
    pub fn event(&self, one: &ImportedConsent, record: String) -> Result<HubEvent, FhirRefusal> {
        let (step, data) = match (one.facts.deny, one.facts.restriction) {
            (false, _) => (Step::Record, self.permission(one)?),
            (true, false) => (Step::Record, self.denial(one)?),
            (true, true) => (Step::Object, objection(one)?),
        };
        let event_type: EventType =
            step.event_type().parse().map_err(|_| refuse(one, "HO-2300", "the event has no type", "report it"))?;
        let event = HubEvent { event_type, record, data: Value::Object(data) };
        Registry::embedded().validate(&event.event_type, &event.data).map_err(|e| {
            let message = format!("the event of this consent would break the rule `{}`", e.rule);
            FhirRefusal::new(e.code, message, e.remedy).at(one.place.clone())
        })?;
        if self.is_exact(one, &event)? { Ok(event) } else { Err(inexact(one)) }
    }

    /// Whether the decider takes the event to exactly these facts.
    fn is_exact(&self, one: &ImportedConsent, event: &HubEvent) -> Result<bool, FhirRefusal> {
        let item = Item {
            event_type: event.event_type.clone(),
            person: Some(one.facts.person),
            other: None,
            asserted_at: None,
            data: event.data.clone(),
        };
        let command = Command {
            unit: self.unit.clone(),
            key: event.record.clone(),
            record: RecordRef::Key(event.record.clone()),
            incident: None,
            items: vec![item],
            fresh: [one.facts.consent.0; 2],
        };
        let decider = Consents::new(Arc::clone(self.names));
        let events = decider.decide(&Consent::default(), &command).map_err(|refusal| refusal.at(one.place.clone()))?;
        let same = |fact: &Fact| matches!(fact, Fact::ConsentRecorded { consent } if *consent == one.facts);
        Ok(events.iter().flat_map(|e| &e.facts).any(same))
    }

    fn permission(&self, one: &ImportedConsent) -> Result<Map<String, Value>, FhirRefusal> {
        let facts = &one.facts;
        let wording = self.wording.ok_or_else(|| {
            refuse(one, "HO-2343", "what the signed form says is not known", "describe the form under its policy URI")
        })?;
        let name = self.patient_name.ok_or_else(|| {
            FhirRefusal::new(
                "HO-1352",
                "the patient is not named: 2.31(a)(1)",
                "state `patient.display`, or give the Patient resource beside the Consent",
            )
            .at("/patient")
        })?;
        let mut data = self.terms(one, Reading::Narrowest)?;
        put(&mut data, "data_scope", &facts.categories);
        put(&mut data, "purposes", &facts.purposes);
        put(&mut data, "data_elements", &facts.elements);
        let said = [
            ("patient_name", json!(name)),
            ("data_description", json!(wording.data_description)),
            ("tpo_class", json!(facts.tpo_class)),
            ("expiry", self.expiry(one)?),
            ("signatures", json!([{ "signer_role": "patient", "method": wording.signed_by }])),
            ("signed_at", json!(moment(one, facts.signed_at)?)),
        ];
        data.extend(said.into_iter().map(|(leaf, value)| (leaf.to_owned(), value)));
        data.extend(wording.states.iter().map(|s| (s.leaf().to_owned(), Value::Bool(true))));
        if let Some(method) = &wording.revocation_method {
            data.insert("revocation_method".to_owned(), json!(method));
        }
        Ok(data)
    }

    fn denial(&self, one: &ImportedConsent) -> Result<Map<String, Value>, FhirRefusal> {
        let mut data = self.terms(one, Reading::Widest)?;
        narrowed(&mut data, &one.facts);
        data.insert("expiry".to_owned(), self.expiry(one)?);
        if let Some(at) = one.signed_at {
            data.insert("signed_at".to_owned(), json!(moment(one, at)?));
        }
        Ok(data)
    }

    /// What permissions and denials state alike.
    fn terms(&self, one: &ImportedConsent, reading: Reading) -> Result<Map<String, Value>, FhirRefusal> {
        let facts = &one.facts;
        let mut data = Map::new();
        data.insert("types".to_owned(), json!([facts.consent_type]));
        data.insert("decision".to_owned(), json!(if facts.deny { "deny" } else { "permit" }));
        put(&mut data, "grantors", &facts.grantors);
        put(&mut data, "recipients", &facts.recipients);
        put(&mut data, "event_types", &facts.event_types);
        let key = |record: &RecordId| {
            (self.record_key)(*record).ok_or_else(|| {
                refuse(one, "HO-2353", "a record has no key of this unit", "let the unit that keeps it import it")
            })
        };
        put(&mut data, "records", &facts.records.iter().map(key).collect::<Result<Vec<_>, FhirRefusal>>()?);
        let (from, to) =
            days(facts.data_from, facts.data_before, self.time_zone, reading).ok_or_else(|| inexact(one))?;
        data.extend(from.map(|day| ("data_from".to_owned(), json!(day.to_string()))));
        data.extend(to.map(|day| ("data_to".to_owned(), json!(day.to_string()))));
        Ok(data)
    }

    /// The zone stands here also where nothing ends: the data's days are days in it.
    fn expiry(&self, one: &ImportedConsent) -> Result<Value, FhirRefusal> {
        let mut expiry = match &one.facts.expiry {
            Expiry::Never => json!({ "kind": "none" }),
            Expiry::Event { code } => json!({ "kind": "event", "event_code": code }),
            Expiry::At { at } => {
                let zone = self.time_zone.ok_or_else(|| {
                    refuse(
                        one,
                        "HO-2318",
                        "the last day of a consent needs the person's time zone: 2.31(a)(7)",
                        "state the zone for the days of the unit's Consents",
                    )
                })?;
                let last = days(None, Some(*at), Some(zone), Reading::Narrowest).and_then(|(_, last)| last);
                json!({ "kind": "date", "date": last.ok_or_else(|| inexact(one))?.to_string() })
            }
        };
        if let (Some(zone), Some(members)) = (self.time_zone, expiry.as_object_mut()) {
            members.insert("time_zone".to_owned(), json!(zone));
        }
        Ok(expiry)
    }
}

/// Who allows sharing in an emergency only.
fn objection(one: &ImportedConsent) -> Result<Map<String, Value>, FhirRefusal> {
    let at = one
        .signed_at
        .ok_or_else(|| refuse(one, "HO-1363", "it does not say when the person objected", "state `dateTime`").at(""))?;
    let mut data = Map::new();
    data.insert("objected_at".to_owned(), json!(moment(one, at)?));
    data.insert("kind".to_owned(), json!("emergency-only"));
    put(&mut data, "recipients", &one.facts.recipients);
    narrowed(&mut data, &one.facts);
    Ok(data)
}

/// A denial that names all of a kind leaves it out: so it reaches also what the hub comes to know later.
fn narrowed(data: &mut Map<String, Value>, facts: &ConsentFacts) {
    if *facts.categories != *Category::ALL {
        put(data, "data_scope", &facts.categories);
    }
    if *facts.purposes != *Purpose::ALL {
        put(data, "purposes", &facts.purposes);
    }
}

fn moment(one: &ImportedConsent, at: LogTime) -> Result<String, FhirRefusal> {
    Timestamp::from_millisecond(at.0).map(|t| t.to_string()).map_err(|_| inexact(one))
}

fn put<T: Serialize>(data: &mut Map<String, Value>, leaf: &str, list: &[T]) {
    if !list.is_empty() {
        data.insert(leaf.to_owned(), json!(list));
    }
}

fn refuse(one: &ImportedConsent, code: &str, message: &str, remedy: &str) -> FhirRefusal {
    FhirRefusal::new(code, message, remedy).at(one.place.clone())
}

fn inexact(one: &ImportedConsent) -> FhirRefusal {
    refuse(
        one,
        "HO-2335",
        "the hub's own event cannot say this exactly",
        "state whole days where the person is; an objection that an emergency lifts is about no period, no record and \
         no single keeper",
    )
}
