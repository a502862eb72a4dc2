//! What is nil, and why: the "not values" (NV) and "pertinent negatives" (PN) of the standard.
//!
//! Not recorded is a statement with a reason. It is neither a value nor an absent element.

use std::borrow::Cow;

use super::table::{Element, Tables};
use crate::adapter::xml::Node;
use crate::adapter::{AdapterError, Code, Finding, Place};

/// What an element states.
pub enum Content {
    /// Nil, with the reason in our words.
    NotRecorded(Cow<'static, str>),
    /// A value, and what a pertinent negative beside it says: a symptom that is absent, a drug not given.
    Recorded { qualifier: Option<Cow<'static, str>> },
}

const APPROXIMATE: &str = "8801029";
/// Where a pertinent negative stands beside a value: the value is what was denied or found absent.
const BESIDE_A_VALUE: &[(&str, &str)] =
    &[("eSituation.10", "nemSch_e005"), ("eMedications.03", "nemSch_e006"), ("eProcedures.03", "nemSch_e007")];
/// Where "approximate" qualifies a value.
const MAY_BE_APPROXIMATE: &[(&str, &str)] =
    &[("ePatient.15", "nemSch_e190"), ("eSituation.01", "nemSch_e004"), ("eSituation.18", "nemSch_e191")];

/// Reads `xsi:nil`, NV and PN. What the XSD forbids is refused; what only the Schematron forbids is a finding.
pub fn read(
    element: &Element,
    node: &Node,
    place: &Place,
    tables: &Tables,
    findings: &mut Vec<Finding>,
) -> Result<Content, AdapterError> {
    let refuse = |rule: &'static str| {
        Err(AdapterError::new(
            Code::NEMSIS_NIL,
            place.clone(),
            rule,
            "use only what the standard allows on this element",
        ))
    };
    let nil = match node.start.xsi("nil").map(str::trim) {
        None => false,
        Some(_) if !element.nil => return refuse("the element may not be nil"),
        Some("true" | "1") => true,
        Some("false" | "0") => false,
        Some(_) => return refuse("xsi:nil is true or false"),
    };
    let (nv, pn) = (node.start.attribute("NV"), node.start.attribute("PN"));
    if nv.is_some_and(|code| !element.nv.iter().any(|c| c == code)) {
        return refuse("a `not value` (NV) that the standard allows here");
    }
    if pn.is_some_and(|code| !element.pn.iter().any(|c| c == code)) {
        return refuse("a `pertinent negative` (PN) that the standard allows here");
    }
    if nil && !(node.text.is_empty() && node.children.is_empty()) {
        let remedy = "send the value without xsi:nil, or the element empty";
        return Err(AdapterError::new(
            Code::NEMSIS_NIL_CONTENT,
            place.clone(),
            "an element that is nil is empty",
            remedy,
        ));
    }
    if !node.children.is_empty() {
        let remedy = "send the value only";
        return Err(AdapterError::new(Code::NEMSIS_TYPE, place.clone(), "no elements inside the value", remedy));
    }
    if let Some((rule, remedy)) = objection(&element.id, nil, nv, pn) {
        let place = place.clone();
        findings.push(Finding { code: Code::NEMSIS_Q_NIL, place, rule: rule.into(), remedy: remedy.into() });
    }
    let word =
        |list: &str, code: Option<&str>| code.and_then(|c| tables.word(list, c)).map(|w| Cow::Owned(w.to_owned()));
    let negative = word("pertinent-negative", pn);
    if nil {
        let reason = negative.or_else(|| word("not-value", nv)).unwrap_or(Cow::Borrowed("unstated"));
        return Ok(Content::NotRecorded(reason));
    }
    Ok(Content::Recorded { qualifier: negative })
}

/// The rule of the standard's Schematron that the combination breaks, and what to do.
fn objection(id: &str, nil: bool, nv: Option<&str>, pn: Option<&str>) -> Option<(&'static str, &'static str)> {
    let rule_of = |list: &[(&str, &'static str)]| list.iter().find(|(e, _)| *e == id).map(|(_, rule)| *rule);
    let beside = rule_of(BESIDE_A_VALUE)
        .or_else(|| (pn == Some(APPROXIMATE)).then(|| rule_of(MAY_BE_APPROXIMATE)).flatten())
        .or_else(|| matches!(id, "eExam.19" | "eExam.20").then_some("nemSch_eNilNvPn_rule_2"));
    match (pn, beside) {
        (Some(_), Some(rule)) => {
            let remedy = "a pertinent negative here needs the value it denies, without nil and without NV";
            (nil || nv.is_some()).then_some((rule, remedy))
        }
        (Some(_), None) => {
            let rule = match id {
                "eSituation.01" => "nemSch_e003",
                "eSituation.18" => "nemSch_e188",
                _ => "nemSch_e008",
            };
            let remedy = "a pertinent negative here needs the element empty (xsi:nil) and without NV";
            (!nil || nv.is_some()).then_some((rule, remedy))
        }
        (None, _) if nil && nv.is_none() => Some(("nemSch_e001", "say why it is empty: NV or PN")),
        (None, _) if !nil && nv.is_some() => Some(("nemSch_e002", "a `not value` needs the element empty (xsi:nil)")),
        (None, _) => None,
    }
}
