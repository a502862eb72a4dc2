//! `handoff cases run`: cases as data, against the rules of this build. Starts no hub.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use handoff_cases::{CaseFile, Difference, Documents, Outcome, Report};
use serde_json::json;

use crate::output;

/// Runs every case of these files, and of every YAML file in these folders.
///
/// # Errors
/// HO-9020 for a path that cannot be read; HO-9060, HO-9061 for a file that is no file of cases; HO-9062 where there are
/// none.
pub fn run(paths: &[PathBuf], as_json: bool) -> Result<ExitCode> {
    let mut reports = Vec::new();
    for path in files(paths)? {
        let name = path.display().to_string();
        let file = CaseFile::parse(&name, &read(&path)?)?;
        let documents = documents(&file, path.parent().unwrap_or(Path::new(".")))?;
        for case in &file.cases {
            reports.push(handoff_cases::run(&file, case, &documents)?);
        }
    }
    if reports.is_empty() {
        bail!("HO-9062 there is no case in the paths given: name a YAML file, or a folder of YAML files");
    }
    let failed = reports.iter().filter(|r| r.outcome.is_failure()).count();
    let awaiting = reports.iter().filter(|r| matches!(r.outcome, Outcome::Awaiting { .. })).count();
    let passed = reports.len() - failed - awaiting;
    if as_json {
        let total = json!({ "cases": reports.len(), "passed": passed, "failed": failed, "awaiting": awaiting });
        output::print(&json!({ "cases": reports, "total": total }));
    } else {
        reports.iter().for_each(print);
        anstream::println!("{} cases: {passed} passed, {failed} failed, {awaiting} awaiting", reports.len());
    }
    Ok(if failed == 0 { output::DONE } else { ExitCode::from(1) })
}

/// Files as they are, folders as their YAML files in the order of their names.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            all.push(path.clone());
            continue;
        }
        let unreadable = || format!("HO-9020 `{}` cannot be read", path.display());
        let mut found = Vec::new();
        for entry in std::fs::read_dir(path).with_context(unreadable)? {
            let path = entry.with_context(unreadable)?.path();
            if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
                found.push(path);
            }
        }
        found.sort();
        all.append(&mut found);
    }
    Ok(all)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("HO-9020 `{}` cannot be read", path.display()))
}

/// The agreement documents that the cases name, from beside their file.
fn documents(file: &CaseFile, folder: &Path) -> Result<Documents> {
    file.documents().into_iter().map(|name| Ok((name.to_owned(), read(&folder.join(name))?))).collect()
}

fn print(report: &Report) {
    let line = |word: &str, more: &str| anstream::println!("{word:<8} {:<8} {}{more}", report.id, report.title);
    match &report.outcome {
        Outcome::Pass => line("PASS", ""),
        Outcome::Fail { differences } => {
            line("FAIL", "");
            differences.iter().for_each(difference);
        }
        Outcome::Awaiting { awaits, .. } => line("AWAITING", &format!(" (awaits: {awaits})")),
        Outcome::Arrived { awaits } => {
            line("FAIL", "");
            anstream::println!("         awaits: \"{awaits}\" stands on a case that passes: take it out");
        }
    }
}

fn difference(d: &Difference) {
    let place = if d.step == 0 { String::new() } else { format!("step {}: ", d.step) };
    anstream::println!("         {place}{}: expected {}, found {}", d.key, d.expected, d.found);
}
