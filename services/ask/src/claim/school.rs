//! A health or safety emergency at a school (34 CFR 99.36, 99.32(a)(5); rulebook ST-10).

use handoff_schemas::{AtRisk, Claim, SchoolEmergencyClaim};
use handoff_spine::command::Refusal;
use serde::Deserialize;

use super::{Words, require, said};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SchoolEmergency {
    at_risk: Option<AtRisk>,
    articulable_and_significant: bool,
    recipient_able_to_protect: bool,
    recipient_is_school: bool,
    threat: Words,
}

impl SchoolEmergency {
    /// What it says to policy. `discloses`: it names who is to read, as 99.32(a)(5)(ii) has recorded.
    pub(super) fn claim(&self, discloses: bool) -> Result<Claim, Refusal> {
        let claim = SchoolEmergencyClaim {
            at_risk: self.at_risk,
            articulable: self.articulable_and_significant,
            able_to_protect: self.recipient_able_to_protect,
            threat_stated: said(&self.threat),
            to_school: self.recipient_is_school,
        };
        require(&[
            (discloses, "/recipient"),
            (claim.at_risk.is_some(), "/school_emergency/at_risk"),
            (claim.articulable, "/school_emergency/articulable_and_significant"),
            (claim.able_to_protect, "/school_emergency/recipient_able_to_protect"),
            (claim.threat_stated, "/school_emergency/threat"),
        ])?;
        Ok(Claim::SchoolEmergency(claim))
    }
}
