use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use handoff_schemas::{
    Category, ConsentFacts, ConsentType, Expiry, List, LogPos, LogTime, NamedBy, PersonId, Purpose, RecordId,
    RevokedFor, Signatures, UnitId,
};
use serde::{Deserialize, Serialize};

use super::Rerule;

/// A consent or denial and what became of it. A large county has millions of them: what few have stands apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConsentState {
    pub facts: ConsentFacts,
    pub recorded_by: UnitId,
    pub recorded_at: LogPos,
    /// A unit that may disclose under it has verified it.
    pub verified: bool,
    pub revoked: bool,
    pub expired: bool,
    /// Who signed it, and where the days are counted: shared, for most are alike. None: the person alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signatures: Option<Arc<Signatures>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    marks: Option<Box<Marks>>,
}

/// What most consents have nothing of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Marks {
    revoked_for: BTreeSet<UnitId>,
    /// Earlier choices of the person that its document names, and those over which a unit confirmed it (rulebook 7.4).
    refers_to: BTreeSet<RecordId>,
    confirmed: BTreeMap<UnitId, BTreeSet<RecordId>>,
    /// From when on it was over, for all or for some, where its source says that it was before it said so.
    ended_since: Option<LogTime>,
    ended_for: BTreeMap<UnitId, LogTime>,
}

static UNMARKED: Marks = Marks {
    revoked_for: BTreeSet::new(),
    refers_to: BTreeSet::new(),
    confirmed: BTreeMap::new(),
    ended_since: None,
    ended_for: BTreeMap::new(),
};

impl ConsentState {
    fn marks(&self) -> &Marks {
        self.marks.as_deref().unwrap_or(&UNMARKED)
    }

    /// The recipients whom it was revoked for, where not for all.
    #[must_use]
    pub fn revoked_for(&self) -> &BTreeSet<UnitId> {
        &self.marks().revoked_for
    }

    /// Who signed it. None: the person alone.
    #[must_use]
    pub fn signatures(&self) -> Option<&Signatures> {
        self.signatures.as_deref()
    }

    /// Whether nothing ended it for this recipient. Types, scope and form are other questions.
    #[must_use]
    pub fn stands(&self, recipient: &UnitId, at: LogTime) -> bool {
        !self.revoked && !self.revoked_for().contains(recipient) && !self.ended(at)
    }

    /// Expired by event or by time: over from the first instant of its end.
    #[must_use]
    pub fn ended(&self, at: LogTime) -> bool {
        self.expired || matches!(self.facts.expiry, Expiry::At { at: end } if at >= end)
    }

    /// Whether a release made then to this recipient leaned on it after its end, as became known later (42 CFR
    /// 2.31(a)(7), (c)): made in good faith, and for the privacy officer to look at (`post_event_release`).
    #[must_use]
    pub fn released_after_end(&self, recipient: &UnitId, at: LogTime) -> bool {
        let marks = self.marks();
        let ends = [marks.ended_since, marks.ended_for.get(recipient).copied()];
        ends.into_iter().flatten().any(|since| at >= since)
    }

    /// Whether somebody said that it was meant over this earlier choice, where this unit is to disclose.
    #[must_use]
    pub fn stands_over(&self, earlier: RecordId, source: &UnitId) -> bool {
        let marks = self.marks();
        marks.refers_to.contains(&earlier) || marks.confirmed.get(source).is_some_and(|over| over.contains(&earlier))
    }

    /// P2-18(4): a discloser may rely on what a discloser recorded or verified.
    #[must_use]
    pub fn vouched(&self) -> bool {
        self.verified || self.facts.grantors.contains(&self.recorded_by)
    }

