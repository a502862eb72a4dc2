use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use handoff_law::Bundle;
use handoff_registry::Known;
use handoff_schemas::{Fact, OperatorFacts, PartnerId, PartnerStatus, UnitFacts, UnitId};
use handoff_spine::directory::{OPERATOR, PartnerFacts, Source};

/// Units and partners as every service of the hub knows them, and the law.
pub struct Directory {
    registered: RwLock<Registered>,
    law: Arc<Bundle>,
}

#[derive(Default)]
struct Registered {
    units: BTreeMap<UnitId, Arc<UnitFacts>>,
    partners: BTreeMap<PartnerId, PartnerFacts>,
    operator: Option<OperatorFacts>,
}

impl Directory {
    pub fn under(law: Arc<Bundle>) -> Self {
        Self { registered: RwLock::default(), law }
    }

    pub fn fold(&self, facts: &[Fact]) {
        let mut known = self.registered.write().unwrap_or_else(PoisonError::into_inner);
        for fact in facts {
            match fact {
                Fact::PartnerRegistered { partner, name, org_type } => {
                    let facts =
                        PartnerFacts { name: name.clone(), org_type: *org_type, status: PartnerStatus::Registered };
                    known.partners.insert(partner.clone(), facts);
                }
                Fact::PartnerMoved { partner, status } => {
                    if let Some(known) = known.partners.get_mut(partner) {
                        known.status = *status;
                    }
                }
                Fact::UnitRegistered { unit } => {
                    known.units.insert(unit.unit.clone(), Arc::new(unit.clone()));
                }
                Fact::OperatorDeclared { operator } => known.operator = Some(*operator),
                _ => {}
            }
        }
    }

    pub fn get(&self, unit: &UnitId) -> Option<Arc<UnitFacts>> {
        self.read().units.get(unit).cloned()
    }

    pub fn has(&self, unit: &UnitId) -> bool {
        self.read().units.contains_key(unit)
    }

    pub fn has_partner(&self, partner: &PartnerId) -> bool {
        self.read().partners.contains_key(partner)
    }

    pub fn is_victim_services(&self, unit: &UnitId) -> bool {
        self.get(unit).is_some_and(|u| u.victim_services)
    }

    /// As intake knows the sender of a command.
    pub fn source(&self, unit: &UnitId) -> Option<Source> {
        if unit.as_str() == OPERATOR { Some(Source::Operator) } else { self.get(unit).map(Source::Unit) }
    }

    fn read(&self) -> RwLockReadGuard<'_, Registered> {
        self.registered.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known for Directory {
    fn unit(&self, unit: &UnitId) -> Option<Arc<UnitFacts>> {
        self.get(unit)
    }

    fn partner(&self, partner: &PartnerId) -> Option<PartnerFacts> {
        self.read().partners.get(partner).cloned()
    }

    fn operator(&self) -> Option<OperatorFacts> {
        self.read().operator
    }

    fn law(&self) -> Option<Arc<Bundle>> {
        Some(Arc::clone(&self.law))
    }
}
