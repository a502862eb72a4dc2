//! Rows as the databases keep them; the two dialects are native modules.

pub mod postgres;
pub mod sqlite;

use crate::release::{AskDoc, Terms, TermsId, Told};
use crate::store::{Migration, StoreError};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::query::reader;

use handoff_schemas::{LogPos, PartnerId, ReleaseId};

/// The shape of a view's database.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "views",
    sqlite: include_str!("../../migrations/view/0001.sqlite.sql"),
    postgres: include_str!("../../migrations/view/0001.postgres.sql"),
}];

/// What a batch of `RELEASES` does to one partner's rows, in order.
#[derive(Clone, Debug)]
pub enum Change {
    Put(Box<PutRow>),
    /// A later ruling took its place, or withdrew it: not shown any more once the ledger has integrated that one, whose
    /// message is `by`. Until then it stays, so that nobody loses sight of their own for a moment; what narrowed has its
    /// floor.
    Replace {
        release: ReleaseId,
        by: i64,
    },
}

/// A row to be written.
#[derive(Clone, Debug)]
pub struct PutRow {
    pub release: ReleaseId,
    pub unit: String,
    /// As [`super::Window::reader`] names it.
    pub kind: String,
    pub stream_seq: i64,
    pub cause: i64,
    pub at: i64,
    pub event_type: String,
    pub source: String,
    pub record: Vec<u8>,
    pub person: Option<Vec<u8>>,
    pub incident: Option<Vec<u8>>,
    pub valid_until: Option<i64>,
    pub ruling: String,
    pub slices: String,
    pub scopes: Scopes,
    pub tokens: Vec<String>,
    /// The texts that the ruling names.
    pub terms: Vec<(TermsId, Arc<str>)>,
}

/// The scopes of a row: most rows of a view share those that are about no person.
#[derive(Clone, Debug)]
pub struct Scopes {
    /// Names `shared`.
    pub set: TermsId,
    pub shared: Vec<String>,
    pub own: Vec<String>,
}

impl Scopes {
    fn of(scopes: &[String]) -> Self {
        let is_own =
            |scope: &&String| ["person:", "consent:", "ask:", "link:"].iter().any(|kind| scope.starts_with(kind));
        let (own, shared): (Vec<_>, Vec<_>) = scopes.iter().partition(is_own);
        let shared: Vec<String> = shared.into_iter().cloned().collect();
        Self { set: TermsId::of(&shared.join("\n")), own: own.into_iter().cloned().collect(), shared }
    }

    /// Its own as a JSON list.
    fn own_text(&self) -> String {
        serde_json::Value::from(self.own.as_slice()).to_string()
    }
}

/// What the rows of some changes share, as far as the database does not hold it yet.
#[derive(Debug, Default)]
pub struct Texts<'a> {
    pub terms: BTreeMap<TermsId, &'a Arc<str>>,
    pub sets: BTreeMap<TermsId, &'a [String]>,
}

impl<'a> Texts<'a> {
    pub fn new(changes: &'a [Change], known: &HashSet<TermsId>) -> Self {
        let mut texts = Self::default();
        for change in changes {
            if let Change::Put(row) = change {
                let terms = row.terms.iter().filter(|(id, _)| !known.contains(id));
                texts.terms.extend(terms.map(|(id, text)| (*id, text)));
                let set = Some((row.scopes.set, &*row.scopes.shared)).filter(|(id, _)| !known.contains(id));
                texts.sets.extend(set);
            }
        }
        texts
    }

    pub fn ids(&self) -> impl Iterator<Item = TermsId> {
        self.terms.keys().chain(self.sets.keys()).copied()
    }
}

/// A row read back for verification against the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRow {
    pub partner: PartnerId,
    pub release: ReleaseId,
    pub ruling: String,
    /// As stored: what the ledger's leaf covers.
    pub slices: String,
    /// Every text that the ruling names is there, and is what its id says.
    pub has_terms: bool,
    /// A search for its record, its person or its release finds it.
    pub is_found: bool,
}

/// Splits a ruling into what it does to its partner's rows.
///
/// # Errors
/// [`StoreError::Corrupt`] where the ruling document cannot be read or its terms are missing: doubt stops the view.
pub fn changes(ruled: &Told, terms: &Terms, stream_seq: u64) -> Result<Vec<Change>, StoreError> {
    /// What a row is found by; the rest of the ruling goes in as it stands.
    #[derive(serde::Deserialize)]
    struct Ids {
        record: uuid::Uuid,
        person: Option<uuid::Uuid>,
        incident: Option<uuid::Uuid>,
        #[serde(default)]
        ask: Option<AskDoc>,
        #[serde(flatten)]
        named: Named,
    }
    let corrupt = |_| StoreError::Corrupt { table: "release" };
    let mut changes: Vec<Change> =
        ruled.supersedes.iter().map(|id| Change::Replace { release: *id, by: number(stream_seq) }).collect();
    if let Some(release) = &ruled.release {
        let ids: Ids = serde_json::from_str(&release.ruling).map_err(corrupt)?;
        // What somebody gave unasked, a warning or a report, stands for whoever reads there; what a user asked for does not.
        let under = ids.ask.as_ref().filter(|a| a.user.is_some()).map(|a| a.id);
        changes.push(Change::Put(Box::new(PutRow {
            release: release.id,
            unit: ruled.recipient.unit.to_string(),
            kind: reader(ruled.recipient.kind, under),
            stream_seq: number(stream_seq),
            cause: position(ruled.cause),
            at: ruled.at.0,
            event_type: ruled.event_type.to_string(),
            source: ruled.source.to_string(),
            record: ids.record.as_bytes().to_vec(),
            person: ids.person.map(|p| p.as_bytes().to_vec()),
            incident: ids.incident.map(|i| i.as_bytes().to_vec()),
            valid_until: release.valid_until.map(|t| t.0),
            ruling: release.ruling.clone(),
            slices: release.slices.text().to_owned(),
            scopes: Scopes::of(&release.scopes),
            tokens: release.index.clone(),
            terms: ids.named.texts(terms).ok_or(StoreError::Corrupt { table: "terms" })?,
        })));
    }
    Ok(changes)
}

