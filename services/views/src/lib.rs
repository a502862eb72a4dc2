//! Views: builds what each partner can read, from `RELEASES` alone, beside the standing that hides what no longer
//! holds, from `EVENTS` alone. One reader of each stream fans out to the partners' databases.

mod fanout;
mod service;

pub use service::{Handle, Options, Views, rebuild};
