use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_schemas::{Category, ElementSet, Purpose};

use super::{Leans, Why};
use crate::agreement::Opens;
use crate::bundle::Standing;
use crate::engine::{Path, PolicyRef, Verdict};
use crate::facts::SliceFacts;
use crate::identity::Confidence;
use crate::matrix::{Basis, Decision};
use crate::memo::Memo;
use crate::notice::{Between, Notice232, ScopeExplanation};
use crate::reason::Reason;
use crate::ruling::{Grant, Terms};
use crate::situation::{CellFacts, Choice, Hit, Match, Situation, Tightened};
use crate::state::ConsentState;

pub(super) type Axes<'a> = Vec<(Category, CellFacts<'a>)>;

/// One slice for one purpose: everything that stays the same over the candidates.
pub(super) struct Attempt<'a, 'b> {
    s: &'b Situation<'a>,
    category: Category,
    purpose: Purpose,
    pub(super) part2: bool,
    pub(super) axes: Axes<'a>,
    pub(super) base: SliceFacts,
    hooks: Tightened<'a>,
    /// Templates that a reviewed hook stands behind.
    hooked: Vec<&'a str>,
    /// What the person denies of it.
    denials: Vec<&'a ConsentState>,
}

/// The grants that each stand alone, one for each agreement clause (and consent) that opens every axis.
pub(super) fn attempt(
    memo: &mut Memo,
    s: &Situation<'_>,
    category: Category,
    flow: &Standing,
    why: &mut Why<'_>,
    leans: &mut Leans,
) -> Vec<Grant> {
    let a = Attempt::new(s, category, flow.purpose);
    let hits = s.agreements(flow.purpose, &a.axes);
    let matches = s.matches(flow.purpose, &a.axes);
    let candidates: Vec<Option<&Hit<'_>>> = match &hits {
        Ok(hits) => hits.iter().map(Some).collect(),
        Err(_) => vec![None],
    };
    let consents = matches.as_deref().unwrap_or_default();
    let mut grants: Vec<Grant> = Vec::new();
    let mut shut = BTreeSet::new();
    for hit in candidates {
        let without = std::iter::once(None);
        for consent in without.chain(consents.iter().map(Some)) {
            let Some(opened) = a.open(memo, hit, consent, why, &mut shut) else { continue };
            let elements = a.elements(&opened, flow, hit, consent);
            let adds = |g: &Grant| !subset(&elements, &g.elements);
            if elements.is_empty() {
                why.add(Reason::NotInTemplate);
            } else if grants.iter().all(adds) {
                match a.grant(memo, opened, elements, flow, hit, consent) {
                    Some(grant) => {
                        leans.end(hit.and_then(|h| h.ends).filter(|_| grant.agreement.is_some()));
                        leans.end(consent.and_then(Match::ends).filter(|_| grant.consent.is_some()));
                        grants.push(grant);
                    }
                    None => why.add(Reason::NoticeMissing),
                }
            }
        }
    }
    // Rulebook 7.4: the consents that lost are listed, and those that wait.
    for consent in consents {
        let record = Some(consent.facts.consent);
        match a.choice(consent) {
            Choice::Loses => why.about(Reason::ConsentOverruled, None, record),
            Choice::Waits => why.about(Reason::HoldForReview, None, record),
            Choice::Stands => {}
        }
    }
    if grants.is_empty() {
        a.gaps(&shut, hits.err(), matches.err(), why);
    } else {
        leans.end(s.prohibited_from(flow.purpose));
    }
    grants
}

fn subset(part: &ElementSet, whole: &ElementSet) -> bool {
    match (part, whole) {
        (_, ElementSet::All) => true,
        (ElementSet::All, ElementSet::Some(_)) => false,
        (ElementSet::Some(a), ElementSet::Some(b)) => a.is_subset(b),
    }
}

/// An axis that opened, by which path and policy.
pub(super) type Opened = Vec<(usize, Path, PolicyRef)>;

