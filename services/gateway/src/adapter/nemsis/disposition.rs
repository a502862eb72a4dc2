//! What every program reports of an ending (template F3), as far as a care report can say it.

use serde_json::{Map, Value};

use crate::adapter::pointer::put;
use crate::adapter::{Code, Finding, Place};

/// Adds `transported`, `class` and `destination_class` to the disposition.
///
/// A report never says more than it can: leaving in a police vehicle is coded as "refused transport" (rulebook 5.6),
/// and a transport may be voluntary or a hold. So both stay open.
pub fn derive(data: &mut Map<String, Value>, path: &str, findings: &mut Vec<Finding>) {
    let Some(disposition) = data.get("disposition") else { return };
    let word = |name: &str| disposition.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (unit, evaluation, transport) = (word("unit"), word("patient_evaluation"), word("transport"));
    let destination = destination_class(&word("destination_type"));
    let reasons = disposition.get("refusal_reasons").and_then(Value::as_array);
    let left_otherwise = reasons
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .any(|reason| matches!(reason, "released-to-law-enforcement" | "other-transport-intended" | "person-left"));
    let open = transport == "patient-refused-transport" || left_otherwise;
    let transported = match transport.as_str() {
        "by-this-unit" | "by-this-unit-with-other-crew" | "by-another-unit" | "by-another-unit-with-this-crew" => "yes",
        "no-transport" | "non-patient-transport" if !open => "no",
        _ if unit.starts_with("cancelled") || unit.starts_with("no-patient") => "no",
        _ => "unknown",
    };
    if open && transported == "unknown" {
        findings.push(Finding {
            code: Code::NEMSIS_Q_TRANSPORT,
            place: Place { path: format!("{path}/eDisposition/eDisposition.IncidentDispositionGroup"), line: None },
            rule: "eDisposition.30 and .31 do not say how the person left".into(),
            remedy:
                "nothing to correct: whether the person was transported is told by the transport event of whoever drove"
                    .into(),
        });
    }
    let class = match (unit.as_str(), evaluation.as_str()) {
        ("cancelled-on-scene" | "cancelled-before-arrival" | "no-patient-contact" | "no-patient-found", _) => {
            Some("no-contact")
        }
        (_, "evaluated-and-refused-care" | "refused-evaluation-and-care") if transported != "yes" => Some("refused"),
        ("patient-contact-made", _) if transported == "no" => Some("resolved-on-scene"),
        _ => None,
    };
    put(data, "/disposition/transported", transported.into());
    if let Some(class) = class {
        put(data, "/disposition/class", class.into());
    }
    if let Some(destination) = destination {
        put(data, "/disposition/destination_class", destination.into());
    }
}

/// Coarse on purpose: a class that named substance-use treatment would tell what the name would (rulebook P2-15).
fn destination_class(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "" => return None,
        "hospital-emergency-department" => "hospital-emergency-department",
        "hospital-other" => "hospital-other",
        "freestanding-emergency-department" => "freestanding-emergency-department",
        "mental-health-facility" | "substance-use-treatment-facility" => "behavioral-health-facility",
        "urgent-care" => "urgent-care",
        "clinic" | "dialysis-center" | "diagnostic-services" | "recurring-care-center" => "clinic",
        "assisted-living" | "nursing-home" | "skilled-nursing-facility" | "rehabilitation-facility" => {
            "residential-care"
        }
        "home" => "home",
        "police-or-jail" => "police-or-jail",
        "air-ems-crew" | "ground-ems-crew" => "other-ems-crew",
        _ => "other",
    })
}
