//! Somebody's review of a hook of state law (rulebook 4): until there is one, the hook may only tighten.

use std::collections::BTreeMap;

use handoff_law::{Hook, OF_AGE};
use handoff_schemas::{AgreementId, Fact, HookReview};
use handoff_spine::command::{Command, Item, RecordRef, Refusal};
use jiff::civil::Date;
use serde::Deserialize;

use crate::agreement;
use crate::decide::Known;
use crate::read::data;
use crate::state::Entry;

#[derive(Deserialize)]
struct Enabled {
    hook: String,
    jurisdiction: Option<String>,
    agreement: Option<AgreementId>,
    #[serde(default)]
    parameters: Vec<Parameter>,
    reviewed_by: String,
    reviewed_on: Option<Date>,
    #[serde(default)]
    withdrawn: bool,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    value: String,
}

/// One fact for each hook of the law that the review names: by its id, or all of a rule in a jurisdiction.
pub fn facts(state: &Entry, command: &Command, item: &Item, known: &dyn Known) -> Result<Vec<Fact>, Refusal> {
    let said: Enabled = data(item)?;
    stands_on(state, command, said.agreement.as_ref())?;
    if said.reviewed_by.trim().is_empty() {
        return Err(
            Refusal::new("HO-1443", "the review of a hook names nobody", "name who reviewed it").at("/reviewed_by")
        );
    }
    let law = known.law();
    let hooks = law.as_ref().map(|law| law.hooks.matching(&said.hook, said.jurisdiction.as_deref()));
    let hooks = hooks.unwrap_or_default();
    if hooks.is_empty() {
        return Err(Refusal::new(
            "HO-1440",
            "the law has no such hook",
            "name a hook that `handoff law hooks` lists, or its rule and its jurisdiction",
        )
        .at("/hook"));
    }
    let review = |(hook, age): (&Hook, Option<u8>)| Fact::HookReviewed {
        review: HookReview {
            hook: hook.id.clone(),
            reviewed_by: said.reviewed_by.clone(),
            reviewed_on: said.reviewed_on,
            agreement: said.agreement.clone(),
            age,
            withdrawn: said.withdrawn,
        },
    };
    Ok(reviewed(&said.parameters, hooks)?.into_iter().map(review).collect())
}

/// A review for an agreement stands on its record; one for a jurisdiction on a record of its own.
fn stands_on(state: &Entry, command: &Command, agreement: Option<&AgreementId>) -> Result<(), Refusal> {
    match (agreement, state) {
        (Some(agreement), _) => agreement::record(state, agreement).map(|_| ()),
        (None, Entry::None | Entry::Hook) if matches!(&command.record, RecordRef::Key(k) if k.starts_with("hook:")) => {
            Ok(())
        }
        (None, _) => Err(Refusal::new(
            "HO-2042",
            "a hook without an agreement stands on a record of its own",
            "send a record key that starts with `hook:`",
        )),
    }
}

/// What was reviewed, with the age that the reviewer states. Where parameters are stated, these hooks alone: `age` is of
/// every hook that sets one, a hook's own topic of that hook.
fn reviewed<'a>(parameters: &[Parameter], hooks: Vec<&'a Hook>) -> Result<Vec<(&'a Hook, Option<u8>)>, Refusal> {
    if parameters.is_empty() {
        return Ok(hooks.into_iter().map(|hook| (hook, None)).collect());
    }
    let mut found = BTreeMap::new();
    for parameter in parameters {
        let topic = parameter.name.replace('_', "-");
        let named = |hook: &&&Hook| hook.age().is_some() && (parameter.name == "age" || hook.topic() == topic);
        let mut named = hooks.iter().filter(named).peekable();
        if named.peek().is_none() {
            return Err(Refusal::new(
                "HO-1441",
                "the hook has no such parameter",
                "state `age`, or the topic of a hook that sets one",
            )
            .at("/parameters"));
        }
        let Some(age) = parameter.value.parse::<u8>().ok().filter(|age| *age < OF_AGE) else {
            return Err(Refusal::new("HO-1442", "the age is no number of years below 18", "state it in digits")
                .at("/parameters"));
        };
        found.extend(named.map(|hook| (hook.id.as_str(), (*hook, Some(age)))));
    }
    Ok(found.into_values().collect())
}
