//! The hub's edge: what partners send in, in the formats they have, and what they read.
//!
//! `adapter` turns bytes into drafts of events, and does no I/O. `publish` makes commands of them; `read` is the one
//! way from a view to a partner; `service` answers partners on their own subjects.

pub mod adapter;
mod publish;
mod read;
mod service;
pub mod wire;

pub use publish::{Publisher, check};
pub use read::Reader;
pub use service::{Gateway, Options, PartnerOf};
