//! What must hold of every ruling, whatever the facts: the rulebook's own words, said again without the engine.

mod bases;

use handoff_law::{Bundle, Decision, Grant, Obligation, Requirement, Withheld};
use handoff_schemas::{Category, ConsentType, LawLabel, Purpose, RecipientKind};

use super::Seen;
use super::case::Case;
use super::space::{Spoil, Under};
use crate::report::{Counterexample, Line, Method, Outcome};
use bases::{Basis, PART2, PROCEEDINGS, WITHOUT_AGREEMENT};

/// Rulebook 0.7 and 7.6: the hub answers D for these, whatever their cells say about the source.
pub(super) const NEVER_CARRIED: [&str; 5] = ["C07", "C15", "C18", "C22", "C32"];

/// Rulebook 7.7: break-glass is never available to these.
const NO_BREAK_GLASS: [RecipientKind; 4] =
    [RecipientKind::Le, RecipientKind::Psap, RecipientKind::Cbo, RecipientKind::Cj];

/// What the engine answered for one slice of a case.
pub(super) struct Found<'a> {
    pub category: Category,
    /// None: withheld.
    pub grants: &'a [Grant],
    /// Why it is withheld where there is no agreement; none where that was not asked.
    pub without: Option<&'a [Withheld]>,
}

/// What a rule says to one slice of a case.
pub(super) enum Check {
    /// The rule does not speak of it.
    Elsewhere,
    Holds,
    /// And why.
    Broken(String),
}

/// One rule over all cases.
pub(super) struct Rule {
    pub id: &'static str,
    title: &'static str,
    cite: &'static str,
    pub check: fn(&Case<'_>, &Found<'_>) -> Check,
}

impl Rule {
    /// The rule with what was seen of it. One that never applied says nothing.
    pub fn line(&self, seen: &Seen, millis: u64) -> Line {
        let outcome = match &seen.broken {
            Some((_, counterexample)) => Outcome::Failed(counterexample.clone()),
            None if seen.applied == 0 => Outcome::Undecided("no case of the walk is one of these".to_owned()),
            None => Outcome::Proven,
        };
        Line {
            id: self.id.to_owned(),
            title: self.title.to_owned(),
            cite: self.cite.to_owned(),
            method: Method::Walk,
            millis,
            applied: Some(seen.applied),
            outcome,
        }
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "walk-part2-closed-list",
        title: "no Part 2 slice reaches another unit without one basis of the closed list, with all its facts",
        cite: "rulebook 1.2, 1.5, 1.7, 1.8",
        check: part2_closed_list,
    },
    Rule {
        id: "walk-part2-tpo",
        title: "a TPO consent never carries anything to law enforcement, a court or any unit outside its class",
        cite: "rulebook 0.2; 42 CFR 2.31(a)(4)(i), 2.33",
        check: part2_tpo,
    },
    Rule {
        id: "walk-part2-notice",
        title: "every Part 2 release keeps its label and duties; a consented one has notice and scope with it",
        cite: "rulebook 11, I3, I5; 42 CFR 2.12(d), 2.32",
        check: part2_notice,
    },
    Rule {
        id: "walk-part2-proceedings",
        title: "no Part 2 slice goes into a proceeding or investigation without a 2.31(d) consent or an order",
        cite: "rulebook P2-10; 42 CFR 2.12(d)(1)",
        check: part2_proceedings,
    },
    Rule {
        id: "walk-never-carried",
        title: "C07, C15, C18, C22 and C32 reach nobody, for no purpose, their own source included",
        cite: "rulebook 0.7, 7.6; rulebook 11, I14",
        check: never_carried,
    },
    Rule {
        id: "walk-break-glass",
        title: "break-glass is never available to police, dispatch, community services or courts",
        cite: "rulebook 7.7, BTG",
        check: break_glass,
    },
    Rule {
        id: "walk-consent-stands",
        title: "nothing rests on a consent that was revoked, has expired, or is about others",
        cite: "rulebook P2-18, 7.4; rulebook 11, I2",
        check: consent_stands,
    },
    Rule {
        id: "walk-consent-type",
        title: "a consent of one type never satisfies another",
        cite: "rulebook P2-16; rulebook 11, I13",
        check: consent_type,
    },
    Rule {
        id: "walk-person-denies",
        title: "what the person denies goes to nobody",
        cite: "rulebook 7.4; 45 CFR 164.522(a); 42 CFR 2.26",
        check: person_denies,
    },
    Rule {
        id: "walk-agreement",
        title: "without an agreement in force nothing flows but what needs none",
        cite: "rulebook 7.3 step 6; rulebook 11, I1, I11",
        check: agreement,
    },
    Rule {
        id: "walk-agreement-and-floors",
        title: "adding an agreement never permits what a law floor forbids",
        cite: "rulebook 7.3: deny overrides",
        check: agreement_and_floors,
    },
    Rule {
        id: "walk-agreement-prohibits",
        title: "what an agreement in force rules out, no clause permits",
        cite: "rulebook 7.1, prohibited uses",
        check: agreement_prohibits,
    },
    Rule {
        id: "walk-hook-reviewed",
        title: "what a hook of state law opens, somebody reviewed, and it is no Part 2 record",
        cite: "rulebook 4; 42 CFR 2.20",
        check: hook_reviewed,
    },
    Rule {
        id: "walk-victim-services",
        title: "what a victim service provider holds goes to nobody else",
        cite: "34 USC 12291(b)(2); rulebook 0.8",
        check: victim_services,
    },
    Rule {
        id: "walk-aggregate",
        title: "under a participation agreement an evaluator gets counts only, never rows about a person",
        cite: "rulebook 7.6, code G; 45 CFR 164.514",
        check: aggregate,
    },
    Rule {
        id: "walk-outside-matrix",
        title: "nothing that stands reaches a medical examiner or a person's family, by no agreement and no consent",
        cite: "rulebook 7.6, kinds outside the matrix",
        check: outside_matrix,
    },
    Rule {
        id: "walk-inactive",
        title: "a unit of a suspended partner gets nothing",
        cite: "rulebook 7.3 step 1",
        check: inactive,
    },
    Rule {
        id: "walk-erased",
        title: "what was ordered erased reaches nobody, its own source included",
        cite: "42 CFR 2.16, 2.19",
        check: erased,
    },
];

