use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_consent::fhir::{
    Form, ImportedConsent, Recording, Resolve as _, SignedBy, Statement, Wording, read, write,
};
use handoff_schemas::{Expiry, LogTime, UnitId, strict_json};
use handoff_spine::decider::Names;
use handoff_spine::scenario::{id, record_id};
use serde_json::Value;

use super::given::fhir::{KEEPER, Known};
use super::sound::{coded, sliced};

/// A FHIR R4 Consent, as `handoff consent import` reads it: with the person's time zone, and without one.
pub fn fhir(bytes: &[u8]) -> bool {
    let resource = match strict_json::parse(bytes) {
        Ok(resource) => resource,
        Err(refusal) => {
            coded(refusal.code);
            return false;
        }
    };
    let zones = [Some("America/Chicago"), None];
    zones.map(|zone| imported(&resource, &Known { zone })).contains(&true)
}

fn imported(resource: &Value, known: &Known) -> bool {
    match read(resource, known) {
        Ok(all) => {
            assert!(!all.is_empty(), "taken, and nothing came of it");
            for one in &all {
                holds(one);
                comes_back(one, resource, known);
                published(one, known);
            }
            true
        }
        Err(refusal) => {
            coded(&refusal.code);
            assert!(refusal.place.is_some() && !refusal.remedy.is_empty(), "a refusal without place or remedy");
            false
        }
    }
}

/// A period of the consent holds an instant, and who may disclose is named once.
fn holds(one: &ImportedConsent) {
    let facts = &one.facts;
    assert!(facts.data_from.zip(facts.data_before).is_none_or(|(from, before)| from < before), "no instant of data");
    let ends = |at: LogTime| facts.deny || at > facts.signed_at;
    assert!(!matches!(facts.expiry, Expiry::At { at } if !ends(at)), "a permission that never holds");
    for units in [&facts.grantors, &facts.recipients] {
        let distinct: BTreeSet<&UnitId> = units.iter().collect();
        assert_eq!(distinct.len(), units.len(), "a unit stands twice");
    }
}

/// What was read is written out, and read again as the same.
fn comes_back(one: &ImportedConsent, resource: &Value, known: &Known) {
    // A restriction is signed on no form.
    let form = if one.facts.restriction { None } else { form(resource, known) };
    let written = write(&one.facts, form.as_ref()).unwrap_or_else(|refusal| panic!("not written: {refusal}"));
    let again = read(&written, known).unwrap_or_else(|refusal| panic!("not read again: {refusal}"));
    assert_eq!(again.len(), 1, "one consent comes back as several");
    assert!(again.iter().all(|back| back.facts == one.facts), "a consent comes back as another");
}

/// The one form that the resource's policies name.
fn form(resource: &Value, known: &Known) -> Option<Form> {
    let policies = resource.get("policy").and_then(Value::as_array).into_iter().flatten();
    let mut forms = policies.filter_map(|policy| policy.get("uri")?.as_str()).filter_map(|uri| known.form(uri));
    let first = forms.next()?;
    forms.all(|other| other == first).then_some(first)
}

/// The event that a unit would publish of it is one that its schema takes, or there is none.
fn published(one: &ImportedConsent, known: &Known) {
    let unit: UnitId = id(KEEPER);
    let names: Names = Arc::new(record_id);
    let states = [
        Statement::RightToRevoke,
        Statement::Redisclosure,
        Statement::RefusalConsequences,
        Statement::HipaaRedisclosure,
    ];
    let wording = Wording {
        data_description: "my record".to_owned(),
        revocation_method: Some("a letter to the records desk".to_owned()),
        states: BTreeSet::from(states),
        signed_by: SignedBy::WetInk,
    };
    let recording = Recording {
        unit: &unit,
        names: &names,
        wording: Some(&wording),
        patient_name: Some("Robin Q Sampleton"),
        time_zone: known.zone,
        record_key: &|_| Some("visit-17".to_owned()),
    };
    match recording.event(one, one.key.clone()) {
        Ok(event) => sliced(&event.event_type, &event.data),
        Err(refusal) => coded(&refusal.code),
    }
}
