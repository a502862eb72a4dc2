//! End-to-end cases on a real nats-server and real databases; `data.rs` runs the YAML files beside it without them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod agreements;
mod amendments;
mod asks;
mod bad_input;
mod bundles;
mod canaries;
mod credentials;
mod data;
mod dead;
mod due;
mod errors;
mod external;
mod fhir;
mod fuzz;
mod hooks;
mod idempotency;
mod labels;
mod ledger;
mod night;
mod replay;
mod restart;
mod revocation;
mod rule;
mod uniform;
