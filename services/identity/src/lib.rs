//! The identity decider: which local ids there are, and which of them an approver said are one human being.
//!
//! Nothing is guessed: a person is a random id claimed for one unit's local id, and a link is an explicit act with an
//! approver. Victim-service units take part in no link at all (34 USC 12291(b)(2)).

mod decide;
mod evidence;
mod life;
mod state;

pub use decide::{Identities, IsVictimServices, LOCAL};
pub use state::Person;
