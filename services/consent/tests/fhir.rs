//! FHIR R4 Consents in and out: each is imported as what it says, or refused with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::{Path, PathBuf};

use handoff_consent::fhir::systems::{PERSON, RECORD, UNIT};
use handoff_consent::fhir::{Form, ImportedConsent, Named, Reach, Resolve, read, write};
use handoff_schemas::{
    Category, ConsentFacts, ConsentType, EventType, Expiry, LogTime, PersonId, Purpose, RecordId, UnitId,
};
use handoff_spine::command::Refusal;
use handoff_spine::scenario::{id, person, record_id};
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};

const KEEPER: &str = "harbor-recovery-sud";
const RESEARCH: &str = "research-house";
const SOLO: &str = "solo-practice";
const BASE: &str = "http://example.org/policies/basePrivacyConsentPolicy.txt";
const RESEARCH_FORM: &str = "http://example.org/policies/researchPrivacyConsentPolicy.txt";

/// What the hub knows of the examples.
struct Known {
    /// The practitioner of the examples is a unit of one.
    solo: bool,
    zone: Option<&'static str>,
}

const KNOWN: Known = Known { solo: false, zone: Some("America/Chicago") };

impl Resolve for Known {
    fn person(&self, named: &Named<'_>) -> Option<PersonId> {
        match named {
            Named::Reference("Patient/ex-mother") => Some(person(2)),
            Named::Reference(patient) if patient.starts_with("Patient/") => Some(person(1)),
            Named::Identifier { system: PERSON, value } => value.parse().ok(),
            _ => None,
        }
    }

    fn unit(&self, named: &Named<'_>) -> Option<UnitId> {
        match named {
            Named::Reference("Organization/ex-organization" | "Organization/f001") => Some(id(KEEPER)),
            Named::Reference("Organization/ex-org-researcher") => Some(id(RESEARCH)),
            Named::Reference("Practitioner/ex-practitioner") if self.solo => Some(id(SOLO)),
            Named::Identifier { system: UNIT, value } => value.parse().ok(),
            _ => None,
        }
    }

    fn record(&self, named: &Named<'_>, reach: Reach) -> Option<RecordId> {
        match (named, reach) {
            (Named::Reference(encounter @ "Encounter/ex-encounter"), Reach::Related) => Some(record(encounter)),
            // The laboratory sends each observation as a record of its own.
            (Named::Reference(one), Reach::Instance) if one.starts_with("Observation/") => Some(record(one)),
            (Named::Identifier { system: RECORD, value }, _) => value.parse().ok(),
            _ => None,
        }
    }

    fn breaks_glass(&self, named: &Named<'_>) -> bool {
        *named == Named::Reference("Group/ex-privilegedUsers")
    }

    fn form(&self, uri: &str) -> Option<Form> {
        let (consent_type, categories) = match uri {
            BASE => (ConsentType::Part2Tpo, base_data()),
            RESEARCH_FORM | "urn:test:hipaa" => (ConsentType::HipaaAuthorization, all_data()),
            "urn:test:tpo" => (ConsentType::Part2Tpo, all_data()),
            "urn:test:named" => (ConsentType::Part2Named, all_data()),
            "urn:test:general" => (ConsentType::General, all_data()),
            _ => return None,
        };
        Some(Form { uri: uri.to_owned(), consent_type, categories })
    }

    fn consent(&self, key: &str) -> RecordId {
        key.parse().unwrap_or_else(|_| record(key))
    }

    fn time_zone(&self) -> Option<String> {
        self.zone.map(str::to_owned)
    }
}

fn record(key: &str) -> RecordId {
    record_id(&id(KEEPER), key)
}

fn base_data() -> Vec<Category> {
    vec![
        Category::EmsClinical,
        Category::BhAssessment,
        Category::BhTreatment,
        Category::SubstanceObservation,
        Category::Part2Record,
        Category::HivSti,
    ]
}

