use serde_json::Value;

use super::{FhirRefusal, Named};

/// A place in the resource. Its pointer holds names of the standard and numbers only.
#[derive(Clone)]
pub struct Node<'a> {
    value: &'a Value,
    at: String,
}

impl<'a> Node<'a> {
    pub fn root(value: &'a Value) -> Self {
        Self { value, at: String::new() }
    }

    /// JSON pointer.
    pub fn place(&self) -> &str {
        &self.at
    }

    pub fn refuse(&self, code: &str, message: &str, remedy: &str) -> FhirRefusal {
        FhirRefusal::new(code, message, remedy).at(self.at.clone())
    }

    pub fn get(&self, name: &str) -> Option<Self> {
        self.value.get(name).map(|value| Self { value, at: format!("{}/{name}", self.at) })
    }

    /// The members of a list; none where it is absent.
    pub fn list(&self, name: &str) -> Result<Vec<Self>, FhirRefusal> {
        let Some(list) = self.get(name) else { return Ok(Vec::new()) };
        let members = list.value.as_array().ok_or_else(|| list.malformed())?;
        Ok(members.iter().enumerate().map(|(i, value)| Self { value, at: format!("{}/{i}", list.at) }).collect())
    }

    pub fn text(&self, name: &str) -> Result<Option<&'a str>, FhirRefusal> {
        let Some(node) = self.get(name) else { return Ok(None) };
        node.value.as_str().map(Some).ok_or_else(|| node.malformed())
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, FhirRefusal> {
        let Some(node) = self.get(name) else { return Ok(None) };
        node.value.as_bool().map(Some).ok_or_else(|| node.malformed())
    }

    /// System and code of a `Coding`.
    pub fn coding(&self) -> Result<(&'a str, &'a str), FhirRefusal> {
        Ok((self.text("system")?.unwrap_or_default(), self.text("code")?.unwrap_or_default()))
    }

    /// The codings of a `CodeableConcept`: several are one concept in several systems.
    pub fn concept(&self) -> Result<Vec<(&'a str, &'a str)>, FhirRefusal> {
        self.list("coding")?.iter().map(Self::coding).collect()
    }

    /// What a `Reference` names, by reference and by identifier.
    pub fn named(&self) -> Result<Vec<Named<'a>>, FhirRefusal> {
        let mut named: Vec<_> = self.text("reference")?.map(Named::Reference).into_iter().collect();
        if let Some(identifier) = self.get("identifier") {
            let system = identifier.text("system")?.unwrap_or_default();
            named.extend(identifier.text("value")?.map(|value| Named::Identifier { system, value }));
        }
        Ok(named)
    }

    /// What all names of a `Reference` that are known stand for; none where no name is known or two disagree.
    pub fn resolved<T: PartialEq>(&self, find: impl Fn(&Named<'a>) -> Option<T>) -> Result<Option<T>, FhirRefusal> {
        let mut found: Option<T> = None;
        for one in self.named()?.iter().filter_map(find) {
            match &found {
                Some(before) if *before != one => return Ok(None),
                _ => found = Some(one),
            }
        }
        Ok(found)
    }

    /// Holds the members to those the hub reads: FHIR forbids to pass over what may change the meaning.
    pub fn only(&self, members: &[&str]) -> Result<(), FhirRefusal> {
        let object = self.value.as_object().ok_or_else(|| self.malformed())?;
        let known = |name: &String| members.iter().any(|m| m == name) || name.starts_with('_');
        if object.keys().all(known) {
            return Ok(());
        }
        Err(FhirRefusal::new(
            "HO-2346",
            "there is an element here that the hub does not carry",
            "leave it out if it limits nothing; modifier extensions and implicit rules are not carried",
        )
        .at(format!("{}/*", self.at)))
    }

    pub fn malformed(&self) -> FhirRefusal {
        self.refuse("HO-2340", "this is not what FHIR R4 has here", "send a resource that FHIR's own schema accepts")
    }
}
