use std::fmt;
use std::sync::Arc;

use anyhow::Result;
use handoff_consent::fhir::{HubEvent, Identity, Named, Recording, Resolve as _, Wording, read};
use handoff_gateway::wire::Format;
use handoff_schemas::{ConsentFacts, RecordId, SOURCE_PREFIX, TYPE_PREFIX, UnitId};
use handoff_spine::decider::Names;
use handoff_spine::vault::IdKey;
use serde_json::{Value, json};

use super::known::assumed;
use super::look::look;
use super::version::{event_key, generation, word};
use super::{Generation, Known, Looked, Refused, Site};
use crate::client::Partner;
use crate::folded::Folded;
use crate::session::Session;

/// A Consent with what may name its patient.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub resource: &'a Value,
    /// Patient resources that came along.
    pub patients: &'a [Value],
}

/// One consent or denial of the hub, before it is published.
#[derive(Clone)]
pub struct Planned {
    /// JSON pointer of the provision in the Consent.
    pub place: String,
    pub facts: ConsentFacts,
    /// It opens nothing before a unit that may disclose under it has verified it (rulebook P2-18(4)).
    pub awaits: bool,
    pub event: HubEvent,
    /// The unit's own id of the patient.
    subject: String,
    /// Idempotency key.
    id: String,
}

impl fmt::Debug for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Planned").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Planned {
    /// The event as the unit publishes it. When is the log's to say, so that the same Consent sent again is the same.
    fn document(&self, unit: &UnitId) -> Value {
        json!({
            "specversion": "1.0", "id": self.id, "source": format!("{SOURCE_PREFIX}{unit}"), "record": self.event.record,
            "type": format!("{TYPE_PREFIX}{}", self.event.event_type), "subject": self.subject,
            "datacontenttype": "application/json", "data": self.event.data,
        })
    }
}

/// What became of one.
#[derive(Clone, Debug)]
pub struct Imported {
    pub planned: Planned,
    /// The record as the unit's agency knows it.
    pub record: uuid::Uuid,
    /// This version was imported before; nothing was stored again.
    pub duplicate: bool,
}

/// What a Consent comes to at the hub, denials first: an import that stops half-way leaves nothing open that its rest
/// would have closed.
///
/// # Errors
/// HO-13xx and HO-23xx with the place in the Consent and what to do.
pub fn plan(source: Source<'_>, known: &Known<'_>) -> Result<Vec<Planned>, Refused> {
    let Source { resource, patients } = source;
    let identity = Identity::of(resource)?;
    let word = word(&identity, resource);
    let name = patient_name(resource, patients);
    let time_zone = known.time_zone();
    let wording = wording(resource, known.site);
    let record_key = |record: RecordId| known.record_key(resource, record);
    let mut all = Vec::new();
    for one in read(resource, known)? {
        let recording = Recording {
            unit: known.unit,
            names: &known.names,
            wording,
            patient_name: name.as_deref(),
            time_zone: time_zone.as_deref(),
            record_key: &record_key,
        };
        let event = recording.event(&one, known.generation.key(&one.key))?;
        let id = event_key(&event.record, &word);
        let awaits = !one.facts.deny && !one.facts.grantors.contains(known.unit);
        let subject = subject(resource, known, &one.facts)?;
        all.push(Planned { place: one.place, facts: one.facts, awaits, event, subject, id });
    }
    all.sort_by_key(|planned| !planned.facts.deny);
    Ok(all)
}

/// What a Consent would come to. Without a session nothing is looked up: whatever could be a unit or a person is one.
///
/// # Errors
/// The log's; the inner refusal is the one that importing would meet, as far as it was looked.
pub async fn check(
    session: Option<&Session>,
    unit: Option<&UnitId>,
    site: &Site,
    source: Source<'_>,
) -> Result<Result<Vec<Planned>, Refused>> {
    let Some((session, unit)) = session.zip(unit) else {
        let names: Names = Arc::new(|unit: &UnitId, key: &str| {
            RecordId(assumed(&[b"record", unit.as_str().as_bytes(), key.as_bytes()]))
        });
        let unit = keeper(source.resource, site);
        let known = Known { site, unit: &unit, names, generation: Generation::FIRST, looked: Looked::Nowhere };
        return Ok(plan(source, &known));
    };
    let ids = session.vault.id_key().await?;
    planned(session, &ids, unit, site, source).await
}

