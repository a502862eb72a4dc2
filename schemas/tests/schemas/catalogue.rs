use std::collections::BTreeSet;

use handoff_schemas::{Category, CloudEvent, Purpose, RecipientKind, SchemaError};
use serde_json::{Value, json};

use crate::support::{event_type, folder, registry, samples, schema_files};

#[test]
fn every_schema_is_valid_2020_12_and_embedded() {
    let files = schema_files("events");
    assert!(files.len() >= 80, "only {} event schemas", files.len());
    for (name, schema) in &files {
        if let Err(error) = jsonschema::meta::validate(schema) {
            panic!("{name}: {error}");
        }
        assert_eq!(registry().schema(&event_type(name)), Ok(schema), "{name} is not embedded as it stands");
    }
    assert_eq!(registry().types().count(), files.len());
}

#[test]
fn every_embedded_schema_compiles() {
    for name in registry().types() {
        let refused = registry().validate(name, &json!("not an object")).unwrap_err();
        assert_eq!((refused.code, refused.rule.as_str()), (SchemaError::INVALID, "type"), "{name}");
    }
}

#[test]
fn rulebook_6_5_catalogue_is_complete() {
    let wanted = "
        encounter: incident-reported call-triaged call-diverted-to-community-responder unit-dispatched
          clinician-requested unit-arrived encounter-opened screening-recorded assessment-recorded
          safety-plan-recorded hold-initiated transport-started transport-ended naloxone-left-behind
          disposition-recorded encounter-closed arrest-recorded booking-recorded charge-outcome-recorded
          caution-recorded caution-expired caution-contested follow-up-contact medication-monitored
          hospital-arrived hospital-admitted force-used threat-plan-recorded basic-needs-given mediation-held
          lift-assist-given responder-released care-reported
        person: person-registered identity-asserted identity-linked identity-unlinked person-merged person-split
          death-recorded safe-contact-set
        consent: consent-recorded consent-verified consent-rejected consent-revoked consent-expired
          restriction-requested restriction-agreed restriction-denied restriction-terminated objection-recorded
          notice-provided personal-rep-recorded capacity-recorded
        agreement: agreement-drafted agreement-signed agreement-activated agreement-amended agreement-suspended
          agreement-reinstated agreement-terminated agreement-expired party-added party-removed hook-enabled
        referral: referral-created referral-requested referral-accepted referral-rejected referral-started
          referral-put-on-hold referral-resumed referral-completed referral-failed referral-cancelled
          referral-entered-in-error
        partner: partner-registered credential-issued credential-revoked conformance-run-passed
          conformance-run-failed partner-activated partner-suspended partner-offboarded operator-declared
        unit: unit-registered
        bundle: law-carried law-activated
        privacy: record-sealed record-expunged record-recalled";
    let mut family = "";
    for word in wanted.split_whitespace() {
        if let Some(name) = word.strip_suffix(':') {
            family = name;
        } else {
            let name = event_type(&format!("{family}.{word}.v1"));
            assert!(registry().schema(&name).is_ok(), "{name} is missing");
        }
    }
}

#[test]
fn every_event_has_a_sample_and_every_sample_is_readable() {
    for name in registry().types() {
        let samples = samples(name);
        assert!(!samples.is_empty(), "{name} has no sample");
        for (path, sample) in samples {
            let event = CloudEvent::parse(sample.to_string().as_bytes(), registry());
            let event = event.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            assert_eq!(&event.event_type, name, "{}", path.display());
            let personal = !registry().is_administrative(name).unwrap();
            assert_eq!(
                event.person.is_some(),
                personal,
                "{}: a person exactly where leaves are about one",
                path.display()
            );
            assert_eq!(event.to_json()["data"], sample["data"]);
        }
    }
}

#[test]
fn commands_carry_the_data_of_their_event() {
    let files = schema_files("commands");
    assert_eq!(registry().commands().count(), files.len());
    for (name, schema) in files {
        let event = registry().command_event(&name).unwrap();
        let (family, rest) = event.as_str().split_once('.').unwrap();
        assert_eq!(schema["$ref"], json!(format!("urn:handoff:schema:events/{family}/{rest}")), "{name}");
        assert_eq!(schema["x-event"], json!(event.as_str()), "{name}");
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
    }
    assert_eq!(registry().command_event("consent.no-such.v1").unwrap_err().code, SchemaError::UNKNOWN_COMMAND);
}

