//! cvc5: found, asked for its version, started.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use cedar_policy_symcc::CedarSymCompiler;
use cedar_policy_symcc::solver::LocalSolver;

use crate::error::{ProveError, chain};

/// Wall time for one query. A property of this law takes milliseconds.
const QUERY_LIMIT: &str = "--tlimit-per=60000";

/// A cvc5 on this machine.
#[derive(Clone, Debug)]
pub struct Solver {
    path: PathBuf,
    version: String,
}

impl Solver {
    /// The one given, else the one that `CVC5` names, else the first on `PATH`.
    ///
    /// # Errors
    /// HO-4400 where there is none; HO-4401 where what was named is none.
    pub fn find(given: Option<&Path>) -> Result<Self, ProveError> {
        let named = given.map(Path::to_owned).or_else(|| std::env::var_os("CVC5").map(PathBuf::from));
        match named.filter(|path| !path.as_os_str().is_empty()).or_else(on_path) {
            Some(path) => Self::at(path),
            None => Err(ProveError::NoSolver),
        }
    }

    fn at(path: PathBuf) -> Result<Self, ProveError> {
        let answer = std::process::Command::new(&path).arg("--version").stdin(Stdio::null()).output();
        let text = answer.map(|a| String::from_utf8_lossy(&a.stdout).into_owned()).unwrap_or_default();
        let version = text.split_once("cvc5 version ").and_then(|(_, rest)| rest.split_whitespace().next());
        match version {
            Some(version) => Ok(Self { version: version.to_owned(), path }),
            None => Err(ProveError::NotSolver(path)),
        }
    }

    /// For example `1.0.3`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// A process of its own; it ends when what is returned is dropped.
    pub(crate) fn start(&self) -> Result<CedarSymCompiler<LocalSolver>, String> {
        let mut command = tokio::process::Command::new(&self.path);
        command.args(["--lang", "smt", QUERY_LIMIT]).kill_on_drop(true);
        let solver = LocalSolver::from_command(&mut command).map_err(|e| chain(&e))?;
        CedarSymCompiler::new(solver).map_err(|e| chain(&e))
    }
}

fn on_path() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join("cvc5")).find(|path| path.is_file())
}
