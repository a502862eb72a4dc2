use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::log::{Checkpoint, EVENTS, RELEASES};
use crate::store::{Db, DbName, Store, StoreError, Tx};
use handoff_schemas::{LogPos, PartnerId};
use tokio::time::Instant;

use crate::release::TermsId;

use super::progress::Progress;
use super::query::{Page, Query, Window};
use super::rows::{self, Change, StoredRow};

/// Why a view could not be read; none of them says anything about a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// Standing did not reach the log's end in time: nothing is shown rather than something that was withdrawn.
    #[error("HO-4201 the view is behind the log: ask again in a moment")]
    Behind,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ids remembered; then all are forgotten.
const MOST_KNOWN: usize = 10_000;

/// One partner's view.
#[derive(Clone, Debug)]
pub struct View {
    partner: PartnerId,
    db: Db,
    progress: Progress,
    /// Terms and sets of scopes that this handle has committed: most rows need no others.
    known: Arc<Mutex<HashSet<TermsId>>>,
    /// Where the rows end after what this handle has committed last; nothing while it writes.
    ends: Arc<Mutex<rows::Ends>>,
}

impl View {
    /// Opens the partner's database, making it at first use.
    ///
    /// # Errors
    /// The store's.
    pub async fn open(store: &Store, partner: &PartnerId) -> Result<Self, StoreError> {
        let db = store.open(&DbName::View(partner.clone())).await?;
        db.migrate("views", rows::MIGRATIONS).await?;
        Ok(Self {
            partner: partner.clone(),
            db,
            progress: Progress::open(store).await?,
            known: Arc::default(),
            ends: Arc::default(),
        })
    }

    #[must_use]
    pub fn partner(&self) -> &PartnerId {
        &self.partner
    }

    /// Reads behind the fence: waits, at most `patience`, until standing has reached `fence`, then takes rows and
    /// floors from one snapshot.
    ///
    /// # Errors
    /// [`ViewError::Behind`] where it does not get there; the same for persons who do not exist.
    pub async fn read(
        &self,
        fence: LogPos,
        patience: Duration,
        window: &Window,
        query: &Query,
    ) -> Result<Page, ViewError> {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_micros(500);
        loop {
            let standing = self.progress.at().await?;
            if standing.seq >= fence.0 {
                let mut tx = self.db.snapshot().await?;
                let window = Window { at: window.at.max(standing.at), ..window.clone() };
                let rows = match &mut tx {
                    Tx::Sqlite(tx) => rows::sqlite::read(tx, &window, query).await?,
                    Tx::Postgres(tx) => rows::postgres::read(tx, &window, query).await?,
                };
                let named = rows.iter().flat_map(|row| rows::named(&row.ruling)).collect();
                let terms = match &mut tx {
                    Tx::Sqlite(tx) => rows::sqlite::terms(tx, named).await?,
                    Tx::Postgres(tx) => rows::postgres::terms(tx, named).await?,
                };
                return Ok(Page { rows, terms, standing: LogPos(standing.seq), at: standing.at });
            }
            if Instant::now() >= deadline {
                return Err(ViewError::Behind);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }

    /// How far floors (`EVENTS`, now and then) and rows (`RELEASES`) are noted in this view: where it goes on.
    ///
    /// # Errors
    /// The store's.
    pub async fn checkpoints(&self) -> Result<(Checkpoint, Checkpoint), StoreError> {
        let mut tx = self.db.snapshot().await?;
        Ok((tx.checkpoint(EVENTS).await?, tx.checkpoint(RELEASES).await?))
    }

    /// Raises floors and notes how far they have come, in one transaction.
    pub async fn stand(&self, floors: &[(String, LogPos)], to: &Checkpoint) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        match &mut tx {
            Tx::Sqlite(tx) => rows::sqlite::raise(tx, floors).await?,
            Tx::Postgres(tx) => rows::postgres::raise(tx, floors).await?,
        }
        tx.set_checkpoint(EVENTS, to).await?;
        tx.commit().await
    }

    /// Applies rows and moves the rows' checkpoint, in one transaction.
    pub async fn apply(&self, changes: &[Change], to: &Checkpoint) -> Result<(), StoreError> {
        let new = rows::Texts::new(changes, &self.known());
        let mut tx = self.db.begin().await?;
        let mut ends = std::mem::take(&mut *locked(&self.ends));
        match &mut tx {
            Tx::Sqlite(tx) => rows::sqlite::apply(tx, changes, &new, &mut ends).await?,
            Tx::Postgres(tx) => rows::postgres::apply(tx, changes, &new, &mut ends).await?,
        }
        tx.set_checkpoint(RELEASES, to).await?;
        tx.commit().await?;
        *locked(&self.ends) = ends;
        let mut known = self.known();
        if known.len() > MOST_KNOWN {
            known.clear();
        }
        known.extend(new.ids());
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, HashSet<TermsId>> {
        locked(&self.known)
    }

    /// Every row, shown or not, for `handoff ledger verify`.
    ///
    /// # Errors
    /// The store's.
    pub async fn all(&self) -> Result<Vec<StoredRow>, StoreError> {
        match self.db.snapshot().await? {
            Tx::Sqlite(mut tx) => rows::sqlite::all(&mut tx, &self.partner).await,
            Tx::Postgres(mut tx) => rows::postgres::all(&mut tx, &self.partner).await,
        }
    }
}

/// A panic elsewhere leaves at worst something unremembered: it is then read or offered again.
fn locked<T>(memory: &Mutex<T>) -> MutexGuard<'_, T> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}