#[test]
fn partner_unit_agreement_and_bundle_events_are_about_no_person() {
    for name in registry().types() {
        let administrative = matches!(name.family(), "partner" | "unit" | "agreement" | "bundle");
        assert_eq!(registry().is_administrative(name), Ok(administrative), "{name}");
        for leaf in registry().leaves(name).unwrap() {
            for kind in RecipientKind::ALL {
                let admin = leaf.category.resolve(*kind) == Category::Administrative;
                assert_eq!(admin, administrative, "{name} {}", leaf.pointer);
            }
        }
    }
}

#[test]
fn never_carried_categories_have_no_leaf() {
    use Category::{Aggregate, Chri, NcicStatus, PsychotherapyNotes, Sealed, SudCounselingNotes, VspRecord};
    let never = [Chri, NcicStatus, PsychotherapyNotes, SudCounselingNotes, VspRecord, Sealed, Aggregate];
    for name in registry().types() {
        for leaf in registry().leaves(name).unwrap() {
            let tagged = RecipientKind::ALL.iter().map(|k| leaf.category.resolve(*k)).collect::<BTreeSet<_>>();
            assert!(!never.iter().any(|c| tagged.contains(c)), "{name} {}: {tagged:?}", leaf.pointer);
        }
    }
}

#[test]
fn no_leaf_says_part_2_since_provenance_does() {
    for name in registry().types() {
        for leaf in registry().leaves(name).unwrap() {
            assert_ne!(leaf.category.default, Category::Part2Record, "{name} {}", leaf.pointer);
        }
    }
}

#[test]
fn rulebook_6_5_names_and_dispositions_take_their_sources_category() {
    let of = |name: &str, pointer: &str, kind| {
        let name = event_type(name);
        let leaves = registry().leaves(&name).unwrap();
        leaves.iter().find(|l| l.pointer == pointer).unwrap().category.resolve(kind)
    };
    let name = ("encounter.encounter-opened.v1", "/name/family");
    assert_eq!(of(name.0, name.1, RecipientKind::Le), Category::IncidentIdentity);
    assert_eq!(of(name.0, name.1, RecipientKind::Psap), Category::IncidentIdentity);
    assert_eq!(of(name.0, name.1, RecipientKind::Bhc), Category::HealthIdentity);
    assert_eq!(of(name.0, name.1, RecipientKind::Ems), Category::HealthIdentity);
    let class = ("encounter.disposition-recorded.v1", "/class");
    assert_eq!(of(class.0, class.1, RecipientKind::Le), Category::Cad);
    assert_eq!(of(class.0, class.1, RecipientKind::Ems), Category::EmsClinical);
    assert_eq!(of(class.0, class.1, RecipientKind::Bhc), Category::BhAssessment);
}

#[test]
fn elements_are_used_and_apart_from_category_slugs() {
    let mut used = BTreeSet::new();
    for name in registry().types() {
        used.extend(registry().leaves(name).unwrap().iter().filter_map(|l| l.tagged.clone()));
    }
    // Reserved for reports that list what they did not record in one place.
    used.insert("not-recorded".to_owned());
    let unused: Vec<_> = registry().elements().keys().filter(|e| !used.contains(*e)).collect();
    assert!(unused.is_empty(), "no leaf carries {unused:?}");
    // A word that is also a slug would select untagged leaves of that category, too. Two mean the same.
    let shared: Vec<_> = Category::ALL.iter().filter(|c| registry().elements().contains_key(c.slug())).collect();
    let same = [Category::Medications, Category::DvSa, Category::SafetyPlan, Category::MandatedReport];
    assert_eq!(shared, same.iter().collect::<Vec<_>>());
}

#[test]
fn consent_vocabularies_are_the_crates() {
    let schema = registry().schema(&event_type("consent.consent-recorded.v1")).unwrap();
    let words = |pointer: &str| -> BTreeSet<String> {
        let list = schema.pointer(pointer).and_then(Value::as_array).unwrap();
        list.iter().map(|w| w.as_str().unwrap().to_owned()).collect()
    };
    let purposes = Purpose::ALL.iter().map(|p| p.code().to_owned()).collect();
    assert_eq!(words("/properties/purposes/items/enum"), purposes);
    let categories = Category::ALL.iter().filter(|c| **c != Category::Administrative).map(|c| c.slug().to_owned());
    assert_eq!(words("/properties/data_scope/items/enum"), categories.collect());
}

#[test]
fn errors_list_has_every_code() {
    for code in SchemaError::CODES {
        let number: u16 = code.strip_prefix("HO-").unwrap().parse().unwrap();
        assert!((1000..1100).contains(&number), "{code} is outside the schemas' range");
    }
    assert_eq!(SchemaError::CODES.iter().collect::<BTreeSet<_>>().len(), SchemaError::CODES.len());
}

