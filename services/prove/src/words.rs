use std::collections::BTreeMap;

use crate::error::ProveError;

const FILE: &str = "facts.toml";

/// What each fact says, in the rulebook's words.
pub(crate) struct Words(BTreeMap<String, String>);

impl Words {
    /// # Errors
    /// HO-4402 where this build's own file is wrong.
    pub fn read() -> Result<Self, ProveError> {
        let read = toml::from_str(include_str!("../facts.toml"));
        read.map(Self).map_err(|e| ProveError::Unreadable { file: FILE, why: e.message().to_owned() })
    }

    /// The words of a fact; its own name where nobody wrote any.
    pub fn of(&self, fact: &str) -> String {
        self.0.get(fact).cloned().unwrap_or_else(|| fact.replace('_', " "))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use handoff_law::SliceFacts;

    use super::*;

    #[test]
    fn every_fact_has_its_words_and_no_other_has_any() {
        let words = Words::read().unwrap();
        let known: BTreeSet<&str> = SliceFacts::default().pairs().map(|(name, _)| name).collect();
        let written: BTreeSet<&str> = words.0.keys().map(String::as_str).collect();
        assert_eq!(written, known, "facts.toml against SliceFacts");
    }
}
