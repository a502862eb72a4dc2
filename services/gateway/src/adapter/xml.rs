//! XML as the hub takes it: UTF-8, no DOCTYPE, no entity beyond the five, bounded in size, depth and elements.

mod tree;

use quick_xml::XmlVersion;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::escape::{EscapeError, resolve_predefined_entity};
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

use super::{AdapterError, Code, MAX_BYTES, Place};

pub use tree::{Node, subtree};

/// Elements inside each other; a standard report nests nine.
pub const MAX_DEPTH: usize = 64;
/// Elements of one document.
const MAX_ELEMENTS: usize = 200_000;
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// A start tag, names resolved.
#[derive(Debug)]
pub struct Start {
    pub name: String,
    pub namespace: Option<String>,
    pub attributes: Vec<Attribute>,
    pub line: u32,
}

#[derive(Debug)]
pub struct Attribute {
    pub name: String,
    /// In the XML Schema instance namespace (`xsi:nil`, `xsi:schemaLocation`).
    pub xsi: bool,
    pub value: String,
}

impl Start {
    /// The value of an attribute without a namespace.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|a| !a.xsi && a.name == name).map(|a| a.value.as_str())
    }

    /// The value of an attribute of the XML Schema instance namespace.
    pub fn xsi(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|a| a.xsi && a.name == name).map(|a| a.value.as_str())
    }
}

/// What a document is made of, as far as the hub looks.
#[derive(Debug)]
pub enum Token {
    Start(Start),
    Text(String),
    End,
}

/// A guarded reader over one document. After an error it must not be used again.
pub struct Stream<'a> {
    text: &'a str,
    reader: NsReader<&'a [u8]>,
    depth: usize,
    elements: usize,
    rooted: bool,
    /// An empty tag was given as `Start`; its `End` is still to come.
    pending_end: bool,
    counted: usize,
    line: u32,
}

impl<'a> Stream<'a> {
    /// Checks what can be checked without parsing, and starts.
    pub fn new(bytes: &'a [u8]) -> Result<Self, AdapterError> {
        if bytes.len() > MAX_BYTES {
            return Err(refuse(Code::TOO_LARGE, None, "at most 8 MiB", "send one report a file, without attachments"));
        }
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let line = line_at(bytes, e.valid_up_to());
            refuse(Code::NOT_UTF8, Some(line), "UTF-8", "export the file in UTF-8")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if let Some(at) = text.find(|c: char| !is_xml_char(c)) {
            let line = line_at(text.as_bytes(), at);
            return Err(refuse(Code::NOT_WELL_FORMED, Some(line), "XML 1.0 characters", "remove control characters"));
        }
        let mut reader = NsReader::from_str(text);
        let config = reader.config_mut();
        config.check_comments = true;
        config.check_end_names = true;
        Ok(Self { text, reader, depth: 0, elements: 0, rooted: false, pending_end: false, counted: 0, line: 1 })
    }

