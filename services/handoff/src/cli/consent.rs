//! FHIR R4 Consents in and out.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use handoff_schemas::UnitId;

#[derive(Debug, Subcommand)]
pub enum ConsentVerb {
    /// Read FHIR R4 Consents and show what they come to at the hub; store nothing.
    #[command(after_help = "Example: handoff consent check --site site.toml consent.json patient.json\n\
        Example: handoff consent check --as harbor-recovery-sud --site site.toml consent.json\n\
        Without --as it needs no hub and looks nothing up: whatever could be a unit, a person or a record is taken for one.\n\
        Exit codes: 0 the hub would take them all, 1 one is refused, 2 could not be carried out.")]
    Check(CheckConsents),
    /// Record FHIR R4 Consents as one of a partner's units, with that partner's credential.
    #[command(
        after_help = "Example: handoff consent import --as harbor-recovery-sud --site site.toml consent.json patient.json\n\
        The same version (identifier and versionId) again changes nothing. Another version is taken once the one before is\n\
        revoked or over: an import ends nothing. What the hub cannot say exactly is refused, with its place.\n\
        services/handoff/fhir/site.toml shows what a site file says.\n\
        Exit codes: 0 all are recorded, 1 one is refused, 2 could not be carried out."
    )]
    Import(ImportConsents),
    /// Write consents and denials of the hub as FHIR R4 Consents.
    #[command(
        after_help = "Example: handoff consent export --as harbor-recovery-sud --site site.toml fhir:consent-17\n\
        Example: handoff consent export --as harbor-recovery-sud --site site.toml --person HR-118 > consents.json\n\
        A permission is written with the form that was signed, which the site file names. Of a person: a Bundle; what FHIR\n\
        cannot say stands in it as OperationOutcome.\n\
        Exit codes: 0 written, 1 FHIR cannot say one, or there is none of this key, 2 could not be carried out."
    )]
    Export(ExportConsents),
}

#[derive(Debug, Args)]
pub struct CheckConsents {
    /// Consents, and Patient resources that name their patients: one resource a file.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// The unit that would import them: what they name is looked up at the hub as its own.
    #[arg(long = "as", value_name = "UNIT")]
    pub unit: Option<UnitId>,
    /// The unit's forms, its names for others, its time zone.
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ImportConsents {
    /// Consents, and Patient resources that name their patients: one resource a file.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// The unit that records them.
    #[arg(long = "as", value_name = "UNIT")]
    pub unit: UnitId,
    /// The unit's forms, its names for others, its time zone.
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ExportConsents {
    /// The consent's key, as its unit published it or as `handoff consent import` printed it.
    #[arg(required_unless_present = "person", conflicts_with = "person")]
    pub consent: Option<String>,
    /// Every consent and denial of a person that is the unit's to see, by the unit's own id of the person.
    #[arg(long, value_name = "LOCALID")]
    pub person: Option<String>,
    /// The unit that reads them.
    #[arg(long = "as", value_name = "UNIT")]
    pub unit: UnitId,
    /// The unit's forms.
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
    /// The policy URI of the form that was signed, where several of the site's could be.
    #[arg(long, value_name = "URI")]
    pub form: Option<String>,
}
