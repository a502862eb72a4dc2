//! What holds of every answer.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use handoff_schemas::RecipientKind::{Cbo, Ems, Le, P2p};
use handoff_schemas::{EventType, Registry};
use serde_json::Value;

/// The codes that `services/ERRORS.md` explains.
static EXPLAINED: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let text: &'static str = include_str!("../../../services/ERRORS.md");
    text.match_indices("HO-").filter_map(|(at, _)| text.get(at..at + 7)).collect()
});

/// A refusal has a code that is explained.
#[track_caller]
pub fn coded(code: &str) {
    assert!(EXPLAINED.contains(code), "`{code}` has no entry in services/ERRORS.md");
}

/// A line of the text, from 1; `0` is the text as a whole.
#[track_caller]
pub fn placed(line: usize, text: &str) {
    let lines = text.split(['\n', '\r']).count();
    assert!(line <= lines, "line {line} of {lines}");
}

/// What its schema takes is valid, and every leaf of it stands in one slice, whoever sent it.
#[track_caller]
pub fn sliced(event_type: &EventType, data: &Value) {
    let registry = Registry::embedded();
    assert!(registry.validate(event_type, data).is_ok(), "{event_type}: its schema refuses it");
    for source in [Ems, Le, P2p, Cbo] {
        let sliced = registry.slice(event_type, source, data).unwrap_or_else(|e| panic!("{event_type}: {e}"));
        assert!(sliced.merge() == *data, "{event_type}: its slices are not the whole");
    }
}

/// The same but for the last digit of a fraction: JSON is read fast, not to the last bit.
pub fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, value)| b.get(name).is_some_and(|there| alike(value, there)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(x, y)| alike(x, y)),
        (Value::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= a.abs() * 1e-12,
            _ => a == b,
        },
        _ => one == other,
    }
}
