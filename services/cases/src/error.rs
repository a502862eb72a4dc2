/// Why a file of cases cannot be run. Says the place and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} {file}:{line}:{column}: {message}: {remedy}")]
pub struct CaseError {
    /// `HO-9060` and up, explained in `services/ERRORS.md`.
    pub code: &'static str,
    /// As the caller named it.
    pub file: String,
    /// From 1; 0 where the whole file is meant.
    pub line: u64,
    pub column: u64,
    pub message: String,
    pub remedy: String,
}

impl CaseError {
    /// HO-9060: not YAML, an unknown key, or a value of the wrong type.
    pub(crate) fn unreadable(file: &str, e: &serde_saphyr::Error) -> Self {
        let place = e.location();
        Self {
            code: "HO-9060",
            file: file.to_owned(),
            line: place.map_or(0, |p| p.line()),
            column: place.map_or(0, |p| p.column()),
            message: e.without_snippet().to_string().replace('\n', " "),
            remedy: "see the tables of keys in tests/cases/README.md".to_owned(),
        }
    }

    /// HO-9061: a case that says something that nothing else in it bears out.
    pub(crate) fn contradiction(file: &str, (line, column): (u64, u64), message: String) -> Self {
        let remedy = "correct the case; tests/cases/README.md says what each key takes".to_owned();
        Self { code: "HO-9061", file: file.to_owned(), line, column, message, remedy }
    }
}
