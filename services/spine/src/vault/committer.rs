use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};

use handoff_schemas::{Category, PersonId, RecordId, UnitId};
use tokio::sync::{mpsc, oneshot};

use super::cache::DataKey;
use super::rows::{self, Hold, KeyRow};
use super::{Inner, KeyEncryption, Secret, VaultError};

/// Requests waiting for the next commit; more wait at the door.
pub(super) const QUEUE: usize = 4096;
/// Requests a commit: large enough to share an fsync among many, small enough to be quick.
const BATCH: usize = 1024;
const ATTEMPTS: usize = 8;

/// Keys one event needs; answered when they are durable, in the order asked.
pub(super) struct Request {
    pub(super) record: RecordId,
    pub(super) person: Option<PersonId>,
    pub(super) unit: UnitId,
    pub(super) categories: Vec<Category>,
    pub(super) reply: oneshot::Sender<Result<Vec<Arc<DataKey>>, VaultError>>,
}

/// One transaction for all requests that came while the last one was being written.
pub(super) async fn run(vault: Weak<Inner>, mut requests: mpsc::Receiver<Request>) {
    let mut batch = Vec::with_capacity(BATCH);
    while requests.recv_many(&mut batch, BATCH).await > 0 {
        let Some(vault) = vault.upgrade() else { return };
        match commit(&vault, &batch).await {
            Ok(answers) => {
                for (request, keys) in batch.drain(..).zip(answers) {
                    // Who no longer waits finds the keys next time: they are durable.
                    drop(request.reply.send(Ok(keys)));
                }
            }
            Err(e) => {
                for request in batch.drain(..) {
                    drop(request.reply.send(Err(e.clone())));
                }
            }
        }
    }
}

async fn commit(vault: &Inner, batch: &[Request]) -> Result<Vec<Vec<Arc<DataKey>>>, VaultError> {
    for attempt in 0..ATTEMPTS {
        let epoch = vault.cache.epoch();
        let mut tx = vault.db.begin().await?;
        let kek = vault.ring.active(&mut tx, Hold::Shared).await?;
        let mut records: Vec<_> = batch.iter().map(|r| r.record).collect();
        records.sort_unstable();
        records.dedup();
        let mut plan = Plan::new(vault, rows::of_records(&mut tx, &records).await?);
        let answers = batch.iter().map(|request| plan.answer(request, &*kek)).collect::<Result<Vec<_>, VaultError>>();
        let answers = match answers {
            // A rotation in another process may have finished since the rows were read.
            Err(VaultError::UnknownKek) if attempt + 1 < ATTEMPTS => continue,
            answers => answers?,
        };
        let rows = plan.new;
        if !rows.is_empty() {
            if rows::insert(&mut tx, &rows).await? != rows.len() as u64 {
                // Another process made one of them since the read: read again.
                continue;
            }
            tx.commit().await?;
        }
        let keys: Vec<_> = answers.iter().flatten().cloned().collect();
        vault.cache.keep(epoch, &keys);
        return Ok(answers);
    }
    Err(VaultError::Contended)
}

/// What stands in the table, what was unwrapped of it, and what is to be added.
struct Plan<'a> {
    vault: &'a Inner,
    standing: HashMap<(RecordId, Category), Vec<KeyRow>>,
    known: BTreeMap<(RecordId, Category, u32), Arc<DataKey>>,
    new: Vec<KeyRow>,
    fresh: Vec<Secret>,
}

impl<'a> Plan<'a> {
    fn new(vault: &'a Inner, rows: Vec<KeyRow>) -> Self {
        let mut standing: HashMap<_, Vec<KeyRow>> = HashMap::new();
        for row in rows {
            standing.entry((row.record, row.category)).or_default().push(row);
        }
        Self { vault, standing, known: BTreeMap::new(), new: Vec::new(), fresh: Vec::new() }
    }

    fn answer(&mut self, request: &Request, kek: &dyn KeyEncryption) -> Result<Vec<Arc<DataKey>>, VaultError> {
        request.categories.iter().map(|&category| self.key(request, category, kek)).collect()
    }

    /// The live key of this person and unit, else a new version: a destroyed one never comes back, and one person's
    /// key never seals another's data.
    fn key(
        &mut self,
        request: &Request,
        category: Category,
        kek: &dyn KeyEncryption,
    ) -> Result<Arc<DataKey>, VaultError> {
        let rows = self.standing.entry((request.record, category)).or_default();
        let usable = |row: &&KeyRow| !row.destroyed && row.person == request.person && row.unit == request.unit;
        if let Some(row) = rows.iter().filter(usable).max_by_key(|row| row.version) {
            let at = (row.record, row.category, row.version);
            if let Some(key) = self.known.get(&at) {
                return Ok(Arc::clone(key));
            }
            let key = Arc::new(self.vault.ring.unwrap_row(row)?);
            self.known.insert(at, Arc::clone(&key));
            return Ok(key);
        }
        let version = rows.iter().map(|row| row.version).max().unwrap_or(0).saturating_add(1);
        let mut row = KeyRow {
            record: request.record,
            category,
            version,
            person: request.person,
            unit: request.unit.clone(),
            kek: kek.id(),
            wrapped: Vec::new(),
            destroyed: false,
        };
        if self.fresh.is_empty() {
            self.fresh = Secret::random_many(64)?;
        }
        let secret = self.fresh.pop().ok_or(VaultError::NoRandomness)?;
        row.wrapped = kek.wrap(row.context(kek.id()).as_bytes(), &secret)?;
        let key = Arc::new(DataKey {
            record: row.record,
            category,
            version,
            person: row.person,
            unit: row.unit.clone(),
            secret,
        });
        self.known.insert((row.record, category, version), Arc::clone(&key));
        rows.push(row.clone());
        self.new.push(row);
        Ok(key)
    }
}
