//! The law, tested as one program: each file is a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod ages;
mod agreements;
mod authority;
mod bundle;
mod cautions;
mod cells;
mod change;
mod choices;
mod cji;
mod clauses;
mod common;
mod consent_form;
mod edge_cases;
mod ended;
mod existence;
mod hooks;
mod identity;
mod invariants;
mod labels;
mod leaves;
mod matrix;
mod memo;
mod narrowing;
mod outside;
mod own_release;
mod rulings;
mod seals;
mod service_organizations;
mod treating;

use std::collections::BTreeSet;
use std::path::Path;

/// A file that no `mod` names is not compiled, so its tests would seem to pass.
#[test]
fn every_file_beside_this_one_is_a_module_of_it() {
    let entries = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")).unwrap();
    let subject = |path: &Path| match path.extension() {
        Some(extension) => (extension == "rs").then(|| path.file_stem().unwrap().to_str().unwrap().to_owned()),
        None => path.join("mod.rs").exists().then(|| path.file_name().unwrap().to_str().unwrap().to_owned()),
    };
    let mut files: BTreeSet<String> = entries.filter_map(|entry| subject(&entry.unwrap().path())).collect();
    assert!(files.remove("law"));
    let modules = include_str!("law.rs").lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let modules: BTreeSet<String> = modules.map(str::to_owned).collect();
    assert_eq!(files, modules);
}
