mod folder;
mod versions;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::Result;
use handoff_law::Bundle;
use handoff_prove::{Line, Method, Outcome, Report, Solver, Space};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::cli::ProveLaw;
use crate::output;
pub use versions::{check, list, put_in_force};

/// `handoff law prove`: one line a property, a counterexample under each that fails.
///
/// # Errors
/// HO-9020 where the folder cannot be read; HO-4400, HO-4401 without a solver; HO-4402 to HO-4404 where this build's own
/// proof is wrong; the bundle's.
pub async fn prove(with: &ProveLaw, as_json: bool) -> Result<ExitCode> {
    let solver = Solver::find(with.cvc5.as_deref())?;
    let space = Space::whole();
    let quiet = as_json || !std::io::stderr().is_terminal();
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(space.rulings()) };
    let moving = bar.clone();
    let progress = move |done: u64, _: u64| moving.set_position(done);
    let files = match &with.law {
        Some(dir) => folder::read(dir)?,
        None => Bundle::embedded_files(),
    };
    let report = handoff_prove::prove(&files, &solver, space, progress).await?;
    bar.finish_and_clear();
    if as_json {
        output::print(&as_value(&report)?);
    } else {
        print(&report);
    }
    Ok(if report.holds() { output::DONE } else { ExitCode::from(1) })
}

fn as_value(report: &Report) -> Result<Value> {
    let mut value = serde_json::to_value(report)?;
    if let Value::Object(members) = &mut value {
        members.insert("holds".to_owned(), json!(report.holds()));
    }
    Ok(value)
}

fn print(report: &Report) {
    let said = [
        (Method::Policies, format!("{} policies, for every set of facts (cvc5 {})", report.policies, report.solver)),
        (Method::Walk, format!("{} rulings of the engine, case by case", report.rulings)),
    ];
    for (method, title) in said {
        anstream::println!("{title}");
        report.lines.iter().filter(|line| line.method == method).for_each(property);
        anstream::println!();
    }
    let (environments, combinations) = (report.environments, report.combinations);
    anstream::println!("law {}", report.bundle);
    anstream::println!("{environments} request environments; {combinations} combinations walked");
    let failed = report.lines.iter().filter(|line| !line.holds()).count();
    match failed {
        0 => anstream::println!("proven: all {} properties hold", report.lines.len()),
        _ => anstream::println!("NOT proven: {failed} of {} properties", report.lines.len()),
    }
}

fn property(line: &Line) {
    let word = match line.outcome {
        Outcome::Proven => "PROVEN",
        Outcome::Failed(_) => "FAILED",
        Outcome::Undecided(_) => "UNDECIDED",
    };
    let took = match line.applied {
        Some(applied) => format!("{applied} cases"),
        None => format!("{} ms", line.millis),
    };
    anstream::println!("  {word:<9} {took:>14}  {} [{}] {}", line.title, line.cite, line.id);
    match &line.outcome {
        Outcome::Proven => {}
        Outcome::Undecided(why) => anstream::println!("      {why}"),
        Outcome::Failed(example) => {
            anstream::println!("      {}, although", example.why);
            example.facts.iter().for_each(|fact| anstream::println!("        - {fact}"));
            if !example.lacking.is_empty() {
                anstream::println!("      and none of these holds");
                example.lacking.iter().for_each(|fact| anstream::println!("        - {fact}"));
            }
            example.permitted_by.iter().for_each(|policy| anstream::println!("      permitted by {policy}"));
        }
    }
}
