use handoff_gateway::adapter::{Format, PersonRef, State, explain_mapping};
use serde_json::json;

use super::common::{REPORT, check, report, valid, with};

#[test]
fn a_report_becomes_one_draft_keyed_by_its_uuid() {
    let mapped = valid(Format::Nemsis, REPORT.as_bytes());
    let [draft] = mapped.drafts.as_slice() else { panic!("one report, one draft") };
    assert_eq!(draft.key, "00000000-0000-4000-8000-00000000c0de");
    assert_eq!(draft.record_key, draft.key);
    assert_eq!(draft.event_type.as_str(), "encounter.care-reported.v1");
    assert_eq!(draft.incident_key.as_deref(), Some("INC-2031-17"));
    assert!(draft.person == PersonRef::Local("P-7".into()));
    assert_eq!(draft.time.as_deref(), Some("2031-03-05T21:12:00-05:00"));
}

#[test]
fn the_uuid_is_the_key_whatever_its_case_and_content() {
    let upper = with("00000000-0000-4000-8000-00000000c0de", "00000000-0000-4000-8000-00000000C0DE");
    let amended = upper.replace("<eVitals.06>128<", "<eVitals.06>130<");
    let (first, second) = (report(REPORT).unwrap(), report(&amended).unwrap());
    assert_eq!(first.drafts[0].key, second.drafts[0].key);
    assert!(first.drafts[0].data != second.drafts[0].data);
}

#[test]
fn elements_go_to_their_fields() {
    let mapped = valid(Format::Nemsis, REPORT.as_bytes());
    check(
        &mapped.drafts[0].data,
        &[
            ("/report/version", json!("3.5.1")),
            ("/report/number", json!("PCR-2031-7")),
            ("/dispatch/reason", json!("mental-health-crisis-or-suicide-attempt")),
            ("/dispatch/emd_performed", json!("yes-with-instructions")),
            ("/response/unit_call_sign", json!("MEDIC 14")),
            ("/times/unit_arrived", json!("2031-03-05T21:20:00-05:00")),
            ("/care_times/at_patient", json!("2031-03-05T21:22:00-05:00")),
            ("/patient/name/family", json!("Sampleton")),
            ("/patient/home/line2", json!("Flat 2")),
            ("/patient/age", json!(40)),
            ("/patient/age_qualifier", json!("approximate")),
            ("/patient/phones", json!([{ "number": "212-555-0142", "kind": "mobile" }])),
            ("/patient/emails", json!(["robin@example.invalid"])),
            ("/needs/residence", json!("without-housing")),
            ("/access/languages", json!(["spa"])),
            ("/scene/mass_casualty", json!(false)),
            ("/scene/other_agencies", json!([{ "name": "Riverbend Police (fictional)", "kind": "law-enforcement" }])),
            ("/complaint/complaints/0/duration", json!(2)),
            ("/vitals/0/systolic", json!(128)),
            ("/vitals/0/diastolic", json!("P")),
            ("/vitals/0/gcs_total", json!(15)),
            ("/vitals/0/gcs_eye", json!(4)),
            ("/vitals/0/temperature_celsius", json!(36.8)),
            ("/vitals/0/blood_glucose", json!("High")),
            ("/medications/0/frequency", json!("at-bedtime")),
            ("/crew/0/level", json!("paramedic")),
            ("/narrative", json!("Fictional narrative: calm & oriented < 5 minutes after contact.")),
        ],
    );
}

#[test]
fn not_recorded_is_neither_a_value_nor_absent() {
    let mapped = valid(Format::Nemsis, REPORT.as_bytes());
    let data = &mapped.drafts[0].data;
    let stated = |section: &str| data.pointer(&format!("/not_recorded/{section}")).cloned().unwrap_or_default();
    let row = |field: &str, reason: &str| json!({ "field": field, "reason": reason });
    assert!(stated("allergies").as_array().unwrap().contains(&row("/allergies/medication", "no-known-drug-allergy")));
    assert!(stated("demographics").as_array().unwrap().contains(&row("/patient/birth_date", "refused")));
    assert!(stated("outcome").as_array().unwrap().contains(&row("/care_times/arrived_destination", "not-applicable")));
    assert!(
        stated("complaint").as_array().unwrap().contains(&row("/complaint/last_known_well_at", "unable-to-complete"))
    );
    assert!(
        data.pointer("/vitals/0/not_recorded")
            .unwrap()
            .as_array()
            .unwrap()
            .contains(&row("/pulse_oximetry", "refused"))
    );
    // A group with nothing in it says so once, and is no empty entry.
    assert_eq!(stated("procedures"), json!([row("/procedures", "not-recorded")]));
    assert!(data.pointer("/procedures").is_none());
    // What the file does not have at all leaves no trace.
    assert!(!data.to_string().contains("cancelled"));
}

