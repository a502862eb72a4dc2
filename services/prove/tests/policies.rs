//! The properties of the policies hold of the law, and each fails on a law with one thing wrong.
#![allow(clippy::unwrap_used, clippy::panic)]

mod wrong;

use handoff_law::Bundle;
use handoff_prove::{Counterexample, Law, Outcome, Solver};
use wrong::{Edit, Files};

/// Without a solver nothing is proven: that is a failure, not a reason to skip.
fn solver() -> Solver {
    Solver::find(None).unwrap_or_else(|e| panic!("{e}; `deploy/setup --tests` installs it"))
}

async fn counterexample(files: &Files, property: &str) -> Counterexample {
    let line = Law::read(files).unwrap().property(&solver(), property).await.unwrap().unwrap();
    match line.outcome {
        Outcome::Failed(counterexample) => counterexample,
        other => panic!("`{property}` on a wrong law: {other:?}"),
    }
}

#[tokio::test]
async fn every_property_holds_of_the_law() {
    let law = Law::read(&Bundle::embedded_files()).unwrap();
    assert!(law.environments() > 0);
    for line in law.prove(&solver()).await.unwrap() {
        assert_eq!(line.outcome, Outcome::Proven, "{}", line.id);
    }
}

#[tokio::test]
async fn the_counterexample_is_replayed_small_and_in_the_rulebooks_words() {
    let wrong: Edit = ("floors.cedar", "!context.order_and_mandate }", "!context.order_and_mandate && !context.own }");
    let found = counterexample(&wrong::law(&[wrong]), "part2-proceedings").await;
    let facts = [
        "the recipient is the unit that published it",
        "source and recipient are active units of active partners",
        "the purpose is a proceeding or investigation against the person (42 CFR 2.12(d)(1))",
        "it is a Part 2 record by provenance (42 CFR 2.11, 2.12)",
    ];
    let mut said = found.facts.clone();
    said.sort();
    let mut expected = facts.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(said, expected);
    assert!(found.lacking.iter().any(|fact| fact.contains("court order")), "{:?}", found.lacking);
    assert!(found.lacking.iter().any(|fact| fact.contains("2.31(d)")), "{:?}", found.lacking);
    assert!(found.permitted_by.iter().any(|policy| policy.starts_with("path-own (")), "{:?}", found.permitted_by);
}

