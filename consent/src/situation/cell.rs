use handoff_schemas::{Category, LawLabel, RecipientKind};

use super::{Opening, Situation};
use crate::matrix::{Alternative, Basis, Cell, Decision, Requirement};

/// `C:2.35`, asked of the consent when one is matched.
const CJ_REFERRAL: Requirement = Requirement::Fact("2.35");

/// `C:victim`, asked of the consent: the victim's own release, for a reasonable time (34 USC 12291(b)(2)(B)).
const VICTIM: Requirement = Requirement::Fact("victim");

/// `C:minor`, asked of the consent: the minor's own (42 CFR 2.14(b), 45 CFR 164.502(g)(3)).
const MINOR: Requirement = Requirement::Fact("minor");

/// `A:2.53`, asked of the agreement when one is matched.
const AUDITED: Requirement = Requirement::Fact("2.53");

/// A matrix cell with its conditions looked at.
#[derive(Clone, Copy)]
pub(crate) struct CellFacts<'a> {
    pub cell: Option<&'a Cell>,
    pub permits: bool,
    pub agreement: bool,
    pub consent: bool,
    pub status: bool,
    pub authorizable: bool,
    /// An X, or what a health unit holds where its cell speaks of others' observations.
    pub exception: bool,
    /// A caution or threat case of a health unit, to police, dispatch or court.
    pub by_exception: bool,
    /// A P without any condition.
    pub unconditional: bool,
    /// What the consent alternative asks of the consent.
    pub named: bool,
    pub specific: bool,
    /// A victim's own release, for a stated time; a minor's own signature.
    pub victims_own: bool,
    pub minors_own: bool,
    /// It offers audit and evaluation to who agreed to the limits of 42 CFR 2.53.
    pub audited: bool,
    /// It asks for a criminal-justice referral consent (42 CFR 2.35).
    pub criminal_justice: bool,
    /// A hook that asks for consent reads what would open by this letter as C.
    pub letter: Option<Decision>,
    /// It leaves a way to a reviewed hook, and none speaks of it.
    pub awaits_hook: bool,
    /// The way that a reviewed hook opens.
    pub by_hook: Option<Opening<'a>>,
}

impl<'a> CellFacts<'a> {
    pub fn offers(&self, decision: Decision) -> bool {
        self.cell.is_some_and(|c| c.offers(decision))
    }

    /// D, D*, or no cell at all.
    pub fn denied(&self) -> bool {
        self.cell.is_none() || self.offers(Decision::Deny) || self.offers(Decision::DenyCjis)
    }

    /// [`Self::denied`], to an exception that is asked. A kind outside the matrix has no cell, and whatever names it here
    /// is all that it has (rulebook 7.6).
    pub fn denies(&self, named: bool) -> bool {
        self.denied() && (self.cell.is_some() || !named)
    }

    pub fn aggregate(&self) -> bool {
        self.offers(Decision::Aggregate) && !(self.permits || self.agreement || self.consent || self.status)
    }

    /// As a hook that asks for the person's consent leaves it (rulebook 4): P and A read as C, narrowed as before.
    pub fn read_as_consent(self) -> Self {
        let letter = match (self.permits, self.agreement) {
            (true, _) => Some(Decision::Permit),
            (false, true) => Some(Decision::Agreement),
            (false, false) => None,
        };
        Self {
            permits: false,
            agreement: false,
            unconditional: false,
            consent: self.consent || letter.is_some(),
            letter: letter.filter(|_| !self.consent),
            ..self
        }
    }

    /// Whether the matrix marks it P and its conditions are met, though a hook reads that as C.
    pub fn marked_permit(&self) -> bool {
        self.permits || self.letter == Some(Decision::Permit)
    }