#[test]
fn a_pertinent_negative_beside_a_value_is_never_read_as_the_value() {
    let mapped = valid(Format::Nemsis, REPORT.as_bytes());
    let data = &mapped.drafts[0].data;
    assert_eq!(
        data["complaint"]["other_symptoms"],
        json!([{ "code": "R41.0" }, { "code": "R44.0", "qualifier": "symptom-absent" }])
    );
    assert_eq!(
        data["exam"][0]["mental_status"],
        json!([{ "finding": "oriented-to-person" }, { "finding": "hallucinations", "qualifier": "exam-finding-absent" }])
    );
    assert_eq!(data["medications_given"].as_array().unwrap().len(), 1);
    assert_eq!(data["medications_given"][0]["code"], json!("7806"));
    assert_eq!(data["medications_given"][0]["not_given"], json!("refused"));
}

#[test]
fn protected_codes_leave_the_clinical_fields() {
    let mapped = valid(Format::Nemsis, REPORT.as_bytes());
    let data = &mapped.drafts[0].data;
    check(
        data,
        &[
            ("/complaint/primary_impression", json!("F41.9")),
            ("/history/conditions", json!(["I10"])),
            ("/hiv_sti/impressions", json!([{ "field": "/complaint/secondary_impressions", "code": "Z21" }])),
            ("/dv_sa/impressions", json!([{ "field": "/complaint/secondary_impressions", "code": "T74.11" }])),
            (
                "/substance/impressions",
                json!([
                    { "field": "/complaint/other_symptoms", "code": "F10.12", "qualifier": "symptom-absent" },
                    { "field": "/complaint/secondary_impressions", "code": "F19.1" }
                ]),
            ),
            ("/substance/history", json!([{ "field": "/history/conditions", "code": "F11.20" }])),
            ("/substance/indicators", json!(["alcohol-use-suspected", "drug-paraphernalia-at-scene"])),
            ("/access/needs", json!(["language"])),
            ("/history/barriers", json!(["emotional-distress"])),
            ("/naloxone/0/code", json!("7242")),
            ("/naloxone/0/route", json!("intranasal")),
        ],
    );
    assert!(data.pointer("/complaint/secondary_impressions").is_none());
}

#[test]
fn what_is_not_needed_is_not_carried() {
    let mapped = valid(Format::Nemsis, REPORT.as_bytes());
    let text = mapped.drafts[0].data.to_string();
    assert!(!text.contains("000000000"), "a social security number was carried");
}

#[test]
fn refused_transport_is_not_read_as_no_transport() {
    let mapped = valid(Format::Nemsis, REPORT.as_bytes());
    check(
        &mapped.drafts[0].data,
        &[
            ("/disposition/transport", json!("patient-refused-transport")),
            ("/disposition/transported", json!("unknown")),
        ],
    );
    assert!(mapped.drafts[0].data.pointer("/disposition/class").is_none());
    assert!(mapped.findings.iter().any(|f| f.code.as_str() == "HO-1236"));
}

#[test]
fn released_to_police_is_not_read_as_no_transport_either() {
    let text = with("<eDisposition.30>4230009<", "<eDisposition.30>4230013<").replace(">4231009<", ">4231007<");
    let mapped = report(&text).unwrap();
    check(&mapped.drafts[0].data, &[("/disposition/transported", json!("unknown"))]);
    assert!(mapped.drafts[0].data.pointer("/disposition/class").is_none());
}

#[test]
fn dispositions_are_derived_from_what_the_report_can_say() {
    let ended = |unit: &str, evaluation: &str, transport: &str| {
        let text = with("4227001", unit)
            .replace("4228001", evaluation)
            .replace("4230009", transport)
            .replace("<eDisposition.31>4231009</eDisposition.31>", "");
        let data = report(&text).unwrap().drafts.remove(0).data;
        let word = |name: &str| data["disposition"][name].as_str().map(str::to_owned);
        (word("class"), word("transported"))
    };
    let some = |s: &str| Some(s.to_owned());
    assert_eq!(ended("4227001", "4228001", "4230001"), (None, some("yes")));
    assert_eq!(ended("4227001", "4228001", "4230005"), (None, some("yes")));
    assert_eq!(ended("4227001", "4228005", "4230013"), (some("resolved-on-scene"), some("no")));
    assert_eq!(ended("4227001", "4228003", "4230013"), (some("refused"), some("no")));
    assert_eq!(ended("4227001", "4228003", "4230009"), (some("refused"), some("unknown")));
    assert_eq!(ended("4227009", "4228009", "4230013"), (some("no-contact"), some("no")));
}

