//! Embeds every schema, and fails the build where a leaf has no valid category or element.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use serde_json::Value;

#[allow(dead_code, reason = "shared with the library, which uses all of it")]
#[path = "src/category.rs"]
mod category;
#[allow(dead_code, reason = "shared with the library, which uses all of it")]
#[path = "src/shape.rs"]
mod shape;

fn main() -> ExitCode {
    match embed() {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => {
            for problem in problems {
                println!("cargo::error={problem}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("cargo::error=cannot embed the schemas: {error}");
            ExitCode::FAILURE
        }
    }
}

fn embed() -> io::Result<Vec<String>> {
    for watched in ["events", "commands", "elements.json", "envelope.json", "src/shape.rs", "src/category.rs"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let vocabulary = vocabulary(&root)?;
    let mut problems = Vec::new();
    let events = files(&root.join("events"))?;
    let commands = files(&root.join("commands"))?;
    for (name, path) in &events {
        match serde_json::from_str(&fs::read_to_string(path)?) {
            Ok(schema) => check(name, &schema, &vocabulary, &mut problems),
            Err(error) => problems.push(format!("schemas/events `{name}`: not JSON: {error}")),
        }
    }
    let mut code = String::new();
    for (table, files) in [("EVENTS", &events), ("COMMANDS", &commands)] {
        let _ = writeln!(code, "pub static {table}: &[(&str, &str)] = &[");
        for (name, path) in files {
            let _ = writeln!(code, "    ({name:?}, include_str!({:?})),", path.display().to_string());
        }
        code.push_str("];\n");
    }
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    fs::write(out.join("embedded.rs"), code)?;
    Ok(problems)
}

fn vocabulary(root: &Path) -> io::Result<shape::Vocabulary> {
    let elements: Value = serde_json::from_str(&fs::read_to_string(root.join("elements.json"))?)?;
    let elements: BTreeSet<String> = elements
        .get("elements")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect();
    let categories = category::Category::ALL.iter().map(|c| c.slug().to_owned()).collect();
    Ok(shape::Vocabulary { categories, elements })
}

fn check(name: &str, schema: &Value, vocabulary: &shape::Vocabulary, problems: &mut Vec<String>) {
    if let Err(found) = shape::read(schema, vocabulary) {
        problems
            .extend(found.into_iter().map(|p| format!("schemas/events `{name}`, leaf `{}`: {}", p.pointer, p.what)));
    }
    let id = name.split_once('.').map(|(family, rest)| format!("urn:handoff:schema:events/{family}/{rest}"));
    if schema.get("$id").and_then(Value::as_str) != id.as_deref() {
        problems.push(format!("schemas/events `{name}`: `$id` must be `{}`", id.unwrap_or_default()));
    }
}

/// `<folder>/<family>/<name>.vN.json` by its dotted name `family.name.vN`, sorted.
fn files(folder: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for family in fs::read_dir(folder)? {
        let family = family?.path();
        if !family.is_dir() {
            continue;
        }
        for file in fs::read_dir(&family)? {
            let path = file?.path();
            let stem = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(".json"));
            if let (Some(family), Some(stem)) = (family.file_name().and_then(|n| n.to_str()), stem) {
                found.insert(format!("{family}.{stem}"), path);
            }
        }
    }
    Ok(found)
}
