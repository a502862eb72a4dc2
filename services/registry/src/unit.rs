use handoff_schemas::{
    Fact, HipaaStatus, LawLabel, Part2Status, PartnerId, PartnerStatus, RecipientKind, UnitFacts, UnitId,
};
use handoff_spine::command::{Command, Item, Refusal};
use handoff_spine::directory::OPERATOR;
use serde::Deserialize;

use crate::decide::Known;
use crate::operator;
use crate::read::{data, starts_under};
use crate::state::Entry;

#[derive(Deserialize)]
struct Registered {
    unit: UnitId,
    partner: PartnerId,
    name: String,
    hipaa: HipaaStatus,
    part2: Part2Status,
    cjis: bool,
    victim_services: bool,
    roles: Vec<RecipientKind>,
    jurisdiction: String,
    #[serde(default)]
    further_law: Vec<LawLabel>,
}

/// What an event of the `unit` family says to policy. A unit that changes is registered again: its new status counts
/// from that position on, and what was published before keeps the stricter label (design.md).
pub fn facts(state: &Entry, command: &Command, item: &Item, known: &dyn Known) -> Result<Vec<Fact>, Refusal> {
    if item.event_type.as_str() != "unit.unit-registered.v1" {
        return Err(Refusal::new("HO-2002", "this is no event of a unit", "a unit that changes is registered again"));
    }
    let r: Registered = data(item)?;
    starts_under(command, "unit", r.unit.as_str())?;
    if r.unit.as_str() == OPERATOR {
        return Err(Refusal::new("HO-2026", "this name is the operator's own", "choose another unit id").at("/unit"));
    }
    if matches!(state, Entry::Unit(before) if before.partner != r.partner) {
        return Err(Refusal::new(
            "HO-2021",
            "a unit cannot move to another partner: its records and agreements would move with it",
            "register a new unit under the other partner",
        )
        .at("/partner"));
    }
    match known.partner(&r.partner) {
        None => {
            return Err(Refusal::new("HO-2020", "the unit's partner is not registered", "register the partner first")
                .at("/partner"));
        }
        Some(p) if p.status == PartnerStatus::Offboarded => {
            return Err(
                Refusal::new("HO-2022", "the unit's partner has left", "register the partner anew").at("/partner")
            );
        }
        Some(_) => {}
    }
    consistent(&r)?;
    operator::may_carry(r.hipaa, r.part2, known)?;
    let unit = UnitFacts {
        unit: r.unit,
        partner: r.partner,
        name: r.name,
        hipaa: r.hipaa,
        part2: r.part2,
        cjis: r.cjis,
        victim_services: r.victim_services,
        roles: r.roles,
        jurisdiction: r.jurisdiction,
        further_law: r.further_law,
    };
    Ok(vec![Fact::UnitRegistered { unit }])
}

/// Statuses that contradict each other would let a role read what the unit's own law forbids.
fn consistent(r: &Registered) -> Result<(), Refusal> {
    if r.roles.is_empty() {
        return Err(Refusal::new(
            "HO-2023",
            "the unit has no functional role",
            "name at least one column of the matrix",
        )
        .at("/roles"));
    }
    if r.roles.contains(&RecipientKind::P2p) && !r.part2.applies() {
        return Err(Refusal::new(
            "HO-2024",
            "a unit that reads as a Part 2 program is not registered as one",
            "set `part2` to `yes`, or to `pending` until it is settled, or leave the role P2P out",
        )
        .at("/part2"));
    }
    if r.roles.contains(&RecipientKind::Vsp) != r.victim_services {
        return Err(Refusal::new(
            "HO-2025",
            "the role VSP and the status of a victim-service provider go together",
            "set both or neither",
        )
        .at("/victim_services"));
    }
    Ok(())
}
