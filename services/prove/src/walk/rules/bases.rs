//! What may stand behind a release, one line a basis: the policy that permits by it, and that its facts are there.

use handoff_law::{Basis as Key, Grant};
use handoff_schemas::{ConsentType, Purpose, RecipientKind};

use crate::walk::case::Case;
use crate::walk::space::Under;

/// One basis.
pub(super) struct Basis {
    /// `@id` of the policy in `paths.cedar`.
    pub policy: &'static str,
    /// All its facts hold in the case.
    pub complete: fn(&Case<'_>, &Grant) -> bool,
}

/// The closed list for a Part 2 slice to another unit (rulebook 1.2, 1.5, 1.7, 1.8). The walk gathers no facts of an
/// exception or an order, so none of those may stand behind a release in it.
pub(super) const PART2: &[Basis] = &[
    Basis { policy: "path-consent", complete: part2_consent },
    Basis { policy: "path-authorization", complete: part2_authorization },
    Basis { policy: "path-proceedings-consent", complete: proceedings_consent },
];

/// What may flow without an agreement in force (rulebook 11, I1).
pub(super) const WITHOUT_AGREEMENT: &[Basis] = &[Basis { policy: "path-life-safety", complete: dispatch_minimum }];

/// What lifts the ban on proceedings (rulebook P2-10): a 2.31(d) consent, whichever path it opens; an order's facts the
/// walk does not gather.
pub(super) const PROCEEDINGS: &[Basis] = &[
    Basis { policy: "path-consent", complete: proceedings_consent },
    Basis { policy: "path-authorization", complete: proceedings_consent },
    Basis { policy: "path-proceedings-consent", complete: proceedings_consent },
];

/// 42 CFR 2.31, 2.32, 2.33: a consent of the person that stands, of a type that counts, to a recipient it reaches.
fn part2_consent(case: &Case<'_>, grant: &Grant) -> bool {
    part2_authorization(case, grant) || tpo_consent(case, grant) || criminal_justice_consent(case, grant)
}

/// A consent that names its recipient, be it for a proceeding.
fn part2_authorization(case: &Case<'_>, grant: &Grant) -> bool {
    part2_named_consent(case, grant) || proceedings_consent(case, grant)
}

/// 42 CFR 2.31(d): for proceedings alone.
fn proceedings_consent(case: &Case<'_>, grant: &Grant) -> bool {
    stands(case, grant, ConsentType::Part2Proceedings)
        && case.proceeding()
        && grant.purposes.iter().all(|purpose| purpose.is_proceeding())
}

fn part2_named_consent(case: &Case<'_>, grant: &Grant) -> bool {
    stands(case, grant, ConsentType::Part2Named) && !case.proceeding()
}

fn tpo_consent(case: &Case<'_>, grant: &Grant) -> bool {
    let purposes = [Purpose::Treat, Purpose::Hpaymt, Purpose::Hoperat];
    stands(case, grant, ConsentType::Part2Tpo)
        && case.reader.is_some_and(|reader| reader.tpo)
        && grant.purposes.iter().all(|asked| purposes.iter().any(|tpo| tpo.covers(*asked)))
}

/// 42 CFR 2.35: to those of the criminal justice system who monitor the condition, for that.
fn criminal_justice_consent(case: &Case<'_>, grant: &Grant) -> bool {
    stands(case, grant, ConsentType::Part2CriminalJustice)
        && case.reader.is_some_and(|reader| reader.kind == RecipientKind::Cj)
        && grant.purposes.iter().all(|purpose| *purpose == Purpose::CjMonitor)
}

/// The consent the grant names is the one the person gave, nothing is wrong with it, notice and agreement are there, and
/// its own basis is stated.
fn stands(case: &Case<'_>, grant: &Grant, kind: ConsentType) -> bool {
    let subject = &case.group.subject;
    subject.consent == Some(kind)
        && subject.spoil.is_none()
        && grant.consent.as_ref().is_some_and(|consent| consent.consent_type == kind)
        && grant.notice.is_some()
        && grant.agreement.is_some()
        && grant.basis.contains(&key(kind))
        && case.under.in_force()
}

/// The basis key of rulebook 7.6 that a Part 2 release under a consent of this type states: B18 for proceedings, B22 for
/// a criminal-justice referral, B14 for every other.
fn key(kind: ConsentType) -> Key {
    match kind {
        ConsentType::Part2Proceedings => Key::PROCEEDINGS_CONSENT,
        ConsentType::Part2CriminalJustice => Key::CRIMINAL_JUSTICE,
        _ => Key::PART2_CONSENT,
    }
}

/// Rulebook 7.1, EC-54: what a 911 centre sends to police and medics after an agreement lapsed.
fn dispatch_minimum(case: &Case<'_>, grant: &Grant) -> bool {
    let kinds = [RecipientKind::Le, RecipientKind::Psap, RecipientKind::Ems];
    let lapsed = match case.under {
        Under::Expired => true,
        Under::Suspended => case.purpose.is_some(),
        _ => false,
    };
    lapsed
        && case.group.source.role == RecipientKind::Psap
        && case.reader.is_some_and(|reader| kinds.contains(&reader.kind))
        && grant.purposes.iter().all(|purpose| *purpose == Purpose::Dispatch)
        && !grant.labels.contains(&handoff_schemas::LawLabel::Part2)
}
