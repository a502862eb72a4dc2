use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// Another version of the law comes into force: this build's, with changes. Without any it says the same in other bytes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Law {
    /// The law of this build again, to the byte.
    pub own: bool,
    pub change: Vec<LawChange>,
    pub reviewer: Option<String>,
    pub reason: Option<String>,
}

/// The first place of a file that has `from` has `to` instead.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LawChange {
    /// By its name in consent/law.
    pub file: String,
    pub from: String,
    pub to: String,
}

impl Law {
    /// The same from the facts of the procedure `activate-bundle`, and those of them that nothing looks at.
    ///
    /// # Errors
    /// A fact that is no key of a `law` step, or a wrong value.
    pub fn of_procedure(facts: &BTreeMap<String, Value>) -> Result<(Self, Vec<String>), String> {
        let mut facts: Map<String, Value> = facts.clone().into_iter().collect();
        // Positions are ruled one after the other: there is nothing that an activation could come in the middle of.
        let unread = facts.remove("during").map(|_| "during".to_owned());
        let law = serde_json::from_value(Value::Object(facts)).map_err(|e| format!("activate-bundle: {e}"))?;
        Ok((law, unread.into_iter().collect()))
    }
}
