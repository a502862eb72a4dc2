use std::fs;
use std::path::{Path, PathBuf};

use handoff_schemas::{EventType, Registry};
use serde_json::Value;

pub fn registry() -> &'static Registry {
    Registry::embedded()
}

pub fn event_type(name: &str) -> EventType {
    name.parse().unwrap()
}

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The files `<kind>/<family>/<name>.vN.json` under their dotted names.
pub fn schema_files(kind: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for family in children(&folder().join(kind)) {
        for file in children(&family) {
            let stem = file.file_name().unwrap().to_str().unwrap().strip_suffix(".json").unwrap().to_owned();
            let name = format!("{}.{stem}", family.file_name().unwrap().to_str().unwrap());
            found.push((name, json(&file)));
        }
    }
    found
}

/// Every sample of a type, as a CloudEvent document with its path.
pub fn samples(event_type: &EventType) -> Vec<(PathBuf, Value)> {
    let (family, rest) = event_type.as_str().split_once('.').unwrap();
    let cases = folder().join("samples/events").join(family).join(rest);
    children(&cases).into_iter().map(|path| (path.clone(), json(&path))).collect()
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Real inputs from outside, where the workspace has them beside it.
pub fn external(relative: &str) -> Option<PathBuf> {
    let base = std::env::var_os("HANDOFF_EXTERNAL_DATA")
        .map_or_else(|| folder().join("../../shared/data"), PathBuf::from)
        .join(relative);
    if base.exists() {
        Some(base)
    } else {
        println!("skipped: {relative} is not there");
        None
    }
}
