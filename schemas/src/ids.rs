use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a string is not an id of the kind asked for. Never repeats the string: it may name a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadId {
    #[error("not a slug: use 1 to 64 of a-z, 0-9 and `-`, starting with a letter")]
    Slug,
    #[error("not a UUID")]
    Uuid,
    #[error("not an event type: expected `family.name.vN`, for example `encounter.care-reported.v1`")]
    EventType,
}

fn is_slug(s: &str) -> bool {
    (1..=64).contains(&s.len())
        && s.starts_with(|c: char| c.is_ascii_lowercase())
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

macro_rules! slug_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// The slug itself; it names an organisation or a document, never a person.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(s: &str) -> Result<Self, BadId> {
                if is_slug(s) { Ok(Self(s.into())) } else { Err(BadId::Slug) }
            }
        }
        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(s: String) -> Result<Self, BadId> {
                s.parse()
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.to_string()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

slug_id!(
    /// An agency that is party to agreements.
    PartnerId
);
slug_id!(
    /// A program unit inside a partner. HIPAA, Part 2, CJIS and victim-service status belong to it.
    /// Unique across the hub, for example `cedar-clinic-crisis`.
    UnitId
);
impl UnitId {
    /// The unit that the hub's own operator acts as: of no partner, and never a recipient.
    #[must_use]
    pub fn operator() -> Self {
        Self("hub-operator".into())
    }
}

slug_id!(
    /// An agreement between agencies; its versions share the id.
    AgreementId
);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(s: &str) -> Result<Self, BadId> {
                Uuid::parse_str(s).map(Self).map_err(|_| BadId::Uuid)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    };
}

uuid_id!(
    /// A pseudonymous subject: a random UUIDv4, never derived from anything about the person.
    PersonId
);
uuid_id!(
    /// One encounter, consent, referral, agreement…: UUIDv8 of an HMAC over unit and idempotency key.
    RecordId
);
uuid_id!(
    /// One fact about a record and one person.
    EventId
);
uuid_id!(
    /// An incident that several units' records share.
    IncidentId
);
uuid_id!(
    /// A release: hash of cause position, event id and recipient.
    ReleaseId
);

impl RecordId {
    /// The subject slot, 0 to 63: the record id's own first six bits, so it is fixed at creation.
    #[must_use]
    pub fn slot(self) -> u8 {
        self.0.as_bytes().first().map_or(0, |b| b >> 2)
    }
}

/// A position on `EVENTS`: its JetStream stream sequence, from 1; 0 is before everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogPos(pub u64);

impl LogPos {
    /// A floor no ruling can reach: what it guards stays hidden for ever.
    pub const INFINITY: Self = Self(u64::MAX);
}

impl fmt::Display for LogPos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `family.name.vN`, for example `encounter.care-reported.v1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventType(std::sync::Arc<str>);

impl EventType {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `encounter`, `consent`, `referral`, `person`, `partner`, `unit`, `agreement`, …
    #[must_use]
    pub fn family(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }
}

impl FromStr for EventType {
    type Err = BadId;
    fn from_str(s: &str) -> Result<Self, BadId> {
        let mut parts = s.split('.');
        let (Some(family), Some(name), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(BadId::EventType);
        };
        let versioned = version.strip_prefix('v').is_some_and(|n| n.parse::<u16>().is_ok_and(|n| n > 0));
        if is_slug(family) && is_slug(name) && versioned { Ok(Self(s.into())) } else { Err(BadId::EventType) }
    }
}

impl TryFrom<String> for EventType {
    type Error = BadId;
    fn try_from(s: String) -> Result<Self, BadId> {
        s.parse()
    }
}

impl From<EventType> for String {
    fn from(t: EventType) -> Self {
        t.0.to_string()
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
