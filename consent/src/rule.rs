//! The ruling itself: purposes, axes, candidates, verdicts, grants.

mod asked;
mod attempt;
mod reasons;
mod supposed;
mod told;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_schemas::{Category, ElementSet, LogTime, Purpose, Recipient};

use crate::bundle::{Bundle, Standing};
use crate::engine::Verdict;
use crate::facts::SliceFacts;
use crate::matrix::Basis;
use crate::memo::{Decided, Key, Memo};
use crate::reason::Reason;
use crate::ruling::{Grant, Outcome, Ruling, SliceRuling, Terms};
use crate::situation::{Alike, EventFacts, Situation};
use crate::standing::Scope;
use crate::state::{AskState, PolicyState};
use reasons::Why;
pub(crate) use supposed::excepted;

/// This engine, as every ruling names it.
pub const ENGINE: &str = concat!("handoff-law/", env!("CARGO_PKG_VERSION"));

/// Who would get what of one event.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub bundle: &'a Bundle,
    pub state: &'a PolicyState,
    pub event: &'a EventFacts<'a>,
    pub recipient: &'a Recipient,
    /// None: what stands without asking.
    pub purpose: Option<Purpose>,
    pub at: LogTime,
}

/// Rules one event for one recipient by the standing purposes of the recipient's kind.
#[must_use]
pub fn rule(
    bundle: &Bundle,
    state: &PolicyState,
    event: &EventFacts<'_>,
    recipient: &Recipient,
    at: LogTime,
) -> Ruling {
    Memo::new().rule(bundle, state, event, recipient, at)
}

/// Rules one event for one recipient and one stated purpose: an ask, an explanation, a "what if".
#[must_use]
pub fn rule_for(
    bundle: &Bundle,
    state: &PolicyState,
    event: &EventFacts<'_>,
    recipient: &Recipient,
    purpose: Purpose,
    at: LogTime,
) -> Ruling {
    Memo::new().rule_for(bundle, state, event, recipient, purpose, at)
}

/// Rules one event under an ask, for the recipient that the ask names: what it opens beyond what stands.
#[must_use]
pub fn rule_asked(bundle: &Bundle, state: &PolicyState, event: &EventFacts<'_>, ask: &AskState, at: LogTime) -> Ruling {
    Memo::new().rule_asked(bundle, state, event, ask, at)
}

/// Rules an ask's own event for a unit whose data the ask opened in an emergency: of it goes what that unit must
/// document (42 CFR 2.51(c)). Whether it opened any is the caller's to know.
#[must_use]
pub fn rule_record(
    bundle: &Bundle,
    state: &PolicyState,
    event: &EventFacts<'_>,
    recipient: &Recipient,
    at: LogTime,
) -> Ruling {
    Memo::new().rule_record(bundle, state, event, recipient, at)
}

/// Rules a recall for a unit that holds what was expunged: of it goes what the unit is to do. Whether it holds any, and
/// which releases, is the caller's to know.
#[must_use]
pub fn rule_recall(
    bundle: &Bundle,
    state: &PolicyState,
    event: &EventFacts<'_>,
    recipient: &Recipient,
    at: LogTime,
) -> Ruling {
    Memo::new().rule_recall(bundle, state, event, recipient, at)
}

impl Memo {
    /// [`rule_asked`], remembering verdicts alone: an ask is one person's.
    #[must_use]
    pub fn rule_asked(
        &mut self,
        bundle: &Bundle,
        state: &PolicyState,
        event: &EventFacts<'_>,
        ask: &AskState,
        at: LogTime,
    ) -> Ruling {
        let s = Situation::under(bundle, state, event, ask, at);
        let mut ruling = self.one_by_one(&s, asked::slice);
        ruling.valid_until = ruling.releases().then(|| s.ask_ends(ask, &ruling));
        ruling
    }

    /// [`rule_record`], remembering verdicts alone.
    #[must_use]
    pub fn rule_record(
        &mut self,
        bundle: &Bundle,
        state: &PolicyState,
        event: &EventFacts<'_>,
        recipient: &Recipient,
        at: LogTime,
    ) -> Ruling {
        self.one_by_one(&Situation::gather(bundle, state, event, recipient, at, true), told::record)
    }

    /// [`rule_recall`], remembering verdicts alone.
    #[must_use]
    pub fn rule_recall(
        &mut self,
        bundle: &Bundle,
        state: &PolicyState,
        event: &EventFacts<'_>,
        recipient: &Recipient,
        at: LogTime,
    ) -> Ruling {
        self.one_by_one(&Situation::gather(bundle, state, event, recipient, at, false), told::recall)
    }

