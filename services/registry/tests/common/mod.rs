#![allow(dead_code, reason = "each test binary uses its own part")]

use std::sync::Arc;

use handoff_registry::{Known, Registrar};
use handoff_schemas::{
    HipaaStatus, OperatorFacts, OrgType, Part2Status, PartnerId, PartnerStatus, RecipientKind, UnitFacts, UnitId,
};
use handoff_spine::command::Command;
use handoff_spine::directory::{OPERATOR, PartnerFacts};
use handoff_spine::scenario::{Given, command, given, id};
use serde_json::{Value, json};

pub const CLINIC: &str = "willow-clinic-crisis";
pub const POLICE: &str = "river-pd-patrol";
pub const SHELTER: &str = "lantern-shelter-intake";

/// Units of these tests, with their partners.
const UNITS: &[(&str, &str, OrgType, RecipientKind)] = &[
    (CLINIC, "willow-clinic", OrgType::BehavioralHealth, RecipientKind::Bhc),
    (POLICE, "river-pd", OrgType::LawEnforcement, RecipientKind::Le),
    ("river-fire-ems", "river-fire", OrgType::FireEms, RecipientKind::Ems),
    ("river-911", "river-911", OrgType::EmergencyCommunications, RecipientKind::Psap),
    ("harbor-recovery-sud", "harbor-recovery", OrgType::SubstanceUseProgram, RecipientKind::P2p),
    (SHELTER, "lantern-shelter", OrgType::CommunityService, RecipientKind::Cbo),
    // Police of a city whose organisation as a whole is not.
    ("river-city-rangers", "river-city", OrgType::Other, RecipientKind::Le),
];

/// The other records, as these tests have them.
pub struct County;

impl Known for County {
    fn unit(&self, unit: &UnitId) -> Option<Arc<UnitFacts>> {
        let (name, partner, _, role) = UNITS.iter().find(|(u, ..)| *u == unit.as_str())?;
        Some(Arc::new(UnitFacts {
            unit: unit.clone(),
            partner: id(partner),
            name: (*name).to_owned(),
            hipaa: HipaaStatus::None,
            part2: if *role == RecipientKind::P2p { Part2Status::Yes } else { Part2Status::No },
            cjis: false,
            victim_services: false,
            roles: vec![*role],
            jurisdiction: "US-ZZ".to_owned(),
            further_law: Vec::new(),
        }))
    }

    fn partner(&self, partner: &PartnerId) -> Option<PartnerFacts> {
        if partner.as_str() == "gone-agency" {
            let status = PartnerStatus::Offboarded;
            return Some(PartnerFacts { name: "Gone".to_owned(), org_type: OrgType::Other, status });
        }
        let (_, name, org_type, _) = UNITS.iter().find(|(_, p, ..)| *p == partner.as_str())?;
        Some(PartnerFacts { name: (*name).to_owned(), org_type: *org_type, status: PartnerStatus::Active })
    }

    fn operator(&self) -> Option<OperatorFacts> {
        None
    }
}

pub fn registrar() -> Registrar {
    Registrar::new(Arc::new(County))
}

pub fn operator(key: &str, event_type: &str, data: Value) -> Command {
    command(OPERATOR, key, event_type, data)
}

/// A readable agreement between the clinic and the police.
pub fn document(version: u32, parties: &[&str]) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "id = \"crisis-mou\"\nversion = {version}\nkind = \"MOU\"\ntitle = \"Crisis co-response\"\n\
         effective_from = 2031-01-01\neffective_to = 2033-01-01\nprohibited_uses = [\"resale\"]\n\
         redisclosure = \"none\"\nincident_notice_hours = 24\nretention = \"six years\"\n"
    );
    for unit in parties {
        let _ = write!(text, "[[party]]\nunit = \"{unit}\"\nrole = \"member\"\n");
    }
    for unit in parties {
        let _ = write!(text, "[[signatory]]\nunit = \"{unit}\"\nname = \"Officer 4\"\ntitle = \"Director\"\n");
    }
    text + "[[flow]]\nclause = \"dispatch\"\nfrom = [\"river-pd-patrol\"]\nto = [\"willow-clinic-crisis\"]\n\
            roles = [\"BHC\"]\npurposes = [\"DISPATCH\"]\ncategories = [\"cad\"]\n"
}

/// A QSOA of the program with the unit, which is in it as this.
pub fn qsoa(unit: &str, role: &str) -> String {
    format!(
        "id = \"qsoa\"\nversion = 1\nkind = \"QSOA\"\ntitle = \"Service\"\neffective_from = 2031-01-01\n\
         effective_to = 2033-01-01\nprohibited_uses = []\nredisclosure = \"none\"\nincident_notice_hours = 24\n\
         retention = \"six years\"\n\
         [[party]]\nunit = \"harbor-recovery-sud\"\nrole = \"part2-program\"\n\
         [[party]]\nunit = \"{unit}\"\nrole = \"{role}\"\n\
         [[signatory]]\nunit = \"harbor-recovery-sud\"\nname = \"A\"\ntitle = \"B\"\n\
         [[signatory]]\nunit = \"{unit}\"\nname = \"A\"\ntitle = \"B\"\n\
         [clauses]\nfully_bound = \"bound\"\nresist_in_judicial_proceedings = \"resist\"\n"
    )
}

/// A step of the QSOA's only version; `data` beyond agreement and version.
pub fn qsoa_step(name: &str, data: Value) -> Command {
    let mut all = json!({ "agreement": "qsoa", "version": 1 });
    for (key, value) in data.as_object().unwrap() {
        all[key] = value.clone();
    }
    operator("agreement:qsoa", &format!("agreement.agreement-{name}.v1"), all)
}

pub fn drafted() -> Command {
    let document = document(1, &[CLINIC, POLICE]);
    let data = json!({ "agreement": "crisis-mou", "version": 1, "document": document });
    operator("agreement:crisis-mou", "agreement.agreement-drafted.v1", data)
}

pub fn amended(version: u32, parties: &[&str]) -> Command {
    let data = json!({ "agreement": "crisis-mou", "version": version, "document": document(version, parties) });
    operator("agreement:crisis-mou", "agreement.agreement-amended.v1", data)
}

/// A move of a version, with the least data its event needs.
pub fn step(name: &str, version: u32) -> Command {
    let mut data = json!({ "agreement": "crisis-mou", "version": version });
    if matches!(name, "suspended" | "reinstated" | "terminated") {
        data["by"] = json!("County Attorney");
    }
    if name == "suspended" {
        data["reason"] = json!("review");
    }
    operator("agreement:crisis-mou", &format!("agreement.agreement-{name}.v1"), data)
}

pub fn signed(party: &str, version: u32) -> Command {
    let data = json!({ "agreement": "crisis-mou", "version": version, "party": party });
    operator("agreement:crisis-mou", "agreement.agreement-signed.v1", data)
}

pub fn both_signed(version: u32) -> [Command; 2] {
    [signed(CLINIC, version), signed("river-pd", version)]
}

pub fn in_force() -> Given<Registrar> {
    given(registrar()).after(&drafted()).after_all(&both_signed(1)).after(&step("activated", 1))
}
