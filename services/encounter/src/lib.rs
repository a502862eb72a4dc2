//! The encounter decider: what police, fire/EMS, clinicians and hospitals report about one encounter.
//!
//! It accepts the field's dirt (an arrival before its dispatch, a transport without its start) because a report is
//! needed tonight, and refuses what cannot be true or cannot be protected: an event after the end of the encounter
//! it belongs to, clinical data about nobody, a caution without its end.

mod decide;
mod rules;
mod state;
mod times;
mod treatment;

pub use decide::Encounters;
pub use rules::{About, Phase, RULES, Rule, rule};
pub use state::Encounter;
