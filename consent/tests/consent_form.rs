//! Every element of 42 CFR 2.31(a), taken away in turn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use handoff_law::{ConsentForm, consent_deficiencies};
use serde_json::{Value, json};

fn named() -> Value {
    json!({
        "types": ["part2-named"], "decision": "permit", "patient_name": "Robin Sampleton",
        "grantors": ["harbor-recovery-sud"], "data_scope": ["referral"], "data_description": "appointment dates",
        "recipients": ["lantern-shelter-intake"], "purposes": ["COC"], "purpose_text": "find me a bed",
        "stmt_right_to_revoke": true, "revocation_method": "write to Harbor Recovery",
        "expiry": { "kind": "date", "date": "2027-03-05", "time_zone": "America/Los_Angeles" },
        "signatures": [{ "signer_role": "patient", "signer_name": "Robin Sampleton", "method": "wet-ink" }],
        "signed_at": "2026-11-20T18:00:00Z", "received_at": "2026-11-20T18:05:00Z"
    })
}

fn tpo() -> Value {
    let mut form = named();
    form["types"] = json!(["part2-tpo"]);
    form["recipients"] = json!([]);
    form["tpo_class"] = json!(true);
    form["purposes"] = json!(["TREAT", "HPAYMT", "HOPERAT"]);
    form["expiry"] = json!({ "kind": "none" });
    for statement in ["stmt_redisclosure", "stmt_refusal_consequences", "stmt_hipaa_redisclosure"] {
        form[statement] = json!(true);
    }
    form
}

fn elements(form: &Value) -> Vec<&'static str> {
    let form: ConsentForm = serde_json::from_value(form.clone()).unwrap();
    consent_deficiencies(&form).into_iter().map(|d| d.element).collect()
}

#[track_caller]
fn lacks(mut form: Value, bend: impl FnOnce(&mut Value), element: &str) {
    bend(&mut form);
    assert_eq!(elements(&form), [element]);
}

fn without(field: &'static str) -> impl FnOnce(&mut Value) {
    move |form| drop(form.as_object_mut().unwrap().remove(field).expect("the form has it"))
}

fn with(field: &'static str, value: Value) -> impl FnOnce(&mut Value) {
    move |form| form[field] = value
}

#[test]
fn whole_forms_are_sufficient() {
    assert!(elements(&named()).is_empty());
    assert!(elements(&tpo()).is_empty());
    let mut event = named();
    event["expiry"] = json!({ "kind": "event", "event_code": "end-of-treatment" });
    assert!(elements(&event).is_empty());
    let mut hearing = named();
    hearing["types"] = json!(["part2-proceedings"]);
    hearing["purposes"] = json!(["ADMINPROC"]);
    assert!(elements(&hearing).is_empty());
    let mut parole = named();
    parole["types"] = json!(["part2-criminal-justice"]);
    parole["purposes"] = json!(["CJMONITOR"]);
    parole["cj_condition"] = json!({ "proceeding": "diversion", "revocable_after": "final disposition" });
    assert!(elements(&parole).is_empty());
}

#[test]
fn each_missing_element_is_named_as_the_regulation_numbers_it() {
    lacks(named(), without("patient_name"), "2.31(a)(1)");
    lacks(named(), with("patient_name", json!("  ")), "2.31(a)(1)");
    lacks(named(), without("grantors"), "2.31(a)(2)");
    lacks(named(), without("data_scope"), "2.31(a)(3)");
    lacks(named(), without("data_description"), "2.31(a)(3)");
    lacks(named(), without("recipients"), "2.31(a)(4)(i)");
    lacks(named(), with("tpo_class", json!(true)), "2.31(a)(4)(i)");
    lacks(tpo(), without("tpo_class"), "2.31(a)(4)(i)");
    lacks(named(), with("intermediary", json!({ "name": "Hub" })), "2.31(a)(4)(ii)");
    lacks(tpo(), without("stmt_hipaa_redisclosure"), "2.31(a)(4)(iii)");
    lacks(named(), without("purposes"), "2.31(a)(5)");
    lacks(named(), with("purpose_text", json!("for any purpose")), "2.31(a)(5)");
    lacks(named(), with("fundraising", json!(true)), "2.31(a)(5)(iii)");
    lacks(named(), without("stmt_right_to_revoke"), "2.31(a)(6)");
    lacks(named(), without("revocation_method"), "2.31(a)(6)");
    lacks(named(), without("expiry"), "2.31(a)(7)");
    lacks(named(), without("signatures"), "2.31(a)(8)");
    lacks(named(), with("signatures", json!([{ "signer_role": "parent-or-guardian" }])), "2.31(a)(8)");
    lacks(named(), without("signed_at"), "2.31(a)(9)");
    lacks(named(), with("signed_at", json!("2026-11-21T00:00:00Z")), "2.31(a)(9)");
    lacks(tpo(), without("stmt_redisclosure"), "2.31(a)(10)(i)");
    lacks(tpo(), without("stmt_refusal_consequences"), "2.31(a)(10)(ii)");
}

#[test]
fn ec_07_only_a_tpo_consent_may_have_no_end() {
    lacks(named(), with("expiry", json!({ "kind": "none" })), "2.31(a)(7)");
    assert!(elements(&tpo()).is_empty());
}

#[test]
fn p2_16_types_do_not_mix() {
    lacks(named(), with("types", json!(["part2-named", "hipaa-authorization"])), "2.31(b)(2)");
    lacks(named(), with("purposes", json!(["COC", "PROSECUTE"])), "2.31(d)");
    lacks(tpo(), with("purposes", json!(["TREAT", "LEFOLLOWUP"])), "2.31(a)(5)(ii)");
    lacks(named(), with("types", json!([])), "2.31");
}

#[test]
fn patient_initiated_words_do_for_a_purpose() {
    let mut form = named();
    form["purposes"] = json!([]);
    form["patient_initiated"] = json!(true);
    form["purpose_text"] = json!("at my request");
    assert!(elements(&form).is_empty());
}

#[test]
fn an_authorization_is_held_to_164_508() {
    let mut form = named();
    form["types"] = json!(["hipaa-authorization"]);
    assert!(elements(&form).is_empty());
    lacks(form, without("revocation_method"), "164.508(c)(2)(i)");
}

#[test]
fn neither_form_nor_deficiency_keeps_a_name() {
    let mut form = named();
    form["revocation_method"] = json!("");
    let form: ConsentForm = serde_json::from_value(form).unwrap();
    let shown = format!("{form:?} {:?}", consent_deficiencies(&form));
    assert!(!shown.contains("Sampleton") && !shown.contains("Robin"), "{shown}");
    let codes: Vec<_> = consent_deficiencies(&form).iter().map(|d| d.code).collect();
    assert_eq!(codes, ["HO-1360"]);
}
