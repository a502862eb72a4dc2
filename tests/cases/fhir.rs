//! FHIR R4 Consents by the verbs, as an agency's staff types them, against a hub that runs as a process.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use handoff::client::Partner;
use handoff_gateway::wire::{Ask, Row};
use handoff_tests::{County, binary, event, until};
use serde_json::{Value, json};

use crate::canaries::Up;

const PROGRAM: &str = "harbor-recovery-sud";
const CLINIC: &str = "willow-clinic-crisis";
const EMS: &str = "river-fire-ems";
const ASSESSED: &str = "encounter.assessment-recorded.v1";
/// The consent's key at the hub, by the identifier of its FHIR Consent.
const KEY: &str = "fhir:urn:test:consents|17";
const FORM: &str = "https://harbor-recovery.example/forms/named-disclosure";

const SITE: &str = r#"
time_zone = "America/Los_Angeles"

[units]
"Organization/17" = "willow-clinic-crisis"

[[form]]
uri = "https://harbor-recovery.example/forms/named-disclosure"
type = "part2-named"
categories = ["medications", "bh-assessment", "part2-record"]
    [form.says]
    data_description = "my treatment at Harbor Recovery"
    states = ["right-to-revoke"]
    revocation_method = "by a letter"
    signed_by = "wet-ink"
"#;

fn coding(system: &str, code: &str) -> Value {
    json!({ "system": system, "code": code })
}

fn concept(system: &str, code: &str) -> Value {
    json!({ "coding": [coding(system, code)] })
}

fn hl7(system: &str) -> String {
    format!("http://terminology.hl7.org/CodeSystem/{system}")
}

fn treatment() -> Value {
    json!([coding(&hl7("v3-ActReason"), "TREAT")])
}

fn actor(role: &str, reference: &Value) -> Value {
    json!({ "role": concept(&hl7("v3-ParticipationType"), role), "reference": reference })
}

fn unit(unit: &str) -> Value {
    json!({ "identifier": { "system": "urn:handoff:unit", "value": unit } })
}

/// The program's patient lets the clinic have everything but what is about HIV.
fn consent(patient: &str, version: &str) -> Value {
    json!({
        "resourceType": "Consent", "id": "c-17", "meta": { "versionId": version }, "status": "active",
        "identifier": [{ "system": "urn:test:consents", "value": "17" }],
        "scope": concept(&hl7("consentscope"), "patient-privacy"), "category": [concept("http://loinc.org", "59284-0")],
        "patient": { "reference": format!("Patient/{patient}") }, "dateTime": "2026-11-01",
        "performer": [{ "reference": format!("Patient/{patient}") }],
        "organization": [{ "reference": format!("Organization/{PROGRAM}") }], "policy": [{ "uri": FORM }],
        "provision": {
            "type": "permit", "period": { "end": "2027-11-05" }, "purpose": treatment(),
            "actor": [actor("IRCP", &json!({ "reference": "Organization/17" }))],
            "provision": [{ "type": "deny", "securityLabel": [coding(&hl7("v3-ActCode"), "HIV")] }],
        },
    })
}

/// A hub as a process, the program's staff at a keyboard, the clinic at its own.
struct Desk {
    data: PathBuf,
    files: tempfile::TempDir,
    clinic: Partner,
}

impl Desk {
    async fn at(hub: &Up, data: &Path) -> Self {
        let clinic = Partner::connect(&hub.nats, &data.join("creds/partner-willow-clinic.creds")).await.unwrap();
        let desk = Self { data: data.to_path_buf(), files: tempfile::tempdir().unwrap(), clinic };
        std::fs::write(desk.files.path().join("site.toml"), SITE).unwrap();
        let name = json!([{ "use": "official", "family": "Sampleton", "given": ["Robin", "Q"] }]);
        desk.file("patient.json", &json!({ "resourceType": "Patient", "id": "H-1", "name": name }));
        desk
    }