    /// Every category by itself, on no agreement and no consent.
    fn one_by_one(&mut self, s: &Situation<'_>, slice: fn(&mut Self, &Situation<'_>, Category) -> Outcome) -> Ruling {
        self.turn_to(s.bundle, s.state.revision());
        let categories = s.event.categories.iter().copied();
        let slices: Vec<_> =
            categories.map(|category| SliceRuling { category, outcome: slice(self, s, category) }).collect();
        let decided = Decided { slices: slices.into(), scopes: shared_scopes(s, Leans::default()), valid_until: None };
        let Situation { bundle, state, event, recipient, at, .. } = *s;
        ruling(&Question { bundle, state, event, recipient, purpose: None, at }, s.ask, &decided)
    }

    /// [`rule`], remembering.
    #[must_use]
    pub fn rule(
        &mut self,
        bundle: &Bundle,
        state: &PolicyState,
        event: &EventFacts<'_>,
        recipient: &Recipient,
        at: LogTime,
    ) -> Ruling {
        self.decide(&Question { bundle, state, event, recipient, purpose: None, at })
    }

    /// [`rule_for`], remembering.
    #[must_use]
    pub fn rule_for(
        &mut self,
        bundle: &Bundle,
        state: &PolicyState,
        event: &EventFacts<'_>,
        recipient: &Recipient,
        purpose: Purpose,
        at: LogTime,
    ) -> Ruling {
        self.decide(&Question { bundle, state, event, recipient, purpose: Some(purpose), at })
    }

    /// [`Self::rule`] or [`Self::rule_for`], by what is asked.
    pub(crate) fn decide(&mut self, question: &Question<'_>) -> Ruling {
        let Question { bundle, state, event, recipient, purpose, at } = *question;
        self.turn_to(bundle, state.revision());
        let key = |personal| Key {
            source: event.source,
            recipient,
            categories: event.categories,
            labels: event.labels,
            content: event.content,
            event_axis: bundle.defaults.event_axis(event.event_type),
            asked: purpose,
            personal,
        };
        let key = match event.alike(state, at) {
            Alike::Anybodys => Some(key(None)),
            Alike::Persons(personal) => Some(key(Some(personal))),
            Alike::None => None,
        };
        if let Some(known) = key.as_ref().and_then(|key| self.recall(key, at)) {
            return ruling(question, None, known);
        }
        let decided = self.cold(&Situation::gather(bundle, state, event, recipient, at, purpose.is_some()), purpose);
        let answer = ruling(question, None, &decided);
        // When what holds at an earlier time changed is not kept: it holds then alone.
        if let Some(key) = key.filter(|_| at >= state.at()) {
            let until = [state.next_change_at(at), decided.valid_until].into_iter().flatten().min();
            self.keep(&key, at, until, decided);
        }
        answer
    }

    fn cold(&mut self, s: &Situation<'_>, asked: Option<Purpose>) -> Decided {
        let mut leans = Leans::default();
        let slices: Vec<_> = s
            .event
            .categories
            .iter()
            .map(|category| SliceRuling { category: *category, outcome: slice(self, s, *category, asked, &mut leans) })
            .collect();
        for grant in slices.iter().flat_map(|r| r.outcome.grants()) {
            leans.agreements.extend(grant.agreement.iter().map(|a| a.id.clone()));
            leans.consents.extend(grant.consent.iter().map(|c| c.record));
        }
        let valid_until = leans.ends;
        Decided { slices: slices.into(), scopes: shared_scopes(s, leans), valid_until }
    }
}

/// What the grants of one ruling rest on.
#[derive(Default)]
struct Leans {
    agreements: BTreeSet<handoff_schemas::AgreementId>,
    consents: BTreeSet<handoff_schemas::RecordId>,
    ends: Option<LogTime>,
}

impl Leans {
    fn end(&mut self, end: Option<LogTime>) {
        self.ends = [self.ends, end].into_iter().flatten().min();
    }
}

/// What a ruling leans on whoever the person is.
fn shared_scopes(s: &Situation<'_>, leans: Leans) -> BTreeSet<Scope> {
    let mut scopes = BTreeSet::from([Scope::Bundle, Scope::Unit(s.recipient.unit.clone())]);
    scopes.insert(Scope::Unit(s.event.source.clone()));
    scopes.extend([s.source, s.target].into_iter().flatten().map(|u| Scope::Partner(u.partner.clone())));
    // What a unit published itself it reads whatever becomes of any agreement (rulebook 7.5).
    let restricting = s.shared.iter().filter(|a| !s.own && a.restricts());
    scopes.extend(restricting.map(|a| Scope::Agreement(a.id.clone())));
    scopes.extend(leans.agreements.into_iter().map(Scope::Agreement));
    scopes.extend(leans.consents.into_iter().map(Scope::Consent));
    scopes
}

