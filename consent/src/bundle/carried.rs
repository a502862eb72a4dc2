use std::collections::BTreeMap;

use handoff_schemas::BundleHash;
use serde::{Deserialize, Serialize};

use super::{Bundle, BundleError, hash};

/// One version of the law as the log carries it: every file whole, under the content address of all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarriedLaw {
    pub bundle: BundleHash,
    files: Vec<LawFile>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LawFile {
    name: String,
    text: String,
}

impl CarriedLaw {
    /// These files under their own address.
    #[must_use]
    pub fn of(files: &BTreeMap<String, String>) -> Self {
        let file = |(name, text): (&String, &String)| LawFile { name: name.clone(), text: text.clone() };
        Self { bundle: hash(files), files: files.iter().map(file).collect() }
    }

    /// The version, loaded and checked as a whole.
    ///
    /// # Errors
    /// HO-1303 where the files are not those of the address, or one stands twice; else as [`Bundle::parse`].
    pub fn open(&self) -> Result<Bundle, BundleError> {
        let files: BTreeMap<_, _> = self.files.iter().map(|f| (f.name.clone(), f.text.clone())).collect();
        if files.len() != self.files.len() || hash(&files) != self.bundle {
            return Err(BundleError::Altered(self.bundle));
        }
        Bundle::parse(&files)
    }
}
