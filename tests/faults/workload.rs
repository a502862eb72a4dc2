//! Two thousand events of two hundred people, the same at every run: each person's in order, people side by side.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use handoff::client::Partner;
use handoff_gateway::wire::Format;
use handoff_tests::{UNITS, event, part2_consent};
use serde_json::{Value, json};

const PSAP: &str = "river-911";
const EMS: &str = "river-fire-ems";
const CLINIC: &str = "willow-clinic-crisis";
const PROGRAM: &str = "harbor-recovery-sud";

/// People, and how many at once.
const PEOPLE: usize = 200;
const LANES: usize = 8;
/// Events each person has, amendments and revocations among them.
pub const EVENTS: usize = PEOPLE * 10;

/// What is sent, in order: unit and event.
fn story(n: usize) -> Vec<(&'static str, Value)> {
    let id = |what: &str| format!("{what}-{n}");
    let (call, care, client, patient) = (format!("C-{n}"), format!("E-{n}"), format!("W-{n}"), format!("H-{n}"));
    let incident = json!({ "incident_number": id("INC"), "call": { "type": "welfare-check" } });
    let assessed = |risk: &str| json!({ "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": risk });
    let medicine = json!({
        "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low",
        "medications": [{ "name": id("buprenorphine"), "dose": "8 mg", "adherence": "taking" }],
    });
    let report = |narrative: &str| {
        let data = json!({
            "report": { "version": "3.5.1", "number": id("PCR") }, "narrative": narrative,
            "disposition": { "unit": "patient-contact-made", "class": "resolved-on-scene", "transported": "no" },
        });
        event(EMS, "encounter.care-reported.v1", &id("care"), Some(&care), data)
    };
    let recorded = "encounter.assessment-recorded.v1";
    let mut revoked = event(
        PROGRAM,
        "consent.consent-revoked.v1",
        &id("revocation"),
        Some(&patient),
        json!({ "scope": "all", "form": "written" }),
    );
    revoked["record"] = json!(id("consent"));
    let consent = |id: &str, categories: &[&str]| part2_consent(id, &patient, categories).unwrap();
    vec![
        (PSAP, event(PSAP, "encounter.incident-reported.v1", &id("inc"), Some(&call), incident)),
        (EMS, report("as first written")),
        (CLINIC, event(CLINIC, recorded, &id("first"), Some(&client), assessed("low"))),
        (PROGRAM, event(PROGRAM, recorded, &id("screening"), Some(&patient), assessed("moderate"))),
        (PROGRAM, event(PROGRAM, recorded, &id("medicine"), Some(&patient), medicine)),
        (PROGRAM, consent(&id("consent"), &["part2-record", "medications", "bh-assessment"])),
        // The same document with other content: an amendment, and a correction to whoever had the first.
        (EMS, report("as amended")),
        (PROGRAM, event(PROGRAM, recorded, &id("second"), Some(&patient), assessed("low"))),
        (PROGRAM, revoked),
        (PROGRAM, consent(&id("kept"), &["medications"])),
    ]
}

/// Every (unit, key) of the workload.
pub fn keys() -> Vec<(String, String)> {
    let of = |n| story(n).into_iter().map(|(unit, e)| (unit.to_owned(), e["id"].as_str().unwrap().to_owned()));
    (0..PEOPLE).flat_map(of).collect()
}

/// How partners find the hub, which may be another process at another port by now.
pub type Door = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// Sends everything, each event again and again until the hub has acknowledged it.
pub async fn publish(door: &Door, creds: &std::path::Path, done: &Arc<AtomicUsize>) {
    let lanes = (0..LANES).map(|lane| {
        let (door, creds, done) = (Arc::clone(door), creds.to_path_buf(), Arc::clone(done));
        tokio::spawn(async move {
            let mut agencies = Agencies { door, creds, known: Vec::new() };
            for n in (0..PEOPLE).filter(|n| n % LANES == lane) {
                for (unit, event) in story(n) {
                    agencies.insist(unit, &event).await;
                    done.fetch_add(1, Ordering::SeqCst);
                }
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.unwrap();
    }
}

/// One lane's connections.
struct Agencies {
    door: Door,
    creds: PathBuf,
    known: Vec<(String, Partner)>,
}

impl Agencies {
    async fn insist(&mut self, unit: &str, event: &Value) {
        let document = serde_json::to_vec(event).unwrap();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(90);
        loop {
            let said = match self.agency(unit).await {
                Some(agency) => agency.publish(&unit.parse().unwrap(), Format::Cloudevents, false, &document).await,
                None => Err(anyhow::anyhow!("nobody is there")),
            };
            let why = match said {
                Ok(Ok(_)) => return,
                // What a hub that is down, or has just come up, says; anything else is a fault.
                Ok(Err(refusal))
                    if matches!(
                        refusal.code.as_str(),
                        "HO-4311" | "HO-4303" | "HO-3003" | "HO-3013" | "HO-3015" | "HO-3014" | "HO-4301" | "HO-4304"
                    ) =>
                {
                    refusal.to_string()
                }
                Ok(Err(refusal)) => panic!("{unit}: {refusal}"),
                Err(e) => {
                    self.known.retain(|(known, _)| known != unit);
                    format!("{e:#}")
                }
            };
            assert!(tokio::time::Instant::now() < deadline, "{unit} never got through: {why}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn agency(&mut self, unit: &str) -> Option<Partner> {
        if let Some((_, partner)) = self.known.iter().find(|(known, _)| known == unit) {
            return Some(partner.clone());
        }
        let (_, partner, ..) = UNITS.iter().find(|u| u.0 == unit)?;
        let url = (self.door)()?;
        let creds = self.creds.join(format!("partner-{partner}.creds"));
        let connected = Partner::connect(&url, &creds).await.ok()?.patient(Duration::from_secs(2));
        self.known.push((unit.to_owned(), connected.clone()));
        Some(connected)
    }
}
