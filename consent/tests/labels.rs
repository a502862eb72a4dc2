//! Labels: law by provenance, sensitivity by category, code and word, and what a label does to a ruling.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod rulings;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::*;
use handoff_law::{Bundle, Coded, Ruling};
use handoff_schemas::RecipientKind::{Bhc, Cbo, Ems, Le, P2p};
use handoff_schemas::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const SUD: &str = "harbor-recovery-sud";
const CLINIC: &str = "willow-clinic-crisis";
const CREW: &str = "river-fire-ems";
const SHELTER: &str = "lantern-shelter-intake";
const PATROL: &str = "river-pd-patrol";

/// Codes of which the tests make sets; each is in the shipped table.
const CODES: &[&str] = &[
    "SPI", "BH", "MH", "PSY", "PSYTHPN", "COGN", "SUD", "ETH", "ETHUD", "OPIOIDUD", "HIV", "STD", "SDV", "SEX", "VIO",
];

fn bundle() -> Arc<Bundle> {
    Bundle::embedded().unwrap()
}

fn code(text: &str) -> Sensitivity {
    text.parse().unwrap()
}

fn set(codes: &[&str]) -> BTreeSet<Sensitivity> {
    codes.iter().map(|c| code(c)).collect()
}

fn labels(codes: &[&str]) -> Labels {
    Labels { sensitivity: set(codes), confidentiality: Confidentiality::Restricted, unlabelled: false }
}

/// The event with this content in one of its slices.
fn with(event: &Event, category: Category, codes: &[&str]) -> Event {
    Event { content: vec![SliceLabels { category, labels: labels(codes) }], ..event.clone() }
}

// Hierarchy.

#[test]
fn a_rule_reaches_what_stands_under_its_code_in_either_tree() {
    let law = &bundle().labels;
    let cases = [
        ("BH", "MH", true),
        ("BH", "PSY", true),
        ("BH", "SUD", true),
        ("BH", "OPIOIDUD", true),
        ("SPI", "PSYTHPN", true),
        ("SPI", "ETHUD", true),
        ("SUD", "ETH", true),
        ("ETH", "OPIOIDUD", true),
        ("HIV", "HIV", true),
        ("MH", "BH", false),
        ("ETHUD", "SUD", false),
        ("BH", "HIV", false),
        ("SEX", "SDV", false),
    ];
    for (rule, label, reaches) in cases {
        assert_eq!(law.matches(&labels(&[label]), &code(rule)), reaches, "a rule on {rule}, content {label}");
    }
}

fn any_codes() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(CODES.to_vec(), 0..=CODES.len())
}

fn any_code() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(CODES)
}

proptest! {
    /// Subsumption is an order, and a further label never takes content out of a rule's reach.
    #[test]
    fn subsumption_is_transitive_and_grows_with_the_labels(
        a in any_code(), b in any_code(), c in any_code(), more in any_codes(),
    ) {
        let law = &bundle().labels;
        let reaches = |rule: &str, label: &str| law.matches(&labels(&[label]), &code(rule));
        prop_assert!(reaches(a, a));
        if reaches(a, b) && reaches(b, c) {
            prop_assert!(reaches(a, c), "{a} reaches {b} reaches {c}");
        }
        let mut joined = labels(&[b]);
        joined.join(&labels(&more));
        prop_assert!(!reaches(a, b) || law.matches(&joined, &code(a)));
        prop_assert_eq!(law.matches(&joined, &code(a)), reaches(a, b) || more.iter().any(|m| reaches(a, m)));
    }
}

// Words.

