//! What tests of any crate start for themselves: a throw-away PostgreSQL, a throw-away broker. Feature `testing`.

mod broker;
mod postgres;

pub use broker::TestBroker;
pub use postgres::{Postgres, PostgresError};
