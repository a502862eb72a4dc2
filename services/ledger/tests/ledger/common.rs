//! A made-up history of both streams, and ledgers built from it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use handoff_ledger::note::Signer;
use handoff_ledger::{FOLDER, Lane, LedgerError, Message, Step, Steps, Tree, Unwatched, sign};
use handoff_schemas::{Category, LogPos, LogTime, PersonId, Purpose, Recipient, RecipientKind, RecordId, ReleaseId};
use handoff_schemas::{EventId, PartnerId};
use handoff_spine::release::{
    Access, Batch, Release, ReleasedSlice, Ruled, RulingDoc, SealedSlices, StatedSlice, Terms, TermsId, release_id,
};
use handoff_spine::store::{Db, DbName, Store};
use handoff_spine::testing::Postgres;
use handoff_spine::vault::Sealed;
use serde_json::json;
use uuid::Uuid;

pub const SEED: [u8; 32] = [42; 32];

pub fn signer(tree: Tree) -> Signer {
    Signer::new(&format!("test.example/{}", tree.name()), &SEED).unwrap()
}

/// A different but repeatable id for every pair of numbers.
fn id(kind: u8, n: u64) -> Uuid {
    let mut bytes = [kind; 16];
    bytes[8..].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

pub fn person(n: u64) -> PersonId {
    PersonId(id(1, n))
}

/// What all of them are released on.
pub fn terms_text() -> String {
    let grants = json!([{
        "purposes": [Purpose::Treat.code(), Purpose::Coc.code()],
        "basis": "agreement",
        "agreement": {"id": "crisis-ila", "version": 2, "clause": "flow-1"},
        "notice": {"form": 1},
    }]);
    grants.to_string()
}

pub fn terms() -> Terms {
    [(TermsId::of(&terms_text()), terms_text().into())].into_iter().collect()
}

/// One ruling of position `n`; every fifth withholds everything.
pub fn ruled(n: u64, part: u64) -> Ruled {
    let (unit, kind) = [
        ("willow-clinic-crisis", RecipientKind::Bhc),
        ("river-pd-patrol", RecipientKind::Le),
        ("lantern-shelter-intake", RecipientKind::Cbo),
    ][(n + part) as usize % 3];
    let recipient = Recipient { unit: unit.parse().unwrap(), kind };
    let event = EventId(id(2, n));
    let release = release_id(LogPos(n), event, &recipient);
    let supersedes: Vec<ReleaseId> = if n.is_multiple_of(4) { vec![ReleaseId(id(3, n))] } else { Vec::new() };
    let doc = RulingDoc {
        ask: None,
        release,
        event_type: "encounter.care-reported.v1".parse().unwrap(),
        source: "river-fire-ems".parse().unwrap(),
        recipient: recipient.clone(),
        record: id(4, n),
        person: Some(id(5, n)),
        incident: None,
        ruled_at: LogTime(1_000_000 + n as i64),
        valid_until: None,
        slices: vec![StatedSlice {
            category: Category::EmsClinical,
            content: format!("{n:064x}"),
            terms: TermsId::of(&terms_text()),
        }],
        bundle: "b".repeat(64),
        engine: "1".to_owned(),
        corrects: supersedes.clone(),
    };
    let slices = vec![ReleasedSlice {
        category: Category::EmsClinical,
        record: RecordId(id(6, n)),
        sealed: Sealed { key_version: 1, nonce: [n as u8; 12], ciphertext: vec![(n + part) as u8; 40] },
    }];
    let kept = !(n + part).is_multiple_of(5);
    Ruled {
        cause: LogPos(n),
        at: doc.ruled_at,
        event,
        event_pos: LogPos(n),
        event_index: 0,
        event_type: doc.event_type.clone(),
        source: doc.source.clone(),
        partner: unit.rsplit_once('-').unwrap().0.parse().unwrap(),
        recipient,
        ask: None,
        person: Some(person(n % 3)),
        release: kept.then(|| Release {
            id: release,
            ruling: serde_json::to_string(&doc).unwrap(),
            slices: SealedSlices::new(&slices).unwrap(),
            scopes: vec![format!("consent:{}", id(7, n)), "agreement:crisis-ila".to_owned()],
            valid_until: None,
            substance: n,
            index: Vec::new(),
        }),
        withheld: None,
        supersedes,
    }
}

fn message(seq: u64, body: Vec<u8>) -> Message {
    let (hash, stored) = (handoff_spine::log::body_hash(&body), LogTime(1_000_000 + seq as i64));
    Message { seq, hash, stored, published: true, body }
}

/// `count` messages of `RELEASES`: three positions each, two recipients a position.
pub fn releases(count: u64) -> Vec<Message> {
    let batch = |seq: u64| {
        let positions = seq * 3 - 2..=seq * 3;
        Batch {
            v: 1,
            first: LogPos(*positions.start()),
            last: LogPos(*positions.end()),
            last_hash: "0".repeat(64),
            at: LogTime(1_000_000 + seq as i64),
            part: 0,
            more: false,
            terms: terms(),
            why: Terms::default(),
            ruled: positions.flat_map(|n| [ruled(n, 0), ruled(n, 1)]).collect(),
        }
    };
    (1..=count).map(|seq| message(seq, serde_json::to_vec(&batch(seq)).unwrap())).collect()
}

/// All releases of these messages, in stream order.
pub fn released(messages: &[Message]) -> Vec<Ruled> {
    let batches = messages.iter().map(|m| serde_json::from_slice::<Batch>(&m.body).unwrap());
    batches.flat_map(|b| b.ruled).filter(|r| r.release.is_some()).collect()
}

/// `count` messages of `ACCESS`.
pub fn accesses(count: u64) -> Vec<Message> {
    let partner: PartnerId = "willow-clinic".parse().unwrap();
    let access = |seq: u64| Access {
        v: 1,
        id: id(8, seq),
        partner: partner.clone(),
        recipient: Recipient { unit: "willow-clinic-crisis".parse().unwrap(), kind: RecipientKind::Bhc },
        user: format!("clinician \"{seq}\"\0"),
        purpose: "TREAT".to_owned(),
        query: "list".to_owned(),
        releases: vec![ReleaseId(id(9, seq)), ReleaseId(id(10, seq))],
        as_of: LogPos(seq * 2),
        at: LogTime(2_000_000 + seq as i64),
    };
    (1..=count).map(|seq| message(seq, serde_json::to_vec(&access(seq)).unwrap())).collect()
}

pub fn messages(tree: Tree, count: u64) -> Vec<Message> {
    match tree {
        Tree::Releases => releases(count),
        Tree::Accesses => accesses(count),
    }
}

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A data folder with its store.
pub struct Place {
    pub dir: tempfile::TempDir,
    url: Option<String>,
    store: Store,
}

impl Place {
    pub async fn new(engine: Engine) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Postgres::shared().unwrap().database().await.unwrap()),
        };
        let store = open(&dir, url.as_deref());
        Self { dir, url, store }
    }

    pub fn data(&self) -> &Path {
        self.dir.path()
    }

    pub fn tree(&self, tree: Tree) -> PathBuf {
        self.data().join(FOLDER).join(tree.name())
    }

    pub async fn db(&self) -> Db {
        let db = self.store.open(&DbName::Ledger).await.unwrap();
        handoff_ledger::migrate(&db).await.unwrap();
        db
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What a new process does: nothing of the old one's memory or connections is left.
    pub async fn restart(&mut self) {
        self.store.close().await;
        self.store = open(&self.dir, self.url.as_deref());
    }

    pub async fn drop_ledger_database(&self) {
        self.store.reset(&DbName::Ledger).await.unwrap();
    }

    /// Runs one statement on the ledger's database, past every rule of the ledger.
    pub async fn tamper(&self, sql: &str) -> Result<u64, String> {
        use handoff_spine::store::sqlx::{AssertSqlSafe, query};
        let sql = AssertSqlSafe(sql.to_owned());
        match self.db().await {
            Db::Sqlite(db) => {
                query(sql).execute(db.writer()).await.map(|d| d.rows_affected()).map_err(|e| e.to_string())
            }
            Db::Postgres(db) => {
                query(sql).execute(db.pool()).await.map(|d| d.rows_affected()).map_err(|e| e.to_string())
            }
        }
    }

    pub async fn open_lane(&self, tree: Tree, steps: Arc<dyn Steps>) -> Result<Lane, LedgerError> {
        Lane::open(tree, &self.tree(tree), self.db().await, signer(tree).verifier(), steps).await
    }

    /// Takes in the messages after the lane's checkpoint, `batch` at a time, signing after each.
    pub async fn run(
        &self,
        tree: Tree,
        messages: &[Message],
        batch: usize,
        steps: Arc<dyn Steps>,
    ) -> Result<(), LedgerError> {
        let signer = signer(tree);
        let mut lane = self.open_lane(tree, Arc::clone(&steps)).await?;
        loop {
            if let Some(head) = lane.head(signer.verifier().name()) {
                sign(lane.dir(), &signer, &head, &*steps).await?;
            }
            let done = lane.checkpoint().seq as usize;
            let next = &messages[done..messages.len().min(done + batch)];
            if next.is_empty() {
                return Ok(());
            }
            lane = lane.integrate(next).await?;
        }
    }

    /// A whole ledger: both trees, signed.
    pub async fn build(engine: Engine, releases: u64, accesses: u64) -> Self {
        let place = Self::new(engine).await;
        for (tree, count) in [(Tree::Releases, releases), (Tree::Accesses, accesses)] {
            place.run(tree, &messages(tree, count), 3, Arc::new(Unwatched)).await.unwrap();
        }
        place
    }

    /// All that a tree is, on disk and in the database, for comparing two histories.
    pub async fn content(&self, tree: Tree) -> (Vec<Vec<u8>>, Vec<String>) {
        let files = ["leaves", "internal", "checkpoint", "verifier.pub"];
        let files = files.iter().map(|f| std::fs::read(self.tree(tree).join(f)).unwrap_or_default()).collect();
        let mut rows = Vec::new();
        let lookup = handoff_ledger::Lookup::new(self.db().await, self.data()).await.unwrap();
        match tree {
            Tree::Releases => {
                for row in lookup.last(10_000).await.unwrap() {
                    rows.push(serde_json::to_string(&row).unwrap());
                }
            }
            Tree::Accesses => {
                for row in lookup.last_readings(10_000).await.unwrap() {
                    rows.push(serde_json::to_string(&row).unwrap());
                }
            }
        }
        (files, rows)
    }
}

fn open(dir: &tempfile::TempDir, url: Option<&str>) -> Store {
    match url {
        None => Store::sqlite(dir.path().join("db")),
        Some(url) => Store::postgres(url, "handoff"),
    }
}

/// Ends the process at the `nth` time a step is reached.
pub struct StopAt {
    pub step: Step,
    pub nth: usize,
    pub seen: AtomicUsize,
}

impl StopAt {
    pub fn new(step: Step, nth: usize) -> Arc<Self> {
        Arc::new(Self { step, nth, seen: AtomicUsize::new(0) })
    }

    /// Whether the step was reached so often.
    pub fn stopped(&self) -> bool {
        self.seen.load(Ordering::SeqCst) >= self.nth
    }
}

impl Steps for StopAt {
    fn reached(&self, step: Step) -> Result<(), LedgerError> {
        if step == self.step && self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.nth {
            return Err(LedgerError::Stopped(step));
        }
        Ok(())
    }
}
