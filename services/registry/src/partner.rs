use handoff_schemas::{Fact, OrgType, PartnerId, PartnerStatus};
use handoff_spine::command::{Command, Item, Refusal};
use serde::Deserialize;

use crate::moves::{ACTIVATED, OFFBOARDED, SUSPENDED, partner_leads};
use crate::operator;
use crate::read::{data, exists, no_such, other_record, starts_under};
use crate::state::{Entry, PartnerRecord};

#[derive(Deserialize)]
struct Registered {
    partner: PartnerId,
    name: String,
    org_type: OrgType,
}

#[derive(Deserialize)]
struct Named {
    partner: PartnerId,
    credential: Option<String>,
}

/// What an event of the `partner` family says to policy.
pub fn facts(state: &Entry, command: &Command, item: &Item) -> Result<Vec<Fact>, Refusal> {
    let event_type = item.event_type.as_str();
    if event_type == operator::DECLARED {
        return operator::facts(command, item);
    }
    if event_type == "partner.partner-registered.v1" {
        let Registered { partner, name, org_type } = data(item)?;
        starts_under(command, "partner", partner.as_str())?;
        return match state {
            Entry::None => Ok(vec![Fact::PartnerRegistered { partner, name, org_type }]),
            _ => Err(exists("partner")),
        };
    }
    let Entry::Partner(record) = state else { return Err(no_such("partner")) };
    let named: Named = data(item)?;
    if named.partner != record.partner {
        return Err(other_record("/partner"));
    }
    match event_type {
        ACTIVATED | SUSPENDED | OFFBOARDED => {
            let status = partner_leads(record.status, event_type).ok_or_else(|| wrong_status(record.status))?;
            Ok(vec![Fact::PartnerMoved { partner: named.partner, status }])
        }
        "partner.credential-issued.v1" => issued(record, &named),
        "partner.credential-revoked.v1" => revoked(record, &named),
        "partner.conformance-run-passed.v1" | "partner.conformance-run-failed.v1" => Ok(Vec::new()),
        _ => Err(Refusal::new(
            "HO-2002",
            "this is no event of a partner",
            "see schemas/events/partner for the event types",
        )),
    }
}

fn issued(record: &PartnerRecord, named: &Named) -> Result<Vec<Fact>, Refusal> {
    if record.status == PartnerStatus::Offboarded {
        return Err(wrong_status(record.status));
    }
    if named.credential.as_ref().is_some_and(|c| record.credentials.contains(c)) {
        return Err(Refusal::new("HO-2011", "this credential was issued before", "issue a new one under a new name")
            .at("/credential"));
    }
    Ok(Vec::new())
}

fn revoked(record: &PartnerRecord, named: &Named) -> Result<Vec<Fact>, Refusal> {
    if named.credential.as_ref().is_some_and(|c| record.credentials.contains(c)) {
        return Ok(Vec::new());
    }
    Err(Refusal::new("HO-2012", "no such credential of this partner is trusted", "check the credential's name")
        .at("/credential"))
}

fn wrong_status(status: PartnerStatus) -> Refusal {
    let (message, remedy) = match status {
        PartnerStatus::Registered => ("the partner is registered and not active yet", "activate or offboard it"),
        PartnerStatus::Active => ("the partner is active", "suspend or offboard it"),
        PartnerStatus::Suspended => ("the partner is suspended", "activate it again or offboard it"),
        PartnerStatus::Offboarded => ("the partner has left", "register it anew under a new id"),
    };
    Refusal::new("HO-2010", format!("{message}: this step does not follow"), remedy)
}
