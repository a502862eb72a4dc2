use std::collections::{BTreeSet, HashMap};

use handoff_spine::release::{RulingDoc, Terms, TermsId};
use serde_json::{Map, Value};

/// What the grants of a ruling say, gathered over all slices: sorted and without repeats.
///
/// A grant's shape is the decision engine's own and grows with it, so this looks for names wherever they stand.
/// It feeds columns for searching; what counts is the ruling, which the leaf covers word for word.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    pub purposes: BTreeSet<String>,
    pub basis: BTreeSet<String>,
    pub agreements: BTreeSet<String>,
    pub categories: BTreeSet<String>,
    pub notice_forms: BTreeSet<String>,
}

/// The grants of many rulings, each text read once.
#[derive(Debug, Default)]
pub struct Reader(HashMap<TermsId, Grants>);

impl Reader {
    /// Texts that are no JSON are as if they were not there.
    #[must_use]
    pub fn of(terms: &Terms) -> Self {
        let read = |(id, text): (&TermsId, &std::sync::Arc<str>)| {
            let value = serde_json::from_str::<Value>(text).ok()?;
            let mut grants = Grants::default();
            grants.walk(&value);
            Some((*id, grants))
        };
        Self(terms.iter().filter_map(read).collect())
    }

    /// None where a text is missing that the ruling names.
    #[must_use]
    pub fn grants(&self, doc: &RulingDoc) -> Option<Grants> {
        let mut all = Grants::default();
        for slice in &doc.slices {
            let one = self.0.get(&slice.terms)?;
            all.purposes.extend(one.purposes.iter().cloned());
            all.basis.extend(one.basis.iter().cloned());
            all.agreements.extend(one.agreements.iter().cloned());
            all.notice_forms.extend(one.notice_forms.iter().cloned());
            all.categories.insert(slice.category.slug().to_owned());
        }
        Some(all)
    }
}

impl Grants {
    fn walk(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Value::Object(fields) => fields.iter().for_each(|(name, value)| self.field(name, value)),
            _ => {}
        }
    }

    fn field(&mut self, name: &str, value: &Value) {
        match name {
            "purpose" | "purposes" => words(value, &mut self.purposes),
            "basis" => words(value, &mut self.basis),
            "agreement" => self.agreements.extend(agreement(value)),
            "notice" => self.notice_forms.extend(value.get("form").or(Some(value)).and_then(scalar)),
            _ => self.walk(value),
        }
    }
}

fn words(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => into.extend(items.iter().filter_map(scalar)),
        Value::Object(fields) => into.extend(fields.get("code").and_then(scalar)),
        other => into.extend(scalar(other)),
    }
}

/// `id@version`, from `{id, version}` or `[id, version, ..]`.
fn agreement(value: &Value) -> Option<String> {
    let (id, version) = match value {
        Value::Object(fields) => (field(fields, &["id", "agreement"])?, field(fields, &["version"])),
        Value::Array(items) => (items.first().and_then(scalar)?, items.get(1).and_then(scalar)),
        other => (scalar(other)?, None),
    };
    Some(version.map_or_else(|| id.clone(), |v| format!("{id}@{v}")))
}

fn field(fields: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|n| fields.get(*n)).and_then(scalar)
}

/// A word or number as it stands; columns hold lists divided by spaces, so what has one is no word.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(s) if !s.is_empty() && !s.contains(char::is_whitespace) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}
