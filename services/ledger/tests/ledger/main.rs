//! The ledger from outside: one program, so that it is linked once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;
mod crash;
mod lookup;
mod merkle;
mod note;
mod service;
mod verify;
mod views;
