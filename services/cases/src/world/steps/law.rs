use std::collections::BTreeMap;
use std::sync::Arc;

use handoff_law::{Bundle, CarriedLaw};
use serde_json::{Value, json};

use crate::format::Law;
use crate::found::Found;
use crate::world::World;

const RECORD: &str = "bundle:law";
const CARRIED: &str = "bundle.law-carried.v1";
const ACTIVATED: &str = "bundle.law-activated.v1";

impl World {
    /// Another version of the law is carried and put in force, as `handoff law activate` does; what stands is ruled
    /// again by it.
    ///
    /// # Errors
    /// A file that the law has not, or a text that the file has not.
    pub fn law(&mut self, law: &Law) -> Result<Found, String> {
        let own = Bundle::embedded_files();
        let new = CarriedLaw::of(&changed(law, own.clone())?);
        for carried in [CarriedLaw::of(&own), new.clone()] {
            if self.versions.contains_key(&carried.bundle) {
                continue;
            }
            let data = serde_json::to_value(&carried).map_err(|e| e.to_string())?;
            let found = self.operator(RECORD, CARRIED, data)?;
            if found.refusal.is_some() {
                return Ok(found);
            }
            let bundle = carried.open().map_err(|e| format!("what the registry accepted does not load: {e}"))?;
            self.versions.insert(carried.bundle, Arc::new(bundle));
        }
        let reviewer = law.reviewer.as_deref().unwrap_or("County Counsel");
        let reason = law.reason.as_deref().unwrap_or("review");
        let data = json!({ "bundle": new.bundle, "reviewer": reviewer, "reason": reason });
        let mut found = self.operator(RECORD, ACTIVATED, data)?;
        if found.refusal.is_none()
            && self.bundle.hash == new.bundle
            && self.rows.iter().all(|r| r.ruling.bundle == new.bundle)
        {
            found.follows.insert("rule-again-under-new-bundle".to_owned());
        }
        Ok(found)
    }

    /// The procedure `activate-bundle`: the same, by its name.
    ///
    /// # Errors
    /// As [`World::law`].
    pub fn activate_bundle(&mut self, facts: &BTreeMap<String, Value>) -> Result<Found, String> {
        let (law, unread) = Law::of_procedure(facts)?;
        let mut found = self.law(&law)?;
        found.unread.extend(unread);
        Ok(found)
    }
}

fn changed(law: &Law, mut files: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, String> {
    if law.own {
        return Ok(files);
    }
    if law.change.is_empty()
        && let Some(text) = files.get_mut("defaults.toml")
    {
        text.push_str("# The same law in other bytes.\n");
    }
    for change in &law.change {
        let text = files.get_mut(&change.file).ok_or_else(|| format!("the law has no file `{}`", change.file))?;
        if !text.contains(&change.from) {
            return Err(format!("`{}` of the law has no `{}`", change.file, change.from));
        }
        *text = text.replacen(&change.from, &change.to, 1);
    }
    Ok(files)
}
