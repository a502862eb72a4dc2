use handoff_schemas::{
    Category, Claim, CourtFinding, CrimeAct, CustodyKind, EmergencyClaim, ExposureClaim, LawLabel, LegalProcessClaim,
    LogTime, MandatedReportClaim, ProcessKind, Purpose, RecipientKind, ReportSubject, SchoolEmergencyClaim,
    ThreatClaim, ThreatLimb,
};

use super::{CellFacts, Situation};
use crate::exceptions::{Exception, ExceptionName};
use crate::facts::SliceFacts;
use crate::identity::Confidence;
use crate::matrix::{Alternative, Decision, Requirement};
use crate::reason::Reason;
use crate::state::AskState;

/// The ask under which an event is ruled, with the exception it invokes (rulebook 7.3 step 8).
#[derive(Clone, Copy)]
pub(crate) struct Authority<'a> {
    pub ask: &'a AskState,
    pub name: ExceptionName,
    pub law: &'a Exception,
}

/// An exception as a cell may name it.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a> {
    pub law: &'a Exception,
    /// Of a threat: the recipient is whom it is made against.
    pub to_target: bool,
    /// Of a school's emergency: the recipient is a school.
    pub to_school: bool,
}

impl<'a> Situation<'a> {
    /// The authority that the ask invokes; none where nobody asked by one, or the law does not know it.
    pub fn authority(&self) -> Option<Authority<'a>> {
        let ask = self.ask?;
        let name = ExceptionName::of(&ask.facts.claim);
        self.bundle.exceptions.get(name).map(|law| Authority { ask, name, law })
    }

    /// Why the ask reaches nothing of this category, whatever its facts: over, not reviewed, outside what it names, not
    /// this exception's to serve.
    ///
    /// # Errors
    /// The reason.
    pub fn reach(&self, by: &Authority<'_>, category: Category) -> Result<(), Reason> {
        let facts = &by.ask.facts;
        by.ask.in_force(self.at)?;
        let serves = by.law.purposes.contains(&facts.purpose)
            && (by.law.kinds.is_empty() || by.law.kinds.contains(&self.recipient.kind))
            && by.law.stated_by.allows(facts.discloses())
            // A unit discloses its own data, never another's.
            && (!facts.discloses() || facts.unit == *self.event.source);
        if !serves {
            return Err(Reason::AskPurpose);
        }
        let about = self.identity > Confidence::Unlinked;
        if !about || !facts.scope.categories.contains(&category) || !self.in_bounds() {
            return Err(Reason::AskScope);
        }
        Ok(())
    }

    /// The ask's own limits of records and time; an event whose time is not known lies in no bounded period.
    fn in_bounds(&self) -> bool {
        let Some(scope) = self.ask.map(|a| &a.facts.scope) else { return false };
        let bounded = scope.data_from.is_some() || scope.data_before.is_some();
        let in_period = match self.event.asserted_at.and_then(LogTime::parse) {
            _ if !bounded => true,
            Some(at) => scope.data_from.is_none_or(|from| at >= from) && scope.data_before.is_none_or(|end| at < end),
            None => false,
        };
        in_period && (scope.records.is_empty() || scope.records.contains(&self.event.record))
    }

    /// The facts of the ask's exception, each looked at; all false where a required one is missing.
    pub fn stated(&self, by: &Authority<'_>, part2: bool, facts: SliceFacts) -> SliceFacts {
        let e = &self.bundle.exceptions;
        let medical_personnel =
            e.medical_licences.contains(&by.ask.facts.licence) && e.medical_kinds.contains(&self.recipient.kind);
        let facts = SliceFacts { medical_personnel, ..facts };
        match &by.ask.facts.claim {
            Claim::Emergency(c) => SliceFacts {
                exception_emergency: emergency(c),
                exception_emergency_2_51: emergency(c) && documented(c),
                ..facts
            },
            Claim::BreakGlass(c) => SliceFacts {
                break_glass: true,
                exception_break_glass: c.reasoned && c.attested && c.emergency.at_hand,
                exception_emergency_2_51: emergency(&c.emergency) && documented(&c.emergency),
                ..facts
            },
            Claim::Threat(c) => SliceFacts { exception_threat: threat(c, self.recipient.kind), ..facts },
            Claim::Locate(c) => {
                SliceFacts { exception_locate: c.target.is_some() && c.official.is_verified(), ..facts }
            }
            Claim::Victim(c) => {
                let incapacity =
                    c.incapacitated && c.need_represented && c.not_against_victim && c.immediate && c.best_interests;
                SliceFacts { exception_victim: c.official.is_verified() && (c.agrees || incapacity), ..facts }
            }
            Claim::Custody(c) => {
                let lawful = c.lawful && c.custody.is_some_and(|kind| kind != CustodyKind::Hold);
                SliceFacts { exception_custody: lawful && c.custodian_named && c.limb.is_some(), ..facts }
            }
            Claim::PremisesCrime(c) => {
                let act = matches!(c.act, Some(CrimeAct::Commission | CrimeAct::Threat));
                let here = c.on_premises || c.against_personnel;
                SliceFacts { exception_premises_crime: here && act && c.by_patient, ..facts }
            }
            Claim::CrimeAlert(c) => {
                let whole = c.off_premises && c.crime_stated && c.abuse == Some(false);
                SliceFacts { exception_crime_alert: whole, ..facts }
            }
            Claim::MandatedReport(c) => SliceFacts {
                exception_mandated_report: c.statute && c.agency && c.subject.is_some(),
                child_abuse_initial: child_abuse_initial(c),
                ..facts
            },
            Claim::LegalProcess(c) => SliceFacts {
                order_and_mandate: subpart_e(c, by.ask.facts.purpose, self.recipient.kind),
                court_order: !part2 && c.kind == Some(ProcessKind::CourtOrder) && c.served,
                ..facts
            },
            Claim::Exposure(c) => SliceFacts { exception_exposure: exposure(c), ..facts },
            Claim::SchoolEmergency(c) => {
                SliceFacts { exception_school_emergency: school_emergency(c) && self.school_record(), ..facts }
            }
        }
    }

    /// Whether the cell, or an override of rulebook 7.7, names the exception; then the templates it narrows to.
    pub fn names(&self, by: &Authority<'_>, axis: Category, cell: &CellFacts<'a>) -> Option<&'a [String]> {
        let to_target = matches!(&by.ask.facts.claim, Claim::Threat(c) if c.to_target);
        let to_school = matches!(&by.ask.facts.claim, Claim::SchoolEmergency(c) if c.to_school);
        self.named(Named { law: by.law, to_target, to_school }, axis, cell)
    }

    /// Whether 34 CFR 99.36 can speak of it. Education records are no protected health information (45 CFR 160.103): what
    /// a covered entity holds goes for a threat by 164.512(j), whatever else it was registered under.
    pub fn school_record(&self) -> bool {
        !self.covered()
    }

    /// [`Self::names`], of an exception that nobody need have invoked.
    pub fn named(&self, by: Named<'_>, axis: Category, cell: &CellFacts<'a>) -> Option<&'a [String]> {
        const WHOLE: &[String] = &[];
        let (law, kind) = (by.law, self.recipient.kind);
        let named = |a: &&'a Alternative| a.decision == Decision::Exception && self.alternative_names(by, a, cell);
        if let Some(alternative) = cell.cell.and_then(|c| c.alternatives.iter().find(named)) {
            return Some(alternative.templates.as_slice());
        }
        let to_kind = law.opens_kinds.is_empty() || law.opens_kinds.contains(&kind);
        let overridden = law.opens.contains(&axis) && to_kind;
        let caution = cell.by_exception && law.cautions;
        (overridden || caution || self.stands_in(by, axis)).then_some(WHOLE).or_else(|| {
            // 7.1: an emergency needs no agreement, so what is permitted on participation needs nothing more.
            (law.permitted && cell.permits).then(|| cell.templates(Decision::Permit, self))
        })
    }

    /// Of a Part 2 record the field set says what goes, whatever category it stands in (42 CFR 2.12(c)(5)).
    fn stands_in(&self, by: Named<'_>, axis: Category) -> bool {
        let listed = |t: &String| {
            let shown = self.bundle.templates.get(t).and_then(|t| t.elements(axis));
            shown.is_some_and(|e| !e.is_empty())
        };
        let record = self.cell(Category::Part2Record);
        let named = |a: &Alternative| a.decision == Decision::Exception && self.alternative_names(by, a, &record);
        self.labels.contains(&LawLabel::Part2)
            && axis != Category::Part2Record
            && by.law.template.as_ref().is_some_and(listed)
            && record.cell.is_some_and(|c| c.alternatives.iter().any(named))
    }

    /// A cell names an exception by its field set or by a word of its own; one that has neither, by its basis.
    fn alternative_names(&self, by: Named<'_>, alternative: &Alternative, cell: &CellFacts<'a>) -> bool {
        let law = by.law;
        let mut sets = alternative.templates.iter().filter(|t| self.bundle.exceptions.is_field_set(t)).peekable();
        let by_set = sets.peek().is_some();
        let by_word = |r: &Requirement| matches!(r, Requirement::Fact(word) if law.words.contains(*word));
        let met = |r: &Requirement| match r {
            Requirement::Fact("target") => by.to_target,
            Requirement::Fact("school") => by.to_school && by_word(r),
            r => by_word(r),
        };
        let named = if alternative.requirements.iter().any(by_word) {
            // `F-WARN(school)`: the word says whose it is, the set what is left of it.
            true
        } else if by_set {
            sets.any(|t| law.template.as_ref() == Some(t))
        } else if alternative.requirements.is_empty() {
            cell.cell.is_some_and(|c| c.basis.iter().any(|b| law.basis.contains(b)))
        } else {
            true
        };
        named && alternative.requirements.iter().all(met)
    }

    /// Whether a court's order reaches this axis: an O, or a Part 2 record whose own cell has one.
    pub fn ordered(&self, cell: &CellFacts<'a>) -> bool {
        let part2 = self.labels.contains(&LawLabel::Part2);
        cell.offers(Decision::Order) || (part2 && self.cell(Category::Part2Record).offers(Decision::Order))
    }

    /// Break-glass never serves these kinds, and never opens these categories (rulebook 7.7, I14).
    pub fn break_glass_barred(&self, axis: Category) -> bool {
        let e = &self.bundle.exceptions;
        e.break_glass_kinds.contains(&self.recipient.kind) || e.break_glass_categories.contains(&axis)
    }
}