/// The terms that a ruling names.
#[derive(serde::Deserialize)]
struct Named {
    slices: Vec<NamedSlice>,
}

#[derive(serde::Deserialize)]
struct NamedSlice {
    terms: TermsId,
}

impl Named {
    fn texts(&self, terms: &Terms) -> Option<Vec<(TermsId, Arc<str>)>> {
        self.slices.iter().map(|s| Some((s.terms, Arc::clone(terms.get(&s.terms)?)))).collect()
    }
}

/// The ids of the terms that a ruling names; none where it is no ruling, which its leaf then tells.
#[must_use]
pub fn named(ruling: &str) -> Vec<TermsId> {
    let named = serde_json::from_str::<Named>(ruling).ok();
    named.into_iter().flat_map(|n| n.slices).map(|slice| slice.terms).collect()
}

/// A position as the databases count: infinity is their largest number.
#[must_use]
pub fn position(pos: LogPos) -> i64 {
    number(pos.0)
}

#[must_use]
pub fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Columns of a row that is shown, in the order both dialects select them.
pub type Shown = (Vec<u8>, i64, String, String);

/// # Errors
/// [`StoreError::Corrupt`] where a value cannot be read back.
pub fn shown((id, cursor, ruling, slices): Shown) -> Result<super::ViewRow, StoreError> {
    Ok(super::ViewRow {
        release: release_id(&id)?,
        cursor: u64::try_from(cursor).map_err(|_| CORRUPT)?,
        ruling,
        slices: serde_json::from_str(&slices).map_err(|_| CORRUPT)?,
    })
}

const CORRUPT: StoreError = StoreError::Corrupt { table: "release" };

fn release_id(id: &[u8]) -> Result<ReleaseId, StoreError> {
    uuid::Uuid::from_slice(id).map(ReleaseId).map_err(|_| CORRUPT)
}

pub const INSERT_SET: &str = "INSERT INTO scope_set (set_id, scope) VALUES ($1, $2) ON CONFLICT DO NOTHING";
pub const LAST_ROW: &str = "SELECT coalesce(max(id), 0) FROM release";
pub const INSERT_TERMS: &str = "INSERT INTO terms (id, body) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
/// The dense cursor of a recipient.
pub const LAST_CURSOR: &str = "SELECT coalesce(max(cursor), 0) FROM release WHERE unit = $1 AND kind = $2";

/// Where a view's rows end, as its one writer remembers it from one transaction to the next.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    row: Option<i64>,
    /// By unit and reader.
    cursors: Vec<(String, String, i64)>,
    /// SQLite: keys that are not in order yet.
    unsorted: Option<i64>,
}

impl Ends {
    /// The readers of these rows whose cursors are not remembered, each once. Each ask is a reader of its own for a
    /// while, so all are forgotten first where they have become many.
    fn unknown<'a>(&mut self, rows: &[&'a PutRow]) -> BTreeSet<(&'a str, &'a str)> {
        if self.cursors.len() >= MOST_CURSORS {
            self.cursors.clear();
        }
        let readers = rows.iter().map(|row| (row.unit.as_str(), row.kind.as_str()));
        readers.filter(|(unit, kind)| !self.cursors.iter().any(|(u, k, _)| u == unit && k == kind)).collect()
    }

    /// Rows with their ids and cursors, which follow on the last ones. None where an end is not known.
    fn number<'a>(&mut self, rows: &[&'a PutRow]) -> Option<Vec<(i64, i64, &'a PutRow)>> {
        let mut numbered = Vec::with_capacity(rows.len());
        let id = self.row.as_mut()?;
        for row in rows {
            let (_, _, cursor) = self.cursors.iter_mut().find(|(u, k, _)| *u == row.unit && *k == row.kind)?;
            *cursor += 1;
            *id += 1;
            numbered.push((*id, *cursor, *row));
        }
        Some(numbered)
    }
}

const MOST_CURSORS: usize = 32;

/// Rows of one recipient that stand: not replaced, still valid, integrated by the ledger, at or above the floor
/// of every scope they name. `own` tells whether a scope of the row's own has a higher floor, `filter` narrows to the
/// query; parameters 1 to 5 are the same everywhere.
macro_rules! standing_rows {
    ($own:expr, $filter:expr) => {
        concat!(
            "SELECT r.release_id, r.cursor, r.ruling, r.slices FROM release r ",
            "WHERE r.unit = $1 AND r.kind = $2 AND (r.replaced = 0 OR r.replaced > $4) ",
            "AND (r.valid_until IS NULL OR r.valid_until > $3) AND r.stream_seq <= $4 AND ",
            $filter,
            " AND NOT EXISTS (",
            $own,
            ") AND NOT EXISTS (SELECT 1 FROM scope_set s JOIN standing f ON f.scope = s.scope ",
            "WHERE s.set_id = r.scope_set AND f.floor > r.cause) ",
            "ORDER BY r.cursor LIMIT 500"
        )
    };
}
use standing_rows;