#[test]
fn a_refusal_names_place_and_rule_but_no_value() {
    let name = event_type("encounter.caution-recorded.v1");
    let mut data = samples(&name)[0].1["data"].clone();
    data["weapon"] = json!("CANARY-VALUE");
    data["CANARY_KEY"] = json!("CANARY-VALUE");
    let findings = registry().findings(&name, &data);
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings.iter().any(|f| f.place == "/weapon" && f.rule == "enum"));
    assert!(findings.iter().any(|f| f.place.is_empty() && f.rule == "additionalProperties"));
    assert!(findings.iter().all(|f| !format!("{f} {f:?}").contains("CANARY")), "{findings:?}");
}

#[test]
fn a_missing_property_is_named() {
    let refused = registry().validate(&event_type("unit.unit-registered.v1"), &json!({})).unwrap_err();
    assert_eq!((refused.place.as_str(), refused.rule.as_str()), ("/unit", "required"));
}

#[test]
fn dates_and_uuids_are_checked_not_only_annotated() {
    let name = event_type("encounter.hospital-arrived.v1");
    for bad in ["yesterday", "2031-02-30T00:00:00Z", "2031-03-05", "2031-03-05T21:14:00"] {
        let refused = registry().validate(&name, &json!({ "arrived_at": bad })).unwrap_err();
        assert_eq!(refused.rule, "format", "{bad}");
    }
}

#[test]
fn the_build_check_names_every_kind_of_mistake() {
    let leaf = json!({ "type": "string", "maxLength": 9, "x-category": "cad" });
    let with = |change: Value| {
        let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": { "field": leaf } });
        let mut whole = leaf.clone();
        for (k, v) in change.as_object().unwrap() {
            if v.is_null() {
                whole.as_object_mut().unwrap().remove(k);
            } else {
                whole[k] = v.clone();
            }
        }
        schema["properties"]["field"] = whole;
        registry().lint(&schema)
    };
    assert_eq!(with(json!({})), Vec::<String>::new());
    let cases = [
        (json!({ "x-category": null }), "needs `x-category`"),
        (json!({ "x-category": "no-such" }), "no category slug"),
        (json!({ "x-category": { "LE": "cad" } }), "no category slug"),
        (json!({ "x-category": { "default": "cad", "COP": "cad" } }), "no recipient kind"),
        (json!({ "x-category": { "default": "cad", "LE": "no-such" } }), "no category slug"),
        (json!({ "x-element": "no-such" }), "elements.json"),
        (json!({ "maxLength": null }), "`maxLength` is missing"),
        (json!({ "type": ["string", "null"] }), "`type` must be"),
        (json!({ "oneOf": [] }), "`oneOf` is not used"),
        (json!({ "pattern": "^a$" }), "needs `examples`"),
        (json!({ "type": "integer", "maxLength": null }), "`minimum` is missing"),
        (json!({ "type": "array", "maxLength": null, "maxItems": 2 }), "needs `items`"),
        (json!({ "type": "array", "maxLength": null, "items": { "type": "boolean" } }), "`maxItems` is missing"),
        (
            json!({ "type": "object", "maxLength": null, "x-category": null, "required": ["x"], "properties": { "x": leaf } }),
            "additionalProperties",
        ),
        (
            json!({ "type": "object", "maxLength": null, "x-category": null, "additionalProperties": false, "properties": { "x": leaf } }),
            "minProperties",
        ),
    ];
    for (change, expected) in cases {
        let found = with(change.clone());
        assert!(found.iter().any(|f| f.starts_with("/field") && f.contains(expected)), "{change}: {found:?}");
    }
}

#[test]
fn source_kinds_are_the_matrix_columns() {
    let kinds: serde_json::Map<_, _> = RecipientKind::ALL.iter().map(|k| (k.code().to_owned(), json!("cad"))).collect();
    let mut tag = Value::Object(kinds);
    tag["default"] = json!("cad");
    let field = json!({ "type": "boolean", "x-category": tag });
    let schema = json!({ "type": "object", "additionalProperties": false, "properties": { "field": field } });
    assert_eq!(registry().lint(&schema), Vec::<String>::new());
}

#[test]
fn readme_says_what_the_folder_holds() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    for word in ["**Architecture Invariant**", "published.lock.json", "HANDOFF_UPDATE_LOCK", "samples"] {
        assert!(readme.contains(word), "{word}");
    }
}
