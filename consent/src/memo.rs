//! Rulings remembered by what they rest on. A remembered answer equals a cold one; the tests hold it to that.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher as _;
use std::sync::Arc;

use handoff_schemas::{
    BundleHash, Category, ConsentFacts, EventType, LawLabel, LogTime, PersonId, Purpose, Recipient, RecordId,
    SliceLabels, UnitId,
};

use crate::bundle::Bundle;
use crate::engine::Verdict;
use crate::facts::SliceFacts;
use crate::notice::Notice232;
use crate::ruling::SliceRuling;
use crate::situation::Personal;
use crate::standing::Scope;

/// Most situations kept; then all are forgotten. A hub of a hundred units stays well below.
const MAX_SITUATIONS: usize = 100_000;

/// Most situations of persons kept: each holds its consent's notice. A person's night, and their history when a consent
/// has it ruled again, come one after the other.
const MAX_PERSONAL: usize = 4_096;

/// Two levels: one Cedar evaluation a distinct set of facts, and one set of slice rulings a situation. Of a person of whom
/// nothing is known that decides, a situation is everybody's; of another it is theirs, for as long as nothing about them
/// changes, unless something of it reaches some of their events only (a data period, a seal, an erasure).
#[derive(Debug, Default)]
pub struct Memo {
    bundle: Option<BundleHash>,
    revision: u64,
    verdicts: HashMap<SliceFacts, Arc<Verdict>>,
    /// By the hash of their key, so that looking one up clones nothing.
    situations: Situations,
    personal: Situations,
    hasher: RandomState,
    notices: HashMap<(RecordId, UnitId, UnitId), (ConsentFacts, Notice232)>,
}

type Situations = HashMap<u64, Vec<(Kept, Remembered)>>;

/// What decides. Units and agreements count through the state's revision, a person through their stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key<'a> {
    pub source: &'a UnitId,
    pub recipient: &'a Recipient,
    pub categories: &'a [Category],
    pub labels: &'a [LawLabel],
    pub content: &'a [SliceLabels],
    pub event_axis: Option<Category>,
    pub asked: Option<Purpose>,
    /// None: everybody's.
    pub personal: Option<Personal<'a>>,
}

impl Key<'_> {
    /// As it is before and after whatever changes about the person.
    fn unstamped(self) -> Self {
        Self { personal: self.personal.map(|p| Personal { stamp: 0, ..p }), ..self }
    }
}

/// A [`Key`] that is kept.
#[derive(Debug)]
struct Kept {
    source: UnitId,
    recipient: Recipient,
    categories: Vec<Category>,
    labels: Vec<LawLabel>,
    content: Vec<SliceLabels>,
    event_axis: Option<Category>,
    asked: Option<Purpose>,
    personal: Option<(PersonId, u64, EventType)>,
}

impl Kept {
    fn of(key: &Key<'_>) -> Self {
        Self {
            source: key.source.clone(),
            recipient: key.recipient.clone(),
            categories: key.categories.to_vec(),
            labels: key.labels.to_vec(),
            content: key.content.to_vec(),
            event_axis: key.event_axis,
            asked: key.asked,
            personal: key.personal.map(|p| (p.person, p.stamp, p.event_type.clone())),
        }
    }

    fn key(&self) -> Key<'_> {
        Key {
            source: &self.source,
            recipient: &self.recipient,
            categories: &self.categories,
            labels: &self.labels,
            content: &self.content,
            event_axis: self.event_axis,
            asked: self.asked,
            personal: self.personal.as_ref().map(|(person, stamp, event_type)| Personal {
                person: *person,
                stamp: *stamp,
                event_type,
            }),
        }
    }
}

/// Slice rulings with what they lean on.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    pub slices: Arc<[SliceRuling]>,
    /// But for those of the person.
    pub scopes: BTreeSet<Scope>,
    pub valid_until: Option<LogTime>,
}

#[derive(Debug)]
struct Remembered {
    /// Holds from the instant it was decided to the next begin or end of any agreement or consent.
    from: LogTime,
    until: Option<LogTime>,
    decided: Decided,
}

impl Memo {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets what another bundle, or another state of units and agreements, decided.
    pub(crate) fn turn_to(&mut self, bundle: &Bundle, revision: u64) {
        if self.bundle != Some(bundle.hash) {
            *self = Self { bundle: Some(bundle.hash), ..Self::default() };
        }
        let turned = self.revision != revision;
        self.revision = revision;
        if turned || self.situations.len().max(self.notices.len()) >= MAX_SITUATIONS {
            self.situations.clear();
            self.notices.clear();
        }
        if turned || self.personal.len() >= MAX_PERSONAL {
            self.personal.clear();
        }
    }

    pub(crate) fn verdict(&mut self, bundle: &Bundle, facts: SliceFacts) -> Arc<Verdict> {
        let known = self.verdicts.entry(facts).or_insert_with(|| Arc::new(bundle.engine.evaluate(&facts)));
        Arc::clone(known)
    }

    /// The notice of a consent between two units, made once while the consent and the units' names stay the same.
    pub(crate) fn notice(
        &mut self,
        consent: &ConsentFacts,
        between: (&UnitId, &UnitId),
        make: impl FnOnce() -> Option<Notice232>,
    ) -> Option<Notice232> {
        let key = (consent.consent, between.0.clone(), between.1.clone());
        if let Some((_, notice)) = self.notices.get(&key).filter(|(facts, _)| facts == consent) {
            return Some(notice.clone());
        }
        let notice = make()?;
        self.notices.insert(key, (consent.clone(), notice.clone()));
        Some(notice)
    }

    pub(crate) fn recall(&self, key: &Key<'_>, at: LogTime) -> Option<&Decided> {
        let situations = if key.personal.is_some() { &self.personal } else { &self.situations };
        let alike = situations.get(&self.hasher.hash_one(key))?;
        let (_, known) = alike.iter().find(|(known, _)| known.key() == *key)?;
        (at >= known.from && known.until.is_none_or(|end| at < end)).then_some(&known.decided)
    }

    pub(crate) fn keep(&mut self, key: &Key<'_>, from: LogTime, until: Option<LogTime>, decided: Decided) {
        let hash = self.hasher.hash_one(key);
        let situations = if key.personal.is_some() { &mut self.personal } else { &mut self.situations };
        let alike = situations.entry(hash).or_default();
        // What was known of the person before is never asked for again.
        alike.retain(|(known, _)| known.key().unstamped() != key.unstamped());
        alike.push((Kept::of(key), Remembered { from, until, decided }));
    }
}
