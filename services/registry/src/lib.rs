//! The registry decider: who takes part and on what terms. Partners, their units, and the agreements between them.
//!
//! What law hangs on is registered here by the hub's operator and by nobody else; a party signs for itself.

mod agreement;
mod decide;
mod hook;
mod law;
mod moves;
mod operator;
mod partner;
mod read;
mod state;
mod unit;

pub use decide::{Known, Registrar};
pub use law::LawRecord;
pub use moves::{AGREEMENT_MOVES, AgreementMove, Move, PARTNER_MOVES, PartnerMove};
pub use state::{AgreementRecord, Entry, PartnerRecord, Version};
