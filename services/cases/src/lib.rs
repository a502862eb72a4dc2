//! Cases as data: what is given, what happens, what must come of it, in YAML, run against the real deciders, the real
//! decision engine and the real templates. No I/O, no clock, no randomness.
//!
//! `tests/cases/README.md` is the format's description.

mod check;
mod error;
mod format;
mod found;
mod run;
mod world;

pub use check::Difference;
pub use error::CaseError;
pub use format::{Case, CaseFile, Decision, Documents, External, Then};
pub use run::{Outcome, Report, run};
