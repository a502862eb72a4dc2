//! A start: every version of the law that the log names is loaded, the state is read from `EVENTS`, what stands from
//! `RELEASES`; nothing is ruled twice.

use handoff_schemas::LogPos;
use handoff_spine::log::{Checkpoint, EVENTS, LogError, RELEASES};
use handoff_spine::release::Batch;
use handoff_spine::service::ServiceError;

use super::Policy;
use crate::erase;

impl Policy {
    /// Takes the last message of `RELEASES` as the checkpoint, folds `EVENTS` up to it without ruling, then takes note
    /// of what was released.
    ///
    /// What nobody entitled wrote is passed over without a word here: it had its dead letter when it was first read.
    ///
    /// A kill between two parts of one run leaves `more` set on the last message: that run's position is then
    /// derived again, and only the missing parts are appended.
    pub(super) async fn recover(&mut self) -> Result<(), ServiceError> {
        let log = self.log.clone();
        self.ruler.read_law().await?;
        let end = log.last(RELEASES).await?;
        let Some(last) = self.last_batch(end).await? else {
            self.appended = end;
            self.progress.send_replace((self.ruled, self.appended));
            return Ok(());
        };
        let Some(hash) = hash(&last.last_hash) else {
            self.dead.stopped_at(RELEASES, end, "HO-3005").await;
            return Err(LogError::Unreadable(LogPos(end)).into());
        };
        log.check(EVENTS, &Checkpoint { seq: last.last.0, hash, at: last.at }).await?;
        let cut = last.more.then_some(last.first);
        let ruled = cut.map_or(last.last, |first| LogPos(first.0.saturating_sub(1)));
        if cut.is_some() {
            tracing::warn!(position = %last.first, "a run of rulings that was cut short is continued");
            self.skip_parts = last.part as usize + 1;
        }
        if ruled.0 > 0 {
            let mut follow = log.follow(EVENTS, 1, &[]).await?;
            loop {
                let raw = follow.next().await?;
                let entry = self.dead.opened_again(&raw, log.open(&raw)).await?;
                let destroyed = erase::orders(&entry, |person| self.ruler.same_person(person));
                erase::carry_out(&self.vault, destroyed).await?;
                self.ruler.fold(&entry)?;
                if entry.pos >= ruled {
                    break;
                }
            }
        }
        let mut follow = log.follow(RELEASES, 1, &[]).await?;
        for _ in 0..end {
            let raw = follow.next().await?;
            let Some(batch) = self.dead.opened_again(&raw, log.open_batch(&raw)).await? else { continue };
            if cut == Some(batch.first) {
                break;
            }
            batch.ruled.iter().for_each(|ruled| self.ruler.note(ruled));
        }
        (self.ruled, self.appended) = (ruled, end);
        self.progress.send_replace((self.ruled, self.appended));
        Ok(())
    }

    /// The last run of rulings at or before `end`; what nobody entitled wrote is passed over.
    async fn last_batch(&self, end: u64) -> Result<Option<Batch>, ServiceError> {
        for seq in (1..=end).rev() {
            let raw = self.log.raw(RELEASES, LogPos(seq)).await?;
            if let Some(batch) = self.dead.opened_again(&raw, self.log.open_batch(&raw)).await? {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }
}

fn hash(hex: &str) -> Option<[u8; 32]> {
    data_encoding::HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()
}
