//! What is on record of a responder's exposure (42 USC 300ff-131 to 300ff-133; rulebook ST-05).

use serde::{Deserialize, Serialize};

/// 42 USC 300ff-133: the designated officer of a responder's employer asks what the responder was exposed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExposureClaim {
    pub route: Option<ExposureRoute>,
    /// The responder attended, treated, assisted or transported the person, on duty.
    pub line_of_duty: bool,
    /// An incident is named, or when it happened.
    pub at_incident: bool,
    /// Who asks is the designated officer of the responder's employer.
    pub designated_officer: bool,
    pub employer_named: bool,
    /// Who determined that the exposure was significant. The responder alone cannot.
    pub determined_by: Option<ExposureFinder>,
}

/// How the responder was exposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExposureRoute {
    BloodToBlood,
    Needlestick,
    MucousMembrane,
    Airborne,
    Other,
}

/// Who found an exposure significant (42 USC 300ff-133).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExposureFinder {
    /// The facility that treats the person.
    Facility,
    /// The public health officer.
    PublicHealth,
}
