//! One file of `law/hooks/`. A file with anything wrong in it keeps the bundle from loading: half a law is none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use handoff_schemas::{Category, Purpose, RecipientKind, Registry};
use serde::de::{SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::{Hook, HookEffect, Hooks, Mark, Reach, Regulates};
use crate::bundle::place::line;
use crate::day::OF_AGE;

/// As long as the event type that records a review takes.
const LONGEST_ID: usize = 40;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// As units are registered, for example US-WA; a country holds in all of its states.
    jurisdiction: String,
    /// For people.
    name: String,
    hook: Vec<Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// `<rule of the rulebook>/<jurisdiction>/<topic>`.
    id: String,
    regulates: Regulates,
    effect: Effect,
    /// Of which slices it speaks: a list, or "*" but for an opening and an age.
    categories: Option<Listed<Category>>,
    /// To which kinds of recipient.
    kinds: Option<Listed<RecipientKind>>,
    /// For which purposes, with what each covers.
    purposes: Option<Listed<Purpose>>,
    /// And for which of these not: an emergency.
    #[serde(default)]
    except: BTreeSet<Purpose>,
    /// Of an age: by whose records it is, whatever category a slice has.
    #[serde(default)]
    sources: BTreeSet<RecipientKind>,
    /// Of an opening: what it narrows the cell's fields to.
    template: Option<String>,
    /// Of a narrowing: what it leaves of what goes without the person's consent.
    #[serde(default)]
    elements: BTreeSet<String>,
    /// In years.
    age: Option<u8>,
    /// The sections, as their readers cite them.
    cite: String,
    /// Where that was taken from.
    source: String,
    mark: Mark,
    /// What the law says, in plain words: explanations show it.
    paraphrase: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Effect {
    Deny,
    RequireConsent,
    Narrow,
    PermitException,
    SetAge,
    Informs,
}

/// `"*"`, or these.
enum Listed<T> {
    All,
    These(BTreeSet<T>),
}

/// By hand, so that a fault names the word that is wrong and its line.
impl<'de, T: Deserialize<'de> + Ord> Deserialize<'de> for Listed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Words(PhantomData))
    }
}

struct Words<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Ord> Visitor<'de> for Words<T> {
    type Value = Listed<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"*\" or a list")
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Self::Value, E> {
        if word == "*" { Ok(Listed::All) } else { Err(E::invalid_value(Unexpected::Str(word), &self)) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<Self::Value, A::Error> {
        let mut all = BTreeSet::new();
        while let Some(word) = words.next_element()? {
            all.insert(word);
        }
        Ok(Listed::These(all))
    }
}

/// What a hook may rest on in the other files of the bundle.
pub(crate) struct Leaves<'a> {
    pub is_template: &'a dyn Fn(&str) -> bool,
    /// Whether the matrix leaves this cell to a reviewed hook.
    pub to_hook: &'a dyn Fn(Category, RecipientKind) -> bool,
}

/// What is wrong with a file of hooks, and where.
pub(crate) struct Fault {
    pub file: String,
    /// From 1.
    pub line: usize,
    pub why: String,
}

impl Hooks {
    /// Reads the files, by name.
    pub(crate) fn parse<'f>(
        files: impl Iterator<Item = (&'f str, &'f str)>,
        leaves: &Leaves<'_>,
    ) -> Result<Self, Fault> {
        let mut all: BTreeMap<String, Vec<Hook>> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for (name, text) in files {
            let at = |start: usize, why: String| Fault { file: name.to_owned(), line: line(text, start), why };
            let file: File =
                toml::from_str(text).map_err(|e| at(e.span().map_or(0, |span| span.start), e.message().to_owned()))?;
            if !is_jurisdiction(&file.jurisdiction) {
                return Err(at(0, format!("`{}` is no jurisdiction such as US or US-WA", file.jurisdiction)));
            }
            if file.name.trim().is_empty() {
                return Err(at(0, "its place has no name".to_owned()));
            }
            for written in file.hook {
                let start = written.span().start;
                let hook = hook(written.into_inner(), &file.jurisdiction, leaves).map_err(|why| at(start, why))?;
                if !ids.insert(hook.id.clone()) {
                    return Err(at(start, format!("`{}` stands twice", hook.id)));
                }
                all.entry(file.jurisdiction.clone()).or_default().push(hook);
            }
        }
        Ok(Self(all))
    }
}

fn hook(written: Written, jurisdiction: &str, leaves: &Leaves<'_>) -> Result<Hook, String> {
    let id = written.id.clone();
    let wrong = |why: String| format!("`{id}`: {why}");
    if !is_id(&id, jurisdiction) {
        return Err(wrong(format!("expected an id such as ST-03/{jurisdiction}/hold-facts")));
    }
    for (key, text) in [("cite", &written.cite), ("source", &written.source), ("paraphrase", &written.paraphrase)] {
        if text.trim().is_empty() {
            return Err(wrong(format!("`{key}` is empty: nobody can verify a hook without it")));
        }
    }
    let effect = effect(&written).map_err(wrong)?;
    let reach = reach(&written).map_err(wrong)?;
    rests(&effect, &reach, leaves).map_err(wrong)?;
    Ok(Hook {
        id: written.id,
        jurisdiction: jurisdiction.to_owned(),
        regulates: written.regulates,
        effect,
        cite: written.cite,
        source: written.source,
        mark: written.mark,
        paraphrase: written.paraphrase,
        reach,
    })
}

