//! P2-09a: law enforcement is no qualified service organization (42 CFR 2.11, 2.12(c)(4)), neither when an agreement is
//! drafted nor when it comes into force.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use common::{CLINIC, County, POLICE, SHELTER, document, drafted, qsoa, qsoa_step, registrar};
use handoff_registry::{Known, Registrar};
use handoff_schemas::{OperatorFacts, OrgType, PartnerId, RecipientKind, UnitFacts, UnitId};
use handoff_spine::directory::PartnerFacts;
use handoff_spine::scenario::given;
use serde_json::json;

const RANGERS: &str = "river-city-rangers";
const COUNSEL: &str = "[clauses.counsel_override]\nby = \"County Counsel\"\nreason = \"keys at the program\"\n";

#[test]
fn police_by_organisation_or_by_role_serve_no_program_whatever_the_document_calls_them() {
    for unit in [POLICE, "river-911", RANGERS] {
        // The 911 centre of these tests is an agency of its own.
        let police = unit != "river-911";
        for role in ["qso", "operator", "recipient", "member", "business-associate", "covered-entity", "discloser"] {
            let outcome = given(registrar()).when(&qsoa_step("drafted", json!({ "document": qsoa(unit, role) })));
            if police {
                let refused = outcome.then_refused("HO-2033");
                let said = refused.to_string();
                for part in ["party.role", unit, "42 CFR 2.11, 2.12(c)(4)", "counsel_override"] {
                    assert!(said.contains(part), "`{part}` is not in: {said}");
                }
            } else {
                outcome.then_accepted();
            }
        }
    }
}

#[test]
fn a_qso_in_an_agreement_of_another_kind_is_one_too() {
    let mut command = drafted();
    let member = format!("unit = \"{POLICE}\"\nrole = \"member\"");
    let text = document(1, &[CLINIC, POLICE]);
    assert!(text.contains(&member));
    let text = text.replacen(&member, &format!("unit = \"{POLICE}\"\nrole = \"qso\""), 1);
    command.items[0].data["document"] = json!(text);
    given(registrar()).when(&command).then_refused("HO-2033");
    given(registrar()).when(&drafted()).then_accepted();
}

#[test]
fn counsels_override_is_on_record_where_it_is_taken() {
    let text = qsoa(POLICE, "qso");
    let counsel = format!("{text}{COUNSEL}");
    given(registrar()).when(&qsoa_step("drafted", json!({ "document": counsel }))).then_accepted();
    let without_reason = counsel.replace("keys at the program", " ");
    given(registrar()).when(&qsoa_step("drafted", json!({ "document": without_reason }))).then_refused("HO-1324");
}

/// The county, until the shelter's people or its organisation turn to police work.
#[derive(Clone, Default)]
struct Turning {
    people: Arc<AtomicBool>,
    organisation: Arc<AtomicBool>,
}

impl Known for Turning {
    fn unit(&self, unit: &UnitId) -> Option<Arc<UnitFacts>> {
        let facts = County.unit(unit)?;
        if unit.as_str() != SHELTER || !self.people.load(SeqCst) {
            return Some(facts);
        }
        Some(Arc::new(UnitFacts { roles: vec![RecipientKind::Cbo, RecipientKind::Le], ..(*facts).clone() }))
    }

    fn partner(&self, partner: &PartnerId) -> Option<PartnerFacts> {
        let facts = County.partner(partner)?;
        let turned = partner.as_str() == "lantern-shelter" && self.organisation.load(SeqCst);
        Some(if turned { PartnerFacts { org_type: OrgType::LawEnforcement, ..facts } } else { facts })
    }

    fn operator(&self) -> Option<OperatorFacts> {
        County.operator()
    }
}

#[test]
fn a_service_organization_that_became_police_is_neither_activated_nor_reinstated() {
    for (text, refused) in [(qsoa(SHELTER, "qso"), true), (format!("{}{COUNSEL}", qsoa(SHELTER, "qso")), false)] {
        let known = Turning::default();
        let signed = |party: &str| qsoa_step("signed", json!({ "party": party }));
        let ready = given(Registrar::new(Arc::new(known.clone())))
            .after(&qsoa_step("drafted", json!({ "document": text })))
            .after(&signed("harbor-recovery-sud"))
            .after(&signed(SHELTER));
        let activate = qsoa_step("activated", json!({}));
        let suspended = ready
            .clone()
            .after(&activate)
            .after(&qsoa_step("suspended", json!({ "by": "counsel", "reason": "audit" })));
        let reinstate = qsoa_step("reinstated", json!({ "by": "counsel" }));
        for turn in [&known.people, &known.organisation] {
            turn.store(true, SeqCst);
            for (before, step) in [(&ready, &activate), (&suspended, &reinstate)] {
                let outcome = before.clone().when(step);
                if refused {
                    outcome.then_refused("HO-2033");
                } else {
                    outcome.then_accepted();
                }
            }
            // What ends it is never refused.
            suspended.clone().when(&qsoa_step("terminated", json!({ "by": "counsel" }))).then_accepted();
            turn.store(false, SeqCst);
        }
        suspended.when(&reinstate).then_accepted();
    }
}
