//! What the fuzzers and `tests/cases/fuzz.rs` do with one input: what the hub does with it, and what must hold of the
//! answer whatever the input is. A target panics where it does not hold.

mod agreement;
mod case;
mod consent;
mod event;
mod fhir;
mod hook;
mod report;
mod sound;

#[path = "../../../consent/tests/common/mod.rs"]
mod county;
#[path = "../../../services/consent/tests/common/mod.rs"]
mod given;

pub use agreement::agreement;
pub use case::case;
pub use consent::consent;
pub use event::cloudevent;
pub use fhir::fhir;
pub use hook::hook;
pub use report::{eido, nemsis};

/// One parser. True where it took the input, false where it refused it in words.
pub type Target = fn(&[u8]) -> bool;

/// Every target by its name: of its program in `src/bin`, and of its folders in `seeds` and `crashes`.
pub const TARGETS: &[(&str, Target)] = &[
    ("agreement", agreement),
    ("case", case),
    ("cloudevent", cloudevent),
    ("consent", consent),
    ("eido", eido),
    ("fhir", fhir),
    ("hook", hook),
    ("nemsis", nemsis),
];
