//! The standards' own files, where they are present; what is expected was read off the files by hand.

use handoff_gateway::adapter::{AdapterError, Format, Mapped, Options, PersonRef, XsdFolder, map};
use handoff_schemas::Registry;
use serde_json::{Value, json};

use super::common::{check, external, valid};

fn read(path: &str) -> Option<String> {
    Some(std::fs::read_to_string(external(path)?).unwrap())
}

fn with_xsd(text: &str) -> Option<Result<Mapped, AdapterError>> {
    let xsd = XsdFolder::open(&external("nemsis/xsd")?).unwrap();
    Some(map(Format::Nemsis, text.as_bytes(), Options { nemsis_xsd: Some(&xsd) }))
}

/// What stands between the tags of the first element of this name, read without a parser.
fn raw<'t>(text: &'t str, element: &str) -> &'t str {
    let start = text.find(&format!("<{element}>")).unwrap() + element.len() + 2;
    &text[start..start + text[start..].find("</").unwrap()]
}

#[track_caller]
fn standard(path: &str, expected: &[(&str, Value)], absent: &[&str]) -> Option<(Mapped, String)> {
    assert!(expected.len() >= 15);
    let text = read(path)?;
    let mapped = valid(Format::Nemsis, text.as_bytes());
    let [draft] = mapped.drafts.as_slice() else { panic!("{path}: one report") };
    assert_eq!(draft.key, text[text.find("UUID=\"").unwrap() + 6..][..36].to_ascii_lowercase());
    check(&draft.data, expected);
    for pointer in absent {
        assert!(draft.data.pointer(pointer).is_none(), "{path}: {pointer} is there");
    }
    with_xsd(&text).unwrap().unwrap_or_else(|e| panic!("{path}: {e}"));
    Some((mapped, text))
}

fn overdose() -> Vec<(&'static str, Value)> {
    vec![
        ("/dispatch/reason", json!("requested-by-law-enforcement")),
        ("/dispatch/emd_performed", json!("yes-with-instructions")),
        ("/response/mode_to_scene", json!("emergent")),
        ("/times/unit_notified", json!("2024-10-07T20:22:01-04:00")),
        ("/care_times/arrived_destination", json!("2024-10-07T20:54:03-04:00")),
        ("/patient/sex", json!("female")),
        ("/patient/age", json!(45)),
        ("/scene/patients_at_scene", json!("single")),
        ("/scene/place_code", json!("Y92.481")),
        ("/complaint/primary_symptom", json!("R46.4")),
        ("/complaint/other_symptoms", json!([{ "code": "R41.0" }, { "code": "R46.2" }, { "code": "R47.81" }])),
        ("/complaint/initial_acuity", json!("emergent")),
        (
            "/substance/impressions",
            json!([
                { "field": "/complaint/primary_impression", "code": "F19" },
                { "field": "/complaint/secondary_impressions", "code": "F10.92" }
            ]),
        ),
        (
            "/substance/indicators",
            json!([
                "alcohol-use-suspected",
                "drug-use-suspected",
                "alcohol-containers-at-scene",
                "drug-paraphernalia-at-scene",
                "admits-alcohol-use",
                "admits-drug-use",
                "level-known-from-police-or-hospital",
                "exam-indicates-use"
            ]),
        ),
        ("/vitals/0/systolic", json!(98)),
        ("/vitals/0/responsiveness", json!("verbal")),
        ("/vitals/2/heart_rate", json!(45)),
        ("/not_recorded/medications_given", json!([{ "field": "/medications_given", "reason": "not-recorded" }])),
        ("/disposition/transport", json!("by-this-unit")),
        ("/disposition/transported", json!("yes")),
        ("/disposition/destination_class", json!("behavioral-health-facility")),
        ("/disposition/level_of_care", json!("basic")),
    ]
}

#[test]
fn overdose_full() {
    let mut expected = overdose();
    expected.extend([
        ("/vitals/0/diastolic", json!("52")),
        ("/vitals/0/carbon_dioxide", json!(5.3)),
        ("/vitals/0/carbon_dioxide_unit", json!("percent")),
        ("/vitals/0/stroke_scale", json!("LAMS")),
        ("/needs/residence", json!("without-housing")),
        ("/substance/history", json!([{ "field": "/history/conditions", "code": "F19.91" }])),
        ("/not_recorded/reproductive", json!([{ "field": "/reproductive/pregnancy", "reason": "refused" }])),
        ("/not_recorded/medications", json!([{ "field": "/medications", "reason": "none-reported" }])),
        ("/exam/0/mental_status/1", json!({ "finding": "hallucinations", "qualifier": "exam-finding-absent" })),
        ("/crew/1/roles", json!(["driver-to-scene", "driver-in-transport", "supporting-caregiver-on-scene"])),
    ]);
    let absent = [
        "/complaint/primary_impression",
        "/history/conditions",
        "/medications_given",
        "/naloxone",
        "/disposition/class",
    ];
    let Some((mapped, text)) = standard("nemsis/full/2025-EMS-1-Overdose_v351.xml", &expected, &absent) else { return };
    let data = &mapped.drafts[0].data;
    assert_eq!(data["patient"]["name"]["family"], json!(raw(&text, "ePatient.02")));
    assert_eq!(data["narrative"], json!(raw(&text, "eNarrative.01")));
    assert!(mapped.drafts[0].person == PersonRef::Local(raw(&text, "ePatient.01").into()));
    assert!(mapped.findings.is_empty(), "{:?}", mapped.findings);
}

