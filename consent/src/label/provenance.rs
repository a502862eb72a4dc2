//! Which law a unit's records are under (rulebook 7.3 step 4). From its registration: this module sees no content.

use std::collections::BTreeSet;

use handoff_schemas::{Category, LawLabel, UnitFacts};

use super::rules::LawRule;

/// Part 2, also where the status is pending (P2-03); HIPAA (HIP-01); VAWA (34 USC 12291(b)(2)); what the unit was
/// registered with besides; and the law of its roles where it stands. CJI only where a unit with CJIS access sends a
/// category that holds it: local records of police are none (CJ-04).
pub(super) fn labels(unit: &UnitFacts, categories: &[Category], rules: &[LawRule]) -> BTreeSet<LawLabel> {
    let mut labels: BTreeSet<LawLabel> = unit.further_law.iter().copied().collect();
    if unit.part2.applies() {
        labels.insert(LawLabel::Part2);
    }
    if unit.hipaa.is_covered() {
        labels.insert(LawLabel::Hipaa);
    }
    if unit.victim_services {
        labels.insert(LawLabel::Vawa);
    }
    if unit.cjis && categories.iter().any(|c| matches!(c, Category::Chri | Category::NcicStatus)) {
        labels.insert(LawLabel::Cji);
    }
    let applies = |rule: &&LawRule| {
        unit.roles.iter().any(|role| rule.roles.contains(role))
            && rule.jurisdictions.iter().any(|place| unit.jurisdiction.starts_with(place.as_str()))
    };
    labels.extend(rules.iter().filter(applies).map(|rule| rule.label));
    labels
}
