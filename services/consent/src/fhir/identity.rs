use serde_json::Value;

use super::FhirRefusal;
use super::node::Node;
use super::read::MOST_NESTED;

/// What a Consent is known by, whichever version of it comes: its identifier where it has exactly one, else its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    key: String,
    /// `meta.versionId`.
    pub version: Option<String>,
}

impl Identity {
    /// # Errors
    /// HO-2340 where the resource has neither one identifier nor an id.
    pub fn of(resource: &Value) -> Result<Self, FhirRefusal> {
        of_root(&Node::root(resource))
    }

    /// The key of the exception with this number, from 1; without a number, of the root provision.
    #[must_use]
    pub fn leaf(&self, number: Option<usize>) -> String {
        number.map_or_else(|| self.key.clone(), |n| format!("{}/{n}", self.key))
    }

    /// Every key that a provision of any version may have.
    pub fn leaves(&self) -> impl Iterator<Item = String> {
        std::iter::once(None).chain((1..=MOST_NESTED).map(Some)).map(|number| self.leaf(number))
    }
}

pub fn of_root(root: &Node<'_>) -> Result<Identity, FhirRefusal> {
    let mut named = Vec::new();
    for identifier in root.list("identifier")? {
        let system = identifier.text("system")?.unwrap_or_default();
        named.extend(identifier.text("value")?.map(|value| format!("{system}|{value}")));
    }
    let version = match root.get("meta") {
        Some(meta) => meta.text("versionId")?.map(str::to_owned),
        None => None,
    };
    let key = match (<[String; 1]>::try_from(named), root.text("id")?) {
        (Ok([identifier]), _) => identifier,
        (Err(_), Some(id)) => id.to_owned(),
        (Err(_), None) => return Err(root.malformed()),
    };
    Ok(Identity { key, version })
}
