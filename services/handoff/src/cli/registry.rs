//! Who takes part: agencies, units, agreements, links.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use handoff_schemas::{AgreementId, PartnerId, RecipientKind, UnitId};

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
        /// Functional role its people read in; repeat for several. LE PSAP EMS BHC P2P HOSP CMP CBO CJ VSP L988 EVAL;
        /// ME and KIN are outside the matrix.
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
