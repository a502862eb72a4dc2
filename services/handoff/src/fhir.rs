//! FHIR R4 Consents of a unit, in and out. What one means is `handoff_consent::fhir`'s to say; here is what it takes
//! besides: the unit's own names for people, agencies and records, its forms, and which version of a Consent stands.

mod export;
mod import;
mod known;
mod look;
mod site;
mod version;

pub use export::{Export, Which, export};
pub use import::{Imported, Planned, Source, check, import, plan};
pub use known::{Found, Kept, Known, Looked};
pub use site::{Site, SiteForm};
pub use version::Generation;

use serde_json::Value;

/// The code and text of a file that is no JSON document, or of a Consent that the hub does not take.
pub type Refused = handoff_spine::command::Refusal;

/// One JSON document as the hub takes it: no name twice, no more depth and bytes than a document has.
///
/// # Errors
/// HO-1010 to HO-1013, with line and column.
pub fn document(bytes: &[u8]) -> Result<Value, Refused> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    handoff_schemas::strict_json::parse(bytes).map_err(|e| {
        let rule = format!("the document breaks the rule `{}`", e.rule);
        Refused::new(e.code, rule, e.remedy).at(e.place)
    })
}
