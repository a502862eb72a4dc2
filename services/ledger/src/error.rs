use handoff_spine::log::LogError;
use handoff_spine::service::ServiceError;
use handoff_spine::store::StoreError;

use crate::note::NoteError;

/// Why the ledger stopped, or refused to go on. Names files, sizes and positions, never a person.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Log(#[from] LogError),
    /// What is there is not what was signed before.
    #[error(
        "HO-4101 the {tree} ledger at size {size} is not the one last signed: stop, run `handoff ledger verify`, and \
         restore log and databases of the same time; nothing more is signed until the signed root is reproduced"
    )]
    NotAsSigned { tree: &'static str, size: u64 },
    #[error(
        "HO-4102 file `{file}` does not hold the leaves the database stands for: run `handoff ledger verify` to see \
         which, then restore the file, or delete it to have it derived again from the rows"
    )]
    FilesDiffer { file: String },
    #[error("HO-4103 the signed checkpoint `{file}` is not valid under the hub's key: restore it from a copy: {cause}")]
    BadCheckpoint { file: String, cause: NoteError },
    #[error("HO-4104 file `{file}` cannot be read or written: check the disk and its rights: {cause}")]
    File { file: String, cause: std::io::Error },
    #[error("HO-4105 message {seq} on `{stream}` is not of a format this release knows: run a newer release")]
    Unknown { stream: &'static str, seq: u64 },
    #[error("HO-4106 the {tree} ledger grew under this process: another ledger writes it; stop one of them")]
    Taken { tree: &'static str },
    #[error("HO-4107 the ledger cannot sign under the name `{name}`: {cause}")]
    Name { name: String, cause: NoteError },
    #[error("HO-4108 a row of the {tree} ledger cannot be read: run `handoff ledger verify`, then rebuild it")]
    Unreadable { tree: &'static str },
    /// A test ended the process here.
    #[doc(hidden)]
    #[error("stopped at {0:?}")]
    Stopped(crate::Step),
}

impl LedgerError {
    /// The stable code, explained in `services/ERRORS.md`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(e) => e.code(),
            Self::Log(_) => "HO-3003",
            Self::NotAsSigned { .. } => "HO-4101",
            Self::FilesDiffer { .. } => "HO-4102",
            Self::BadCheckpoint { .. } => "HO-4103",
            Self::File { .. } => "HO-4104",
            Self::Unknown { .. } => "HO-4105",
            Self::Taken { .. } => "HO-4106",
            Self::Name { .. } => "HO-4107",
            Self::Unreadable { .. } => "HO-4108",
            Self::Stopped(_) => "HO-4100",
        }
    }
}

impl From<LedgerError> for ServiceError {
    fn from(e: LedgerError) -> Self {
        match e {
            LedgerError::Log(e) => Self::Log(e),
            LedgerError::Store(e) => Self::Store(e.to_string()),
            other => {
                let code = other.code();
                // `ServiceError::Stop` writes the code itself.
                let message = other.to_string();
                let message = message.strip_prefix(code).map_or(message.as_str(), str::trim_start).to_owned();
                Self::Stop { code, message }
            }
        }
    }
}
