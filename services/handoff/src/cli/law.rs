//! Questions to the law: why, who would, and whether it holds.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use handoff_schemas::UnitId;

#[derive(Debug, Args)]
pub struct Explain {
    /// The unit that got it, or did not.
    #[arg(long)]
    pub recipient: UnitId,
    /// Only what this unit published.
    #[arg(long)]
    pub source: Option<UnitId>,
    /// Only this record, by the source unit's own key.
    #[arg(long, requires = "source")]
    pub key: Option<String>,
    /// At most so many rulings, newest first.
    #[arg(long, default_value_t = 20)]
    pub last: usize,
}

#[derive(Debug, Args)]
pub struct Rule {
    /// The unit that would publish it, or did.
    #[arg(long, value_name = "UNIT")]
    pub from: UnitId,
    /// An event of this type, with every category that its fields have.
    #[arg(
        long = "type",
        value_name = "EVENT_TYPE",
        required_unless_present_any = ["sample", "event"],
        conflicts_with_all = ["sample", "event"]
    )]
    pub event_type: Option<String>,
    /// A CloudEvent in a file, or a type to fill every field of.
    #[arg(long, value_name = "PATH|EVENT_TYPE", conflicts_with = "event")]
    pub sample: Option<String>,
    /// The newest event that the unit published under this key.
    #[arg(long, value_name = "KEY")]
    pub event: Option<String>,
    /// Whom it is about, by a unit's own id.
    #[arg(long, value_name = "UNIT/LOCALID", conflicts_with = "event")]
    pub person: Option<String>,
    /// A unit, one of its roles, or every other unit in every role.
    #[arg(long, value_name = "UNIT[/KIND]|all", default_value = "all")]
    pub to: String,
    /// A purpose of use, for example TREAT or COC.
    #[arg(long, value_name = "CODE")]
    pub purpose: Option<String>,
    /// By the log as it was at this instant, RFC 3339. Without it: now.
    #[arg(long, value_name = "RFC3339")]
    pub at: Option<String>,
    /// The policies and citations that decide, and what would change the answer.
    #[arg(long)]
    pub why: bool,
}

#[derive(Debug, Subcommand)]
pub enum LawVerb {
    /// Prove that the law keeps what the rulebook promises: its policies for every set of facts, by a solver; how facts
    /// are gathered, by ruling every case of a finite space. Prints a counterexample for what does not hold.
    #[command(after_help = "Example: handoff law prove\n\
        Example: handoff law prove --cvc5 /opt/cvc5/bin/cvc5 --json\n\
        Exit codes: 0 all proven, 1 something fails or is undecided, 2 could not be carried out.")]
    Prove(ProveLaw),
}

#[derive(Debug, Args)]
pub struct ProveLaw {
    /// The solver cvc5. Without it: what CVC5 names, else the one on PATH.
    #[arg(long, value_name = "PATH")]
    pub cvc5: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum CasesVerb {
    /// A line a case and a total: PASS, FAIL with what differs, AWAITING for what nothing decides yet.
    #[command(after_help = "Example: handoff cases run tests/cases\n\
        Example: handoff cases run tests/cases/ec-consent.yaml --json\n\
        Exit codes: 0 no case failed, 1 one did, 2 a file is no file of cases. Format: tests/cases/README.md")]
    Run {
        /// YAML files, or folders of them.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
}
