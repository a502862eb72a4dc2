use handoff_schemas::{LogPos, LogTime};

use super::{Log, LogError};

/// How far a consumer has come, written in the transaction of the rows it stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    pub seq: u64,
    /// SHA-256 of the message at `seq` as stored.
    pub hash: [u8; 32],
    /// Log time at `seq`: the running maximum of server timestamps.
    pub at: LogTime,
}

/// The stream is not the one this checkpoint was taken on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Regression {
    #[error(
        "stream `{stream}` ends at {last}, before the checkpoint {seq}: it was truncated or restored from an older \
         backup; stop, and restore the log of the same time as the databases, or rebuild them"
    )]
    Truncated { stream: String, last: u64, seq: u64 },
    #[error(
        "stream `{stream}` holds another message at the checkpoint {seq}: it grew back differently; stop, and restore \
         the right log, or rebuild the databases from it"
    )]
    Different { stream: String, seq: u64 },
    #[error("stream `{stream}` has a hole: expected sequence {expected}, got {got}; stop and restore the log")]
    Hole { stream: String, expected: u64, got: u64 },
}

impl Log {
    /// Refuses to go on from a checkpoint that the stream does not bear out (the truncation alarm).
    ///
    /// # Errors
    /// [`LogError::Regression`]; [`LogError::Unreachable`].
    pub async fn check(&self, stream: &str, checkpoint: &Checkpoint) -> Result<(), LogError> {
        let seq = checkpoint.seq;
        if seq == 0 {
            return Ok(());
        }
        let last = self.last(stream).await?;
        if last < seq {
            return Err(Regression::Truncated { stream: stream.to_owned(), last, seq }.into());
        }
        if self.raw(stream, LogPos(seq)).await?.hash() != checkpoint.hash {
            return Err(Regression::Different { stream: stream.to_owned(), seq }.into());
        }
        Ok(())
    }
}