fn all_data() -> Vec<Category> {
    Category::ALL.iter().copied().filter(|c| *c != Category::SudCounselingNotes).collect()
}

fn instant(text: &str) -> Option<LogTime> {
    Some(LogTime(text.parse::<jiff::Timestamp>().unwrap().as_millisecond()))
}

/// A Consent in the manner of PCF's examples, with this provision.
fn consent(provision: Value) -> Value {
    json!({
        "resourceType": "Consent", "id": "c-1", "status": "active",
        "scope": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy" }] },
        "category": [{ "coding": [{ "system": "http://loinc.org", "code": "59284-0" }] }],
        "patient": { "reference": "Patient/1" }, "dateTime": "2031-03-05T15:00:00Z",
        "performer": [{ "reference": "Patient/1" }],
        "organization": [{ "identifier": { "system": UNIT, "value": KEEPER } }],
        "policy": [{ "uri": BASE }], "provision": provision,
    })
}

fn with(mut provision: Value, change: Value) -> Value {
    for (name, value) in change.as_object().unwrap() {
        provision[name] = value.clone();
    }
    provision
}

fn purpose(code: &str) -> Value {
    json!({ "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": code })
}

fn label(code: &str) -> Value {
    let system = if ["N", "R", "V"].contains(&code) { "v3-Confidentiality" } else { "v3-ActCode" };
    json!({ "system": format!("http://terminology.hl7.org/CodeSystem/{system}"), "code": code })
}

fn actor(role: &str, reference: &str) -> Value {
    json!({
        "role": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": role }] },
        "reference": { "reference": reference },
    })
}

fn permit() -> Value {
    json!({ "type": "permit", "purpose": [purpose("TREAT")] })
}

#[track_caller]
fn imported(resource: &Value) -> Vec<ImportedConsent> {
    read(resource, &KNOWN).unwrap_or_else(|refusal| panic!("{refusal}"))
}

#[track_caller]
fn one(provision: Value) -> ConsentFacts {
    let all = imported(&consent(provision));
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].facts.clone()
}

#[track_caller]
fn refused(resource: &Value, code: &str, place: &str) {
    let refusal: Refusal = read(resource, &KNOWN).expect_err("refused");
    assert_eq!((refusal.code.as_str(), refusal.place.as_deref()), (code, Some(place)), "{refusal}");
    assert!(!refusal.remedy.is_empty());
}

#[test]
fn a_permission_without_actors_is_to_the_class_of_its_form() {
    let facts = one(permit());
    assert_eq!((facts.consent_type, facts.tpo_class, facts.deny), (ConsentType::Part2Tpo, true, false));
    assert_eq!(facts.grantors, [id::<UnitId>(KEEPER)]);
    assert_eq!((facts.purposes, facts.categories), (vec![Purpose::Treat], base_data()));
    assert_eq!((facts.expiry, Some(facts.signed_at)), (Expiry::Never, instant("2031-03-05T15:00:00Z")));
}

#[test]
fn a_denial_in_a_permission_is_a_denial_of_its_own() {
    let nested = json!([{ "type": "deny", "securityLabel": [label("HIV")] }]);
    let all = imported(&consent(with(permit(), json!({ "provision": nested }))));
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].key.as_str(), all[1].key.as_str()), ("c-1", "c-1/1"));
    assert_eq!(all[1].place, "/provision/provision/0");
    let denial = &all[1].facts;
    assert!(!all[0].facts.deny && denial.deny);
    assert_eq!(denial.categories, [Category::HivSti]);
    assert_eq!(denial.purposes, [Purpose::Treat], "an exception of this permission, not of others");
    assert_eq!(denial.grantors, [id::<UnitId>(KEEPER)]);
    assert!(denial.recipients.is_empty(), "against everybody");
}

