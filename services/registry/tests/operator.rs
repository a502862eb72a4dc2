//! Rulebook 7.1: what the operator is by law, and which units its hub may take.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::sync::Arc;

use common::{CLINIC, County, operator, registrar};
use handoff_registry::{Known, Registrar};
use handoff_schemas::{Fact, HubRole, OperatorFacts, OrgType, PartnerId, UnitFacts, UnitId};
use handoff_spine::command::Command;
use handoff_spine::directory::PartnerFacts;
use handoff_spine::scenario::given;
use serde_json::{Value, json};

const RECORD: &str = "operator:hub-operator";
const DECLARED: &str = "partner.operator-declared.v1";

/// The county, at a hub that somebody runs.
struct RunBy(OperatorFacts);

impl Known for RunBy {
    fn unit(&self, unit: &UnitId) -> Option<Arc<UnitFacts>> {
        County.unit(unit)
    }

    fn partner(&self, partner: &PartnerId) -> Option<PartnerFacts> {
        County.partner(partner)
    }

    fn operator(&self) -> Option<OperatorFacts> {
        Some(self.0)
    }
}

fn run_by(org_type: OrgType, counsel_override: bool, keys_with_program: bool) -> Registrar {
    let role = HubRole::BusinessAssociate;
    Registrar::new(Arc::new(RunBy(OperatorFacts { role, org_type, counsel_override, keys_with_program })))
}

fn unit(hipaa: &str, part2: &str) -> Command {
    let data = json!({
        "unit": CLINIC, "partner": "willow-clinic", "name": "Crisis", "hipaa": hipaa, "part2": part2, "cjis": false,
        "victim_services": false, "roles": ["BHC"], "jurisdiction": "US-WA",
    });
    operator(&format!("unit:{CLINIC}"), "unit.unit-registered.v1", data)
}

#[test]
fn police_that_run_the_hub_take_no_health_unit_without_counsel_and_keys_elsewhere() {
    for (hipaa, part2, health) in [
        ("covered-provider", "no", true),
        ("business-associate", "no", true),
        ("none", "yes", true),
        ("none", "pending", true),
        ("none", "no", false),
    ] {
        for (counsel, keys) in [(false, false), (true, false), (false, true), (true, true)] {
            let outcome = given(run_by(OrgType::LawEnforcement, counsel, keys)).when(&unit(hipaa, part2));
            if health && !(counsel && keys) {
                outcome.then_refused("HO-1480");
            } else {
                outcome.then_accepted();
            }
        }
        given(run_by(OrgType::Other, false, false)).when(&unit(hipaa, part2)).then_accepted();
        given(registrar()).when(&unit(hipaa, part2)).then_accepted();
    }
}

#[test]
fn what_the_operator_is_stands_on_one_record_and_may_be_said_again() {
    let declare = |data: Value| operator(RECORD, DECLARED, data);
    let plain = json!({ "role": "intermediary", "org_type": "other" });
    let facts = |role, org_type, counsel_override| Fact::OperatorDeclared {
        operator: OperatorFacts { role, org_type, counsel_override, keys_with_program: counsel_override },
    };
    let said = given(registrar()).when(&declare(plain.clone()));
    let again = said.then_facts(&[facts(HubRole::Intermediary, OrgType::Other, false)]).then();
    let police = json!({
        "role": "business-associate", "org_type": "law-enforcement", "keys_with_program": true,
        "counsel_override": { "by": "County Counsel", "reason": "memo 7" },
    });
    again.when(&declare(police)).then_facts(&[facts(HubRole::BusinessAssociate, OrgType::LawEnforcement, true)]);
    given(registrar()).when(&operator("partner:river-pd", DECLARED, plain.clone())).then_refused("HO-2003");
    let nameless =
        json!({ "role": "intermediary", "org_type": "other", "counsel_override": { "by": " ", "reason": "x" } });
    given(registrar()).when(&declare(nameless)).then_refused("HO-1481");
}
