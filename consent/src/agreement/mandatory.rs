//! Clauses that the law asks of each kind of agreement (rulebook 7.1), with their law.

use toml::Spanned;

use super::AgreementKind;
use super::document::{Clauses, Word};

const QSOA: &str = "42 CFR 2.11 (qualified service organization)";
const BAA: &str = "45 CFR 164.504(e)(2)";
const DUA: &str = "45 CFR 164.514(e)(4)";
const ILA: &str = "RCW 39.34 or the like";
const MCA: &str = "CJISSECPOL 5.1.1.4";
const CJIS: &str = "28 CFR 20.33(a)(7); CJISSECPOL 5.1.1.5";
const CONTRACTOR: &str = "42 CFR 2.33(c)";
const AUDIT: &str = "42 CFR 2.53";

/// A clause that must be there: its words, its name in the document, its law.
pub(super) type Mandatory<'a> = (Option<&'a Word>, &'static str, &'static str);

/// What the kind asks for. A participation agreement or MOU rests on its flows and its common parts alone.
pub(super) fn clauses(kind: AgreementKind, c: &Clauses) -> Vec<Mandatory<'_>> {
    match kind {
        AgreementKind::Qsoa => vec![
            (c.fully_bound.as_ref(), "fully_bound", QSOA),
            (c.resist_in_judicial_proceedings.as_ref(), "resist_in_judicial_proceedings", QSOA),
        ],
        AgreementKind::Baa => vec![
            (c.permitted_uses.as_ref(), "permitted_uses", BAA),
            (c.safeguards.as_ref(), "safeguards", BAA),
            (c.report.as_ref(), "report", BAA),
            (c.subcontractors.as_ref(), "subcontractors", BAA),
            (c.access_amendment_accounting.as_ref(), "access_amendment_accounting", BAA),
            (c.hhs_books.as_ref(), "hhs_books", BAA),
            (c.return_or_destroy.as_ref(), "return_or_destroy", BAA),
            (c.termination.as_ref(), "termination", BAA),
        ],
        AgreementKind::Dua => vec![
            (c.permitted_uses.as_ref(), "permitted_uses", DUA),
            (c.who_may_use.as_ref(), "who_may_use", DUA),
            (c.no_other_use.as_ref(), "no_other_use", DUA),
            (c.safeguards.as_ref(), "safeguards", DUA),
            (c.report.as_ref(), "report", DUA),
            (c.subcontractors.as_ref(), "subcontractors", DUA),
            (c.no_identify_or_contact.as_ref(), "no_identify_or_contact", DUA),
        ],
        AgreementKind::Ila => vec![(c.governing_body_approvals.as_ref(), "governing_body_approvals", ILA)],
        AgreementKind::Mca => vec![(c.management_control.as_ref(), "management_control", MCA)],
        AgreementKind::Cjis => vec![
            (c.security_addendum.as_ref(), "security_addendum", CJIS),
            (c.screening.as_ref(), "screening", CJIS),
            (c.training.as_ref(), "training", CJIS),
            (c.audit.as_ref(), "audit", CJIS),
        ],
        AgreementKind::Contractor => vec![
            (c.fully_bound.as_ref(), "fully_bound", CONTRACTOR),
            (c.notice.as_ref(), "notice", CONTRACTOR),
            (c.safeguards.as_ref(), "safeguards", CONTRACTOR),
            (c.report.as_ref(), "report", CONTRACTOR),
            (c.no_third_party.as_ref(), "no_third_party", CONTRACTOR),
        ],
        AgreementKind::Audit => vec![
            (c.auditor.as_ref(), "auditor", AUDIT),
            (c.limits_on_use.as_ref(), "limits_on_use", AUDIT),
            (c.no_use_against_patients.as_ref(), "no_use_against_patients", AUDIT),
            (c.safeguards.as_ref(), "safeguards", AUDIT),
            (c.return_or_destroy.as_ref(), "return_or_destroy", AUDIT),
        ],
        AgreementKind::Mou | AgreementKind::Participation => Vec::new(),
    }
}

/// Whether the words are missing or blank.
pub(super) fn lacks(words: Option<&Word>) -> bool {
    words.is_none_or(|w| Spanned::get_ref(w).trim().is_empty())
}
