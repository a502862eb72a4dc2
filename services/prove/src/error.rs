use std::error::Error;
use std::path::PathBuf;

use handoff_law::BundleError;

/// What kept a proof from being carried out. Nothing in it is about a person.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    #[error("HO-4400 no cvc5 was found: `apt install cvc5`, or name one with `--cvc5` or in `CVC5`")]
    NoSolver,
    #[error("HO-4401 `{}` does not answer `--version` like cvc5: name a cvc5 with `--cvc5` or in `CVC5`", .0.display())]
    NotSolver(PathBuf),
    #[error("HO-4402 `{file}` of this build cannot be read: {why}: report it as a defect")]
    Unreadable { file: &'static str, why: String },
    #[error("HO-4403 the walk cannot set up its county: {0}: report it as a defect")]
    County(String),
    #[error("HO-4404 the walk ended early: report it as a defect")]
    Walk,
    #[error(transparent)]
    Law(#[from] BundleError),
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
