//! Every leaf of every event type for every recipient kind, along the way a release takes: sliced, ruled, cut to the
//! elements of its grants, presented. Against an expectation derived without the engine (`expected/leaves.py`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use crate::common::*;
use handoff_law::Ruling;
use handoff_schemas::canary::canary_sample;
use handoff_schemas::*;
use serde_json::{Map, Value};

/// `event leaf kind situation` to what shows; `event leaf category` and `event leaf element` to the leaf's tags.
type Answers = BTreeMap<String, String>;

/// An event of the source's that says something in every leaf.
struct Published {
    event_type: &'static EventType,
    source: RecipientKind,
    data: Value,
    sliced: Sliced,
}

impl Published {
    fn new(event_type: &'static EventType, source: RecipientKind) -> Self {
        let registry = Registry::embedded();
        let data = canary_sample(registry, event_type, source, 1).unwrap().data;
        let sliced = registry.slice(event_type, source, &data).unwrap();
        Self { event_type, source, data, sliced }
    }

    fn event(&self, situation: &Situation) -> Event {
        let categories: Vec<_> = self.sliced.slices.keys().copied().collect();
        let facts = facts(self.event_type, &situation.consent);
        Event { event_type: self.event_type.as_str(), facts, ..Event::of("source", &categories) }
    }

    /// What the recipient reads: `retain` is what policy seals a release by, `present` what the read path answers by.
    fn seen(&self, ruling: &Ruling) -> Value {
        let kept = ruling.slices.iter().map(|s| {
            let slice = Value::Object(self.sliced.slices[&s.category].clone());
            let allowed = s.outcome.elements();
            Registry::embedded().retain(self.event_type, self.source, s.category, &slice, &allowed).unwrap()
        });
        present(kept)
    }

    fn answer(&self, leaf: &Leaf, ruling: &Ruling, seen: &Value) -> String {
        // One item stands in every array of the sample.
        let at = leaf.pointer.replace("/*", "/0");
        let said = self.data.pointer(&at).expect("the sample fills every leaf");
        let category = leaf.category.resolve(self.source);
        match seen.pointer(&at) {
            None if category == Category::Administrative => "admin".to_owned(),
            None => "-".to_owned(),
            Some(shown) if shown == said => purposes(ruling, category, leaf.element(self.source)),
            Some(_) => "altered".to_owned(),
        }
    }
}

/// What the services of the two families that a cell asks about state of their events.
fn facts(event_type: &EventType, consent: &ConsentFacts) -> Vec<Fact> {
    let moved = |n| vec![Fact::ReferralMoved { referral: record(n), status: ReferralStatus::Requested }];
    match (event_type.family(), event_type.as_str()) {
        ("consent", _) => vec![Fact::ConsentRecorded { consent: consent.clone() }],
        (
            "referral",
            "referral.referral-created.v1"
            | "referral.referral-requested.v1"
            | "referral.referral-cancelled.v1"
            | "referral.referral-entered-in-error.v1",
        ) => moved(REFERRED),
        ("referral", _) => moved(PERFORMED),
        _ => Vec::new(),
    }
}

/// The purposes that an element of a slice is granted for, a letter each.
fn purposes(ruling: &Ruling, category: Category, element: &str) -> String {
    let grants = ruling.slice(category).map_or(&[][..], |s| s.outcome.grants());
    let holding = grants.iter().filter(|g| g.elements.contains(element));
    let purposes: BTreeSet<Purpose> = holding.flat_map(|g| g.purposes.iter().copied()).collect();
    purposes.into_iter().map(letter).collect()
}

fn letter(purpose: Purpose) -> char {
    match purpose {
        Purpose::Treat => 'T',
        Purpose::Coc => 'C',
        Purpose::Dispatch => 'D',
        Purpose::SceneSafety => 'S',
        Purpose::LeFollowup => 'L',
        Purpose::CjMonitor => 'J',
        Purpose::ProgEval => 'E',
        _ => '?',
    }
}

fn spelled(rule: &CategoryRule) -> String {
    let by_source: String = rule.by_source.iter().map(|(kind, category)| format!(" {kind}={category}")).collect();
    format!("{}{by_source}", rule.default)
}

fn actual() -> Answers {
    let registry = Registry::embedded();
    let mut answers = Answers::new();
    for event_type in registry.types() {
        for leaf in registry.leaves(event_type).unwrap() {
            let name = format!("{event_type} {}", leaf.pointer);
            answers.insert(format!("{name} category"), spelled(&leaf.category));
            answers.insert(format!("{name} element"), leaf.element(RecipientKind::Bhc).to_owned());
        }
    }
    for name in SITUATIONS {
        let mut situation = Situation::of(name);
        for event_type in registry.types() {
            let published = Published::new(event_type, situation.source);
            let event = published.event(&situation);
            for kind in RecipientKind::ALL {
                let ruling = situation.county.rule(&event, &to_kind(*kind));
                let seen = published.seen(&ruling);
                for leaf in registry.leaves(event_type).unwrap() {
                    let answer = published.answer(leaf, &ruling, &seen);
                    answers.insert(format!("{event_type} {} {kind} {name}", leaf.pointer), answer);
                }
            }
        }
    }
    answers
}

/// `expected/leaves.csv`, a cell of one word standing for every situation.
fn expected() -> Answers {
    let mut lines = include_str!("expected/leaves.csv").lines().filter(|l| !l.starts_with('#'));
    let columns: Vec<_> = lines.next().unwrap().split(',').collect();
    let mut answers = Answers::new();
    let mut add = |key: String, answer: &str| assert_eq!(answers.insert(key, answer.to_owned()), None, "a second row");
    for line in lines {
        let fields: Vec<_> = line.split(',').collect();
        assert_eq!(fields.len(), columns.len(), "{line}");
        let name = format!("{} {}", fields[0], fields[1]);
        for (column, field) in columns.iter().zip(&fields).skip(2) {
            if matches!(*column, "category" | "element") {
                add(format!("{name} {column}"), field);
                continue;
            }
            for (index, situation) in SITUATIONS.iter().enumerate() {
                add(format!("{name} {column} {situation}"), field.split('/').nth(index).unwrap_or(field));
            }
        }
    }
    answers
}

#[test]
fn every_leaf_shows_to_every_kind_what_the_rulebook_says_and_nothing_else() {
    let (expected, actual) = (expected(), actual());
    let keys: BTreeSet<&String> = expected.keys().chain(actual.keys()).collect();
    let differs = |key: &&String| expected.get(*key) != actual.get(*key);
    let wrong: Vec<String> = keys
        .into_iter()
        .filter(differs)
        .map(|key| {
            let wanted = expected.get(key).map_or("no such row", String::as_str);
            let got = actual.get(key).map_or("no such leaf", String::as_str);
            format!("{key}: expected {wanted}, got {got}")
        })
        .collect();
    let first = &wrong[..wrong.len().min(40)];
    assert!(
        wrong.is_empty(),
        "{} of {} answers differ, first of all:\n{}",
        wrong.len(),
        expected.len(),
        first.join("\n")
    );
}

#[test]
fn a_unit_reads_in_full_what_it_published_itself() {
    for name in SITUATIONS {
        let mut situation = Situation::of(name);
        for event_type in Registry::embedded().types() {
            let published = Published::new(event_type, situation.source);
            let event = published.event(&situation);
            let ruling = situation.county.rule(&event, &to("source", situation.source));
            let whole = Sliced { admin: Map::new(), slices: published.sliced.slices.clone() };
            assert_eq!(published.seen(&ruling), whole.merge(), "{event_type} {name}");
        }
    }
}