impl<'a, 'b> Attempt<'a, 'b> {
    pub(super) fn new(s: &'b Situation<'a>, category: Category, purpose: Purpose) -> Self {
        let all = s.axes(category);
        let hooks = s.tightened(purpose, &all);
        let axes: Axes<'a> = all.into_iter().map(|axis| (axis, s.hooked(axis, purpose))).collect();
        let part2 = s.part2(category);
        let d = &s.bundle.defaults;
        let denials = s.denials(purpose, &axes);
        let base = SliceFacts {
            parties_active: s.parties_active,
            never_carried: axes.iter().any(|(axis, _)| d.never_carried.contains(axis)),
            victim_source: s.victim_source(),
            erased: s.erased(category),
            sealed: s.sealed(category),
            identity_uncertain: s.unidentified(category),
            identity_likely: s.identity >= Confidence::Likely,
            proceeding: purpose.is_proceeding(),
            part2,
            agreement_prohibits: s.prohibited(purpose),
            life_safety: !part2 && s.life_safety(purpose, &axes),
            tpo_recipient: s.tpo_recipient,
            person_denies: !denials.is_empty(),
            person_restricts: s.restricted(purpose, &axes),
            hook_denies: hooks.denies.is_some(),
            hook_consent_required: hooks.consent.is_some(),
            notice_ready: !s.bundle.notice(d.notice_form).is_empty(),
            ..SliceFacts::default()
        };
        let hooked = s.hook_templates(category, purpose);
        Self { s, category, purpose, part2, axes, base, hooks, hooked, denials }
    }

    /// How a consent stands to all that the person denies, and to what the source agreed to restrict.
    fn choice(&self, consent: &Match<'_>) -> Choice {
        if self.base.person_restricts {
            return Choice::Loses;
        }
        let each = self.denials.iter().map(|denial| self.s.choice(consent, denial, self.part2));
        each.min().unwrap_or(Choice::Stands)
    }

    /// Whether the person denies it, and this candidate is no later choice that stands over that.
    fn denied(&self, consent: Option<&Match<'_>>) -> bool {
        let stands =
            |denial: &&ConsentState| consent.is_some_and(|c| self.s.choice(c, denial, self.part2) == Choice::Stands);
        !self.denials.iter().all(stands)
    }

    pub(super) fn facts(&self, cell: &CellFacts<'_>, hit: Option<&Hit<'_>>, consent: Option<&Match<'_>>) -> SliceFacts {
        let proceedings = consent.is_some_and(Match::proceedings);
        SliceFacts {
            cell_denied: cell.denied(),
            cell_aggregate: cell.aggregate(),
            cell_permits: cell.permits,
            cell_agreement: cell.agreement,
            cell_consent: cell.consent,
            cell_status: cell.status,
            // Rulebook 7.7: in a proceeding the person's consent under 2.31(d) opens what an order would.
            cell_order: cell.offers(Decision::Order) || (proceedings && self.s.ordered(cell)),
            authorizable: cell.authorizable,
            agreement: hit.is_some_and(|h| h.opens == Opens::Cells),
            limited_data_set: hit.is_some_and(|h| h.opens == Opens::LimitedDataSet),
            audit_2_53: hit.is_some_and(|h| h.opens == Opens::Audit),
            hook_opens: cell.by_hook.zip(hit).is_some_and(|(by, hit)| by.under(&hit.basis.id)),
            consent: consent.is_some(),
            consent_named: consent.is_some_and(|c| c.named),
            consent_tpo: consent.is_some_and(Match::tpo),
            consent_proceedings: proceedings,
            person_denies: self.denied(consent),
            ..self.base
        }
    }

    /// All axes must open, the stricter wins. With a consent, at least one must need it, or a denial that it stands over
    /// must be in the way: else it is not relied on.
    fn open(
        &self,
        memo: &mut Memo,
        hit: Option<&Hit<'_>>,
        consent: Option<&Match<'_>>,
        why: &mut Why<'_>,
        shut: &mut BTreeSet<usize>,
    ) -> Option<Opened> {
        let mut opened = Vec::with_capacity(self.axes.len());
        let mut complete = true;
        for (index, (_, cell)) in self.axes.iter().enumerate() {
            match &*memo.verdict(self.s.bundle, self.facts(cell, hit, consent)) {
                Verdict::Permit(path, policy) => opened.push((index, *path, policy.clone())),
                Verdict::Deny(floors) => {
                    self.refused(floors, why);
                    shut.insert(index);
                    complete = false;
                }
            }
        }
        let by_consent = opened.iter().any(|(_, path, _)| path.by_consent());
        let by_agreement = opened.iter().all(|(_, path, _)| *path != Path::LifeSafety);
        let relied = by_consent || (consent.is_some() && !self.denials.is_empty() && by_agreement);
        (complete && relied == consent.is_some()).then_some(opened)
    }