#[test]
fn permissions_in_a_denial_of_everything_are_permissions_alone() {
    let nested = with(permit(), json!({ "actor": [actor("IRCP", "Organization/ex-org-researcher")] }));
    let facts = one(json!({ "type": "deny", "provision": [nested] }));
    assert!(!facts.deny && !facts.tpo_class);
    assert_eq!(facts.recipients, [id::<UnitId>(RESEARCH)]);
}

#[test]
fn a_denial_except_breaking_the_glass_is_a_restriction() {
    let group = json!({ "type": "permit", "actor": [actor("IRCP", "Group/ex-privilegedUsers")] });
    for exception in [group.clone(), json!({ "type": "permit", "purpose": [purpose("ETREAT")] })] {
        let facts = one(json!({ "type": "deny", "provision": [exception] }));
        assert!(facts.deny && facts.restriction);
        assert_eq!(facts.categories, Category::ALL);
    }
    refused(&consent(with(permit(), json!({ "provision": [group] }))), "HO-2347", "/provision/provision/0");
}

#[test]
fn what_the_flat_set_cannot_say_is_refused() {
    let inner = json!({ "type": "permit", "purpose": [purpose("TREAT")] });
    let deep = json!({ "provision": [{ "type": "deny", "provision": [inner] }] });
    refused(&consent(with(permit(), deep)), "HO-2345", "/provision/provision/0/provision/0");
    let part = json!({ "type": "deny", "securityLabel": [label("SUD")], "provision": [permit()] });
    refused(&consent(part), "HO-2349", "/provision");
    let untyped = json!({ "provision": [{ "purpose": [purpose("TREAT")] }] });
    refused(&consent(with(permit(), untyped)), "HO-2348", "/provision/provision/0");
}

#[test]
fn without_a_type_the_policy_rule_decides_and_conditions_are_in_doubt() {
    let rule = |code: &str| json!({ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code }] });
    let mut out = consent(json!({ "actor": [actor("CST", "Organization/f001")] }));
    refused(&out, "HO-2348", "/provision");
    out["policyRule"] = rule("OPTOUT");
    let all = imported(&out);
    assert!(all[0].facts.deny);
    assert_eq!(all[0].facts.grantors, [id::<UnitId>(KEEPER)]);
    out["policyRule"] = rule("OPTIN");
    refused(&out, "HO-2348", "/provision");
    out["provision"] = json!({ "purpose": [purpose("ETREAT")] });
    refused(&out, "HO-2348", "/provision");
}

#[test]
fn labels_are_categories_or_refused() {
    let labelled = |kind: &str, codes: &[&str]| {
        let labels: Vec<_> = codes.iter().map(|c| label(c)).collect();
        consent(json!({ "type": kind, "purpose": [purpose("TREAT")], "securityLabel": labels }))
    };
    let categories = |kind, codes: &[&str]| imported(&labelled(kind, codes))[0].facts.categories.clone();
    let substance_use = [Category::Part2Record, Category::SubstanceObservation];
    assert_eq!(categories("permit", &["ETH"]), substance_use);
    assert_eq!(categories("deny", &["OPIOIDUD", "ETHUD"]), substance_use);
    assert_eq!(categories("permit", &["PSY"]), [Category::BhAssessment, Category::BhTreatment]);
    assert_eq!(categories("deny", &["SDV"]), [Category::DvSa]);
    for (kind, codes) in [
        ("permit", &["OPIOIDUD"][..]),
        ("deny", &["PSY"][..]),
        ("permit", &["N"][..]),
        ("deny", &["R"][..]),
        ("permit", &["GDIS"][..]),
    ] {
        refused(&labelled(kind, codes), "HO-2351", "/provision/securityLabel/0");
    }
    refused(&labelled("permit", &["SDV"]), "HO-2351", "/provision");
}

