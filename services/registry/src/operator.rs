use handoff_schemas::{Fact, HipaaStatus, HubRole, OperatorFacts, OrgType, Part2Status};
use handoff_spine::command::{Command, Item, Refusal};
use handoff_spine::directory::OPERATOR;
use serde::Deserialize;

use crate::decide::Known;
use crate::read::{data, starts_under};

pub(crate) const DECLARED: &str = "partner.operator-declared.v1";

#[derive(Deserialize)]
struct Declared {
    role: HubRole,
    org_type: OrgType,
    counsel_override: Option<CounselOverride>,
    #[serde(default)]
    keys_with_program: bool,
}

#[derive(Deserialize)]
struct CounselOverride {
    by: String,
    reason: String,
}

/// What the operator is by law counts for the whole hub from its position on; declared again, it takes the place of what
/// was declared before.
pub fn facts(command: &Command, item: &Item) -> Result<Vec<Fact>, Refusal> {
    let declared: Declared = data(item)?;
    starts_under(command, "operator", OPERATOR)?;
    let said = |c: &CounselOverride| !c.by.trim().is_empty() && !c.reason.trim().is_empty();
    if declared.counsel_override.as_ref().is_some_and(|c| !said(c)) {
        return Err(Refusal::new(
            "HO-1481",
            "counsel's override names nobody or no reason",
            "name counsel and the reason",
        )
        .at("/counsel_override"));
    }
    let operator = OperatorFacts {
        role: declared.role,
        org_type: declared.org_type,
        counsel_override: declared.counsel_override.is_some(),
        keys_with_program: declared.keys_with_program,
    };
    Ok(vec![Fact::OperatorDeclared { operator }])
}

/// Rulebook 7.1: a hub that law enforcement runs takes no unit under HIPAA or Part 2. The engine holds to it too,
/// whichever came first.
pub fn may_carry(hipaa: HipaaStatus, part2: Part2Status, known: &dyn Known) -> Result<(), Refusal> {
    let health = hipaa.is_covered() || part2.applies();
    if !health || known.operator().is_none_or(OperatorFacts::may_carry_health) {
        return Ok(());
    }
    Err(Refusal::new(
        "HO-1480",
        "law enforcement runs this hub, so it takes no unit under HIPAA or 42 CFR Part 2 (rulebook 7.1)",
        "record counsel's override with the operator's declaration, and leave the keys with the program",
    )
    .at(if part2.applies() { "/part2" } else { "/hipaa" }))
}
