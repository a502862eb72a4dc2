use std::collections::BTreeSet;

use handoff_schemas::RecipientKind;
use handoff_schemas::canary::canary_sample;
use serde_json::json;

use crate::support::registry;

#[test]
fn every_canary_instance_is_valid_and_covers_every_leaf_once() {
    for name in registry().types() {
        for seed in [0, 1, 99] {
            let sample = canary_sample(registry(), name, RecipientKind::Le, seed).unwrap();
            if let Err(error) = registry().validate(name, &sample.data) {
                panic!("{name}: {error}");
            }
            let leaves = registry().leaves(name).unwrap();
            assert_eq!(sample.canaries.len() + sample.without.len(), leaves.len(), "{name}");
            let text = sample.data.to_string();
            for canary in &sample.canaries {
                assert_eq!(text.matches(&canary.token).count(), 1, "{name} {}", canary.pointer);
                let value = sample.data.pointer(&canary.pointer).unwrap();
                assert!(value.to_string().contains(&canary.token), "{name} {}", canary.pointer);
            }
        }
    }
}

#[test]
fn seeds_and_types_do_not_share_tokens() {
    let mut seen = BTreeSet::new();
    for seed in [1, 2] {
        for name in registry().types() {
            for canary in canary_sample(registry(), name, RecipientKind::Bhc, seed).unwrap().canaries {
                // A plain date has too few values to be unique over everything.
                if canary.token.len() > 10 {
                    assert!(seen.insert(canary.token), "{name} {}", canary.pointer);
                }
            }
        }
    }
    assert!(seen.len() > 500, "only {} tokens", seen.len());
}

#[test]
fn free_text_always_gets_a_token() {
    for name in registry().types() {
        let sample = canary_sample(registry(), name, RecipientKind::Bhc, 5).unwrap();
        let schema = registry().schema(name).unwrap();
        for pointer in sample.without {
            let parts: Vec<_> = pointer.split('/').skip(1).collect();
            let mut at = schema;
            for part in parts {
                at = if part == "0" { &at["items"] } else { &at["properties"][part] };
            }
            let scalar = if at["type"] == "array" { &at["items"] } else { at };
            let scalar_type = scalar["type"].as_str().unwrap();
            let closed = scalar_type != "string" || scalar.get("enum").is_some();
            let short = scalar["maxLength"].as_u64().is_some_and(|n| n < 9);
            // A code's pattern takes no name of a person.
            let code = scalar.get("pattern").is_some() && !jsonschema::is_valid(scalar, &json!("Robin Sampleton"));
            assert!(closed || short || code, "{name} {pointer} holds words, but no canary");
        }
    }
}
