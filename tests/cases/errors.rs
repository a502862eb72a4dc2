//! Every code the program can say has its entry in services/ERRORS.md.

use std::collections::BTreeSet;

use handoff_tests::{files, workspace};

fn codes(text: &str) -> BTreeSet<String> {
    text.match_indices("HO-")
        .filter_map(|(at, _)| text.get(at..at + 7))
        .filter(|code| code.bytes().skip(3).all(|b| b.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_code_in_the_sources_is_explained() {
    let listed = codes(&std::fs::read_to_string(workspace().join("services/ERRORS.md")).unwrap());
    let mut missing = BTreeSet::new();
    let mut found = 0;
    for folder in ["schemas/src", "consent/src", "services"] {
        for file in files(&workspace().join(folder)).unwrap() {
            if file.extension().is_some_and(|e| e == "rs") && !file.components().any(|c| c.as_os_str() == "tests") {
                let used = codes(&std::fs::read_to_string(&file).unwrap());
                found += used.len();
                missing.extend(used.difference(&listed).cloned());
            }
        }
    }
    assert!(found > 100, "{found}");
    assert_eq!(missing, BTreeSet::new(), "without an entry in services/ERRORS.md");
}
