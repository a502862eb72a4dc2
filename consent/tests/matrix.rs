//! Every (category, recipient kind) in five situations, against an expectation derived without the engine
//! (`expected/derive.py`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;

use crate::common::*;
use handoff_schemas::*;

fn answers(situation: &str) -> BTreeMap<(String, String, String), String> {
    let mut c = Situation::of(situation).county;
    let categories: Vec<_> = Category::ALL.iter().copied().filter(|c| *c != Category::Administrative).collect();
    let event = Event::of("source", &categories);
    let mut answers = BTreeMap::new();
    for kind in RecipientKind::ALL {
        let ruling = c.rule(&event, &to_kind(*kind));
        for category in &categories {
            let shown = shows(&ruling, *category).join(" ");
            let shown = if shown.is_empty() { "-".to_owned() } else { shown };
            answers.insert((situation.to_owned(), category.to_string(), kind.to_string()), shown);
        }
    }
    answers
}

#[test]
fn every_cell_shows_what_the_rulebook_says_and_nothing_else() {
    let expected: BTreeMap<_, _> = include_str!("expected/matrix.csv")
        .lines()
        .skip(1)
        .map(|l| {
            let f: Vec<_> = l.split(',').map(str::to_owned).collect();
            ((f[0].clone(), f[1].clone(), f[2].clone()), f[3].clone())
        })
        .collect();
    assert_eq!(expected.len(), SITUATIONS.len() * 432);
    let mut wrong = Vec::new();
    for situation in SITUATIONS {
        for (key, shown) in answers(situation) {
            let want = &expected[&key];
            if *want != shown {
                wrong.push(format!("{key:?}\n  expected {want}\n  engine   {shown}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cells differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_released_slice_is_never_empty_and_a_withheld_one_always_has_a_reason() {
    for situation in SITUATIONS {
        let mut c = Situation::of(situation).county;
        let event = Event::of("source", Category::ALL);
        for kind in RecipientKind::ALL {
            let ruling = c.rule(&event, &to_kind(*kind));
            assert_eq!(ruling.slices.len(), Category::ALL.len());
            for slice in ruling.slices.iter() {
                match &slice.outcome {
                    handoff_law::Outcome::Release(grants) => {
                        assert!(!grants.is_empty() && grants.iter().all(|g| !g.elements.is_empty()));
                    }
                    handoff_law::Outcome::Withhold(reasons) => assert!(!reasons.is_empty()),
                }
            }
        }
    }
}

#[test]
fn the_projects_matrix_has_432_cells_that_all_parse() {
    let bundle = handoff_law::Bundle::embedded().unwrap();
    let cells = Category::ALL.iter().flat_map(|c| RecipientKind::ALL.iter().filter_map(|k| bundle.matrix.cell(*c, *k)));
    assert_eq!(cells.count(), 432);
}

#[test]
fn a_bundle_with_an_unknown_qualifier_or_template_does_not_load() {
    let files = handoff_law::Bundle::embedded_files();
    for (file, from, to) in [
        ("matrix.csv", ",C:named,B14", ",C:nemed,B14"),
        ("matrix.csv", ",A:F2,", ",A:F22,"),
        ("matrix.csv", "C01,incident-identity", "C02,incident-identity"),
        ("defaults.toml", "DISPATCH = [\"F1\"]", "DISPATCH = [\"F77\"]"),
        ("defaults.toml", "notice_form = 1", "notice_form = 3"),
        ("templates.toml", "location = [\"place\"]", "locations = [\"place\"]"),
        ("reasons.toml", "[NO_CONSENT]", "[NO_CONSNT]"),
        ("floors.cedar", "context.never_carried", "context.never_caried"),
        ("scope.es.toml", "hold = ", "hodl = "),
    ] {
        let mut bent = files.clone();
        let text = bent.get_mut(file).unwrap();
        assert!(text.contains(from), "{file} no longer has {from}");
        *text = text.replacen(from, to, 1);
        let error = handoff_law::Bundle::parse(&bent).err();
        assert_eq!(error.map(|e| e.code()), Some("HO-1302"), "{file}: {to}");
    }
    let mut fewer = files.clone();
    fewer.remove("paths.cedar");
    assert_eq!(handoff_law::Bundle::parse(&fewer).err().map(|e| e.code()), Some("HO-1300"));
    let mut more = files.clone();
    more.insert("extra.cedar".to_owned(), String::new());
    assert_eq!(handoff_law::Bundle::parse(&more).err().map(|e| e.code()), Some("HO-1301"));
    assert_eq!(handoff_law::Bundle::parse(&files).unwrap().hash, handoff_law::Bundle::embedded().unwrap().hash);
}

#[test]
fn every_element_of_a_template_is_in_the_schemas_vocabulary() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/elements.json");
    let vocabulary: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let bundle = handoff_law::Bundle::embedded().unwrap();
    for name in bundle.templates.names() {
        for (category, elements) in bundle.templates.get(name).unwrap().categories() {
            let ElementSet::Some(elements) = elements else { continue };
            for element in elements {
                let known = vocabulary["elements"].get(element).is_some() || element == category.slug();
                assert!(known, "{name}.{category}: `{element}`");
            }
        }
    }
}
