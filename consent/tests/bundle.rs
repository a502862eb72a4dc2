//! A version of the law: carried whole under its address, refused with its place where it is wrong, activated as a fact.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{County, unit_id};
use handoff_law::{Bundle, CarriedLaw, Rerule, Scope, floors};
use handoff_schemas::{Fact, LogPos};
use serde_json::{Value, json};

fn bent(file: &str, from: &str, to: &str) -> BTreeMap<String, String> {
    let mut files = Bundle::embedded_files();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(from), "{file} no longer has {from}");
    *text = text.replacen(from, to, 1);
    files
}

/// What the log holds of it, read again.
fn logged(law: &CarriedLaw, change: impl Fn(&mut Value)) -> CarriedLaw {
    let mut stored = serde_json::to_value(law).unwrap();
    change(&mut stored);
    serde_json::from_value(stored).unwrap()
}

#[test]
fn a_carried_law_is_the_law_it_was_made_of() {
    let law = CarriedLaw::of(&Bundle::embedded_files());
    let embedded = Bundle::embedded().unwrap();
    assert_eq!(law.bundle, embedded.hash);
    assert_eq!(logged(&law, |_| ()).open().unwrap().hash, embedded.hash);
}

#[test]
fn a_carried_law_that_was_altered_does_not_open() {
    let law = CarriedLaw::of(&Bundle::embedded_files());
    let words = |stored: &mut Value| {
        let text = stored.pointer_mut("/files/0/text").unwrap();
        *text = json!(format!("{}# one more line\n", text.as_str().unwrap()));
    };
    let address = |stored: &mut Value| stored["bundle"] = json!("0".repeat(64));
    let twice = |stored: &mut Value| {
        let first = stored["files"][0].clone();
        stored["files"].as_array_mut().unwrap().push(first);
    };
    let fewer = |stored: &mut Value| drop(stored["files"].as_array_mut().unwrap().pop());
    let changes: [&dyn Fn(&mut Value); 4] = [&words, &address, &twice, &fewer];
    for (n, change) in changes.iter().enumerate() {
        assert_eq!(logged(&law, change).open().err().map(|e| e.code()), Some("HO-1303"), "change {n}");
    }
}

#[test]
fn what_is_wrong_in_a_law_is_told_with_its_file_and_line() {
    for (file, from, to) in [
        (
            "matrix.csv",
            "C04,location,Incident location (CAD),LE,P,B37",
            "C04,location,Incident location (CAD),LE,Q,B37",
        ),
        ("defaults.toml", "DISPATCH = [\"F1\"]", "DISPATCH = [\"F77\"]"),
        ("defaults.toml", "notice_form = 1", "notice_form = = 1"),
        ("floors.cedar", "context.never_carried", "context.never_caried"),
    ] {
        let files = bent(file, from, to);
        let error = Bundle::parse(&files).unwrap_err();
        assert_eq!((error.code(), error.file()), ("HO-1302", Some(file)), "{error}");
        let line = files[file].lines().position(|line| line.contains(to)).unwrap() + 1;
        assert!(
            error.to_string().contains(&format!("`{file}` of the law bundle: line {line}: ")),
            "line {line}: {error}"
        );
    }
    let unknown =
        Bundle::parse(&bent("templates.toml", "location = [\"place\"]", "location = [\"plaice\"]")).unwrap_err();
    assert!(unknown.to_string().contains("`plaice`") && unknown.to_string().contains("line 6"), "{unknown}");
    let missing = Bundle::parse(&bent("reasons.toml", "[NO_CONSENT]", "[NO_CONSNT]")).unwrap_err();
    assert_eq!(missing.file(), Some("reasons.toml"));
    let mut fewer = Bundle::embedded_files();
    fewer.remove("paths.cedar");
    assert_eq!(Bundle::parse(&fewer).unwrap_err().file(), Some("paths.cedar"));
}

#[test]
fn an_activation_rules_everything_again_and_hides_all_that_another_version_released() {
    let mut c = County::river();
    assert_eq!(c.state.law(), None);
    let bundle = CarriedLaw::of(&Bundle::embedded_files()).bundle;
    let before = c.state.clone();
    let again = c.fold("hub-operator", vec![Fact::LawActivated { bundle }]);
    let units: BTreeSet<_> = before.units().map(|u| Rerule::Unit(u.unit.clone())).collect();
    assert!(units.contains(&Rerule::Unit(unit_id("harbor-recovery-sud"))) && units.len() >= 6);
    assert_eq!(again.into_iter().collect::<BTreeSet<_>>(), units);
    assert_eq!(c.state.law(), Some(bundle));
    assert_eq!(floors(LogPos(7), &[Fact::LawActivated { bundle }]), [(Scope::Bundle, LogPos(7))]);
}