    fn file(&self, name: &str, content: &Value) -> String {
        let path = self.files.path().join(name);
        std::fs::write(&path, content.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn handoff(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(binary().unwrap());
        command.args(arguments).arg("--json").arg("--data").arg(&self.data);
        command.env_remove("NATS_URL").env_remove("DATABASE_URL").output().unwrap()
    }

    /// A verb of `handoff consent` with the site file: its exit code and what it said.
    fn consent(&self, verb: &str, of: &str, arguments: &[&str]) -> (i32, Value) {
        let site = self.files.path().join("site.toml");
        let mut all = vec!["consent", verb, "--as", of, "--site", site.to_str().unwrap()];
        all.extend(arguments);
        let output = self.handoff(&all);
        let said = serde_json::from_slice(&output.stdout);
        let said = said.unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code().unwrap(), said)
    }

    fn import(&self, resource: &Value) -> (i32, Value) {
        let (consent, patient) = (self.file("consent.json", resource), self.files.path().join("patient.json"));
        self.consent("import", PROGRAM, &[&consent, patient.to_str().unwrap()])
    }

    #[track_caller]
    fn refused(&self, resource: &Value) -> Value {
        let (code, said) = self.import(resource);
        assert_eq!((code, &said["refused"]), (1, &json!(1)), "{said}");
        said["imported"][0]["error"].clone()
    }

    #[track_caller]
    fn imported(&self, resource: &Value) -> Vec<Value> {
        let (code, said) = self.import(resource);
        assert_eq!((code, &said["refused"]), (0, &json!(0)), "{said}");
        said["imported"][0]["consents"].as_array().unwrap().clone()
    }

    #[track_caller]
    fn revoke(&self, key: &str) {
        let output = self.handoff(&["revoke", "--as", PROGRAM, "--consent", key]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    }

    /// What the clinic sees of the assessment.
    async fn seen(&self) -> Vec<Row> {
        let view = self.clinic.read(&CLINIC.parse().unwrap(), None, "tester", Ask::Since(0)).await.unwrap().unwrap();
        let assessed = |r: &Row| r.ruling["source"] == PROGRAM && r.ruling["type"] == ASSESSED;
        view.rows.into_iter().filter(assessed).collect()
    }

    async fn flows(&self) {
        until("the assessment goes to the clinic", async || !self.seen().await.is_empty()).await.unwrap();
    }
}

fn field<'a>(all: &'a [Value], name: &str) -> Vec<&'a Value> {
    all.iter().map(|one| &one[name]).collect()
}

