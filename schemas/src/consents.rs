//! A consent as policy sees it: what it permits or forbids, to whom, for how long.

use serde::{Deserialize, Serialize};

use crate::tagged::tagged;
use crate::{Category, EventType, List, LogTime, PersonId, Purpose, RecordId, UnitId};

/// P2-16: types never substitute for each other (42 CFR 2.31).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentType {
    Part2Named,
    Part2Tpo,
    Part2CounselingNotes,
    Part2Proceedings,
    Part2CriminalJustice,
    HipaaAuthorization,
    /// Plain written consent, where the source is not HIPAA-covered.
    General,
}

tagged! {
pub enum Expiry = "Expiry", "expires" {
    /// The instant it ends: end of the stated day in the person's time zone.
    At { at: LogTime },
    /// An event relating to the patient or the purpose (2.31(a)(7)); ends when `ConsentExpired` comes.
    Event { code: String },
    /// "None": TPO only.
    Never,
}
}

/// A consent reduced to what resolution matches on (rulebook 7.4). Words and signatures stay sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentFacts {
    pub consent: RecordId,
    pub person: PersonId,
    pub consent_type: ConsentType,
    /// Units allowed to disclose (2.31(a)(2)).
    pub grantors: List<UnitId>,
    /// Named recipients (2.31(a)(4)(i)); empty only for the TPO class.
    pub recipients: List<UnitId>,
    /// "My treating providers, health plans, third-party payers, …": the single TPO consent's class.
    pub tpo_class: bool,
    /// Names the intermediary, and designates its participants who treat the person (2.31(a)(4)(ii)(B)).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub treating_participants: bool,
    pub purposes: List<Purpose>,
    pub categories: List<Category>,
    /// Narrows `categories` to these elements (`x-element`), as in "appointment dates only". Empty: no narrowing.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub elements: List<String>,
    /// Of what came about at this instant or later (2.31(a)(3)): the first of a stated day. Absent: however early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_from: Option<LogTime>,
    /// Of what came about before this instant: the first after a stated day. Absent: however late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_before: Option<LogTime>,
    /// Of events of these records only. Empty: of any.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub records: List<RecordId>,
    /// Of events of these types only, whichever version. Empty: of any.
    #[serde(default, skip_serializing_if = "List::is_empty")]
    pub event_types: List<EventType>,
    pub signed_at: LogTime,
    pub expiry: Expiry,
    /// A denial: the person forbids what it names.
    pub deny: bool,
    /// Of a denial: an agreed restriction, which emergency treatment lifts (45 CFR 164.522(a)(1)(iii); 42 CFR 2.26).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restriction: bool,
    /// Of a criminal-justice referral consent: from when on the person may revoke it (42 CFR 2.35(c)). Absent: not before
    /// it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocable_from: Option<LogTime>,
}

impl ConsentFacts {
    /// A consent of this type that names nobody and nothing yet, for no use and without an end, never signed.
    ///
    /// As a permission it is deficient, as a denial it forbids everything: whoever builds one states what it says.
    #[must_use]
    pub fn blank(consent: RecordId, person: PersonId, consent_type: ConsentType) -> Self {
        Self {
            consent,
            person,
            consent_type,
            grantors: List::default(),
            recipients: List::default(),
            tpo_class: false,
            treating_participants: false,
            purposes: List::default(),
            categories: List::default(),
            elements: List::default(),
            data_from: None,
            data_before: None,
            records: List::default(),
            event_types: List::default(),
            signed_at: LogTime::default(),
            expiry: Expiry::Never,
            deny: false,
            restriction: false,
            revocable_from: None,
        }
    }

    /// Whether it reaches some events of a type and not others: by their time or their record.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.data_from.is_some() || self.data_before.is_some() || !self.records.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevokedFor {
    All,
    Parties(Vec<UnitId>),
}

/// Who says over which earlier choices a consent was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamedBy {
    /// Its own document: it counts for whomever it lets disclose, and from the unit that recorded it alone.
    Document,
    /// A unit that may disclose under it, for its own data.
    Source,
}