/// Every grant must pass; where there is none, the rule holds.
fn each(found: &Found<'_>, passes: impl Fn(&Grant) -> bool, why: &str) -> Check {
    if found.grants.iter().all(passes) { Check::Holds } else { Check::Broken(why.to_owned()) }
}

fn nothing(found: &Found<'_>, why: &str) -> Check {
    each(found, |_| false, why)
}

/// One line of the list stands behind the grant.
fn rests_on(list: &[Basis], case: &Case<'_>, grant: &Grant) -> bool {
    list.iter().any(|basis| grant.policies.contains(basis.policy) && (basis.complete)(case, grant))
}

fn part2_closed_list(case: &Case<'_>, found: &Found<'_>) -> Check {
    if case.own() || !case.part2(found.category) {
        return Check::Elsewhere;
    }
    let passes = |grant: &Grant| rests_on(PART2, case, grant);
    each(found, passes, "a Part 2 slice is released, and no basis of the closed list has all its facts")
}

fn part2_tpo(case: &Case<'_>, found: &Found<'_>) -> Check {
    match case.reader {
        Some(reader) if case.group.subject.consent == Some(ConsentType::Part2Tpo) && !reader.tpo => {
            let passes = |grant: &Grant| grant.consent.is_none();
            each(found, passes, "a TPO consent carries it to whom its class does not reach")
        }
        _ => Check::Elsewhere,
    }
}

