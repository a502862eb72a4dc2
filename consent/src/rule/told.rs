//! What a unit is told of in its own right, on no agreement, no consent and no ask: the four items of an emergency that
//! opened its data (42 CFR 2.51(c)), and the recall of what it holds and was expunged (ST-08, EC-71).

use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_schemas::{Category, Claim, Fact, Purpose, UnitId};

use super::reasons::Why;
use crate::engine::Verdict;
use crate::facts::SliceFacts;
use crate::matrix::Basis;
use crate::memo::Memo;
use crate::reason::Reason;
use crate::ruling::{Grant, Outcome, Terms};
use crate::situation::Situation;

/// One category of an ask, for a unit whose data it opened in an emergency: what that unit must document.
pub(super) fn record(memo: &mut Memo, s: &Situation<'_>, category: Category) -> Outcome {
    let in_emergency = |f: &Fact| matches!(f, Fact::AskMade { ask } if matches!(ask.claim, Claim::Emergency(_) | Claim::BreakGlass(_)));
    let facts =
        SliceFacts { emergency_record: !s.own && s.event.facts.iter().any(in_emergency), ..common(s, category) };
    let template = &s.bundle.exceptions.record_template;
    by_field_set(memo, s, category, facts, template, Basis::EMERGENCY)
}

/// One category of a recall, for a unit that holds something of what it is about: to return or destroy it.
pub(super) fn recall(memo: &mut Memo, s: &Situation<'_>, category: Category) -> Outcome {
    let recalled = s.event.facts.iter().find_map(|fact| match fact {
        Fact::RecallOrdered { seal } => Some(seal),
        _ => None,
    });
    // The hub's operator orders for a unit, and is none itself.
    let ordered = *s.event.source == UnitId::operator() && s.target.is_some_and(|u| s.state.active(u));
    // A program recalls by its own channel: Part 2 knows no disclosure to whom it only once made one.
    let of_program = recalled.and_then(|seal| s.state.unit(&seal.unit)).is_none_or(|u| u.part2.applies());
    let usual = common(s, category);
    let facts = SliceFacts {
        parties_active: usual.parties_active || ordered,
        part2: usual.part2 || of_program,
        recall: !s.own && recalled.is_some(),
        ..usual
    };
    by_field_set(memo, s, category, facts, &s.bundle.defaults.recall_template, Basis::SEALING)
}

fn common(s: &Situation<'_>, category: Category) -> SliceFacts {
    SliceFacts {
        parties_active: s.parties_active,
        never_carried: s.bundle.defaults.never_carried.contains(&category),
        victim_source: s.victim_source(),
        erased: s.erased(category),
        part2: s.part2(category),
        ..SliceFacts::default()
    }
}

/// Exactly the field set, where the law permits it on these facts.
fn by_field_set(
    memo: &mut Memo,
    s: &Situation<'_>,
    category: Category,
    facts: SliceFacts,
    template: &str,
    basis: Basis,
) -> Outcome {
    let mut why = Why::new(s.bundle);
    let flow = s.bundle.field_set(template, Purpose::Accounting, category);
    match (&*memo.verdict(s.bundle, facts), flow) {
        (Verdict::Permit(_, policy), Some(flow)) => {
            let terms = Terms {
                purposes: BTreeSet::from([flow.purpose]),
                template: Arc::clone(&flow.template),
                elements: (*flow.elements).clone(),
                basis: BTreeSet::from([basis]),
                policies: BTreeSet::from([Arc::clone(&policy.id)]),
                citation: Arc::clone(&policy.cite),
                labels: s.labels.clone(),
                delete_when_expired: false,
            };
            return Outcome::Release(vec![Grant::asked(terms, [], None)]);
        }
        (Verdict::Permit(..), None) => why.add(Reason::NotInTemplate),
        (Verdict::Deny(floors), _) => why.floors(floors),
    }
    Outcome::Withhold(why.into_list())
}
