//! The standards' own Consents, read where they lie outside the repository: each is imported and enforces what its page
//! says, or is refused with its reason. Who gets what stands here by hand, from the pages, and the engine must agree.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "fhir_examples/county.rs"]
mod county;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use county::{CLINIC, EMS, F001, ORG, OTHER, POLICE, RESEARCH, SHELTER, county, permits};
use handoff::fhir::{Found, Generation, Kept, Known, Looked, Planned, Refused, Site, Source, plan};
use handoff_schemas::{Category, ConsentFacts, PersonId, Purpose, UnitId};
use handoff_spine::scenario::{id, person, record_id};
use serde_json::Value;

const PCF: &str = "fhir/ihe-pcf";
const R4: &str = "fhir/r4-examples";

/// What the importing agency says of the examples' own names: its forms by their policy URIs.
const SITE: &str = r#"
time_zone = "America/Chicago"
break_glass = ["Group/ex-privilegedUsers"]

[[form]]
uri = "http://example.org/policies/basePrivacyConsentPolicy.txt"
type = "part2-tpo"
categories = ["ems-clinical", "bh-assessment", "substance-observation", "part2-record", "hiv-sti", "threat-case"]
    [form.says]
    data_description = "my whole record"
    states = ["right-to-revoke", "redisclosure", "refusal-consequences", "hipaa-redisclosure"]
    revocation_method = "by a letter"
    signed_by = "wet-ink"

[[form]]
uri = "http://example.org/policies/researchPrivacyConsentPolicy.txt"
type = "hipaa-authorization"
categories = ["ems-clinical"]
    [form.says]
    data_description = "my vitals"
    states = ["right-to-revoke"]
    revocation_method = "by a letter"
    signed_by = "wet-ink"
"#;

/// Who is who. Nothing says whose unit the examples' practitioner is, so nobody may guess.
fn found() -> Found {
    let persons: BTreeMap<String, PersonId> =
        [("ex-patient", 1), ("ex-mother", 2), ("f001", 3), ("example", 4), ("72", 5), ("xcda", 6)]
            .into_iter()
            .map(|(local, n)| (local.to_owned(), person(n)))
            .collect();
    let observations = ["ex-weight", "ex-weight-2", "ex-bloodPressure", "ex-bloodSugar", "ex-alcoholUse"];
    let mut records: BTreeMap<String, Kept> =
        observations.iter().map(|one| (format!("Observation/{one}"), Kept { alone: true })).collect();
    records.insert("Encounter/ex-encounter".to_owned(), Kept { alone: false });
    let units = [ORG, RESEARCH, CLINIC, EMS, POLICE, SHELTER, OTHER, F001].iter().map(|unit| id(unit)).collect();
    Found { units, persons, records }
}

/// The outside folder; none where it is absent.
fn outside(folder: &str) -> Option<PathBuf> {
    let base = std::env::var_os("HANDOFF_EXTERNAL_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let folder = base.join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not there", folder.display());
    None
}

fn load(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap()
}

/// Imports a resource as the agency whose folder it is.
fn imported(folder: &str, path: &Path, resource: &Value, found: Found) -> Result<Vec<Planned>, Refused> {
    let site = Site::parse(SITE).unwrap();
    let unit: UnitId = id(if folder == PCF { ORG } else { F001 });
    let known = Known {
        site: &site,
        unit: &unit,
        names: Arc::new(record_id),
        generation: Generation::FIRST,
        looked: Looked::At(found),
    };
    let patients = if folder == PCF { vec![load(path, "Patient-ex-patient")] } else { Vec::new() };
    plan(Source { resource, patients: &patients }, &known)
}

/// How many consents an example is, or with which code and where it is refused. Read off the files and their pages.
type Row = (&'static str, &'static str, Result<usize, (&'static str, &'static str)>);

