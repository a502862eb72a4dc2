//! What hooks of state law make of a ruling (rulebook 4, 7.3 step 10): which forbid, which ask for consent, which open.
//!
//! A hook is one of the place that the source is registered in. One that opens needs the recipient there too, and a review
//! on the log: an officer of another state wrote no hold under this one's law.

use std::borrow::Cow;

use handoff_schemas::{AgreementId, Category, ElementSet, Fact, HookReview, Purpose, UnitId};

use super::{CellFacts, Situation};
use crate::bundle::{Bundle, Standing};
use crate::hook::{Hook, HookEffect};
use crate::matrix::{Alternative, Decision, Requirement};

/// What hooks ask of one slice for one purpose, reviewed or not.
pub(crate) struct Tightened<'a> {
    pub denies: Option<&'a Hook>,
    pub consent: Option<&'a Hook>,
    /// Those that leave fewer elements of what goes without the person's consent.
    narrow: Vec<&'a Hook>,
}

impl Tightened<'_> {
    /// What they leave of what goes without the person's consent.
    pub fn narrowed(&self, elements: ElementSet) -> ElementSet {
        let leaves = self.narrow.iter().filter_map(|hook| hook.narrows());
        leaves.fold(elements, |left, these| left.intersect(&ElementSet::of(these.iter().cloned())))
    }
}

/// A way of a cell that a reviewed hook opens.
#[derive(Clone, Copy)]
pub(crate) struct Opening<'a> {
    pub hook: &'a Hook,
    pub alternative: &'a Alternative,
    reviews: &'a [HookReview],
}

impl Opening<'_> {
    /// Whether a review counts for what flows under this agreement.
    pub fn under(&self, agreement: &AgreementId) -> bool {
        self.reviews.iter().any(|r| r.agreement.as_ref().is_none_or(|only| only == agreement))
    }
}

