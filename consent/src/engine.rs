//! The pipeline as Cedar runs it: floors forbid, paths permit, an error denies.

mod guard;

use std::sync::Arc;

use cedar_policy::{
    Authorizer, Context, Effect, Entities, EntityUid, ParseErrors, PolicySet, Request, RestrictedExpression, Schema,
    ValidationMode, Validator,
};
use guard::Guard;
use miette::Diagnostic;

use crate::bundle::place;
use crate::facts::SliceFacts;
use crate::reason::Reason;

/// A way to a release that `paths.cedar` permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    Own,
    Participation,
    AgreementTerm,
    Status,
    /// By a data use agreement, 45 CFR 164.514(e).
    LimitedDataSet,
    /// By an agreement under 42 CFR 2.53.
    Audit,
    LifeSafety,
    Consent,
    Authorization,
    /// By a reviewed hook, where the cell leaves it to one. After the person's own word, which may open more.
    StateHook,
    Exception,
    CourtOrder,
    /// What an emergency disclosure leaves in the source's records.
    Record,
}

impl Path {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "own" => Self::Own,
            "participation" => Self::Participation,
            "agreement-term" => Self::AgreementTerm,
            "status" => Self::Status,
            "limited-data-set" => Self::LimitedDataSet,
            "audit" => Self::Audit,
            "life-safety" => Self::LifeSafety,
            "consent" => Self::Consent,
            "authorization" => Self::Authorization,
            "state-hook" => Self::StateHook,
            "exception" => Self::Exception,
            "court-order" => Self::CourtOrder,
            "record" => Self::Record,
            _ => return None,
        })
    }

    /// Whether the path leans on the candidate consent.
    #[must_use]
    pub const fn by_consent(self) -> bool {
        matches!(self, Self::Consent | Self::Authorization)
    }
}

/// A policy of the bundle as an explanation names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRef {
    pub id: Arc<str>,
    pub cite: Arc<str>,
}

/// What Cedar says about one set of facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The first path in the order of [`Path`], the least dependent one; of two policies of one path the first by id,
    /// so that the same facts always name the same law.
    Permit(Path, PolicyRef),
    /// Floors that forbid, most decisive first; empty where no path permits.
    Deny(Vec<(Reason, PolicyRef)>),
}

enum Role {
    Floor(Reason),
    Path(Path),
}

/// One policy, with what it says and what it waits for.
struct Rule {
    alone: PolicySet,
    guard: Guard,
    role: Role,
    name: PolicyRef,
}

/// The files an error belongs to that points at no place in them.
const POLICIES: &str = "floors.cedar, paths.cedar";

/// The validated policies, ready to evaluate. No entities: the context says it all.
pub struct Engine {
    rules: Vec<Rule>,
    authorizer: Authorizer,
    entities: Entities,
    principal: EntityUid,
    action: EntityUid,
    resource: EntityUid,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({} policies)", self.rules.len())
    }
}

impl Engine {
    /// Parses and validates. `schema` must know every fact and no other.
    ///
    /// # Errors
    /// The file, and what is wrong in it.
    pub(crate) fn load(schema: &str, floors: &str, paths: &str) -> Result<Self, (&'static str, String)> {
        let of_schema = |why: String| ("schema.cedarschema", why);
        let (schema, _) = Schema::from_cedarschema_str(schema).map_err(|e| of_schema(in_line(schema, &e)))?;
        let policies: PolicySet =
            format!("{floors}\n{paths}").parse().map_err(|e: ParseErrors| placed(floors, paths, &e))?;
        let engine = Self::unchecked(&policies).map_err(|why| (POLICIES, why))?;
        let validated = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        if let Some(error) = validated.validation_errors().next() {
            return Err(placed(floors, paths, error));
        }
        engine.request(SliceFacts::default(), u64::MAX, Some(&schema)).map_err(of_schema)?;
        Ok(engine)
    }

    fn unchecked(policies: &PolicySet) -> Result<Self, String> {
        let mut rules = Vec::new();
        for policy in policies.policies() {
            let word = |key: &str| policy.annotation(key).ok_or_else(|| format!("a policy lacks @{key}"));
            let name = PolicyRef { id: word("id")?.into(), cite: word("cite")?.into() };
            let role = match policy.effect() {
                Effect::Forbid => Role::Floor(word("reason")?.parse().map_err(|e| format!("{}: {e}", name.id))?),
                Effect::Permit => {
                    Role::Path(Path::parse(word("path")?).ok_or_else(|| format!("{}: unknown @path", name.id))?)
                }
            };
            let said = |e: String| format!("{}: {e}", name.id);
            let guard = policy.to_json().map_err(|e| e.to_string()).and_then(|json| Guard::of(&json)).map_err(said)?;
            let alone = PolicySet::from_policies([policy.clone()]).map_err(|e| said(e.to_string()))?;
            rules.push(Rule { alone, guard, role, name });
        }
        // In one order whatever the set's own is: the same facts always name the same law.
        rules.sort_by(|a, b| a.name.id.cmp(&b.name.id));
        let uid = |text: &str| text.parse::<EntityUid>().map_err(|e| e.to_string());
        Ok(Self {
            rules,
            authorizer: Authorizer::new(),
            entities: Entities::empty(),
            principal: uid("Recipient::\"recipient\"")?,
            action: uid("Action::\"release\"")?,
            resource: uid("Slice::\"slice\"")?,
        })
    }

