//! The one binary as a library, so that end-to-end tests start the same hub that `handoff up` starts.

pub mod client;
pub mod config;
pub mod fhir;
pub mod folded;
pub mod hub;
pub mod operator;
pub mod session;