fn part2_notice(case: &Case<'_>, found: &Found<'_>) -> Check {
    if case.own() || !case.part2(found.category) || found.grants.is_empty() {
        return Check::Elsewhere;
    }
    let duties = [Obligation::NoProceedingsAgainstPatient, Obligation::Nordsclcd];
    let passes = |grant: &Grant| {
        grant.labels.contains(&LawLabel::Part2)
            && duties.iter().all(|duty| grant.obligations.contains(duty))
            && (grant.consent.is_none() || grant.notice.is_some())
    };
    each(found, passes, "a Part 2 release lacks its label, a duty, or notice and scope")
}

fn part2_proceedings(case: &Case<'_>, found: &Found<'_>) -> Check {
    if !case.proceeding() || !case.part2(found.category) {
        return Check::Elsewhere;
    }
    let passes = |grant: &Grant| rests_on(PROCEEDINGS, case, grant);
    each(found, passes, "a Part 2 slice is released into a proceeding")
}

fn never_carried(_: &Case<'_>, found: &Found<'_>) -> Check {
    if !NEVER_CARRIED.contains(&found.category.id()) {
        return Check::Elsewhere;
    }
    nothing(found, "what the hub never carries is released")
}

fn break_glass(case: &Case<'_>, found: &Found<'_>) -> Check {
    match case.reader {
        Some(reader) if case.purpose == Some(Purpose::Btg) && NO_BREAK_GLASS.contains(&reader.kind) => {
            nothing(found, "break-glass opens it to whom it is never available")
        }
        _ => Check::Elsewhere,
    }
}

fn consent_stands(case: &Case<'_>, found: &Found<'_>) -> Check {
    let subject = &case.group.subject;
    if case.own() || (subject.consent.is_some() && subject.spoil.is_none()) {
        return Check::Elsewhere;
    }
    each(found, |grant| grant.consent.is_none(), "a release rests on a consent that does not count")
}

fn consent_type(case: &Case<'_>, found: &Found<'_>) -> Check {
    if case.own() || case.group.subject.consent.is_none() {
        return Check::Elsewhere;
    }
    let part2 = case.part2(found.category);
    let monitors = |grant: &Grant| {
        case.reader.is_some_and(|reader| reader.kind == RecipientKind::Cj)
            && grant.purposes.iter().all(|purpose| *purpose == Purpose::CjMonitor)
    };
    let counts = |grant: &Grant, kind: ConsentType| match kind {
        ConsentType::Part2Named | ConsentType::Part2Tpo => part2,
        ConsentType::HipaaAuthorization => !part2,
        ConsentType::General => !part2 && !case.covered(),
        ConsentType::Part2Proceedings => part2 && case.proceeding(),
        ConsentType::Part2CriminalJustice => part2 && monitors(grant),
        ConsentType::Part2CounselingNotes => false,
    };
    let passes = |grant: &Grant| grant.consent.as_ref().is_none_or(|consent| counts(grant, consent.consent_type));
    each(found, passes, "a consent of another type stands behind it")
}

fn person_denies(case: &Case<'_>, found: &Found<'_>) -> Check {
    if case.own() || case.group.subject.spoil != Some(Spoil::Denied) {
        return Check::Elsewhere;
    }
    nothing(found, "it is released although the person denies it")
}

fn agreement(case: &Case<'_>, found: &Found<'_>) -> Check {
    if case.own() || case.under.in_force() {
        return Check::Elsewhere;
    }
    let passes = |grant: &Grant| rests_on(WITHOUT_AGREEMENT, case, grant);
    each(found, passes, "it is released without an agreement in force")
}

fn agreement_and_floors(case: &Case<'_>, found: &Found<'_>) -> Check {
    let forbidden = |why: &&Withheld| why.policy.starts_with("floor-");
    match found.without.and_then(|reasons| reasons.iter().find(forbidden)) {
        Some(floor) if case.under == Under::InForce => {
            let why = format!("the agreement permits what `{}` forbids without it", floor.policy);
            each(found, |grant| lifted(&floor.policy, grant), &why)
        }
        _ => Check::Elsewhere,
    }
}

