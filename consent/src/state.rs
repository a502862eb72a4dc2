//! What the log says so far, as far as rulings depend on it. A pure fold: same events, same state.

mod agreements;
mod asks;
mod consents;
mod due;
mod fold;
mod hooks;
mod links;
mod lives;
mod operator;
mod seals;
mod stamps;
mod treating;
mod units;

use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{
    AgreementId, BundleHash, Category, ConsentFacts, EventId, Fact, LogPos, LogTime, OperatorFacts, PersonId,
    Recipient, RecordId, ReferralStatus, Signatures, Signer, UnitFacts, UnitId,
};
use serde::{Deserialize, Serialize};

pub use agreements::{AgreementState, Force};
pub use asks::AskState;
pub use consents::ConsentState;
pub(crate) use lives::{Life, StatedCapacity, StatedRepresentative};
pub use seals::SealState;

use crate::agreement::Agreement;
use crate::identity::{Confidence, Identification};
use agreements::Agreements;
use asks::Asks;
use consents::Consents;
use due::Dues;
use hooks::Reviews;
use links::Links;
use lives::Lives;
use seals::Seals;
use stamps::Stamps;
use treating::Treating;
use units::Units;

/// The event whose facts are folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRef {
    pub id: EventId,
    pub record: RecordId,
    /// The unit that published it.
    pub source: UnitId,
}

/// What must be ruled again, for the answer may have changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rerule {
    /// Events of the person, and of everybody linked to them.
    Person(PersonId),
    /// Events of the agreement's units.
    Agreement(AgreementId),
    /// Events of the unit.
    Unit(UnitId),
}

/// Units, partners, agreements, consents, links and referrals as of the last event folded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PolicyState {
    pos: LogPos,
    at: LogTime,
    /// Hash of everything folded that concerns no single person: two states that share it rule the same way where
    /// nothing personal decides, so a memo knows when its situations are stale.
    revision: u64,
    units: Units,
    agreements: Agreements,
    consents: Consents,
    asks: Asks,
    links: Links,
    treating: Treating,
    /// None: nobody declared anything, so it is a business associate that no police run.
    operator: Option<OperatorFacts>,
    /// None: nothing was activated, so it is the law that the hub began with.
    law: Option<BundleHash>,
    hooks: Reviews,
    lives: Lives,
    referrals: BTreeMap<RecordId, ReferralState>,
    erasures: BTreeMap<PersonId, Vec<Erasure>>,
    seals: Seals,
    due: Dues,
    #[serde(skip)]
    stamps: Stamps,
}

/// Who asked for a referral and who is to report on it (matrix, C26 to LE).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferralState {
    pub person: PersonId,
    pub from: UnitId,
    pub to: UnitId,
    pub initiated_by: UnitId,
    pub status: Option<ReferralStatus>,
}

/// What the state holds that decides for one person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub any: bool,
    /// Something of it reaches some events of the person and not others of their type: by position, record or time.
    pub of_some_events: bool,
    /// A day ahead may change what a signature is worth: a birthday at whatever age a hook sets, the end of an authority.
    pub turns: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Erasure {
    pos: LogPos,
    unit: UnitId,
    /// Empty: everything.
    categories: Vec<Category>,
}

impl PolicyState {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Folds one event's facts at its position; says what must be ruled again.
    pub fn apply(&mut self, pos: LogPos, at: LogTime, event: &EventRef, facts: &[Fact]) -> Vec<Rerule> {
        self.pos = self.pos.max(pos);
        self.at = self.at.advance(at);
        let mut again = BTreeSet::new();
        for fact in facts {
            self.fold(pos, event, fact, &mut again);
        }
        for rerule in &again {
            if let Rerule::Person(person) = rerule {
                self.stamp(*person);
            }
        }
        again.into_iter().collect()
    }

    /// This state with one more consent, as a unit that may disclose under it would have recorded it.
    pub(crate) fn suppose_consent(&mut self, consent: ConsentFacts, by: UnitId) {
        let pos = self.pos;
        // Signed by whoever has to sign: whose signature it takes is another question than what the form must say.
        let signers = BTreeSet::from([Signer::Patient, Signer::ParentOrGuardian]);
        let (record, person) = (consent.consent, consent.person);
        self.consents.recorded(consent, &by, pos);
        self.consents.signed(record, Signatures { signers, zone: None });
        self.stamp(person);
    }

