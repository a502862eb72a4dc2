#![allow(clippy::unwrap_used)]

use handoff_schemas::RecipientKind;
use handoff_spine::release::SealedSlices;
use serde_json::json;
use uuid::Uuid;

use super::*;

const PLACE: Place = (LogPos(7), 0);

fn event() -> EventId {
    EventId(Uuid::from_u64_pair(4, 7))
}

fn clinic() -> Recipient {
    Recipient { unit: "clinic".parse().unwrap(), kind: RecipientKind::Bhc }
}

/// What position `cause` ruled of the event for the clinic: these categories released, or all withheld.
fn ruled(cause: u64, shown: &[Category]) -> Ruled {
    let slices: Vec<_> = shown.iter().map(|category| json!({ "category": category, "content": "" })).collect();
    let id = Holder::standing(clinic()).release_id(LogPos(cause), event());
    Ruled {
        cause: LogPos(cause),
        at: LogTime(0),
        event: event(),
        event_pos: PLACE.0,
        event_index: PLACE.1,
        event_type: "encounter.arrest-recorded.v1".parse().unwrap(),
        source: "patrol".parse().unwrap(),
        partner: "clinic".parse().unwrap(),
        recipient: clinic(),
        ask: None,
        person: None,
        release: (!shown.is_empty()).then(|| Release {
            id,
            ruling: json!({ "slices": slices }).to_string(),
            slices: SealedSlices::new(&[]).unwrap(),
            scopes: Vec::new(),
            valid_until: None,
            substance: shown.len() as u64,
            index: Vec::new(),
        }),
        withheld: None,
        supersedes: Vec::new(),
    }
}

fn after(rulings: &[(u64, &[Category])]) -> Memory {
    let mut memory = Memory::default();
    for (cause, shown) in rulings {
        memory.note(PLACE, &ruled(*cause, shown), shown.len() as u64);
    }
    memory
}

#[test]
fn what_was_taken_back_is_remembered_with_its_release_and_nothing_else_of_it() {
    let held = Holder::standing(clinic());
    let lost = |cause: u64, categories: &[Category]| Lost {
        holder: held.clone(),
        release: held.release_id(LogPos(cause), event()),
        categories: categories.to_vec(),
    };
    let (report, both): (&[Category], &[Category]) =
        (&[Category::LeReport], &[Category::IncidentIdentity, Category::LeReport]);
    let taken = |rulings: &[(u64, &[Category])]| after(rulings).withdrawn(PLACE, event());
    assert!(taken(&[(7, &[])]).is_empty(), "never held");
    assert!(taken(&[(7, both)]).is_empty(), "held still");
    assert!(taken(&[(7, report), (9, both)]).is_empty(), "more now");
    assert_eq!(taken(&[(7, both), (9, report)]), [lost(7, &[Category::IncidentIdentity])], "in part");
    assert_eq!(taken(&[(7, both), (9, &[]), (11, &[])]), [lost(7, both)], "once, however often it is ruled again");
    let again: &[(u64, &[Category])] = &[(7, both), (9, &[]), (11, report), (13, &[])];
    assert_eq!(taken(again), [lost(7, both), lost(11, report)]);
}
