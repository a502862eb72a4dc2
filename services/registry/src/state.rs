use std::collections::{BTreeMap, BTreeSet};

use handoff_law::Agreement;
use handoff_schemas::{AgreementId, AgreementStatus, BundleHash, Fact, PartnerId, PartnerStatus, UnitFacts, UnitId};
use serde_json::{Map, Value};

use crate::law::{CARRIED, LawRecord};
use crate::moves::Move;

/// One record of the registry, as folded from its events.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Entry {
    #[default]
    None,
    Partner(PartnerRecord),
    Unit(UnitFacts),
    Agreement(AgreementRecord),
    /// A state-law hook that belongs to no agreement.
    Hook,
    /// The law: its versions, and which is in force.
    Law(LawRecord),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerRecord {
    pub partner: PartnerId,
    pub status: PartnerStatus,
    /// Credentials issued and not revoked.
    pub credentials: BTreeSet<String>,
}

/// An agreement with all its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementRecord {
    pub agreement: AgreementId,
    pub versions: BTreeMap<u32, Version>,
}

/// One version and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub status: AgreementStatus,
    pub parties: BTreeSet<UnitId>,
    pub document: String,
    /// Units and partners that signed.
    pub signed: BTreeSet<String>,
}

impl Entry {
    /// Folds one event, known by its type, facts and administrative leaves.
    #[must_use]
    pub fn apply(mut self, event_type: &str, facts: &[Fact], admin: &Map<String, Value>) -> Self {
        let text = |name: &str| admin.get(name).and_then(Value::as_str).map(str::to_owned);
        if self == Self::None && event_type == "agreement.hook-enabled.v1" {
            return Self::Hook;
        }
        if event_type == CARRIED && matches!(self, Self::None | Self::Law(_)) {
            let carried = text("bundle").and_then(|hash| BundleHash::try_from(hash).ok());
            let mut law = if let Self::Law(law) = self { law } else { LawRecord::default() };
            law.carried.extend(carried);
            return Self::Law(law);
        }
        if let Self::Partner(partner) = &mut self {
            match event_type {
                "partner.credential-issued.v1" => partner.credentials.extend(text("credential")),
                "partner.credential-revoked.v1" => {
                    partner.credentials.retain(|c| Some(c) != text("credential").as_ref())
                }
                _ => {}
            }
        }
        if let (Self::Agreement(record), Some(Move::Sign)) = (&mut self, Move::of(event_type)) {
            let number = admin.get("version").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
            if let Some(version) = number.and_then(|n| record.versions.get_mut(&n)) {
                version.signed.extend(text("party"));
            }
        }
        facts.iter().fold(self, Self::fact)
    }

    fn fact(self, fact: &Fact) -> Self {
        match (self, fact) {
            (Self::None, Fact::PartnerRegistered { partner, .. }) => Self::Partner(PartnerRecord {
                partner: partner.clone(),
                status: PartnerStatus::Registered,
                credentials: BTreeSet::new(),
            }),
            (Self::Partner(p), Fact::PartnerMoved { status, .. }) => {
                Self::Partner(PartnerRecord { status: *status, ..p })
            }
            (Self::None | Self::Unit(_), Fact::UnitRegistered { unit }) => Self::Unit(unit.clone()),
            (before @ (Self::None | Self::Agreement(_)), Fact::AgreementDrafted { agreement, version, document }) => {
                let mut record = match before {
                    Self::Agreement(record) => record,
                    _ => AgreementRecord { agreement: agreement.clone(), versions: BTreeMap::new() },
                };
                record.versions.insert(*version, Version::draft(document));
                Self::Agreement(record)
            }
            (Self::Agreement(mut record), Fact::AgreementMoved { version, status, .. }) => {
                if let Some(version) = record.versions.get_mut(version) {
                    version.status = *status;
                }
                Self::Agreement(record)
            }
            (Self::Law(law), Fact::LawActivated { bundle }) => Self::Law(LawRecord { activated: Some(*bundle), ..law }),
            (other, _) => other,
        }
    }
}

impl Version {
    /// A document that was readable when it was drafted; one that no longer is has no parties, so nobody can sign it.
    fn draft(document: &str) -> Self {
        let parties = Agreement::parse(document).map(|a| a.parties.into_iter().map(|p| p.unit).collect());
        Self {
            status: AgreementStatus::Draft,
            parties: parties.unwrap_or_default(),
            document: document.to_owned(),
            signed: BTreeSet::new(),
        }
    }
}

impl AgreementRecord {
    /// The version in force or suspended, if any.
    #[must_use]
    pub fn standing(&self) -> Option<(u32, &Version)> {
        let stands = |v: &Version| matches!(v.status, AgreementStatus::Active | AgreementStatus::Suspended);
        self.versions.iter().find(|(_, v)| stands(v)).map(|(n, v)| (*n, v))
    }

    /// The number the next version has.
    #[must_use]
    pub fn next(&self) -> u32 {
        self.versions.keys().next_back().map_or(1, |n| n.saturating_add(1))
    }
}
