//! The properties of the policies, as `properties.toml` states them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::ProveError;

const FILE: &str = "properties.toml";

/// Whatever the law permits, where `when` holds, `then` holds too. Both are Cedar over the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    pub id: String,
    pub title: String,
    pub cite: String,
    pub when: String,
    pub then: String,
}

impl Property {
    /// The policy that permits exactly what keeps the property.
    pub fn policy(&self) -> String {
        format!("permit (principal, action, resource) when {{ !({}) || ({}) }};", self.when, self.then)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    basis: BTreeMap<String, Vec<Basis>>,
    property: Vec<Stated>,
    floor: Vec<Floor>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Basis {
    #[expect(dead_code, reason = "for whoever reads the list")]
    cite: String,
    #[expect(dead_code, reason = "for whoever reads the list")]
    says: String,
    facts: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    id: String,
    title: String,
    cite: String,
    when: String,
    then: Option<String>,
    one_of: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Floor {
    id: String,
    says: String,
    cite: String,
    when: String,
}

/// All of them, floors last.
///
/// # Errors
/// HO-4402 where this build's own file is wrong.
pub(crate) fn read() -> Result<Vec<Property>, ProveError> {
    let bad = |why: String| ProveError::Unreadable { file: FILE, why };
    let document: Document =
        toml::from_str(include_str!("../properties.toml")).map_err(|e| bad(e.message().to_owned()))?;
    let mut all = Vec::new();
    for stated in document.property {
        let then = match (stated.then, stated.one_of) {
            (Some(then), None) => then,
            (None, Some(list)) => {
                let bases = document.basis.get(&list).ok_or_else(|| bad(format!("`{list}` is no list of bases")))?;
                one_of(bases)
            }
            _ => return Err(bad(format!("`{}` needs either `then` or `one_of`", stated.id))),
        };
        all.push(Property { id: stated.id, title: stated.title, cite: stated.cite, when: stated.when, then });
    }
    all.extend(document.floor.into_iter().map(under_agreement));
    Ok(all)
}

fn one_of(bases: &[Basis]) -> String {
    let each: Vec<String> = bases.iter().map(|basis| format!("({})", basis.facts)).collect();
    if each.is_empty() { "false".to_owned() } else { each.join(" || ") }
}

fn under_agreement(floor: Floor) -> Property {
    Property {
        id: format!("agreement-and-{}", floor.id),
        title: format!("adding an agreement never permits what a law floor forbids: {}", floor.says),
        cite: floor.cite,
        when: format!("context.agreement && ({})", floor.when),
        then: "false".to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use cedar_policy::PolicySet;
    use handoff_law::Bundle;

    use super::*;

    #[test]
    fn every_property_is_cedar_and_has_an_id_of_its_own() {
        let all = read().unwrap();
        let ids: BTreeSet<&str> = all.iter().map(|p| p.id.as_str()).collect();
        assert_eq!(ids.len(), all.len());
        for property in &all {
            assert!(property.policy().parse::<PolicySet>().is_ok(), "{}", property.id);
        }
    }

    #[test]
    fn every_floor_of_the_law_has_its_property() {
        let floors: PolicySet = Bundle::embedded_files().get("floors.cedar").unwrap().parse().unwrap();
        let of_law: BTreeSet<String> =
            floors.policies().map(|p| format!("agreement-and-{}", p.annotation("id").unwrap())).collect();
        let stated: BTreeSet<String> =
            read().unwrap().into_iter().map(|p| p.id).filter(|id| id.starts_with("agreement-and-")).collect();
        assert_eq!(stated, of_law, "properties.toml against floors.cedar");
    }
}
