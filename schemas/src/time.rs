use serde::{Deserialize, Serialize};

/// Time on the log: milliseconds since the Unix epoch, UTC; never decreases along `EVENTS`.
///
/// Log time = max(previous log time, server timestamp). Asserted times (when a partner says something
/// happened) are data, never this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogTime(pub i64);

impl LogTime {
    /// The later of the two: how log time advances from one message to the next.
    #[must_use]
    pub fn advance(self, server: Self) -> Self {
        self.max(server)
    }
}
