//! Every (state, step, actor), against a table written out by hand from rulebook 5.5 and not from the code's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{HUB, PERFORMER, REFERRER, STRANGER, creation, referrals, step};
use handoff_referral::{Referral, Step};
use handoff_schemas::{Fact, ReferralStatus};
use handoff_spine::command::Command;
use handoff_spine::scenario::{Said as _, given, id, record_id};

/// state: step -> state (who); `R` referrer, `P` performer, `H` hub.
const EXPECTED: &str = "
draft: requested -> requested (R)
draft: cancelled -> cancelled (R)
draft: entered-in-error -> entered-in-error (R)
requested: accepted -> accepted (P)
requested: rejected -> rejected (P)
requested: cancelled -> cancelled (R H)
requested: failed -> failed (H)
accepted: started -> in-progress (P)
accepted: scheduled -> in-progress (P)
accepted: put-on-hold -> on-hold (P)
accepted: cancelled -> cancelled (R H)
accepted: failed -> failed (P H)
in-progress: put-on-hold -> on-hold (P)
in-progress: completed -> completed (P)
in-progress: failed -> failed (P H)
in-progress: cancelled -> cancelled (R H)
in-progress: scheduled -> in-progress (P)
in-progress: unattended -> in-progress (P)
in-progress: appointment-cancelled -> in-progress (P)
in-progress: appointment-completed -> in-progress (P)
in-progress: monitoring-reported -> in-progress (P)
on-hold: resumed -> in-progress (P)
on-hold: cancelled -> cancelled (R H)
on-hold: failed -> failed (P H)
on-hold: appointment-cancelled -> on-hold (P)
on-hold: monitoring-reported -> on-hold (P)
";

fn word(step: Step) -> &'static str {
    match step {
        Step::Request => "requested",
        Step::Accept => "accepted",
        Step::Reject => "rejected",
        Step::Start => "started",
        Step::Hold => "put-on-hold",
        Step::Resume => "resumed",
        Step::Complete => "completed",
        Step::Fail => "failed",
        Step::Cancel => "cancelled",
        Step::EnterInError => "entered-in-error",
        Step::Schedule => "scheduled",
        Step::NoShow => "unattended",
        Step::CallOff => "appointment-cancelled",
        Step::Attend => "appointment-completed",
        Step::Monitor => "monitoring-reported",
    }
}

fn expected(state: &str, step: Step, actor: &str) -> Option<ReferralStatus> {
    let line = EXPECTED.lines().find_map(|l| l.strip_prefix(&format!("{state}: {} -> ", word(step))))?;
    let (to, who) = line.split_once(" (").unwrap();
    let mark = match actor {
        REFERRER => "R",
        PERFORMER => "P",
        HUB => "H",
        _ => "-",
    };
    who.trim_end_matches(')').split(' ').any(|w| w == mark).then(|| serde_json::from_value(to.into()).unwrap())
}

/// The steps that lead to a state, each by somebody who may take it.
fn path(state: &str) -> Vec<Command> {
    let draft = creation("draft");
    let sent = creation("requested");
    let by = |unit: &str, s: Step| step(unit, s);
    match state {
        "none" => vec![],
        "draft" => vec![draft],
        "requested" => vec![sent],
        "accepted" => vec![sent, by(PERFORMER, Step::Accept)],
        "rejected" => vec![sent, by(PERFORMER, Step::Reject)],
        "in-progress" => vec![sent, by(PERFORMER, Step::Accept), by(PERFORMER, Step::Start)],
        "on-hold" => vec![sent, by(PERFORMER, Step::Accept), by(PERFORMER, Step::Hold)],
        "completed" => {
            vec![sent, by(PERFORMER, Step::Accept), by(PERFORMER, Step::Start), by(PERFORMER, Step::Complete)]
        }
        "failed" => vec![sent, by(HUB, Step::Fail)],
        "cancelled" => vec![sent, by(REFERRER, Step::Cancel)],
        "entered-in-error" => vec![draft, by(REFERRER, Step::EnterInError)],
        other => panic!("{other}"),
    }
}

