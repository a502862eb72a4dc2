use handoff_schemas::{Category, ConsentFacts, ConsentType, Expiry, LogTime, Purpose, RecordId, UnitId};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::labels::system_of;
use super::systems::{
    ACT_CODE, CATEGORY, CONSENT_SCOPE, ELEMENT, EVENT_TYPE, LOINC, PARTICIPATION, PERSON, RECORD, UNIT,
};
use super::{FhirRefusal, Form};

/// A consent or denial of the hub as one FHIR R4 Consent, which `read` takes back to the same facts. `form` is the form
/// that was signed; a denial needs none. Its ids are those of the facts: for an agency, those that this agency sees.
///
/// # Errors
/// HO-2358 for what R4 has no element for: an end by an event, a date of revocability, recipients beside a class, a
/// form that is not the consent's.
pub fn write(facts: &ConsentFacts, form: Option<&Form>) -> Result<Value, FhirRefusal> {
    sayable(facts, form)?;
    let patient = identified(PERSON, &facts.person.to_string());
    let mut resource = json!({
        "resourceType": "Consent",
        "id": facts.consent.to_string(),
        "status": "active",
        "scope": concept(CONSENT_SCOPE, "patient-privacy"),
        "category": [concept(LOINC, "59284-0")],
        "patient": patient,
        // The hub's base: nothing is open that nobody opted into.
        "policyRule": concept(ACT_CODE, "OPTIN"),
        "provision": provision(facts)?,
    });
    let Value::Object(members) = &mut resource else { return Ok(resource) };
    if let Some(form) = form {
        members.insert("policy".to_owned(), json!([{ "uri": form.uri }]));
    }
    if !facts.deny || facts.signed_at != LogTime::default() {
        members.insert("dateTime".to_owned(), time(facts.signed_at)?.into());
    }
    if !facts.deny {
        members.insert("performer".to_owned(), json!([patient]));
        put(members, "organization", facts.grantors.iter().map(unit).collect());
    }
    Ok(resource)
}

/// Refuses what would come back as other facts.
fn sayable(facts: &ConsentFacts, form: Option<&Form>) -> Result<(), FhirRefusal> {
    let unsayable = |message: &str| {
        FhirRefusal::new("HO-2358", message, "send the consent as an event of the hub: FHIR R4 has no element for this")
    };
    let typed = form.map(|f| f.consent_type);
    if !facts.deny && typed.is_none() {
        return Err(unsayable("a permission is written with the form that was signed"));
    }
    if typed.unwrap_or(ConsentType::General) != facts.consent_type {
        return Err(unsayable("the form is not of the consent's type"));
    }
    if !facts.deny && form.is_some_and(|f| facts.categories.iter().any(|c| !f.categories.contains(c))) {
        return Err(unsayable("the consent is about more than its form"));
    }
    if matches!(facts.expiry, Expiry::Event { .. }) {
        return Err(unsayable("the consent ends by an event"));
    }
    if facts.revocable_from.is_some() {
        return Err(unsayable("the consent is revocable from a date on"));
    }
    if facts.tpo_class && !facts.recipients.is_empty() {
        return Err(unsayable("the consent names recipients beside their class"));
    }
    if facts.restriction && !facts.deny {
        return Err(unsayable("a restriction that permits"));
    }
    Ok(())
}

fn provision(facts: &ConsentFacts) -> Result<Value, FhirRefusal> {
    let mut members = Map::new();
    let decision = if facts.deny { "deny" } else { "permit" };
    members.insert("type".to_owned(), decision.into());
    if let Expiry::At { at } = facts.expiry {
        members.insert("period".to_owned(), json!({ "end": last(at)? }));
    }
    let mut actors: Vec<Value> = facts.recipients.iter().map(|u| actor("IRCP", u)).collect();
    if facts.deny {
        actors.extend(facts.grantors.iter().map(|u| actor("CST", u)));
    }
    put(&mut members, "actor", actors);
    if !(facts.deny && *facts.categories == *Category::ALL) {
        put(&mut members, "securityLabel", facts.categories.iter().map(|c| coding(CATEGORY, c.slug())).collect());
    }
    if !(facts.deny && *facts.purposes == *Purpose::ALL) {
        put(&mut members, "purpose", facts.purposes.iter().map(|p| coding(system_of(*p), p.code())).collect());
    }
    put(&mut members, "class", facts.event_types.iter().map(|t| coding(EVENT_TYPE, t.as_str())).collect());
    put(&mut members, "code", facts.elements.iter().map(|e| concept(ELEMENT, e)).collect());
    if facts.data_from.is_some() || facts.data_before.is_some() {
        let mut period = Map::new();
        if let Some(from) = facts.data_from {
            period.insert("start".to_owned(), time(from)?.into());
        }
        if let Some(before) = facts.data_before {
            period.insert("end".to_owned(), last(before)?.into());
        }
        members.insert("dataPeriod".to_owned(), period.into());
    }
    let record = |r: &RecordId| json!({ "meaning": "related", "reference": identified(RECORD, &r.to_string()) });
    put(&mut members, "data", facts.records.iter().map(record).collect());
    if facts.restriction {
        let emergency = coding(system_of(Purpose::Etreat), Purpose::Etreat.code());
        put(&mut members, "provision", vec![json!({ "type": "permit", "purpose": [emergency] })]);
    }
    Ok(members.into())
}

/// FHIR has no empty lists.
fn put(members: &mut Map<String, Value>, name: &str, list: Vec<Value>) {
    if !list.is_empty() {
        members.insert(name.to_owned(), list.into());
    }
}

fn coding(system: &str, code: &str) -> Value {
    json!({ "system": system, "code": code })
}

fn concept(system: &str, code: &str) -> Value {
    json!({ "coding": [coding(system, code)] })
}

fn identified(system: &str, value: &str) -> Value {
    json!({ "identifier": { "system": system, "value": value } })
}

fn unit(unit: &UnitId) -> Value {
    identified(UNIT, unit.as_str())
}

fn actor(role: &str, who: &UnitId) -> Value {
    json!({ "role": concept(PARTICIPATION, role), "reference": unit(who) })
}

/// The last instant before: the end of a FHIR period is part of it.
fn last(before: LogTime) -> Result<String, FhirRefusal> {
    time(LogTime(before.0.saturating_sub(1)))
}

fn time(at: LogTime) -> Result<String, FhirRefusal> {
    Timestamp::from_millisecond(at.0).map(|t| format!("{t:.3}")).map_err(|_| {
        FhirRefusal::new("HO-2358", "a time of the consent is out of range", "correct it in the consent of the hub")
    })
}