#[test]
fn normal_and_restricted_are_what_the_table_of_categories_says() {
    let mut resource = consent(with(permit(), json!({ "securityLabel": [label("N"), label("R")] })));
    resource["policy"] = json!([{ "uri": "urn:test:tpo" }]);
    let table = include_str!("../../../consent/law/labels/categories.csv");
    let rows = table.lines().filter(|l| !l.starts_with('#')).skip(1);
    let reached: Vec<Category> = rows
        .filter(|row| !row.ends_with(",V") && !row.starts_with("administrative"))
        .map(|row| row.split(',').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(imported(&resource)[0].facts.categories, reached);
}

#[test]
fn days_without_a_zone_are_narrow_in_a_permission_and_wide_in_a_denial() {
    let days = json!({ "dataPeriod": { "start": "2031-03", "end": "2031-03-31" } });
    let facts = |kind: &str| {
        let provision = with(permit(), json!({ "type": kind }));
        let nowhere = Known { zone: None, ..KNOWN };
        read(&consent(with(provision, days.clone())), &nowhere).unwrap()[0].facts.clone()
    };
    let (narrow, wide) = (facts("permit"), facts("deny"));
    assert_eq!(narrow.data_from, instant("2031-03-01T12:00:00Z"));
    assert_eq!(narrow.data_before, instant("2031-03-31T10:00:00Z"));
    assert_eq!(wide.data_from, instant("2031-02-28T10:00:00Z"));
    assert_eq!(wide.data_before, instant("2031-04-01T12:00:00Z"));
}

#[test]
fn what_may_change_the_meaning_is_never_passed_over() {
    let mut resource = consent(permit());
    resource["modifierExtension"] = json!([]);
    refused(&resource, "HO-2346", "/*");
    let mut resource = consent(permit());
    resource["provision"]["expression"] = json!({});
    refused(&resource, "HO-2346", "/provision/*");
    for (status, code) in [("draft", "HO-2341"), ("rejected", "HO-2341"), ("inactive", "HO-2342")] {
        let mut resource = consent(permit());
        resource["status"] = json!(status);
        refused(&resource, code, "/status");
    }
}

#[test]
fn the_law_wants_of_a_permission_what_a_denial_needs_not() {
    let lacking = |member: &str| {
        let mut resource = consent(permit());
        resource.as_object_mut().unwrap().remove(member);
        resource
    };
    for (member, code) in [("policy", "HO-2343"), ("performer", "HO-1362"), ("dateTime", "HO-1363")] {
        refused(&lacking(member), code, "");
        let mut denial = lacking(member);
        denial["provision"] = json!({ "type": "deny" });
        assert!(imported(&denial)[0].facts.deny);
    }
    refused(&lacking("organization"), "HO-2311", "/provision");
    refused(&consent(json!({ "type": "permit" })), "HO-1358", "/provision");
    refused(&consent(with(permit(), json!({ "purpose": [purpose("PUBHLTH")] }))), "HO-1351", "/provision");
    let over = json!({ "period": { "end": "2031-03-01" } });
    refused(&consent(with(permit(), over)), "HO-2316", "/provision");
}

/// The outside folder, as other tests find it; none where it is absent.
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
    serde_json::from_slice(&std::fs::read(folder.join(format!("Consent-{name}.json"))).unwrap()).unwrap()
}

