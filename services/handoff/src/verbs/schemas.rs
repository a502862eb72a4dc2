use std::process::ExitCode;

use anyhow::{Context as _, Result};
use handoff_schemas::{EventType, Registry};
use serde_json::json;

use crate::cli::Schemas;
use crate::output;

/// `handoff schemas`
///
/// # Errors
/// An event type that is not in the catalogue.
pub fn schemas(what: &Schemas, as_json: bool) -> Result<ExitCode> {
    let registry = Registry::embedded();
    if let Some(name) = &what.event_type {
        let event_type: EventType = name.parse()?;
        output::print(
            registry.schema(&event_type).map_err(|e| anyhow::anyhow!("{e}")).context("see `handoff schemas`")?,
        );
        return Ok(output::DONE);
    }
    let types: Vec<&str> = registry.types().map(EventType::as_str).collect();
    if as_json {
        output::print(&json!(types));
    } else {
        types.iter().for_each(|t| anstream::println!("{t}"));
    }
    Ok(output::DONE)
}
