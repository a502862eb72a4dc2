//! A start: what stands is read from `RELEASES`, the law's state from `EVENTS`; nothing is ruled twice.

use handoff_schemas::LogPos;
use handoff_spine::log::{Checkpoint, EVENTS, LogError, RELEASES};
use handoff_spine::release::Ruled;
use handoff_spine::service::ServiceError;

use super::Policy;

impl Policy {
    /// Reads `RELEASES` for what stands, then folds `EVENTS` up to its checkpoint without ruling.
    ///
    /// A kill between two parts of one run leaves `more` set on the last message: that run's position is then
    /// derived again, and only the missing parts are appended.
    pub(super) async fn recover(&mut self) -> Result<(), ServiceError> {
        let log = self.options.log.clone();
        let last = log.last(RELEASES).await?;
        let mut notes: Vec<Ruled> = Vec::new();
        let mut whole = 0;
        let mut checkpoint = Checkpoint::default();
        let mut before_run = Checkpoint::default();
        if last > 0 {
            let mut follow = log.follow(RELEASES, 1, &[]).await?;
            while self.appended < last {
                let raw = follow.next().await?;
                self.appended = raw.seq;
                let Some(batch) = log.open_batch(&raw)? else { continue };
                if batch.part == 0 {
                    (before_run, whole) = (checkpoint, notes.len());
                }
                let hash = hash(&batch.last_hash).ok_or(LogError::Unreadable(LogPos(raw.seq)))?;
                checkpoint = Checkpoint { seq: batch.last.0, hash, at: batch.at };
                self.skip_parts = if batch.more { batch.part as usize + 1 } else { 0 };
                for mut ruled in batch.ruled {
                    // Only what `standing` needs is kept; the sealed bytes stay on the stream.
                    if let Some(release) = ruled.release.as_mut() {
                        release.slices = Vec::new();
                        release.ruling = String::new();
                    }
                    ruled.withheld = Vec::new();
                    notes.push(ruled);
                }
            }
        }
        log.check(EVENTS, &checkpoint).await?;
        if self.skip_parts > 0 {
            tracing::warn!(position = %checkpoint.seq, "a run of rulings that was cut short is continued");
            notes.truncate(whole);
            checkpoint = before_run;
        }
        if checkpoint.seq > 0 {
            let mut follow = log.follow(EVENTS, 1, &[]).await?;
            loop {
                let entry = log.open(&follow.next().await?)?;
                self.memory.fold(&entry);
                if entry.pos.0 >= checkpoint.seq {
                    break;
                }
            }
        }
        for ruled in &notes {
            let substance = ruled.release.as_ref().map_or(0, |r| r.substance);
            self.memory.note((ruled.event_pos, ruled.event_index), ruled, substance);
        }
        self.ruled = LogPos(checkpoint.seq);
        self.progress.send_replace((self.ruled, self.appended));
        Ok(())
    }
}

fn hash(hex: &str) -> Option<[u8; 32]> {
    data_encoding::HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()
}
