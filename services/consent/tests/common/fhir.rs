//! What surrounds a FHIR Consent in these tests, and Consents in the manner of PCF's examples.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use handoff_consent::fhir::systems::{PERSON, RECORD, UNIT};
use handoff_consent::fhir::{Form, Named, Reach, Resolve};
use handoff_schemas::{Category, ConsentType, LogTime, PersonId, RecordId, UnitId};
use handoff_spine::scenario::{id, person, record_id};
use serde_json::{Value, json};

pub const KEEPER: &str = "harbor-recovery-sud";
pub const RESEARCH: &str = "research-house";
pub const SOLO: &str = "solo-practice";
pub const BASE: &str = "http://example.org/policies/basePrivacyConsentPolicy.txt";
pub const RESEARCH_FORM: &str = "http://example.org/policies/researchPrivacyConsentPolicy.txt";

/// What surrounds the Consents of these tests.
pub struct Known {
    pub zone: Option<&'static str>,
}

pub const KNOWN: Known = Known { zone: Some("America/Chicago") };

impl Resolve for Known {
    fn person(&self, named: &Named<'_>) -> Option<PersonId> {
        match named {
            Named::Reference("Patient/ex-mother") => Some(person(2)),
            Named::Reference(patient) if patient.starts_with("Patient/") => Some(person(1)),
            Named::Identifier { system: PERSON, value } => value.parse().ok(),
            _ => None,
        }
    }

    fn unit(&self, named: &Named<'_>) -> Option<UnitId> {
        match named {
            Named::Reference("Organization/ex-organization" | "Organization/f001") => Some(id(KEEPER)),
            Named::Reference("Organization/ex-org-researcher") => Some(id(RESEARCH)),
            Named::Identifier { system: UNIT, value } => value.parse().ok(),
            _ => None,
        }
    }

    fn record(&self, named: &Named<'_>, reach: Reach) -> Option<RecordId> {
        match (named, reach) {
            (Named::Reference(encounter @ "Encounter/ex-encounter"), Reach::Related) => Some(record(encounter)),
            // The laboratory sends each observation as a record of its own.
            (Named::Reference(one), Reach::Instance) if one.starts_with("Observation/") => Some(record(one)),
            (Named::Identifier { system: RECORD, value }, _) => value.parse().ok(),
            _ => None,
        }
    }

    fn breaks_glass(&self, named: &Named<'_>) -> bool {
        *named == Named::Reference("Group/ex-privilegedUsers")
    }

    fn form(&self, uri: &str) -> Option<Form> {
        let (consent_type, categories) = match uri {
            BASE => (ConsentType::Part2Tpo, base_data()),
            RESEARCH_FORM | "urn:test:hipaa" => (ConsentType::HipaaAuthorization, all_data()),
            "urn:test:tpo" => (ConsentType::Part2Tpo, all_data()),
            "urn:test:named" => (ConsentType::Part2Named, all_data()),
            "urn:test:general" => (ConsentType::General, all_data()),
            _ => return None,
        };
        Some(Form { uri: uri.to_owned(), consent_type, categories })
    }

    fn consent(&self, key: &str) -> RecordId {
        key.parse().unwrap_or_else(|_| record(key))
    }

    fn time_zone(&self) -> Option<String> {
        self.zone.map(str::to_owned)
    }
}

pub fn record(key: &str) -> RecordId {
    record_id(&id(KEEPER), key)
}

pub fn base_data() -> Vec<Category> {
    vec![
        Category::EmsClinical,
        Category::BhAssessment,
        Category::BhTreatment,
        Category::SubstanceObservation,
        Category::Part2Record,
        Category::HivSti,
    ]
}

pub fn all_data() -> Vec<Category> {
    Category::ALL.iter().copied().filter(|c| *c != Category::SudCounselingNotes).collect()
}

pub fn instant(text: &str) -> Option<LogTime> {
    Some(LogTime(text.parse::<jiff::Timestamp>().unwrap().as_millisecond()))
}

/// A Consent in the manner of PCF's examples, with this provision.
pub fn consent(provision: Value) -> Value {
    json!({
        "resourceType": "Consent", "id": "c-1", "status": "active",
        "scope": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy" }] },
        "category": [{ "coding": [{ "system": "http://loinc.org", "code": "59284-0" }] }],
        "patient": { "reference": "Patient/1" }, "dateTime": "2031-03-05T15:00:00Z",
        "performer": [{ "reference": "Patient/1" }],
        "organization": [{ "identifier": { "system": UNIT, "value": KEEPER } }],
        "policy": [{ "uri": BASE }], "provision": provision,
    })
}

pub fn with(mut provision: Value, change: Value) -> Value {
    for (name, value) in change.as_object().unwrap() {
        provision[name] = value.clone();
    }
    provision
}

pub fn purpose(code: &str) -> Value {
    json!({ "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": code })
}

pub fn label(code: &str) -> Value {
    let system = if ["N", "R", "V"].contains(&code) { "v3-Confidentiality" } else { "v3-ActCode" };
    json!({ "system": format!("http://terminology.hl7.org/CodeSystem/{system}"), "code": code })
}

pub fn actor(role: &str, reference: &str) -> Value {
    json!({
        "role": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": role }] },
        "reference": { "reference": reference },
    })
}

pub fn permit() -> Value {
    json!({ "type": "permit", "purpose": [purpose("TREAT")] })
}