    /// The facts among `names`, as policies see them. One that a policy asks for and does not find is an error to it.
    fn request(&self, facts: SliceFacts, names: u64, schema: Option<&Schema>) -> Result<Request, String> {
        let named = facts.pairs().filter(|(name, _)| SliceFacts::bit(name).is_some_and(|bit| names & bit != 0));
        let pairs = named.map(|(name, yes)| (name.to_owned(), RestrictedExpression::new_bool(yes)));
        let context = Context::from_pairs(pairs).map_err(|e| e.to_string())?;
        Request::new(self.principal.clone(), self.action.clone(), self.resource.clone(), context, schema)
            .map_err(|e| e.to_string())
    }

    /// One cold evaluation: Cedar is asked about every policy whose guard holds, each by itself, and a forbid overrides
    /// every permit. Any error is a deny: Cedar skips a policy that errs, and a floor must not vanish.
    #[must_use]
    pub fn evaluate(&self, facts: &SliceFacts) -> Verdict {
        let bits = facts.bits();
        let waiting = || self.rules.iter().filter(|rule| rule.guard.holds(bits));
        let names = waiting().fold(0, |names, rule| names | rule.guard.names);
        let Ok(request) = self.request(*facts, names, None) else { return failed() };
        let (mut floors, mut first) = (Vec::new(), None::<(Path, &PolicyRef)>);
        for rule in waiting() {
            let response = self.authorizer.is_authorized(&request, &rule.alone, &self.entities);
            if response.diagnostics().errors().next().is_some() {
                return failed();
            }
            if response.diagnostics().reason().next().is_none() {
                continue;
            }
            match rule.role {
                Role::Floor(reason) => floors.push((reason, rule.name.clone())),
                Role::Path(path) if first.is_none_or(|(known, _)| path < known) => first = Some((path, &rule.name)),
                Role::Path(_) => {}
            }
        }
        match first {
            Some((path, name)) if floors.is_empty() => Verdict::Permit(path, name.clone()),
            _ => {
                floors.sort_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
                Verdict::Deny(floors)
            }
        }
    }
}

/// The file that the error points into, and its words after the line.
fn placed(floors: &str, paths: &str, error: &dyn Diagnostic) -> (&'static str, String) {
    match place::offset(error) {
        None => (POLICIES, error.to_string()),
        // The policies are read as one text, a line break between the files.
        Some(at) => match at.checked_sub(floors.len() + 1) {
            None => ("floors.cedar", in_line(floors, error)),
            Some(at) => ("paths.cedar", format!("line {}: {error}", place::line(paths, at))),
        },
    }
}

fn in_line(text: &str, error: &dyn Diagnostic) -> String {
    match place::offset(error) {
        Some(at) => format!("line {}: {error}", place::line(text, at)),
        None => error.to_string(),
    }
}

