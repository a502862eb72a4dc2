//! What a seal or an expungement covers.

use serde::{Deserialize, Serialize};

use crate::{Category, PersonId, RecordId, UnitId};

/// Data of one person that one unit keeps, closed to everybody else (rulebook ST-08). `records` and `categories` are
/// never both empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealFacts {
    /// The record of the seal itself.
    pub seal: RecordId,
    pub person: PersonId,
    /// Whose data it is, whoever ordered it.
    pub unit: UnitId,
    /// Only these records, whatever is still added to them. Empty: everything there was until then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<RecordId>,
    /// Only these categories. Empty: all of those records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Category>,
}