#[test]
fn overdose_national() {
    let absent = ["/patient/name", "/narrative", "/medications_given", "/complaint/primary_impression"];
    let Some((mapped, _)) = standard("nemsis/national/2025-EMS-1-Overdose_v351.xml", &overdose(), &absent) else {
        return;
    };
    assert!(mapped.drafts[0].person == PersonRef::PerDocument(0));
    assert!(mapped.findings.is_empty(), "{:?}", mapped.findings);
}

fn crash() -> Vec<(&'static str, Value)> {
    vec![
        ("/dispatch/reason", json!("automatic-crash-alert")),
        ("/scene/mass_casualty", json!(true)),
        ("/scene/patients_at_scene", json!("multiple")),
        ("/patient/sex", json!("male")),
        ("/patient/age", json!(68)),
        ("/complaint/possible_injury", json!("yes")),
        ("/complaint/anatomic_location", json!("head")),
        ("/complaint/primary_impression", json!("S09.90")),
        ("/complaint/secondary_impressions", json!(["S19.9"])),
        ("/complaint/other_symptoms/2", json!({ "code": "M54.9", "qualifier": "symptom-absent" })),
        ("/complaint/initial_acuity", json!("critical")),
        ("/history/barriers", json!(["none-noted"])),
        ("/not_recorded/substance", json!([{ "field": "/substance/indicators", "reason": "none-reported" }])),
        ("/vitals/0/heart_rate", json!(118)),
        ("/vitals/3/pulse_oximetry", json!(92)),
        ("/medications_given/0/code", json!("1191")),
        ("/medications_given/0/not_given", json!("contraindication-noted")),
        ("/medications_given/1/dose_unit", json!("l/min-gas")),
        ("/medications_given/2/dose", json!(30.0)),
        ("/medications_given/3/system", json!("snomed-ct")),
        ("/procedures/1/code", json!("49689007")),
        ("/disposition/destination_type", json!("hospital-emergency-department")),
        ("/disposition/destination_reasons", json!(["closest", "medical-direction", "protocol"])),
        ("/disposition/transported", json!("yes")),
    ]
}

#[test]
fn crash_full() {
    let mut expected = crash();
    expected.extend([
        ("/patient/home/line2", json!("#5K")),
        ("/patient/phones/0/kind", json!("mobile")),
        ("/access/languages", json!(["eng", "ger"])),
        ("/complaint/complaints/1/duration", json!(10)),
        ("/complaint/complaints/2/kind", json!("secondary")),
        ("/history/conditions", json!(["02RH38M", "D68.01", "E11.8", "I10", "U09"])),
        ("/medications/1/frequency", json!("daily")),
        ("/not_recorded/allergies", json!([{ "field": "/allergies/medication", "reason": "no-known-drug-allergy" }])),
        ("/times/staged", json!("2024-10-11T16:58:41-04:00")),
    ]);
    let Some((mapped, text)) = standard("nemsis/full/2025-EMS-3-MVC_v351.xml", &expected, &["/naloxone"]) else {
        return;
    };
    let said = mapped.drafts[0].data["narrative"].as_str().unwrap();
    assert_eq!(said.replace('&', "&amp;").replace('<', "&lt;"), raw(&text, "eNarrative.01"));
    for private in ["ePatient.12", "ePatient.21", "ePayment.18", "eOther.11"] {
        assert!(!mapped.drafts[0].data.to_string().contains(raw(&text, private)), "{private} was carried");
    }
    assert!(mapped.findings.is_empty(), "{:?}", mapped.findings);
}

#[test]
fn crash_national() {
    let Some((mapped, _)) = standard("nemsis/national/2025-EMS-3-MVC_v351.xml", &crash(), &["/patient/phones"]) else {
        return;
    };
    assert!(mapped.findings.is_empty(), "{:?}", mapped.findings);
}

