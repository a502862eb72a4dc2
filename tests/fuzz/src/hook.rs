use std::collections::BTreeSet;

use handoff_law::{Bundle, BundleError};

use super::sound::{coded, placed};

/// A file of state law, as a version of the law that has it would read it.
pub fn hook(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let bundle = Bundle::embedded().expect("the law of this build");
    match bundle.read_hooks("hooks/fuzz.toml", text) {
        Ok(hooks) => {
            let mut ids = BTreeSet::new();
            for hook in hooks.all() {
                assert!(ids.insert(&hook.id), "an id stands twice");
                assert_eq!(hook.id, format!("{}/{}/{}", hook.rule(), hook.jurisdiction, hook.topic()));
                assert!(hook.governs(&hook.jurisdiction), "a hook that is not the law of its own place");
                assert!(!hook.cite.trim().is_empty() && !hook.paraphrase.trim().is_empty(), "nobody can verify it");
                assert!(hook.age().is_none_or(|age| age < handoff_law::OF_AGE), "an age at which nobody is a minor");
            }
            true
        }
        Err(refusal) => {
            coded(refusal.code());
            let BundleError::Hook { line, why, .. } = &refusal else { panic!("another file is wrong: {refusal}") };
            placed(*line, text);
            assert!(*line > 0 && !why.is_empty(), "a refusal without place or reason");
            false
        }
    }
}
