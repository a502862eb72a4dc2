//! The consent decider: what the person allowed, forbade, withdrew, and was told.
//!
//! A document that lacks an element of 42 CFR 2.31(a) is refused with the element's section; what is accepted is
//! reduced to `ConsentFacts`, which policy resolves. Words, names and signatures stay sealed.

mod choices;
mod decide;
pub mod fhir;
mod limits;
mod moment;
mod signatures;
mod state;
mod steps;
mod terms;

pub use decide::Consents;
pub use state::{Consent, Status};
pub use steps::{Actor, Row, STEPS, Step};
