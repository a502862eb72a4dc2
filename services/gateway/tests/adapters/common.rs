use std::path::PathBuf;

use handoff_gateway::adapter::{self, AdapterError, Format, Mapped, Options};
use handoff_schemas::Registry;
use serde_json::Value;

pub const REPORT: &str = include_str!("../data/care-report.xml");
pub const EIDO: &str = include_str!("../data/incident.eido.json");

/// Real inputs from outside; none where they are absent.
pub fn external(path: &str) -> Option<PathBuf> {
    let base = std::env::var_os("HANDOFF_EXTERNAL_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let file = base.join(path);
    if !file.exists() {
        eprintln!("skipped: {path} is not there");
        return None;
    }
    Some(file)
}

pub fn map(format: Format, bytes: &[u8]) -> Result<Mapped, AdapterError> {
    adapter::map(format, bytes, Options::default())
}

pub fn report(text: &str) -> Result<Mapped, AdapterError> {
    map(Format::Nemsis, text.as_bytes())
}

/// Maps, and holds every draft against the schema of its event.
#[track_caller]
pub fn valid(format: Format, bytes: &[u8]) -> Mapped {
    let mapped = map(format, bytes).unwrap_or_else(|e| panic!("{e}"));
    for draft in &mapped.drafts {
        Registry::embedded()
            .validate(&draft.event_type, &draft.data)
            .unwrap_or_else(|e| panic!("{}: {e}", draft.event_type));
    }
    mapped
}

#[track_caller]
pub fn check(data: &Value, expected: &[(&str, Value)]) {
    for (pointer, value) in expected {
        assert_eq!(data.pointer(pointer), Some(value), "{pointer}");
    }
}

/// The report with one piece replaced; the piece must be there.
#[track_caller]
pub fn with(from: &str, to: &str) -> String {
    assert!(REPORT.contains(from), "the sample has no `{from}`");
    REPORT.replacen(from, to, 1)
}