async fn assessed() -> (Up, PathBuf, tempfile::TempDir) {
    let county = County::start().await.unwrap();
    let data = json!({
        "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low",
        "medications": [{ "name": "buprenorphine", "dose": "8 mg", "adherence": "taking" }],
    });
    county.publish(PROGRAM, &event(PROGRAM, ASSESSED, "a-1", Some("H-1"), data)).await.unwrap();
    // Somebody whom another agency knows, and the program does not.
    let call = json!({ "incident_number": "I-1", "call": { "type": "welfare-check" } });
    let reported = event(EMS, "encounter.incident-reported.v1", "call-1", Some("E-1"), call);
    county.publish(EMS, &reported).await.unwrap();
    let data = county.data().to_path_buf();
    let dir = county.stop_keeping().await.unwrap();
    let hub = Up::start(&data, &dir.path().join("hub.log")).await;
    (hub, data, dir)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fhir_consent_opens_what_it_says_until_it_is_revoked() {
    let (hub, data, _dir) = assessed().await;
    let desk = Desk::at(&hub, &data).await;
    let first = consent("H-1", "1");
    let patient = desk.files.path().join("patient.json");
    let checked = |resource: &Value| {
        let file = desk.file("check.json", resource);
        let (code, said) = desk.consent("check", PROGRAM, &[&file, patient.to_str().unwrap()]);
        assert_eq!(code, 0, "{said}");
        said["checked"][0]["consents"].as_array().unwrap().clone()
    };
    let meant = checked(&first);
    assert_eq!(field(&meant, "decision"), ["denial", "permission"], "what closes goes first");
    assert_eq!(field(&meant, "consent"), [&json!(format!("{KEY}/1")), &json!(KEY)]);
    assert!(desk.seen().await.is_empty(), "a check stores nothing");

    assert_eq!(field(&desk.imported(&first), "duplicate"), [false, false]);
    desk.flows().await;
    let rows = desk.seen().await;
    assert_eq!(rows[0].data["medications"][0]["name"], "buprenorphine");
    assert!(!rows[0].notices.is_empty(), "42 CFR 2.32: notice and scope go with it");
    assert_eq!(field(&desk.imported(&first), "duplicate"), [true, true], "the same version is the same records");

    // What is written says the same as what was read.
    let (code, bundle) = desk.consent("export", PROGRAM, &["--person", "H-1"]);
    assert_eq!((code, &bundle["resourceType"], &bundle["type"]), (0, &json!("Bundle"), &json!("collection")));
    let written: Vec<&Value> = bundle["entry"].as_array().unwrap().iter().map(|entry| &entry["resource"]).collect();
    assert_eq!(written.len(), 2);
    let permission = *written.iter().find(|c| c["provision"]["type"] == "permit").unwrap();
    let labels = ["medications", "bh-assessment", "part2-record"].map(|c| coding("urn:handoff:category", c));
    let provision = json!({
        "type": "permit", "period": { "end": "2027-11-06T06:59:59.999Z" }, "actor": [actor("IRCP", &unit(CLINIC))],
        "securityLabel": labels, "purpose": treatment(),
    });
    assert_eq!(permission["provision"], provision);
    assert_eq!((&permission["status"], &permission["policy"][0]["uri"]), (&json!("active"), &json!(FORM)));
    assert_eq!(
        (&permission["patient"], &permission["organization"]),
        (&json!({ "reference": "Patient/H-1" }), &json!([unit(PROGRAM)]))
    );
    let (code, alone) = desk.consent("export", PROGRAM, &[KEY]);
    assert_eq!((code, &alone["id"], &alone["provision"]), (0, &permission["id"], &permission["provision"]));
    assert_ne!(alone["patient"], permission["patient"], "without a local id, the agency's own id of the person");
    for (resource, decision) in
        [(permission, "permission"), (*written.iter().find(|c| **c != permission).unwrap(), "denial")]
    {
        let (read, meant) = (checked(resource), meant.iter().find(|m| m["decision"] == decision).unwrap());
        assert_eq!(read.len(), 1);
        for name in ["decision", "type", "from", "to", "purposes", "categories", "limited", "until"] {
            assert_eq!(read[0][name], meant[name], "{decision}: {name}");
        }
    }

    desk.revoke(KEY);
    assert!(desk.seen().await.is_empty(), "dark at the first read after the acknowledgement");
    let (_, revoked) = desk.consent("export", PROGRAM, &[KEY]);
    assert_eq!(revoked["status"], "inactive");
    assert_eq!(field(&desk.imported(&first), "duplicate"), [true, true]);
    assert!(desk.seen().await.is_empty(), "what was revoked does not come back with its document");
    hub.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_takes_the_place_of_none_that_counts() {
    let (hub, data, _dir) = assessed().await;
    let desk = Desk::at(&hub, &data).await;
    desk.imported(&consent("H-1", "1"));
    let refusal = desk.refused(&consent("H-1", "2"));
    assert_eq!((&refusal["code"], &refusal["place"]), (&json!("HO-2337"), &json!("/meta/versionId")));
    desk.revoke(KEY);
    assert_eq!(desk.refused(&consent("H-1", "2"))["code"], "HO-2337", "its denial still counts");
    desk.revoke(&format!("{KEY}/1"));
    let second = desk.imported(&consent("H-1", "2"));
    assert_eq!(field(&second, "duplicate"), [false, false]);
    assert_eq!(second[1]["consent"], format!("{KEY}#2"));
    desk.flows().await;
    assert_eq!(field(&desk.imported(&consent("H-1", "1")), "duplicate"), [true, true]);
    desk.revoke(&format!("{KEY}#2"));
    assert!(desk.seen().await.is_empty());
    hub.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_exactly_is_refused_and_tells_nothing_of_others() {
    let (hub, data, _dir) = assessed().await;
    let desk = Desk::at(&hub, &data).await;
    let mut deep = consent("H-1", "1");
    deep["provision"]["provision"][0]["provision"] = json!([{ "type": "permit", "purpose": treatment() }]);
    let refusal = desk.refused(&deep);
    assert_eq!(
        (&refusal["code"], &refusal["place"]),
        (&json!("HO-2345"), &json!("/provision/provision/0/provision/0"))
    );
    assert!(refusal["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()));

    // Whom another agency knows, and whom nobody knows.
    let known = desk.refused(&consent("E-1", "1"));
    assert_eq!((&known["code"], &known["place"]), (&json!("HO-2355"), &json!("/patient")));
    assert_eq!(known, desk.refused(&consent("N-1", "1")));
    let (code, nobody) = desk.consent("export", PROGRAM, &["--person", "E-1"]);
    assert_eq!((code, nobody), desk.consent("export", PROGRAM, &["--person", "N-1"]));

    let mut stranger = consent("H-1", "1");
    stranger["provision"]["actor"] = json!([actor("IRCP", &json!({ "reference": "Practitioner/9" }))]);
    let refusal = desk.refused(&stranger);
    assert_eq!((&refusal["code"], &refusal["place"]), (&json!("HO-2347"), &json!("/provision/actor/0/reference")));

    desk.imported(&consent("H-1", "1"));
    let (code, others) = desk.consent("export", EMS, &[KEY]);
    assert_eq!((code, &others["error"]["code"]), (1, &json!("HO-2301")), "a consent is told to its parties alone");
    assert_eq!(others, desk.consent("export", EMS, &["fhir:none"]).1);
    let garbled = desk.files.path().join("garbled.json");
    std::fs::write(&garbled, r#"{ "resourceType": "Consent", "id": "a", "id": "b" }"#).unwrap();
    let (code, said) = desk.consent("check", PROGRAM, &[garbled.to_str().unwrap()]);
    assert_eq!((code, &said["checked"][0]["error"]["code"]), (1, &json!("HO-1011")));
    hub.terminate().await;
}

/// Without a hub: nothing is looked up, and nothing is made in the data folder.
#[test]
fn a_check_needs_no_hub() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let mut resource = consent("H-1", "1");
    resource["patient"]["display"] = json!("Robin Q Sampleton");
    let (site, consent) = (file("site.toml", SITE), file("consent.json", &resource.to_string()));
    let data = dir.path().join("hub");
    let run = |arguments: &[&Path]| {
        let mut command = Command::new(binary().unwrap());
        command.args(["consent", "check", "--data"]).arg(&data).args(arguments);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = run(&[Path::new("--site"), &site, &consent]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("permission") && said.contains("were not looked up"), "{said}");
    assert!(!said.contains("Sampleton") && !said.contains("H-1"), "nobody's name on the screen: {said}");
    assert!(!data.exists());
    let (code, _) = run(&[&consent]);
    assert_eq!(code, Some(1), "no site file, no form: nobody can say what was signed");
}