#[test]
fn a_destination_class_does_not_name_substance_use_treatment() {
    let class = |code: &str| {
        let nil = "<eDisposition.21 xsi:nil=\"true\" NV=\"7701001\"/>";
        let text = with(nil, &format!("<eDisposition.21>{code}</eDisposition.21>"));
        report(&text).unwrap().drafts.remove(0).data["disposition"]["destination_class"].clone()
    };
    assert_eq!(class("4221031"), json!("behavioral-health-facility"));
    assert_eq!(class("4221039"), class("4221031"));
    assert_eq!(class("4221003"), json!("hospital-emergency-department"));
}

/// (what to change, into what, the rule of the standard that a finding must name)
#[test]
fn what_only_the_schematron_objects_to_is_a_finding() {
    let cases = [
        ("<eTimes.08 xsi:nil=\"true\" NV=\"7701001\"/>", "<eTimes.08 xsi:nil=\"true\"/>", "nemSch_e001"),
        ("<eSituation.10>R41.0<", "<eSituation.10 NV=\"7701003\">R41.0<", "nemSch_e002"),
        (
            "<eSituation.18 xsi:nil=\"true\" PN=\"8801023\"/>",
            "<eSituation.18 PN=\"8801023\">2031-03-05T20:30:00-05:00</eSituation.18>",
            "nemSch_e188",
        ),
        (
            "<eSituation.10 PN=\"8801031\">R44.0</eSituation.10>",
            "<eSituation.10 xsi:nil=\"true\" PN=\"8801031\"/>",
            "nemSch_e005",
        ),
        (
            "<eMedications.03 PN=\"8801019\" CodeType=\"9924003\">7806</eMedications.03>",
            "<eMedications.03 xsi:nil=\"true\" PN=\"8801019\"/>",
            "nemSch_e006",
        ),
        (
            "<ePatient.15 PN=\"8801029\">40</ePatient.15>",
            "<ePatient.15 xsi:nil=\"true\" PN=\"8801029\"/>",
            "nemSch_e190",
        ),
        ("<eVitals.06>128<", "<eVitals.06 PN=\"8801019\">128<", "nemSch_e008"),
        ("<eTimes.05>2031-03-05T21:13:00", "<eTimes.05>2031-03-05T21:11:00", "nemSch_e019"),
        ("<eTimes.13>2031-03-05T21:55:00", "<eTimes.13>2031-03-05T21:45:00", "nemSch_e050"),
        ("<eHistory.01>3101007<", "<eHistory.01>3101009<", "nemSch_e124"),
        ("<eDisposition.27>4227001<", "<eDisposition.27>4227007<", "nemSch_e180"),
        ("CodeType=\"9924003\">7242<", "CodeType=\"9924005\">7242<", "nemSch_e144"),
        ("<eResponse.05>2205001<", "<eResponse.05>2205031<", "compliance_cpmih_procedure_assert"),
    ];
    for (from, to, rule) in cases {
        let mapped = report(&with(from, to)).unwrap_or_else(|e| panic!("{rule}: {e}"));
        let found = mapped.findings.iter().find(|f| f.rule == rule);
        let found = found.unwrap_or_else(|| panic!("{rule} was not found"));
        assert!(found.place.line.is_some() && found.place.path.starts_with("/EMSDataSet/Header[1]"), "{}", found.place);
    }
    let clean = report(REPORT).unwrap();
    assert!(clean.findings.iter().all(|f| f.code.as_str() == "HO-1236"), "{:?}", clean.findings);
}

#[test]
fn a_mapping_is_explained_without_values() {
    let fields = explain_mapping(Format::Nemsis, REPORT.as_bytes()).unwrap();
    let of = |id: &str| fields.iter().find(|f| f.element == id).unwrap();
    assert_eq!(of("eVitals.06").pointer, "/vitals/*/systolic");
    assert_eq!(of("eVitals.06").state, State::Recorded);
    assert_eq!(of("eVitals.12").state, State::NotRecorded("refused".into()));
    assert_eq!(
        of("ePatient.02").place.path,
        "/EMSDataSet/Header[1]/PatientCareReport[1]/ePatient/ePatient.PatientNameGroup[1]/ePatient.02[1]"
    );
    let all = format!("{fields:?}");
    for value in ["Sampleton", "Flat 2", "MEDIC 14", "I10"] {
        assert!(!all.contains(value), "{value}");
    }
}

#[test]
fn two_reports_are_two_drafts_about_two_persons() {
    let start = REPORT.find("<PatientCareReport").unwrap();
    let end = REPORT.find("</PatientCareReport>").unwrap() + "</PatientCareReport>".len();
    let second =
        REPORT[start..end].replace("00000000c0de", "00000000c0df").replace("<ePatient.01>P-7</ePatient.01>", "");
    let text = format!("{}{second}{}", &REPORT[..end], &REPORT[end..]);
    let mapped = valid(Format::Nemsis, text.as_bytes());
    assert_eq!(mapped.drafts.len(), 2);
    assert!(mapped.drafts[1].person == PersonRef::PerDocument(1));
}
