//! NEMSIS 3.5.1 `EMSDataSet`: patient care reports, read as a stream, one report in memory at a time.
//!
//! The hub checks every element it maps, always. The whole file is also held against the standard's XSD where
//! the operator has put the XSD folder. What only the standard's Schematron objects to becomes a finding.

mod disposition;
mod nil;
mod quality;
mod report;
mod table;
mod value;
mod xsd;

use std::collections::BTreeSet;

use handoff_schemas::EventType;
use serde_json::Value;

use self::report::Report;
use self::table::Tables;
use super::pointer::put;
use super::xml::{Node, Start, Stream, Token, subtree};
use super::{AdapterError, Code, Draft, Mapped, PersonRef, Place};

pub use xsd::XsdFolder;

const NAMESPACE: &str = "http://www.nemsis.org";
const EVENT_TYPE: &str = "encounter.care-reported.v1";
/// The version of the standard that is mapped; its folders are named `3.5.1.<date>CP<n>`.
const VERSION: &str = "3.5.1";

/// Maps a file: one draft for each report in it.
pub fn map(bytes: &[u8], xsd: Option<&XsdFolder>) -> Result<Mapped, AdapterError> {
    let tables = Tables::embedded()?;
    let event_type: EventType = EVENT_TYPE.parse().map_err(|_| AdapterError::broken_table("event type"))?;
    let mut stream = Stream::new(bytes)?;
    let root = loop {
        match stream.next()? {
            Some(Token::Start(start)) => break start,
            Some(_) => {}
            None => return Err(empty()),
        }
    };
    check_root(&root)?;
    let mut mapped = Mapped::default();
    let mut reports = Reports { tables, event_type, seen: BTreeSet::new(), mapped: &mut mapped };
    let mut header = 0;
    while let Some(token) = stream.next()? {
        if let Token::Start(start) = token {
            if is(&start, "Header") {
                header += 1;
                reports.header(&mut stream, &format!("/EMSDataSet/Header[{header}]"))?;
            } else {
                skip(&mut stream)?;
            }
        }
    }
    if mapped.drafts.is_empty() {
        return Err(empty());
    }
    if let Some(folder) = xsd {
        folder.check(bytes)?;
    }
    Ok(mapped)
}

struct Reports<'a> {
    tables: &'static Tables,
    event_type: EventType,
    seen: BTreeSet<String>,
    mapped: &'a mut Mapped,
}

