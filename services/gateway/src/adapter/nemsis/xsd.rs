//! The standard's own XSD, from a folder the operator configured. Entities and network are off.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use xsd_schema::validation::{
    InstancePath, SchemaValidator, ValidationError, ValidationFlags, ValidationSink, ValidationWarning, drive_quick_xml,
};
use xsd_schema::xml::ParseLimits;
use xsd_schema::{SchemaSet, SchemaSetBuilder};

use crate::adapter::xml::{MAX_DEPTH, Stream, Token};
use crate::adapter::{AdapterError, Code, Place};

/// The file of the folder that includes all others.
const ENTRY: &str = "EMSDataSet_v3.xsd";

/// The compiled schema of the folder; read once, at start. One file is checked at a time: a check takes some
/// milliseconds, and the validator's tables cannot be shared.
pub struct XsdFolder {
    set: Mutex<SchemaSet>,
}

impl fmt::Debug for XsdFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XsdFolder").finish_non_exhaustive()
    }
}

impl XsdFolder {
    /// Reads `EMSDataSet_v3.xsd` and what it includes. Fails where any file is missing or is no valid schema:
    /// half a schema would pass what the standard refuses.
    pub fn open(folder: &Path) -> Result<Self, AdapterError> {
        let refuse = |rule: &'static str| {
            let remedy = "put the XSD folder of NEMSIS 3.5.1 at the configured path, all files of it";
            AdapterError::new(Code::NEMSIS_XSD_FOLDER, Place::none(), rule, remedy)
        };
        let entry = folder.join(ENTRY);
        let location = entry.to_str().ok_or_else(|| refuse("a path in UTF-8"))?;
        if !entry.is_file() {
            return Err(refuse("EMSDataSet_v3.xsd in the configured folder"));
        }
        // The default resolver reads files only; it has no network.
        let compiled = SchemaSetBuilder::new()
            .add("http://www.nemsis.org", location)
            .and_then(SchemaSetBuilder::compile)
            .map_err(|_| refuse("schemas that compile"))?;
        if !compiled.directive_failures().is_empty() {
            return Err(refuse("every included schema file"));
        }
        Ok(Self { set: Mutex::new(compiled.into_schema_set()) })
    }

    /// The first thing in the file that breaks the XSD: the place, and the rule by its name in XML Schema.
    pub fn check(&self, bytes: &[u8]) -> Result<(), AdapterError> {
        let flags = ValidationFlags::default() & !ValidationFlags::BUILD_PSVI_TYPED_VALUES;
        let mut first = First(None);
        let set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        // A validator that fails on a file must not stop the hub, and must not pass the file.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let validator = SchemaValidator::new(&set, flags);
            let mut run = validator.start_run(&mut first);
            run.set_parse_limits(ParseLimits::none().with_max_depth(MAX_DEPTH));
            drive_quick_xml(bytes, &mut run, &set).is_ok()
        }));
        let (constraint, path) = match (first.0, outcome) {
            (Some(error), _) => error,
            (None, Ok(true)) => return Ok(()),
            (None, _) => ("a file the validator can read", None),
        };
        let steps = path.map(|p| steps(&p)).unwrap_or_default();
        let shown: String = steps.iter().map(|(name, i)| format!("/{}[{i}]", known(name))).collect();
        let place = Place { path: shown, line: line_of(bytes, &steps) };
        let remedy = "compare the element with the standard's XSD: order, required children, codes, attributes";
        Err(AdapterError::new(Code::NEMSIS_XSD, place, format!("XSD {constraint}"), remedy))
    }
}

/// Keeps the first error, and nothing of its message: that repeats the value.
struct First(Option<(&'static str, Option<InstancePath>)>);

impl ValidationSink for &mut First {
    fn on_error(&mut self, error: ValidationError) {
        if self.0.is_none() {
            self.0 = Some((error.constraint, error.instance_path().cloned()));
        }
    }
    fn on_warning(&mut self, _: ValidationWarning) {}
}

/// Local names and positions, outermost first; an attribute is left out, its element is place enough.
fn steps(path: &InstancePath) -> Vec<(String, usize)> {
    let shown = path.to_string();
    let mut steps = Vec::new();
    for part in shown.split("/Q{").skip(1) {
        let Some((_, name)) = part.split_once('}') else { continue };
        if let Some((name, index)) = name.trim_end_matches('/').split_once('[') {
            steps.push((name.to_owned(), index.trim_end_matches(']').parse().unwrap_or(1)));
        }
    }
    steps
}

/// A name of the standard, or `*`: any other name is the document's own word.
fn known(name: &str) -> &str {
    let alphabetic = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphabetic());
    let numbered = |s: &str| s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit());
    let section = |s: &str| s.len() <= 24 && s.starts_with(['d', 'e']) && alphabetic(s);
    let standard = match name.split_once('.') {
        Some((head, tail)) => section(head) && (numbered(tail) || (tail.ends_with("Group") && alphabetic(tail))),
        None => {
            matches!(name, "EMSDataSet" | "Header" | "DemographicGroup" | "PatientCareReport")
                || SECTIONS.contains(&name)
        }
    };
    if standard { name } else { "*" }
}

const SECTIONS: &[&str] = &[
    "eCustomConfiguration",
    "eRecord",
    "eResponse",
    "eDispatch",
    "eCrew",
    "eTimes",
    "ePatient",
    "ePayment",
    "eScene",
    "eSituation",
    "eInjury",
    "eArrest",
    "eHistory",
    "eNarrative",
    "eVitals",
    "eLabs",
    "eExam",
    "eProtocols",
    "eMedications",
    "eProcedures",
    "eAirway",
    "eDevice",
    "eDisposition",
    "eOutcome",
    "eCustomResults",
    "eOther",
];

/// The line of the element at `steps`.
fn line_of(bytes: &[u8], steps: &[(String, usize)]) -> Option<u32> {
    let mut stream = Stream::new(bytes).ok()?;
    // How many steps lead to the element that is open, and how many of the next name were passed inside it.
    let (mut matched, mut passed, mut line) = (0, 0, None);
    while let Some(token) = stream.next().ok()? {
        match token {
            Token::Start(start) if stream.depth() == matched + 1 => {
                let (name, index) = steps.get(matched)?;
                passed += usize::from(start.name == *name);
                if start.name == *name && passed == *index {
                    (matched, passed, line) = (matched + 1, 0, Some(start.line));
                    if matched == steps.len() {
                        return line;
                    }
                }
            }
            Token::End if stream.depth() < matched => return line,
            _ => {}
        }
    }
    line
}