/// How many consents each of the standards' examples is, or why it is refused: read off the files and their pages.
const EXAMPLES: &[(&str, &str, Result<usize, &str>)] = &[
    // Normal data alone: the hub cannot hold back what is more than normal inside a category.
    ("fhir/ihe-pcf", "ex-consent-advanced-normal", Err("HO-2351")),
    ("fhir/ihe-pcf", "ex-consent-advanced-normal-focused-psy", Err("HO-2351")),
    ("fhir/ihe-pcf", "ex-consent-advanced-normal-focused-restricted", Err("HO-2351")),
    ("fhir/ihe-pcf", "ex-consent-advanced-normal-not-restricted", Err("HO-2351")),
    ("fhir/ihe-pcf", "ex-consent-advanced-normal-restricted", Ok(1)),
    ("fhir/ihe-pcf", "ex-consent-basic-ink", Ok(1)),
    // Nobody is named who may receive.
    ("fhir/ihe-pcf", "ex-consent-basic-research", Err("HO-2312")),
    ("fhir/ihe-pcf", "ex-consent-basic-treat", Ok(1)),
    // The mother signed.
    ("fhir/ihe-pcf", "ex-consent-basic-treat-infant", Err("HO-2356")),
    ("fhir/ihe-pcf", "ex-consent-expired-treat", Ok(1)),
    // A practitioner is no unit.
    ("fhir/ihe-pcf", "ex-consent-intermediate-authoredby", Err("HO-2347")),
    // The encounter alone, without what was written in it, is no record of the hub.
    ("fhir/ihe-pcf", "ex-consent-intermediate-data", Err("HO-2353")),
    ("fhir/ihe-pcf", "ex-consent-intermediate-encounter", Ok(1)),
    ("fhir/ihe-pcf", "ex-consent-intermediate-not-data", Ok(2)),
    // A purpose of the example's own.
    ("fhir/ihe-pcf", "ex-consent-intermediate-purpose", Err("HO-2352")),
    ("fhir/ihe-pcf", "ex-consent-intermediate-timeframe", Ok(1)),
    ("fhir/r4-examples", "consent-example-Emergency", Err("HO-2344")),
    ("fhir/r4-examples", "consent-example-Out", Ok(1)),
    ("fhir/r4-examples", "consent-example-basic", Err("HO-2343")),
    ("fhir/r4-examples", "consent-example-grantor", Err("HO-2344")),
    // Opt-in with a condition that the text means as what is withheld.
    ("fhir/r4-examples", "consent-example-notAuthor", Err("HO-2348")),
    ("fhir/r4-examples", "consent-example-notOrg", Ok(1)),
    ("fhir/r4-examples", "consent-example-notThem", Err("HO-2348")),
    ("fhir/r4-examples", "consent-example-notThis", Err("HO-2348")),
    ("fhir/r4-examples", "consent-example-notTime", Err("HO-2343")),
    ("fhir/r4-examples", "consent-example-pkb", Err("HO-2348")),
    ("fhir/r4-examples", "consent-example-signature", Err("HO-2344")),
    ("fhir/r4-examples", "consent-example-smartonfhir", Err("HO-2350")),
];

#[test]
fn every_example_is_imported_or_refused_with_its_reason() {
    for folder in ["fhir/ihe-pcf", "fhir/r4-examples"] {
        let Some(path) = outside(folder) else { continue };
        let mut seen = 0;
        for entry in std::fs::read_dir(&path).unwrap() {
            let file = entry.unwrap().path();
            let Some(name) = file.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(".json")) else {
                continue;
            };
            let resource: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            let known = name.strip_prefix("Consent-");
            let row = EXAMPLES.iter().find(|(of, example, _)| *of == folder && Some(*example) == known);
            let expected = match (row, known) {
                (Some((_, _, expected)), _) => *expected,
                (None, None) => Err("HO-2340"),
                (None, Some(_)) => panic!("{name} has no row"),
            };
            seen += usize::from(row.is_some());
            match (read(&resource, &KNOWN), expected) {
                (Ok(all), Ok(count)) => assert_eq!(all.len(), count, "{name}"),
                (Err(refusal), Err(code)) => assert_eq!(refusal.code, code, "{name}: {refusal}"),
                (answer, _) => panic!("{name}: {answer:?}"),
            }
        }
        assert_eq!(seen, EXAMPLES.iter().filter(|(of, _, _)| *of == folder).count(), "{folder}");
    }
}

