//! Everything one ruling looks at, gathered once from state and event.

mod agreement;
mod authority;
mod cell;
mod choice;
mod consent;
mod death;
mod hook;
mod identity;
mod seal;
mod signature;

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use handoff_schemas::{
    Category, ConsentFacts, EventId, EventType, Fact, LawLabel, LogPos, LogTime, PersonId, Purpose, Recipient,
    RecordId, SliceLabels, UnitFacts, UnitId,
};

pub(crate) use agreement::Hit;
pub(crate) use authority::{Authority, Named};
pub(crate) use cell::CellFacts;
pub(crate) use choice::Choice;
pub(crate) use consent::Match;
pub(crate) use hook::{Opening, Tightened};

use crate::bundle::Bundle;
use crate::hook::Hook;
use crate::identity::Confidence;
use crate::state::{AgreementState, AskState, ConsentState, PolicyState};

/// One event as a ruling sees it: what it is and where it came from, never its content.
#[derive(Clone, Copy, Debug)]
pub struct EventFacts<'a> {
    pub id: EventId,
    pub event_type: &'a EventType,
    pub record: RecordId,
    pub pos: LogPos,
    /// When it came about, as its source says: RFC 3339. What has no readable time lies in no bounded data period.
    pub asserted_at: Option<&'a str>,
    pub source: &'a UnitId,
    pub person: Option<PersonId>,
    /// The slices present.
    pub categories: &'a [Category],
    /// Law labels it was accepted with; the ruling takes the stricter of these and the unit's status now.
    pub labels: &'a [LawLabel],
    /// What its content was labelled with at intake, beyond what its categories say.
    pub content: &'a [SliceLabels],
    pub facts: &'a [Fact],
}

/// Which events have the same outcome, other things being equal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Alike<'a> {
    /// Only what concerns no single person decides.
    Anybodys,
    /// What is known of the person decides, and decides alike for all events of the type.
    Persons(Personal<'a>),
    None,
}

/// One person as the state knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Personal<'a> {
    pub person: PersonId,
    pub stamp: u64,
    pub event_type: &'a EventType,
}

/// Without the stamp, so that what a change made stale is found and replaced.
impl Hash for Personal<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.person, self.event_type).hash(state);
    }
}

impl EventFacts<'_> {
    /// Referrals the event is about.
    pub(crate) fn referrals(&self) -> impl Iterator<Item = RecordId> + '_ {
        self.facts.iter().filter_map(|f| match f {
            Fact::ReferralOpened { referral, .. } | Fact::ReferralMoved { referral, .. } => Some(*referral),
            _ => None,
        })
    }

    /// Which other events the outcome holds for.
    pub(crate) fn alike(&self, state: &PolicyState, at: LogTime) -> Alike<'_> {
        let of_its_own = |f: &Fact| matches!(f, Fact::HoldWritten { .. }) || about(state, f).is_some();
        if self.referrals().next().is_some() || self.facts.iter().any(of_its_own) {
            return Alike::None;
        }
        let Some(person) = self.person else { return Alike::Anybodys };
        let known = state.known(person, at);
        match state.stamp_of(person) {
            _ if !known.any => Alike::Anybodys,
            Some(stamp) if !known.of_some_events && !known.turns => {
                Alike::Persons(Personal { person, stamp, event_type: self.event_type })
            }
            _ => Alike::None,
        }
    }
}

/// One event, one recipient, one instant.
pub(crate) struct Situation<'a> {
    pub bundle: &'a Bundle,
    pub state: &'a PolicyState,
    pub event: &'a EventFacts<'a>,
    pub recipient: &'a Recipient,
    pub at: LogTime,
    /// A user stated the purpose; nothing standing.
    pub asked: bool,
    /// The ask on the log that it is ruled under.
    pub ask: Option<&'a AskState>,
    pub source: Option<&'a UnitFacts>,
    pub target: Option<&'a UnitFacts>,
    pub own: bool,
    /// How sure it is who the event is about, and that an ask is about the same.
    pub identity: Confidence,
    pub parties_active: bool,
    /// A covered entity, business associate or Part 2 program, with no police or court role.
    pub tpo_recipient: bool,
    /// The hub is an intermediary: the class of a consent reaches this recipient only once it treats the person.
    pub intermediary: bool,
    /// The recipient has put on record that it treats the person.
    pub treats: bool,
    pub labels: BTreeSet<LawLabel>,
    /// A slice's category, with one that its content calls in besides: only such slices are here.
    pub content_axes: Vec<(Category, Category)>,
    pub shared: Vec<&'a AgreementState>,
    pub consents: Vec<&'a ConsentState>,
    /// Hooks of the place whose law the source follows; none over its own data.
    pub hooks: Vec<&'a Hook>,
    /// Consents the event itself is about.
    about: Vec<&'a ConsentFacts>,
}

