//! End-to-end cases on a real nats-server and real databases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod canaries;
mod errors;
mod idempotency;
mod night;
mod revocation;
mod uniform;
