//! Ruling under an ask: what an exception or an order opens beyond what stands (rulebook 7.3 step 8).
//!
//! No agreement and no consent is a candidate here: what they open is ruled as standing, and stays there.

use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_schemas::{Category, ElementSet, Purpose};

use super::attempt::{Attempt, Opened, citation};
use super::reasons::Why;
use crate::bundle::Standing;
use crate::engine::Verdict;
use crate::exceptions::{Exception, ExceptionName};
use crate::facts::SliceFacts;
use crate::matrix::Basis;
use crate::memo::Memo;
use crate::notice::NoticeForm;
use crate::reason::Reason;
use crate::ruling::{Grant, Obligation, Outcome, Terms};
use crate::situation::{Authority, Situation};

/// One category of an event under the situation's ask.
pub(super) fn slice(memo: &mut Memo, s: &Situation<'_>, category: Category) -> Outcome {
    let mut why = Why::new(s.bundle);
    match grant(memo, s, category, &mut why) {
        Some(grant) => Outcome::Release(vec![grant]),
        None => Outcome::Withhold(why.into_list()),
    }
}

fn grant(memo: &mut Memo, s: &Situation<'_>, category: Category, why: &mut Why<'_>) -> Option<Grant> {
    if category == Category::Administrative {
        why.add(Reason::OutsideMatrix);
        return None;
    }
    // What a unit published itself it reads without asking.
    let Some(by) = s.authority().filter(|_| !s.own) else {
        why.add(Reason::AskPurpose);
        return None;
    };
    if let Err(reason) = s.reach(&by, category) {
        why.add(reason);
        return None;
    }
    let mut attempt = Attempt::new(s, category, by.ask.facts.purpose);
    attempt.base = s.stated(&by, attempt.part2, attempt.base);
    let (opened, narrowing) = open(memo, s, &by, &attempt, why)?;
    let Some(flow) = flow(s, (by.name, by.law), by.ask.facts.purpose, category) else {
        why.add(Reason::NotInTemplate);
        return None;
    };
    let mut elements = (*flow.elements).clone();
    for templates in narrowing.into_iter().filter(|t| !t.is_empty()) {
        elements = elements.intersect(&s.bundle.narrowed(templates, category, &[]));
    }
    let asked = &by.ask.facts.scope.elements;
    if !asked.is_empty() {
        elements = elements.intersect(&ElementSet::of(asked.iter().cloned()));
    }
    elements = attempt.unconsented(elements);
    if elements.is_empty() {
        why.add(Reason::NotInTemplate);
        return None;
    }
    let mut labels = s.labels.clone();
    if attempt.part2 {
        labels.insert(handoff_schemas::LawLabel::Part2);
    }
    let duties = duties(&by, &attempt);
    let terms = Terms {
        purposes: BTreeSet::from([by.ask.facts.purpose]),
        template: Arc::clone(&flow.template),
        elements,
        basis: basis(&by, attempt.part2),
        citation: citation(&opened),
        policies: opened.into_iter().map(|(_, _, policy)| policy.id).collect(),
        labels,
        delete_when_expired: category == Category::SafetyCaution,
    };
    let statement = attempt.part2.then(|| s.bundle.notice(NoticeForm::Short));
    Some(Grant::asked(terms, duties, statement))
}

/// Every axis must open by the exception or the order itself; with what each narrows to.
fn open<'a>(
    memo: &mut Memo,
    s: &Situation<'a>,
    by: &Authority<'a>,
    attempt: &Attempt<'a, '_>,
    why: &mut Why<'_>,
) -> Option<(Opened, Vec<&'a [String]>)> {
    let (mut opened, mut narrowing) = (Opened::new(), Vec::new());
    for (index, (axis, cell)) in attempt.axes.iter().enumerate() {
        let named = s.names(by, *axis, cell);
        let ordered = by.name == ExceptionName::LegalProcess && s.ordered(cell);
        let facts = SliceFacts {
            cell_exception: named.is_some(),
            cell_order: ordered,
            break_glass_barred: s.break_glass_barred(*axis),
            ..attempt.facts(cell, None, None)
        };
        match &*memo.verdict(s.bundle, facts) {
            Verdict::Permit(path, policy) => opened.push((index, *path, policy.clone())),
            Verdict::Deny(floors) if floors.is_empty() => {
                let named = named.is_some() || ordered;
                why.add(if named { Reason::FactMissing } else { Reason::ExceptionElsewhere });
            }
            Verdict::Deny(floors) => attempt.refused(floors, why),
        }
        narrowing.extend(named);
    }
    (opened.len() == attempt.axes.len()).then_some((opened, narrowing))
}

/// The exception's field set; the reader's own templates in an emergency; of an order whatever its scope names.
pub(super) fn flow(
    s: &Situation<'_>,
    (name, law): (ExceptionName, &Exception),
    purpose: Purpose,
    category: Category,
) -> Option<Standing> {
    match &law.template {
        Some(template) => s.bundle.field_set(template, purpose, category),
        None if name == ExceptionName::LegalProcess => {
            Some(Standing { purpose, template: "order".into(), elements: Arc::new(ElementSet::All) })
        }
        None => s.flow(purpose, category),
    }
}

fn basis(by: &Authority<'_>, part2: bool) -> BTreeSet<Basis> {
    let key = if part2 { by.law.part2_cite_basis.or(by.law.cite_basis) } else { by.law.cite_basis };
    key.into_iter().collect()
}

fn duties(by: &Authority<'_>, attempt: &Attempt<'_, '_>) -> Vec<Obligation> {
    let mut duties = Vec::new();
    if attempt.base.identity_uncertain {
        duties.push(Obligation::Uncertrel);
    }
    if by.law.lifts && attempt.base.person_restricts {
        duties.push(Obligation::NoFurtherUse);
    }
    if by.law.lifts && attempt.part2 {
        duties.push(Obligation::DocumentEmergency);
    }
    if by.name == ExceptionName::BreakGlass {
        duties.push(Obligation::Huaprv);
    }
    if by.name == ExceptionName::SchoolEmergency && attempt.axes.iter().any(|(axis, _)| *axis == Category::Education) {
        duties.push(Obligation::FerpaDisclosureLog);
    }
    duties
}
