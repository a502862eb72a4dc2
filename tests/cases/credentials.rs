//! A7: a credential reaches its own agency's data only, and two agencies' ids have nothing in common.

use std::collections::{BTreeMap, BTreeSet};

use handoff_gateway::wire::{Ask, Format};
use handoff_schemas::UnitId;
use handoff_tests::{County, UNITS, event};
use serde_json::{Value, json};
use uuid::Uuid;

const REPORTED: &str = "encounter.incident-reported.v1";
const ASSESSED: &str = "encounter.assessment-recorded.v1";

async fn a_night(county: &mut County) {
    for n in 0..4 {
        let (caller, client) = (format!("P-{n}"), format!("W-{n}"));
        let data = json!({ "incident_number": format!("INC-{n}"), "call": { "type": "welfare-check" } });
        let mut sent = event("river-911", REPORTED, &format!("inc-{n}"), Some(&caller), data);
        sent["incident"] = json!("shared-incident");
        county.publish("river-911", &sent).await.unwrap();
        let data = json!({ "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low" });
        let mut sent = event("willow-clinic-crisis", ASSESSED, &format!("a-{n}"), Some(&client), data);
        sent["incident"] = json!("shared-incident");
        county.publish("willow-clinic-crisis", &sent).await.unwrap();
    }
    county.link("river-911:P-0", "willow-clinic-crisis:W-0").await.unwrap();
    county.settle().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a7_no_credential_reads_or_writes_as_another_agencys_unit() {
    let mut county = County::start().await.unwrap();
    a_night(&mut county).await;
    let mut refusals = BTreeSet::new();
    for (mine, my_agency, ..) in UNITS {
        for (theirs, their_agency, ..) in UNITS.iter().filter(|u| u.1 != *my_agency) {
            let (agency, unit): (_, UnitId) = (county.agency(mine).unwrap(), theirs.parse().unwrap());
            let read = agency.read(&unit, None, "tester", Ask::Since(0)).await.unwrap().unwrap_err();
            let sent = event(theirs, REPORTED, "forged", Some("P-0"), json!({ "incident_number": "forged" }));
            let document = serde_json::to_vec(&sent).unwrap();
            let wrote = agency.publish(&unit, Format::Cloudevents, false, &document).await.unwrap().unwrap_err();
            assert_eq!((read.code.as_str(), wrote.code.as_str()), ("HO-4301", "HO-4301"), "{mine} as {their_agency}");
            refusals.insert(read.to_string());
            refusals.insert(wrote.to_string());
        }
        let (agency, nobody): (_, UnitId) = (county.agency(mine).unwrap(), "no-such-unit".parse().unwrap());
        refusals.insert(agency.read(&nobody, None, "tester", Ask::Since(0)).await.unwrap().unwrap_err().to_string());
    }
    assert_eq!(refusals.len(), 1, "another's unit and no unit are one answer: {refusals:?}");
    county.stop().await.unwrap();
}

/// Every id the hub itself gives out: record, person, incident, release, consent, in rulings and replies.
fn ids(value: &Value, into: &mut BTreeSet<Uuid>) {
    match value {
        Value::String(text) => into.extend(text.parse::<Uuid>().ok()),
        Value::Array(items) => items.iter().for_each(|v| ids(v, into)),
        Value::Object(map) => map.values().for_each(|v| ids(v, into)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a7_two_agencies_cannot_join_their_ids() {
    let mut county = County::start().await.unwrap();
    a_night(&mut county).await;
    let mut known: BTreeMap<&str, BTreeSet<Uuid>> = BTreeMap::new();
    let mut hashes: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (unit, agency, ..) in UNITS {
        let rows = county.view(unit).await.unwrap().rows;
        for row in &rows {
            ids(&row.ruling, known.entry(agency).or_default());
            known.entry(agency).or_default().insert(row.release.0);
            for slice in row.ruling["slices"].as_array().unwrap() {
                let hash = slice["content"].as_str().unwrap().to_owned();
                hashes.entry(agency).or_default().insert(hash);
            }
        }
        let cursors: Vec<u64> = rows.iter().map(|r| r.cursor).collect();
        assert!(cursors.windows(2).all(|w| w[0] < w[1]), "{unit}: cursors rise");
    }
    let agencies: Vec<&str> = known.keys().copied().collect();
    assert!(agencies.len() >= 3 && known.values().all(|k| k.len() > 4), "several agencies know several ids");
    for (i, a) in agencies.iter().enumerate() {
        for b in &agencies[i + 1..] {
            let joint: Vec<_> = known[a].intersection(&known[b]).collect();
            assert!(joint.is_empty(), "{a} and {b} both know {joint:?}");
            assert!(hashes[a].is_disjoint(&hashes[b]), "{a} and {b} could compare contents by their hashes");
        }
    }
    county.stop().await.unwrap();
}