    /// Says which floors forbid it; a hook's with the hook's own law.
    pub(super) fn refused(&self, floors: &[(Reason, PolicyRef)], why: &mut Why<'_>) {
        why.floors_of(floors, Some(&self.hooks));
    }

    /// Template of kind and purpose, narrowed by cell, by agreement and by consent.
    fn elements(
        &self,
        opened: &Opened,
        flow: &Standing,
        hit: Option<&Hit<'_>>,
        consent: Option<&Match<'_>>,
    ) -> ElementSet {
        let mut elements = (*flow.elements).clone();
        for (index, path, _) in opened {
            let Some((_, cell)) = self.axes.get(*index) else { continue };
            let templates = match path {
                Path::Participation => cell.templates(Decision::Permit, self.s),
                Path::AgreementTerm => cell.templates(Decision::Agreement, self.s),
                Path::Status => cell.templates(Decision::Status, self.s),
                Path::Consent => cell.templates(cell.letter.unwrap_or(Decision::Consent), self.s),
                Path::StateHook => cell.by_hook.map_or(&[][..], |by| by.alternative.templates.as_slice()),
                Path::LifeSafety => std::slice::from_ref(&self.s.bundle.defaults.life_safety.template),
                Path::LimitedDataSet => std::slice::from_ref(&self.s.bundle.defaults.limited_data_set.template),
                Path::Audit => std::slice::from_ref(&self.s.bundle.defaults.audit.template),
                Path::Own | Path::Authorization | Path::Exception | Path::CourtOrder | Path::Record => &[],
            };
            if !templates.is_empty() {
                elements = elements.intersect(&self.narrowed(templates));
            }
            if let Some(template) = cell.by_hook.filter(|_| *path == Path::StateHook).and_then(|by| by.hook.template())
            {
                elements = elements.intersect(&self.narrowed(&[template.to_owned()]));
            }
        }
        if let Some(hit) = hit.filter(|h| !h.templates.is_empty()) {
            elements = elements.intersect(&self.narrowed(hit.templates));
        }
        if let Some(consent) = consent.filter(|c| !c.facts.elements.is_empty()) {
            elements = elements.intersect(&ElementSet::of(consent.facts.elements.iter().cloned()));
        }
        if consent.is_none() { self.unconsented(elements) } else { elements }
    }

    /// What hooks leave of what goes without the person's consent (rulebook 4).
    pub(super) fn unconsented(&self, elements: ElementSet) -> ElementSet {
        self.hooks.narrowed(elements)
    }

    fn narrowed(&self, templates: &[String]) -> ElementSet {
        self.s.bundle.narrowed(templates, self.category, &self.hooked)
    }

    fn grant(
        &self,
        memo: &mut Memo,
        opened: Opened,
        elements: ElementSet,
        flow: &Standing,
        hit: Option<&Hit<'_>>,
        consent: Option<&Match<'_>>,
    ) -> Option<Grant> {
        let needs_agreement = opened.iter().any(|(_, path, _)| *path != Path::LifeSafety);
        let mut labels = self.s.labels.clone();
        if self.part2 {
            labels.insert(handoff_schemas::LawLabel::Part2);
        }
        let terms = Terms {
            purposes: BTreeSet::from([self.purpose]),
            template: self.template(&opened, flow),
            elements,
            basis: self.basis(&opened, consent),
            citation: self.citation(&opened),
            policies: opened.into_iter().map(|(_, _, policy)| policy.id).collect(),
            labels,
            delete_when_expired: self.category == Category::SafetyCaution,
        };
        let agreement = hit.filter(|_| needs_agreement).map(|h| h.basis.clone());
        let grant = match (consent, agreement) {
            (None, agreement) => Some(Grant::without_consent(terms, agreement)),
            (Some(_), None) => None,
            (Some(c), Some(agreement)) if !self.part2 => Grant::consented(terms, agreement, c.basis()),
            (Some(c), Some(agreement)) => {
                let between = (self.s.event.source, &self.s.recipient.unit);
                let notice = memo.notice(c.facts, between, || self.notice(c))?;
                Some(Grant::part2_consented(terms, agreement, c.basis(), notice))
            }
        };
        // Had the candidate not stood over them, the floor would have spoken.
        grant.map(|grant| Grant { over: self.denials.iter().map(|denial| denial.facts.consent).collect(), ..grant })
    }

