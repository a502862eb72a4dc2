//! Rules that no wrong law can break, since Rust alone gathers their facts: each is shown a release that breaks it.
#![allow(clippy::unwrap_used, clippy::panic)]

use handoff_law::Ruling;

use super::*;
use crate::walk::space::{CLINIC, Group, PROGRAM, READERS, Reader, Source, Subject};
use crate::walk::{Space, ruled};

fn to(kind: RecipientKind) -> &'static Reader {
    READERS.iter().find(|reader| reader.kind == kind).unwrap()
}

fn group(source: &'static Source, consent: ConsentType) -> Group {
    let subject = Subject { consent: Some(consent), spoil: None, erased: false };
    Group { source, label: None, subject, unders: &[Under::InForce] }
}

/// A treating clinic's ruling, where the person gave this consent.
fn treated(group: &Group) -> Ruling {
    let case =
        Case { group, reader: Some(to(RecipientKind::Bhc)), purpose: Some(Purpose::Treat), under: Under::InForce };
    ruled(&Bundle::embedded().unwrap(), &Space::small(), &case).unwrap()
}

fn broken(check: &Check) -> bool {
    matches!(check, Check::Broken(_))
}

fn holds(check: &Check) -> bool {
    matches!(check, Check::Holds)
}

/// The answer of a rule to the medicines of a ruling, in a case that may be another than the one ruled.
fn answer(
    check: fn(&Case<'_>, &Found<'_>) -> Check,
    group: &Group,
    reader: &'static Reader,
    grants: &[Grant],
) -> Check {
    let case = Case { group, reader: Some(reader), purpose: Some(Purpose::Treat), under: Under::InForce };
    check(&case, &Found { category: Category::Medications, grants, without: None })
}

#[test]
fn a_release_on_a_consent_that_does_not_count_is_found() {
    let mut told = group(&PROGRAM, ConsentType::Part2Named);
    let ruling = treated(&told);
    let grants = ruling.slice(Category::Medications).unwrap().outcome.grants();
    assert!(grants.iter().any(|grant| grant.consent.is_some()));
    assert!(holds(&answer(part2_closed_list, &told, to(RecipientKind::Bhc), grants)));
    told.subject.spoil = Some(Spoil::Revoked);
    assert!(broken(&answer(consent_stands, &told, to(RecipientKind::Bhc), grants)));
    assert!(broken(&answer(part2_closed_list, &told, to(RecipientKind::Bhc), grants)));
}

/// Rulebook 7.6: B14, B18 and B22 are three bases; a release that states another's is no release of the list.
#[test]
fn a_release_that_states_the_basis_of_another_type_is_found() {
    let told = group(&PROGRAM, ConsentType::Part2Named);
    let ruling = treated(&told);
    let whole = ruling.slice(Category::Medications).unwrap().outcome.grants().first().unwrap().clone();
    for wrong in [handoff_law::Basis::CRIMINAL_JUSTICE, handoff_law::Basis::PROCEEDINGS_CONSENT] {
        let mut grant = whole.clone();
        grant.basis = std::collections::BTreeSet::from([wrong]);
        assert!(broken(&answer(part2_closed_list, &told, to(RecipientKind::Bhc), &[grant])));
    }
}

#[test]
fn a_consent_of_another_type_is_found() {
    let program = group(&PROGRAM, ConsentType::Part2Named);
    let ruling = treated(&program);
    let grants = ruling.slice(Category::Medications).unwrap().outcome.grants();
    assert!(holds(&answer(consent_type, &program, to(RecipientKind::Bhc), grants)));
    let clinic = group(&CLINIC, ConsentType::Part2Named);
    assert!(broken(&answer(consent_type, &clinic, to(RecipientKind::Bhc), grants)));
}

#[test]
fn a_tpo_consent_that_reaches_police_is_found() {
    let told = group(&PROGRAM, ConsentType::Part2Tpo);
    let ruling = treated(&told);
    let grants = ruling.slice(Category::Medications).unwrap().outcome.grants();
    assert!(grants.iter().any(|grant| grant.consent.is_some()));
    assert!(broken(&answer(part2_tpo, &told, to(RecipientKind::Le), grants)));
    assert!(broken(&answer(part2_closed_list, &told, to(RecipientKind::Le), grants)));
}

#[test]
fn a_part2_release_without_notice_label_or_duty_is_found() {
    let told = group(&PROGRAM, ConsentType::Part2Named);
    let ruling = treated(&told);
    let whole = ruling.slice(Category::Medications).unwrap().outcome.grants().first().unwrap().clone();
    let spoils: [fn(&mut Grant); 3] =
        [|grant| grant.notice = None, |grant| grant.labels.clear(), |grant| grant.obligations.clear()];
    assert!(holds(&answer(part2_notice, &told, to(RecipientKind::Bhc), std::slice::from_ref(&whole))));
    for spoil in spoils {
        let mut grant = whole.clone();
        spoil(&mut grant);
        assert!(broken(&answer(part2_notice, &told, to(RecipientKind::Bhc), &[grant])));
    }
}

#[test]
fn what_an_unreviewed_hook_opens_is_found_and_so_is_a_part_2_record() {
    let subject = Subject { consent: None, spoil: None, erased: false };
    let told = |source| Group { source, label: None, subject, unders: &[Under::Unreviewed, Under::Reviewed] };
    let (clinic, program) = (told(&CLINIC), told(&PROGRAM));
    let reader = Some(to(RecipientKind::Le));
    let case = |group, under| Case { group, reader, purpose: Some(Purpose::LeFollowup), under };
    let ruling = |case: &Case<'_>| ruled(&Bundle::embedded().unwrap(), &Space::small(), case).unwrap();
    let opened = ruling(&case(&clinic, Under::Reviewed));
    let grants = opened.slice(Category::Hold).unwrap().outcome.grants();
    assert!(grants.iter().any(|grant| grant.policies.contains("path-state-hook")), "{opened:?}");
    let found = Found { category: Category::Hold, grants, without: None };
    assert!(holds(&hook_reviewed(&case(&clinic, Under::Reviewed), &found)));
    assert!(broken(&hook_reviewed(&case(&clinic, Under::Unreviewed), &found)));
    assert!(broken(&hook_reviewed(&case(&program, Under::Reviewed), &found)));
    for shut in [case(&clinic, Under::Unreviewed), case(&program, Under::Reviewed)] {
        assert!(ruling(&shut).slice(Category::Hold).unwrap().outcome.grants().is_empty());
    }
}

#[test]
fn a_rule_that_never_applied_is_not_proven() {
    let rule = RULES.first().unwrap();
    assert!(matches!(rule.line(&Seen::default(), 0).outcome, Outcome::Undecided(_)));
}
