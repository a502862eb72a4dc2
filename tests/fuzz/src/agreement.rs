use std::collections::BTreeSet;

use handoff_law::{Agreement, AgreementError, Bundle};
use handoff_schemas::Category;
use miette::{Diagnostic as _, GraphicalReportHandler, GraphicalTheme};

use super::sound::{coded, placed};

/// Faults of one document that are shown as people see them; each repeats lines of the document.
const SHOWN: usize = 8;

/// An agreement document, as `handoff agreement check` reads it.
pub fn agreement(bytes: &[u8]) -> bool {
    let Ok(document) = std::str::from_utf8(bytes) else { return false };
    let faults = Agreement::faults(document);
    match Agreement::parse(document) {
        Ok(agreement) => {
            assert!(faults.is_empty(), "taken with faults");
            sound(&agreement);
            true
        }
        Err(first) => {
            assert_eq!(faults.first().map(ToString::to_string), Some(first.to_string()), "another fault is the first");
            faults.iter().take(SHOWN).for_each(|fault| told(fault, document));
            false
        }
    }
}

/// What rulings rely on in any agreement (rulebook 7.1), and that the log gives it back as it was.
fn sound(agreement: &Agreement) {
    let bundle = Bundle::embedded().expect("the law of this build");
    let never = &bundle.defaults.never_carried;
    let units: BTreeSet<_> = agreement.parties.iter().map(|p| &p.unit).collect();
    assert!(agreement.version > 0 && units.len() >= 2, "an agreement of nobody");
    assert_eq!(units.len(), agreement.parties.len(), "a party stands twice");
    assert!(agreement.kind.carries_flows() || agreement.flows.is_empty(), "a flow that its kind cannot have");
    assert!(agreement.effective_to.is_none_or(|end| end > agreement.effective_from), "it is never in force");
    for flow in &agreement.flows {
        let mut named = flow.from.iter().chain(&flow.to);
        assert!(named.all(|unit| units.contains(unit)), "a flow of a unit that is no party");
        assert!(!flow.from.is_empty() && !flow.to.is_empty(), "a flow between nobody");
        assert!(!flow.roles.is_empty() && !flow.purposes.is_empty(), "a flow to no role or for no purpose");
        let carried = |c: &Category| *c != Category::Administrative && !never.contains(c);
        assert!(flow.categories.iter().all(carried), "a flow of what is never carried");
    }
    let written = serde_json::to_string(agreement).expect("terms can be written");
    let read: Agreement = serde_json::from_str(&written).expect("terms can be read again");
    assert_eq!(read, *agreement, "the log gives back other terms");
}

/// A fault has its code, law and remedy, lies in the document, and can be shown at its place.
fn told(fault: &AgreementError, document: &str) {
    coded(fault.code);
    placed(fault.line, document);
    assert!(fault.line > 0 && !fault.citation.is_empty() && !fault.help.is_empty(), "a fault without place or remedy");
    for label in fault.labels().into_iter().flatten() {
        assert!(label.offset() + label.len() <= document.len(), "a fault outside the document");
    }
    let mut shown = String::new();
    let report = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor());
    report.render_report(&mut shown, fault).expect("a fault can be shown");
}
