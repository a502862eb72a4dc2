//! The cases that stand beside this file as YAML: none fails, none of the rulebook's is missing, and a wrong expectation
//! or an unknown key does not pass unnoticed.

use std::collections::{BTreeMap, BTreeSet};

use handoff_cases::{CaseError, CaseFile, Documents, Outcome, Report};
use handoff_tests::{files, workspace};

/// Every edge case of rulebook 9.
const EDGE_CASES: &[u32] = &[
    1, 2, 3, 5, 6, 7, 9, 11, 12, 14, 16, 18, 19, 21, 22, 23, 24, 26, 27, 29, 31, 32, 34, 35, 37, 39, 40, 41, 43, 45,
    47, 48, 49, 51, 53, 54, 55, 57, 58, 59, 60, 61, 63, 64, 66, 67, 69, 70, 71, 73, 74, 76, 77, 78, 80, 81, 82, 83, 85,
    86, 88, 90, 91, 92, 93, 94, 95, 96, 99, 100, 102, 103, 104,
];

fn run(name: &str, text: &str) -> Result<Vec<Report>, CaseError> {
    let file = CaseFile::parse(name, text)?;
    file.cases.iter().map(|case| handoff_cases::run(&file, case, &Documents::new())).collect()
}

fn one(text: &str) -> Outcome {
    run("one.yaml", text).unwrap().remove(0).outcome
}

fn all() -> Vec<Report> {
    let mut paths = files(&workspace().join("tests/cases")).unwrap();
    paths.retain(|p| p.extension().is_some_and(|e| e == "yaml"));
    paths.sort();
    let read = |path: &std::path::PathBuf| std::fs::read_to_string(path).unwrap();
    let reports = paths.iter().flat_map(|p| run(&p.display().to_string(), &read(p)).unwrap_or_else(|e| panic!("{e}")));
    reports.collect()
}

#[test]
fn no_case_fails_and_every_edge_case_of_the_rulebook_is_there() {
    let reports = all();
    let failed: Vec<_> = reports.iter().filter(|r| r.outcome.is_failure()).collect();
    assert!(failed.is_empty(), "{}", serde_json::to_string_pretty(&failed).unwrap());
    let edge = |id: &str| id.strip_prefix("EC-")?.split('/').next()?.parse::<u32>().ok();
    let there: BTreeSet<u32> = reports.iter().filter_map(|r| edge(&r.id)).collect();
    let wanted: BTreeSet<u32> = EDGE_CASES.iter().copied().collect();
    assert_eq!(there, wanted);
    let passing: BTreeMap<&str, bool> = reports.iter().map(|r| (&*r.id, r.outcome == Outcome::Pass)).collect();
    for id in ["EC-01", "EC-11", "EC-12", "EC-43", "EC-54", "EC-94"] {
        assert!(passing[id], "{id} is decided by this hub");
    }
}

const CASE: &str = r#"
given:
  units: {program: P2P, hospital: HOSP}
  agreements: [{id: care, between: [program, hospital]}]
cases:
  - id: X-1
    title: a consented record reaches a hospital
    given:
      consents: [{id: c1, of: jo, from: program, to: hospital}]
      events: [{id: visit, type: encounter.medication-monitored, by: program, about: jo, data: {at: "2026-11-21T09:45:00-08:00", stable: true}}]
    when:
      delivery: {of: visit, to: hospital}
    then:
      decision: permit
      fields: [at, stable]
      labels: [hipaa, part2, state-substance-use]
      obligations: [AOD, ENCRYPT, NO_PROCEEDINGS, NORDSCLCD]
      notice: true
      relies_on: [c1, care]
      external: content
"#;

#[test]
fn each_wrong_expectation_is_told_by_its_key() {
    assert_eq!(one(CASE), Outcome::Pass);
    let wrong = [
        ("decision: permit", "decision: deny", "decision"),
        ("fields: [at, stable]", "fields: [at]", "fields"),
        ("fields: [at, stable]", "fields: [at, note, stable]", "fields"),
        ("fields: [at, stable]", "fields_include: [note]", "fields_include"),
        ("fields: [at, stable]", "fields_exclude: [stable]", "fields_exclude"),
        ("labels: [hipaa, part2, state-substance-use]", "labels: [hipaa]", "labels"),
        ("obligations: [AOD, ", "obligations: [", "obligations"),
        ("notice: true", "notice: false", "notice"),
        ("relies_on: [c1, care]", "relies_on: [care]", "relies_on"),
        ("external: content", "external: no-record", "external"),
        ("external: content", "reasons: [NO_CONSENT]", "reasons"),
        ("external: content", "releases: 2", "releases"),
        ("external: content", "follows: [emergency-documentation]", "follows"),
        ("external: content", "refused: HO-2506", "refused"),
    ];
    for (right, instead, key) in wrong {
        assert!(CASE.contains(right), "{right}");
        let Outcome::Fail { differences } = one(&CASE.replacen(right, instead, 1)) else { panic!("{instead} passes") };
        assert!(differences.iter().any(|d| d.key == key && d.step == 1), "{instead}: {differences:?}");
    }
    let unsigned = CASE.replacen("to: hospital}", "to: hospital, lacks: [\"2.31(a)(8)\"]}", 1);
    let Outcome::Fail { differences } = one(&unsigned) else { panic!("a consent nobody signed passes") };
    assert!(differences.iter().any(|d| d.step == 0 && d.found.contains("HO-1362")), "{differences:?}");
}

