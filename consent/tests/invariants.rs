//! Invariants of rulebook 11 and design.md over random counties, consents and events.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod choices;
pub mod histories;
mod release;
pub mod worlds;

use std::collections::BTreeSet;

use crate::common::*;
use handoff_law::{Grant, Memo, Outcome, PolicyState, Ruling, Scope, SliceFacts};
use handoff_schemas::*;
use histories::*;
use proptest::prelude::*;

fn kind_of(c: &County, unit: &UnitId) -> RecipientKind {
    c.state.unit(unit).unwrap().roles[0]
}

fn county(history: &[(Fact, UnitId, bool)]) -> County {
    let mut c = County::river();
    let roles: Vec<_> = UNITS.iter().map(|u| (*u, kind_of(&c, &unit_id(u)))).collect();
    c.agreement(&everything(&roles));
    for (fact, by, later) in history {
        if *later {
            c.at = LogTime(c.at.0 + 10 * DAY);
        }
        c.fold(by.as_str(), vec![fact.clone()]);
    }
    c
}

fn grants(ruling: &Ruling) -> Vec<(Category, Grant)> {
    let of = |s: &handoff_law::SliceRuling| {
        let category = s.category;
        s.outcome.grants().iter().cloned().map(move |g| (category, g)).collect::<Vec<_>>()
    };
    ruling.slices.iter().flat_map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// `County::rule` compares memo, second memo and cold ruling each time.
    #[test]
    fn i6_a_ruling_is_deterministic_and_the_memo_equals_a_cold_one(
        history in any_history(), events in proptest::collection::vec(any_event(), 1..4)
    ) {
        let (mut c, mut twin) = (county(&history), county(&history));
        let snapshot: PolicyState = serde_json::from_value(serde_json::to_value(&c.state).unwrap()).unwrap();
        prop_assert_eq!(&snapshot, &c.state);
        for event in &events {
            for recipient in c.state.recipients(&event.source) {
                let ruling = c.rule(event, &recipient);
                prop_assert_eq!(&ruling, &twin.rule(event, &recipient));
                for purpose in [Purpose::Treat, Purpose::Dispatch, Purpose::Prosecute, Purpose::Etreat] {
                    prop_assert_eq!(c.ask(event, &recipient, purpose), twin.ask(event, &recipient, purpose));
                }
            }
        }
    }

    /// I1: what is released rests on an agreement in force, or needs none; a consented grant on a consent that stands.
    /// I3: no consented Part 2 grant without its notice and scope. A8: the labels travel.
    #[test]
    fn i1_i3_a8_every_grant_has_its_authority_its_notice_and_its_labels(history in any_history(), event in any_event()) {
        let mut c = county(&history);
        for recipient in c.state.recipients(&event.source) {
            let ruling = c.rule(&event, &recipient);
            for (category, grant) in grants(&ruling) {
                let source = c.state.unit(&event.source).unwrap();
                let part2 = source.part2.applies() || event.labels.contains(&LawLabel::Part2) || category == Category::Part2Record;
                let own = recipient.unit == event.source;
                if own {
                    prop_assert!(grant.agreement.is_none() && grant.consent.is_none());
                    continue;
                }
                if part2 {
                    prop_assert!(grant.labels.contains(&LawLabel::Part2), "label lost");
                    prop_assert!(grant.obligations.contains(&handoff_law::Obligation::NoProceedingsAgainstPatient));
                    prop_assert!(grant.consent.is_some(), "Part 2 without consent");
                    prop_assert!(grant.notice.as_ref().is_some_and(|n| !n.text().is_empty() && !n.scope().en.is_empty()));
                }
                prop_assert!(event.labels.iter().all(|l| grant.labels.contains(l)));
                match &grant.agreement {
                    Some(basis) => {
                        let state = c.state.agreements().find(|a| a.id == basis.id).unwrap();
                        prop_assert!(matches!(state.force(c.at), handoff_law::Force::InForce(_)));
                        prop_assert!(ruling.scopes.contains(&Scope::Agreement(basis.id.clone())));
                    }
                    None => prop_assert!(grant.purposes.iter().all(|p| *p == Purpose::Dispatch)),
                }
                if let Some(basis) = &grant.consent {
                    let consent = c.state.consent(basis.record).unwrap();
                    prop_assert!(consent.stands(&recipient.unit, c.at) && consent.vouched() && !consent.facts.deny);
                    prop_assert!(c.state.person_cluster(event.person.unwrap()).contains(&consent.facts.person));
                    prop_assert!(ruling.scopes.contains(&Scope::Consent(basis.record)));
                    prop_assert!(consent.facts.grantors.contains(&event.source));
                }
            }
        }
    }

    /// I9: whatever happened, an officer's view stays inside F1, F2, F3, F7-min, the officer's own data and counts.
    #[test]
    fn i9_what_police_see_stays_inside_their_templates(history in any_history(), event in any_event()) {
        let mut c = county(&history);
        let recipient = to("river-pd-patrol", RecipientKind::Le);
        prop_assume!(event.source != recipient.unit);
        let ruling = c.rule(&event, &recipient);
        let templates = c.bundle.templates.clone();
        for slice in ruling.slices.iter().filter(|s| s.category != Category::Aggregate) {
            let allowed = ["F1", "F2", "F3", "F7-min"].iter().filter_map(|t| templates.get(t).unwrap().elements(slice.category));
            let allowed = allowed.fold(ElementSet::none(), |all, one| all.union(one));
            let ElementSet::Some(shown) = slice.outcome.elements() else {
                return Err(TestCaseError::fail(format!("{} in full", slice.category)));
            };
            prop_assert!(shown.iter().all(|e| allowed.contains(e)), "{}: {:?}", slice.category, shown);
        }
    }

    /// I13: no type of consent stands in for another: one of every wrong type, whole in all else, opens nothing more.
    #[test]
    fn i13_a_consent_of_another_type_opens_nothing(
        source in any_unit(), recipient in any_unit(), categories in proptest::collection::btree_set(any_category(), 1..8)
    ) {
        use ConsentType::*;
        prop_assume!(source != recipient);
        let mut c = county(&[]);
        let event = Event::of(source.as_str(), &categories.into_iter().collect::<Vec<_>>());
        let recipient = Recipient { kind: kind_of(&c, &recipient), unit: recipient };
        let facts = c.state.unit(&source).unwrap().clone();
        let right: &[ConsentType] = match (facts.part2.applies(), facts.hipaa.is_covered()) {
            (true, _) => &[Part2Named, Part2Tpo],
            (false, true) => &[HipaaAuthorization],
            (false, false) => &[HipaaAuthorization, General],
        };
        let bare = c.rule(&event, &recipient);
        let all = [Part2Named, Part2Tpo, Part2CounselingNotes, Part2Proceedings, Part2CriminalJustice, HipaaAuthorization, General];
        for (n, kind) in (0u64..).zip(all.into_iter().filter(|k| !right.contains(k))) {
            let mut wrong = consent(n, kind, source.as_str(), &[recipient.unit.as_str()]);
            wrong.purposes = match kind {
                Part2Proceedings => [Purpose::Prosecute].into(),
                Part2Tpo => wrong.purposes,
                _ => [Purpose::Treat, Purpose::Dispatch, Purpose::SceneSafety, Purpose::LeFollowup].into(),
            };
            c.consent(wrong);
        }
        let after = c.rule(&event, &recipient);
        for category in event.categories.iter().filter(|c| **c != Category::Part2Record) {
            prop_assert_eq!(
                one(&bare, *category).outcome.elements(), one(&after, *category).outcome.elements(), "{}", category
            );
        }
    }

    /// 2.31(a)(3): a shorter period, fewer records or fewer types of events never add a release; of a denial they never
    /// take one away.
    #[test]
    fn limiting_a_consent_never_adds_a_release(
        history in any_history(), event in any_event(), wide in any_limits(), more in any_limits(), deny in any::<bool>()
    ) {
        let (mut before, mut after) = (county(&history), county(&history));
        let part2 = before.state.unit(&event.source).unwrap().part2.applies() || event.labels.contains(&LawLabel::Part2);
        let kind = if part2 { ConsentType::Part2Named } else { ConsentType::HipaaAuthorization };
        let mut whole = consent(9, kind, event.source.as_str(), UNITS);
        whole.person = event.person.unwrap();
        whole.purposes = Purpose::ALL.iter().copied().filter(|p| !p.is_proceeding()).collect();
        whole.deny = deny;
        let wide = limited(whole, wide);
        before.consent(wide.clone());
        after.consent(limited(wide, more));
        for recipient in before.state.recipients(&event.source) {
            let (before, after) = (before.rule(&event, &recipient), after.rule(&event, &recipient));
            for (before, after) in before.slices.iter().zip(after.slices.iter()) {
                let (less, more) = if deny { (before, after) } else { (after, before) };
                prop_assert!(
                    within(&less.outcome.elements(), &more.outcome.elements()), "{} to {recipient}", before.category
                );
            }
        }
    }

    /// I14, in shape: never-carried categories reach nobody, whoever asks for whatever.
    #[test]
    fn i14_never_carried_categories_reach_nobody(history in any_history(), source in any_unit(), purpose in proptest::sample::select(Purpose::ALL)) {
        let mut c = county(&history);
        let never: Vec<_> = c.bundle.defaults.never_carried.iter().copied().collect();
        prop_assert_eq!(
            never.iter().map(|c| c.id()).collect::<BTreeSet<_>>(), BTreeSet::from(["C07", "C15", "C18", "C22", "C32"])
        );
        let event = Event::of(source.as_str(), &never);
        for recipient in c.state.recipients(&event.source) {
            nothing_released(&c.ask(&event, &recipient, purpose));
            nothing_released(&c.rule(&event, &recipient));
        }
    }

    /// A4, as far as this crate goes: when a fact changes what a recipient may see for less, a floor it sets is on a
    /// scope the earlier ruling named, or time ended the ruling.
    #[test]
    fn a4_every_narrowing_floors_what_stood_before(history in any_history(), next in any_fact(), by in any_unit(), event in any_event()) {
        let mut c = county(&history);
        let recipients = c.state.recipients(&event.source);
        let before: Vec<_> = recipients.iter().map(|r| c.rule(&event, r)).collect();
        c.fold(by.as_str(), vec![next.clone()]);
        let floors = handoff_law::floors(LogPos(c.pos), std::slice::from_ref(&next));
        for (recipient, before) in recipients.iter().zip(before) {
            let after = c.rule(&event, recipient);
            let narrower = before.slices.iter().zip(after.slices.iter()).any(|(b, a)| {
                matches!(b.outcome, Outcome::Release(_)) && !within(&b.outcome.elements(), &a.outcome.elements())
            });
            let hidden = floors.iter().any(|(scope, floor)| before.scopes.contains(scope) && before.at_pos < *floor);
            prop_assert!(!narrower || hidden, "{recipient} keeps reading after {next:?}");
        }
    }

    /// What may change the answer is ruled again, widening or narrowing.
    #[test]
    fn every_change_of_an_answer_is_ruled_again(history in any_history(), next in any_fact(), by in any_unit(), event in any_event()) {
        use handoff_law::Rerule;
        let mut c = county(&history);
        let recipients = c.state.recipients(&event.source);
        let before: Vec<_> = recipients.iter().map(|r| c.rule(&event, r)).collect();
        let again = c.fold(by.as_str(), vec![next.clone()]);
        let reached = again.iter().any(|r| match r {
            Rerule::Person(p) => c.state.person_cluster(*p).contains(&event.person.unwrap()),
            Rerule::Agreement(a) => c.state.agreement_units(a).contains(&event.source),
            Rerule::Unit(u) => *u == event.source,
        });
        for (recipient, before) in recipients.iter().zip(before) {
            let after = c.rule(&event, recipient);
            let shown = |r: &Ruling| r.slices.iter().map(|s| s.outcome.elements()).collect::<Vec<_>>();
            prop_assert!(reached || shown(&before) == shown(&after), "{recipient} after {next:?}");
        }
    }

    /// Time alone changes no answer without a due event that has it ruled again, and takes nothing away before the end
    /// that the earlier ruling named.
    #[test]
    fn a4_time_alone_changes_nothing_unannounced(history in any_history(), event in any_event(), days in 1i64..120) {
        use handoff_law::Rerule;
        let mut c = county(&history);
        let recipients = c.state.recipients(&event.source);
        let before: Vec<_> = recipients.iter().map(|r| c.rule(&event, r)).collect();
        c.at = LogTime(c.at.0 + days * DAY);
        let again = c.fold("hub-operator", vec![Fact::Due { change: c.at }]);
        prop_assert!(c.state.next_due().is_none_or(|next| next > c.at), "one due event covers all that has passed");
        let reached = again.iter().any(|r| match r {
            Rerule::Person(p) => c.state.person_cluster(*p).contains(&event.person.unwrap()),
            Rerule::Agreement(a) => c.state.agreement_units(a).contains(&event.source),
            Rerule::Unit(u) => *u == event.source,
        });
        for (recipient, before) in recipients.iter().zip(before) {
            let after = c.rule(&event, recipient);
            let shown = |r: &Ruling| r.slices.iter().map(|s| s.outcome.elements()).collect::<Vec<_>>();
            prop_assert!(reached || shown(&before) == shown(&after), "{recipient} is not ruled again");
            let narrower = shown(&before).iter().zip(&shown(&after)).any(|(b, a)| !within(b, a));
            let ended = before.valid_until.is_some_and(|end| end <= c.at);
            prop_assert!(!narrower || ended, "{recipient} keeps reading");
        }
    }

    /// The memo of verdicts equals Cedar on every set of facts, reachable or not.
    #[test]
    fn any_set_of_facts_has_one_verdict(bits in proptest::collection::vec(any::<u64>(), 1..20)) {
        let bundle = handoff_law::Bundle::embedded().unwrap();
        for bits in bits {
            let facts = SliceFacts::from_bits(bits);
            let verdict = bundle.engine.evaluate(&facts);
            prop_assert_eq!(&verdict, &bundle.engine.evaluate(&facts));
            if let handoff_law::Verdict::Permit(path, _) = verdict {
                let barred = facts.never_carried || facts.erased || !facts.parties_active
                    || (!facts.own && (facts.person_denies || facts.agreement_prohibits || facts.cell_denied || facts.victim_source))
                    || (facts.part2 && facts.proceeding && !facts.consent_proceedings && !facts.order_and_mandate)
                    || (facts.part2 && facts.consent && !facts.notice_ready)
                    || (facts.break_glass && facts.break_glass_barred)
                    || (facts.part2 && (facts.exception_threat || facts.exception_locate || facts.exception_custody))
                    || (facts.exception_break_glass && !facts.medical_personnel);
                prop_assert!(!barred, "{path:?} in spite of a floor: {facts:?}");
            }
        }
    }
}

