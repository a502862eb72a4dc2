//! The mapping tables: data, read once.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::value::ValueType;
use crate::adapter::AdapterError;

/// The mapping of a care report.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    pub section: Vec<Section>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub name: String,
    pub occurs: Occurs,
    pub groups: Vec<Group>,
    pub elements: Vec<Element>,
}

/// A group of the standard. With `to` it repeats, and each repetition is one object of a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub id: String,
    pub occurs: Occurs,
    pub within: Option<String>,
    pub to: Option<String>,
    /// The element that says why nothing of a repetition is recorded.
    pub key: Option<String>,
    pub nr: Option<String>,
    #[serde(default)]
    pub route: Vec<Route>,
}

/// One element of the standard; see the head of mapping.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Element {
    pub id: String,
    pub to: String,
    #[serde(rename = "type")]
    pub value: ValueType,
    pub occurs: Occurs,
    pub within: Option<String>,
    #[serde(default)]
    pub nil: bool,
    #[serde(default)]
    pub nv: Vec<String>,
    #[serde(default)]
    pub pn: Vec<String>,
    pub nr: Option<String>,
    pub pn_to: Option<String>,
    #[serde(default)]
    pub each: bool,
    #[serde(default)]
    pub attrs: BTreeMap<String, String>,
    #[serde(default)]
    pub attr_types: BTreeMap<String, ValueType>,
    #[serde(default)]
    pub route: Vec<Route>,
    pub sensitive: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub codes: Vec<String>,
    pub to: String,
}

/// How often something stands inside its parent.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct Occurs {
    pub at_least_one: bool,
    pub at_most_one: bool,
}

impl TryFrom<String> for Occurs {
    type Error = &'static str;
    fn try_from(s: String) -> Result<Self, &'static str> {
        let (at_least_one, at_most_one) = match s.as_str() {
            "1" => (true, true),
            "0..1" => (false, true),
            "1..*" => (true, false),
            "0..*" => (false, false),
            _ => return Err("expected 1, 0..1, 1..* or 0..*"),
        };
        Ok(Self { at_least_one, at_most_one })
    }
}

/// Our word for each code, by list.
pub type Codes = BTreeMap<String, BTreeMap<String, String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensitive {
    class: Vec<Class>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Class {
    to: String,
    prefixes: Vec<String>,
}

impl Sensitive {
    /// Where a code of a more protected class goes; none for all others.
    pub fn class(&self, code: &str) -> Option<&str> {
        let matches = |c: &Class| c.prefixes.iter().filter(|p| code.starts_with(p.as_str())).map(String::len).max();
        self.class
            .iter()
            .filter_map(|c| matches(c).map(|len| (len, c)))
            .max_by_key(|(len, _)| *len)
            .map(|(_, c)| c.to.as_str())
    }
}

/// All tables of the adapter.
pub struct Tables {
    pub mapping: Mapping,
    pub codes: Codes,
    pub sensitive: Sensitive,
}

impl Tables {
    /// The tables of this build; an error where one does not read, which a test rules out.
    pub fn embedded() -> Result<&'static Self, AdapterError> {
        static TABLES: OnceLock<Option<Tables>> = OnceLock::new();
        let tables = TABLES.get_or_init(|| {
            Some(Self {
                mapping: toml::from_str(include_str!("mapping.toml")).ok()?,
                codes: toml::from_str(include_str!("codes.toml")).ok()?,
                sensitive: toml::from_str(include_str!("sensitive.toml")).ok()?,
            })
        });
        tables.as_ref().ok_or_else(|| AdapterError::broken_table("nemsis mapping tables"))
    }

    /// Our word for a code of a list.
    pub fn word(&self, list: &str, code: &str) -> Option<&str> {
        self.codes.get(list)?.get(code).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use std::collections::BTreeSet;

    use handoff_schemas::{EventType, Registry};

    use super::*;

    fn pointers(element: &Element) -> Vec<&str> {
        let also = element.pn_to.iter().chain(element.attrs.values()).chain(element.route.iter().map(|r| &r.to));
        std::iter::once(&element.to).chain(also).map(|p| p.strip_suffix("/-").unwrap_or(p)).collect()
    }

    #[test]
    fn every_pointer_of_the_mapping_is_a_leaf_of_the_schema() {
        let event_type: EventType = "encounter.care-reported.v1".parse().unwrap();
        let leaves: BTreeSet<&str> =
            Registry::embedded().leaves(&event_type).unwrap().iter().map(|l| l.pointer.as_str()).collect();
        let tables = Tables::embedded().unwrap();
        for section in &tables.mapping.section {
            for element in &section.elements {
                for pointer in pointers(element) {
                    assert!(leaves.contains(pointer), "{}: {pointer}", element.id);
                }
                let rows = element.nr.iter().map(|nr| format!("/not_recorded/{nr}/*/reason"));
                rows.for_each(|row| assert!(leaves.contains(row.as_str()), "{}: {row}", element.id));
                if let Some(bucket) = &element.sensitive {
                    for class in &tables.sensitive.class {
                        let code = format!("{}/{bucket}/*/code", class.to);
                        assert!(leaves.contains(code.as_str()), "{}: {code}", element.id);
                    }
                }
            }
        }
    }

    #[test]
    fn every_list_and_group_that_is_named_is_there() {
        let tables = Tables::embedded().unwrap();
        for section in &tables.mapping.section {
            let groups: BTreeSet<&str> = section.groups.iter().map(|g| g.id.as_str()).collect();
            let elements: BTreeSet<&str> = section.elements.iter().map(|e| e.id.as_str()).collect();
            for element in &section.elements {
                assert!(element.within.as_deref().is_none_or(|g| groups.contains(g)), "{}", element.id);
                for kind in std::iter::once(&element.value).chain(element.attr_types.values()) {
                    if let ValueType::Code(list) = kind {
                        assert!(tables.codes.contains_key(list), "{}: {list}", element.id);
                    }
                }
                assert!(element.nv.iter().all(|c| tables.word("not-value", c).is_some()), "{}", element.id);
                assert!(element.pn.iter().all(|c| tables.word("pertinent-negative", c).is_some()), "{}", element.id);
                assert!(element.attrs.keys().eq(element.attr_types.keys()), "{}", element.id);
                assert!(!element.nil || element.nr.is_some(), "{}", element.id);
            }
            for group in &section.groups {
                assert!(group.key.as_deref().is_none_or(|k| elements.contains(k)), "{}", group.id);
                assert_eq!(group.to.is_some(), group.key.is_some() && group.nr.is_some(), "{}", group.id);
            }
        }
    }

    #[test]
    fn the_longest_prefix_decides_where_a_protected_code_goes() {
        let sensitive = &Tables::embedded().unwrap().sensitive;
        let cases = [
            ("F10.92", Some("/substance")),
            ("F17.2", None),
            ("T40.1", Some("/substance")),
            ("O26.9", Some("/reproductive")),
            ("O98.71", Some("/hiv_sti")),
            ("O99.31", Some("/substance")),
            ("O9A.31", Some("/dv_sa")),
            ("B20", Some("/hiv_sti")),
            ("R45.1", None),
        ];
        for (code, to) in cases {
            assert_eq!(sensitive.class(code), to, "{code}");
        }
    }
}
