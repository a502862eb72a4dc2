//! What is written as a FHIR R4 Consent comes back as the same facts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::fhir::*;
use handoff_consent::fhir::{Form, Resolve as _, read, write};
use handoff_schemas::{Category, ConsentFacts, ConsentType, EventType, Expiry, LogTime, Purpose, RecordId, UnitId};
use handoff_spine::scenario::{id, person};
use proptest::prelude::*;
use proptest::sample::subsequence;

fn units(at_least: usize) -> impl Strategy<Value = Vec<UnitId>> {
    let all: Vec<UnitId> = [KEEPER, RESEARCH, SOLO].iter().map(|u| id(u)).collect();
    subsequence(all, at_least..=3)
}

fn events() -> impl Strategy<Value = Vec<EventType>> {
    let all: Vec<EventType> =
        ["encounter.care-reported.v1", "consent.consent-recorded.v1"].map(id::<EventType>).to_vec();
    subsequence(all, 0..=2)
}

fn records() -> impl Strategy<Value = Vec<RecordId>> {
    proptest::collection::vec(any::<u128>().prop_map(|n| record(&n.to_string())), 0..3)
}

/// From a time in this century, with or without an end.
fn bounds() -> impl Strategy<Value = (Option<LogTime>, Option<LogTime>)> {
    let from = proptest::option::of(1_000_000_000_000_i64..2_000_000_000_000);
    (from, proptest::option::of(1_i64..1_000_000_000_000)).prop_map(|(from, length)| {
        let before = length.map(|length| LogTime(from.unwrap_or(1_000_000_000_000) + length));
        (from.map(LogTime), before)
    })
}

fn blank(n: u128, deny: bool) -> ConsentFacts {
    ConsentFacts { deny, ..ConsentFacts::blank(record(&n.to_string()), person(1), ConsentType::General) }
}

fn permissions() -> impl Strategy<Value = (ConsentFacts, Form)> {
    let form = proptest::sample::select(vec!["urn:test:tpo", "urn:test:named", "urn:test:hipaa", "urn:test:general"]);
    let purposes = subsequence(vec![Purpose::Treat, Purpose::Hpaymt, Purpose::Hoperat, Purpose::Coc], 1..=4);
    let categories = subsequence(all_data(), 1..=all_data().len());
    let elements = subsequence(vec!["representative".to_owned(), "restriction".to_owned()], 0..=2);
    let times = (1_000_000_000_000_i64..2_000_000_000_000, 1_i64..1_000_000_000_000, bounds());
    let who = (any::<u128>(), units(1), units(1), any::<bool>());
    (form, who, purposes, categories, elements, times, events(), records()).prop_map(
        |(form, (n, grantors, recipients, class), purposes, categories, elements, times, event_types, records)| {
            let form = KNOWN.form(form).unwrap();
            let (signed, length, (data_from, data_before)) = times;
            let tpo_class = class && form.consent_type == ConsentType::Part2Tpo;
            let facts = ConsentFacts {
                consent_type: form.consent_type,
                grantors: grantors.into(),
                recipients: if tpo_class { [].into() } else { recipients.into() },
                tpo_class,
                treating_participants: false,
                purposes: purposes.into(),
                categories: categories.into(),
                elements: elements.into(),
                data_from,
                data_before,
                records: records.into(),
                event_types: event_types.into(),
                signed_at: LogTime(signed),
                expiry: Expiry::At { at: LogTime(signed + length) },
                ..blank(n, false)
            };
            (facts, form)
        },
    )
}

fn denials() -> impl Strategy<Value = ConsentFacts> {
    let purposes = subsequence(Purpose::ALL.to_vec(), 1..=Purpose::ALL.len());
    let categories = subsequence(Category::ALL.to_vec(), 1..=Category::ALL.len());
    let end = proptest::option::of(1_000_000_000_000_i64..2_000_000_000_000);
    let who = (any::<u128>(), units(0), units(0), any::<bool>());
    (who, purposes, categories, end, bounds(), events(), records()).prop_map(
        |((n, grantors, recipients, restriction), purposes, categories, end, data, event_types, records)| {
            ConsentFacts {
                grantors: grantors.into(),
                recipients: recipients.into(),
                purposes: purposes.into(),
                categories: categories.into(),
                data_from: data.0,
                data_before: data.1,
                records: records.into(),
                event_types: event_types.into(),
                expiry: end.map_or(Expiry::Never, |at| Expiry::At { at: LogTime(at) }),
                restriction,
                ..blank(n, true)
            }
        },
    )
}

/// What is written comes back as one consent with the same facts.
fn comes_back(facts: &ConsentFacts, form: Option<&Form>) -> Result<(), TestCaseError> {
    let resource = write(facts, form).map_err(|refusal| TestCaseError::fail(refusal.to_string()))?;
    let all = read(&resource, &KNOWN).map_err(|refusal| TestCaseError::fail(format!("{refusal}\n{resource}")))?;
    prop_assert_eq!(all.len(), 1);
    prop_assert_eq!(&all[0].facts, facts);
    Ok(())
}

proptest! {
    #[test]
    fn a_written_permission_comes_back((facts, form) in permissions()) {
        comes_back(&facts, Some(&form))?;
    }

    #[test]
    fn a_written_denial_comes_back(facts in denials()) {
        comes_back(&facts, None)?;
    }
}

#[test]
fn what_fhir_cannot_say_is_not_written() {
    let form = KNOWN.form("urn:test:general").unwrap();
    let facts = ConsentFacts { expiry: Expiry::Event { code: "end-of-treatment".to_owned() }, ..blank(1, false) };
    assert_eq!(write(&facts, Some(&form)).unwrap_err().code, "HO-2358");
    assert_eq!(write(&blank(1, false), None).unwrap_err().code, "HO-2358");
}