/// Rulebook 7.7 ETREAT: the treating provider determined it, of this nature, for an incident or a person at hand.
fn emergency(c: &EmergencyClaim) -> bool {
    c.nature.is_some() && c.treating && c.at_hand
}

/// 42 CFR 2.51(a), (c): consent cannot be had, and what must be documented is on record.
fn documented(c: &EmergencyClaim) -> bool {
    c.unobtainable.is_some() && c.personnel_named && c.discloser_named
}

/// 45 CFR 164.512(j)(1), (2).
fn threat(c: &ThreatClaim, kind: RecipientKind) -> bool {
    let police = kind == RecipientKind::Le;
    match c.limb {
        None => false,
        Some(ThreatLimb::Prevent) => {
            c.serious_and_imminent && (c.able_to_prevent || c.to_target) && c.threat_stated && c.target_stated
        }
        Some(ThreatLimb::Admission) => police && c.violent_crime_admitted && c.learned_in_treatment == Some(false),
        Some(ThreatLimb::Escape) => police && c.escaped,
    }
}

/// 42 CFR 2.12(c)(6): no other report has such a way out of Part 2.
fn child_abuse_initial(c: &MandatedReportClaim) -> bool {
    c.subject == Some(ReportSubject::Child) && c.initial
}

/// 42 USC 300ff-133: the designated officer asks for who was exposed on duty, and the facility or public health found it
/// significant.
fn exposure(c: &ExposureClaim) -> bool {
    let officer = c.designated_officer && c.employer_named;
    officer && c.route.is_some() && c.line_of_duty && c.at_incident && c.determined_by.is_some()
}