    /// How many elements are open.
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// The next token; none after the end of a whole document.
    pub fn next(&mut self) -> Result<Option<Token>, AdapterError> {
        if std::mem::take(&mut self.pending_end) {
            self.depth -= 1;
            return Ok(Some(Token::End));
        }
        loop {
            let event = self.reader.read_event();
            let line = self.advance();
            let event = event.map_err(|e| broken(&e, line))?;
            match event {
                Event::Start(tag) => return self.open(&tag, line).map(|s| Some(Token::Start(s))),
                Event::Empty(tag) => {
                    let start = self.open(&tag, line)?;
                    self.pending_end = true;
                    return Ok(Some(Token::Start(start)));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Some(Token::End));
                }
                Event::Text(text) => {
                    let text = text.xml10_content();
                    if self.depth > 0 {
                        return Ok(Some(Token::Text(text.into_owned())));
                    }
                    if !text.chars().all(|c| c.is_ascii_whitespace()) {
                        return Err(outside(line));
                    }
                }
                Event::CData(text) if self.depth > 0 => {
                    return Ok(Some(Token::Text(text.xml10_content().into_owned())));
                }
                Event::GeneralRef(name) if self.depth > 0 => {
                    let known = match name.resolve_char_ref() {
                        Ok(Some(c)) => is_xml_char(c).then(|| c.to_string()),
                        Ok(None) => resolve_predefined_entity(&name.xml10_content()).map(str::to_owned),
                        Err(_) => None,
                    };
                    return known.map(|t| Some(Token::Text(t))).ok_or_else(|| entity(line));
                }
                Event::CData(_) | Event::GeneralRef(_) => return Err(outside(line)),
                Event::DocType(_) => {
                    let remedy = "remove the DOCTYPE; the hub reads no DTD";
                    return Err(refuse(Code::DOCTYPE, Some(line), "no DOCTYPE", remedy));
                }
                Event::Decl(decl) => {
                    if let Some(Ok(encoding)) = decl.encoding()
                        && !encoding.eq_ignore_ascii_case("utf-8")
                        && !encoding.eq_ignore_ascii_case("us-ascii")
                    {
                        return Err(refuse(Code::ENCODING, Some(line), "UTF-8", "export the file in UTF-8"));
                    }
                }
                Event::PI(_) | Event::Comment(_) => {}
                Event::Eof if self.depth > 0 || !self.rooted => {
                    let remedy = "send the whole file; the transfer was cut off";
                    return Err(refuse(Code::TRUNCATED, Some(line), "a complete document", remedy));
                }
                Event::Eof => return Ok(None),
            }
        }
    }

    fn open(&mut self, tag: &BytesStart<'_>, line: u32) -> Result<Start, AdapterError> {
        if self.depth == 0 && self.rooted {
            return Err(outside(line));
        }
        self.rooted = true;
        self.depth += 1;
        self.elements += 1;
        if self.depth > MAX_DEPTH {
            return Err(refuse(Code::TOO_DEEP, Some(line), "at most 64 levels", "this is no standard report"));
        }
        if self.elements > MAX_ELEMENTS {
            return Err(refuse(Code::TOO_LARGE, Some(line), "at most 200,000 elements", "send one report a file"));
        }
        let resolver = self.reader.resolver();
        let (namespace, name) = resolver.resolve_element(tag.name());
        let namespace = match namespace {
            ResolveResult::Bound(Namespace(n)) => Some(n.to_owned()),
            ResolveResult::Unbound => None,
            ResolveResult::Unknown(_) => return Err(prefix(line)),
        };
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|_| {
                refuse(Code::NOT_WELL_FORMED, Some(line), "well-formed attributes", "write each attribute once, quoted")
            })?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let (namespace, name) = resolver.resolve_attribute(attribute.key);
            if matches!(namespace, ResolveResult::Unknown(_)) {
                return Err(prefix(line));
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| match e {
                Error::Escape(EscapeError::UnterminatedEntity(_) | EscapeError::UnrecognizedEntity(..)) => entity(line),
                _ => refuse(Code::NOT_WELL_FORMED, Some(line), "well-formed attributes", "escape `&` as `&amp;`"),
            })?;
            if value.chars().any(|c| !is_xml_char(c)) {
                return Err(entity(line));
            }
            let xsi = matches!(namespace, ResolveResult::Bound(Namespace(n)) if n == XSI);
            if xsi || matches!(namespace, ResolveResult::Unbound) {
                attributes.push(Attribute { name: name.as_ref().to_owned(), xsi, value: value.into_owned() });
            }
        }
        Ok(Start { name: name.as_ref().to_owned(), namespace, attributes, line })
    }

    /// The line the reader has come to. Counts each byte once.
    fn advance(&mut self) -> u32 {
        let to = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX).min(self.text.len());
        let passed = self.text.as_bytes().get(self.counted..to).unwrap_or_default();
        self.line = self.line.saturating_add(newlines(passed));
        self.counted = self.counted.max(to);
        self.line
    }
}

fn newlines(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.iter().filter(|b| **b == b'\n').count()).unwrap_or(u32::MAX)
}

fn line_at(bytes: &[u8], at: usize) -> u32 {
    newlines(bytes.get(..at).unwrap_or_default()).saturating_add(1)
}

/// `Char` of XML 1.0.
const fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

fn refuse(code: Code, line: Option<u32>, rule: &'static str, remedy: &'static str) -> AdapterError {
    AdapterError::new(code, Place { path: String::new(), line }, rule, remedy)
}

fn entity(line: u32) -> AdapterError {
    refuse(Code::ENTITY, Some(line), "only &amp; &lt; &gt; &quot; &apos; and characters", "write the character itself")
}

fn prefix(line: u32) -> AdapterError {
    refuse(Code::NOT_WELL_FORMED, Some(line), "declared namespace prefixes", "declare every prefix with xmlns")
}

fn outside(line: u32) -> AdapterError {
    refuse(Code::NOT_WELL_FORMED, Some(line), "one root element", "remove what stands before or after the root element")
}

/// From the parser's error, whose own message may repeat names of the document.
fn broken(error: &Error, line: u32) -> AdapterError {
    match error {
        Error::Syntax(SyntaxError::InvalidBangMarkup) | Error::IllFormed(IllFormedError::MissingDoctypeName) => {
            refuse(Code::NOT_WELL_FORMED, Some(line), "well-formed XML", "correct the markup after `<!`")
        }
        Error::Syntax(SyntaxError::UnclosedDoctype) => {
            refuse(Code::DOCTYPE, Some(line), "no DOCTYPE", "remove the DOCTYPE; the hub reads no DTD")
        }
        Error::Syntax(_) | Error::IllFormed(IllFormedError::MissingEndTag(_)) => {
            refuse(Code::TRUNCATED, Some(line), "a complete document", "send the whole file; the transfer was cut off")
        }
        Error::Escape(_) | Error::IllFormed(IllFormedError::UnclosedReference) => entity(line),
        _ => refuse(
            Code::NOT_WELL_FORMED,
            Some(line),
            "well-formed XML",
            "export the file again with a conforming writer",
        ),
    }
}
