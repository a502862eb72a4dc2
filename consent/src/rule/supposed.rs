//! What an exception or an order would open, were every fact that it asks for on record.

use handoff_schemas::{Category, Purpose};

use super::asked::flow;
use super::attempt::Attempt;
use crate::engine::Verdict;
use crate::exceptions::ExceptionName;
use crate::facts::SliceFacts;
use crate::memo::Memo;
use crate::situation::{Named, Situation};

/// Whether the exception would open something of the category for this purpose. As under an ask, every axis must open by
/// it, and no agreement and no consent is a candidate.
pub(crate) fn excepted(
    memo: &mut Memo,
    s: &Situation<'_>,
    category: Category,
    name: ExceptionName,
    purpose: Purpose,
) -> bool {
    let Some(law) = s.bundle.exceptions.get(name) else { return false };
    let serves = law.purposes.contains(&purpose) && (law.kinds.is_empty() || law.kinds.contains(&s.recipient.kind));
    if !serves || s.own || category == Category::Administrative {
        return false;
    }
    let Some(flow) = flow(s, (name, law), purpose, category) else { return false };
    let mut attempt = Attempt::new(s, category, purpose);
    attempt.base = whole(s, name, attempt.part2, attempt.base);
    let by = Named { law, to_target: name == ExceptionName::Threat, to_school: name == ExceptionName::SchoolEmergency };
    let mut elements = (*flow.elements).clone();
    for (axis, cell) in &attempt.axes {
        let named = s.named(by, *axis, cell);
        let facts = SliceFacts {
            cell_exception: named.is_some(),
            cell_order: name == ExceptionName::LegalProcess && s.ordered(cell),
            break_glass_barred: s.break_glass_barred(*axis),
            ..attempt.facts(cell, None, None)
        };
        if !matches!(&*memo.verdict(s.bundle, facts), Verdict::Permit(..)) {
            return false;
        }
        if let Some(templates) = named.filter(|t| !t.is_empty()) {
            elements = elements.intersect(&s.bundle.narrowed(templates, category, &[]));
        }
    }
    !attempt.unconsented(elements).is_empty()
}

/// Every required fact of the exception, met. That medical personnel ask is met only where the recipient's kind can have
/// them.
fn whole(s: &Situation<'_>, name: ExceptionName, part2: bool, facts: SliceFacts) -> SliceFacts {
    let medical_personnel = s.bundle.exceptions.medical_kinds.contains(&s.recipient.kind);
    match name {
        ExceptionName::Emergency => {
            SliceFacts { medical_personnel, exception_emergency: true, exception_emergency_2_51: true, ..facts }
        }
        ExceptionName::BreakGlass => SliceFacts {
            medical_personnel,
            break_glass: true,
            exception_break_glass: true,
            exception_emergency_2_51: true,
            ..facts
        },
        ExceptionName::Threat => SliceFacts { exception_threat: true, ..facts },
        ExceptionName::Locate => SliceFacts { exception_locate: true, ..facts },
        ExceptionName::Victim => SliceFacts { exception_victim: true, ..facts },
        ExceptionName::Custody => SliceFacts { exception_custody: true, ..facts },
        ExceptionName::PremisesCrime => SliceFacts { exception_premises_crime: true, ..facts },
        ExceptionName::CrimeAlert => SliceFacts { exception_crime_alert: true, ..facts },
        ExceptionName::MandatedReport => {
            SliceFacts { exception_mandated_report: true, child_abuse_initial: true, ..facts }
        }
        ExceptionName::LegalProcess => SliceFacts { order_and_mandate: part2, court_order: !part2, ..facts },
        ExceptionName::Exposure => SliceFacts { exception_exposure: true, ..facts },
        ExceptionName::SchoolEmergency => SliceFacts { exception_school_emergency: s.school_record(), ..facts },
    }
}