const EXAMPLES: &[Row] = &[
    // Normal data alone: the hub cannot hold back what is more than normal inside a category.
    (PCF, "ex-consent-advanced-normal", Err(("HO-2351", "/provision/securityLabel/0"))),
    (PCF, "ex-consent-advanced-normal-focused-psy", Err(("HO-2351", "/provision/securityLabel/0"))),
    (PCF, "ex-consent-advanced-normal-focused-restricted", Err(("HO-2351", "/provision/securityLabel/0"))),
    (PCF, "ex-consent-advanced-normal-not-restricted", Err(("HO-2351", "/provision/securityLabel/0"))),
    (PCF, "ex-consent-advanced-normal-restricted", Ok(1)),
    (PCF, "ex-consent-basic-ink", Ok(1)),
    // Nobody is named who may receive.
    (PCF, "ex-consent-basic-research", Err(("HO-2312", "/provision"))),
    (PCF, "ex-consent-basic-treat", Ok(1)),
    // The mother signed.
    (PCF, "ex-consent-basic-treat-infant", Err(("HO-2356", "/performer/0"))),
    (PCF, "ex-consent-expired-treat", Ok(1)),
    // A practitioner is no unit.
    (PCF, "ex-consent-intermediate-authoredby", Err(("HO-2347", "/provision/data/0/reference"))),
    // The encounter alone, without what was written in it, is no record of the hub.
    (PCF, "ex-consent-intermediate-data", Err(("HO-2353", "/provision/data/0/reference"))),
    (PCF, "ex-consent-intermediate-encounter", Ok(1)),
    (PCF, "ex-consent-intermediate-not-data", Ok(2)),
    // A purpose of the example's own.
    (PCF, "ex-consent-intermediate-purpose", Err(("HO-2352", "/provision/purpose/0"))),
    (PCF, "ex-consent-intermediate-timeframe", Ok(1)),
    // For an emergency only, by its category.
    (R4, "consent-example-Emergency", Err(("HO-2344", "/category/0"))),
    (R4, "consent-example-Out", Ok(1)),
    // Opted in, under terms "in lawyer speak".
    (R4, "consent-example-basic", Err(("HO-2343", ""))),
    (R4, "consent-example-grantor", Err(("HO-2344", "/category/0"))),
    // Opt-in with a condition that the text means as what is withheld.
    (R4, "consent-example-notAuthor", Err(("HO-2348", "/provision"))),
    (R4, "consent-example-notOrg", Ok(1)),
    (R4, "consent-example-notThem", Err(("HO-2348", "/provision"))),
    (R4, "consent-example-notThis", Err(("HO-2348", "/provision"))),
    (R4, "consent-example-notTime", Err(("HO-2343", ""))),
    (R4, "consent-example-pkb", Err(("HO-2348", "/provision"))),
    // That a notice of privacy practices was received.
    (R4, "consent-example-signature", Err(("HO-2344", "/category/0"))),
    // By kind of resource, which the hub does not know.
    (R4, "consent-example-smartonfhir", Err(("HO-2350", "/provision/provision/0/class/0"))),
];

/// One delivery that may be: whose, from whom, to whom, for what.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    pub about: u8,
    pub from: &'static str,
    pub to: &'static str,
    pub purpose: Purpose,
    pub category: Category,
    pub record: &'static str,
    /// When it came about.
    pub asserted: &'static str,
    /// Log time.
    pub at: &'static str,
}

const TREATED: Delivery = Delivery {
    about: 1,
    from: ORG,
    to: CLINIC,
    purpose: Purpose::Treat,
    category: Category::Medications,
    record: "Observation/ex-weight",
    asserted: "2022-06-15T12:00:00-05:00",
    at: "2022-07-01T12:00:00-05:00",
};

const OPTED: Delivery = Delivery { about: 3, from: F001, ..TREATED };

/// Of one example: deliveries, whether each goes without the consent, and with it.
type Page = (&'static str, &'static str, Vec<(Delivery, bool, bool)>);

