//! What is on record of a health or safety emergency at a school (34 CFR 99.36; rulebook ST-10).

use serde::{Deserialize, Serialize};

/// 34 CFR 99.31(a)(10), 99.36(c), with what 99.32(a)(5) has the school record of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SchoolEmergencyClaim {
    /// Whose health or safety is threatened.
    pub at_risk: Option<AtRisk>,
    /// The threat is articulable and significant.
    pub articulable: bool,
    /// The recipient's knowledge of it is necessary to protect.
    pub able_to_protect: bool,
    /// 99.32(a)(5)(i): the threat stands in the ask, in words.
    pub threat_stated: bool,
    /// The recipient is a school.
    pub to_school: bool,
}

/// Whom 34 CFR 99.36 lets a school protect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtRisk {
    Student,
    Others,
}
