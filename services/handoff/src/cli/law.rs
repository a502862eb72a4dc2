//! Questions to the law: why, who would, and whether it holds.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use handoff_schemas::{AgreementId, UnitId};
use jiff::civil::Date;

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
    /// Whether a folder is a law that a hub can rule by: every file there and readable, the matrix and the reasons whole,
    /// each template named known, policies valid by their schema. Names file and line of what is wrong. Needs no hub.
    #[command(after_help = "Example: handoff law check ./law\n\
        Exit codes: 0 valid, 1 refused, 2 could not be carried out.")]
    Check {
        /// A folder like consent/law.
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
    /// Put a version of the law in force: it goes on the log whole, everything from there on is ruled by it, and what
    /// stands is ruled again. What `handoff law check` refuses is never put in force.
    #[command(after_help = "Example: handoff law activate ./law --reviewer 'County Counsel' --reason 'review 12'")]
    Activate(ActivateLaw),
    /// Which version of the law was in force from where on, and who reviewed it.
    #[command(after_help = "Example: handoff law list --json")]
    List,
    /// State law beside the federal: what each hook does, where, by which section, whether it is in force, and who
    /// reviewed it. Works while the hub is stopped.
    #[command(after_help = "Example: handoff law hooks --jurisdiction US-WA\n\
        What denies, asks for consent or narrows is in force at once; what opens or sets an age once it is reviewed.")]
    Hooks(Hooks),
    /// Record that somebody reviewed a hook, or took the review back.
    #[command(
        after_help = "Example: handoff law review ST-03/US-WA/hold-facts --by 'County counsel' --on 2026-11-20\n\
        Example: handoff law review ST-04 --jurisdiction US-WA --by 'County counsel' --age 14\n\
        Example: handoff law review ST-03/US-WA/hold-facts --by 'County counsel' --withdraw"
    )]
    Review(ReviewHook),
}

#[derive(Debug, Args)]
pub struct Hooks {
    /// Only of this place, as units are registered: US-WA. What is law in all of its country is not listed with it.
    #[arg(long, value_name = "PLACE")]
    pub jurisdiction: Option<String>,
}

#[derive(Debug, Args)]
pub struct ReviewHook {
    /// A hook by its id, or with --jurisdiction a rule, for example ST-04: all of its hooks there.
    pub hook: String,
    /// Where the rule is law.
    #[arg(long, value_name = "PLACE")]
    pub jurisdiction: Option<String>,
    /// Who reviewed it, by name or function.
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// The day of the review.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub on: Option<Date>,
    /// It counts for what flows under this agreement alone.
    #[arg(long, value_name = "ID")]
    pub agreement: Option<AgreementId>,
    /// The age in years that the reviewer states in place of the law's, where the hook sets one.
    #[arg(long, value_name = "YEARS")]
    pub age: Option<u8>,
    /// Take the review back: what the hook opened shuts at once.
    #[arg(long)]
    pub withdraw: bool,
}

#[derive(Debug, Args)]
pub struct ActivateLaw {
    /// A folder like consent/law.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Who reviewed this version for this deployment.
    #[arg(long)]
    pub reviewer: String,
    /// Why it comes into force.
    #[arg(long)]
    pub reason: String,
}

#[derive(Debug, Args)]
pub struct ProveLaw {
    /// The solver cvc5. Without it: what CVC5 names, else the one on PATH.
    #[arg(long, value_name = "PATH")]
    pub cvc5: Option<PathBuf>,
    /// A folder like consent/law, before it is put in force. Without it: the law of this build.
    #[arg(long, value_name = "DIR")]
    pub law: Option<PathBuf>,
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
