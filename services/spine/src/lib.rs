//! What every service stands on: the log on JetStream, the vault, the store, the broker, and the shape of a
//! service. No service imports another; they meet here, on the log.

pub mod broker;
pub mod command;
pub mod commit;
pub mod dead;
pub mod decider;
pub mod directory;
pub mod index;
pub mod intake;
pub mod log;
pub mod release;
pub mod rpc;
pub mod scenario;
pub mod service;
pub mod store;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod vault;
pub mod view;
