use handoff_schemas::{Category, PersonId, RecordId, UnitId};

use super::VaultError;
use super::cache::DataKey;
use crate::store::Residue;

/// Which data keys are to be destroyed: all that match every part given.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Destruction {
    pub(super) person: Option<PersonId>,
    pub(super) unit: Option<UnitId>,
    pub(super) record: Option<RecordId>,
    pub(super) categories: Vec<Category>,
}

impl Destruction {
    /// Everything about one person.
    #[must_use]
    pub fn of_person(person: PersonId) -> Self {
        Self { person: Some(person), ..Self::default() }
    }

    /// Everything one unit sent: a program that closes (42 CFR 2.19).
    #[must_use]
    pub fn of_unit(unit: UnitId) -> Self {
        Self { unit: Some(unit), ..Self::default() }
    }

    /// One record: an expunged arrest (rulebook EC-71).
    #[must_use]
    pub fn of_record(record: RecordId) -> Self {
        Self { record: Some(record), ..Self::default() }
    }

    /// Only what this unit sent.
    #[must_use]
    pub fn from_unit(mut self, unit: UnitId) -> Self {
        self.unit = Some(unit);
        self
    }

    /// Only what stands under this record.
    #[must_use]
    pub fn in_record(mut self, record: RecordId) -> Self {
        self.record = Some(record);
        self
    }

    /// Only these categories; none named means all.
    #[must_use]
    pub fn categories(mut self, categories: impl IntoIterator<Item = Category>) -> Self {
        self.categories = categories.into_iter().collect();
        self
    }

    pub(super) fn check(&self) -> Result<(), VaultError> {
        if self.person.is_none() && self.unit.is_none() && self.record.is_none() {
            return Err(VaultError::Unscoped);
        }
        Ok(())
    }

    pub(super) fn names(&self, key: &DataKey) -> bool {
        self.person.is_none_or(|p| key.person == Some(p))
            && self.unit.as_ref().is_none_or(|u| key.unit == *u)
            && self.record.is_none_or(|r| key.record == r)
            && (self.categories.is_empty() || self.categories.contains(&key.category))
    }
}

/// What a destruction did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destroyed {
    /// Keys destroyed now; 0 where the same order was applied before.
    pub keys: u64,
    /// Where wrapped bytes may still lie. They are worthless once the key-encryption key is rotated.
    pub residue: Residue,
}