/// Publishes what a Consent comes to, as the unit and with its agency's own credential.
///
/// # Errors
/// The session's; the inner refusal names the place in the Consent, or is the deciding service's.
pub async fn import(
    session: &Session,
    partner: &Partner,
    unit: &UnitId,
    site: &Site,
    source: Source<'_>,
) -> Result<Result<Vec<Imported>, Refused>> {
    let ids = session.vault.id_key().await?;
    let all = match planned(session, &ids, unit, site, source).await? {
        Ok(all) => all,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut imported = Vec::new();
    for planned in all {
        let document = serde_json::to_vec(&planned.document(unit))?;
        let reply = match partner.publish(unit, Format::Cloudevents, false, &document).await? {
            Ok(reply) => reply,
            Err(refusal) => return Ok(Err(refusal.at(planned.place))),
        };
        let published = reply.published.first().map(|p| (p.record, p.duplicate));
        imported.extend(published.map(|(record, duplicate)| Imported { planned, record, duplicate }));
    }
    Ok(Ok(imported))
}

async fn planned(
    session: &Session,
    ids: &IdKey,
    unit: &UnitId,
    site: &Site,
    source: Source<'_>,
) -> Result<Result<Vec<Planned>, Refused>> {
    session.partner_of(unit)?;
    let identity = match Identity::of(source.resource) {
        Ok(identity) => identity,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let folded = Folded::read(&session.log, None, None).await?;
    let word = word(&identity, source.resource);
    let generation = match generation(session, ids, &folded, unit, (&identity, word.as_str())).await? {
        Ok(generation) => generation,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let looked = Looked::At(look(session, ids, unit, site, source.resource).await?);
    let names: Names = {
        let ids = ids.clone();
        Arc::new(move |unit: &UnitId, key: &str| ids.record_id(unit, key))
    };
    Ok(plan(source, &Known { site, unit, names, generation, looked }))
}

/// What the form behind the Consent's policy says. That two forms are none, `read` has seen.
fn wording<'s>(resource: &Value, site: &'s Site) -> Option<&'s Wording> {
    let policies = resource.get("policy").and_then(Value::as_array)?;
    policies.iter().find_map(|p| Some(&site.form(p.get("uri")?.as_str()?)?.says))
}

/// The unit's own id of the patient.
fn subject(resource: &Value, known: &Known<'_>, facts: &ConsentFacts) -> Result<String, Refused> {
    let patient = resource.get("patient");
    let text = |pointer: &str| patient.and_then(|p| p.pointer(pointer)).and_then(Value::as_str);
    let by_reference = text("/reference").map(Named::Reference);
    let by_identifier = text("/identifier/value")
        .map(|value| Named::Identifier { system: text("/identifier/system").unwrap_or_default(), value });
    let mut names = [by_reference, by_identifier].into_iter().flatten();
    let found = names.find(|named| known.person(named) == Some(facts.person));
    found.and_then(|named| known.site.local_id(&named)).map(str::to_owned).ok_or_else(|| {
        Refused::new(
            "HO-2355",
            "this names nobody the unit has an id for: 2.31(a)(1)",
            "name the patient as `Patient/<id>`",
        )
        .at("/patient")
    })
}

/// The patient's name: beside the reference, or in the Patient resource that came along.
fn patient_name(resource: &Value, patients: &[Value]) -> Option<String> {
    let patient = resource.get("patient")?;
    let given = |name: &Value| {
        Some(name.get("given")?.as_array()?.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
    };
    let whole = |name: &Value| match name.get("text").and_then(Value::as_str) {
        Some(text) => Some(text.to_owned()),
        None => {
            let parts = [given(name), name.get("family").and_then(Value::as_str).map(str::to_owned)];
            Some(parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
        }
    };
    let display = patient.get("display").and_then(Value::as_str).map(str::to_owned);
    let along = || {
        let id = patient.get("reference")?.as_str()?.strip_prefix("Patient/")?;
        let resource = patients.iter().find(|p| p.get("id").and_then(Value::as_str) == Some(id))?;
        let names = resource.get("name")?.as_array()?;
        let official = names.iter().find(|n| n.get("use").and_then(Value::as_str) == Some("official"));
        whole(official.or_else(|| names.first())?)
    };
    display.filter(|name| !name.trim().is_empty()).or_else(along).filter(|name| !name.trim().is_empty())
}

/// Where nobody is asked: the unit that the Consent names as its keeper.
fn keeper(resource: &Value, site: &Site) -> UnitId {
    let organization = resource.pointer("/organization/0/reference").and_then(Value::as_str);
    organization.and_then(|r| site.unit(&Named::Reference(r))).unwrap_or_else(UnitId::operator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patients_name_stands_beside_the_reference_or_in_the_resource_that_came_along() {
        let consent = json!({ "patient": { "reference": "Patient/H-31" } });
        let patients = [
            json!({ "resourceType": "Patient", "id": "H-30", "name": [{ "text": "Casey Other" }] }),
            json!({ "resourceType": "Patient", "id": "H-31", "name": [
                { "use": "usual", "text": "Rob" }, { "use": "official", "family": "Sampleton", "given": ["Robin", "Q"] },
            ] }),
        ];
        assert_eq!(patient_name(&consent, &[]), None);
        assert_eq!(patient_name(&consent, &patients).as_deref(), Some("Robin Q Sampleton"));
        let shown = json!({ "patient": { "reference": "Patient/H-31", "display": "Robin Sampleton" } });
        assert_eq!(patient_name(&shown, &patients).as_deref(), Some("Robin Sampleton"));
        let blank = json!({ "patient": { "reference": "Patient/H-32", "display": " " } });
        assert_eq!(patient_name(&blank, &patients), None);
    }
}
