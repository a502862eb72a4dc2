//! Which facts a policy waits for: what stands first in its condition, so that without it nothing else is looked at.

use serde_json::Value;

use crate::facts::SliceFacts;

/// The leading yes/no facts of a policy's condition, and every fact that it names.
///
/// Cedar reads a chain of `&&` from left to right and stops at the first that is false. As long as the leading terms are
/// facts as they stand, or negated, a policy whose guard does not hold neither applies nor errs: passing over it changes
/// no answer. Whatever comes after the first other term is left to Cedar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Guard {
    must: u64,
    must_not: u64,
    /// Every fact that it may look at.
    pub names: u64,
}

impl Guard {
    /// From a policy in Cedar's JSON form.
    ///
    /// # Errors
    /// A condition that is not in the form the Cedar reference gives.
    pub fn of(policy: &Value) -> Result<Self, String> {
        let mut guard = Self::default();
        let mut leading = true;
        let conditions = policy.get("conditions").and_then(Value::as_array).ok_or("a policy without conditions")?;
        for condition in conditions {
            let body = condition.get("body").ok_or("a condition without a body")?;
            let holds = match condition.get("kind").and_then(Value::as_str) {
                Some("when") => true,
                Some("unless") => false,
                _ => return Err("a condition that is neither when nor unless".to_owned()),
            };
            leading = leading && guard.take(body, holds);
            guard.names |= named(body);
        }
        Ok(guard)
    }

    /// Whether the leading facts are as it needs them.
    pub const fn holds(self, facts: u64) -> bool {
        facts & self.must == self.must && facts & self.must_not == 0
    }

    /// Takes the leading terms of what has to come out as `wanted`. False at the first that is no plain fact.
    fn take(&mut self, body: &Value, wanted: bool) -> bool {
        if let Some(fact) = fact(body) {
            if wanted {
                self.must |= fact;
            } else {
                self.must_not |= fact;
            }
            return true;
        }
        if let Some(inner) = body.get("!").and_then(|not| not.get("arg")) {
            return self.take(inner, !wanted);
        }
        // All of a conjunction hold, or none of a disjunction.
        let both = body.get(if wanted { "&&" } else { "||" });
        let (Some(left), Some(right)) = (both.and_then(|b| b.get("left")), both.and_then(|b| b.get("right"))) else {
            return false;
        };
        self.take(left, wanted) && self.take(right, wanted)
    }
}

/// `context.<fact>`, as the bit of the fact.
fn fact(body: &Value) -> Option<u64> {
    let access = body.get(".")?;
    let of = access.get("left")?.get("Var")?.as_str()?;
    let name = access.get("attr")?.as_str()?;
    (of == "context").then(|| SliceFacts::bit(name)).flatten()
}

/// Every fact that is named anywhere.
fn named(body: &Value) -> u64 {
    let own = fact(body).unwrap_or_default();
    match body {
        Value::Object(members) => members.values().fold(own, |all, inner| all | named(inner)),
        Value::Array(items) => items.iter().fold(own, |all, inner| all | named(inner)),
        _ => own,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn guard(condition: &str) -> Guard {
        let text = format!("forbid (principal, action, resource) {condition};");
        Guard::of(&text.parse::<cedar_policy::Policy>().unwrap().to_json().unwrap()).unwrap()
    }

    fn bits(names: &[&str]) -> u64 {
        names.iter().map(|n| SliceFacts::bit(n).unwrap()).fold(0, |all, bit| all | bit)
    }

    #[test]
    fn leading_facts_are_what_it_waits_for() {
        let g = guard(
            "when { context.part2 && !context.own && context.consent } unless { context.erased || context.sealed }",
        );
        assert_eq!((g.must, g.must_not), (bits(&["part2", "consent"]), bits(&["own", "erased", "sealed"])));
        assert_eq!(g.names, bits(&["part2", "consent", "own", "erased", "sealed"]));
        assert!(g.holds(bits(&["part2", "consent", "notice_ready"])));
        assert!(!g.holds(bits(&["part2", "consent", "sealed"])));
        assert!(!g.holds(bits(&["part2"])));
    }

    #[test]
    fn nothing_after_another_term_is_waited_for() {
        let g = guard("when { context.part2 && (context.own || context.sealed) && context.consent }");
        assert_eq!((g.must, g.must_not), (bits(&["part2"]), 0));
        assert_eq!(g.names, bits(&["part2", "own", "sealed", "consent"]));
        let g = guard("when { 9223372036854775807 + 1 > 0 && context.erased }");
        assert_eq!((g.must, g.must_not, g.names), (0, 0, bits(&["erased"])));
        let g = guard("when { !(context.part2 && context.own) } unless { context.erased }");
        assert_eq!((g.must, g.must_not), (0, 0));
        assert!(g.holds(0));
    }
}