    /// Templates of the alternative whose letter opened the cell; empty: no further narrowing.
    pub fn templates(&self, decision: Decision, situation: &Situation<'_>) -> &'a [String] {
        let Some(cell) = self.cell else { return &[] };
        let mut open = cell.alternatives.iter().filter(|a| a.decision == decision && situation.met(a));
        open.next().map_or(&[], |a| &a.templates)
    }
}

impl<'a> Situation<'a> {
    pub fn cell(&self, axis: Category) -> CellFacts<'a> {
        let cell = self.bundle.matrix.cell(axis, self.recipient.kind);
        let alternatives = cell.map_or(&[][..], |c| &c.alternatives);
        let health_to_agency = self.to_agency() && self.health_source();
        // A clinician's caution is no responder's observation: by 164.512(j) or by authorization (rulebook 7.6, C09).
        let by_exception = health_to_agency && self.clinical_caution(axis);
        // Agency authority over agency data opens nothing of a health unit's (rulebook 7.6, "F3 has a source").
        let foreign = by_exception || (health_to_agency && cell.is_some_and(is_agency_authority));
        let by_agency = |a: &Alternative| matches!(a.decision, Decision::Permit | Decision::Agreement);
        let met = |a: &Alternative| self.met(a) && !(foreign && by_agency(a));
        let open = |decision| alternatives.iter().find(|a| a.decision == decision && met(a));
        let (permits, agreement) = (open(Decision::Permit).is_some(), open(Decision::Agreement).is_some());
        let consent = open(Decision::Consent);
        let asks = |r: Requirement| consent.is_some_and(|a| a.requirements.contains(&r));
        let conditional = |a: &Alternative| a.decision == Decision::Exception || (by_agency(a) && !met(a));
        CellFacts {
            cell,
            permits,
            agreement,
            consent: consent.is_some(),
            status: open(Decision::Status).is_some(),
            by_exception,
            exception: by_exception || cell.is_some_and(|c| c.offers(Decision::Exception)),
            authorizable: !permits && !agreement && consent.is_none() && alternatives.iter().any(conditional),
            unconditional: open(Decision::Permit).is_some_and(|a| a.requirements.is_empty()),
            named: asks(Requirement::Named),
            specific: asks(Requirement::Specific),
            victims_own: asks(VICTIM),
            minors_own: asks(MINOR),
            audited: alternatives.iter().any(|a| a.requirements.contains(&AUDITED)),
            criminal_justice: asks(CJ_REFERRAL),
            letter: None,
            awaits_hook: cell.is_some_and(Cell::leaves_to_hook),
            by_hook: None,
        }
    }

    /// To police, dispatch or a court.
    fn to_agency(&self) -> bool {
        matches!(self.recipient.kind, RecipientKind::Le | RecipientKind::Psap | RecipientKind::Cj)
    }

    /// What the source holds is protected health information, whatever field it stands in; it stays so when the unit's
    /// status changes (A8).
    fn health_source(&self) -> bool {
        self.source.is_none() || self.covered() || self.labels.contains(&LawLabel::Part2)
    }

    /// Of a category that only an exception takes from clinicians to police, and not from a crew that saw it itself: a
    /// unit all of whose people read in an observing role.
    fn clinical_caution(&self, axis: Category) -> bool {
        let observers = self.bundle.defaults.health_cautions.get(&axis);
        observers.is_some_and(|kinds| self.source.is_none_or(|u| !u.roles.iter().all(|r| kinds.contains(r))))
    }

    fn met(&self, alternative: &Alternative) -> bool {
        alternative.requirements.iter().all(|r| match r {
            // Own data takes its own path; between units nothing is own.
            Requirement::Own => false,
            Requirement::OwnReliance => self.relies(),
            // Asked of the consent, when one is matched.
            Requirement::Named | Requirement::Specific => true,
            r if [CJ_REFERRAL, VICTIM, MINOR].contains(r) => alternative.decision == Decision::Consent,
            Requirement::LeInitiated => self.initiated(),
            // A reviewed hook opens these, by its own path (`hook.rs`).
            Requirement::HoldInitiated | Requirement::ReviewedHook => false,
            Requirement::Fact(_) => false,
        })
    }

    /// The event is about a consent that this recipient may disclose under or receives under. All of them: one that
    /// it does not rely on must not be told beside one that it does.
    fn relies(&self) -> bool {
        let party =
            |unit| move |c: &&&handoff_schemas::ConsentFacts| c.recipients.contains(unit) || c.grantors.contains(unit);
        let reached = self.tpo_recipient && (!self.intermediary || self.treats);
        let by_class = |c: &&&handoff_schemas::ConsentFacts| c.tpo_class && reached;
        let is_party = party(&self.recipient.unit);
        !self.about.is_empty() && self.about.iter().all(|c| is_party(&c) || by_class(&c))
    }

    /// C26 to LE: a referral this very unit asked for, as the referrer reports on it, never as its target does.
    fn initiated(&self) -> bool {
        let mut referrals = self.event.referrals().filter_map(|r| self.state.referral(r)).peekable();
        referrals.peek().is_some()
            && referrals
                .all(|r| r.initiated_by == self.recipient.unit && r.from == *self.event.source && r.to != r.from)
    }
}

/// The cell rests on nothing but what police and dispatch may do with data of their own (basis keys B35, B37).
fn is_agency_authority(cell: &Cell) -> bool {
    !cell.basis.is_empty() && cell.basis.iter().all(|b| matches!(*b, Basis::AGENCY | Basis::EVIDENCE))
}