/// 34 CFR 99.36(a), (c), with what 99.32(a)(5)(i) has recorded; to whom is the ask's own recipient.
fn school_emergency(c: &SchoolEmergencyClaim) -> bool {
    c.at_risk.is_some() && c.articulable && c.able_to_protect && c.threat_stated
}

/// 42 CFR 2.61, 2.64, 2.65: the order of its kind with every finding, for its kind of proceeding, and a mandate.
fn subpart_e(c: &LegalProcessClaim, purpose: Purpose, to: RecipientKind) -> bool {
    use CourtFinding::{
        ExtremelySeriousCrime, HolderHeard, OtherWaysUnavailable, PublicInterestOutweighs, SubstantialValue,
    };
    let found = |all: &[CourtFinding]| all.iter().all(|f| c.findings.contains(f));
    let order = match c.kind {
        Some(ProcessKind::Order264) => {
            matches!(purpose, Purpose::CivilProc | Purpose::AdminProc)
                && c.notice_to_patient
                && found(&[OtherWaysUnavailable, PublicInterestOutweighs])
        }
        Some(ProcessKind::Order265) => {
            matches!(purpose, Purpose::LeInvest | Purpose::Prosecute | Purpose::Warrant)
                && found(&[ExtremelySeriousCrime, SubstantialValue, OtherWaysUnavailable, PublicInterestOutweighs])
                // 2.65(d)(5): where police apply, the holder had its say by independent counsel.
                && (to != RecipientKind::Le || c.findings.contains(&HolderHeard))
        }
        _ => false,
    };
    order && c.mandate && c.served
}
