//! Proof that the law in `consent/law` keeps what the rulebook promises.
//!
//! The policies are proven for every set of facts, by Cedar's symbolic compiler and the solver cvc5. How facts are
//! gathered, which Cedar cannot see, is walked case by case over a finite space. Both print their counterexamples in
//! the rulebook's words.

mod counterexample;
mod error;
mod policies;
mod property;
mod report;
mod solver;
mod walk;
mod words;

use std::collections::BTreeMap;

pub use error::ProveError;
pub use policies::Law;
pub use report::{Counterexample, Line, Method, Outcome, Report};
pub use solver::Solver;
pub use walk::{Space, Walked, walk};

/// Proves one version of the law: every property of the policies, then the whole walk. `files` are a bundle's, as
/// [`handoff_law::Bundle::embedded_files`] gives them; `progress` hears rulings done and rulings in all.
///
/// # Errors
/// A bundle that does not load; a property of this build that cannot be read; a walk that cannot be set up. What does
/// not hold, and what could not be decided, is no error: it stands in the report.
pub async fn prove(
    files: &BTreeMap<String, String>,
    solver: &Solver,
    space: Space,
    progress: impl Fn(u64, u64) + Send + Sync + 'static,
) -> Result<Report, ProveError> {
    let law = Law::read(files)?;
    let mut lines = law.prove(solver).await?;
    let bundle = law.bundle();
    let walking = tokio::task::spawn_blocking(move || walk(&bundle, &space, &progress));
    let walked = walking.await.map_err(|_| ProveError::Walk)??;
    lines.extend(walked.lines);
    Ok(Report {
        bundle: law.bundle().hash,
        solver: solver.version().to_owned(),
        environments: law.environments(),
        policies: law.policies(),
        rulings: walked.rulings,
        combinations: walked.combinations,
        lines,
    })
}
