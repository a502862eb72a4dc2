//! Deriving every ruling again from `EVENTS` alone: what a past release rested on, and whether it still follows (A3).

use std::sync::Arc;

use handoff_law::Bundle;
use handoff_schemas::LogPos;
use handoff_spine::log::{EVENTS, Follow, Log};
use handoff_spine::release::Ruled;
use handoff_spine::service::ServiceError;
use handoff_spine::vault::Opener;

use crate::ruler::Ruler;

/// One pass over the log. Nothing is appended; sweeps are where they were.
pub struct Replay {
    log: Log,
    ruler: Ruler,
    follow: Follow,
    last: u64,
    at: u64,
}

impl Replay {
    /// Begins at the first position; ends at the last one there is now. `bundle` rules a log that carries no law.
    ///
    /// # Errors
    /// The log's; HO-4004 where a version of the law that it names cannot be ruled by.
    pub async fn start(log: Log, opener: Opener, bundle: Arc<Bundle>) -> Result<Self, ServiceError> {
        let last = log.last(EVENTS).await?;
        let follow = log.follow(EVENTS, 1, &[]).await?;
        let mut ruler = Ruler::new(log.clone(), opener, bundle);
        ruler.read_law().await?;
        Ok(Self { log, ruler, follow, last, at: 0 })
    }

    /// The rulings of the next position, in the order policy appends them; none after the last. Equal to what
    /// `RELEASES` holds, but for the nonces and ciphertexts of the slices.
    ///
    /// # Errors
    /// The log's; HO-4002 where an event cannot be opened.
    pub async fn next(&mut self) -> Result<Option<(LogPos, Vec<Ruled>)>, ServiceError> {
        if self.at >= self.last {
            return Ok(None);
        }
        let entry = self.log.open(&self.follow.next().await?)?;
        self.at = entry.pos.0;
        let stated = self.ruler.position(&entry).await?.ruled;
        Ok(Some((entry.pos, stated.into_iter().map(|s| s.ruled).collect())))
    }
}
