//! The law of one case: this build's, and hooks of state law that the case brings itself (rulebook 4).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use handoff_law::Bundle;

use crate::format::Hook;

/// Where units and hooks are, unless the case says otherwise.
const USUAL: &str = "US-WA";

/// What a case's own hook that sets an age is about, unless it says so: behavioral health, and by whom.
const BEHAVIORAL: [&str; 5] = ["bh-assessment", "bh-treatment", "safety-plan", "substance-observation", "part2-record"];
const PROVIDERS: [&str; 2] = ["BHC", "P2P"];

/// The law that a case is played under.
pub struct Law {
    pub bundle: Arc<Bundle>,
    /// Where units are that do not say it: where the case's hooks are law, if they name one place alone.
    pub place: String,
    /// Ids in the bundle of the case's own hooks, by the names it gives them.
    pub own: BTreeMap<String, String>,
}

impl Law {
    /// # Errors
    /// A hook that neither the law nor the case has, or one of the case's own that the law cannot read.
    pub fn of(hooks: &[Hook]) -> Result<Self, String> {
        let embedded = Bundle::embedded().map_err(|e| e.to_string())?;
        let places: BTreeSet<&str> = hooks.iter().filter_map(|h| h.jurisdiction.as_deref()).collect();
        let only = places.first().copied().filter(|_| places.len() == 1);
        let place = only.unwrap_or(USUAL).to_owned();
        let mut own: BTreeMap<String, String> = BTreeMap::new();
        let mut files = Bundle::embedded_files();
        for hook in hooks {
            let known = embedded.hooks.matching(&hook.hook, hook.jurisdiction.as_deref());
            let Some(effect) = hook.effect.as_deref().map(word) else {
                if known.is_empty() && !own.contains_key(&hook.hook) {
                    let name = &hook.hook;
                    return Err(format!("the law has no hook `{name}`: name its jurisdiction, or its `effect`"));
                }
                continue;
            };
            if known.is_empty() {
                let there = hook.jurisdiction.as_deref().unwrap_or(&place);
                let id =
                    if hook.hook.contains('/') { hook.hook.clone() } else { format!("{}/{there}/case", hook.hook) };
                files.insert(format!("hooks/case-{}.toml", own.len()), document(hook, &id, there, &effect));
                own.insert(hook.hook.clone(), id);
            } else if !known.iter().any(|k| k.effect.word() == effect) {
                return Err(format!("no hook `{}` of the law has the effect `{effect}`", hook.hook));
            }
        }
        let bundle =
            if own.is_empty() { embedded } else { Arc::new(Bundle::parse(&files).map_err(|e| e.to_string())?) };
        Ok(Self { bundle, place, own })
    }
}

/// As the law writes it: `SET_AGE` is `set-age`.
fn word(effect: &str) -> String {
    effect.to_lowercase().replace('_', "-")
}

/// A file of hooks with this one in it.
fn document(hook: &Hook, id: &str, place: &str, effect: &str) -> String {
    let cite = hook.cite.as_deref().unwrap_or("the case");
    let mut text = format!(
        "jurisdiction = {place:?}\nname = \"The case\"\n[[hook]]\nid = {id:?}\nregulates = \"other\"\neffect = {effect:?}\n\
         cite = {cite:?}\nsource = \"the case\"\nmark = \"from-knowledge\"\nparaphrase = \"As the case says.\"\n"
    );
    let mut says = |key: &str, value: String| text.push_str(&format!("{key} = {value}\n"));
    match effect {
        "informs" => {}
        "set-age" => {
            says("categories", list(&hook.categories).unwrap_or_else(|| format!("{BEHAVIORAL:?}")));
            let about = hook.categories.is_empty().then(|| format!("{PROVIDERS:?}"));
            list(&hook.sources).or(about).into_iter().for_each(|sources| says("sources", sources));
            age(hook).into_iter().for_each(|age| says("age", age));
        }
        _ => {
            let all = || "\"*\"".to_owned();
            says("categories", list(&hook.categories).unwrap_or_else(all));
            says("kinds", list(&hook.kinds).unwrap_or_else(all));
            says("purposes", list(&hook.purposes).unwrap_or_else(all));
            list(&hook.except).into_iter().for_each(|except| says("except", except));
            list(&hook.elements).into_iter().for_each(|elements| says("elements", elements));
            hook.template.iter().for_each(|template| says("template", format!("{template:?}")));
        }
    }
    text
}

/// A list as TOML writes it; none where it is empty.
fn list<T: ToString>(words: &[T]) -> Option<String> {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    (!words.is_empty()).then(|| format!("{words:?}"))
}

/// In years, by its own key or by the one parameter.
fn age(hook: &Hook) -> Option<String> {
    let stated = hook.parameters.values().next().filter(|_| hook.parameters.len() == 1);
    hook.age.map(|age| age.to_string()).or_else(|| stated.map(ToString::to_string))
}