/// What the pages say of each imported example: a delivery, whether it goes without the consent, and with it.
///
/// The PCF pages' organization is a Part 2 program here, so that nothing goes without a consent. Their payment and
/// operations open nothing to anybody: the hub has no flow of either.
fn pages() -> Vec<Page> {
    let yes = |delivery: Delivery| (delivery, false, true);
    let no = |delivery: Delivery| (delivery, false, false);
    let for_purpose = |purpose| Delivery { purpose, ..TREATED };
    let to = |to| Delivery { to, ..TREATED };
    let record = |record| Delivery { record, ..TREATED };
    let asserted = |asserted| Delivery { asserted, at: "2023-02-01T12:00:00-06:00", ..TREATED };
    let at = |at| Delivery { at, ..TREATED };
    // "authorization be given for a given purpose of use. No token would be issued for users not authorized, or requests
    // beyond the set of purpose of use."
    let basic = vec![
        yes(TREATED),
        yes(for_purpose(Purpose::Coc)),
        yes(to(EMS)),
        yes(Delivery { category: Category::Part2Record, ..TREATED }),
        no(for_purpose(Purpose::Hresch)),
        no(for_purpose(Purpose::PublicHealth)),
        no(Delivery { to: POLICE, purpose: Purpose::LeInvest, ..TREATED }),
        no(Delivery { to: POLICE, purpose: Purpose::LeFollowup, ..TREATED }),
        no(Delivery { to: SHELTER, purpose: Purpose::Coc, ..TREATED }),
        no(to(RESEARCH)),
        no(Delivery { from: OTHER, ..TREATED }),
        no(Delivery { about: 2, ..TREATED }),
    ];
    vec![
        (PCF, "ex-consent-basic-treat", basic.clone()),
        // "exactly the same as Basic Consent"
        (PCF, "ex-consent-basic-ink", basic),
        // "prior to expiration the same as Basic Consent; after expiration an error response": the end of its last day.
        (
            PCF,
            "ex-consent-expired-treat",
            vec![
                yes(TREATED),
                yes(at("2022-12-31T23:59:59-06:00")),
                no(at("2023-01-01T00:00:00-06:00")),
                no(at("2023-06-01T12:00:00-05:00")),
                no(for_purpose(Purpose::Hresch)),
            ],
        ),
        // "nothing BUT the information related to the encounter is allowed"
        (
            PCF,
            "ex-consent-intermediate-encounter",
            vec![
                yes(record("Encounter/ex-encounter")),
                no(record("Observation/ex-weight")),
                no(Delivery { purpose: Purpose::Hresch, ..record("Encounter/ex-encounter") }),
            ],
        ),
        // "one resource should be forbidden"
        (
            PCF,
            "ex-consent-intermediate-not-data",
            vec![
                yes(record("Observation/ex-weight")),
                yes(record("Encounter/ex-encounter")),
                no(record("Observation/ex-alcoholUse")),
            ],
        ),
        // "nothing BUT the information authored in that timeframe is allowed": 2022, where the patient is.
        (
            PCF,
            "ex-consent-intermediate-timeframe",
            vec![
                yes(asserted("2022-01-01T00:00:00-06:00")),
                yes(asserted("2022-12-31T23:59:59-06:00")),
                no(asserted("2021-12-31T23:59:59-06:00")),
                no(asserted("2023-01-01T00:00:00-06:00")),
            ],
        ),
        // "First a forbid everything, second a permit of N and R"
        (
            PCF,
            "ex-consent-advanced-normal-restricted",
            vec![
                yes(TREATED),
                yes(Delivery { category: Category::BhAssessment, ..TREATED }),
                no(for_purpose(Purpose::Hresch)),
                no(Delivery { category: Category::PsychotherapyNotes, ..TREATED }),
                no(Delivery { category: Category::ThreatCase, ..TREATED }),
            ],
        ),
        // "Withhold all data of this organization", of a patient whose care flows by agreement.
        (
            R4,
            "consent-example-Out",
            vec![
                (OPTED, true, false),
                (Delivery { to: EMS, ..OPTED }, true, false),
                (Delivery { from: CLINIC, to: EMS, ..OPTED }, true, true),
            ],
        ),
        // "Withhold from this organization"
        (
            R4,
            "consent-example-notOrg",
            vec![
                (Delivery { from: CLINIC, to: F001, ..OPTED }, true, false),
                (Delivery { from: CLINIC, to: EMS, ..OPTED }, true, true),
                (Delivery { to: CLINIC, ..OPTED }, true, true),
            ],
        ),
    ]
}

#[test]
fn every_example_is_imported_or_refused_with_its_reason() {
    for folder in [PCF, R4] {
        let Some(path) = outside(folder) else { continue };
        let mut seen = 0;
        for entry in std::fs::read_dir(&path).unwrap() {
            let file = entry.unwrap().path();
            let Some(name) = file.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(".json")) else {
                continue;
            };
            let known = name.strip_prefix("Consent-");
            let row = EXAMPLES.iter().find(|(of, example, _)| *of == folder && Some(*example) == known);
            assert!(known.is_none() || row.is_some(), "{name} has no row");
            seen += usize::from(row.is_some());
            match (imported(folder, &path, &load(&path, name), found()), row.map(|r| r.2)) {
                (Ok(all), Some(Ok(count))) => assert_eq!(all.len(), count, "{name}"),
                (Err(refusal), Some(Err((code, place)))) => {
                    assert_eq!(
                        (refusal.code.as_str(), refusal.place.as_deref()),
                        (code, Some(place)),
                        "{name}: {refusal}"
                    );
                    assert!(!refusal.remedy.is_empty(), "{name}");
                }
                // What is no Consent.
                (Err(refusal), None) => assert_eq!(refusal.code, "HO-2340", "{name}: {refusal}"),
                (answer, _) => panic!("{name}: {answer:?}"),
            }
        }
        assert_eq!(seen, EXAMPLES.iter().filter(|(of, _, _)| *of == folder).count(), "{folder}");
    }
}