impl<'a> Situation<'a> {
    pub fn gather(
        bundle: &'a Bundle,
        state: &'a PolicyState,
        event: &'a EventFacts<'a>,
        recipient: &'a Recipient,
        at: LogTime,
        asked: bool,
    ) -> Self {
        let (source, target) = (state.unit(event.source), state.unit(&recipient.unit));
        let own = recipient.unit == *event.source;
        let active = |unit: Option<&UnitFacts>| unit.is_some_and(|u| state.active(u));
        let reads = target.is_some_and(|u| u.roles.contains(&recipient.kind));
        let mut situation = Self {
            bundle,
            state,
            event,
            recipient,
            at,
            asked,
            ask: None,
            source,
            target,
            own,
            identity: event.person.map_or(Confidence::Certain, |p| state.identified(p, &bundle.defaults.identity)),
            parties_active: active(source) && active(target) && reads,
            tpo_recipient: target.is_some_and(|u| tpo_recipient(bundle, u, recipient)),
            intermediary: state.is_intermediary(),
            treats: event.person.is_some_and(|p| state.treats(&recipient.unit, p, &bundle.defaults.identity)),
            labels: BTreeSet::new(),
            content_axes: Vec::new(),
            shared: if own { Vec::new() } else { state.shared(event.source, &recipient.unit).collect() },
            consents: event.person.map(|p| state.consents_of(p)).unwrap_or_default(),
            about: event.facts.iter().filter_map(|f| about(state, f)).collect(),
            hooks: source.filter(|_| !own).map(|u| bundle.hooks.of(&u.jurisdiction)).unwrap_or_default(),
        };
        situation.labels = situation.labels();
        situation.content_axes = situation.content_axes();
        situation
    }

    /// As [`Self::gather`], for the recipient of an ask that is on the log.
    pub fn under(
        bundle: &'a Bundle,
        state: &'a PolicyState,
        event: &'a EventFacts<'a>,
        ask: &'a AskState,
        at: LogTime,
    ) -> Self {
        let gathered = Self::gather(bundle, state, event, &ask.facts.to, at, true);
        let law = &bundle.defaults.identity;
        let linked = event.person.map_or(Confidence::Unlinked, |p| state.confidence(p, ask.facts.person, law));
        Self { ask: Some(ask), identity: gathered.identity.min(linked), ..gathered }
    }

    /// Provenance (rulebook 7.3 step 4): the labels it came with and the unit's status now, never fewer (A8).
    fn labels(&self) -> BTreeSet<LawLabel> {
        let mut labels: BTreeSet<_> = self.event.labels.iter().copied().collect();
        if let Some(source) = self.source {
            labels.extend(self.bundle.labels.law_labels(source, self.event.categories));
        }
        // That a Part 2 consent exists says that somebody is a patient (C33), whoever recorded it.
        if self.about.iter().any(|c| self.tells_of_part2(c)) {
            labels.insert(LawLabel::Part2);
        }
        labels
    }

    /// Content of another category than the field it stands in is ruled as both (rulebook 5.2): an HIV code among the
    /// diagnoses is C14 and C19. What is under Part 2 by provenance is so already, and more strictly.
    fn content_axes(&self) -> Vec<(Category, Category)> {
        let of = |slice: &SliceLabels| {
            let own = slice.category;
            let axes = self.bundle.labels.axes(own, &slice.labels, self.part2(own));
            axes.into_iter().map(move |axis| (own, axis))
        };
        self.event.content.iter().flat_map(of).collect()
    }