#[test]
fn words_count_whole_in_any_case_and_without_accents() {
    let law = &bundle().labels;
    let cases: &[(&str, &[&str])] = &[
        ("Found after an OVERDOSE.", &["SUD"]),
        ("goes to a methadone-clinic", &["OPIOIDUD"]),
        ("Toma metadona; VIH positivo", &["OPIOIDUD", "HIV"]),
        ("diagnóstico de SÍFILIS", &["STD"]),
        ("violencia doméstica", &["SDV"]),
        ("violencia, dom\u{e9}stica", &["SDV"]),
        ("Está embarazada", &["SEX"]),
        ("smell of alcohol", &["ETHUD"]),
        ("states suicidal thoughts", &["MH"]),
        ("no overdose, denies heroin", &["SUD", "OPIOIDUD"]),
        ("ate a grape; a methodical, therapeutic talk", &[]),
        ("hearing aids, first aid, naloxone given, fentanyl 50 mcg for pain", &[]),
        ("domestic flight; violence nowhere", &[]),
        ("", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(law.label_text(text), set(expected), "{text}");
    }
}

/// Noise between words of the lists.
fn any_text() -> impl Strategy<Value = String> {
    let listed = proptest::sample::select(vec![
        "overdose",
        "heroin",
        "HIV",
        "sida",
        "rape",
        "embarazada",
        "domestic",
        "violence",
        "no",
        "denies",
        "never",
    ]);
    let word = prop_oneof![3 => listed.prop_map(str::to_owned), 1 => "\\PC{0,12}"];
    proptest::collection::vec(word, 0..8).prop_map(|words| words.join(" "))
}

proptest! {
    /// Rulebook 5.2: words label up, never down, whatever they are and wherever they are added.
    #[test]
    fn adding_text_never_takes_a_label_away(
        before in any_text(), after in any_text(), category in proptest::sample::select(Category::ALL),
    ) {
        let law = &bundle().labels;
        let (a, b) = (law.label_text(&before), law.label_text(&after));
        let both = law.label_text(&format!("{before} {after}"));
        prop_assert!(both.is_superset(&a) && both.is_superset(&b));
        let silent = law.label_event(&[category], [], []);
        let said = law.label_event(&[category], [], [before.as_str()]);
        let more = law.label_event(&[category], [("icd-10-cm", "R53.1")], [before.as_str(), after.as_str()]);
        for (less, further) in [(&silent, &said), (&said, &more)] {
            prop_assert!(further.sensitivity.is_superset(&less.sensitivity));
            prop_assert!(further.confidentiality >= less.confidentiality);
            prop_assert!(further.unlabelled || !less.unlabelled);
        }
    }
}

// Codes.

#[test]
fn codes_are_read_by_system_and_block() {
    let law = &bundle().labels;
    let labelled: &[(&str, &str, &[&str])] = &[
        ("icd-10-cm", "F11.20", &["OPIOIDUD"]),
        ("icd-10-cm", "f1020", &["ETHUD"]),
        ("icd-10", "F14.10", &["SUD"]),
        ("dsm-5-tr", "F32.9", &["MH", "PSY"]),
        ("http://hl7.org/fhir/sid/icd-10-cm", "B20", &["HIV"]),
        ("icd-10-cm", "Z21", &["HIV"]),
        ("icd-10-cm", "O98.71", &["HIV", "SEX"]),
        ("icd-10-cm", "A51.0", &["STD"]),
        ("icd-10-cm", "T74.11XA", &["SDV"]),
        ("icd-10-cm", "O03.9", &["SEX"]),
        ("snomed-ct", "86406008", &["HIV"]),
        ("rxnorm", "6813", &["OPIOIDUD"]),
        ("rxnorm", "1819", &["OPIOIDUD"]),
        ("rxnorm", "7243", &["SUD"]),
        ("http://loinc.org", "56888-1", &["HIV"]),
        ("loinc", "3397-7", &["SUD"]),
    ];
    for (system, value, expected) in labelled {
        assert_eq!(law.label_code(system, value), Coded::Labelled(set(expected)), "{system} {value}");
    }
    for value in ["R53.1", "I10", "F17.210", "Z59.0"] {
        assert_eq!(law.label_code("icd-10-cm", value), Coded::Ordinary, "{value}");
    }
    for (system, value) in
        [("rxnorm", "86009"), ("local", "B20"), ("snomed-ct", "B20"), ("icd-10-cm", ""), ("loinc", "7917")]
    {
        assert_eq!(law.label_code(system, value), Coded::Unknown, "{system} {value}");
    }
    assert_eq!(law.label_code("rxnorm", "7242"), Coded::Ordinary, "naloxone says nothing of a disorder");
    assert_eq!(law.label_code("icd-10", "B2050ZZ"), Coded::Ordinary, "ICD-10-PCS: a picture of a heart, not HIV");
}

/// Rulebook 5.2: an unlabelled code in a sensitive category is restricted, and said so; elsewhere it adds nothing.
#[test]
fn an_unknown_code_in_a_sensitive_category_is_reported() {
    let law = &bundle().labels;
    for (system, value) in [("local", "77"), ("rxnorm", "86009"), ("icd-10-cm", "unknown to us")] {
        let clinical = law.label_event(&[Category::BhTreatment], [(system, value)], []);
        assert!(clinical.unlabelled && clinical.confidentiality >= Confidentiality::Restricted, "{system}");
        assert_eq!(clinical.sensitivity, law.of(Category::BhTreatment).sensitivity, "it adds no label");
        let plain = law.label_event(&[Category::EmsClinical], [(system, value)], []);
        assert_eq!(plain, law.of(Category::EmsClinical), "{system}");
    }
    assert!(!law.label_event(&[Category::BhTreatment], [("icd-10-cm", "R53.1")], []).unlabelled);
}

#[test]
fn the_mark_of_the_whole_is_the_highest_of_its_parts() {
    let law = &bundle().labels;
    assert_eq!(law.of(Category::Aggregate).confidentiality, Confidentiality::Unrestricted);
    assert_eq!(law.of(Category::EmsClinical).confidentiality, Confidentiality::Normal);
    let coded = law.label_event(&[Category::Aggregate, Category::EmsClinical], [("icd-10-cm", "B20")], []);
    assert_eq!(coded.confidentiality, Confidentiality::Restricted);
    let case = law.label_event(&[Category::Cad, Category::ThreatCase], [], []);
    assert_eq!(case.confidentiality, Confidentiality::VeryRestricted);
}

#[test]
fn the_mark_of_a_whole_is_that_of_its_parts_and_of_the_law_over_them() {
    let law = &bundle().labels;
    let methadone = SliceLabels { category: Category::LeReport, labels: labels(&["OPIOIDUD"]) };
    let mark = law.mark([Category::LeReport], std::slice::from_ref(&methadone), &[LawLabel::LeLocal]);
    assert!(mark.sensitivity.contains(&code("SUD")) && mark.sensitivity.contains(&code("OPIOIDUD")));
    assert_eq!(mark.confidentiality, Confidentiality::Restricted);
    let elsewhere = law.mark([Category::Cad], &[methadone], &[]);
    assert!(!elsewhere.sensitivity.contains(&code("SUD")), "a label is of its own slice");
    assert!(elsewhere.confidentiality < Confidentiality::Restricted);
    assert_eq!(law.mark([Category::Cad], &[], &[LawLabel::Part2]).confidentiality, Confidentiality::Restricted);
    assert_eq!(law.mark([Category::Cad], &[], &[LawLabel::Vawa]).confidentiality, Confidentiality::VeryRestricted);
}

// Slices of real events.

fn content(event_type: &str, source: RecipientKind, data: &Value) -> Vec<(Category, BTreeSet<Sensitivity>)> {
    let event_type: EventType = event_type.parse().unwrap();
    Registry::embedded().validate(&event_type, data).unwrap();
    let sliced = Registry::embedded().slice(&event_type, source, data).unwrap();
    let found = bundle().labels.label_slices(&event_type, &sliced.slices);
    found.into_iter().map(|l| (l.category, l.labels.sensitivity)).collect()
}

#[test]
fn an_assessment_is_labelled_by_its_codes_and_its_words() {
    let data = json!({
        "assessed_at": "2026-11-02T21:14:00Z",
        "suicide_risk": "low",
        "diagnoses": [{ "code": "F43.0", "system": "icd-10-cm" }, { "code": "86406008", "system": "snomed-ct" }],
        "medications": [{ "name": "Suboxone", "adherence": "taking" }],
    });
    let expected = [(Category::Medications, set(&["OPIOIDUD"])), (Category::BhTreatment, set(&["HIV", "MH", "PSY"]))];
    assert_eq!(content("encounter.assessment-recorded.v1", Bhc, &data), expected);
}

#[test]
fn a_care_report_is_labelled_where_the_adapter_did_not_route_it() {
    let data = json!({
        "report": { "version": "3.5.1", "number": "1" },
        "history": { "conditions": ["I10", "B20"] },
        "medications": [{ "code": "1819" }, { "code": "86009" }],
        "narrative": "Fell in the kitchen.",
        "disposition": {
            "unit": "patient-contact-made", "class": "resolved-on-scene", "transported": "no",
            "destination_name": "Fictional Methadone Clinic",
        },
    });
    let expected = [(Category::EmsClinical, set(&["HIV"])), (Category::Medications, set(&["OPIOIDUD"]))];
    assert_eq!(content("encounter.care-reported.v1", Ems, &data), expected, "a place's name says nothing (EC-83)");
}

#[test]
fn an_event_that_says_nothing_sensitive_has_no_content_labels() {
    let data = json!({ "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low", "narrative": "Slept well." });
    assert!(content("encounter.assessment-recorded.v1", Bhc, &data).is_empty());
}

/// A code in a leaf that the law does not list would never be seen.
#[test]
fn every_leaf_for_codes_is_listed() {
    let rules = include_str!("../law/labels/rules.toml");
    let mut met = 0;
    for event_type in Registry::embedded().types() {
        for leaf in Registry::embedded().leaves(event_type).unwrap() {
            let listed = rules.contains(&format!("\"{}\"", leaf.pointer));
            // A disposition's code is the dispatch centre's own.
            if leaf.pointer.ends_with("/code") && leaf.pointer != "/disposition/code" {
                assert!(listed, "{event_type} {}", leaf.pointer);
                met += 1;
            }
        }
    }
    assert!(met >= 10, "{met}");
}

// Law by provenance.

#[test]
fn p2_03_a_pending_unit_is_a_part_2_program() {
    let law = &bundle().labels;
    for (status, counts) in [(Part2Status::Yes, true), (Part2Status::Pending, true), (Part2Status::No, false)] {
        let unit = unit("new-program", "p", &[Bhc], HipaaStatus::None, status);
        assert_eq!(law.law_labels(&unit, &[Category::Sdoh]).contains(&LawLabel::Part2), counts, "{status:?}");
    }
}

/// Rulebook 0.1, EC-95: what police saw and wrote of an overdose is sensitive, and no Part 2 record.
#[test]
fn an_overdose_that_police_saw_is_no_part_2_record() {
    let mut c = County::river();
    let narrative = "Overdose behind the methadone clinic, says he is in treatment for heroin.";
    let labels = c.bundle.labels.label_event(&[Category::LeReport], [], [narrative]);
    assert!(c.bundle.labels.matches(&labels, &code("SUD")));
    assert_eq!(labels.confidentiality, Confidentiality::Restricted);
    let content = vec![SliceLabels { category: Category::LeReport, labels }];
    let event = Event { content, ..Event::of(PATROL, &[Category::LeReport]) };
    let ruling = c.rule(&event, &to(CLINIC, Bhc));
    assert_eq!(shows(&ruling, Category::LeReport), ["arrest", "booking"], "by agreement, without a consent");
    let grants = one(&ruling, Category::LeReport).outcome.grants();
    assert!(grants.iter().all(|g| g.labels.contains(&LawLabel::LeLocal) && !g.labels.contains(&LawLabel::Part2)));
    assert_eq!(shows(&c.rule(&event, &to(PATROL, Le)), Category::LeReport), ["*"], "its own");
}

proptest! {
    #[test]
    fn no_topic_makes_a_law(categories in proptest::collection::vec(proptest::sample::select(Category::ALL), 0..6)) {
        let law = &bundle().labels;
        let patrol = unit(PATROL, "river-pd", &[Le], HipaaStatus::None, Part2Status::No);
        prop_assert_eq!(law.law_labels(&patrol, &categories), BTreeSet::from([LawLabel::LeLocal]));
        let clinic = unit(CLINIC, "willow-clinic", &[Bhc], HipaaStatus::CoveredProvider, Part2Status::No);
        let expected = BTreeSet::from([LawLabel::Hipaa, LawLabel::StateMentalHealth]);
        prop_assert_eq!(law.law_labels(&clinic, &categories), expected);
    }
}

#[test]
fn registration_says_what_other_law_a_unit_is_under() {
    let law = &bundle().labels;
    let mut school = unit("river-school-office", "river-school", &[Cbo], HipaaStatus::None, Part2Status::No);
    assert_eq!(law.law_labels(&school, &[Category::Education]), BTreeSet::new());
    school.further_law = vec![LawLabel::Ferpa];
    assert_eq!(law.law_labels(&school, &[Category::Sdoh]), BTreeSet::from([LawLabel::Ferpa]));
    // CJ-04: that a unit may ask NCIC makes its own local records no CJI.
    let mut patrol = unit(PATROL, "river-pd", &[Le], HipaaStatus::None, Part2Status::No);
    patrol.cjis = true;
    assert!(!law.law_labels(&patrol, &[Category::LeReport]).contains(&LawLabel::Cji));
    assert!(law.law_labels(&patrol, &[Category::NcicStatus]).contains(&LawLabel::Cji));
}

#[test]
fn label_tables_that_contradict_themselves_do_not_load() {
    let files = Bundle::embedded_files();
    for (file, from, to) in [
        ("labels/hierarchy.csv", "OPIOIDUD,SUD,", "OPIOIDUD,SUDD,"),
        ("labels/hierarchy.csv", "code,parents,", "code,above,"),
        ("labels/categories.csv", "\ncad,,M", ""),
        ("labels/categories.csv", "\ncad,,M", "\ncad,,Q"),
        ("labels/categories.csv", "\nsdoh,,N", "\nsdoh,HIV,N"),
        ("labels/values.csv", "rxnorm,code,6813,OPIOIDUD,", "rxnorm,code,6813,OPIOID,"),
        ("labels/values.csv", "rxnorm,code,6813,", "rxnorm,prefix,6813,"),
        ("labels/values.csv", "rxnorm,code,1819,", "rxnorm,code,6813,"),
        ("labels/words.csv", "HIV,en,hiv\n", "HIV,fr,vih\n"),
        ("labels/words.csv", "HIV,en,hiv\n", "HIVV,en,hiv\n"),
        ("labels/cji.csv", "identifier,fbi #\n", "number,fbi #\n"),
        ("labels/cji.csv", "identifier,fbi #\n", "identifier,fbi\n"),
        ("labels/cji.csv", "identifier,fbi #\n", "identifier,f-b-i #\n"),
        ("labels/rules.toml", "HIV = \"hiv-sti\"", "HIVV = \"hiv-sti\""),
        ("labels/rules.toml", "\"/history/conditions\"", "\"/history/condition\""),
        ("labels/rules.toml", "label = \"le-local\"", "label = \"part2\""),
    ] {
        let mut bent = files.clone();
        let text = bent.get_mut(file).unwrap();
        assert!(text.contains(from), "{file} no longer has {from}");
        *text = text.replacen(from, to, 1);
        assert_eq!(Bundle::parse(&bent).err().map(|e| e.code()), Some("HO-1302"), "{file}: {to}");
    }
}

#[test]
fn an_event_logged_before_there_were_labels_still_reads() {
    let labels = SliceLabels { category: Category::EmsClinical, labels: labels(&["HIV"]) };
    let text = serde_json::to_string(&labels).unwrap();
    assert_eq!(text, r#"{"category":"ems-clinical","labels":{"sensitivity":["HIV"],"confidentiality":"R"}}"#);
    assert_eq!(serde_json::from_str::<SliceLabels>(&text).unwrap(), labels);
    let unit = json!({
        "unit": "u", "partner": "p", "name": "n", "hipaa": "none", "part2": "no", "cjis": false,
        "victim_services": false, "roles": ["LE"], "jurisdiction": "US-WA",
    });
    assert!(serde_json::from_value::<UnitFacts>(unit).unwrap().further_law.is_empty());
}
