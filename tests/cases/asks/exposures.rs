//! An exposed responder on a running hub (42 USC 300ff-131 to 300ff-133; rulebook ST-05).

use handoff_tests::event;
use serde_json::{Value, json};

use super::{ASSESSED, AT_EMS, CLINIC, EMS, MEDIC, PROGRAM, asks, county, pointers, reads};

/// The patient at the clinic.
const AT_CLINIC: &str = "W-1";

fn found() -> Value {
    json!({
        "assessed_at": "2026-11-02T21:14:00Z", "plan": "Fictional.", "hiv_sti": "Fictional.",
        "exposure_result": { "infection": "hiv", "finding": "infected", "found_on": "2026-11-01" },
    })
}

fn exposed() -> Value {
    json!({
        "basis": "exposure", "purpose": "PUBHLTH", "user": MEDIC,
        "categories": ["hiv-sti", "health-identity", "bh-treatment"],
        "exposure": {
            "how": "needlestick", "in_line_of_duty": true, "occurred_at": "2026-11-02T20:40:00Z",
            "designated_officer": true, "employer": "River Fire", "determined_by": "facility",
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn st_05_the_designated_officer_reads_what_was_found_and_no_word_of_a_program() {
    let mut county = county().await;
    for (unit, id, local) in [(CLINIC, "blood-1", AT_CLINIC), (PROGRAM, "blood-2", "H-1")] {
        county.publish(unit, &event(unit, ASSESSED, id, Some(local), found())).await.unwrap();
    }
    county.link(&format!("{EMS}:{AT_EMS}"), &format!("{CLINIC}:{AT_CLINIC}")).await.unwrap();
    county.settle().await.unwrap();
    let ask = asks(&mut county, EMS, "exposed-1", AT_EMS, exposed()).await;
    let rows = reads(&county, EMS, ask, MEDIC).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].ruling["source"], CLINIC);
    let result = ["finding", "found_on", "infection"].map(|leaf| format!("/exposure_result/{leaf}"));
    assert_eq!(pointers(&rows[0]), result);
    let grant = &rows[0].ruling["slices"][0]["grants"][0];
    assert!(grant["citation"].as_str().unwrap().contains("300ff-133"), "{grant}");
    assert!(reads(&county, EMS, ask, "medic-18").await.is_empty(), "nobody else reads it");
    county.stop().await.unwrap();
}
