//! Ruling a recall: whoever holds what was expunged is told to return or destroy it, and nothing else (ST-08, EC-71).

use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_schemas::{Category, Fact, Purpose, UnitId};

use super::reasons::Why;
use crate::engine::Verdict;
use crate::facts::SliceFacts;
use crate::matrix::Basis;
use crate::memo::Memo;
use crate::reason::Reason;
use crate::ruling::{Grant, Outcome, Terms};
use crate::situation::Situation;

/// One category of a recall, for a unit that holds something of what it is about.
pub(super) fn slice(memo: &mut Memo, s: &Situation<'_>, category: Category) -> Outcome {
    let mut why = Why::new(s.bundle);
    let recalled = s.event.facts.iter().find_map(|fact| match fact {
        Fact::RecallOrdered { seal } => Some(seal),
        _ => None,
    });
    // The hub's operator orders for a unit, and is none itself.
    let ordered = *s.event.source == UnitId::operator() && s.target.is_some_and(|u| s.state.active(u));
    // A program recalls by its own channel: Part 2 knows no disclosure to whom it only once made one.
    let of_program = recalled.and_then(|seal| s.state.unit(&seal.unit)).is_none_or(|u| u.part2.applies());
    let facts = SliceFacts {
        parties_active: s.parties_active || ordered,
        never_carried: s.bundle.defaults.never_carried.contains(&category),
        victim_source: s.victim_source(),
        erased: s.erased(category),
        part2: s.part2(category) || of_program,
        recall: !s.own && recalled.is_some(),
        ..SliceFacts::default()
    };
    let flow = s.bundle.field_set(&s.bundle.defaults.recall_template, Purpose::Accounting, category);
    match (&*memo.verdict(s.bundle, facts), flow) {
        (Verdict::Permit(_, policy), Some(flow)) => {
            let terms = Terms {
                purposes: BTreeSet::from([flow.purpose]),
                template: Arc::clone(&flow.template),
                elements: (*flow.elements).clone(),
                basis: BTreeSet::from([Basis::SEALING]),
                policies: BTreeSet::from([Arc::clone(&policy.id)]),
                citation: Arc::clone(&policy.cite),
                labels: s.labels.clone(),
                delete_when_expired: false,
            };
            Outcome::Release(vec![Grant::asked(terms, [], None)])
        }
        (Verdict::Permit(..), None) => {
            why.add(Reason::NotInTemplate);
            Outcome::Withhold(why.into_list())
        }
        (Verdict::Deny(floors), _) => {
            why.floors(floors);
            Outcome::Withhold(why.into_list())
        }
    }
}
