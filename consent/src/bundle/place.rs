//! Where in a law file something is wrong: the line, before what is said of it.

use miette::Diagnostic;
use serde::de::DeserializeOwned;

/// Reads a TOML file of the law; an error begins with its line.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|e: toml::de::Error| match e.span() {
        Some(span) => format!("line {}: {}", line(text, span.start), e.message()),
        None => e.message().to_owned(),
    })
}

/// What is wrong with a word of the text, after the first line that has it.
pub(crate) fn at_word(text: &str, word: &str, why: String) -> String {
    match text.find(word) {
        Some(at) => format!("line {}: {why}", line(text, at)),
        None => why,
    }
}

/// The byte that a Cedar error points at, where it points at any.
pub(crate) fn offset(error: &dyn Diagnostic) -> Option<usize> {
    error.labels().and_then(|mut labels| labels.next()).map(|label| label.offset())
}

/// The number of the line that a byte stands in, from 1.
pub(crate) fn line(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}
