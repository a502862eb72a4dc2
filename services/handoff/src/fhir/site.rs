use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use handoff_consent::fhir::systems::{RECORD_KEY, UNIT};
use handoff_consent::fhir::{Form, Named, Wording};
use handoff_schemas::{Category, ConsentType, UnitId};
use serde::Deserialize;

/// What one unit's FHIR Consents leave to their surroundings, as the unit says it: it answers for this file as it does
/// for what it publishes. `services/handoff/fhir/site.toml` is an example with comments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Site {
    /// Where the unit's people are: IANA name or offset. Days have no beginning and no end without it.
    pub time_zone: Option<String>,
    /// Identifier systems whose values are the unit's own ids of persons. `Patient/<id>` always is one.
    pub local_ids: Vec<String>,
    /// Groups of those whom units let break the glass.
    pub break_glass: Vec<String>,
    /// References, or identifiers as `system|value`, to units of the hub. `Organization/<unit id>` needs no line.
    pub units: BTreeMap<String, UnitId>,
    #[serde(rename = "form")]
    pub forms: Vec<SiteForm>,
}

/// A form that the unit has people sign.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteForm {
    /// `policy.uri` of the Consents that record its copies.
    pub uri: String,
    #[serde(rename = "type")]
    pub consent_type: ConsentType,
    /// What it is about, where no label narrows it.
    pub categories: Vec<Category>,
    pub says: Wording,
}

impl SiteForm {
    #[must_use]
    pub fn form(&self) -> Form {
        Form { uri: self.uri.clone(), consent_type: self.consent_type, categories: self.categories.clone() }
    }
}

impl Site {
    /// # Errors
    /// HO-9095 with the line that is wrong; a policy URI that names two forms.
    pub fn parse(text: &str) -> Result<Self> {
        let site: Self = toml::from_str(text).context("HO-9095 the site file is not of the form the hub reads")?;
        let mut uris = BTreeSet::new();
        for form in &site.forms {
            if !uris.insert(form.uri.as_str()) {
                bail!("HO-9095 the site file has two forms under the policy URI `{}`: name each once", form.uri);
            }
        }
        Ok(site)
    }

    /// The unit's own id of the person who is named.
    #[must_use]
    pub fn local_id<'n>(&self, named: &Named<'n>) -> Option<&'n str> {
        match *named {
            Named::Reference(reference) => reference.strip_prefix("Patient/").filter(|id| one_segment(id)),
            Named::Identifier { system, value } => self.local_ids.iter().any(|s| s == system).then_some(value),
        }
    }

    /// The unit that is named, registered or not.
    #[must_use]
    pub fn unit(&self, named: &Named<'_>) -> Option<UnitId> {
        let written = match named {
            Named::Reference(reference) => (*reference).to_owned(),
            Named::Identifier { system, value } => format!("{system}|{value}"),
        };
        if let Some(unit) = self.units.get(&written) {
            return Some(unit.clone());
        }
        match named {
            Named::Reference(reference) => reference.strip_prefix("Organization/")?.parse().ok(),
            Named::Identifier { system, value } if *system == UNIT => value.parse().ok(),
            Named::Identifier { .. } => None,
        }
    }

    /// Whether it is a group of those who may break the glass.
    #[must_use]
    pub fn breaks_glass(&self, named: &Named<'_>) -> bool {
        matches!(named, Named::Reference(group) if self.break_glass.iter().any(|known| known == group))
    }

    /// The form behind a policy URI.
    #[must_use]
    pub fn form(&self, uri: &str) -> Option<&SiteForm> {
        self.forms.iter().find(|form| form.uri == uri)
    }
}

/// The unit's key for the record that is named: it calls a record by the reference of the resource it sent there.
pub(super) fn record_key<'n>(named: &Named<'n>) -> Option<&'n str> {
    match *named {
        Named::Reference(reference) => {
            reference.split_once('/').filter(|(kind, id)| is_type(kind) && one_segment(id)).map(|_| reference)
        }
        Named::Identifier { system, value } => (system == RECORD_KEY).then_some(value),
    }
}

fn is_type(kind: &str) -> bool {
    kind.starts_with(|c: char| c.is_ascii_uppercase()) && kind.bytes().all(|b| b.is_ascii_alphabetic())
}

fn one_segment(id: &str) -> bool {
    !id.is_empty() && !id.contains('/')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_of_the_form_the_hub_reads() {
        let site = Site::parse(include_str!("../../fhir/site.toml")).unwrap();
        assert_eq!(site.time_zone.as_deref(), Some("America/Los_Angeles"));
        assert_eq!(site.forms.len(), 2);
        assert!(site.units.len() == 2 && site.break_glass.len() == 1 && site.local_ids.len() == 1);
    }

    #[test]
    fn what_the_hub_does_not_read_is_an_error_with_its_line() {
        let said = format!("{:#}", Site::parse("time_zone = \"UTC\"\nzone = \"UTC\"\n").unwrap_err());
        assert!(said.contains("HO-9095") && said.contains("line 2"), "{said}");
        let form = "[[form]]\nuri = \"urn:f\"\ntype = \"general\"\ncategories = [\"sdoh\"]\n\
                    says = { data_description = \"d\", signed_by = \"wet-ink\" }\n";
        let said = format!("{:#}", Site::parse(&format!("{form}{form}")).unwrap_err());
        assert!(said.contains("urn:f"), "{said}");
    }

    #[test]
    fn only_the_units_own_names_name_a_person() {
        let site = Site { local_ids: vec!["urn:oid:1.2".to_owned()], ..Site::default() };
        let id = |named: &Named<'static>| site.local_id(named);
        assert_eq!(id(&Named::Reference("Patient/H-31")), Some("H-31"));
        assert_eq!(id(&Named::Identifier { system: "urn:oid:1.2", value: "H-31" }), Some("H-31"));
        for other in
            ["http://ehr.example/Patient/H-31", "Patient/H-31/_history/2", "Patient/", "RelatedPerson/H-31", "#p"]
        {
            assert_eq!(id(&Named::Reference(other)), None, "{other}");
        }
        assert_eq!(id(&Named::Identifier { system: "urn:oid:1.3", value: "H-31" }), None);
    }
}
