use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// A fault in an agreement document: where it is, which clause, which law, what to do.
#[derive(Clone, thiserror::Error)]
#[error("{code}: line {line}: {clause}: {message}")]
pub struct AgreementError {
    /// `HO-1310` and up.
    pub code: &'static str,
    /// From 1.
    pub line: usize,
    /// For example `flow.dispatch.purposes`.
    pub clause: String,
    pub message: Box<str>,
    pub citation: &'static str,
    pub help: Box<str>,
    span: Range<usize>,
    source_text: Arc<NamedSource<String>>,
}

impl fmt::Debug for AgreementError {
    /// Without the document: signatories' names stand in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgreementError")
            .field("code", &self.code)
            .field("line", &self.line)
            .field("clause", &self.clause)
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

impl Diagnostic for AgreementError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("{} ({})", self.help, self.citation)))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&*self.source_text)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_with_span(Some(self.clause.clone()), self.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}

/// Collects the faults of one document.
pub(super) struct Faults {
    source: Arc<NamedSource<String>>,
    text: String,
    pub found: Vec<AgreementError>,
}

/// A fault without its place.
pub(super) struct Fault {
    pub code: &'static str,
    pub clause: String,
    pub message: String,
    pub citation: &'static str,
    pub help: String,
}

impl Faults {
    pub fn new(document: &str) -> Self {
        let source = Arc::new(NamedSource::new("agreement", document.to_owned()).with_language("toml"));
        Self { source, text: document.to_owned(), found: Vec::new() }
    }

    pub fn add(&mut self, span: Range<usize>, fault: Fault) {
        let line = self.text.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1;
        self.found.push(AgreementError {
            code: fault.code,
            line,
            clause: fault.clause,
            message: fault.message.into(),
            citation: fault.citation,
            help: fault.help.into(),
            span,
            source_text: Arc::clone(&self.source),
        });
    }
}

/// Never reached by a reader that keeps its promise to name a fault; a refusal all the same.
pub(super) fn unknown(document: &str) -> AgreementError {
    AgreementError {
        code: "HO-1310",
        line: 1,
        clause: "document".to_owned(),
        message: "cannot be read".into(),
        citation: "rulebook 7.1",
        help: "compare it with an example form".into(),
        span: 0..0,
        source_text: Faults::new(document).source,
    }
}
