//! What begins or ends by time alone: ruled again at a position of its own, once, and the same in a replay.

use handoff::config::Config;
use handoff::operator;
use handoff_schemas::{ConsentFacts, EventId, Expiry, Fact, LogTime};
use handoff_spine::broker::ServiceName;
use handoff_spine::commit::{Commit, Entry, LoggedEvent};
use handoff_spine::intake::subject;
use handoff_spine::log::{EVENTS, Log};
use handoff_tests::{AGREEMENTS, County, accepted, event, part2_consent, until};
use serde_json::json;

use crate::replay::{follows_from_the_log, recorded};

const DISPATCH: &str = "river-911";
const PATROL: &str = "river-pd-patrol";
const PROGRAM: &str = "harbor-recovery-sud";
const CLINIC: &str = "willow-clinic-crisis";
const REPORTED: &str = "encounter.incident-reported.v1";
const ASSESSED: &str = "encounter.assessment-recorded.v1";

fn now() -> LogTime {
    LogTime(jiff::Timestamp::now().as_millisecond())
}

fn seconds_from_now(seconds: i64) -> LogTime {
    LogTime(now().0 + seconds * 1000)
}

async fn report(county: &County, id: &str) {
    let data = json!({ "incident_number": id, "call": { "type": "welfare-check" } });
    county.publish(DISPATCH, &event(DISPATCH, REPORTED, id, Some("P-1"), data)).await.unwrap();
}

/// Suspends the crisis agreement, and puts the same text in force under another id from an instant on.
async fn renewed(county: &County, begins: LogTime) {
    let (by, reason) = ("County attorney", "it is renewed");
    accepted(operator::suspend(&county.session, "crisis-co-response", 1, by, reason).await.unwrap()).unwrap();
    let time = jiff::Timestamp::from_millisecond(begins.0).unwrap();
    let text = AGREEMENTS[0].replacen("id = \"crisis-co-response\"", "id = \"crisis-renewed\"", 1);
    let text = text.replacen("effective_from = 2026-01-01", &format!("effective_from = {time}"), 1);
    accepted(operator::load(&county.session, &text).await.unwrap()).unwrap();
    assert!(now() < begins, "the renewal took longer than the test has");
}

/// What came after a position.
async fn since(county: &County, pos: u64) -> Vec<Entry> {
    let log = &county.session.log;
    let mut follow = log.follow(EVENTS, pos + 1, &[]).await.unwrap();
    let mut all = Vec::new();
    for _ in pos..log.last(EVENTS).await.unwrap() {
        all.push(log.open(&follow.next().await.unwrap()).unwrap());
    }
    all
}

fn is_due(entry: &Entry) -> bool {
    entry.commit.events.iter().flat_map(|e| &e.facts).any(|fact| matches!(fact, Fact::Due { .. }))
}

/// Reports of the dispatchers in the patrol's view.
async fn reports(county: &County) -> usize {
    county.rows_of(PATROL, DISPATCH, REPORTED).await.unwrap().len()
}