impl<'a> Situation<'a> {
    /// The first hook that forbids it, the first that asks for consent, and all that narrow, whichever axis they speak of.
    pub fn tightened(&self, purpose: Purpose, axes: &[Category]) -> Tightened<'a> {
        let kind = self.recipient.kind;
        let first = |effect: &HookEffect| {
            let speaks = |h: &&Hook| h.effect == *effect && axes.iter().any(|axis| h.reaches(*axis, kind, purpose));
            self.hooks.iter().copied().find(speaks)
        };
        let narrows = |h: &&Hook| h.narrows().is_some() && axes.iter().any(|axis| h.reaches(*axis, kind, purpose));
        Tightened {
            denies: first(&HookEffect::Deny),
            consent: first(&HookEffect::RequireConsent),
            narrow: self.hooks.iter().copied().filter(narrows).collect(),
        }
    }

    /// The cell of an axis as hooks leave it for a purpose.
    pub fn hooked(&self, axis: Category, purpose: Purpose) -> CellFacts<'a> {
        let kind = self.recipient.kind;
        let asks = |h: &Hook| h.effect == HookEffect::RequireConsent && h.reaches(axis, kind, purpose);
        let cell = self.cell(axis);
        if self.hooks.iter().any(|h| asks(h)) {
            return cell.read_as_consent();
        }
        let reviewed = self.reviewed(axis, purpose);
        CellFacts {
            by_hook: reviewed.and_then(|hook| self.opening(hook, &cell)),
            awaits_hook: cell.awaits_hook && reviewed.is_none(),
            ..cell
        }
    }

    /// The hook that opens what a cell of this axis leaves to one; before any, one that is reviewed for everything.
    fn reviewed(&self, axis: Category, purpose: Purpose) -> Option<&'a Hook> {
        let kind = self.recipient.kind;
        let opens = |h: &&Hook| h.reaches(axis, kind, purpose) && self.stands(h);
        let for_all = |h: &&Hook| self.state.hook_reviews(&h.id).iter().any(|r| r.agreement.is_none());
        let mut reviewed = self.hooks.iter().copied().filter(opens);
        let first = reviewed.clone().next();
        reviewed.find(for_all).or(first)
    }

    /// An opening that somebody reviewed, of the place of both units.
    fn stands(&self, hook: &Hook) -> bool {
        hook.opens()
            && self.target.is_some_and(|unit| hook.governs(&unit.jurisdiction))
            && !self.state.hook_reviews(&hook.id).is_empty()
    }

    fn opening(&self, hook: &'a Hook, cell: &CellFacts<'a>) -> Option<Opening<'a>> {
        let by_agreement = |a: &&Alternative| matches!(a.decision, Decision::Permit | Decision::Agreement);
        let mut alternatives = cell.cell.filter(|_| !cell.by_exception)?.alternatives.iter().filter(by_agreement);
        let alternative = alternatives.find(|a| a.leaves_to_hook() && self.all_but_hook(a))?;
        Some(Opening { hook, alternative, reviews: self.state.hook_reviews(&hook.id) })
    }

    /// Whether everything is met that a way asks for besides the hook.
    fn all_but_hook(&self, alternative: &Alternative) -> bool {
        alternative.requirements.iter().all(|r| match r {
            Requirement::ReviewedHook => true,
            Requirement::HoldInitiated => self.wrote_hold(),
            _ => false,
        })
    }

    /// The event is about a hold that an officer of this very unit wrote, as the source says.
    fn wrote_hold(&self) -> bool {
        self.holds().any(|unit| *unit == self.recipient.unit)
    }

    /// The units that wrote the hold the event is about.
    pub fn holds(&self) -> impl Iterator<Item = &UnitId> {
        self.event.facts.iter().filter_map(|fact| match fact {
            Fact::HoldWritten { unit, .. } => Some(unit),
            _ => None,
        })
    }

    /// Templates that need a hook, where one stands behind them for this slice and purpose.
    pub fn hook_templates(&self, category: Category, purpose: Purpose) -> Vec<&'a str> {
        let kind = self.recipient.kind;
        let opening = self.hooks.iter().copied().filter(|h| h.reaches(category, kind, purpose) && self.stands(h));
        opening.filter_map(Hook::template).collect()
    }

    /// What the recipient's templates for a stated purpose show of the category.
    pub fn flow(&self, purpose: Purpose, category: Category) -> Option<Standing> {
        let hooked = self.hook_templates(category, purpose);
        self.bundle.flow(self.recipient.kind, purpose, category, &hooked)
    }

    /// The standing flows into a category, those included that a reviewed hook makes.
    pub fn standing(&self, category: Category) -> Cow<'a, [Standing]> {
        let kind = self.recipient.kind;
        let bundle: &'a Bundle = self.bundle;
        let hooked = |purpose| !self.hook_templates(category, purpose).is_empty();
        if self.hooks.is_empty() || !bundle.defaults.purposes(kind).any(hooked) {
            return Cow::Borrowed(bundle.standing(kind, category));
        }
        Cow::Owned(bundle.defaults.purposes(kind).filter_map(|purpose| self.flow(purpose, category)).collect())
    }

    /// The ages at which reviewed hooks let a minor consent alone to what these axes are about (rulebook ST-04). A review
    /// for one agreement sets no age: it is nobody's law but theirs.
    pub fn consent_ages(&self, axes: &[(Category, CellFacts<'_>)]) -> Vec<u8> {
        let roles = self.source.map_or(&[][..], |unit| unit.roles.as_slice());
        let about = |h: &&Hook| h.is_about(axes.iter().map(|(axis, _)| *axis), roles);
        let stated = |h: &Hook| {
            let general = self.state.hook_reviews(&h.id).iter().find(|r| r.agreement.is_none())?;
            general.age.or(h.age())
        };
        self.hooks.iter().copied().filter(|h| h.age().is_some()).filter(about).filter_map(stated).collect()
    }
}
