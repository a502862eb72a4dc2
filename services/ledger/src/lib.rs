//! The ledger: every release and every access as a leaf of a Merkle tree that an outsider can check, and as a row
//! of the accounting of disclosures that an officer can search. Built from `RELEASES` and `ACCESS` alone.

mod error;
mod files;
mod head;
mod lane;
mod lookup;
pub mod merkle;
pub mod note;
mod recover;
mod row;
mod service;
mod step;
mod store;
mod tree;
pub mod verify;

/// The ledger's folder inside the hub's data folder.
pub const FOLDER: &str = "ledger";

pub use error::LedgerError;
pub use head::TreeHead;
pub use lane::{Lane, Message, sign};
pub use lookup::{Counts, Lookup, Proof};
pub use row::{Accounting, Internal, Reading};
pub use service::{Handle, Ledger, Options, integrated};
pub use step::{Step, Steps, Unwatched};
pub use store::migrate;
pub use tree::Tree;
