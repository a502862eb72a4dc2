//! The command line. Every verb takes `--data DIR` and `--json`, and shows an example in its help.

mod ask;
mod consent;
mod law;
mod registry;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use handoff::config::HTTP;
use handoff_schemas::{PartnerId, RecipientKind, UnitId};
use handoff_spine::telemetry::LogFormat;
use uuid::Uuid;

pub use ask::{AskFor, OutcomeArg, RecordReview, ReviewVerb};
pub use consent::{CheckConsents, ConsentVerb, ExportConsents, ImportConsents};
pub use law::{ActivateLaw, CasesVerb, Explain, Hooks, LawVerb, ProveLaw, ReviewHook, Rule};
pub use registry::{AgreementVerb, Link, PartnerVerb, UnitVerb};

/// Handoff: the exchange hub for co-response programs. Every release is ruled, recorded and provable.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Exit codes: 0 done, 1 refused or not as expected, 2 could not be carried out.\n\
    Example: handoff up --data ./county --http 127.0.0.1:8470"
)]
pub struct Cli {
    /// Data folder of the hub.
    #[arg(long, global = true, env = "HANDOFF_DATA", default_value = "handoff-data", value_name = "DIR")]
    pub data: PathBuf,
    /// One JSON value on standard output instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Logs on standard error as JSON lines.
    #[arg(long, global = true, env = "HANDOFF_JSON_LOGS")]
    pub json_logs: bool,
    #[command(subcommand)]
    pub verb: Verb,
}

impl Cli {
    pub fn log_format(&self) -> LogFormat {
        if self.json_logs { LogFormat::Json } else { LogFormat::Text }
    }
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run the whole hub: all services, its own nats-server and SQLite, unless NATS_URL or DATABASE_URL say otherwise.
    #[command(
        after_help = "Example: handoff up --data ./county\nStop it with Ctrl-C or SIGTERM; what was acknowledged is kept."
    )]
    Up(Up),
    /// Run one service against a NATS and a PostgreSQL that others run.
    #[command(
        after_help = "Example: NATS_URL=nats://10.0.0.5:4222 DATABASE_URL=postgres://hub@db/handoff \\\n  handoff run policy --data /etc/handoff"
    )]
    Run(RunService),
    /// Register agencies.
    #[command(subcommand)]
    Partner(PartnerVerb),
    /// Register program units with their HIPAA, Part 2, CJIS and victim-service status.
    #[command(subcommand)]
    Unit(UnitVerb),
    /// Load, activate and suspend information-sharing agreements.
    #[command(subcommand)]
    Agreement(AgreementVerb),
    /// Say that two agencies' local ids are one human being. Explicit, never guessed.
    #[command(
        after_help = "Example: handoff link river-fire-ems:EMS-77120 willow-clinic-crisis:W-2041 --approver 'Records steward'"
    )]
    Link(Link),
    /// Send a document as one of a partner's units, with that partner's credential.
    #[command(after_help = "Example: handoff publish --as river-fire-ems --format nemsis care-report.xml\n\
        Example: handoff publish --check care-report.xml   (needs no hub and no unit: validates, shows the mapping)")]
    Publish(PublishFile),
    /// State what a user wants beyond what stands, and the authority it rests on: an emergency, break-glass, custody.
    /// Prints the ask's id. What it opens is ruled like any release; the answer says nothing about the person.
    #[command(after_help = "Example: handoff ask --as river-fire-ems --user medic-7 --person EMS-20481 \\\n  \
        --basis emergency --purpose ETREAT --licence paramedic --category medications \\\n  \
        --fact emergency.nature=overdose --fact emergency.consent_unobtainable=unconscious \\\n  \
        --fact emergency.treating_provider_determined --fact emergency.patient_present\n\
        A fact that the authority requires and that is missing is refused with its place. All facts:\n  \
        handoff schemas ask.access-requested.v1")]
    Ask(AskFor),
    /// What waits for somebody's review: uses of break-glass, and legal process, which opens nothing before it.
    #[command(subcommand)]
    Review(ReviewVerb),
    /// Read one unit's own view, as that unit; or what an ask of one user opened.
    #[command(after_help = "Example: handoff view --as lantern-shelter-intake\n\
        Example: handoff view --as river-fire-ems --user medic-7 --under 8f14e45f-ceea-867a-9f3c-0c0c1ad3a2b1")]
    View(ViewOf),
    /// Why a unit got, or did not get, what another published: policy, clause, consent, citation. For privacy officers.
    #[command(after_help = "Example: handoff explain --recipient river-pd-patrol --source willow-clinic-crisis")]
    Explain(Explain),
    /// Who would get what of an event, and what would change the answer. Publishes nothing; works while the hub is stopped.
    #[command(
        after_help = "Example: handoff rule --from harbor-recovery-sud --type referral.referral-created.v1 \\\n  \
        --person harbor-recovery-sud/H-31 --to lantern-shelter-intake --why\n\
        Without --person the event is about somebody of whom nothing is on the log. Without --purpose: what stands.\n\
        A sample is read as if --from sent it: its categories and labels count, not what services derive of it."
    )]
    Rule(Rule),
    /// Record a person's revocation of a consent, whole or for named parties; oral revocations stop releases too.
    #[command(
        after_help = "Example: handoff revoke --as harbor-recovery-sud --consent consent-2026-17 --party lantern-shelter-intake"
    )]
    Revoke(Revoke),
    /// FHIR R4 Consents: check them, record them, write them.
    #[command(subcommand)]
    Consent(ConsentVerb),
    /// Work with the ledger of releases and accesses.
    #[command(subcommand)]
    Ledger(LedgerVerb),
    /// Work with the law: prove it, check a version, put one in force.
    #[command(subcommand)]
    Law(LawVerb),
    /// What could not be taken in and nobody heard of, and what services could not read. Works while the hub is stopped.
    #[command(after_help = "Example: handoff dead --data ./county\n\
        Example: handoff dead --body 01934f1e-6a0c-7c51-9d0e-3f5f7f2f6b11 > lost.json")]
    Dead(Dead),
    /// Drop one partner's view and build it again from the log. Stop the hub first.
    #[command(after_help = "Example: handoff rebuild --partner river-pd")]
    Rebuild(Rebuild),
    /// Play one night of a fictional county, from 911 call to follow-up, and show who sees what and why.
    #[command(after_help = "Example: handoff demo --data ./demo --keep")]
    Demo(Demo),
    /// Measure what this machine sustains, with ten agencies on a throw-away hub; ratios are taken in one run.
    #[command(after_help = "Example: handoff bench --seconds 60")]
    Bench(Bench),
    /// Run cases: what is given, what happens, what must come of it, as YAML. Needs no hub.
    #[command(subcommand)]
    Cases(CasesVerb),
    /// List the event types, or print one schema.
    #[command(after_help = "Example: handoff schemas encounter.care-reported.v1")]
    Schemas(Schemas),
}

