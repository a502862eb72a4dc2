use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{PersonId, RecordId, UnitId};
use sha2::{Digest as _, Sha256};

/// What the case calls things, and what the hub calls them.
#[derive(Default)]
pub struct Names {
    /// Events by their id in the case: their places on the log, their record, and who keeps it under which key.
    pub events: BTreeMap<String, Named>,
    pub consents: BTreeMap<String, Named>,
    /// Papers whose purpose the case leaves to their kind.
    pub implied: BTreeSet<String>,
    /// Units of kinds that the matrix has no column for.
    pub outside: BTreeMap<String, String>,
    /// Agreements by id: the version drafted last.
    pub agreements: BTreeMap<String, u32>,
    count: usize,
}

/// A record of the case.
#[derive(Clone, Debug)]
pub struct Named {
    pub record: RecordId,
    pub unit: UnitId,
    pub key: String,
    pub places: Vec<usize>,
}

impl Names {
    /// The person of this name: one and the same wherever the case says the name.
    pub fn person(name: &str) -> PersonId {
        let digest = Sha256::new().chain_update(b"person\0").chain_update(name).finalize();
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        PersonId(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// A name for something that the case did not name.
    pub fn fresh(&mut self, what: &str) -> String {
        self.count += 1;
        format!("{what}-{}", self.count)
    }

    /// What the case calls a consent; agreements keep their ids.
    pub fn of_consent<'a>(&'a self, record: &'a str) -> &'a str {
        let known = self.consents.iter().find(|(_, named)| named.record.to_string() == record);
        known.map_or(record, |(name, _)| name.as_str())
    }
}
