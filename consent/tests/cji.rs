//! What comes from the FBI's CJIS files is recognised in free text (rulebook CJ-02, CJ-03, CJ-12; EC-74).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;

use handoff_law::Bundle;
use handoff_schemas::{Category, Labeller as _};
use serde_json::{Map, Value, json};

fn holds(event_type: &str, slice: Value) -> bool {
    let slice: Map<String, Value> = slice.as_object().unwrap().clone();
    let slices = BTreeMap::from([(Category::LeReport, slice)]);
    Bundle::embedded().unwrap().holds_cji(&event_type.parse().unwrap(), &slices)
}

fn narrative(text: &str) -> bool {
    holds("encounter.force-used.v1", json!({ "narrative": text }))
}

#[test]
fn an_answer_of_the_files_is_recognised_however_it_is_set() {
    for text in [
        "NCIC III RESPONSE FBI/123456AB9 SID/WA1234567 DISPOSITION-CONVICTED",
        "fbi no. 1234567",
        "subject's SID: WA 12, SID WA1234567",
        "hit in the Violent-Person File",
        "the interstate identification\nindex says",
        "NICS denied transactions: one",
    ] {
        assert!(narrative(text), "{text}");
    }
}

#[test]
fn an_officers_own_words_are_none() {
    for text in [
        "ran NCIC, no warrant",
        "asked about his rap sheet and criminal history",
        "the FBI took over, case 123456",
        "Sid, 123 Main Street",
        "person with information called back",
        "",
    ] {
        assert!(!narrative(text), "{text}");
    }
}

/// Names and words of a list are no statements: a unit that is called so stays who it is.
#[test]
fn only_free_text_is_read() {
    assert!(!holds("encounter.force-used.v1", json!({ "kinds": ["fbi 1234567"] })));
    assert!(!holds("encounter.nothing-known.v1", json!({ "narrative": "fbi 1234567" })));
}
