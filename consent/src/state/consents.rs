use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{
    ConsentFacts, ConsentType, Expiry, LogPos, LogTime, NamedBy, PersonId, Purpose, RecordId, RevokedFor, Signatures,
    UnitId,
};
use serde::{Deserialize, Serialize};

use super::Rerule;

/// A consent or denial and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConsentState {
    pub facts: ConsentFacts,
    pub recorded_by: UnitId,
    pub recorded_at: LogPos,
    /// A unit that may disclose under it has verified it.
    pub verified: bool,
    pub revoked: bool,
    pub revoked_for: BTreeSet<UnitId>,
    pub expired: bool,
    /// Who signed it. Absent: the person alone.
    #[serde(default)]
    pub signatures: Option<Signatures>,
    /// Earlier choices of the person that its document names, and those over which a unit confirmed it (rulebook 7.4).
    #[serde(default)]
    pub refers_to: BTreeSet<RecordId>,
    #[serde(default)]
    pub confirmed: BTreeMap<UnitId, BTreeSet<RecordId>>,
    /// From when on it was over, for all or for some, where its source says that it was before it said so.
    #[serde(default)]
    pub ended_since: Option<LogTime>,
    #[serde(default)]
    pub ended_for: BTreeMap<UnitId, LogTime>,
}

impl ConsentState {
    /// Whether nothing ended it for this recipient. Types, scope and form are other questions.
    #[must_use]
    pub fn stands(&self, recipient: &UnitId, at: LogTime) -> bool {
        !self.revoked && !self.revoked_for.contains(recipient) && !self.ended(at)
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
        let ends = [self.ended_since, self.ended_for.get(recipient).copied()];
        ends.into_iter().flatten().any(|since| at >= since)
    }

    /// Whether somebody said that it was meant over this earlier choice, where this unit is to disclose.
    #[must_use]
    pub fn stands_over(&self, earlier: RecordId, source: &UnitId) -> bool {
        self.refers_to.contains(&earlier) || self.confirmed.get(source).is_some_and(|over| over.contains(&earlier))
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
    all: BTreeMap<RecordId, ConsentState>,
    by_person: BTreeMap<PersonId, BTreeSet<RecordId>>,
}

impl Consents {
    /// Whose answers it changes: the person's, and whoever it was about before.
    pub fn recorded(&mut self, facts: ConsentFacts, recorded_by: UnitId, recorded_at: LogPos) -> BTreeSet<Rerule> {
        let record = facts.consent;
        // Recorded again under its id: what ended it stays ended, what vouched for the old text does not vouch for this.
        let before = self.all.remove(&record);
        let people = [Some(facts.person), before.as_ref().map(|b| b.facts.person)];
        if let Some(old) = &before
            && let Some(known) = self.by_person.get_mut(&old.facts.person)
        {
            known.remove(&record);
        }
        self.by_person.entry(facts.person).or_default().insert(record);
        let (revoked, revoked_for, expired, ended_since, ended_for) =
            before.map_or_else(Default::default, |b| (b.revoked, b.revoked_for, b.expired, b.ended_since, b.ended_for));
        let (verified, signatures) = (false, None);
        let (refers_to, confirmed) = (BTreeSet::new(), BTreeMap::new());
        let state = ConsentState {
            facts,
            recorded_by,
            recorded_at,
            verified,
            revoked,
            revoked_for,
            expired,
            signatures,
            refers_to,
            confirmed,
            ended_since,
            ended_for,
        };
        self.all.insert(record, state);
        people.into_iter().flatten().map(Rerule::Person).collect()
    }

    pub fn signed(&mut self, record: RecordId, signatures: Signatures) -> Option<Rerule> {
        let consent = self.all.get_mut(&record)?;
        consent.signatures = Some(signatures);
        Some(Rerule::Person(consent.facts.person))
    }

    /// A document speaks through the unit that recorded it; a unit that may disclose speaks for its own data.
    pub fn named(&mut self, record: RecordId, earlier: &[RecordId], by: NamedBy, source: &UnitId) -> Option<Rerule> {
        let consent = self.all.get_mut(&record)?;
        match by {
            NamedBy::Document if consent.recorded_by == *source => consent.refers_to.extend(earlier),
            NamedBy::Source if consent.facts.grantors.contains(source) => {
                consent.confirmed.entry(source.clone()).or_default().extend(earlier);
            }
            NamedBy::Document | NamedBy::Source => return None,
        }
        Some(Rerule::Person(consent.facts.person))
    }

    /// Counts only from a unit that may disclose under it.
    pub fn verified(&mut self, record: RecordId, by: &UnitId) -> Option<Rerule> {
        let consent = self.all.get_mut(&record).filter(|c| c.facts.grantors.contains(by))?;
        consent.verified = true;
        Some(Rerule::Person(consent.facts.person))
    }

    /// Of the person whose consent it is, whoever the event names.
    pub fn revoked(&mut self, record: RecordId, parties: &RevokedFor) -> Option<Rerule> {
        let consent = self.all.get_mut(&record)?;
        match parties {
            RevokedFor::All => consent.revoked = true,
            RevokedFor::Parties(units) => consent.revoked_for.extend(units.iter().cloned()),
        }
        Some(Rerule::Person(consent.facts.person))
    }

    pub fn expired(&mut self, record: RecordId) -> Option<Rerule> {
        let consent = self.all.get_mut(&record)?;
        consent.expired = true;
        Some(Rerule::Person(consent.facts.person))
    }

    /// The earliest said counts.
    pub fn ended(&mut self, record: RecordId, parties: &RevokedFor, since: LogTime) {
        let Some(consent) = self.all.get_mut(&record) else { return };
        match parties {
            RevokedFor::All => {
                consent.ended_since = Some(consent.ended_since.map_or(since, |known| known.min(since)));
            }
            RevokedFor::Parties(units) => {
                for unit in units {
                    let known = consent.ended_for.entry(unit.clone()).or_insert(since);
                    *known = (*known).min(since);
                }
            }
        }
    }

    pub fn get(&self, record: RecordId) -> Option<&ConsentState> {
        self.all.get(&record)
    }

    pub fn of(&self, person: PersonId) -> impl Iterator<Item = &ConsentState> {
        self.by_person.get(&person).into_iter().flatten().filter_map(|r| self.all.get(r))
    }
}