const STATES: [&str; 11] = [
    "none",
    "draft",
    "requested",
    "accepted",
    "rejected",
    "in-progress",
    "on-hold",
    "completed",
    "failed",
    "cancelled",
    "entered-in-error",
];

/// Who accepts undertakes the care, until the referral ends (42 CFR 2.11).
fn care(from: ReferralStatus, to: ReferralStatus) -> Option<Fact> {
    use ReferralStatus::{Accepted, Cancelled, Completed, Failed, InProgress, OnHold, Requested};
    let (person, unit) = (handoff_spine::scenario::person(1), id(PERFORMER));
    match (from, to) {
        (Requested, Accepted) => Some(Fact::TreatmentBegan { person, unit }),
        (Accepted | InProgress | OnHold, Completed | Failed | Cancelled) => Some(Fact::TreatmentEnded { person, unit }),
        _ => None,
    }
}

#[test]
fn every_state_step_and_actor_agrees_with_the_table_of_the_law() {
    let record = record_id(&id(REFERRER), "ref-1");
    let mut permitted = 0;
    for state in STATES {
        let before = given(referrals()).after_all(&path(state));
        for &s in Step::ALL {
            for actor in [REFERRER, PERFORMER, HUB, STRANGER] {
                let outcome = before.clone().when(&step(actor, s));
                let case = format!("{state} x {} x {actor}", word(s));
                match expected(state, s, actor) {
                    Some(to) => {
                        permitted += 1;
                        let events = outcome.answer().unwrap_or_else(|r| panic!("{case}: {r}"));
                        assert_eq!(events.len(), 1, "{case}");
                        let now: ReferralStatus = serde_json::from_value(state.into()).unwrap();
                        let mut facts =
                            if to == now { vec![] } else { vec![Fact::ReferralMoved { referral: record, status: to }] };
                        facts.extend(care(now, to));
                        assert_eq!(events[0].facts, facts, "{case}");
                        assert_eq!(events[0].person, Some(handoff_spine::scenario::person(1)), "{case}");
                    }
                    None => {
                        let refusal = outcome.answer().err().unwrap_or_else(|| panic!("{case} was accepted"));
                        let blind = state == "none" || actor == STRANGER || (actor == PERFORMER && state == "draft");
                        assert_eq!(refusal.code == "HO-2401", blind, "{case}: {refusal}");
                    }
                }
            }
        }
    }
    let lines: usize = EXPECTED.lines().filter_map(|l| l.split_once('(')).map(|(_, who)| who.split(' ').count()).sum();
    assert_eq!(permitted, lines, "every line of the table was met");
}

#[test]
fn p2_13_a_stranger_cannot_tell_a_referral_from_none() {
    let there = given(referrals()).after_all(&path("requested"));
    for &s in Step::ALL {
        let refused = there.clone().when(&step(STRANGER, s)).then_refused("HO-2401");
        let unknown = given(referrals()).when(&step(STRANGER, s)).then_refused("HO-2401");
        assert_eq!(refused, unknown);
    }
}

#[test]
fn a_draft_is_not_known_to_its_performer() {
    let draft = given(referrals()).after_all(&path("draft"));
    let refused = draft.when(&step(PERFORMER, Step::Accept)).then_refused("HO-2401");
    let unknown = given(referrals()).when(&step(PERFORMER, Step::Accept)).then_refused("HO-2401");
    assert_eq!(refused, unknown);
}

#[test]
fn a_creation_under_an_id_of_the_hub_says_nothing_about_that_id() {
    let record = record_id(&id(REFERRER), "ref-1");
    let ask = creation("requested").on(record);
    let there = given(referrals()).after_all(&path("requested")).when(&ask).then_refused("HO-2402");
    let none = given(referrals()).when(&ask).then_refused("HO-2402");
    assert_eq!(there, none);
    assert_eq!(handoff_spine::scenario::World::new(referrals()).state(record), Referral::None);
}