fn within(part: &ElementSet, whole: &ElementSet) -> bool {
    match (part, whole) {
        (_, ElementSet::All) => true,
        (ElementSet::All, ElementSet::Some(_)) => false,
        (ElementSet::Some(a), ElementSet::Some(b)) => a.is_subset(b),
    }
}

#[test]
fn a_memo_turned_to_another_bundle_forgets() {
    let mut c = County::river();
    let event = Event::of("river-911", &[Category::Location]);
    let recipient = to("river-pd-patrol", RecipientKind::Le);
    assert!(c.rule(&event, &recipient).releases());
    let mut files = handoff_law::Bundle::embedded_files();
    let matrix = files.get_mut("matrix.csv").unwrap();
    *matrix = matrix.replacen(
        "C04,location,Incident location (CAD),LE,P,B37",
        "C04,location,Incident location (CAD),LE,D,B37",
        1,
    );
    let stricter = handoff_law::Bundle::parse(&files).unwrap();
    assert_ne!(stricter.hash, c.bundle.hash);
    let event_type = event.event_type.parse().unwrap();
    let facts = event.facts(&event_type);
    let mut memo = Memo::new();
    assert!(memo.rule(&c.bundle, &c.state, &facts, &recipient, NOW).releases());
    assert!(!memo.rule(&stricter, &c.state, &facts, &recipient, NOW).releases());
    assert!(memo.rule(&c.bundle, &c.state, &facts, &recipient, NOW).releases());
}

/// Where several exceptions open a slice, the one that is named does not depend on the order in which Cedar answers.
#[test]
fn of_several_exceptions_the_same_is_always_named() {
    let bundle = handoff_law::Bundle::embedded().unwrap();
    let facts = SliceFacts {
        parties_active: true,
        cell_exception: true,
        exception_threat: true,
        exception_victim: true,
        exception_locate: true,
        exception_custody: true,
        ..SliceFacts::default()
    };
    let first = bundle.engine.evaluate(&facts);
    assert!(matches!(first, handoff_law::Verdict::Permit(..)), "{first:?}");
    for _ in 0..64 {
        assert_eq!(first, bundle.engine.evaluate(&facts));
        assert_eq!(first, handoff_law::Bundle::embedded().unwrap().engine.evaluate(&facts));
    }
}