fn failed() -> Verdict {
    let policy = PolicyRef { id: "fail-closed".into(), cite: "any evaluation error is a deny".into() };
    Verdict::Deny(vec![(Reason::EvaluationError, policy)])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use cedar_policy::{Decision, Policy};

    use super::*;

    const SCHEMA: &str = include_str!("../law/schema.cedarschema");
    const FLOORS: &str = include_str!("../law/floors.cedar");
    const PATHS: &str = include_str!("../law/paths.cedar");

    #[test]
    fn a_forbid_that_errs_denies_everything() {
        let erring = format!(
            "{FLOORS}\n@id(\"e\") @cite(\"c\") @reason(\"ERASED\")\nforbid (principal, action, resource)\n\
             when {{ 9223372036854775807 + 1 > 0 && context.erased }};"
        );
        let engine = Engine::load(SCHEMA, &erring, PATHS).unwrap();
        let open = SliceFacts { own: true, parties_active: true, ..SliceFacts::default() };
        let Verdict::Deny(reasons) = engine.evaluate(&open) else { panic!("released in spite of an error") };
        assert_eq!(reasons.first().map(|r| r.0), Some(Reason::EvaluationError));
        let sound = Engine::load(SCHEMA, FLOORS, PATHS).unwrap();
        assert!(matches!(sound.evaluate(&open), Verdict::Permit(Path::Own, _)));
    }

    #[test]
    fn a_policy_about_an_unknown_fact_does_not_load() {
        let typo = format!(
            "{FLOORS}\n@id(\"e\") @cite(\"c\") @reason(\"ERASED\")\nforbid (principal, action, resource)\n\
             when {{ context.erazed }};"
        );
        assert!(Engine::load(SCHEMA, &typo, PATHS).is_err());
        let unnamed = format!("{FLOORS}\nforbid (principal, action, resource) when {{ context.erased }};");
        assert!(Engine::load(SCHEMA, &unnamed, PATHS).is_err());
        let narrower = SCHEMA.replace("    erased: Bool,\n", "");
        assert!(Engine::load(&narrower, FLOORS, PATHS).is_err());
    }

    #[test]
    fn a_fault_is_told_in_the_file_and_the_line_where_it_stands() {
        let typo = "@id(\"e\") @cite(\"c\") @path(\"own\") @reason(\"ERASED\")\npermit (principal, action, resource)\n\
                    when { context.erazed };";
        let wrong = |floors: String, paths: String| Engine::load(SCHEMA, &floors, &paths).unwrap_err();
        // The policy's second line tells of a fact no schema has; its own first line comes after one that is empty.
        let (file, why) = wrong(FLOORS.to_owned(), format!("{PATHS}\n{typo}"));
        let line = why.strip_prefix("line ").and_then(|rest| rest.split(':').next()).unwrap().parse::<usize>().unwrap();
        let begins = PATHS.matches('\n').count() + 2;
        assert!(file == "paths.cedar" && (begins..=begins + 2).contains(&line), "{file} {why}");
        let (file, why) = wrong(format!("{typo}\n{FLOORS}"), PATHS.to_owned());
        assert!(
            file == "floors.cedar" && ["line 1:", "line 2:", "line 3:"].iter().any(|l| why.starts_with(l)),
            "{why}"
        );
    }

    /// What the whole set says, as Cedar itself combines it.
    fn whole(engine: &Engine, policies: &PolicySet, facts: SliceFacts) -> Verdict {
        let request = engine.request(facts, u64::MAX, None).unwrap();
        let response = engine.authorizer.is_authorized(&request, policies, &engine.entities);
        if response.diagnostics().errors().next().is_some() {
            return failed();
        }
        let spoke: Vec<_> = response.diagnostics().reason().map(|id| policies.policy(id).unwrap()).collect();
        let name = |p: &Policy| PolicyRef {
            id: p.annotation("id").unwrap().into(),
            cite: p.annotation("cite").unwrap().into(),
        };
        if response.decision() == Decision::Allow {
            let paths = spoke.iter().map(|p| (Path::parse(p.annotation("path").unwrap()).unwrap(), name(p)));
            let (path, policy) = paths.min_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id))).unwrap();
            return Verdict::Permit(path, policy);
        }
        let floors = spoke.iter().map(|p| (p.annotation("reason").unwrap().parse::<Reason>().unwrap(), name(p)));
        let mut floors: Vec<_> = floors.collect();
        floors.sort_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
        Verdict::Deny(floors)
    }

    /// A few facts at a time: with all at random nearly everything is forbidden by everything.
    fn words() -> impl Iterator<Item = u64> {
        let mut n = 0x9e37_79b9_7f4a_7c15_u64;
        std::iter::repeat_with(move || {
            n ^= n << 13;
            n ^= n >> 7;
            n ^= n << 17;
            n
        })
    }

    #[test]
    fn passing_over_policies_changes_no_answer() {
        let erring = "@id(\"e\") @cite(\"c\") @reason(\"ERASED\")\nforbid (principal, action, resource)\n\
                      when { context.sealed && (9223372036854775807 + 1 > 0) && context.erased };";
        let (mut permits, mut denials, mut errors) = (0, 0, 0);
        for floors in [FLOORS.to_owned(), format!("{FLOORS}\n{erring}")] {
            let engine = Engine::load(SCHEMA, &floors, PATHS).unwrap();
            let policies: PolicySet = format!("{floors}\n{PATHS}").parse().unwrap();
            let active = SliceFacts { parties_active: true, ..SliceFacts::default() }.bits();
            let mut random = words();
            for _ in 0..20_000 {
                let mut next = || random.next().unwrap();
                let sparse = (0..next() % 4).fold(u64::MAX, |word, _| word & next());
                let facts = SliceFacts::from_bits(sparse | if next() % 8 == 0 { 0 } else { active });
                let verdict = engine.evaluate(&facts);
                assert_eq!(verdict, whole(&engine, &policies, facts), "{facts:?}");
                match verdict {
                    Verdict::Permit(..) => permits += 1,
                    Verdict::Deny(why) if why.iter().any(|(r, _)| *r == Reason::EvaluationError) => errors += 1,
                    Verdict::Deny(_) => denials += 1,
                }
            }
            for bit in 0..64 {
                let facts = SliceFacts::from_bits(active | 1 << bit);
                assert_eq!(engine.evaluate(&facts), whole(&engine, &policies, facts), "{facts:?}");
            }
        }
        assert!(permits > 100 && denials > 10_000 && errors > 100, "{permits} {denials} {errors}");
    }

    #[test]
    fn nothing_is_released_without_a_path() {
        let engine = Engine::load(SCHEMA, FLOORS, PATHS).unwrap();
        let facts = SliceFacts { parties_active: true, ..SliceFacts::default() };
        assert_eq!(engine.evaluate(&facts), Verdict::Deny(Vec::new()));
    }
}