#[derive(Debug, Args)]
pub struct Up {
    /// Address of /healthz, /readyz and /metrics.
    #[arg(long, env = "HANDOFF_HTTP", default_value = HTTP)]
    pub http: SocketAddr,
}

#[derive(Debug, Args)]
pub struct RunService {
    pub service: ServiceArg,
    /// Address of /healthz, /readyz and /metrics.
    #[arg(long, env = "HANDOFF_HTTP", default_value = HTTP)]
    pub http: SocketAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ServiceArg {
    Registry,
    Identity,
    Encounter,
    Consent,
    Referral,
    Ask,
    Privacy,
    Policy,
    Ledger,
    Views,
    Gateway,
}

#[derive(Debug, Args)]
pub struct PublishFile {
    pub file: PathBuf,
    /// The unit that publishes.
    #[arg(long = "as", required_unless_present = "check")]
    pub unit: Option<UnitId>,
    /// Found from the content if absent.
    #[arg(long)]
    pub format: Option<FormatArg>,
    /// Validate and show the mapping; store nothing.
    #[arg(long)]
    pub check: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    Cloudevents,
    Nemsis,
    Eido,
}

#[derive(Debug, Args)]
pub struct ViewOf {
    #[arg(long = "as")]
    pub unit: UnitId,
    #[arg(long)]
    pub role: Option<RecipientKind>,
    /// Who reads; goes into the access record.
    #[arg(long, default_value = "operator")]
    pub user: String,
    /// Only what came after this cursor.
    #[arg(long, default_value_t = 0)]
    pub since: u64,
    /// Read what this ask opened instead of what stands; only as the user it names, and only while it lasts.
    #[arg(long, value_name = "ASK", requires = "user")]
    pub under: Option<Uuid>,
    /// One person: family name, given name, date of birth.
    #[arg(long, num_args = 3, value_names = ["FAMILY", "GIVEN", "YYYY-MM-DD"])]
    pub named: Option<Vec<String>>,
}

#[derive(Debug, Args)]
pub struct Revoke {
    /// The unit that recorded the consent.
    #[arg(long = "as")]
    pub unit: UnitId,
    /// The consent's key, as its unit published it.
    #[arg(long)]
    pub consent: String,
    /// Revoke for this recipient only; repeat for several. Without it: for all.
    #[arg(long = "party")]
    pub parties: Vec<UnitId>,
    /// The person said so and did not write it yet.
    #[arg(long)]
    pub oral: bool,
}

#[derive(Debug, Subcommand)]
pub enum LedgerVerb {
    /// Recompute every leaf, the tree and the signed checkpoint, from files and databases alone. Needs no server.
    #[command(after_help = "Example: handoff ledger verify --data ./county\n\
        Example: handoff ledger verify --data ./county --key county.keys   (from `handoff ledger key` at setup)")]
    Verify(VerifyLedger),
    /// Print the verifier keys of the two trees, for auditors to keep outside of the hub.
    #[command(after_help = "Example: handoff ledger key --data ./county > county.keys")]
    Key,
}

#[derive(Debug, Args)]
pub struct VerifyLedger {
    /// A verifier key that you keep, `name+hash+base64`, or a file of such keys, one a line; repeat for several.
    /// Without it the keys in the data folder are taken at their word.
    #[arg(long = "key", value_name = "KEY|FILE")]
    pub keys: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Dead {
    /// Write what this letter keeps to standard output, as it was sent: it may be about a person.
    #[arg(long, value_name = "ID")]
    pub body: Option<Uuid>,
}

#[derive(Debug, Args)]
pub struct Rebuild {
    #[arg(long)]
    pub partner: PartnerId,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Leave the hub running when the story is told, until Ctrl-C.
    #[arg(long)]
    pub keep: bool,
    /// With --keep: address of /healthz, /readyz and /metrics.
    #[arg(long, env = "HANDOFF_HTTP", default_value = HTTP)]
    pub http: SocketAddr,
}

#[derive(Debug, Args)]
pub struct Bench {
    /// How long the measured phases take together, about.
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// End-to-end phase: stop after so many events even if time is left.
    #[arg(long, default_value_t = 100_000)]
    pub events: u64,
}

#[derive(Debug, Args)]
pub struct Schemas {
    pub event_type: Option<String>,
}