    /// The law of the policies that opened it, and of the hooks that they opened it by.
    fn citation(&self, opened: &Opened) -> Arc<str> {
        let by_hook = opened.iter().filter(|(_, path, _)| *path == Path::StateHook);
        let hooks = by_hook.filter_map(|(index, ..)| self.axes.get(*index)?.1.by_hook);
        let cited: BTreeSet<String> = hooks.map(|by| by.hook.cited()).collect();
        if cited.is_empty() {
            return citation(opened);
        }
        let all = std::iter::once(citation(opened).to_string()).chain(cited);
        all.collect::<Vec<_>>().join("; ").into()
    }

    /// The templates of kind and purpose, or the one that the way itself has.
    fn template(&self, opened: &Opened, flow: &Standing) -> Arc<str> {
        let d = &self.s.bundle.defaults;
        match opened.first() {
            Some((_, Path::LimitedDataSet, _)) => d.limited_data_set.template.as_str().into(),
            Some((_, Path::Audit, _)) => d.audit.template.as_str().into(),
            _ => Arc::clone(&flow.template),
        }
    }

    fn basis(&self, opened: &Opened, consent: Option<&Match<'_>>) -> BTreeSet<Basis> {
        let mut all: BTreeSet<Basis> = consent.map(|c| c.key(self.part2)).into_iter().collect();
        for (index, path, _) in opened {
            match path {
                Path::Own => drop(all.insert(Basis::OWN)),
                Path::LifeSafety => drop(all.insert(self.s.bundle.defaults.life_safety.basis)),
                Path::LimitedDataSet => drop(all.insert(self.s.bundle.defaults.limited_data_set.basis)),
                Path::Audit => drop(all.insert(self.s.bundle.defaults.audit.basis)),
                path if path.by_consent() => {}
                _ => all.extend(self.axes.get(*index).and_then(|(_, c)| c.cell).into_iter().flat_map(|c| &c.basis)),
            }
        }
        all
    }

    /// 42 CFR 2.32(a) and (b), naming this discloser and this recipient only.
    fn notice(&self, consent: &Match<'_>) -> Option<Notice232> {
        let bundle = self.s.bundle;
        let between = Between { discloser: &self.s.source?.name, recipient: &self.s.target?.name };
        let scope = ScopeExplanation {
            consent: consent.facts.consent,
            en: bundle.scope_en.explain(consent.facts, &between).into(),
            es: Some(bundle.scope_es.explain(consent.facts, &between).into()),
        };
        let form = bundle.defaults.notice_form;
        Notice232::new(form, bundle.notice(form), scope)
    }

    /// What each shut axis still wanted.
    fn gaps(
        &self,
        shut: &BTreeSet<usize>,
        agreements: Option<Vec<(Reason, Option<handoff_schemas::AgreementId>)>>,
        consents: Option<Vec<(Reason, Option<handoff_schemas::RecordId>)>>,
        why: &mut Why<'_>,
    ) {
        let cells = shut.iter().filter_map(|i| self.axes.get(*i)).map(|(_, cell)| cell);
        let (mut by_agreement, mut by_consent) = (false, false);
        for cell in cells {
            why.cell(cell);
            by_agreement |= !cell.denied() && !cell.aggregate();
            by_consent |= cell.consent && !cell.permits && !cell.agreement;
        }
        if by_agreement {
            for (reason, agreement) in agreements.into_iter().flatten() {
                why.about(reason, agreement, None);
            }
        }
        if by_consent {
            for (reason, consent) in consents.into_iter().flatten() {
                why.about(reason, None, consent);
            }
        }
    }
}

pub(super) fn citation(opened: &Opened) -> Arc<str> {
    let cites: BTreeSet<&str> = opened.iter().map(|(_, _, policy)| &*policy.cite).collect();
    match opened.as_slice() {
        [(_, _, only)] => Arc::clone(&only.cite),
        _ => cites.into_iter().collect::<Vec<_>>().join("; ").into(),
    }
}
