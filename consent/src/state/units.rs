use std::collections::BTreeMap;

use handoff_schemas::{OrgType, PartnerId, PartnerStatus, RecipientKind, UnitFacts, UnitId};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Units {
    units: BTreeMap<UnitId, UnitFacts>,
    partners: BTreeMap<PartnerId, Partner>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Partner {
    status: PartnerStatus,
    org_type: Option<OrgType>,
}

impl Units {
    pub fn partner_registered(&mut self, partner: &PartnerId, org_type: OrgType) {
        let known = self.partners.entry(partner.clone());
        known
            .and_modify(|p| p.org_type = Some(org_type))
            .or_insert(Partner { status: PartnerStatus::Registered, org_type: Some(org_type) });
    }

    pub fn partner_moved(&mut self, partner: &PartnerId, status: PartnerStatus) {
        let known = self.partners.entry(partner.clone());
        known.and_modify(|p| p.status = status).or_insert(Partner { status, org_type: None });
    }

    pub fn registered(&mut self, unit: UnitFacts) {
        self.units.insert(unit.unit.clone(), unit);
    }

    pub fn get(&self, unit: &UnitId) -> Option<&UnitFacts> {
        self.units.get(unit)
    }

    pub fn all(&self) -> impl Iterator<Item = &UnitFacts> {
        self.units.values()
    }

    pub fn of_partner<'a>(&'a self, partner: &'a PartnerId) -> impl Iterator<Item = &'a UnitFacts> {
        self.units.values().filter(move |u| u.partner == *partner)
    }

    /// By functional role or by organisation; one whose organisation is not known counts as police.
    pub fn police(&self, unit: &UnitFacts) -> bool {
        let organisation = self.partners.get(&unit.partner).and_then(|p| p.org_type);
        unit.roles.contains(&RecipientKind::Le) || organisation.is_none_or(|o| o == OrgType::LawEnforcement)
    }

    pub fn active(&self, unit: &UnitFacts) -> bool {
        self.partners.get(&unit.partner).is_some_and(|p| p.status == PartnerStatus::Active)
    }
}