#[test]
fn pcf_examples_say_what_their_pages_say() {
    let Some(folder) = outside("fhir/ihe-pcf") else { return };
    let facts = |name: &str| {
        let all = imported(&load(&folder, name));
        all.into_iter().map(|one| one.facts).collect::<Vec<_>>()
    };
    // Treatment, payment and operations, and nothing else.
    let basic = facts("ex-consent-basic-treat").remove(0);
    assert_eq!(basic.purposes, [Purpose::Treat, Purpose::Hpaymt, Purpose::Hoperat]);
    assert_eq!(facts("ex-consent-basic-ink")[0].purposes, basic.purposes, "ink is processed exactly the same");
    // Before the end as the basic one, after it an error.
    let expired = facts("ex-consent-expired-treat").remove(0);
    assert_eq!(expired.expiry, Expiry::At { at: instant("2023-01-01T06:00:00Z").unwrap() });
    // Nothing but what is related to the encounter.
    assert_eq!(facts("ex-consent-intermediate-encounter")[0].records, [record("Encounter/ex-encounter")]);
    // Nothing but what was authored in the timeframe.
    let timeframe = facts("ex-consent-intermediate-timeframe").remove(0);
    assert_eq!(timeframe.data_from, instant("2022-01-01T06:00:00Z"));
    assert_eq!(timeframe.data_before, instant("2023-01-01T06:00:00Z"));
    // Everything but one resource.
    let not_data = facts("ex-consent-intermediate-not-data");
    assert!(!not_data[0].deny && not_data[0].records.is_empty());
    assert!(not_data[1].deny);
    assert_eq!(not_data[1].records, [record("Observation/ex-alcoholUse")]);
    // Normal and restricted, and nothing more restricted than that.
    assert_eq!(facts("ex-consent-advanced-normal-restricted")[0].categories, base_data());
}

#[test]
fn data_authored_by_a_unit_is_what_that_unit_may_disclose() {
    let Some(folder) = outside("fhir/ihe-pcf") else { return };
    let solo = Known { solo: true, ..KNOWN };
    let all = read(&load(&folder, "ex-consent-intermediate-authoredby"), &solo).unwrap();
    assert_eq!(all[0].facts.grantors, [id::<UnitId>(SOLO)]);
}

fn units(at_least: usize) -> impl Strategy<Value = Vec<UnitId>> {
    let all: Vec<UnitId> = [KEEPER, RESEARCH, SOLO].iter().map(|u| id(u)).collect();
    subsequence(all, at_least..=3)
}

fn events() -> impl Strategy<Value = Vec<EventType>> {
    let all: Vec<EventType> =
        ["encounter.care-reported.v1", "consent.consent-recorded.v1"].map(id::<EventType>).to_vec();
    subsequence(all, 0..=2)
}

fn records() -> impl Strategy<Value = Vec<RecordId>> {
    proptest::collection::vec(any::<u128>().prop_map(|n| record(&n.to_string())), 0..3)
}

/// From a time in this century, with or without an end.
fn bounds() -> impl Strategy<Value = (Option<LogTime>, Option<LogTime>)> {
    let from = proptest::option::of(1_000_000_000_000_i64..2_000_000_000_000);
    (from, proptest::option::of(1_i64..1_000_000_000_000)).prop_map(|(from, length)| {
        let before = length.map(|length| LogTime(from.unwrap_or(1_000_000_000_000) + length));
        (from.map(LogTime), before)
    })
}

fn blank(n: u128, deny: bool) -> ConsentFacts {
    ConsentFacts {
        consent: record(&n.to_string()),
        person: person(1),
        consent_type: ConsentType::General,
        grantors: Vec::new(),
        recipients: Vec::new(),
        tpo_class: false,
        treating_participants: false,
        purposes: Vec::new(),
        categories: Vec::new(),
        elements: Vec::new(),
        data_from: None,
        data_before: None,
        records: Vec::new(),
        event_types: Vec::new(),
        signed_at: LogTime(0),
        expiry: Expiry::Never,
        deny,
        restriction: false,
        revocable_from: None,
    }
}

