use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{PersonId, RecordId, UnitId};
use serde::{Deserialize, Serialize};

/// Who treats whom, as providers put it on record themselves (42 CFR 2.11, treating provider relationship). It stands
/// while one of the records that it began under is open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Treating {
    open: BTreeMap<PersonId, BTreeMap<UnitId, BTreeSet<RecordId>>>,
}

impl Treating {
    pub fn began(&mut self, person: PersonId, unit: &UnitId, record: RecordId) {
        self.open.entry(person).or_default().entry(unit.clone()).or_default().insert(record);
    }

    pub fn ended(&mut self, person: PersonId, unit: &UnitId, record: RecordId) {
        let Some(units) = self.open.get_mut(&person) else { return };
        let Some(records) = units.get_mut(unit) else { return };
        records.remove(&record);
        if records.is_empty() {
            units.remove(unit);
        }
        if units.is_empty() {
            self.open.remove(&person);
        }
    }

    pub fn treats(&self, unit: &UnitId, person: PersonId) -> bool {
        self.open.get(&person).is_some_and(|units| units.contains_key(unit))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn it_lasts_as_long_as_one_record_of_it_is_open() {
        let (jo, hospital): (_, UnitId) = (PersonId(Uuid::from_u128(1)), "hospital".parse().unwrap());
        let [first, second] = [1, 2].map(|n| RecordId(Uuid::from_u128(n)));
        let mut treating = Treating::default();
        treating.began(jo, &hospital, first);
        treating.began(jo, &hospital, second);
        treating.ended(jo, &hospital, first);
        assert!(treating.treats(&hospital, jo));
        assert!(!treating.treats(&"clinic".parse().unwrap(), jo));
        assert!(!treating.treats(&hospital, PersonId(Uuid::from_u128(2))));
        treating.ended(jo, &hospital, second);
        assert_eq!(treating, Treating::default());
    }
}
