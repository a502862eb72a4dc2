//! A solver's counterexample, replayed by Cedar's own authorizer, made as small as it gets, and put into words.

use cedar_policy::{
    Authorizer, Context, Decision, EvalResult, Policy, PolicySet, Request, Response, RestrictedExpression,
};
use cedar_policy_symcc::Env;

use crate::report::Counterexample;
use crate::words::Words;

type Facts = Vec<(String, bool)>;

/// One counterexample against one law.
pub(crate) struct Replay<'a> {
    pub law: &'a PolicySet,
    pub found: &'a Env,
    pub words: &'a Words,
}

impl Replay<'_> {
    /// What the law permits although the property forbids it. `kept` permits exactly what keeps the property.
    pub fn breach(&self, kept: &PolicySet) -> Counterexample {
        let facts = smallest(self.facts(), |facts| self.allows(self.law, facts) && !self.allows(kept, facts));
        let lacks = |name: &str| self.allows(kept, &with(&facts, name));
        let lacking = facts.iter().filter(|(name, yes)| !yes && lacks(name)).map(|(name, _)| self.words.of(name));
        Counterexample {
            why: "the law permits it".to_owned(),
            lacking: lacking.collect(),
            permitted_by: self.spoke(&facts),
            facts: self.say(&facts),
        }
    }

    /// Facts on which the policy cannot be evaluated.
    pub fn error(&self, policy: &Policy) -> Counterexample {
        let mut alone = PolicySet::new();
        let added = alone.add(policy.clone()).is_ok();
        let errs =
            |facts: &Facts| added && self.ask(&alone, facts).is_some_and(|r| r.diagnostics().errors().next().is_some());
        let facts = smallest(self.facts(), errs);
        let id = policy.annotation("id").unwrap_or("a policy without an id");
        Counterexample {
            why: format!("`{id}` cannot be evaluated"),
            facts: self.say(&facts),
            lacking: Vec::new(),
            permitted_by: Vec::new(),
        }
    }

    fn facts(&self) -> Facts {
        let Some(context) = self.found.request.context() else { return Facts::new() };
        let names = context.clone().into_iter().map(|(name, _)| name);
        let known = names.filter_map(|name| match context.get(&name) {
            Some(EvalResult::Bool(yes)) => Some((name, yes)),
            _ => None,
        });
        known.collect()
    }

    fn say(&self, facts: &Facts) -> Vec<String> {
        facts.iter().filter(|(_, yes)| *yes).map(|(name, _)| self.words.of(name)).collect()
    }

    fn spoke(&self, facts: &Facts) -> Vec<String> {
        let Some(response) = self.ask(self.law, facts) else { return Vec::new() };
        let spoke = response.diagnostics().reason().filter_map(|id| self.law.policy(id));
        let named = spoke.map(|policy| {
            let word = |key: &str| policy.annotation(key).unwrap_or_default().to_owned();
            format!("{} ({})", word("id"), word("cite"))
        });
        named.collect()
    }

    fn allows(&self, policies: &PolicySet, facts: &Facts) -> bool {
        self.ask(policies, facts).is_some_and(|response| response.decision() == Decision::Allow)
    }

    fn ask(&self, policies: &PolicySet, facts: &Facts) -> Option<Response> {
        let pairs = facts.iter().map(|(name, yes)| (name.clone(), RestrictedExpression::new_bool(*yes)));
        let context = Context::from_pairs(pairs).ok()?;
        let found = &self.found.request;
        let (principal, action, resource) = (found.principal()?, found.action()?, found.resource()?);
        let request = Request::new(principal.clone(), action.clone(), resource.clone(), context, None).ok()?;
        Some(Authorizer::new().is_authorized(&request, policies, &self.found.entities))
    }
}

fn with(facts: &Facts, name: &str) -> Facts {
    facts.iter().map(|(known, yes)| (known.clone(), *yes || known == name)).collect()
}

/// Takes away one true fact after the other, as long as the case stays one, until none can go: what one fact held up
/// may go once that one has gone.
fn smallest(mut facts: Facts, is_case: impl Fn(&Facts) -> bool) -> Facts {
    loop {
        let names: Vec<String> = facts.iter().filter(|(_, yes)| *yes).map(|(name, _)| name.clone()).collect();
        let before = names.len();
        for name in names {
            let fewer: Facts = facts.iter().map(|(known, yes)| (known.clone(), *yes && *known != name)).collect();
            if is_case(&fewer) {
                facts = fewer;
            }
        }
        if facts.iter().filter(|(_, yes)| *yes).count() == before {
            return facts;
        }
    }
}
