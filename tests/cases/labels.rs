//! A8: what was recorded under 42 CFR Part 2 stays under it, whatever becomes of its unit or of the document. What
//! content says beyond its category is ruled as what it is.

use handoff::operator;
use handoff_schemas::Part2Status;
use handoff_tests::{County, accepted, event};
use serde_json::{Value, json};

const PROGRAM: &str = "harbor-recovery-sud";
const CLINIC: &str = "willow-clinic-crisis";
const REPORTED: &str = "encounter.care-reported.v1";

fn report(id: &str, narrative: &str) -> Value {
    let data = json!({
        "report": { "version": "3.5.1", "number": id }, "narrative": narrative,
        "disposition": { "unit": "patient-contact-made", "class": "resolved-on-scene", "transported": "no" },
    });
    event(PROGRAM, REPORTED, id, Some("H-1"), data)
}

/// The unit's registration as a Part 2 program or as a plain clinic, all else as it was; returns once intake knows of
/// it. Until then what comes in is labelled as before, which the ruling may only make stricter.
async fn register(county: &mut County, role: &str, part2: Part2Status) {
    let facts = json!({
        "unit": PROGRAM, "partner": "harbor-recovery", "name": PROGRAM, "roles": [role], "hipaa": "covered-provider",
        "part2": part2, "cjis": false, "victim_services": false, "jurisdiction": "US-WA",
    });
    accepted(operator::add_unit(&county.session, PROGRAM, facts).await.unwrap()).unwrap();
    let directory = county.session.hub().unwrap().directory.clone();
    let mut moved = directory.watch();
    while directory.unit(&PROGRAM.parse().unwrap()).unwrap().part2 != part2 {
        moved.changed().await.unwrap();
    }
}

/// What the clinic reads of the program's narratives.
async fn seen(county: &mut County) -> Vec<Value> {
    county.settle().await.unwrap();
    let rows = county.rows_of(CLINIC, PROGRAM, REPORTED).await.unwrap();
    rows.into_iter().map(|r| r.data["narrative"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_a_program_that_is_none_any_more_weakens_nothing_it_recorded() {
    let mut county = County::start().await.unwrap();
    county.publish(PROGRAM, &report("under-part-2", "as it was")).await.unwrap();
    assert!(seen(&mut county).await.is_empty(), "no consent, no release");

    register(&mut county, "BHC", Part2Status::No).await;
    county.publish(PROGRAM, &report("after", "what is new")).await.unwrap();
    assert_eq!(
        seen(&mut county).await,
        ["what is new"],
        "the treatment agreement carries what is new, and nothing from before"
    );

    // The same document with other content is still the document of the program.
    county.publish(PROGRAM, &report("under-part-2", "as it was, corrected")).await.unwrap();
    assert_eq!(seen(&mut county).await, ["what is new"], "an amendment does not shed the label");

    register(&mut county, "BHC", Part2Status::Pending).await;
    assert!(seen(&mut county).await.is_empty(), "a unit under review counts as a program, for all it ever recorded");
    county.stop().await.unwrap();
}

const EMS: &str = "river-fire-ems";
const ASSESSED: &str = "encounter.assessment-recorded.v1";

fn assessment(id: &str, narrative: &str, code: &str) -> Value {
    let data = json!({
        "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low", "narrative": narrative,
        "diagnoses": [{ "code": code, "system": "icd-10-cm" }],
    });
    event(CLINIC, ASSESSED, id, Some("W-1"), data)
}

/// In how many of the clinic's assessments EMS reads of a risk, and what it reads of the narratives.
async fn read_by_ems(county: &mut County) -> (usize, Vec<Value>) {
    county.settle().await.unwrap();
    let rows = county.rows_of(EMS, CLINIC, ASSESSED).await.unwrap();
    let risks = rows.iter().filter(|r| r.data.get("suicide_risk").is_some()).count();
    (risks, rows.iter().filter_map(|r| r.data.get("narrative").cloned()).collect())
}

/// C14 to EMS is P, C19 an exception: an HIV code or word in a treatment record makes it both.
#[tokio::test(flavor = "multi_thread")]
async fn hiv_in_a_treatment_record_is_ruled_as_hiv() {
    let mut county = County::start().await.unwrap();
    county.publish(CLINIC, &assessment("plain", "slept well", "F43.0")).await.unwrap();
    county.publish(CLINIC, &assessment("by-word", "lives with HIV", "F43.0")).await.unwrap();
    county.publish(CLINIC, &assessment("by-code", "slept badly", "B20")).await.unwrap();
    assert_eq!(read_by_ems(&mut county).await, (3, vec![json!("slept well")]), "the risk is a slice of its own");
    county.stop().await.unwrap();
}

/// I5: nobody with the authority to declassify did so.
#[tokio::test(flavor = "multi_thread")]
async fn a_correction_sheds_no_label_of_what_it_corrects() {
    let mut county = County::start().await.unwrap();
    let report = |id: &str, narrative: &str| {
        let data = json!({
            "report": { "version": "3.5.1", "number": id }, "narrative": narrative,
            "disposition": { "unit": "patient-contact-made", "class": "resolved-on-scene", "transported": "no" },
        });
        event(EMS, REPORTED, id, Some("P-1"), data)
    };
    for (id, narrative) in [("plain", "slept well"), ("by-word", "lives with HIV")] {
        county.publish(EMS, &report(id, narrative)).await.unwrap();
    }
    assert_eq!(read_by_clinic(&mut county).await, [json!("slept well")]);
    for (id, narrative) in [("plain", "slept very well"), ("by-word", "lives with her sister")] {
        county.publish(EMS, &report(id, narrative)).await.unwrap();
    }
    assert_eq!(read_by_clinic(&mut county).await, [json!("slept very well")]);
    county.stop().await.unwrap();
}

/// What the clinic reads of the narratives of the ambulance.
async fn read_by_clinic(county: &mut County) -> Vec<Value> {
    county.settle().await.unwrap();
    let rows = county.rows_of(CLINIC, EMS, REPORTED).await.unwrap();
    rows.iter().filter_map(|r| r.data.get("narrative").cloned()).collect()
}
