//! A5: withheld equals unknown, byte for byte; `uniform/timing.rs`: and in time.

mod timing;

use handoff_gateway::wire::{Ask, Read};
use handoff_tests::{County, event};
use serde_json::json;

fn patient() -> serde_json::Value {
    json!({
        "assessed_at": "2026-11-02T21:14:00Z",
        "presenting_problem": "Fictional.",
        "medications": [{ "name": "buprenorphine", "dose": "8 mg", "adherence": "taking" }],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_learns_the_same_about_a_part_2_patient_and_an_invented_person() {
    let mut county = County::start().await.unwrap();
    let program = "harbor-recovery-sud";
    let sent = event(program, "encounter.assessment-recorded.v1", "a-1", Some("H-1"), patient());
    let reply = county.publish(program, &sent).await.unwrap();
    county.settle().await.unwrap();

    let known = reply.published[0].person.unwrap();
    let asks = [
        Ask::Person(known),
        Ask::Person(uuid::Uuid::new_v4()),
        Ask::Record(reply.published[0].record),
        Ask::Named { family: "Quietwater".into(), given: "Jordan".into(), birth_date: "1988-04-05".into() },
        Ask::Named { family: "Nobody".into(), given: "Never".into(), birth_date: "1970-01-01".into() },
    ];
    let officer = county.agency("river-pd-patrol").unwrap();
    let mut answers = Vec::new();
    for query in asks {
        let unit = "river-pd-patrol".parse().unwrap();
        let read = Read { unit, role: None, user: "Officer 7".into(), under: None, query };
        answers.push(officer.raw("in.read", &read).await.unwrap());
    }
    assert!(answers.iter().all(|a| *a == answers[0]), "every answer is the same bytes");
    let text = String::from_utf8(answers[0].clone()).unwrap();
    assert!(text.contains("may be incomplete; emergency access available"), "{text}");
    county.stop().await.unwrap();
}

/// What concerns no person is legible: another agency's unit cannot be read as.
#[tokio::test(flavor = "multi_thread")]
async fn reading_as_another_agencys_unit_is_refused_and_says_why() {
    let county = County::start().await.unwrap();
    let officer = county.agency("river-pd-patrol").unwrap();
    let unit = "willow-clinic-crisis".parse().unwrap();
    let refused = officer.read(&unit, None, "Officer 7", Ask::Since(0)).await.unwrap().unwrap_err();
    assert_eq!(refused.code, "HO-4301");
    let missing = "no-such-unit".parse().unwrap();
    let other = officer.read(&missing, None, "Officer 7", Ask::Since(0)).await.unwrap().unwrap_err();
    assert_eq!(other, refused, "which units exist is not told either");
    county.stop().await.unwrap();
}