fn visit() -> Vec<(&'static str, Value)> {
    vec![
        ("/response/service_requested", json!("mobile-integrated-health-visit")),
        ("/response/capability", json!("non-transport-advanced")),
        ("/response/mode_to_scene", json!("non-emergent")),
        ("/dispatch/reason", json!("no-fitting-choice")),
        ("/times/unit_en_route", json!("2024-10-14T09:45:00-04:00")),
        ("/not_recorded/outcome/0/reason", json!("not-applicable")),
        ("/patient/age", json!(79)),
        ("/scene/place_code", json!("Y92.0")),
        ("/complaint/organ_system", json!("hormones-and-metabolism")),
        ("/complaint/primary_symptom", json!("Z00.00")),
        ("/complaint/primary_impression", json!("Z51.89")),
        ("/complaint/initial_acuity", json!("non-acute")),
        ("/vitals/0/systolic", json!(132)),
        ("/vitals/0/blood_glucose", json!("92")),
        ("/procedures/0/code", json!("61746007")),
        ("/disposition/patient_evaluation", json!("evaluated-no-care-required")),
        ("/disposition/crew", json!("in-service-nothing-required")),
        ("/disposition/transport", json!("no-transport")),
        ("/disposition/transported", json!("no")),
        ("/disposition/class", json!("resolved-on-scene")),
        ("/disposition/level_of_care", json!("integrated-health")),
    ]
}

#[test]
fn visit_full() {
    let mut expected = visit();
    expected.extend([
        ("/procedures/1/code", json!("304562007")),
        ("/not_recorded/outcome/1/field", json!("/care_times/arrived_destination")),
        ("/allergies/medication/0", json!({ "code": "274783", "system": "rxnorm" })),
        ("/allergies/medication/2", json!({ "code": "Z88.0", "system": "icd-10" })),
        ("/allergies/other", json!(["232346004", "418968001"])),
        ("/medications/2/dose_unit", json!("mg")),
        ("/history/advance_directives", json!(["other", "other-directive-form"])),
        ("/disposition/refusal_reasons", json!(["released-under-protocol"])),
        ("/disposition/instructions", json!(["other-in-narrative", "specific-instructions-given"])),
    ]);
    let Some((mapped, _)) = standard("nemsis/full/2025-EMS-5-CPMIH_v351.xml", &expected, &["/medications_given"])
    else {
        return;
    };
    assert!(mapped.findings.is_empty(), "{:?}", mapped.findings);
}

#[test]
fn visit_national() {
    let absent = ["/allergies", "/medications", "/medications_given"];
    let Some((mapped, _)) = standard("nemsis/national/2025-EMS-5-CPMIH_v351.xml", &visit(), &absent) else { return };
    assert!(mapped.findings.is_empty(), "{:?}", mapped.findings);
}

#[test]
fn what_breaks_the_xsd_is_refused_with_and_without_the_xsd() {
    let Some(text) = read("nemsis/fail/2025-EMS-FailXsd_v351.xml") else { return };
    let hub = map(Format::Nemsis, text.as_bytes(), Options::default()).unwrap_err();
    assert_eq!(hub.code.as_str(), "HO-1203");
    assert_eq!(hub.place.path, "/EMSDataSet/Header[1]/PatientCareReport[1]/eSituation/eSituation.20");
    assert_eq!(hub.place.line, Some(121));
    // The XSD alone finds it too, with the same place.
    let xsd = XsdFolder::open(&external("nemsis/xsd").unwrap()).unwrap();
    let refused = xsd.check(text.as_bytes()).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.rule.as_ref()), ("HO-1209", "XSD cvc-complex-type.2.4"));
    assert_eq!(refused.place.path, "/EMSDataSet[1]/Header[1]/PatientCareReport[1]/eSituation[1]");
    assert_eq!(refused.place.line, Some(121));
}

#[test]
fn what_breaks_the_xsd_outside_the_mapping_is_refused_with_the_xsd_only() {
    let Some(text) = read("nemsis/full/2025-EMS-1-Overdose_v351.xml") else { return };
    let broken = text.replacen("<ePayment.01>2601015<", "<ePayment.01>2699999<", 1);
    assert!(broken != text && map(Format::Nemsis, broken.as_bytes(), Options::default()).is_ok());
    let refused = with_xsd(&broken).unwrap().unwrap_err();
    assert_eq!(refused.code.as_str(), "HO-1209");
    assert!(refused.place.path.ends_with("/ePayment[1]/ePayment.01[1]"), "{refused}");
    let line = broken.lines().position(|l| l.contains("2699999")).unwrap() + 1;
    assert_eq!(refused.place.line.map(|l| l as usize), Some(line));
    assert!(!refused.to_string().contains("2699999"));
}

