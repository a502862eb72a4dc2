//! A court's order: exactly its scope, after a review (42 CFR 2.61 to 2.65, 45 CFR 164.512(e)).

use handoff_law::{Obligation, Scope};
use handoff_schemas::RecipientKind::Le;
use handoff_schemas::*;

use crate::authority::claims::*;
use crate::common::*;

/// A generic order opens no Part 2 record, and no order opens what is not in it.
#[test]
fn an_order_opens_exactly_its_scope_after_a_review() {
    let event = Event::of(SUD, &[Category::Referral, Category::BhTreatment]);
    let mut facts = process(SUD, Purpose::Prosecute, order_2_65());
    facts.scope = AskScope {
        categories: vec![Category::Referral],
        elements: vec!["attendance".to_owned()],
        data_from: Some(LogTime(NOW.0 - 10 * DAY)),
        data_before: Some(NOW),
        ..AskScope::default()
    };
    let mut c = county();
    c.asks(&facts);
    assert_eq!(withheld(&c.under(&event, facts.ask), Category::Referral), ["ASK_UNREVIEWED"]);
    review(&mut c, &facts, ReviewOutcome::Release);
    let ruling = c.under(&event, facts.ask);
    assert_eq!(shows(&ruling, Category::Referral), ["attendance"]);
    assert_eq!(withheld(&ruling, Category::BhTreatment), ["ASK_SCOPE"]);
    assert_eq!(ruling.valid_until, Some(LogTime(NOW.0 + 30 * DAY)));
    let grant = &one(&ruling, Category::Referral).outcome.grants()[0];
    assert!(grant.obligations.contains(&Obligation::NoProceedingsAgainstPatient));
    let mut later = event.clone();
    later.asserted_at = Some("2026-11-24T00:00:00Z");
    assert_eq!(withheld(&c.under(&later, facts.ask), Category::Referral), ["ASK_SCOPE"]);
    later.asserted_at = None;
    assert_eq!(withheld(&c.under(&later, facts.ask), Category::Referral), ["ASK_SCOPE"], "no time, no period");
    let refused = review(&mut c, &facts, ReviewOutcome::Refuse);
    assert_eq!(handoff_law::floors(LogPos(99), &refused), [(Scope::Ask(facts.ask), LogPos::INFINITY)]);
    assert_eq!(withheld(&c.under(&event, facts.ask), Category::Referral), ["ASK_ENDED"]);

    let generic = process(SUD, Purpose::CivilProc, court_order());
    nothing_released(&answer(&generic, &Event::of(SUD, &carried())));
    let subpoena =
        process(SUD, Purpose::CivilProc, LegalProcessClaim { kind: Some(ProcessKind::Subpoena), ..order_2_64() });
    nothing_released(&answer(&subpoena, &Event::of(SUD, &carried())));
}

/// 2.65(d)(5): to police only where the holder had its say.
#[test]
fn an_order_for_police_needs_the_holder_heard() {
    let event = Event::of(SUD, &[Category::Referral]);
    let mut claim = order_2_65();
    let for_police = |claim: &LegalProcessClaim| {
        let facts = process(SUD, Purpose::LeInvest, claim.clone());
        answer(&AskFacts { to: to(PATROL, Le), ..facts }, &event)
    };
    nothing_released(&for_police(&claim));
    claim.findings.push(CourtFinding::HolderHeard);
    assert!(for_police(&claim).releases());
}
