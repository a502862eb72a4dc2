//! One partner's view as its database keeps it: the views service writes it, the gateway reads it.

mod progress;
mod query;
mod rows;
mod stored;

pub use progress::Progress;
pub use query::{PAGE, Page, Query, ViewRow, Window};
pub use rows::{Change, StoredRow, changes};
pub use stored::{View, ViewError};