#[test]
fn what_only_the_schematron_refuses_is_accepted_and_told() {
    let mut expected = visit();
    expected.retain(|(p, _)| !p.starts_with("/not_recorded/complaint"));
    let path = "nemsis/fail/2025-EMS-FailSchematron_v351.xml";
    let Some((mapped, text)) = standard(path, &expected, &["/complaint/other_symptoms", "/procedures/1"]) else {
        return;
    };
    let found: Vec<&str> = mapped.findings.iter().map(|f| f.rule.as_ref()).collect();
    assert_eq!(found, ["nemSch_e005", "compliance_cpmih_procedure_assert"]);
    let line = text.lines().position(|l| l.contains("<eSituation.10")).unwrap() + 1;
    assert_eq!(mapped.findings[0].place.line.map(|l| l as usize), Some(line));
    let rows = mapped.drafts[0].data["not_recorded"]["complaint"].as_array().unwrap();
    assert!(rows.contains(&json!({ "field": "/complaint/other_symptoms", "reason": "symptom-absent" })));
}

#[test]
fn an_xsd_folder_that_is_not_whole_is_refused() {
    let empty = std::env::temp_dir();
    assert_eq!(XsdFolder::open(&empty.join("no-such-folder")).unwrap_err().code.as_str(), "HO-1211");
    let Some(folder) = external("nemsis/xsd") else { return };
    let half = empty.join(format!("handoff-half-xsd-{}", std::process::id()));
    std::fs::create_dir_all(&half).unwrap();
    std::fs::copy(folder.join("EMSDataSet_v3.xsd"), half.join("EMSDataSet_v3.xsd")).unwrap();
    let refused = XsdFolder::open(&half);
    std::fs::remove_dir_all(&half).unwrap();
    assert_eq!(refused.unwrap_err().code.as_str(), "HO-1211");
}

#[test]
fn our_own_sample_is_valid_by_the_standard() {
    let Some(mapped) = with_xsd(super::common::REPORT) else { return };
    assert_eq!(mapped.unwrap().drafts.len(), 1);
}

#[test]
fn call_transfer_eido() {
    let Some(text) = read("eido/Samples/Sample call transfer EIDO.json") else { return };
    let mapped = valid(Format::Eido, text.as_bytes());
    let sample: Value = serde_json::from_str(&text).unwrap();
    let id = sample["$id"].as_str().unwrap();
    assert_eq!(
        mapped.drafts.iter().map(|d| d.key.as_str()).collect::<Vec<_>>(),
        [id.to_owned(), format!("{id}#person:123e4567-abcd-12d3-a456-426614174000")]
    );
    assert!(mapped.drafts[0].person == PersonRef::None, "nobody is known yet but the caller");
    check(
        &mapped.drafts[0].data,
        &[
            ("/incident_number", json!(id)),
            ("/call/line", json!("emergency")),
            ("/call/source", json!("911")),
            ("/call/call_state", json!("callAnswered")),
            ("/times/call_received", json!("2021-04-30T14:40:00.0-04:00")),
            ("/times/call_answered", json!("2021-04-30T14:42:00.0-04:00")),
            ("/times/updated", json!("2021-04-30T14:43:49.439-04:00")),
            ("/location/kind", json!("Caller")),
            ("/location/reference", sample["locationComponent"][1]["locationByReferenceUrl"].clone()),
            ("/other_locations/0/kind", json!("RoutingLocation")),
            ("/other_locations/0/address/line", json!("42 W Cellular Street")),
            ("/other_locations/0/address/state", json!("DE")),
            ("/other_locations/0/address/city", json!("Wilmington")),
            ("/agencies/0/id", json!("state.pa.us")),
            ("/agencies/0/role", json!("CallReceiving")),
            ("/staff/0/role", json!("Call Taking")),
            ("/staff/0/agency", json!("state.pa.us")),
            ("/remarks", json!([{ "at": "2021-04-30T14:40:00.0-04:00", "text": "This is an example text." }])),
        ],
    );
    check(
        &mapped.drafts[1].data,
        &[
            ("/role", json!("caller")),
            (
                "/callback",
                json!(["sip:8195551212@osp.com", "tel:8195551212", "sip:conferenceid3053@bridge.ngcs.com;isfocus"]),
            ),
        ],
    );
    assert!(!mapped.drafts[0].data.to_string().contains("8195551212"), "the caller's number is the caller's");
    let codes: Vec<&str> = mapped.findings.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["HO-1271", "HO-1271", "HO-1274"]);
    assert!(Registry::embedded().leaves(&mapped.drafts[0].event_type).is_ok());
}
