//! The broker against a real nats-server: who may say what, who is who, what survives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod dead;
mod deputy;
mod lifecycle;
mod partners;
mod permissions;
mod streams;
mod watched;
