//! End-to-end cases on a real nats-server and real databases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod agreements;
mod bad_input;
mod canaries;
mod errors;
mod idempotency;
mod ledger;
mod night;
mod restart;
mod revocation;
mod uniform;
