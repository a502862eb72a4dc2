use handoff_schemas::{Category, LogTime, Purpose, UnitFacts};

use super::{CellFacts, Situation};
use crate::agreement::{Agreement, Flow, Opens};
use crate::defaults::ByAgreement;
use crate::reason::Reason;
use crate::ruling::AgreementBasis;
use crate::state::Force;

/// A clause of an agreement in force that covers the whole tuple.
pub(crate) struct Hit<'a> {
    pub basis: AgreementBasis,
    pub opens: Opens,
    pub templates: &'a [String],
    pub ends: Option<LogTime>,
}

/// An agreement that fell short, and why.
pub(crate) type Gap = (Reason, Option<handoff_schemas::AgreementId>);

impl<'a> Situation<'a> {
    /// Every clause that alone covers source, recipient, role, purpose and all axes; else why none does.
    pub fn agreements(&self, purpose: Purpose, axes: &[(Category, CellFacts<'a>)]) -> Result<Vec<Hit<'a>>, Vec<Gap>> {
        let mut hits = Vec::new();
        let mut gaps = Vec::new();
        for state in &self.shared {
            let id = Some(state.id.clone());
            let (terms, reason) = match state.force(self.at) {
                Force::InForce(terms) => (terms, None),
                Force::NotYet(terms) => (terms, Some(Reason::AgreementNotYet)),
                Force::Suspended(terms) => (terms, Some(Reason::AgreementSuspended)),
                Force::Terminated(terms) => (terms, Some(Reason::AgreementTerminated)),
                Force::Expired(terms) => (terms, Some(Reason::AgreementExpired)),
                Force::Unreadable => {
                    gaps.push((Reason::AgreementUnreadable, id));
                    continue;
                }
            };
            let covering = self.covering(terms, purpose, axes);
            match reason {
                None if self.police_serve(terms) => gaps.push((Reason::QsoLawEnforcement, id)),
                None if covering.is_empty() => gaps.push((Reason::AgreementTerm, id)),
                None => hits.extend(covering.into_iter().map(|flow| hit(terms, flow))),
                Some(reason) if !covering.is_empty() => gaps.push((reason, id)),
                Some(_) => {}
            }
        }
        if gaps.is_empty() {
            gaps.push((Reason::NoAgreement, None));
        }
        if hits.is_empty() { Err(gaps) } else { Ok(hits) }
    }

    fn covering<'t>(
        &self,
        terms: &'t Agreement,
        purpose: Purpose,
        axes: &[(Category, CellFacts<'a>)],
    ) -> Vec<&'t Flow> {
        let (from, to) = (self.event.source, &self.recipient.unit);
        let covers = |flow: &&Flow| {
            flow.joins(from, to, self.recipient.kind, purpose)
                && axes.iter().all(|(c, cell)| flow.carries(*c, cell.marked_permit()))
        };
        let parties = terms.has_party(from)
            && terms.has_party(to)
            && !self.police_serve(terms)
            && self.opened_by(terms.kind.opens(), purpose, axes);
        terms.flows.iter().filter(|_| parties).filter(covers).collect()
    }

    /// Whether this is what an agreement of the kind may open at all: one for a limited data set or for an audit opens
    /// that, and nothing else, whatever its clauses say.
    fn opened_by(&self, opens: Opens, purpose: Purpose, axes: &[(Category, CellFacts<'a>)]) -> bool {
        let d = &self.bundle.defaults;
        let part2 = axes.first().is_some_and(|(own, _)| self.part2(*own));
        match opens {
            Opens::Cells => true,
            Opens::Nothing => false,
            Opens::LimitedDataSet => !part2 && self.serves(&d.limited_data_set, purpose, axes),
            Opens::Audit => part2 && axes.iter().any(|(_, cell)| cell.audited) && self.serves(&d.audit, purpose, axes),
        }
    }

    /// For this recipient and purpose, and of categories of its template alone. Who evaluates is no police: nothing of an
    /// audit may be used against a patient (42 CFR 2.53, 2.62).
    fn serves(&self, by: &ByAgreement, purpose: Purpose, axes: &[(Category, CellFacts<'a>)]) -> bool {
        let template = self.bundle.templates.get(&by.template);
        let shows = |axis: Category| template.is_some_and(|t| t.elements(axis).is_some_and(|e| !e.is_empty()));
        by.kinds.contains(&self.recipient.kind)
            && by.purposes.contains(&purpose)
            && self.target.is_some_and(|unit| !self.state.police(unit))
            && axes.iter().all(|(axis, cell)| !cell.denied() && (shows(*axis) || *axis == Category::Part2Record))
    }

    /// 42 CFR 2.11, 2.12(c)(4), P2-09a: to be called a service organization makes police no lawful recipient, whatever
    /// counsel wrote, and also where the unit became police after all had signed. Looked at for the two units concerned
    /// alone: each row names both, so that the floor of the one that changes hides all that this takes away.
    fn police_serve(&self, terms: &Agreement) -> bool {
        let serves = |unit: &UnitFacts| terms.is_qso(&unit.unit) && self.state.police(unit);
        [self.source, self.target].into_iter().flatten().any(serves)
    }

    /// Rulebook 7.1, EC-54: what a 911 centre sends on its own authority after an agreement for it lapsed. A lapse stops
    /// nobody's dispatch; a suspension is somebody's decision and stops what stands, but not an officer who asks.
    pub fn life_safety(&self, purpose: Purpose, axes: &[(Category, CellFacts<'a>)]) -> bool {
        let d = &self.bundle.defaults.life_safety;
        let agency =
            axes.iter().all(|(_, cell)| cell.unconditional && cell.cell.is_some_and(|c| c.basis.contains(&d.basis)));
        let lapsed = |force: Force<'a>| match force {
            Force::Expired(terms) => !self.covering(terms, purpose, axes).is_empty(),
            Force::Suspended(terms) => self.asked && !self.covering(terms, purpose, axes).is_empty(),
            _ => false,
        };
        purpose == d.purpose
            && agency
            && !self.covered()
            && d.kinds.contains(&self.recipient.kind)
            && self.source.is_some_and(|u| u.roles.contains(&d.source_role))
            && self.shared.iter().any(|s| lapsed(s.force(self.at)))
    }
}

fn hit<'a>(terms: &'a Agreement, flow: &'a Flow) -> Hit<'a> {
    let clause = flow.clause.as_str().into();
    let basis = AgreementBasis { id: terms.id.clone(), version: terms.version, clause };
    Hit { basis, opens: terms.kind.opens(), templates: &flow.templates, ends: terms.effective_to }
}