#[test]
fn a_case_that_awaits_something_is_no_pass_and_must_not_pass() {
    let awaiting = |text: &str| text.replacen("    title:", "    awaits: something\n    title:", 1);
    assert!(matches!(one(&awaiting(CASE)), Outcome::Arrived { .. }));
    assert!(one(&awaiting(CASE)).is_failure());
    let not_yet = awaiting(CASE).replacen("external: content", "follows: [a-duty]", 1);
    assert!(matches!(one(&not_yet), Outcome::Awaiting { .. }));
    assert!(!one(&not_yet).is_failure());
}

#[test]
fn an_unknown_key_is_an_error_with_its_line_and_column() {
    let unknown = [
        ("units: {program", "untis: {program", 3),
        ("title: a", "tittle: a", 7),
        ("between: [program", "betwen: [program", 4),
        ("of: jo, from", "off: jo, from", 9),
        ("by: program", "bye: program", 10),
        ("of: visit", "ov: visit", 12),
        ("decision: permit", "decison: permit", 14),
        ("decision: permit", "decision: maybe", 14),
        ("program: P2P", "program: P3P", 3),
    ];
    for (right, typo, line) in unknown {
        assert!(CASE.contains(right), "{right}");
        let error = run("one.yaml", &CASE.replacen(right, typo, 1)).unwrap_err();
        assert_eq!((error.code, error.line), ("HO-9060", line), "{typo}: {error}");
        assert!(error.column > 0, "{typo}: {error}");
    }
}

#[test]
fn a_case_that_contradicts_itself_is_an_error_at_its_id() {
    let contradictions = [
        ("to: hospital}\n    then", "to: hopsital}\n    then", "hopsital"),
        ("delivery: {of: visit", "delivery: {of: vist", "vist"),
        (
            "delivery: {of: visit, to: hospital}",
            "request: {by: hospital, purpose: ETREAT, about: jo, basis: {unconscius: true}}",
            "unconscius",
        ),
        (
            "delivery: {of: visit, to: hospital}",
            "request: {by: hospital, purpose: ETREAT, about: jo, basis: {medical_emergency: true, lacks: [personel_name]}}",
            "personel_name",
        ),
        (
            "delivery: {of: visit, to: hospital}",
            "request: {by: program, for: hospital, purpose: ETREAT, about: jo, basis: {medical_emergency: true}}",
            "gives of its own",
        ),
        (
            "delivery: {of: visit, to: hospital}",
            "order: {kind: order-2.65, about: jo, holder: program, for_unit: hospital, lacks: [findngs]}",
            "findngs",
        ),
        ("[program, hospital]}]", "[program, hospitl]}]", "hospitl"),
        ("      delivery: {of: visit, to: hospital}", "      at: 2026-11-22T12:00:00-08:00", "one thing"),
    ];
    for (right, instead, told) in contradictions {
        assert!(CASE.contains(right), "{right}");
        let error = run("one.yaml", &CASE.replacen(right, instead, 1)).unwrap_err();
        assert_eq!((error.code, error.line), ("HO-9061", 6), "{error}");
        assert!(error.message.contains(told), "{error}");
    }
    let twice = CASE.to_owned() + CASE.split_once("cases:\n").unwrap().1;
    assert_eq!(run("one.yaml", &twice).unwrap_err().code, "HO-9061");
}

#[test]
fn the_example_of_the_description_passes() {
    let readme = std::fs::read_to_string(workspace().join("tests/cases/README.md")).unwrap();
    let example = readme.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0;
    assert_eq!(one(example), Outcome::Pass);
}

#[test]
fn a_case_is_the_same_whenever_and_however_often_it_runs() {
    let (first, second) = (all(), all());
    assert_eq!(serde_json::to_value(&first).unwrap(), serde_json::to_value(&second).unwrap());
}
