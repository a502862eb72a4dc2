use std::collections::BTreeSet;

use handoff_schemas::{Category, ElementSet, EventType, RecipientKind, SchemaError, canary, present};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{event_type, registry, samples};

/// All types, each with a document that fills every property.
fn full(seed: u64) -> Vec<(EventType, Value)> {
    let fill = |t: &EventType| canary::canary_sample(registry(), t, RecipientKind::Bhc, seed).unwrap().data;
    registry().types().map(|t| (t.clone(), fill(t))).collect()
}

/// The value without some of its optional parts, chosen by `coins`, and with arrays of objects grown.
fn prune(schema: &Value, value: &Value, coins: &mut impl FnMut() -> u8) -> Value {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut kept = serde_json::Map::new();
        for (name, property) in properties {
            if required.contains(&json!(name)) || !coins().is_multiple_of(3) {
                kept.insert(name.clone(), prune(property, &value[name], coins));
            }
        }
        let nested_empty = kept.is_empty() && schema.get("minProperties").is_some();
        if nested_empty && let Some((name, property)) = properties.iter().next() {
            kept.insert(name.clone(), prune(property, &value[name], coins));
        }
        return Value::Object(kept);
    }
    match schema.get("items") {
        Some(items) if items.get("properties").is_some() => {
            let most = schema["maxItems"].as_u64().unwrap();
            let length = (1 + u64::from(coins() % 4)).min(most);
            (0..length).map(|_| prune(items, &value[0], coins)).collect()
        }
        _ => value.clone(),
    }
}

fn kind() -> impl Strategy<Value = RecipientKind> {
    prop::sample::select(RecipientKind::ALL)
}