/// A floor that speaks of what goes without the person's consent, where a consent lifts it: 42 CFR 2.12(d)(1) but for
/// 2.31(d), and a hook that asks for one. That such a consent counts is another rule's.
fn lifted(floor: &str, grant: &Grant) -> bool {
    let given = |kind| grant.consent.as_ref().is_some_and(|consent| consent.consent_type == kind);
    match floor {
        "floor-part2-proceedings" => given(ConsentType::Part2Proceedings),
        "floor-state-hook-consent" => grant.consent.is_some(),
        _ => false,
    }
}

fn hook_reviewed(case: &Case<'_>, found: &Found<'_>) -> Check {
    if case.own() {
        return Check::Elsewhere;
    }
    let may = case.under == Under::Reviewed && !case.part2(found.category);
    let passes = |grant: &Grant| may || !grant.policies.contains("path-state-hook");
    each(found, passes, "a hook opens it that nobody reviewed, or one opens a Part 2 record")
}

fn agreement_prohibits(case: &Case<'_>, found: &Found<'_>) -> Check {
    if case.own() || case.under != Under::Prohibiting {
        return Check::Elsewhere;
    }
    nothing(found, "it is released for a purpose that an agreement in force rules out")
}

fn victim_services(case: &Case<'_>, found: &Found<'_>) -> Check {
    if case.own() || !case.victims() {
        return Check::Elsewhere;
    }
    nothing(found, "what a victim service provider holds is released")
}

fn aggregate(case: &Case<'_>, found: &Found<'_>) -> Check {
    match case.reader {
        Some(reader) if reader.kind == RecipientKind::Eval && found.category != Category::Aggregate => {
            nothing(found, "an evaluator gets rows about a person")
        }
        _ => Check::Elsewhere,
    }
}

fn outside_matrix(case: &Case<'_>, found: &Found<'_>) -> Check {
    match case.reader {
        Some(reader) if !reader.kind.in_matrix() => {
            nothing(found, "it reaches a kind that the matrix has no column for")
        }
        _ => Check::Elsewhere,
    }
}

fn inactive(case: &Case<'_>, found: &Found<'_>) -> Check {
    match case.reader {
        Some(reader) if reader.suspended => nothing(found, "it is released to a unit that is not active"),
        _ => Check::Elsewhere,
    }
}

fn erased(case: &Case<'_>, found: &Found<'_>) -> Check {
    if !case.group.subject.erased {
        return Check::Elsewhere;
    }
    nothing(found, "what was ordered erased is released")
}

/// The matrix row of the Part 2 record: no agreement alone opens it, to no kind of recipient. What the policies are
/// proven of on the Part 2 axis rests on this.
pub(super) fn part2_row(bundle: &Bundle, millis: u64) -> Line {
    let by_agreement = [Decision::Permit, Decision::Agreement, Decision::Status];
    let wrong = RecipientKind::ALL.iter().find(|kind| {
        let cell = bundle.matrix.cell(Category::Part2Record, **kind);
        let open = |a: &handoff_law::Alternative| {
            by_agreement.contains(&a.decision) && !a.requirements.iter().any(|r| matches!(r, Requirement::Fact(_)))
        };
        cell.is_none_or(|c| c.alternatives.iter().any(open))
    });
    let broken = |kind: &RecipientKind| {
        let says = bundle.matrix.cell(Category::Part2Record, *kind).map_or("nothing", |cell| cell.text.as_str());
        Outcome::Failed(Counterexample {
            why: "an agreement alone opens the Part 2 record".to_owned(),
            facts: vec![format!("the cell of `part2-record` and {kind} says {says}")],
            lacking: vec!["the facts of same-program (42 CFR 2.12(c)(3)) or audit (42 CFR 2.53)".to_owned()],
            permitted_by: Vec::new(),
        })
    };
    Line {
        id: "walk-part2-row".to_owned(),
        title: "no cell of the Part 2 record opens by agreement alone".to_owned(),
        cite: "rulebook 7.6, C17".to_owned(),
        method: Method::Walk,
        millis,
        applied: Some(RecipientKind::ALL.len() as u64),
        outcome: wrong.map_or(Outcome::Proven, broken),
    }
}

#[cfg(test)]
mod tests;
