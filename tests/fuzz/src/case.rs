use std::collections::BTreeSet;

use handoff_cases::CaseFile;

use super::sound::{coded, placed};

/// A file of cases, as `handoff cases run` reads it. Nothing of it is played.
pub fn case(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    match CaseFile::parse("fuzz.yaml", text) {
        Ok(file) => {
            let ids: BTreeSet<&str> = file.cases.iter().map(|case| case.id()).collect();
            assert_eq!(ids.len(), file.cases.len(), "an id stands twice");
            for case in &file.cases {
                placed(usize::try_from(case.place().0).expect("a line"), text);
                assert!(!case.when.0.is_empty(), "a case in which nothing happens");
                assert!(case.when.0.iter().any(|step| step.then.is_some()), "a case that expects nothing");
            }
            true
        }
        Err(refusal) => {
            coded(refusal.code);
            placed(usize::try_from(refusal.line).expect("a line"), text);
            assert!(!refusal.message.is_empty() && !refusal.remedy.is_empty(), "a refusal without message or remedy");
            false
        }
    }
}