#[test]
fn every_sample_sliced_and_merged_is_itself() {
    for name in registry().types() {
        for (path, sample) in samples(name) {
            for source in RecipientKind::ALL {
                let sliced = registry().slice(name, *source, &sample["data"]).unwrap();
                assert_eq!(sliced.merge(), sample["data"], "{}", path.display());
                assert!(sliced.slices.values().all(|s| !s.is_empty()));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn slice_then_merge_is_identity(bytes in prop::collection::vec(any::<u8>(), 64..512), source in kind()) {
        let mut at = 0_usize;
        let mut coins = || { at += 1; bytes[at % bytes.len()].wrapping_add((at / bytes.len()) as u8) };
        for (name, whole) in full(7) {
            let data = prune(registry().schema(&name).unwrap(), &whole, &mut coins);
            registry().validate(&name, &data).unwrap();
            let sliced = registry().slice(&name, source, &data).unwrap();
            prop_assert_eq!(sliced.merge(), data.clone());
            prop_assert_eq!(present(sliced.slices.values().cloned().map(Value::Object).chain([Value::Object(sliced.admin.clone())])), data);
            for (category, slice) in &sliced.slices {
                let slice = Value::Object(slice.clone());
                let all = registry().retain(&name, source, *category, &slice, &ElementSet::All).unwrap();
                prop_assert_eq!(&all, &slice, "all elements is the slice itself");
                let none = registry().retain(&name, source, *category, &slice, &ElementSet::none()).unwrap();
                prop_assert_eq!(none, json!({}));
            }
        }
    }

    #[test]
    fn retain_keeps_exactly_the_allowed_elements(pick in any::<u64>(), source in kind()) {
        for (name, data) in full(pick) {
            let sliced = registry().slice(&name, source, &data).unwrap();
            for (category, slice) in sliced.slices {
                let slice = Value::Object(slice);
                let present = registry().elements_of(&name, source, category, &slice).unwrap();
                let (allowed, rest): (BTreeSet<_>, BTreeSet<_>) =
                    present.into_iter().enumerate().partition(|(i, _)| (pick >> (i % 64)) & 1 == 1);
                let (allowed, rest) = (ElementSet::of(allowed.into_iter().map(|(_, e)| e)), ElementSet::of(rest.into_iter().map(|(_, e)| e)));
                let kept = registry().retain(&name, source, category, &slice, &allowed).unwrap();
                let elements = registry().elements_of(&name, source, category, &kept).unwrap();
                prop_assert_eq!(ElementSet::of(elements), allowed, "{} {}", name, category);
                let other = registry().retain(&name, source, category, &slice, &rest).unwrap();
                prop_assert_eq!(handoff_schemas::present([kept, other]), handoff_schemas::present([slice]));
            }
        }
    }
}

#[test]
fn a_slice_holds_no_token_of_another_category() {
    for name in registry().types() {
        for source in RecipientKind::ALL {
            let sample = canary::canary_sample(registry(), name, *source, 3).unwrap();
            let sliced = registry().slice(name, *source, &sample.data).unwrap();
            for canary in &sample.canaries {
                for (category, slice) in &sliced.slices {
                    let there = Value::Object(slice.clone()).to_string().contains(&canary.token);
                    assert_eq!(there, *category == canary.category, "{name} {} in {category}", canary.pointer);
                }
            }
        }
    }
}

#[test]
fn arrays_keep_their_indexes_across_slices() {
    let name = event_type("encounter.assessment-recorded.v1");
    let data = json!({
        "assessed_at": "2031-03-05T21:14:00Z",
        "medications": [{ "name": "a" }, { "name": "b" }],
        "diagnoses": [{ "code": "F43.0" }]
    });
    let sliced = registry().slice(&name, RecipientKind::Bhc, &data).unwrap();
    assert_eq!(
        json!(sliced.slices[&Category::Medications]),
        json!({ "medications": [{ "name": "a" }, { "name": "b" }] })
    );

    // A signer's name is identity, the signature consent metadata: one item in two slices.
    let name = event_type("consent.consent-recorded.v1");
    let data = json!({ "types": ["general"], "decision": "permit", "signatures": [
        { "signer_role": "patient", "method": "electronic" },
        { "signer_role": "personal-representative", "signer_name": "Second Signer", "method": "wet-ink" },
        { "signer_role": "patient", "method": "electronic" }
    ] });
    let sliced = registry().slice(&name, RecipientKind::P2p, &data).unwrap();
    let identity = json!({ "signatures": [{}, { "signer_name": "Second Signer" }] });
    assert_eq!(json!(sliced.slices[&Category::HealthIdentity]), identity, "index kept, trailing left out");
    assert_eq!(sliced.merge(), data);
    assert_eq!(present([identity]), json!({ "signatures": [{ "signer_name": "Second Signer" }] }), "no count shows");
}

#[test]
fn what_the_schema_does_not_know_is_neither_sliced_nor_retained() {
    let name = event_type("encounter.hospital-arrived.v1");
    let stray = json!({ "arrived_at": "2031-03-05T21:14:00Z", "CANARY": "CANARY" });
    let refused = registry().slice(&name, RecipientKind::Hosp, &stray).unwrap_err();
    assert_eq!(refused.code, SchemaError::SHAPE);
    assert!(!refused.to_string().contains("CANARY"));
    let kept = registry().retain(&name, RecipientKind::Hosp, Category::EmsClinical, &stray, &ElementSet::All).unwrap();
    assert_eq!(kept, json!({ "arrived_at": "2031-03-05T21:14:00Z" }));
    let other = registry().retain(&name, RecipientKind::Hosp, Category::Contact, &stray, &ElementSet::All).unwrap();
    assert_eq!(other, json!({}), "a leaf of another category never passes");
}

#[test]
fn a_slice_prints_no_content() {
    let name = event_type("encounter.hospital-arrived.v1");
    let data = json!({ "arrived_at": "2031-03-05T21:14:00Z", "facility_name": "CANARY" });
    let sliced = registry().slice(&name, RecipientKind::Hosp, &data).unwrap();
    assert!(!format!("{sliced:?}").contains("CANARY"));
}

#[test]
fn an_empty_document_has_no_slices() {
    let name = event_type("person.person-registered.v1");
    let sliced = registry().slice(&name, RecipientKind::Ems, &json!({})).unwrap();
    assert!(sliced.slices.is_empty() && sliced.admin.is_empty());
    assert_eq!(sliced.merge(), json!({}));
}

#[test]
fn element_sets_intersect_and_unite() {
    let (a, b) = (ElementSet::of(["place", "times"]), ElementSet::of(["times", "units"]));
    assert_eq!(a.intersect(&b), ElementSet::of(["times"]));
    assert_eq!(a.union(&b), ElementSet::of(["place", "times", "units"]));
    assert_eq!(a.intersect(&ElementSet::All), a);
    assert_eq!(a.union(&ElementSet::All), ElementSet::All);
    assert!(a.intersect(&ElementSet::none()).is_empty());
}
