use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{AgreementId, AgreementStatus, LogTime, UnitId};
use serde::{Deserialize, Serialize};

use crate::agreement::{Agreement, Effective};

/// An agreement with its versions. Only the version last activated can be in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgreementState {
    pub id: AgreementId,
    versions: BTreeMap<u32, Version>,
    current: Option<u32>,
    restricts: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Version {
    status: AgreementStatus,
    terms: Terms,
}

/// Terms, or the explicit deny-all value of a document that cannot be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Terms {
    Read(Box<Agreement>),
    Unreadable,
}

/// Whether an agreement permits anything at an instant, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Force<'a> {
    InForce(&'a Agreement),
    NotYet(&'a Agreement),
    Suspended(&'a Agreement),
    Terminated(&'a Agreement),
    Expired(&'a Agreement),
    Unreadable,
}

impl AgreementState {
    /// The state of force at an instant: status and dates together.
    #[must_use]
    pub fn force(&self, at: LogTime) -> Force<'_> {
        let newest = || self.versions.keys().next_back().copied();
        let Some(version) = self.current.or_else(newest).and_then(|v| self.versions.get(&v)) else {
            return Force::Unreadable;
        };
        let Terms::Read(terms) = &version.terms else { return Force::Unreadable };
        match (version.status, terms.effective(at)) {
            (AgreementStatus::Terminated, _) => Force::Terminated(terms),
            (AgreementStatus::Expired, _) | (_, Effective::Ended) => Force::Expired(terms),
            (AgreementStatus::Suspended, _) => Force::Suspended(terms),
            (AgreementStatus::Draft | AgreementStatus::Signed, _) | (_, Effective::NotYet) => Force::NotYet(terms),
            (AgreementStatus::Active, Effective::Now) => Force::InForce(terms),
        }
    }

    /// Terms put in force ahead of their time: they count from an instant that is still to come.
    pub(crate) fn coming(&self, at: LogTime) -> Option<&Agreement> {
        let active = self.current().is_some_and(|(_, status)| status == AgreementStatus::Active);
        match self.force(at) {
            Force::NotYet(terms) if active => Some(terms),
            _ => None,
        }
    }

    /// The version that counts, and its status.
    #[must_use]
    pub fn current(&self) -> Option<(u32, AgreementStatus)> {
        let version = self.current.or_else(|| self.versions.keys().next_back().copied())?;
        self.versions.get(&version).map(|v| (version, v.status))
    }

    /// Units that any version names.
    #[must_use]
    pub fn units(&self) -> BTreeSet<UnitId> {
        self.read().flat_map(|a| a.parties.iter().map(|p| p.unit.clone())).collect()
    }

    /// Whether any version rules out a purpose that may stand, so that it narrows what other agreements permit.
    #[must_use]
    pub fn restricts(&self) -> bool {
        self.restricts
    }

    pub(crate) fn names(&self, unit: &UnitId) -> bool {
        self.read().any(|a| a.has_party(unit))
    }

    fn read(&self) -> impl Iterator<Item = &Agreement> {
        self.versions.values().filter_map(|v| match &v.terms {
            Terms::Read(terms) => Some(&**terms),
            Terms::Unreadable => None,
        })
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Agreements {
    all: BTreeMap<AgreementId, AgreementState>,
    by_unit: BTreeMap<UnitId, BTreeSet<AgreementId>>,
}

impl Agreements {
    pub fn drafted(&mut self, id: &AgreementId, version: u32, document: &str) {
        // A document that names another agreement or version than its event is not the one that was signed off.
        let read = Agreement::parse(document).ok().filter(|a| a.id == *id && a.version == version);
        let terms = read.map_or(Terms::Unreadable, |a| Terms::Read(Box::new(a)));
        if let Terms::Read(agreement) = &terms {
            for party in &agreement.parties {
                self.by_unit.entry(party.unit.clone()).or_default().insert(id.clone());
            }
        }
        let restricts = matches!(&terms, Terms::Read(agreement) if agreement.restricts());
        let state = self.entry(id);
        state.restricts |= restricts;
        state.versions.insert(version, Version { status: AgreementStatus::Draft, terms });
    }

    pub fn moved(&mut self, id: &AgreementId, version: u32, status: AgreementStatus) {
        let state = self.entry(id);
        // A signature ends nothing: no floor stands for it (standing.rs), so what counts must not change by it either.
        if status == AgreementStatus::Signed && state.current == Some(version) {
            return;
        }
        // A version nobody drafted is one nobody can read.
        let unknown = Version { status, terms: Terms::Unreadable };
        state.versions.entry(version).and_modify(|v| v.status = status).or_insert(unknown);
        if status == AgreementStatus::Active {
            state.current = Some(version);
        }
    }

    /// Terms that nobody drafted, as if they were in force.
    pub fn supposed(&mut self, terms: Agreement) {
        let (id, version) = (terms.id.clone(), terms.version);
        for party in &terms.parties {
            self.by_unit.entry(party.unit.clone()).or_default().insert(id.clone());
        }
        let state = self.entry(&id);
        let terms = Terms::Read(Box::new(terms));
        state.versions.insert(version, Version { status: AgreementStatus::Active, terms });
        state.current = Some(version);
    }

    pub fn get(&self, id: &AgreementId) -> Option<&AgreementState> {
        self.all.get(id)
    }

    pub fn all(&self) -> impl Iterator<Item = &AgreementState> {
        self.all.values()
    }

    pub fn naming(&self, unit: &UnitId) -> impl Iterator<Item = &AgreementId> {
        self.by_unit.get(unit).into_iter().flatten()
    }

    /// Agreements that were drafted with both. Of the hundreds that a busy unit has, only what it shares is looked at.
    pub fn between<'a>(&'a self, a: &UnitId, b: &UnitId) -> impl Iterator<Item = &'a AgreementState> + use<'a> {
        let both = self.by_unit.get(a).zip(self.by_unit.get(b));
        both.into_iter().flat_map(|(a, b)| a.intersection(b)).filter_map(move |id| self.all.get(id))
    }

    /// Begin and end of the version that counts.
    pub fn dates(&self, id: &AgreementId) -> Vec<LogTime> {
        let current = self.all.get(id).and_then(|s| s.current.and_then(|v| s.versions.get(&v)));
        match current.map(|v| &v.terms) {
            Some(Terms::Read(terms)) => std::iter::once(terms.effective_from).chain(terms.effective_to).collect(),
            _ => Vec::new(),
        }
    }

    fn entry(&mut self, id: &AgreementId) -> &mut AgreementState {
        let fresh = || AgreementState { id: id.clone(), versions: BTreeMap::new(), current: None, restricts: false };
        self.all.entry(id.clone()).or_insert_with(fresh)
    }
}