/// Assessments of the program in the clinic's view.
async fn assessments(county: &County) -> usize {
    county.rows_of(CLINIC, PROGRAM, ASSESSED).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_begins_releases_what_came_before_it_without_another_event() {
    let mut county = County::start().await.unwrap();
    report(&county, "inc-1").await;
    let begins = seconds_from_now(5);
    renewed(&county, begins).await;
    county.settle().await.unwrap();
    let last = county.session.log.last(EVENTS).await.unwrap();
    assert_eq!(reports(&county).await, 0, "signed, and not in force yet");

    until("the rows come", async || reports(&county).await == 1).await.unwrap();
    county.settle().await.unwrap();
    let after = since(&county, last).await;
    assert_eq!(after.len(), 1, "nothing but the due event");
    assert!(is_due(&after[0]) && after[0].stored >= begins);
    let opened = recorded(&county).await.into_iter().filter(|r| r.cause == after[0].pos).collect::<Vec<_>>();
    assert!(opened.iter().any(|r| r.release.is_some() && r.recipient.unit.as_str() == PATROL));
    assert!(opened.iter().all(|r| r.recipient.unit.as_str() != DISPATCH), "its own row did not change");
    county.stop().await.unwrap();
}

/// Records the patient's consent again with another end: an instant, where a document names a day.
async fn ends(county: &mut County, end: LogTime) {
    let all = since(county, 0).await;
    let recorded = all.iter().find_map(|entry| {
        let event = entry.commit.events.first()?;
        let consent = event.facts.iter().find_map(|fact| match fact {
            Fact::ConsentRecorded { consent } => Some(consent.clone()),
            _ => None,
        })?;
        Some((entry, event, consent))
    });
    let (entry, event, consent) = recorded.unwrap();
    let consent = ConsentFacts { expiry: Expiry::At { at: end }, ..consent };
    let again = LoggedEvent {
        id: EventId(uuid::Uuid::now_v7()),
        facts: vec![Fact::ConsentRecorded { consent }],
        slices: Vec::new(),
        ..event.clone()
    };
    let commit = Commit { key: "ends sooner".to_owned(), events: vec![again], ..entry.commit.clone() };
    let body = serde_json::to_vec(&commit).unwrap();
    let hub = county.session.hub().unwrap();
    let client = hub.broker.connect(ServiceName::Consent).await.unwrap();
    let log = Log::new(client, hub.vault.log_key().await.unwrap());
    log.append_after_subject(subject("consent", event.record), entry.pos.0, &body).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_ends_darkens_its_rows_and_withdraws_them_at_a_position_of_its_own() {
    let mut county = County::start().await.unwrap();
    let data = json!({ "assessed_at": "2026-11-02T21:14:00Z", "suicide_risk": "low" });
    county.publish(PROGRAM, &event(PROGRAM, ASSESSED, "a-1", Some("H-1"), data)).await.unwrap();
    county
        .publish(PROGRAM, &part2_consent("consent-1", "H-1", &["part2-record", "bh-assessment"]).unwrap())
        .await
        .unwrap();
    county.settle().await.unwrap();
    ends(&mut county, seconds_from_now(5)).await;
    county.settle().await.unwrap();
    let last = county.session.log.last(EVENTS).await.unwrap();
    assert_eq!(assessments(&county).await, 1, "until then it stands");

    until("the rows go", async || assessments(&county).await == 0).await.unwrap();
    county.settle().await.unwrap();
    let after = since(&county, last).await;
    assert!(after.len() == 1 && is_due(&after[0]));
    let all = recorded(&county).await;
    let standing = all
        .iter()
        .rfind(|r| r.event_type.as_str() == ASSESSED && r.recipient.unit.as_str() == CLINIC && r.release.is_some());
    let standing = standing.and_then(|r| r.release.as_ref()).unwrap();
    let withdrawn = all.iter().filter(|r| r.cause == after[0].pos).collect::<Vec<_>>();
    assert!(withdrawn.iter().all(|r| r.release.is_none() && r.recipient.unit.as_str() == CLINIC));
    assert!(withdrawn.iter().any(|r| r.supersedes == [standing.id] && r.withheld.is_some()));
    follows_from_the_log(&county).await;
    county.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_hundred_events_that_an_agreement_opens_are_swept_and_replayed_the_same() {
    const MANY: usize = 110;
    let mut county = County::start().await.unwrap();
    for n in 0..MANY {
        report(&county, &format!("inc-{n}")).await;
    }
    renewed(&county, seconds_from_now(8)).await;
    let last = county.session.log.last(EVENTS).await.unwrap();
    until("all rows come", async || reports(&county).await == MANY).await.unwrap();
    county.settle().await.unwrap();
    let due = since(&county, last).await.into_iter().filter(is_due).collect::<Vec<_>>();
    assert_eq!(due.len(), 1);
    let swept = since(&county, due[0].pos.0).await;
    let swept_by_due = |fact: &Fact| matches!(fact, Fact::Sweep { cause, .. } if *cause == due[0].pos);
    let sweeps = swept.iter().flat_map(|e| &e.commit.events).flat_map(|e| &e.facts).filter(|f| swept_by_due(f)).count();
    assert_eq!(sweeps, 2, "one hundred, and the rest");
    follows_from_the_log(&county).await;
    county.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_was_down_when_it_was_due_appends_one_due_event_and_a_further_start_none() {
    let mut county = County::start().await.unwrap();
    report(&county, "inc-1").await;
    let begins = seconds_from_now(8);
    renewed(&county, begins).await;
    county.settle().await.unwrap();
    let last = county.session.log.last(EVENTS).await.unwrap();
    let config = Config::embedded(county.data());
    let dir = county.stop_keeping().await.unwrap();
    until("it is due", async || now() >= begins).await.unwrap();
    let started = now();
    let county = County::again(dir, &config).await.unwrap();
    until("the rows come", async || reports(&county).await == 1).await.unwrap();
    let mut county = county.restart(&config).await.unwrap();
    report(&county, "inc-2").await;
    county.settle().await.unwrap();
    assert_eq!(reports(&county).await, 2);
    let due = since(&county, last).await.into_iter().filter(is_due).collect::<Vec<_>>();
    assert_eq!(due.len(), 1);
    assert!(due[0].stored >= started, "appended by the hub that started after the time");
    follows_from_the_log(&county).await;
    county.stop().await.unwrap();
}
