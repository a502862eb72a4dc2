//! The catalogue, its samples and what the registry does with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod canaries;
mod catalogue;
mod cloud_events;
mod external;
mod published;
mod slicing;
mod support;
