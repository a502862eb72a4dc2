use crate::LedgerError;

/// The instants between which a process may die; in the order they are passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Files were cut to what the database stands for.
    Cut,
    /// Lost leaves were derived again from rows.
    Derived,
    /// Leaves are computed, nothing is written.
    Planned,
    LeavesWritten,
    LeavesSynced,
    /// Rows are written, not committed.
    RowsWritten,
    CheckpointMoved,
    Committed,
    /// A new signed checkpoint is durable beside the old one.
    Signed,
    /// It stands in its place.
    Replaced,
}

impl Step {
    pub const ALL: [Self; 10] = [
        Self::Cut,
        Self::Derived,
        Self::Planned,
        Self::LeavesWritten,
        Self::LeavesSynced,
        Self::RowsWritten,
        Self::CheckpointMoved,
        Self::Committed,
        Self::Signed,
        Self::Replaced,
    ];
}

/// Told at every step; a test ends the process there by an error.
pub trait Steps: Send + Sync + 'static {
    /// # Errors
    /// [`LedgerError::Stopped`] to end here.
    fn reached(&self, step: Step) -> Result<(), LedgerError>;
}

/// Every step goes on: production.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Steps for Unwatched {
    fn reached(&self, _: Step) -> Result<(), LedgerError> {
        Ok(())
    }
}
