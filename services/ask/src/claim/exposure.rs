//! A responder's exposure (42 USC 300ff-131 to 300ff-133; rulebook ST-05).

use handoff_schemas::{Claim, ExposureClaim, ExposureFinder, ExposureRoute};
use handoff_spine::command::Refusal;
use serde::Deserialize;

use super::{Words, require, said};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Exposure {
    how: Option<ExposureRoute>,
    in_line_of_duty: bool,
    occurred_at: Words,
    designated_officer: bool,
    employer: Words,
    determined_by: Option<ExposureFinder>,
}

impl Exposure {
    /// What it says to policy. `incident`: the envelope names one.
    pub(super) fn claim(&self, incident: bool) -> Result<Claim, Refusal> {
        let claim = ExposureClaim {
            route: self.how,
            line_of_duty: self.in_line_of_duty,
            at_incident: incident || said(&self.occurred_at),
            designated_officer: self.designated_officer,
            employer_named: said(&self.employer),
            determined_by: self.determined_by,
        };
        require(&[
            (claim.route.is_some(), "/exposure/how"),
            (claim.line_of_duty, "/exposure/in_line_of_duty"),
            (claim.at_incident, "/exposure/occurred_at"),
            (claim.designated_officer, "/exposure/designated_officer"),
            (claim.employer_named, "/exposure/employer"),
            (claim.determined_by.is_some(), "/exposure/determined_by"),
        ])?;
        Ok(Claim::Exposure(claim))
    }
}