/// The effect with its parameters, which no other effect takes.
fn effect(written: &Written) -> Result<HookEffect, String> {
    if written.template.is_some() && written.effect != Effect::PermitException {
        return Err("only a `permit-exception` has a `template`".to_owned());
    }
    if (written.age.is_some() || !written.sources.is_empty()) && written.effect != Effect::SetAge {
        return Err("only a `set-age` has an `age` and `sources`".to_owned());
    }
    if written.elements.is_empty() == (written.effect == Effect::Narrow) {
        return Err("a `narrow`, and nothing else, lists the `elements` that it leaves".to_owned());
    }
    if let Some(unknown) = written.elements.iter().find(|word| !Registry::embedded().is_element(word)) {
        return Err(format!("`{unknown}` is no element of schemas/elements.json"));
    }
    Ok(match written.effect {
        Effect::Deny => HookEffect::Deny,
        Effect::RequireConsent => HookEffect::RequireConsent,
        Effect::Narrow => HookEffect::Narrow { elements: written.elements.clone() },
        Effect::PermitException => HookEffect::PermitException { template: written.template.clone() },
        // Of age nobody is a minor, so a hook sets a lower one.
        Effect::SetAge => match written.age.filter(|age| *age < OF_AGE) {
            Some(age) => HookEffect::SetAge { age },
            None => return Err("a `set-age` has an `age` below 18".to_owned()),
        },
        Effect::Informs => HookEffect::Informs,
    })
}

/// What it applies to: all three stated where it is about a flow, none where it informs.
fn reach(written: &Written) -> Result<Reach, String> {
    let flows = !matches!(written.effect, Effect::SetAge | Effect::Informs);
    let stated = [written.categories.is_some(), written.kinds.is_some(), written.purposes.is_some()];
    let expected = match written.effect {
        Effect::SetAge => stated == [true, false, false],
        Effect::Informs => stated == [false; 3],
        _ => stated == [true; 3],
    };
    if !expected {
        return Err("a hook on a flow states `categories`, `kinds` and `purposes`, `set-age` only `categories`, \
                    `informs` none of them"
            .to_owned());
    }
    if !flows && !written.except.is_empty() {
        return Err("only a hook on a flow has `except`".to_owned());
    }
    Ok(Reach {
        categories: listed("categories", written.categories.as_ref())?,
        kinds: listed("kinds", written.kinds.as_ref())?,
        purposes: listed("purposes", written.purposes.as_ref())?,
        except: written.except.clone(),
        sources: written.sources.clone(),
    })
}

fn listed<T: Ord + Clone>(key: &str, written: Option<&Listed<T>>) -> Result<Option<BTreeSet<T>>, String> {
    match written {
        None | Some(Listed::All) => Ok(None),
        Some(Listed::These(list)) if !list.is_empty() => Ok(Some(list.clone())),
        Some(Listed::These(_)) => Err(format!("`{key}`: expected \"*\" or a list that is not empty")),
    }
}

/// An opening names its categories and kinds, and each of their cells must be one that the matrix leaves to a hook: so
/// none ever opens a Part 2 record, nor what is never carried.
fn rests(effect: &HookEffect, reach: &Reach, leaves: &Leaves<'_>) -> Result<(), String> {
    match effect {
        HookEffect::PermitException { template } => {
            if let Some(unknown) = template.as_ref().filter(|t| !(leaves.is_template)(t)) {
                return Err(format!("`{unknown}` is no template"));
            }
            let (Some(categories), Some(kinds)) = (&reach.categories, &reach.kinds) else {
                return Err("an opening lists its categories and kinds: no \"*\"".to_owned());
            };
            let cells = categories.iter().flat_map(|c| kinds.iter().map(move |k| (*c, *k)));
            match cells.into_iter().find(|(category, kind)| !(leaves.to_hook)(*category, *kind)) {
                Some((category, kind)) => Err(format!("the matrix leaves `{category}` to {kind} to no hook")),
                None => Ok(()),
            }
        }
        HookEffect::SetAge { .. } if reach.categories.is_none() => {
            Err("an age lists its categories: no \"*\"".to_owned())
        }
        _ => Ok(()),
    }
}

/// A country, or one of its states: as units are registered.
fn is_jurisdiction(text: &str) -> bool {
    let upper = |part: &str| part.bytes().all(|b| b.is_ascii_uppercase());
    let (country, state) = text.split_once('-').map_or((text, None), |(country, state)| (country, Some(state)));
    let code = |s: &str| (1..=3).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    country.len() == 2 && upper(country) && state.is_none_or(code)
}

/// `<RULE>-<number>/<jurisdiction>/<topic>`.
fn is_id(id: &str, jurisdiction: &str) -> bool {
    let parts: Vec<&str> = id.split('/').collect();
    let [rule, place, topic] = parts.as_slice() else { return false };
    let numbered = rule.rsplit_once('-').is_some_and(|(word, number)| {
        !word.is_empty()
            && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'-')
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    });
    let slug = !topic.is_empty() && topic.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    numbered && *place == jurisdiction && slug && id.len() <= LONGEST_ID
}