#[test]
fn every_imported_example_enforces_what_its_page_says() {
    let enforced = pages();
    for (folder, example, _) in EXAMPLES.iter().filter(|(_, _, expected)| expected.is_ok()) {
        assert!(enforced.iter().any(|(of, page, _)| of == folder && page == example), "{example} has no page here");
    }
    for (folder, example, deliveries) in enforced {
        let Some(path) = outside(folder) else { continue };
        let all = imported(folder, &path, &load(&path, &format!("Consent-{example}")), found()).unwrap();
        let (without, with) = (county(&[]), county(&all));
        for (delivery, before, after) in deliveries {
            assert_eq!(permits(&without, &delivery), before, "without {example}: {delivery:?}");
            assert_eq!(permits(&with, &delivery), after, "under {example}: {delivery:?}");
        }
    }
}

#[test]
fn what_a_page_says_of_labels_and_purposes_is_what_is_recorded() {
    let Some(path) = outside(PCF) else { return };
    let facts = |name: &str| -> Vec<ConsentFacts> {
        let all = imported(PCF, &path, &load(&path, &format!("Consent-{name}")), found()).unwrap();
        all.into_iter().map(|one| one.facts).collect()
    };
    let basic = facts("ex-consent-basic-treat").remove(0);
    assert_eq!(*basic.purposes, [Purpose::Treat, Purpose::Hpaymt, Purpose::Hoperat]);
    assert!(basic.categories.contains(&Category::ThreatCase));
    // Normal and restricted, and nothing more restricted than that.
    let restricted = facts("ex-consent-advanced-normal-restricted").remove(0);
    let less: Vec<_> = basic.categories.iter().copied().filter(|c| *c != Category::ThreatCase).collect();
    assert_eq!(*restricted.categories, *less);
}

#[test]
fn data_authored_by_a_unit_is_what_that_unit_may_disclose() {
    let Some(path) = outside(PCF) else { return };
    let site = Site::parse(&format!("{SITE}\n[units]\n\"Practitioner/ex-practitioner\" = \"{OTHER}\"\n")).unwrap();
    let unit: UnitId = id(ORG);
    let known = Known {
        site: &site,
        unit: &unit,
        names: Arc::new(record_id),
        generation: Generation::FIRST,
        looked: Looked::At(found()),
    };
    let resource = load(&path, "Consent-ex-consent-intermediate-authoredby");
    let patients = [load(&path, "Patient-ex-patient")];
    let all = plan(Source { resource: &resource, patients: &patients }, &known).unwrap();
    assert_eq!(*all[0].facts.grantors, [id::<UnitId>(OTHER)]);
    assert!(all[0].awaits, "who keeps the data has not seen the document");
}

#[test]
fn a_patient_whom_the_unit_never_named_is_one_refusal_whoever_knows_them() {
    let Some(path) = outside(PCF) else { return };
    let resource = load(&path, "Consent-ex-consent-basic-treat");
    let nobody = Found { persons: BTreeMap::new(), ..found() };
    let refusal = imported(PCF, &path, &resource, nobody).unwrap_err();
    assert_eq!((refusal.code.as_str(), refusal.place.as_deref()), ("HO-2355", Some("/patient")));
}

#[test]
fn a_permission_without_the_patients_name_is_refused_and_a_denial_is_not() {
    let Some(path) = outside(PCF) else { return };
    let site = Site::parse(SITE).unwrap();
    let unit: UnitId = id(ORG);
    let known = Known {
        site: &site,
        unit: &unit,
        names: Arc::new(record_id),
        generation: Generation::FIRST,
        looked: Looked::At(found()),
    };
    let mut resource = load(&path, "Consent-ex-consent-basic-treat");
    let refusal = plan(Source { resource: &resource, patients: &[] }, &known).unwrap_err();
    assert_eq!((refusal.code.as_str(), refusal.place.as_deref()), ("HO-1352", Some("/patient")));
    resource["provision"] = serde_json::json!({ "type": "deny" });
    assert!(plan(Source { resource: &resource, patients: &[] }, &known).unwrap()[0].facts.deny);
}
