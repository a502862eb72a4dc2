//! The facts that cases may state, and those that they may take out.

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::Purpose;
use serde_json::Value;

/// Facts that cases may state, by the purpose that looks at them.
const FACTS: &[(&[Purpose], &[&str])] = &[
    (
        &[Purpose::Etreat, Purpose::Ertreat, Purpose::Btg],
        &["medical_emergency", "consent_cannot_be_obtained", "nature", "incident", "patient_present", "reason"],
    ),
    (
        &[Purpose::DutyWarn],
        &[
            "serious_and_imminent",
            "able_to_prevent",
            "is_target",
            "judged_by",
            "violent_crime_admitted",
            "learned_in_treatment",
            "escaped",
        ],
    ),
    (&[Purpose::LeLocate, Purpose::Missing], &["request_verified", "vulnerable_adult", "target"]),
    (
        &[Purpose::LeVictim],
        &[
            "request_verified",
            "victim_agrees",
            "incapacitated",
            "need_represented",
            "not_against_victim",
            "immediate",
            "best_interests",
        ],
    ),
    (&[Purpose::CustodyHealth], &["lawful_custody", "custody_kind", "limb"]),
    (
        &[Purpose::LeCrimeAlert],
        &[
            "crime_on_premises",
            "against_personnel",
            "directly_related",
            "by_patient",
            "act",
            "crime_off_premises",
            "abuse_neglect_or_domestic_violence",
        ],
    ),
    (
        &[Purpose::MandatedReport],
        &[
            "child_abuse_suspected",
            "elder_abuse_suspected",
            "vulnerable_adult_abuse_suspected",
            "wound",
            "initial_report",
        ],
    ),
    (&[Purpose::PublicHealth], &["exposure", "line_of_duty", "designated_officer", "determined_by", "incident"]),
    (&[Purpose::Threat], &["articulable_threat", "able_to_protect", "at_risk", "is_school"]),
];

/// Facts that any request may state, and that no ask of a user looks at.
const ANYWHERE: &[&str] = &["lacks", "order", "cause_of_death_inquiry", "limited_data_set", "written_agreement_2_53"];

/// Facts that stand in every real ask, and that `lacks` takes out.
const FORMALITIES: &[&str] = &[
    "nature",
    "treating_provider_determined",
    "personnel_name",
    "personnel_affiliation",
    "disclosing_person",
    "disclosed_at",
    "limb",
    "threat",
    "target",
    "learned_in_treatment_to_affect_propensity",
    "name",
    "agency",
    "badge",
    "callback_verified_by",
    "kind",
    "custodian",
    "act",
    "by_patient",
    "crime",
    "abuse_neglect_or_domestic_violence",
    "statute",
    "how",
    "occurred_at",
    "employer",
    "at_risk",
];

/// The four items of 42 CFR 2.51(c), which `lacks` may also name by their paragraph.
const ITEMS: &[(&str, &[&str])] = &[
    ("2.51(c)(1)", &["personnel_name", "personnel_affiliation"]),
    ("2.51(c)(2)", &["disclosing_person"]),
    ("2.51(c)(3)", &["disclosed_at"]),
    ("2.51(c)(4)", &["nature"]),
];

/// The facts that this purpose does not look at.
///
/// # Errors
/// A fact that no authority knows.
pub fn unread(purpose: Option<Purpose>, basis: &BTreeMap<String, Value>) -> Result<Vec<String>, String> {
    let known =
        |fact: &&String| FACTS.iter().any(|(_, f)| f.contains(&fact.as_str())) || ANYWHERE.contains(&fact.as_str());
    if let Some(unknown) = basis.keys().find(|fact| !known(fact)) {
        let all: BTreeSet<&str> = FACTS.iter().flat_map(|(_, f)| *f).chain(ANYWHERE).copied().collect();
        let all: Vec<&str> = all.into_iter().collect();
        return Err(format!("no authority knows the fact `{unknown}` of `basis`: use {}", all.join(", ")));
    }
    let looked = |fact: &str| {
        let of = |(purposes, facts): &(&[Purpose], &[&str])| {
            facts.contains(&fact) && purpose.is_some_and(|p| purposes.contains(&p))
        };
        FACTS.iter().any(of) || matches!(fact, "lacks" | "order")
    };
    Ok(basis.keys().filter(|fact| !looked(fact)).cloned().collect())
}

/// The formalities that `lacks` takes out.
///
/// # Errors
/// A formality that no authority knows, or no list.
pub fn lacks(basis: &BTreeMap<String, Value>) -> Result<BTreeSet<&str>, String> {
    let words: Vec<&str> = match basis.get("lacks") {
        None => Vec::new(),
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(all)) if all.iter().all(Value::is_string) => all.iter().filter_map(Value::as_str).collect(),
        Some(_) => return Err("`lacks` of `basis` is a list of facts to leave out".to_owned()),
    };
    let mut lacks = BTreeSet::new();
    for word in words {
        let item = ITEMS.iter().find(|(paragraph, _)| *paragraph == word);
        if item.is_none() && !FORMALITIES.contains(&word) {
            let known = FORMALITIES.join(", ");
            return Err(format!("`lacks` of `basis` names `{word}`: use {known}, or a paragraph of 2.51(c)"));
        }
        lacks.extend(item.map_or(vec![word], |(_, leaves)| leaves.to_vec()));
    }
    Ok(lacks)
}
