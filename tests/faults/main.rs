//! A6: any process may be killed at any instant; nothing acknowledged is lost, nothing is doubled.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod hubs;
mod kills;
mod outcome;
mod policy_steps;
mod proxy;
mod workload;
