//! Asks and their review.

use clap::{Args, Subcommand, ValueEnum};
use handoff_schemas::{RecipientKind, UnitId};
use uuid::Uuid;

#[derive(Debug, Args)]
pub struct AskFor {
    /// The unit that asks.
    #[arg(long = "as", value_name = "UNIT")]
    pub unit: UnitId,
    /// Who will read under the ask, as the agency names its users. Left out only where facts name another `recipient`.
    #[arg(long)]
    pub user: Option<String>,
    /// The unit's own id of the person.
    #[arg(long, value_name = "LOCALID")]
    pub person: String,
    /// emergency, break-glass, threat, locate, victim, custody, premises-crime, crime-alert, mandated-report, exposure or
    /// school-emergency.
    #[arg(long)]
    pub basis: String,
    /// The purpose that goes with it: ETREAT, BTG, DUTYWARN, LELOCATE, LEVICTIM, CUSTODYHEALTH, LECRIMEALERT, MANDRPT,
    /// PUBHLTH, THREAT.
    #[arg(long, value_name = "CODE")]
    pub purpose: String,
    /// What is asked for; repeat for several. Nothing else opens.
    #[arg(long = "category", required = true, value_name = "CATEGORY")]
    pub categories: Vec<String>,
    /// Functional role the user works in now; the unit's first one if absent.
    #[arg(long)]
    pub role: Option<RecipientKind>,
    /// What the user is licensed as, for example paramedic or nurse.
    #[arg(long)]
    pub licence: Option<String>,
    /// A fact of the authority, as its schema has it; repeat for several. Without a value: it is so.
    #[arg(long = "fact", value_name = "OBJECT.NAME[=VALUE]")]
    pub facts: Vec<String>,
    /// The incident that it is about, by the key that the units share.
    #[arg(long)]
    pub incident: Option<String>,
    /// How long it lasts; at most a day, which is the default.
    #[arg(long)]
    pub minutes: Option<u32>,
    /// The unit's own key for the ask: sent again with it, it is the same ask.
    #[arg(long)]
    pub key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum ReviewVerb {
    /// What waits: break-glass with the end of its two business days, and legal process.
    #[command(after_help = "Example: handoff review list\n\
        Exit codes: 0 nothing is overdue, 1 something is, 2 could not be carried out.")]
    List,
    /// Record what a reviewer decided, anybody but the user who asked.
    #[command(
        after_help = "Example: handoff review record 8f14e45f-ceea-867a-9f3c-0c0c1ad3a2b1 --outcome abuse \\\n  \
        --by 'privacy officer' --note 'no such incident'\n\
        Abuse closes what the ask opened at once; legal process goes only once its decision is to release it."
    )]
    Record(RecordReview),
}

#[derive(Debug, Args)]
pub struct RecordReview {
    /// The ask, by the id its publication was answered with; `handoff review list` shows it.
    pub ask: Uuid,
    /// Of break-glass: appropriate or abuse. Of legal process: release or refuse.
    #[arg(long)]
    pub outcome: OutcomeArg,
    /// Who reviewed it.
    #[arg(long)]
    pub by: String,
    #[arg(long)]
    pub note: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutcomeArg {
    Appropriate,
    Abuse,
    Release,
    Refuse,
}
