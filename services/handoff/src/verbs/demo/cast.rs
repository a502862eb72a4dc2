//! Who plays: five agencies of an invented county, their units and the agreements between them.

use anyhow::Result;
use handoff::client::Partner;
use handoff::operator;
use handoff::session::Session;
use handoff_schemas::UnitId;
use handoff_spine::command::{Accepted, Refusal};
use serde_json::json;

/// The agreements, as the example forms have them.
const AGREEMENTS: [&str; 3] = [
    include_str!("../../../../../consent/forms/agreement-crisis-co-response.toml"),
    include_str!("../../../../../consent/forms/agreement-treatment.toml"),
    include_str!("../../../../../consent/forms/agreement-shelter-referrals.toml"),
];

/// The agreement that is suspended at the end.
pub const SUSPENDED: &str = "shelter-referrals";

/// Where every unit of the county works.
const JURISDICTION: &str = "US-WA";

/// A unit of an agency; the first of an agency's is the one whose view the demo reads.
pub struct Unit {
    pub id: &'static str,
    name: &'static str,
    pub role: &'static str,
    hipaa: &'static str,
    part2: &'static str,
    cjis: bool,
}

/// An agency.
pub struct Agency {
    pub id: &'static str,
    pub name: &'static str,
    org_type: &'static str,
    /// The person at the agency who reads; goes into the access record.
    pub reader: &'static str,
    pub units: &'static [Unit],
}

impl Agency {
    /// The unit whose view is shown.
    pub fn unit(&self) -> &'static str {
        self.units.first().map_or("", |u| u.id)
    }

    /// The matrix column that unit reads in.
    pub fn kind(&self) -> &'static str {
        self.units.first().map_or("", |u| u.role)
    }
}

const fn unit(id: &'static str, name: &'static str, role: &'static str) -> Unit {
    Unit { id, name, role, hipaa: "none", part2: "no", cjis: false }
}

/// The five, in the order of the night.
pub static AGENCIES: [Agency; 5] = [
    Agency {
        id: "river-pd",
        name: "River Police",
        org_type: "law-enforcement",
        reader: "officer-2a14",
        units: &[
            Unit { cjis: true, ..unit("river-pd-patrol", "River Police", "LE") },
            Unit { cjis: true, ..unit("river-911", "River County 911", "PSAP") },
        ],
    },
    Agency {
        id: "river-fire",
        name: "River Fire EMS",
        org_type: "fire-ems",
        reader: "medic-7",
        units: &[Unit { hipaa: "covered-provider", ..unit("river-fire-ems", "River Fire EMS", "EMS") }],
    },
    Agency {
        id: "willow-clinic",
        name: "Willow Clinic",
        org_type: "behavioral-health",
        reader: "clinician-3",
        units: &[Unit { hipaa: "covered-provider", ..unit("willow-clinic-crisis", "Willow Clinic", "BHC") }],
    },
    Agency {
        id: "harbor-recovery",
        name: "Harbor Recovery",
        org_type: "substance-use-program",
        reader: "counselor-5",
        units: &[Unit {
            hipaa: "covered-provider",
            part2: "yes",
            ..unit("harbor-recovery-sud", "Harbor Recovery", "P2P")
        }],
    },
    Agency {
        id: "lantern-shelter",
        name: "Lantern Shelter",
        org_type: "community-service",
        reader: "intake-1",
        units: &[unit("lantern-shelter-intake", "Lantern Shelter", "CBO")],
    },
];

/// The name of a unit as the story tells it.
pub fn unit_name(id: &str) -> &'static str {
    AGENCIES.iter().flat_map(|a| a.units).find(|u| u.id == id).map_or("another unit", |u| u.name)
}

/// An agency of this run, connected with its own credential.
pub struct Player {
    pub agency: &'static Agency,
    pub partner: Partner,
    pub unit: UnitId,
}

/// Registers everybody, puts the agreements in force, and connects each agency with its own credential.
///
/// # Errors
/// HO-9031 where the hub refuses a step; the session's.
pub async fn assemble(session: &Session) -> Result<Vec<Player>> {
    for agency in &AGENCIES {
        let facts = json!({ "partner": agency.id, "name": agency.name, "org_type": agency.org_type });
        accepted(operator::add_partner(session, agency.id, facts).await?)?;
        for unit in agency.units {
            let facts = json!({
                "unit": unit.id, "partner": agency.id, "name": unit.name, "roles": [unit.role], "hipaa": unit.hipaa,
                "part2": unit.part2, "cjis": unit.cjis, "victim_services": false, "jurisdiction": JURISDICTION,
            });
            accepted(operator::add_unit(session, unit.id, facts).await?)?;
        }
    }
    for text in AGREEMENTS {
        operator::load(session, text).await?.map_err(super::refused)?;
    }
    let mut players = Vec::with_capacity(AGENCIES.len());
    for agency in &AGENCIES {
        let partner = session.partner(&agency.id.parse()?).await?;
        players.push(Player { agency, partner, unit: agency.unit().parse()? });
    }
    Ok(players)
}

/// The accepted command, or the demo's end.
///
/// # Errors
/// HO-9031.
pub fn accepted(answer: Result<Accepted, Refusal>) -> Result<Accepted> {
    answer.map_err(super::refused)
}
