//! Somebody's look at a hook of state law (rulebook 4; 6.5 `HookEnabled`). It is about the law and about no person.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::AgreementId;

/// Who reviewed a hook of the law bundle. Recorded again for the same agreement, or for none, it takes the place of what
/// was recorded before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookReview {
    /// The hook's id in the bundle, for example `ST-03/US-CA/hold-facts`.
    pub hook: String,
    pub reviewed_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_on: Option<Date>,
    /// It counts for what flows under this agreement alone; none: for everything in the hook's jurisdiction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementId>,
    /// The age in years that the reviewer states in place of the bundle's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u8>,
    /// The review is taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}
