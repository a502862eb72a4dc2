use std::collections::BTreeSet;

use handoff_schemas::{Category, Purpose};

use super::FhirRefusal;
use super::node::Node;
use super::provision::Decision;
use super::systems::{ACT_CODE, ACT_REASON, CATEGORY, CONFIDENTIALITY, LOCAL_PURPOSE};

/// What is very restricted by being of its category (`consent/law/labels/categories.csv`): not reached by N and R.
const BEYOND_RESTRICTED: &[Category] = &[
    Category::Chri,
    Category::PsychotherapyNotes,
    Category::SudCounselingNotes,
    Category::VspRecord,
    Category::ThreatCase,
    Category::Sealed,
    Category::Administrative,
];

/// The categories that security labels stand for; none where there is no label. Labels of one list add up.
///
/// # Errors
/// HO-2351 for a label whose content the hub cannot tell from other content by category.
pub fn categories(labels: &[Node<'_>], decision: Decision) -> Result<Option<Vec<Category>>, FhirRefusal> {
    let Some(first) = labels.first() else { return Ok(None) };
    let codes = labels.iter().map(|l| l.coding().map(|coding| (l, coding))).collect::<Result<Vec<_>, FhirRefusal>>()?;
    if codes.iter().any(|(_, (system, _))| *system == CONFIDENTIALITY) {
        let all = codes.iter().all(|(_, (system, _))| *system == CONFIDENTIALITY);
        let codes: BTreeSet<&str> = codes.iter().map(|(_, (_, code))| *code).collect();
        let reaches = all && up_to_restricted(&codes) && decision == Decision::Permit;
        return if reaches { Ok(Some(restricted())) } else { Err(confidentiality(first)) };
    }
    let mut found = Vec::new();
    for (label, (system, code)) in codes {
        let these = match system {
            CATEGORY => code.parse::<Category>().ok().map(|category| vec![category]),
            ACT_CODE => sensitivity(code, decision).map(<[_]>::to_vec),
            _ => None,
        };
        for category in these.ok_or_else(|| unmapped(label))? {
            if !found.contains(&category) {
                found.push(category);
            }
        }
    }
    Ok(Some(found))
}

/// N and R together, lower marks as well: a clearance reaches what is below it (rulebook 5.1).
fn up_to_restricted(codes: &BTreeSet<&str>) -> bool {
    codes.contains("N") && codes.contains("R") && codes.iter().all(|c| ["U", "L", "M", "N", "R"].contains(c))
}

fn restricted() -> Vec<Category> {
    Category::ALL.iter().copied().filter(|c| !BEYOND_RESTRICTED.contains(c)).collect()
}

/// A permission never reaches more than the label says, a denial never less.
fn sensitivity(code: &str, decision: Decision) -> Option<&'static [Category]> {
    const SUBSTANCE_USE: &[Category] = &[Category::Part2Record, Category::SubstanceObservation];
    const BEHAVIORAL: &[Category] = &[Category::BhAssessment, Category::BhTreatment];
    match (code, decision) {
        ("ETH" | "SUD", _) | ("ETHUD" | "OPIOIDUD", Decision::Deny) => Some(SUBSTANCE_USE),
        ("HIV", _) | ("STD", Decision::Deny) => Some(&[Category::HivSti]),
        ("SDV", _) => Some(&[Category::DvSa]),
        ("SEX", _) => Some(&[Category::ReproductiveHealth]),
        // Such content calls in no cell outside these categories, so a denial of them alone would miss it.
        ("PSY" | "MH", Decision::Permit) => Some(BEHAVIORAL),
        _ => None,
    }
}

fn confidentiality(label: &Node<'_>) -> FhirRefusal {
    label.refuse(
        "HO-2351",
        "the hub's consents go by category: this confidentiality alone would reach other content too",
        "permit `N` and `R` together, or name sensitivity codes or categories of the hub",
    )
}

fn unmapped(label: &Node<'_>) -> FhirRefusal {
    label.refuse(
        "HO-2351",
        "this security label is no category of the hub that the provision could name exactly",
        "use ETH, SUD, HIV, SDV or SEX, in a permission PSY or MH, or a category in `urn:handoff:category`",
    )
}

/// The purposes; none where the provision names none.
///
/// # Errors
/// HO-2352 for a code of another system, or one the hub does not know.
pub fn purposes(nodes: &[Node<'_>]) -> Result<Option<Vec<Purpose>>, FhirRefusal> {
    let mut found = Vec::new();
    for node in nodes {
        let (system, code) = node.coding()?;
        let purpose = code.parse::<Purpose>().ok().filter(|p| system == system_of(*p)).ok_or_else(|| {
            node.refuse(
                "HO-2352",
                "this is no purpose that the hub knows",
                "use a code of HL7 v3-ActReason, or of `urn:cohub:pou` where HL7 has none",
            )
        })?;
        if !found.contains(&purpose) {
            found.push(purpose);
        }
    }
    Ok(if nodes.is_empty() { None } else { Some(found) })
}

/// The code system a purpose belongs to: the local ones come last in the list of purposes.
pub fn system_of(purpose: Purpose) -> &'static str {
    if purpose >= Purpose::Dispatch { LOCAL_PURPOSE } else { ACT_REASON }
}
