//! The ask decider: what a user wants beyond what stands, and legal process served on a unit.
//!
//! It refuses what is not whole, and decides nothing about anybody's data: whether an ask opens something is ruled at
//! its log position, and the asker's own record looks the same either way (42 CFR 2.13(c)).

mod claim;
mod decide;
mod process;
mod request;
mod state;

pub use decide::{Asks, Roles};
pub use state::{Ask, Step};
