//! How verbs speak: aligned tables for people, one JSON value with `--json`, errors with the whole chain.

use std::process::ExitCode;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use handoff_spine::command::Refusal;
use serde_json::{Value, json};

/// Success.
pub const DONE: ExitCode = ExitCode::SUCCESS;

/// The hub refused: exit code 1.
pub fn refused(refusal: &Refusal, as_json: bool) -> ExitCode {
    if as_json {
        print(&json!({ "error": refusal }));
    } else {
        anstream::eprintln!("refused: {refusal}");
    }
    ExitCode::from(1)
}

/// The verb could not be carried out: exit code 2.
pub fn failure(e: &anyhow::Error, as_json: bool) {
    if as_json {
        print(&json!({ "error": { "message": format!("{e:#}") } }));
    } else {
        anstream::eprintln!("handoff: {e:#}");
    }
}

/// One JSON value on standard output.
pub fn print(value: &Value) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => anstream::println!("{text}"),
        Err(e) => anstream::eprintln!("handoff: the result cannot be written: {e}"),
    }
}

/// The value for programs, or the text for people.
pub fn said(as_json: bool, value: &Value, text: impl FnOnce() -> String) {
    if as_json {
        print(value);
    } else {
        anstream::println!("{}", text());
    }
}

/// A table that fits the terminal.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header.to_vec());
    table.set_width(132);
    table
}

/// A release's categories and their authority in one line each, from the recorded ruling.
pub fn authority(ruling: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for slice in items(ruling, "/slices") {
        for grant in items(slice, "/grants") {
            let mut why = Vec::new();
            if grant.pointer("/agreement/id").is_some() {
                why.push(format!("agreement {} ({})", text(grant, "/agreement/id"), text(grant, "/agreement/clause")));
            }
            if grant.pointer("/consent/type").is_some() {
                why.push(format!("consent {}", text(grant, "/consent/type")));
            }
            if why.is_empty() {
                why.push(alone(ruling, grant));
            }
            let (category, template) = (text(slice, "/category"), text(grant, "/template"));
            lines.push(format!("{category}: {} · {template} · {}", why.join(" + "), text(grant, "/citation")));
        }
    }
    lines
}

/// What a grant rests on that names no agreement and no consent.
fn alone(ruling: &Value, grant: &Value) -> String {
    match ruling.pointer("/ask/purpose").and_then(Value::as_str) {
        Some(purpose) => format!("ask for {purpose}"),
        None if items(grant, "/basis").any(|b| b.as_str() == Some("own")) => "own record".to_owned(),
        None => "the law alone".to_owned(),
    }
}

/// A text inside a JSON value; nothing where it is absent.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The items of an array inside a JSON value; none where it is absent.
pub fn items<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}