impl Reports<'_> {
    fn header(&mut self, stream: &mut Stream<'_>, path: &str) -> Result<(), AdapterError> {
        let mut count = 0;
        while let Some(token) = stream.next()? {
            match token {
                Token::Start(start) if is(&start, "PatientCareReport") => {
                    count += 1;
                    self.report(stream, &start, format!("{path}/PatientCareReport[{count}]"))?;
                }
                Token::Start(_) => skip(stream)?,
                Token::Text(_) => {}
                Token::End => break,
            }
        }
        Ok(())
    }

    fn report(&mut self, stream: &mut Stream<'_>, start: &Start, path: String) -> Result<(), AdapterError> {
        let uuid = self.uuid(start, &path)?;
        let mut sections: Vec<Node> = Vec::new();
        while let Some(token) = stream.next()? {
            match token {
                Token::Start(s) if self.tables.mapping.section.iter().any(|x| is(&s, &x.name)) => {
                    sections.push(subtree(stream, s)?);
                }
                Token::Start(_) => skip(stream)?,
                Token::Text(_) => {}
                Token::End => break,
            }
        }
        let mut report = Report::new(self.tables, path.clone());
        report.walk(&sections, start.line)?;
        put(&mut report.data, "/report/version", VERSION.into());
        put(&mut report.data, "/report/uuid", uuid.clone().into());
        disposition::derive(&mut report.data, &path, &mut report.findings);
        quality::check(&sections, &path, &mut report.findings);
        let text = |pointer: &str| {
            let found = pointer.split('/').filter(|n| !n.is_empty()).try_fold(None, |at: Option<&Value>, name| {
                at.map_or_else(|| report.data.get(name), |v| v.get(name)).map(Some)
            });
            found.flatten().and_then(Value::as_str).map(str::to_owned)
        };
        let index = u32::try_from(self.mapped.drafts.len()).unwrap_or(u32::MAX);
        let draft = Draft {
            key: uuid.clone(),
            event_type: self.event_type.clone(),
            record_key: uuid,
            // The incident number is the one the dispatch center gave; the CAD id numbers the unit's dispatch.
            incident_key: text("/report/incident_number").or_else(|| text("/dispatch/cad_number")),
            person: text("/patient/patient_number").map_or(PersonRef::PerDocument(index), PersonRef::Local),
            time: text("/times/unit_notified"),
            amends: None,
            data: Value::Null,
        };
        self.mapped.drafts.push(Draft { data: Value::Object(report.data), ..draft });
        self.mapped.findings.append(&mut report.findings);
        self.mapped.fields.append(&mut report.fields);
        Ok(())
    }

    /// The report's UUID in lower case: its idempotency key, so the same UUID with other content is an amendment.
    fn uuid(&mut self, start: &Start, path: &str) -> Result<String, AdapterError> {
        let place = Place::at(format!("{path}/@UUID"), start.line);
        let refuse = |rule: &'static str, remedy: &'static str| {
            Err(AdapterError::new(Code::NEMSIS_UUID, place.clone(), rule, remedy))
        };
        let Some(uuid) = start.attribute("UUID").filter(|u| is_uuid(u)).map(str::to_ascii_lowercase) else {
            return refuse(
                "a UUID of RFC 9562, versions 1 to 5",
                "give every report the UUID its software made for it",
            );
        };
        if !self.seen.insert(uuid.clone()) {
            return refuse("one report a UUID", "send an amended report in a file of its own, after the first");
        }
        Ok(uuid)
    }
}

fn is(start: &Start, name: &str) -> bool {
    start.name == name && start.namespace.as_deref() == Some(NAMESPACE)
}

fn is_uuid(text: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            14 => (b'1'..=b'5').contains(&b),
            19 => matches!(b.to_ascii_lowercase(), b'8' | b'9' | b'a' | b'b'),
            _ if dashes.contains(&i) => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Passes an element by. Its content is still read, so it is still guarded.
fn skip(stream: &mut Stream<'_>) -> Result<(), AdapterError> {
    let outer = stream.depth().saturating_sub(1);
    while stream.depth() > outer {
        if stream.next()?.is_none() {
            break;
        }
    }
    Ok(())
}

fn check_root(root: &Start) -> Result<(), AdapterError> {
    if !is(root, "EMSDataSet") {
        let remedy = "send an EMSDataSet in the namespace http://www.nemsis.org";
        let rule = "the root element EMSDataSet of NEMSIS";
        return Err(AdapterError::new(Code::NEMSIS_ROOT, Place::at("/*", root.line), rule, remedy));
    }
    // `xsi:schemaLocation` is the one place where a file states the version of the standard it follows.
    let location = root.xsi("schemaLocation").unwrap_or_default();
    let pairs: Vec<&str> = location.split_ascii_whitespace().collect();
    let mine = pairs.chunks(2).find(|p| p.first() == Some(&NAMESPACE)).and_then(|p| p.get(1));
    let stated = mine.is_some_and(|url| {
        url.split('/')
            .any(|part| part == VERSION || part.strip_prefix(VERSION).is_some_and(|rest| rest.starts_with('.')))
    });
    if !stated {
        let place = Place::at("/EMSDataSet/@xsi:schemaLocation", root.line);
        let remedy = "export as NEMSIS 3.5.1, with the schema location of that version in the file";
        return Err(AdapterError::new(Code::NEMSIS_VERSION, place, "NEMSIS 3.5.1", remedy));
    }
    Ok(())
}

fn empty() -> AdapterError {
    let remedy = "send a file with at least one PatientCareReport";
    AdapterError::new(Code::NEMSIS_EMPTY, Place::none(), "at least one report", remedy)
}
