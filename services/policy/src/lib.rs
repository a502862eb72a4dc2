//! Policy: the one writer on `RELEASES`. It folds `EVENTS` in order, asks the pure decision engine for each
//! recipient, applies the templates, seals what may go under release keys, and appends the rulings of a run of
//! positions as one message. It holds no decision of its own.

mod apply;
mod due;
mod erase;
mod law;
mod memory;
mod open;
mod own;
mod recall;
mod replay;
mod ruler;
mod seal;
mod service;
mod sweep;
mod terms;

pub use apply::{left, source_kind};
pub use law::{Activation, Laws, SUBJECTS as LAW_SUBJECTS};
pub use replay::Replay;
pub use service::{Handle, Options, Policy};
