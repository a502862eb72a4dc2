//! The privacy decider: what a unit seals or expunges of what it keeps about a person (rulebook 6.5, ST-08).
//!
//! Pure. Whether anything is there to seal is ruled at the event's position and told to nobody here.

mod decide;
mod state;

pub use decide::Seals;
pub use state::{Seal, Step};
