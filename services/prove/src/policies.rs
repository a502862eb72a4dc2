//! The policies, proven for every set of facts in every request environment of their schema.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use cedar_policy::{Effect, Policy, PolicySet, RequestEnv, Schema};
use cedar_policy_symcc::{CompiledPolicy, CompiledPolicySet};
use handoff_law::{Bundle, BundleError};

use crate::counterexample::Replay;
use crate::error::{ProveError, chain};
use crate::property::{self, Property};
use crate::report::{Counterexample, Line, Method, Outcome};
use crate::solver::Solver;
use crate::words::Words;

const POLICIES: &str = "floors.cedar, paths.cedar, schema.cedarschema";

/// One version of the law, as the solver reads it and as the engine loads it.
#[derive(Debug)]
pub struct Law {
    bundle: Arc<Bundle>,
    schema: Schema,
    policies: PolicySet,
    environments: Vec<RequestEnv>,
}

/// Nothing found, or a case in which the property does not hold; else why neither could be said.
type Found = Result<Option<Counterexample>, String>;

impl Law {
    /// Reads a bundle's files, as [`Bundle::embedded_files`] gives them.
    ///
    /// # Errors
    /// As [`Bundle::parse`].
    pub fn read(files: &BTreeMap<String, String>) -> Result<Self, ProveError> {
        let bundle = Arc::new(Bundle::parse(files)?);
        let file = |name: &'static str| files.get(name).map(String::as_str).ok_or(BundleError::Missing(name));
        let bad = |why: String| BundleError::Unreadable { file: POLICIES, why };
        let (schema, _) = Schema::from_cedarschema_str(file("schema.cedarschema")?).map_err(|e| bad(e.to_string()))?;
        let text = format!("{}\n{}", file("floors.cedar")?, file("paths.cedar")?);
        let policies = text.parse::<PolicySet>().map_err(|e| bad(e.to_string()))?;
        let environments = schema.request_envs().collect();
        Ok(Self { bundle, schema, policies, environments })
    }

    /// The same law as the engine has it.
    #[must_use]
    pub fn bundle(&self) -> Arc<Bundle> {
        Arc::clone(&self.bundle)
    }

    /// How many request environments there are: kinds of recipient, action and slice.
    #[must_use]
    pub fn environments(&self) -> usize {
        self.environments.len()
    }

    /// How many policies there are.
    #[must_use]
    pub fn policies(&self) -> usize {
        self.policies.policies().count()
    }

    /// Proves every property, one line each.
    ///
    /// # Errors
    /// HO-4402 where this build's own properties cannot be read.
    pub async fn prove(&self, solver: &Solver) -> Result<Vec<Line>, ProveError> {
        let words = Words::read()?;
        let mut lines = Vec::new();
        for question in questions()? {
            lines.push(self.answer(solver, &words, question).await);
        }
        Ok(lines)
    }

    /// Proves one property; none where there is none of this id.
    ///
    /// # Errors
    /// As [`Self::prove`].
    pub async fn property(&self, solver: &Solver, id: &str) -> Result<Option<Line>, ProveError> {
        let words = Words::read()?;
        match questions()?.into_iter().find(|question| question.id == id) {
            Some(question) => Ok(Some(self.answer(solver, &words, question).await)),
            None => Ok(None),
        }
    }

    async fn answer(&self, solver: &Solver, words: &Words, question: Question) -> Line {
        let started = Instant::now();
        let found = match &question.ask {
            Ask::NeverErrs => self.errs(solver, words).await,
            Ask::Keeps(property) => self.breach(solver, words, property).await,
            Ask::EveryPathOpen => self.shadowed(solver).await,
        };
        Line {
            id: question.id,
            title: question.title,
            cite: question.cite,
            method: Method::Policies,
            millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            applied: None,
            outcome: match found {
                Ok(None) => Outcome::Proven,
                Ok(Some(counterexample)) => Outcome::Failed(counterexample),
                Err(why) => Outcome::Undecided(why),
            },
        }
    }

