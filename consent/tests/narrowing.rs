//! A consent limited in time, to records and to types of events (42 CFR 2.31(a)(3), 45 CFR 164.508(c)(1)(i)).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::common::*;
use handoff_schemas::RecipientKind::{Bhc, Cbo, P2p};
use handoff_schemas::*;

const SUD: &str = "harbor-recovery-sud";
const CLINIC: &str = "willow-clinic-crisis";
const SHELTER: &str = "lantern-shelter-intake";
const CREATED: &str = "referral.referral-created.v1";

fn at(time: &str) -> LogTime {
    LogTime(time.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn authorization() -> ConsentFacts {
    consent(1, ConsentType::HipaaAuthorization, CLINIC, &[SHELTER])
}

/// What the clinic may tell the shelter under these consents, its agreement covering everything.
fn county(consents: &[ConsentFacts]) -> County {
    let mut c = County::river();
    c.agreement(&everything(&[(CLINIC, Bhc), (SHELTER, Cbo)]));
    consents.iter().for_each(|facts| c.consent(facts.clone()));
    c
}

fn referral(time: Option<&'static str>) -> Event {
    let mut event = Event::of(CLINIC, &[Category::Referral]);
    event.event_type = CREATED;
    event.asserted_at = time;
    event
}

#[track_caller]
fn goes(c: &mut County, event: &Event) -> bool {
    let ruling = c.rule(event, &to(SHELTER, Cbo));
    if !ruling.releases() {
        let reasons = withheld(&ruling, event.categories[0]);
        assert!(reasons.iter().any(|r| ["CONSENT_SCOPE", "PERSON_DENIES"].contains(r)), "{reasons:?}");
    }
    ruling.releases()
}

#[test]
fn a_data_period_holds_its_first_and_last_day_whole() {
    // 1 to 20 November 2026 in Los Angeles; summer time ends within the first day.
    let (from, before) = (Some(at("2026-11-01T07:00:00Z")), Some(at("2026-11-21T08:00:00Z")));
    let cases: [(&str, bool, bool); 4] = [
        ("2026-10-31T23:59:59.999-07:00", false, true),
        ("2026-11-01T00:00:00-07:00", true, true),
        ("2026-11-20T23:59:59.999-08:00", true, true),
        ("2026-11-21T00:00:00-08:00", true, false),
    ];
    for (time, after_from, before_end) in cases {
        let event = referral(Some(time));
        let limited = |data_from, data_before| ConsentFacts { data_from, data_before, ..authorization() };
        assert!(goes(&mut county(&[authorization()]), &event), "{time}, no period");
        assert_eq!(goes(&mut county(&[limited(from, None)]), &event), after_from, "{time}, from");
        assert_eq!(goes(&mut county(&[limited(None, before)]), &event), before_end, "{time}, to");
        assert_eq!(goes(&mut county(&[limited(from, before)]), &event), after_from && before_end, "{time}, both");
    }
}

#[test]
fn an_event_without_a_readable_time_is_outside_every_data_period() {
    let from = ConsentFacts { data_from: Some(LogTime(i64::MIN)), ..authorization() };
    let to = ConsentFacts { data_before: Some(LogTime(i64::MAX)), ..authorization() };
    for time in [None, Some(""), Some("yesterday"), Some("2026-11-20"), Some("2026-11-20T21:14:00")] {
        let event = referral(time);
        assert!(goes(&mut county(&[authorization()]), &event), "{time:?}: no period, no question");
        assert!(!goes(&mut county(std::slice::from_ref(&from)), &event), "{time:?}");
        assert!(!goes(&mut county(std::slice::from_ref(&to)), &event), "{time:?}");
    }
    assert!(goes(&mut county(&[from]), &referral(Some("2026-11-20T21:14:00Z"))));
}

#[test]
fn one_memory_rules_the_same_event_by_its_time() {
    let mut c = county(&[ConsentFacts { data_from: Some(at("2026-11-10T00:00:00Z")), ..authorization() }]);
    let (early, late) = (referral(Some("2026-11-09T23:59:59Z")), referral(Some("2026-11-10T00:00:00Z")));
    for _ in 0..2 {
        assert!(!goes(&mut c, &early));
        assert!(goes(&mut c, &late));
        assert!(!goes(&mut c, &referral(None)));
    }
}

#[test]
fn a_consent_limited_to_records_reaches_no_other_record() {
    let mut c = county(&[ConsentFacts { records: [record(7), record(9)].into(), ..authorization() }]);
    for (number, named) in [(7, true), (8, false), (9, true)] {
        let event = Event { record: record(number), ..referral(Some("2026-11-20T21:14:00Z")) };
        assert_eq!(goes(&mut c, &event), named, "record {number}");
    }
}

/// A shelter that may know of a referral learns of no encounter.
#[test]
fn a_consent_limited_to_types_of_events_reaches_no_other_type() {
    let event_types = vec![CREATED.parse().unwrap(), "referral.referral-cancelled.v1".parse().unwrap()];
    let mut c = county(&[ConsentFacts { event_types: event_types.into(), ..authorization() }]);
    let cases = [
        (CREATED, true),
        ("referral.referral-created.v2", true),
        ("referral.referral-accepted.v1", false),
        ("encounter.encounter-opened.v1", false),
        ("encounter.assessment-recorded.v1", false),
    ];
    for (event_type, named) in cases {
        let mut event = Event::of(CLINIC, &[Category::HealthIdentity, Category::Sdoh, Category::AccessNeeds]);
        event.event_type = event_type;
        assert_eq!(goes(&mut c, &event), named, "{event_type}");
        assert!(goes(&mut county(&[authorization()]), &event), "{event_type}: not limited, as wide as its categories");
    }
}

#[test]
fn every_limit_must_hold() {
    let whole = ConsentFacts {
        data_from: Some(at("2026-11-01T00:00:00Z")),
        records: [record(7)].into(),
        event_types: [CREATED.parse().unwrap()].into(),
        elements: ["referral-dates".to_owned()].into(),
        ..authorization()
    };
    let inside = Event { record: record(7), ..referral(Some("2026-11-20T21:14:00Z")) };
    let mut c = county(&[whole]);
    assert_eq!(shows(&c.rule(&inside, &to(SHELTER, Cbo)), Category::Referral), ["referral-dates"]);
    for outside in [
        Event { record: record(8), ..inside.clone() },
        Event { asserted_at: Some("2026-10-20T21:14:00Z"), ..inside.clone() },
        Event { event_type: "referral.referral-accepted.v1", ..inside },
    ] {
        assert!(!goes(&mut c, &outside), "{outside:?}");
    }
}

/// The authorization, and a denial of it for what the limit leaves.
fn denying(limit: fn(&mut ConsentFacts)) -> County {
    let mut facts = consent(2, ConsentType::General, CLINIC, &[]);
    facts.deny = true;
    facts.purposes = Purpose::ALL.to_vec().into();
    limit(&mut facts);
    county(&[authorization(), facts])
}

/// In doubt a denial holds.
#[test]
fn a_limited_denial_holds_where_it_may_apply_and_nowhere_else() {
    let event = Event { record: record(7), ..referral(Some("2026-11-20T21:14:00Z")) };
    assert!(!goes(&mut denying(|_| {}), &event), "all of it");
    let mut old = denying(|d| d.data_before = Some(LogTime(NOW.0 - 30 * DAY)));
    assert!(goes(&mut old, &event));
    assert!(!goes(&mut old, &Event { asserted_at: Some("2026-09-01T00:00:00Z"), ..event.clone() }));
    assert!(!goes(&mut old, &Event { asserted_at: None, ..event.clone() }), "its time is not known");
    assert!(!goes(&mut old, &Event { asserted_at: Some("lately"), ..event.clone() }));
    let mut one = denying(|d| d.records = [record(7)].into());
    assert!(!goes(&mut one, &event));
    assert!(goes(&mut one, &Event { record: record(8), ..event.clone() }));
    let mut kind = denying(|d| d.event_types = ["encounter.encounter-opened.v1".parse().unwrap()].into());
    assert!(goes(&mut kind, &event));
    assert!(!goes(&mut kind, &Event { event_type: "encounter.encounter-opened.v1", ..event }));
}

/// 2.32(b): the recipient is told how far the consent goes, and no id that another partner could know.
#[test]
fn the_scope_explanation_states_the_limits_and_names_no_record() {
    let mut c = County::river();
    c.consent(ConsentFacts {
        data_from: Some(at("2026-11-01T07:00:00Z")),
        data_before: Some(at("2026-11-21T08:00:00Z")),
        records: [record(1), record(7)].into(),
        event_types: ["encounter.care-reported.v1".parse().unwrap()].into(),
        ..consent(1, ConsentType::Part2Named, SUD, &[CLINIC])
    });
    let ruling = c.rule(&Event::of(SUD, &[Category::Medications]), &to(CLINIC, Bhc));
    let notice = one(&ruling, Category::Medications).outcome.grants()[0].notice.clone().unwrap();
    let (en, es) = (notice.scope().en.to_string(), notice.scope().es.as_ref().unwrap().to_string());
    for said in ["2026-11-01 07:00 UTC", "2026-11-21 08:00 UTC", "encounter.care-reported.v1"] {
        assert!(en.contains(said) && es.contains(said), "{said}: {en}");
    }
    assert!(en.contains("certain records") && es.contains("ciertos registros"));
    for number in [1, 7] {
        assert!(!en.contains(&record(number).to_string()) && !es.contains(&record(number).to_string()));
    }
    assert!(c.rule(&Event::of(SUD, &[Category::Medications]), &to(SUD, P2p)).releases(), "its own is its own");
}

#[test]
fn a_consent_of_the_log_that_says_nothing_of_limits_reads_as_it_was_written() {
    let facts = authorization();
    let written = serde_json::to_value(&facts).unwrap();
    for limit in ["data_from", "data_before", "records", "event_types", "elements"] {
        assert!(written.get(limit).is_none(), "{limit}");
    }
    assert_eq!(serde_json::from_value::<ConsentFacts>(written).unwrap(), facts);
}