fn ruling(question: &Question<'_>, ask: Option<&AskState>, decided: &Decided) -> Ruling {
    let Question { bundle, state, event, recipient, .. } = *question;
    let mut scopes = decided.scopes.clone();
    if let Some(person) = event.person {
        // At an intermediary what a class of treating providers reaches ends with the treatment.
        let treated = state.is_intermediary() && recipient.unit != *event.source;
        // Everybody in the cluster: a link or a denial of any of them touches all.
        state.each_linked(person, |p| {
            scopes.insert(Scope::Person(p));
            if treated {
                scopes.insert(Scope::Treatment(p, recipient.unit.clone()));
            }
        });
    }
    scopes.extend(ask.map(|a| Scope::Ask(a.facts.ask)));
    Ruling {
        recipient: recipient.clone(),
        ask: ask.map(|a| a.facts.ask),
        at_pos: state.pos().max(event.pos),
        slices: Arc::clone(&decided.slices),
        scopes,
        valid_until: decided.valid_until,
        bundle: bundle.hash,
        engine: ENGINE,
    }
}

fn slice(memo: &mut Memo, s: &Situation<'_>, category: Category, asked: Option<Purpose>, leans: &mut Leans) -> Outcome {
    let mut why = Why::new(s.bundle);
    if s.own {
        return own(memo, s, category, asked, why);
    }
    if category == Category::Administrative {
        why.add(Reason::OutsideMatrix);
        return Outcome::Withhold(why.into_list());
    }
    let flows: Cow<'_, [Standing]> = match asked {
        Some(p) => s.flow(p, category).or_else(|| s.in_proceedings(p, category)).into_iter().collect(),
        None => s.standing(category),
    };
    let mut grants: Vec<Grant> = Vec::new();
    for flow in flows.iter() {
        for grant in attempt::attempt(memo, s, category, flow, &mut why, leans) {
            match grants.iter_mut().find(|known| known.same_authority(&grant)) {
                Some(known) => known.purposes.extend(grant.purposes),
                None => grants.push(grant),
            }
        }
    }
    if flows.is_empty() {
        nothing_shown(memo, s, category, asked, &mut why, leans);
    }
    if grants.is_empty() { Outcome::Withhold(why.into_list()) } else { Outcome::Release(grants) }
}

/// No template shows anything of the category: still say what else stands in the way, floors first.
fn nothing_shown(
    memo: &mut Memo,
    s: &Situation<'_>,
    category: Category,
    asked: Option<Purpose>,
    why: &mut Why<'_>,
    leans: &mut Leans,
) {
    let purpose = asked.or_else(|| s.bundle.defaults.purposes(s.recipient.kind).next());
    if let Some(purpose) = purpose {
        let nothing = Standing { purpose, template: "".into(), elements: Arc::new(ElementSet::none()) };
        attempt::attempt(memo, s, category, &nothing, why, leans);
    }
    let known = asked.is_none_or(|p| !s.bundle.defaults.templates(s.recipient.kind, p).is_empty());
    why.add(if known { Reason::NotInTemplate } else { Reason::NoPurpose });
}

fn own(memo: &mut Memo, s: &Situation<'_>, category: Category, asked: Option<Purpose>, mut why: Why<'_>) -> Outcome {
    let facts = SliceFacts {
        own: true,
        parties_active: s.parties_active,
        never_carried: s.bundle.defaults.never_carried.contains(&category),
        victim_source: s.victim_source(),
        erased: s.erased(category),
        sealed: s.sealed(category),
        part2: s.part2(category),
        proceeding: asked.is_some_and(Purpose::is_proceeding),
        ..SliceFacts::default()
    };
    match &*memo.verdict(s.bundle, facts) {
        Verdict::Deny(floors) => {
            why.floors(floors);
            Outcome::Withhold(why.into_list())
        }
        Verdict::Permit(_, policy) => {
            let terms = Terms {
                purposes: asked.into_iter().collect(),
                template: "full".into(),
                elements: ElementSet::All,
                basis: BTreeSet::from([Basis::OWN]),
                policies: BTreeSet::from([Arc::clone(&policy.id)]),
                citation: Arc::clone(&policy.cite),
                labels: s.labels.clone(),
                delete_when_expired: false,
            };
            Outcome::Release(vec![Grant::own(terms)])
        }
    }
}
