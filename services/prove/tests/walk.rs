//! What the walk finds of the law, and of a law with one thing wrong.
#![allow(clippy::unwrap_used, clippy::panic)]

mod wrong;

use handoff_law::Bundle;
use handoff_prove::{Counterexample, Law, Outcome, Space, walk};
use wrong::Edit;

fn counterexample(edits: &[Edit], property: &'static str) -> Counterexample {
    let law = Law::read(&wrong::law(edits)).unwrap();
    let walked = walk(&law.bundle(), &Space::small().until(property), &|_, _| {}).unwrap();
    let line = walked.lines.into_iter().find(|line| line.id == property).unwrap();
    match line.outcome {
        Outcome::Failed(counterexample) => counterexample,
        other => panic!("`{property}` on a wrong law: {other:?}"),
    }
}

#[test]
fn every_rule_holds_of_the_law_and_speaks_of_some_case() {
    let space = Space::small();
    let walked = walk(&Bundle::embedded().unwrap(), &space, &|_, _| {}).unwrap();
    for line in &walked.lines {
        assert_eq!(line.outcome, Outcome::Proven, "{}", line.id);
        assert!(line.applied.is_some_and(|applied| applied > 0), "{}", line.id);
    }
    assert_eq!(walked.rulings, space.rulings());
    let categories = handoff_schemas::Category::ALL.len() as u64;
    assert_eq!(walked.combinations, walked.rulings * categories);
}

#[test]
fn the_whole_space_is_finite_and_larger_by_far() {
    let (whole, small) = (Space::whole().rulings(), Space::small().rulings());
    assert!(whole > 10 * small, "{whole} {small}");
}

/// A rule, and the edits of the law that break it.
const WRONG: &[(&str, &[Edit])] = &[
    ("walk-part2-closed-list", &[("matrix.csv", "BHC,C|X:2.51,", "BHC,P,")]),
    ("walk-part2-row", &[("matrix.csv", "BHC,C|X:2.51,", "BHC,P,")]),
    ("walk-part2-tpo", &[("defaults.toml", "never_tpo = [\"LE\", \"CJ\"]", "never_tpo = []")]),
    (
        "walk-part2-proceedings",
        &[("floors.cedar", "!context.order_and_mandate }", "!context.order_and_mandate && !context.own }")],
    ),
    ("walk-never-carried", &[("defaults.toml", "never_carried = [\"chri\", ", "never_carried = [")]),
    ("walk-break-glass", &[("defaults.toml", "[standing.LE]\n", "[standing.LE]\nBTG = [\"F1\"]\n")]),
    (
        "walk-person-denies",
        &[("floors.cedar", "{ context.person_denies && !context.own }", "{ context.person_denies && context.erased }")],
    ),
    ("walk-agreement", &[("paths.cedar", "{ context.cell_permits && context.agreement }", "{ context.cell_permits }")]),
    (
        "walk-agreement-and-floors",
        &[(
            "floors.cedar",
            "unless { context.parties_active }",
            "unless { context.parties_active || context.agreement }",
        )],
    ),
    (
        "walk-agreement-prohibits",
        &[(
            "floors.cedar",
            "{ context.agreement_prohibits && !context.own }",
            "{ context.agreement_prohibits && context.erased }",
        )],
    ),
    (
        "walk-victim-services",
        &[
            (
                "floors.cedar",
                "{ context.victim_source && !context.own }",
                "{ context.victim_source && context.erased }",
            ),
            ("defaults.toml", "vawa = \"vsp-record\"\n", ""),
        ],
    ),
    (
        "walk-aggregate",
        &[
            (
                "matrix.csv",
                "Medications & allergies (non-Part 2),EVAL,G,",
                "Medications & allergies (non-Part 2),EVAL,P,",
            ),
            ("templates.toml", "[F9]\n", "[F9]\nmedications = \"*\"\n"),
        ],
    ),
    (
        "walk-outside-matrix",
        &[
            ("floors.cedar", "{ context.cell_denied && !context.own }", "{ context.cell_denied && context.erased }"),
            ("paths.cedar", "{ context.cell_permits && context.agreement }", "{ context.agreement }"),
            ("defaults.toml", "[standing.EVAL]\n", "[standing.ME]\nTREAT = [\"F5\"]\n\n[standing.EVAL]\n"),
        ],
    ),
    (
        "walk-inactive",
        &[(
            "floors.cedar",
            "unless { context.parties_active }",
            "unless { context.parties_active || context.agreement }",
        )],
    ),
    ("walk-erased", &[("floors.cedar", "{ context.erased }", "{ context.erased && context.proceeding }")]),
];

/// Rules that no law can break, for Rust alone gathers their facts; the crate's own tests break them, and the memo's
/// are the engine's.
const BY_ENGINE: [&str; 5] =
    ["walk-part2-notice", "walk-consent-stands", "walk-consent-type", "walk-hook-reviewed", "walk-memo"];

#[test]
fn every_rule_fails_on_a_law_that_breaks_it() {
    for (property, edits) in WRONG {
        let found = counterexample(edits, property);
        assert!(!found.facts.is_empty(), "{property}");
    }
}

#[test]
fn every_rule_has_a_law_that_breaks_it() {
    let walked = walk(&Bundle::embedded().unwrap(), &Space::small(), &|_, _| {}).unwrap();
    let tried = |id: &str| WRONG.iter().any(|(tried, _)| *tried == id) || BY_ENGINE.contains(&id);
    let untried: Vec<&String> = walked.lines.iter().map(|line| &line.id).filter(|id| !tried(id)).collect();
    assert!(untried.is_empty(), "no wrong law for {untried:?}");
}

#[test]
fn the_case_is_told_in_the_rulebooks_words() {
    let found =
        counterexample(&[("defaults.toml", "never_tpo = [\"LE\", \"CJ\"]", "never_tpo = []")], "walk-part2-tpo");
    let told = found.facts.join("; ");
    for words in ["a Part 2 program", "medics of a unit that is also police", "a single TPO consent", "is in force"] {
        assert!(told.contains(words), "`{words}` in: {told}");
    }
    assert!(found.permitted_by.iter().any(|policies| policies.contains("path-consent")), "{:?}", found.permitted_by);
}