    /// P2-18(2) as far as facts can show it: a form that lacks an element, or that mixes types, is unusable for every
    /// use it names (EC-07, EC-09).
    #[must_use]
    pub fn deficient(&self, tpo_purposes: &BTreeSet<Purpose>) -> bool {
        let f = &self.facts;
        let tpo = f.consent_type == ConsentType::Part2Tpo;
        let proceedings = f.consent_type == ConsentType::Part2Proceedings;
        let empty = f.grantors.is_empty() || f.categories.is_empty() || f.purposes.is_empty();
        let nobody = f.recipients.is_empty() && !f.tpo_class;
        let class_elsewhere = f.tpo_class && !tpo;
        let endless = f.expiry == Expiry::Never && !tpo;
        let beyond_tpo = tpo && f.purposes.iter().any(|p| !tpo_purposes.iter().any(|t| t.covers(*p)));
        let mixed = f.purposes.iter().any(|p| p.is_proceeding() != proceedings);
        empty || nobody || class_elsewhere || endless || beyond_tpo || mixed
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Consents {
    all: BTreeMap<RecordId, Arc<ConsentState>>,
    /// In the order of their ids.
    by_person: BTreeMap<PersonId, Vec<RecordId>>,
    #[serde(skip)]
    pool: Pool,
}

impl Consents {
    /// Whose answers it changes: the person's, and whoever it was about before.
    pub fn recorded(&mut self, mut facts: ConsentFacts, recorded_by: &UnitId, recorded_at: LogPos) -> BTreeSet<Rerule> {
        let record = facts.consent;
        // Recorded again under its id: what ended it stays ended, what vouched for the old text does not vouch for this.
        let before = self.all.remove(&record);
        let people = [Some(facts.person), before.as_ref().map(|b| b.facts.person)];
        if let Some(old) = &before
            && let Some(known) = self.by_person.get_mut(&old.facts.person)
        {
            known.retain(|r| *r != record);
        }
        let own = self.by_person.entry(facts.person).or_default();
        own.reserve_exact(1);
        own.insert(own.partition_point(|known| *known < record), record);
        self.pool.share(&mut facts);
        let (revoked, expired) = before.as_ref().map_or((false, false), |b| (b.revoked, b.expired));
        let marks = before.as_ref().and_then(|b| b.marks.as_deref()).and_then(Marks::of_its_end);
        let (recorded_by, verified) = (self.pool.unit(recorded_by), false);
        let signatures = None;
        let state = ConsentState { facts, recorded_by, recorded_at, verified, revoked, expired, signatures, marks };
        self.all.insert(record, Arc::new(state));
        people.into_iter().flatten().map(Rerule::Person).collect()
    }

    pub fn signed(&mut self, record: RecordId, signatures: Signatures) -> Option<Rerule> {
        let consent = self.all.get_mut(&record)?;
        Arc::make_mut(consent).signatures = Some(self.pool.signed(signatures));
        Some(Rerule::Person(consent.facts.person))
    }

    /// A document speaks through the unit that recorded it; a unit that may disclose speaks for its own data.
    pub fn named(&mut self, record: RecordId, earlier: &[RecordId], by: NamedBy, source: &UnitId) -> Option<Rerule> {
        let consent = self.all.get(&record)?;
        match by {
            NamedBy::Document if consent.recorded_by == *source => {
                self.mark(record, |marks| marks.refers_to.extend(earlier))
            }
            NamedBy::Source if consent.facts.grantors.contains(source) => {
                self.mark(record, |marks| marks.confirmed.entry(source.clone()).or_default().extend(earlier))
            }
            NamedBy::Document | NamedBy::Source => None,
        }
    }

    /// Counts only from a unit that may disclose under it.
    pub fn verified(&mut self, record: RecordId, by: &UnitId) -> Option<Rerule> {
        let consent = self.all.get_mut(&record).filter(|c| c.facts.grantors.contains(by))?;
        Arc::make_mut(consent).verified = true;
        Some(Rerule::Person(consent.facts.person))
    }

    /// Of the person whose consent it is, whoever the event names.
    pub fn revoked(&mut self, record: RecordId, parties: &RevokedFor) -> Option<Rerule> {
        match parties {
            RevokedFor::All => {
                let consent = self.all.get_mut(&record)?;
                Arc::make_mut(consent).revoked = true;
                Some(Rerule::Person(consent.facts.person))
            }
            RevokedFor::Parties(units) => self.mark(record, |marks| marks.revoked_for.extend(units.iter().cloned())),
        }
    }

    pub fn expired(&mut self, record: RecordId) -> Option<Rerule> {
        let consent = self.all.get_mut(&record)?;
        Arc::make_mut(consent).expired = true;
        Some(Rerule::Person(consent.facts.person))
    }

    /// The earliest said counts.
    pub fn ended(&mut self, record: RecordId, parties: &RevokedFor, since: LogTime) {
        let earliest = |marks: &mut Marks| match parties {
            RevokedFor::All => {
                marks.ended_since = Some(marks.ended_since.map_or(since, |known| known.min(since)));
            }
            RevokedFor::Parties(units) => {
                for unit in units {
                    let known = marks.ended_for.entry(unit.clone()).or_insert(since);
                    *known = (*known).min(since);
                }
            }
        };
        self.mark(record, earliest);
    }

    pub fn get(&self, record: RecordId) -> Option<&ConsentState> {
        self.all.get(&record).map(|consent| &**consent)
    }

    pub fn of(&self, person: PersonId) -> impl Iterator<Item = &ConsentState> {
        self.by_person.get(&person).into_iter().flatten().filter_map(|r| self.get(*r))
    }

    fn mark(&mut self, record: RecordId, mark: impl FnOnce(&mut Marks)) -> Option<Rerule> {
        let consent = self.all.get_mut(&record)?;
        mark(Arc::make_mut(consent).marks.get_or_insert_default());
        Some(Rerule::Person(consent.facts.person))
    }
}

impl Marks {
    /// Of a consent that is recorded again: what ended it, and nothing else.
    fn of_its_end(&self) -> Option<Box<Self>> {
        let Self { revoked_for, ended_since, ended_for, .. } = self;
        let any = !revoked_for.is_empty() || ended_since.is_some() || !ended_for.is_empty();
        let kept = || Self {
            revoked_for: revoked_for.clone(),
            ended_since: *ended_since,
            ended_for: ended_for.clone(),
            ..Self::default()
        };
        any.then(kept).map(Box::new)
    }
}

/// The lists that consents share. What the state says does not depend on it.
#[derive(Clone, Debug, Default)]
struct Pool {
    units: HashSet<UnitId>,
    signatures: HashSet<Arc<Signatures>>,
    parties: HashSet<List<UnitId>>,
    purposes: HashSet<List<Purpose>>,
    categories: HashSet<List<Category>>,
}

impl PartialEq for Pool {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Pool {
    fn share(&mut self, facts: &mut ConsentFacts) {
        share(&mut self.parties, &mut facts.grantors);
        share(&mut self.parties, &mut facts.recipients);
        share(&mut self.purposes, &mut facts.purposes);
        share(&mut self.categories, &mut facts.categories);
    }

    fn signed(&mut self, signatures: Signatures) -> Arc<Signatures> {
        if let Some(known) = self.signatures.get(&signatures) {
            return Arc::clone(known);
        }
        let signatures = Arc::new(signatures);
        self.signatures.insert(Arc::clone(&signatures));
        signatures
    }

    fn unit(&mut self, unit: &UnitId) -> UnitId {
        if let Some(known) = self.units.get(unit) {
            return known.clone();
        }
        self.units.insert(unit.clone());
        unit.clone()
    }
}

fn share<T: Clone + Eq + Hash>(known: &mut HashSet<List<T>>, list: &mut List<T>) {
    if let Some(same) = known.get(list) {
        *list = same.clone();
    } else {
        known.insert(list.clone());
    }
}