    /// This state with these terms in force besides.
    pub(crate) fn suppose_agreement(&mut self, terms: Agreement) {
        self.agreements.supposed(terms);
        self.stamps = Stamps::default();
    }

    /// Whatever a memo knows of the person, and of everybody linked with them, is stale.
    fn stamp(&mut self, person: PersonId) {
        if self.links.is_linked(person) {
            self.links.cluster(person).into_iter().for_each(|p| self.stamps.turn(p));
        } else {
            self.stamps.turn(person);
        }
    }

    /// Which state of the person this is: where it is the same, so is what any ruling sees of them.
    pub(crate) fn stamp_of(&self, person: PersonId) -> Option<u64> {
        self.stamps.of(person)
    }

    /// Who may be ruled for when this unit publishes: itself in each of its roles, and every (unit, role) that shares
    /// an agreement of any status with it. Sorted.
    #[must_use]
    pub fn recipients(&self, source: &UnitId) -> Vec<Recipient> {
        let mut units = BTreeSet::from([source.clone()]);
        for agreement in self.agreements.naming(source) {
            units.extend(self.agreement_units(agreement));
        }
        let known = units.iter().filter_map(|u| self.unit(u));
        let roles = known.flat_map(|u| u.roles.iter().map(|kind| Recipient { unit: u.unit.clone(), kind: *kind }));
        roles.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The units that any version of an agreement names. Sorted.
    #[must_use]
    pub fn agreement_units(&self, agreement: &AgreementId) -> BTreeSet<UnitId> {
        self.agreements.get(agreement).map(AgreementState::units).unwrap_or_default()
    }

    /// Everybody linked with the person however surely, the person included: whoever a change of one may touch.
    #[must_use]
    pub fn person_cluster(&self, person: PersonId) -> BTreeSet<PersonId> {
        self.links.cluster(person)
    }

    /// Everybody who is the same human being surely enough to release, the person included (rulebook 7.3 step 2).
    #[must_use]
    pub fn same_person(&self, person: PersonId, law: &Identification) -> BTreeSet<PersonId> {
        self.links.surely(person, law, Confidence::Certain)
    }

    /// One id for all who are the same human being: the smallest.
    #[must_use]
    pub fn canonical(&self, person: PersonId, law: &Identification) -> PersonId {
        self.same_person(person, law).first().copied().unwrap_or(person)
    }

    /// How sure it is that two entries are one human being.
    #[must_use]
    pub fn confidence(&self, a: PersonId, b: PersonId, law: &Identification) -> Confidence {
        self.links.confidence(a, b, law)
    }

    /// How sure the unit that keeps an entry is of whom it stands for.
    #[must_use]
    pub fn identified(&self, person: PersonId, law: &Identification) -> Confidence {
        self.links.own(person, law)
    }

    /// A seal by its record.
    #[must_use]
    pub fn seal(&self, record: RecordId) -> Option<&SealState> {
        self.seals.get(record)
    }

    /// Seals and expungements of what is kept about the person or anybody linked with them.
    pub fn seals_of(&self, person: PersonId) -> impl Iterator<Item = &SealState> {
        let cluster = if self.seals.is_empty() { BTreeSet::new() } else { self.links.cluster(person) };
        cluster.into_iter().flat_map(|p| self.seals.of(p))
    }

    /// A registered unit.
    #[must_use]
    pub fn unit(&self, unit: &UnitId) -> Option<&UnitFacts> {
        self.units.get(unit)
    }

    /// Every registered unit. Sorted.
    pub fn units(&self) -> impl Iterator<Item = &UnitFacts> {
        self.units.all()
    }

    /// Every agreement, with its versions and statuses. Sorted.
    pub fn agreements(&self) -> impl Iterator<Item = &AgreementState> {
        self.agreements.all()
    }

    /// Log time of the last event folded.
    pub(crate) const fn at(&self) -> LogTime {
        self.at
    }

    /// Consents and denials of the person and of everybody linked to them, by record id.
    #[must_use]
    pub fn consents_of(&self, person: PersonId) -> Vec<&ConsentState> {
        let mut found: Vec<_> = self.links.cluster(person).iter().flat_map(|p| self.consents.of(*p)).collect();
        found.sort_by_key(|c| c.facts.consent);
        found
    }

    /// A consent by its record.
    #[must_use]
    pub fn consent(&self, record: RecordId) -> Option<&ConsentState> {
        self.consents.get(record)
    }

    /// Asks about the person and everybody linked to them, over or not, by record id.
    #[must_use]
    pub fn asks_of(&self, person: PersonId) -> Vec<&AskState> {
        let mut found: Vec<_> = self.links.cluster(person).iter().flat_map(|p| self.asks.of(*p)).collect();
        found.sort_by_key(|a| a.facts.ask);
        found
    }

    /// An ask by its record.
    #[must_use]
    pub fn ask(&self, record: RecordId) -> Option<&AskState> {
        self.asks.get(record)
    }

    /// Every ask and legal process, over or not, by record id.
    pub fn asks(&self) -> impl Iterator<Item = &AskState> {
        self.asks.all()
    }

    /// Uses of break-glass that nobody has reviewed, with when they must have been. The review queue.
    pub fn reviews(&self) -> impl Iterator<Item = (&AskState, LogTime)> {
        self.asks.all().filter_map(|a| a.review_due().map(|due| (a, due)))
    }

    /// A referral by its record.
    #[must_use]
    pub fn referral(&self, record: RecordId) -> Option<&ReferralState> {
        self.referrals.get(&record)
    }

    /// The version of the law that was activated last; none where the log is still ruled by the one it began with.
    #[must_use]
    pub const fn law(&self) -> Option<BundleHash> {
        self.law
    }

    /// The last position folded.
    #[must_use]
    pub const fn pos(&self) -> LogPos {
        self.pos
    }

    /// The first instant after `after` at which an agreement or a consent begins or ends by time alone, with what must
    /// then be ruled again.
    #[must_use]
    pub fn next_change(&self, after: LogTime) -> Option<(LogTime, Vec<Rerule>)> {
        self.due.next_change(after)
    }

    /// The instant of [`Self::next_change`] alone: thousands of consents may end with one day.
    #[must_use]
    pub fn next_change_at(&self, after: LogTime) -> Option<LogTime> {
        self.due.next_instant(after)
    }

    /// The first change by time alone that no due event has covered; it may be past. The service appends a due event
    /// once time has reached it.
    #[must_use]
    pub fn next_due(&self) -> Option<LogTime> {
        self.due.next()
    }

    /// Position of the last due event; 0 where there is none.
    #[must_use]
    pub const fn last_due(&self) -> LogPos {
        self.due.last()
    }

    pub(crate) const fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether the unit is law enforcement, by role or by organisation.
    pub(crate) fn police(&self, unit: &UnitFacts) -> bool {
        self.units.police(unit)
    }

    /// Agreements that name both, whatever their status.
    pub(crate) fn shared<'a>(&'a self, a: &UnitId, b: &'a UnitId) -> impl Iterator<Item = &'a AgreementState> {
        self.agreements.between(a, b).filter(move |s| s.names(b))
    }

    /// Whether data of this person from this unit, published at `pos`, was ordered erased.
    pub(crate) fn erased(&self, person: PersonId, unit: &UnitId, category: Category, pos: LogPos) -> bool {
        let covers = |e: &Erasure| {
            e.pos >= pos && e.unit == *unit && (e.categories.is_empty() || e.categories.contains(&category))
        };
        self.erasures.get(&person).is_some_and(|all| all.iter().any(covers))
    }

    /// What is known that decides for this person and not for others: a consent, an erasure or seal, or how sure the
    /// match is.
    pub(crate) fn known(&self, person: PersonId, at: LogTime) -> Known {
        let erased = self.erasures.contains_key(&person);
        let mut known = Known { any: erased || self.links.is_matched(person), of_some_events: erased, turns: false };
        self.each_linked(person, |p| {
            let sealed = self.seals.of(p).next().is_some();
            known.any |= sealed;
            known.turns |= !self.is_settled(p, at);
            known.of_some_events |= sealed;
            for consent in self.consents.of(p) {
                known.any = true;
                known.of_some_events |= consent.facts.is_limited();
            }
        });
        known
    }

    /// The person and everybody linked with them.
    pub(crate) fn each_linked(&self, person: PersonId, mut visit: impl FnMut(PersonId)) {
        if self.links.is_linked(person) {
            self.links.cluster(person).into_iter().for_each(visit);
        } else {
            visit(person);
        }
    }
}