fn permissions() -> impl Strategy<Value = (ConsentFacts, Form)> {
    let form = proptest::sample::select(vec!["urn:test:tpo", "urn:test:named", "urn:test:hipaa", "urn:test:general"]);
    let purposes = subsequence(vec![Purpose::Treat, Purpose::Hpaymt, Purpose::Hoperat, Purpose::Coc], 1..=4);
    let categories = subsequence(all_data(), 1..=all_data().len());
    let elements = subsequence(vec!["representative".to_owned(), "restriction".to_owned()], 0..=2);
    let times = (1_000_000_000_000_i64..2_000_000_000_000, 1_i64..1_000_000_000_000, bounds());
    let who = (any::<u128>(), units(1), units(1), any::<bool>());
    (form, who, purposes, categories, elements, times, events(), records()).prop_map(
        |(form, (n, grantors, recipients, class), purposes, categories, elements, times, event_types, records)| {
            let form = KNOWN.form(form).unwrap();
            let (signed, length, (data_from, data_before)) = times;
            let tpo_class = class && form.consent_type == ConsentType::Part2Tpo;
            let facts = ConsentFacts {
                consent_type: form.consent_type,
                grantors,
                recipients: if tpo_class { Vec::new() } else { recipients },
                tpo_class,
                treating_participants: false,
                purposes,
                categories,
                elements,
                data_from,
                data_before,
                records,
                event_types,
                signed_at: LogTime(signed),
                expiry: Expiry::At { at: LogTime(signed + length) },
                ..blank(n, false)
            };
            (facts, form)
        },
    )
}

fn denials() -> impl Strategy<Value = ConsentFacts> {
    let purposes = subsequence(Purpose::ALL.to_vec(), 1..=Purpose::ALL.len());
    let categories = subsequence(Category::ALL.to_vec(), 1..=Category::ALL.len());
    let end = proptest::option::of(1_000_000_000_000_i64..2_000_000_000_000);
    let who = (any::<u128>(), units(0), units(0), any::<bool>());
    (who, purposes, categories, end, bounds(), events(), records()).prop_map(
        |((n, grantors, recipients, restriction), purposes, categories, end, data, event_types, records)| {
            ConsentFacts {
                grantors,
                recipients,
                purposes,
                categories,
                data_from: data.0,
                data_before: data.1,
                records,
                event_types,
                expiry: end.map_or(Expiry::Never, |at| Expiry::At { at: LogTime(at) }),
                restriction,
                ..blank(n, true)
            }
        },
    )
}

/// What is written comes back as one consent with the same facts.
fn comes_back(facts: &ConsentFacts, form: Option<&Form>) -> Result<(), TestCaseError> {
    let resource = write(facts, form).map_err(|refusal| TestCaseError::fail(refusal.to_string()))?;
    let all = read(&resource, &KNOWN).map_err(|refusal| TestCaseError::fail(format!("{refusal}\n{resource}")))?;
    prop_assert_eq!(all.len(), 1);
    prop_assert_eq!(&all[0].facts, facts);
    Ok(())
}

proptest! {
    #[test]
    fn a_written_permission_comes_back((facts, form) in permissions()) {
        comes_back(&facts, Some(&form))?;
    }

    #[test]
    fn a_written_denial_comes_back(facts in denials()) {
        comes_back(&facts, None)?;
    }
}

#[test]
fn what_fhir_cannot_say_is_not_written() {
    let form = KNOWN.form("urn:test:general").unwrap();
    let facts = ConsentFacts { expiry: Expiry::Event { code: "end-of-treatment".to_owned() }, ..blank(1, false) };
    assert_eq!(write(&facts, Some(&form)).unwrap_err().code, "HO-2358");
    assert_eq!(write(&blank(1, false), None).unwrap_err().code, "HO-2358");
}