    /// The first policy that can err, on which facts.
    async fn errs(&self, solver: &Solver, words: &Words) -> Found {
        let mut compiler = solver.start()?;
        for env in &self.environments {
            for policy in self.policies.policies() {
                let compiled = self.one(policy, env)?;
                let found = compiler.check_never_errors_with_counterexample_opt(&compiled).await;
                if let Some(found) = found.map_err(|e| chain(&e))? {
                    let replay = Replay { law: &self.policies, found: &found, words };
                    return Ok(Some(replay.error(policy)));
                }
            }
        }
        Ok(None)
    }

    /// What the law permits although the property forbids it.
    async fn breach(&self, solver: &Solver, words: &Words, property: &Property) -> Found {
        let kept = property.policy().parse::<PolicySet>().map_err(|e| e.to_string())?;
        let mut compiler = solver.start()?;
        for env in &self.environments {
            let (law, keeps) = (self.all(&self.policies, env)?, self.all(&kept, env)?);
            let found = compiler.check_implies_with_counterexample_opt(&law, &keeps).await;
            if let Some(found) = found.map_err(|e| chain(&e))? {
                let replay = Replay { law: &self.policies, found: &found, words };
                return Ok(Some(replay.breach(&kept)));
            }
        }
        Ok(None)
    }

    /// A path by which nothing can ever be released: properties that hold of nothing prove nothing.
    async fn shadowed(&self, solver: &Solver) -> Found {
        let mut compiler = solver.start()?;
        for policy in self.policies.policies().filter(|p| p.effect() == Effect::Permit) {
            let mut open = false;
            for env in &self.environments {
                let (law, path) = (self.all(&self.policies, env)?, self.one(policy, env)?.into_compiled_policyset());
                open |= !compiler.check_disjoint_opt(&law, &path).await.map_err(|e| chain(&e))?;
            }
            if !open {
                let id = policy.annotation("id").unwrap_or("a policy without an id");
                return Ok(Some(nothing_by(id)));
            }
        }
        Ok(None)
    }

    fn all(&self, policies: &PolicySet, env: &RequestEnv) -> Result<CompiledPolicySet, String> {
        CompiledPolicySet::compile(policies, env, &self.schema).map_err(|e| chain(&e))
    }

    fn one(&self, policy: &Policy, env: &RequestEnv) -> Result<CompiledPolicy, String> {
        CompiledPolicy::compile(policy, env, &self.schema).map_err(|e| chain(&e))
    }
}

/// What is asked of the solver.
enum Ask {
    NeverErrs,
    Keeps(Property),
    EveryPathOpen,
}

struct Question {
    id: String,
    title: String,
    cite: String,
    ask: Ask,
}

fn question(id: &str, title: &str, cite: &str, ask: Ask) -> Question {
    Question { id: id.to_owned(), title: title.to_owned(), cite: cite.to_owned(), ask }
}

fn questions() -> Result<Vec<Question>, ProveError> {
    let errs = "design.md: any evaluation error is a deny";
    let open = "every path releases something, so that nothing holds by denying all";
    let keeps = |property: Property| {
        let (id, title, cite) = (property.id.clone(), property.title.clone(), property.cite.clone());
        Question { id, title, cite, ask: Ask::Keeps(property) }
    };
    let mut all = vec![question("policies-never-err", "no policy can err", errs, Ask::NeverErrs)];
    all.extend(property::read()?.into_iter().map(keeps));
    all.push(question("paths-open", open, "rulebook 7.3", Ask::EveryPathOpen));
    Ok(all)
}

fn nothing_by(id: &str) -> Counterexample {
    Counterexample {
        why: format!("nothing can ever be released by `{id}`"),
        facts: Vec::new(),
        lacking: Vec::new(),
        permitted_by: Vec::new(),
    }
}
