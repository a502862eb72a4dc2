//! Rulebook 7.1: every kind of agreement lacks each of its mandatory clauses in turn, and the fault says which, on which
//! line, by which law.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::common::FORMS;
use handoff_law::{Agreement, AgreementKind, Opens};

/// Kind, the law that its clauses come from, and the clauses, as rulebook 7.1, HIP-15, HIP-16 and the sections themselves
/// list them.
const MANDATORY: &[(&str, &str, &[&str])] = &[
    ("QSOA", "42 CFR 2.11", &["fully_bound", "resist_in_judicial_proceedings"]),
    (
        "BAA",
        "45 CFR 164.504(e)",
        &[
            "permitted_uses",
            "safeguards",
            "report",
            "subcontractors",
            "access_amendment_accounting",
            "hhs_books",
            "return_or_destroy",
            "termination",
        ],
    ),
    (
        "DUA",
        "45 CFR 164.514(e)",
        &[
            "permitted_uses",
            "who_may_use",
            "no_other_use",
            "safeguards",
            "report",
            "subcontractors",
            "no_identify_or_contact",
        ],
    ),
    ("ILA", "39.34", &["governing_body_approvals"]),
    ("MCA", "CJISSECPOL 5.1.1.4", &["management_control"]),
    ("CJIS", "28 CFR 20.33", &["security_addendum", "screening", "training", "audit"]),
    ("CONTRACTOR", "42 CFR 2.33(c)", &["fully_bound", "notice", "safeguards", "report", "no_third_party"]),
    (
        "AUDIT",
        "42 CFR 2.53",
        &["auditor", "limits_on_use", "no_use_against_patients", "safeguards", "return_or_destroy"],
    ),
    ("MOU", "", &[]),
    ("PARTICIPATION", "", &[]),
];

/// Kinds that cover services and make nobody a recipient.
const SERVICES: [&str; 4] = ["QSOA", "BAA", "CJIS", "CONTRACTOR"];

/// A sound document of the kind. `words` of each clause, if any.
fn document(kind: &str, clauses: &[&str], words: impl Fn(&str) -> Option<&'static str>) -> String {
    let mut text = format!(
        "id = \"sound\"\nversion = 1\nkind = \"{kind}\"\ntitle = \"Sound\"\neffective_from = 2026-01-01\n\
         effective_to = 2027-12-31\nprohibited_uses = []\nredisclosure = \"none\"\nincident_notice_hours = 24\n\
         retention = \"six years\"\n"
    );
    for unit in ["one", "two"] {
        text += &format!("[[party]]\nunit = \"{unit}\"\nrole = \"member\"\n");
        text += &format!("[[signatory]]\nunit = \"{unit}\"\nname = \"N\"\ntitle = \"T\"\n");
    }
    if !SERVICES.contains(&kind) {
        text += "[[flow]]\nclause = \"all\"\nfrom = [\"one\"]\nto = [\"two\"]\nroles = [\"EVAL\"]\n\
                 purposes = [\"PROGEVAL\"]\ncategories = [\"bh-assessment\"]\n";
    }
    text += "[clauses]\n";
    for clause in clauses {
        if let Some(words) = words(clause) {
            text += &format!("{clause} = \"{words}\"\n");
        }
    }
    text
}

#[test]
fn every_kind_is_sound_with_all_its_clauses() {
    for (kind, _, clauses) in MANDATORY {
        let text = document(kind, clauses, |_| Some("as the law asks"));
        assert!(Agreement::faults(&text).is_empty(), "{kind}: {:?}", Agreement::faults(&text));
        assert_eq!(Agreement::parse(&text).unwrap().kind, kind.parse::<AgreementKind>().unwrap());
    }
}

#[test]
fn each_mandatory_clause_taken_out_or_left_blank_is_named_with_its_line_and_law() {
    for (kind, law, clauses) in MANDATORY {
        for gone in *clauses {
            for words in [None, Some(" ")] {
                let text = document(kind, clauses, |c| if c == *gone { words } else { Some("as the law asks") });
                let faults = Agreement::faults(&text);
                let named = |f: &&handoff_law::AgreementError| f.clause == format!("clauses.{gone}");
                let fault = faults.iter().find(named).unwrap_or_else(|| panic!("{kind} without {gone}: {faults:?}"));
                assert_eq!((faults.len(), fault.code), (1, "HO-1324"), "{kind} without {gone}: {faults:?}");
                assert!(fault.citation.contains(law), "{kind} without {gone}: {}", fault.citation);
                let at = if words.is_some() { format!("{gone} =") } else { "kind =".to_owned() };
                let line = text.lines().position(|l| l.starts_with(&at)).unwrap() + 1;
                assert_eq!(fault.line, line, "{kind} without {gone}");
            }
        }
    }
}

#[test]
fn only_agreements_for_exchange_have_flows_and_only_they_may() {
    for (kind, _, clauses) in MANDATORY {
        let text = document(kind, clauses, |_| Some("as the law asks"));
        let services = SERVICES.contains(kind);
        assert_eq!(kind.parse::<AgreementKind>().unwrap().opens() == Opens::Nothing, services, "{kind}");
        let other = if services {
            let flow = "[[flow]]\nclause = \"x\"\nfrom = [\"one\"]\nto = [\"two\"]\nroles = [\"EVAL\"]\n\
                        purposes = [\"PROGEVAL\"]\ncategories = [\"*\"]\n[clauses]";
            text.replacen("[clauses]", flow, 1)
        } else {
            let (head, rest) = text.split_once("[[flow]]").unwrap();
            format!("{head}[clauses]{}", rest.split_once("[clauses]").unwrap().1)
        };
        let mut codes: Vec<&str> = Agreement::faults(&other).iter().map(|f| f.code).collect();
        codes.dedup();
        let expected: &[&str] = if *kind == "MCA" { &[] } else { &["HO-1325"] };
        assert_eq!(codes, expected, "{kind}");
    }
}

#[test]
fn a_review_that_is_overdue_is_told_and_stops_nothing() {
    let treatment = Agreement::parse(FORMS[1]).unwrap();
    let at = |text: &str| handoff_schemas::LogTime(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    assert_eq!(treatment.review_due, Some(at("2027-07-01T07:00:00Z")), "the stated day counts whole");
    assert!(!treatment.review_overdue(at("2027-07-01T06:59:59Z")));
    assert!(treatment.review_overdue(at("2027-07-01T07:00:00Z")));
    assert_eq!(treatment.effective(at("2030-01-01T00:00:00Z")), handoff_law::Effective::Now);
}
