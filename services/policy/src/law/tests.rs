use handoff_schemas::{EventId, RecordId, UnitId};
use handoff_spine::commit::Commit;
use serde_json::{Map, json};
use uuid::Uuid;

use super::*;

const ACTIVATED: &str = "bundle.law-activated.v1";

/// The law of this build, and one that gives police no place of an incident.
fn two() -> (CarriedLaw, CarriedLaw) {
    let files = Bundle::embedded_files();
    let mut tighter = files.clone();
    let matrix = tighter.get_mut("matrix.csv").unwrap();
    let open = "C04,location,Incident location (CAD),LE,P,B37";
    assert!(matrix.contains(open));
    *matrix = matrix.replacen(open, "C04,location,Incident location (CAD),LE,D,B37", 1);
    (CarriedLaw::of(&files), CarriedLaw::of(&tighter))
}

fn entry(pos: u64, event_type: &str, admin: Value, facts: Vec<Fact>) -> Entry {
    let Value::Object(admin) = admin else { panic!("not an object") };
    let event = LoggedEvent {
        id: EventId(Uuid::from_u128(u128::from(pos))),
        event_type: event_type.parse().unwrap(),
        record: RecordId(Uuid::nil()),
        unit: UnitId::operator(),
        person: None,
        incident: None,
        asserted_at: None,
        facts,
        labels: Vec::new(),
        content: Vec::new(),
        admin,
        slices: Vec::new(),
    };
    let (key, content) = (String::new(), String::new());
    let commit = Commit { v: 1, unit: UnitId::operator(), key, content, version: 1, events: vec![event] };
    Entry { pos: LogPos(pos), stored: LogTime(1000), hash: [0; 32], bytes: 0, commit }
}

fn carried(pos: u64, law: &CarriedLaw) -> Entry {
    entry(pos, CARRIED, serde_json::to_value(law).unwrap(), Vec::new())
}

fn activated(pos: u64, law: &CarriedLaw) -> Entry {
    let said = json!({ "bundle": law.bundle, "reviewer": "County Counsel", "reason": "review" });
    entry(pos, ACTIVATED, said, vec![Fact::LawActivated { bundle: law.bundle }])
}

fn laws() -> Laws {
    Laws::of_build(Bundle::embedded().unwrap())
}

fn code(error: ServiceError) -> &'static str {
    match error {
        ServiceError::Stop { code, .. } => code,
        other => panic!("{other}"),
    }
}

#[test]
fn each_position_has_the_version_that_was_activated_last_at_or_below_it() {
    let (build, tighter) = two();
    let mut laws = laws();
    let log = [
        carried(3, &build),
        carried(4, &tighter),
        activated(6, &tighter),
        activated(9, &build),
        entry(10, ACTIVATED, json!({}), Vec::new()),
    ];
    for entry in &log {
        laws.take(entry).unwrap();
    }
    let expected = [(1, &build), (5, &build), (6, &tighter), (8, &tighter), (9, &build), (99, &build)];
    for (pos, law) in expected {
        assert_eq!(laws.at(LogPos(pos)).hash, law.bundle, "at {pos}");
    }
    let before = laws.clone();
    for entry in &log {
        laws.take(entry).unwrap();
    }
    assert!(laws.activations().eq(before.activations()), "what was taken in before changes nothing");
    assert_eq!(
        laws.activations().map(|a| (a.position.0, a.reviewer.as_str())).collect::<Vec<_>>(),
        [(6, "County Counsel"), (9, "County Counsel")]
    );
}

#[test]
fn a_version_that_is_missing_or_altered_stops_the_hub() {
    let (build, tighter) = two();
    let mut missing = laws();
    missing.take(&carried(3, &build)).unwrap();
    assert_eq!(code(missing.take(&activated(4, &tighter)).unwrap_err()), "HO-4004");
    let mut altered = carried(3, &build);
    let text = altered.commit.events[0].admin.get_mut("files").and_then(|f| f.pointer_mut("/0/text")).unwrap();
    *text = json!(format!("{}#", text.as_str().unwrap()));
    assert_eq!(code(laws().take(&altered).unwrap_err()), "HO-4004");
    let mut emptied = carried(3, &build);
    emptied.commit.events[0].admin = Map::new();
    assert_eq!(code(laws().take(&emptied).unwrap_err()), "HO-4004");
    assert_eq!(code(laws().take(&carried(3, &tighter)).unwrap_err()), "HO-4004", "another law ruled until then");
}
