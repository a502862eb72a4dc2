//! Adapters: from the bytes of a format to drafts of events. Pure: no I/O, no clock, no randomness.
//!
//! An adapter refuses with a code, a place and a rule ([`AdapterError`]), accepts with drafts and data-quality
//! findings ([`Mapped`]), and never repeats a value it was given.

mod cloud_event;
mod eido;
mod error;
mod json_line;
mod mapped;
mod nemsis;
mod pointer;
mod xml;

use handoff_schemas::Registry;

pub use error::{AdapterError, Code, Place};
pub use mapped::{Draft, Finding, Mapped, MappedField, PersonRef, State};
pub use nemsis::XsdFolder;

/// Bytes of one file; the largest care reports carry scanned attachments, which the hub does not take.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// A format the hub takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// NEMSIS 3.5.1 `EMSDataSet`, XML.
    Nemsis,
    /// NENA-STA-021.1 EIDO 1.0, JSON.
    Eido,
    /// CloudEvents 1.0 in structured mode, JSON.
    CloudEvent,
}

impl Format {
    /// Which format the bytes are of, by their first bytes and the member that each JSON format must have.
    pub fn detect(bytes: &[u8]) -> Result<Self, AdapterError> {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match text.iter().find(|b| !b.is_ascii_whitespace()) {
            Some(b'<') => Ok(Self::Nemsis),
            Some(b'{') if has(bytes, b"\"specversion\"") => Ok(Self::CloudEvent),
            Some(b'{') if has(bytes, b"\"eidoVersion\"") => Ok(Self::Eido),
            _ => Err(AdapterError::new(
                Code::UNKNOWN_FORMAT,
                Place::none(),
                "format",
                "send a NEMSIS 3.5.1 EMSDataSet, an EIDO 1.0 or a CloudEvent in JSON",
            )),
        }
    }
}

fn has(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|w| w == word)
}

/// What the operator has configured for the adapters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// The NEMSIS XSD folder, where the operator has put it: the whole file is then checked against it.
    pub nemsis_xsd: Option<&'a XsdFolder>,
}

/// Maps one document of `format`.
pub fn map(format: Format, bytes: &[u8], options: Options<'_>) -> Result<Mapped, AdapterError> {
    let registry = Registry::embedded();
    match format {
        Format::Nemsis => nemsis::map(bytes, options.nemsis_xsd),
        Format::Eido => eido::map(bytes),
        Format::CloudEvent => cloud_event::map(bytes, registry),
    }
}

/// Which element of the document goes to which field and category, and what is stated as not recorded,
/// without a value: for a sender who checks a mapping before trusting it.
pub fn explain_mapping(format: Format, bytes: &[u8]) -> Result<Vec<MappedField>, AdapterError> {
    let mapped = map(format, bytes, Options::default())?;
    Ok(mapped.fields)
}
