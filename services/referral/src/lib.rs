//! The referral decider: a closed loop between the unit that refers and the unit that performs.
//!
//! Pure: a fold and a decision over the transition table of rulebook 5.5. Who may take which step is a column of
//! that table; everybody else gets the answer of a referral that does not exist.

mod decide;
mod state;
mod table;

pub use decide::Referrals;
pub use state::Referral;
pub use table::{Actor, Row, Step, TABLE};
