#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice)]
//! The adapters, on our own samples, on the standards' files where they are present, and on bad input.

mod adapters {
    pub mod common;

    mod bad_inputs;
    mod cloud_event;
    mod eido;
    mod nemsis;
    mod never_panics;
    mod standard_files;
}
