//! The seeds of `tests/fuzz`, and every input that once broke something, through the same parsers as there.

#[path = "../fuzz/src/targets.rs"]
mod targets;

use std::collections::BTreeSet;
use std::path::PathBuf;

use handoff_tests::{files, workspace};

use targets::TARGETS;

/// Of one target: libFuzzer reads all of them first, and whoever looks for an example does too.
const MOST_SEEDS: usize = 20;
const LONGEST_SEED: usize = 8 * 1024;

fn folder(name: &str) -> PathBuf {
    workspace().join("tests/fuzz").join(name)
}

/// The inputs of one target, sorted by name; none where there is no such folder.
fn inputs(kind: &str, target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = folder(kind).join(target);
    if !folder.exists() {
        return Vec::new();
    }
    let mut paths = files(&folder).unwrap();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// The names in a folder, without what follows the last point.
fn names(kind: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder(kind)).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_seed_and_every_past_crash_is_taken_or_refused_in_words() {
    for (name, target) in TARGETS {
        let seeds = inputs("seeds", name);
        let taken = seeds.iter().filter(|(path, bytes)| {
            eprintln!("{}", path.display());
            target(bytes)
        });
        let taken = taken.count();
        assert!(
            taken * 2 > seeds.len(),
            "{name}: {taken} of {} seeds are taken: they no longer lead anywhere",
            seeds.len()
        );
        for (path, bytes) in inputs("crashes", name) {
            eprintln!("{}", path.display());
            target(&bytes);
        }
    }
}

#[test]
fn every_target_has_a_program_and_a_few_small_seeds() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!((&names("seeds"), &names("src/bin")), (&targets, &targets));
    for target in &targets {
        let seeds = inputs("seeds", target);
        assert!((1..=MOST_SEEDS).contains(&seeds.len()), "{target}: {} seeds", seeds.len());
        for (path, bytes) in seeds {
            assert!(bytes.len() <= LONGEST_SEED, "{}: {} bytes", path.display(), bytes.len());
        }
    }
}

/// Name and version of every package of a lock.
fn locked(path: &str) -> BTreeSet<(String, String)> {
    let text = std::fs::read_to_string(workspace().join(path)).unwrap();
    let value = |line: Option<&str>, key: &str| {
        let line = line.unwrap_or_default().strip_prefix(key).map(|rest| rest.trim_matches('"').to_owned());
        line.unwrap_or_else(|| panic!("{path} is no lock as cargo writes it"))
    };
    let packages = text.split("[[package]]\n").skip(1).map(str::lines);
    packages.map(|mut lines| (value(lines.next(), "name = "), value(lines.next(), "version = "))).collect()
}

#[test]
fn what_is_fuzzed_is_what_is_built() {
    let (hub, fuzzed) = (locked("Cargo.lock"), locked("tests/fuzz/Cargo.lock"));
    let others: BTreeSet<&str> = fuzzed.difference(&hub).map(|(name, _)| name.as_str()).collect();
    let own = BTreeSet::from(["arbitrary", "handoff-fuzz", "libfuzzer-sys"]);
    assert_eq!(others, own, "other versions than the workspace's: tests/fuzz/README.md says how to renew the lock");
}