    fn tells_of_part2(&self, consent: &ConsentFacts) -> bool {
        use handoff_schemas::ConsentType as T;
        let part2_unit = |u: &UnitId| self.state.unit(u).is_some_and(|u| u.part2.applies());
        !matches!(consent.consent_type, T::HipaaAuthorization | T::General)
            || consent.grantors.iter().any(part2_unit)
            || consent.recipients.iter().any(part2_unit)
            || consent.categories.contains(&Category::Part2Record)
    }

    pub fn part2(&self, category: Category) -> bool {
        self.labels.contains(&LawLabel::Part2) || category == Category::Part2Record
    }

    /// Whether HIPAA holds the source, so that a plain consent does not do.
    pub fn covered(&self) -> bool {
        self.labels.contains(&LawLabel::Hipaa)
    }

    /// The categories whose cells must all agree: the slice's own, one for each label that has one, what the event tells
    /// by being there, what the slice's content is of besides, and C32 where it is sealed.
    pub fn axes(&self, category: Category) -> Vec<Category> {
        let labels = self.labels.iter().filter_map(|label| self.bundle.defaults.label_axis.get(label).copied());
        let mut axes = vec![category];
        let content = self.content_axes.iter().filter(|(own, _)| *own == category).map(|(_, axis)| *axis);
        let sealed = self.sealed(category).then_some(Category::Sealed);
        for axis in labels.chain(self.event_axis()).chain(content).chain(sealed) {
            if !axes.contains(&axis) {
                axes.push(axis);
            }
        }
        axes
    }

    /// What an event of this type tells by being there at all, whatever is shown of it.
    pub fn event_axis(&self) -> Option<Category> {
        self.bundle.defaults.event_axis(self.event.event_type)
    }

    pub fn victim_source(&self) -> bool {
        self.labels.contains(&LawLabel::Vawa)
    }

    pub fn erased(&self, category: Category) -> bool {
        let ordered = |p| self.state.erased(p, self.event.source, category, self.event.pos);
        self.event.person.is_some_and(ordered) || self.expunged(category)
    }

    /// Whether an agreement in force between the two rules the purpose out.
    pub fn prohibited(&self, purpose: Purpose) -> bool {
        use crate::state::Force;
        self.shared.iter().any(|a| {
            matches!(a.force(self.at), Force::InForce(terms)
            if terms.has_party(self.event.source) && terms.has_party(&self.recipient.unit) && terms.prohibits(purpose))
        })
    }

    /// When an agreement between the two that begins by time alone will rule the purpose out: no event will raise a
    /// floor then, so what is released until then must say itself that it ends.
    pub fn prohibited_from(&self, purpose: Purpose) -> Option<LogTime> {
        let coming = self.shared.iter().filter_map(|a| a.coming(self.at));
        let between = coming.filter(|t| t.has_party(self.event.source) && t.has_party(&self.recipient.unit));
        between.filter(|terms| terms.prohibits(purpose)).map(|terms| terms.effective_from).min()
    }
}

/// 42 CFR 2.33, rulebook 0.2: no TPO consent ever reaches police, nor anybody outside CE, BA and Part 2 programs.
fn tpo_recipient(bundle: &Bundle, unit: &UnitFacts, recipient: &Recipient) -> bool {
    let d = &bundle.defaults;
    d.tpo_kinds.contains(&recipient.kind)
        && (unit.hipaa.is_covered() || unit.part2.applies())
        && !unit.victim_services
        && !unit.roles.iter().any(|r| d.never_tpo.contains(r))
}

/// The consent that a fact is about.
fn about<'a>(state: &'a PolicyState, fact: &'a Fact) -> Option<&'a ConsentFacts> {
    match fact {
        Fact::ConsentRecorded { consent } => Some(consent),
        Fact::ConsentVerified { consent }
        | Fact::ConsentRevoked { consent, .. }
        | Fact::ConsentExpired { consent, .. } => state.consent(*consent).map(|c| &c.facts),
        _ => None,
    }
}
