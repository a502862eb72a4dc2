//! Projection templates (rulebook 7.5): category to elements, as data.

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{Category, ElementSet, Registry};
use serde::Deserialize;

use crate::bundle::place;

/// One template of `law/templates.toml`.
#[derive(Clone, Debug)]
pub struct Template {
    pub title: String,
    /// Usable only where a reviewed state hook stands behind it (rulebook 4).
    pub requires_hook: bool,
    categories: BTreeMap<Category, ElementSet>,
}

impl Template {
    /// What of a category this template shows.
    #[must_use]
    pub fn elements(&self, category: Category) -> Option<&ElementSet> {
        self.categories.get(&category)
    }

    /// Every category the template shows something of.
    pub fn categories(&self) -> impl Iterator<Item = (Category, &ElementSet)> {
        self.categories.iter().map(|(c, e)| (*c, e))
    }
}

/// All templates of a bundle, by name.
#[derive(Clone, Debug)]
pub struct Templates(BTreeMap<String, Template>);

#[derive(Deserialize)]
#[serde(untagged)]
enum RawElements {
    Star(String),
    List(BTreeSet<String>),
}

impl Templates {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let read: BTreeMap<String, BTreeMap<String, toml::Value>> = place::read(text)?;
        let at = |name: &str, why| place::at_word(text, &format!("[{name}]"), why);
        let templates =
            read.into_iter().map(|(name, raw)| Ok((name.clone(), one(&name, raw).map_err(|why| at(&name, why))?)));
        templates.collect::<Result<_, String>>().map(Self)
    }

    /// A template by name, for example `F5`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Template> {
        self.0.get(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What any of the named templates shows of a category; nothing where none does.
    #[must_use]
    pub fn union(&self, names: &[String], category: Category) -> ElementSet {
        let shown = names.iter().filter_map(|n| self.get(n)).filter_map(|t| t.elements(category));
        shown.fold(ElementSet::none(), |all, one| all.union(one))
    }
}

fn one(name: &str, raw: BTreeMap<String, toml::Value>) -> Result<Template, String> {
    let mut template = Template { title: String::new(), requires_hook: false, categories: BTreeMap::new() };
    for (key, value) in raw {
        match (key.as_str(), value) {
            ("title", toml::Value::String(title)) => template.title = title,
            ("requires_hook", toml::Value::Boolean(yes)) => template.requires_hook = yes,
            (slug, value) => {
                let category: Category = slug.parse().map_err(|_| format!("`{name}`: `{slug}` is no category"))?;
                let elements = match value.try_into::<RawElements>() {
                    Ok(RawElements::Star(star)) if star == "*" => ElementSet::All,
                    Ok(RawElements::List(list)) => ElementSet::Some(list),
                    _ => return Err(format!("`{name}.{slug}`: expected \"*\" or a list of elements")),
                };
                if let ElementSet::Some(list) = &elements
                    && let Some(unknown) = list.iter().find(|element| !is_element(element, category))
                {
                    return Err(format!("`{name}.{slug}`: `{unknown}` is no element of the event schemas"));
                }
                template.categories.insert(category, elements);
            }
        }
    }
    if template.title.is_empty() {
        return Err(format!("`{name}` has no title"));
    }
    Ok(template)
}

/// A word of the schemas' vocabulary, or the category itself for its leaves without one.
fn is_element(word: &str, category: Category) -> bool {
    word == category.slug() || Registry::embedded().elements().contains_key(word)
}
