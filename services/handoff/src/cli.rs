//! The command line. Every verb takes `--data DIR` and `--json`, and shows an example in its help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use handoff::config::HTTP;
use handoff_schemas::{AgreementId, PartnerId, RecipientKind, UnitId};
use handoff_spine::telemetry::LogFormat;
use uuid::Uuid;

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
    /// Work with the ledger of releases and accesses.
    #[command(subcommand)]
    Ledger(LedgerVerb),
    /// Work with the law that this build carries.
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

#[derive(Debug, Subcommand)]
pub enum PartnerVerb {
    /// Register and activate an agency; its credential is then in `creds/` of the data folder.
    #[command(after_help = "Example: handoff partner add river-pd --name 'River Police' --org-type law-enforcement")]
    Add {
        partner: PartnerId,
        #[arg(long)]
        name: String,
        /// For example law-enforcement, fire-ems, behavioral-health, substance-use-program, community-service.
        #[arg(long)]
        org_type: String,
    },
    /// Declare what the operator of this hub is by law. It holds until it is declared again.
    #[command(after_help = "Example: handoff partner operator --role intermediary --org-type other")]
    Operator {
        /// business-associate or intermediary (42 CFR 2.11).
        #[arg(long)]
        role: String,
        /// As of an agency.
        #[arg(long)]
        org_type: String,
        /// Counsel who decided that law enforcement may run it.
        #[arg(long, requires = "reason")]
        counsel: Option<String>,
        #[arg(long, requires = "counsel")]
        reason: Option<String>,
        /// The programs hold their keys themselves.
        #[arg(long)]
        keys_with_program: bool,
    },
    /// The agencies this hub knows.
    List,
}

#[derive(Debug, Subcommand)]
pub enum UnitVerb {
    /// Register a unit of an agency.
    #[command(
        after_help = "Example: handoff unit add harbor-recovery-sud --partner harbor-recovery --name 'Harbor Recovery' \\\n  --role P2P --hipaa covered-provider --part2 yes --jurisdiction US-WA"
    )]
    Add {
        unit: UnitId,
        #[arg(long)]
        partner: PartnerId,
        #[arg(long)]
        name: String,
        /// Functional role its people read in; repeat for several. LE PSAP EMS BHC P2P HOSP CMP CBO CJ VSP L988 EVAL.
        #[arg(long = "role", required = true)]
        roles: Vec<RecipientKind>,
        /// covered-provider, covered-plan, business-associate, hybrid-component or none.
        #[arg(long, default_value = "none")]
        hipaa: String,
        /// yes, no or pending (treated as yes).
        #[arg(long, default_value = "pending")]
        part2: String,
        #[arg(long)]
        cjis: bool,
        #[arg(long)]
        victim_services: bool,
        /// ISO 3166-2, for example US-WA.
        #[arg(long)]
        jurisdiction: String,
    },
    /// The units this hub knows.
    List,
}

#[derive(Debug, Subcommand)]
pub enum AgreementVerb {
    /// Check an agreement document without storing it.
    #[command(after_help = "Example: handoff agreement check crisis-ila.toml")]
    Check { file: PathBuf },
    /// Put a document in force: as version 1, or as the amendment that takes the place of the version in force.
    /// Drafts it, records every party's signature, and activates it.
    #[command(after_help = "Example: handoff agreement load crisis-ila.toml\n\
        Loading a document again changes nothing; an amended document has the next `version`.")]
    Load { file: PathBuf },
    /// Suspend: flows under it stop at once.
    #[command(
        after_help = "Example: handoff agreement suspend crisis-ila --by 'County attorney' --reason 'audit finding'"
    )]
    Suspend {
        agreement: AgreementId,
        #[arg(long)]
        by: String,
        #[arg(long)]
        reason: String,
        /// The version in force if absent.
        #[arg(long)]
        version: Option<u32>,
    },
}

#[derive(Debug, Args)]
pub struct Link {
    /// `unit:local-id`.
    pub a: String,
    /// `unit:local-id`.
    pub b: String,
    /// Who decided it, by function.
    #[arg(long)]
    pub approver: String,
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
    /// emergency, break-glass, threat, locate, victim, custody, premises-crime, crime-alert or mandated-report.
    #[arg(long)]
    pub basis: String,
    /// The purpose that goes with it: ETREAT, BTG, DUTYWARN, LELOCATE, LEVICTIM, CUSTODYHEALTH, LECRIMEALERT, MANDRPT.
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

#[derive(Debug, Args)]
pub struct Schemas {
    pub event_type: Option<String>,
}