/// A property, the edit that breaks it, and what its counterexample must speak of.
const WRONG: [(&str, Edit, &str); 21] = [
    (
        "policies-never-err",
        (
            "floors.cedar",
            "@id(\"floor-erased\")",
            "@id(\"floor-errs\") @cite(\"none\") @reason(\"ERASED\")\nforbid (principal, action, resource)\n\
             when { context.own && 9223372036854775807 + 1 > 0 };\n\n@id(\"floor-erased\")",
        ),
        "the unit that published it",
    ),
    (
        "part2-closed-list",
        (
            "paths.cedar",
            "@id(\"path-life-safety\")",
            "@id(\"path-wrong\") @cite(\"none\") @path(\"participation\")\npermit (principal, action, resource)\n\
             when { context.part2 && context.agreement };\n\n@id(\"path-life-safety\")",
        ),
        "Part 2 record",
    ),
    (
        "part2-tpo",
        ("floors.cedar", "!context.tpo_recipient }", "!context.tpo_recipient && context.proceeding }"),
        "TPO",
    ),
    (
        "part2-notice",
        ("floors.cedar", "!context.notice_ready }", "!context.notice_ready && context.erased }"),
        "Part 2",
    ),
    (
        "part2-proceedings",
        ("floors.cedar", "context.part2 && context.proceeding &&", "context.part2 && context.erased &&"),
        "proceeding",
    ),
    (
        "proceedings-consent",
        (
            "floors.cedar",
            "!(context.proceeding && context.part2)",
            "!(context.proceeding && context.part2) && context.erased",
        ),
        "2.31(d)",
    ),
    (
        "sealed",
        ("floors.cedar", "{ context.sealed && !context.own }", "{ context.sealed && context.erased }"),
        "sealed",
    ),
    (
        "identity",
        (
            "floors.cedar",
            "{ context.identity_uncertain && !context.own }",
            "{ context.identity_uncertain && context.erased }",
        ),
        "who it is about",
    ),
    (
        "never-carried",
        ("floors.cedar", "{ context.never_carried }", "{ context.never_carried && !context.own }"),
        "never",
    ),
    (
        "break-glass",
        ("floors.cedar", "{ context.never_carried }", "{ context.never_carried && !context.exception_locate }"),
        "164.512(f)(2)",
    ),
    (
        "break-glass-barred",
        (
            "floors.cedar",
            "context.break_glass && context.break_glass_barred",
            "context.break_glass_barred && context.erased",
        ),
        "breaks the glass",
    ),
    (
        "medical-personnel",
        ("floors.cedar", "  !context.medical_personnel\n", "  !context.medical_personnel && context.erased\n"),
        "on record",
    ),
    (
        "exception-denied",
        ("floors.cedar", "{ context.cell_denied && !context.own }", "{ context.cell_denied && context.erased }"),
        "says D",
    ),
    (
        "without-agreement",
        ("paths.cedar", "{ context.cell_permits && context.agreement }", "{ context.cell_permits }"),
        "says P",
    ),
    (
        "limited-data-set",
        (
            "paths.cedar",
            "{ context.cell_aggregate && context.limited_data_set && !context.part2 }",
            "{ context.limited_data_set && !context.part2 }",
        ),
        "164.514(e)",
    ),
    (
        "audit-2-53",
        (
            "paths.cedar",
            "{ context.cell_aggregate && context.audit_2_53 && context.part2 }",
            "{ context.audit_2_53 && context.part2 }",
        ),
        "2.53",
    ),
    (
        "state-hook-denies",
        ("floors.cedar", "{ context.hook_denies && !context.own }", "{ context.hook_denies && context.erased }"),
        "state law says no",
    ),
    (
        "state-hook-consent",
        (
            "floors.cedar",
            "{ context.hook_consent_required && !context.consent && !context.own }",
            "{ context.hook_consent_required && context.erased }",
        ),
        "state law asks",
    ),
    (
        "state-hook-opens",
        (
            "paths.cedar",
            "{ context.hook_opens && context.agreement && !context.part2 }",
            "{ context.hook_opens && context.agreement }",
        ),
        "reviewed one opens",
    ),
    (
        "paths-open",
        ("paths.cedar", "context.cell_status && context.agreement", "context.cell_status && context.never_carried"),
        "path-status",
    ),
    (
        "part2-exposure-and-school",
        (
            "floors.cedar",
            "context.court_order || context.exception_exposure ||\n   context.exception_school_emergency)",
            "context.court_order)",
        ),
        "Part 2 record",
    ),
];

#[tokio::test]
async fn every_property_fails_on_a_law_that_breaks_it() {
    for (property, edit, speaks_of) in WRONG {
        let found = counterexample(&wrong::law(&[edit]), property).await;
        let words = format!("{} {}", found.why, found.facts.join("; "));
        assert!(words.contains(speaks_of), "{property}: {words}");
    }
}

#[tokio::test]
async fn every_property_has_a_law_that_breaks_it() {
    let law = Law::read(&Bundle::embedded_files()).unwrap();
    let lines = law.prove(&solver()).await.unwrap();
    let stated = lines.iter().map(|line| line.id.as_str()).filter(|id| !id.starts_with("agreement-and-"));
    let untried: Vec<&str> = stated.filter(|id| WRONG.iter().all(|(tried, ..)| tried != id)).collect();
    assert!(untried.is_empty(), "no wrong law for {untried:?}");
}

#[tokio::test]
async fn a_floor_that_an_agreement_lifts_is_found() {
    let embedded = Bundle::embedded_files();
    let floors = embedded.get("floors.cedar").unwrap();
    let ids: Vec<&str> =
        floors.split("@id(\"").skip(1).filter_map(|block| block.split_once("\")").map(|(id, _)| id)).collect();
    assert!(ids.len() > 5, "{ids:?}");
    for id in ids {
        let mut files = embedded.clone();
        files.insert("floors.cedar".to_owned(), lifted(floors, id));
        let found = counterexample(&files, &format!("agreement-and-{id}")).await;
        assert!(found.facts.iter().any(|fact| fact.contains("one agreement in force")), "{id}: {:?}", found.facts);
    }
}

/// The floors, of which one no longer stands where there is an agreement.
fn lifted(floors: &str, id: &str) -> String {
    let (before, rest) = floors.split_once(&format!("@id(\"{id}\")")).unwrap();
    let (policy, after) = rest.split_once("};").unwrap();
    let lifts = if policy.contains("unless {") { "|| context.agreement" } else { "&& !context.agreement" };
    format!("{before}@id(\"{id}\"){policy} {lifts} }};{after}")
}
