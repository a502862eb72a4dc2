//! The pipeline as Cedar runs it: floors forbid, paths permit, an error denies.

use std::collections::HashMap;
use std::sync::Arc;

use cedar_policy::{
    Authorizer, Context, Decision, Effect, Entities, EntityUid, PolicyId, PolicySet, Request, RestrictedExpression,
    Schema, ValidationMode, Validator,
};

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

/// The validated policies, ready to evaluate. No entities: the context says it all.
pub struct Engine {
    policies: PolicySet,
    roles: HashMap<PolicyId, (Role, PolicyRef)>,
    authorizer: Authorizer,
    entities: Entities,
    principal: EntityUid,
    action: EntityUid,
    resource: EntityUid,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({} policies)", self.roles.len())
    }
}

impl Engine {
    /// Parses and validates. `schema` must know every fact and no other.
    pub(crate) fn load(schema: &str, floors: &str, paths: &str) -> Result<Self, String> {
        let (schema, _) = Schema::from_cedarschema_str(schema).map_err(|e| format!("schema.cedarschema: {e}"))?;
        let engine = Self::unchecked(floors, paths)?;
        let validated = Validator::new(schema.clone()).validate(&engine.policies, ValidationMode::Strict);
        if let Some(error) = validated.validation_errors().next() {
            return Err(error.to_string());
        }
        engine.request(&SliceFacts::default(), Some(&schema)).map_err(|e| format!("schema.cedarschema: {e}"))?;
        Ok(engine)
    }

    fn unchecked(floors: &str, paths: &str) -> Result<Self, String> {
        let text = format!("{floors}\n{paths}");
        let policies: PolicySet = text.parse().map_err(|e| format!("{e}"))?;
        let mut roles = HashMap::new();
        for policy in policies.policies() {
            let word = |key: &str| policy.annotation(key).ok_or_else(|| format!("a policy lacks @{key}"));
            let name = PolicyRef { id: word("id")?.into(), cite: word("cite")?.into() };
            let role = match policy.effect() {
                Effect::Forbid => Role::Floor(word("reason")?.parse().map_err(|e| format!("{}: {e}", name.id))?),
                Effect::Permit => {
                    Role::Path(Path::parse(word("path")?).ok_or_else(|| format!("{}: unknown @path", name.id))?)
                }
            };
            roles.insert(policy.id().clone(), (role, name));
        }
        let uid = |text: &str| text.parse::<EntityUid>().map_err(|e| e.to_string());
        Ok(Self {
            policies,
            roles,
            authorizer: Authorizer::new(),
            entities: Entities::empty(),
            principal: uid("Recipient::\"recipient\"")?,
            action: uid("Action::\"release\"")?,
            resource: uid("Slice::\"slice\"")?,
        })
    }

    fn request(&self, facts: &SliceFacts, schema: Option<&Schema>) -> Result<Request, String> {
        let pairs = facts.pairs().map(|(name, yes)| (name.to_owned(), RestrictedExpression::new_bool(yes)));
        let context = Context::from_pairs(pairs).map_err(|e| e.to_string())?;
        Request::new(self.principal.clone(), self.action.clone(), self.resource.clone(), context, schema)
            .map_err(|e| e.to_string())
    }

    /// One cold evaluation. Any error is a deny: Cedar skips a policy that errs, and a floor must not vanish.
    #[must_use]
    pub fn evaluate(&self, facts: &SliceFacts) -> Verdict {
        let Ok(request) = self.request(facts, None) else { return failed() };
        let response = self.authorizer.is_authorized(&request, &self.policies, &self.entities);
        if response.diagnostics().errors().next().is_some() {
            return failed();
        }
        let spoke = response.diagnostics().reason().filter_map(|id| self.roles.get(id));
        match response.decision() {
            Decision::Allow => {
                let paths = spoke.filter_map(|(role, name)| match role {
                    Role::Path(path) => Some((*path, name)),
                    Role::Floor(_) => None,
                });
                match paths.min_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id))) {
                    Some((path, name)) => Verdict::Permit(path, name.clone()),
                    None => failed(),
                }
            }
            Decision::Deny => {
                let mut floors: Vec<_> = spoke
                    .filter_map(|(role, name)| match role {
                        Role::Floor(reason) => Some((*reason, name.clone())),
                        Role::Path(_) => None,
                    })
                    .collect();
                floors.sort_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
                Verdict::Deny(floors)
            }
        }
    }
}

fn failed() -> Verdict {
    let policy = PolicyRef { id: "fail-closed".into(), cite: "any evaluation error is a deny".into() };
    Verdict::Deny(vec![(Reason::EvaluationError, policy)])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
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
    fn nothing_is_released_without_a_path() {
        let engine = Engine::load(SCHEMA, FLOORS, PATHS).unwrap();
        let facts = SliceFacts { parties_active: true, ..SliceFacts::default() };
        assert_eq!(engine.evaluate(&facts), Verdict::Deny(Vec::new()));
    }
}
