//! The key table's rows and the dispatch to the two engines.

use handoff_schemas::{Category, PersonId, RecordId, UnitId};

use super::sealed::Context;
use super::{Destruction, KekId, VaultError, postgres, sqlite};
use crate::store::{Migration, StoreError, Tx};

pub(super) const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "keys",
    sqlite: include_str!("../../migrations/keys/0001.sqlite.sql"),
    postgres: include_str!("../../migrations/keys/0001.postgres.sql"),
}];

pub(super) const CORRUPT: StoreError = StoreError::Corrupt { table: "data_key" };

/// A data key as stored.
#[derive(Clone)]
pub(super) struct KeyRow {
    pub(super) record: RecordId,
    pub(super) category: Category,
    pub(super) version: u32,
    pub(super) person: Option<PersonId>,
    pub(super) unit: UnitId,
    pub(super) kek: KekId,
    pub(super) wrapped: Vec<u8>,
    pub(super) destroyed: bool,
}

/// `record, category, version, person, unit, kek, wrapped, destroyed`, as both drivers decode it.
pub(super) type RawKey = (Vec<u8>, String, i64, Option<Vec<u8>>, String, Vec<u8>, Vec<u8>, i64);
/// `id, name, kek, wrapped, destroyed`.
pub(super) type RawNamed = (i64, String, Vec<u8>, Vec<u8>, i64);

/// A key of the hub or a partner, as stored.
pub(super) struct NamedRow {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) kek: KekId,
    pub(super) wrapped: Vec<u8>,
    pub(super) destroyed: bool,
}

impl KeyRow {
    /// What the wrapping is bound to: a row's bytes cannot be put into another row.
    pub(super) fn context(&self, kek: KekId) -> Context {
        Context::new("handoff data key v1")
            .with(self.record.0.as_bytes())
            .with(self.category.slug().as_bytes())
            .with(&self.version.to_be_bytes())
            .maybe(self.person.as_ref().map(|p| p.0.as_bytes().as_slice()))
            .with(self.unit.as_str().as_bytes())
            .with(&kek.0)
    }

    pub(super) fn from_raw(raw: RawKey) -> Result<Self, StoreError> {
        let (record, category, version, person, unit, kek, wrapped, destroyed) = raw;
        Ok(Self {
            record: RecordId(uuid(&record)?),
            category: category.parse().map_err(|_| CORRUPT)?,
            version: u32::try_from(version).map_err(|_| CORRUPT)?,
            person: person.map(|p| uuid(&p).map(PersonId)).transpose()?,
            unit: unit.parse().map_err(|_| CORRUPT)?,
            kek: kek_id(kek)?,
            wrapped,
            destroyed: destroyed != 0,
        })
    }
}

impl NamedRow {
    pub(super) fn context(name: &str, kek: KekId) -> Context {
        Context::new("handoff named key v1").with(name.as_bytes()).with(&kek.0)
    }

    pub(super) fn from_raw((id, name, kek, wrapped, destroyed): RawNamed) -> Result<Self, StoreError> {
        Ok(Self { id, name, kek: kek_id(kek)?, wrapped, destroyed: destroyed != 0 })
    }
}

fn uuid(bytes: &[u8]) -> Result<uuid::Uuid, StoreError> {
    uuid::Uuid::from_slice(bytes).map_err(|_| CORRUPT)
}

pub(super) fn kek_id(bytes: Vec<u8>) -> Result<KekId, StoreError> {
    bytes.try_into().map(KekId).map_err(|_| CORRUPT)
}

/// How a transaction holds the row that names the key-encryption key in use.
#[derive(Clone, Copy)]
pub(super) enum Hold {
    /// Making keys: others may too, nobody destroys or rotates meanwhile.
    Shared,
    /// Destroying or rotating: nobody makes keys meanwhile.
    Alone,
}

macro_rules! both {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {$(
        $(#[$doc])*
        pub(super) async fn $name(tx: &mut Tx $(, $arg: $ty)*) -> Result<$out, VaultError> {
            match tx {
                Tx::Sqlite(tx) => sqlite::$name(&mut *tx $(, $arg)*).await,
                Tx::Postgres(tx) => postgres::$name(&mut *tx $(, $arg)*).await,
            }
            .map_err(VaultError::Store)
        }
    )*};
}

both! {
    /// The id of the key-encryption key for new rows; none before the first start.
    active_kek(hold: Hold) -> Option<KekId>;
    set_active_kek(id: KekId) -> ();
    /// All keys of these records, destroyed marks included.
    of_records(records: &[RecordId]) -> Vec<KeyRow>;
    /// How many of `rows` were new; the others' versions were taken meanwhile.
    insert(rows: &[KeyRow]) -> u64;
    last_id() -> i64;
    /// The bound under which a destruction was first applied.
    destruction_bound(order: uuid::Uuid) -> Option<i64>;
    note_destruction(order: uuid::Uuid, bound: i64) -> ();
    /// Overwrites live rows up to `bound` that `what` names by the destroyed mark.
    mark_destroyed(what: &Destruction, bound: i64) -> u64;
    /// Live rows after `after` not under `kek`, with their row ids, at most `limit`.
    not_under(kek: KekId, after: i64, limit: i64) -> Vec<(i64, KeyRow)>;
    rewrap(id: i64, kek: KekId, wrapped: Vec<u8>) -> ();
    named(name: &str) -> Option<NamedRow>;
    /// Does nothing where the name is taken.
    insert_named(name: &str, kek: KekId, wrapped: Vec<u8>) -> ();
    destroy_named(name: &str) -> u64;
    named_not_under(kek: KekId) -> Vec<NamedRow>;
    rewrap_named(id: i64, kek: KekId, wrapped: Vec<u8>) -> ();
}
