use std::collections::BTreeMap;

use handoff_schemas::{Category, Purpose, RecipientKind};
use serde::Deserialize;
use serde_json::Value;

use super::ask::{Review, Withdraw};
use super::given::{Agreement, Consent, Event, Hook, Order, Person, Unit};
use super::hub::Hub;
use super::law::Law;
use super::scalar::{Instant, Many};
use super::then::Then;

macro_rules! step {
    ($($(#[$doc:meta])* $name:ident: $of:ty),* $(,)?) => {
        /// One thing that happens, and what must come of it. Exactly one of the fields between `at` and `then` is set.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Step {
            /// When: one second after the step before if absent.
            pub at: Option<Instant>,
            $($(#[$doc])* pub $name: Option<$of>,)*
            pub then: Option<Then>,
        }

        impl Step {
            /// How many things the step says: one, or the case is wrong.
            pub fn acts(&self) -> usize {
                [$(self.$name.is_some()),*].into_iter().filter(|set| *set).count()
            }

            /// The key of what happens.
            pub fn name(&self) -> &'static str {
                $(if self.$name.is_some() { return stringify!($name); })*
                "nothing"
            }
        }
    };
}

step! {
    /// Somebody asks.
    request: Request,
    /// What a recipient's view shows of one event.
    delivery: Delivery,
    event: Event,
    consent: Consent,
    revoke: Revoke,
    verify: Verify,
    expire: Expire,
    restriction: Restriction,
    objection: Objection,
    /// A new agreement, or a new version of one.
    agreement: Agreement,
    agreement_status: AgreementMove,
    /// Units registered, or registered again with another status.
    units: BTreeMap<String, Unit>,
    partner_status: PartnerMove,
    /// What becomes known of persons.
    persons: BTreeMap<String, Person>,
    link: Link,
    unlink: Link,
    erase: Erase,
    /// The operator declares what it is by law.
    hub: Hub,
    /// Another version of the law comes into force.
    law: Law,
    /// Closed to everybody but its unit.
    seal: SealStep,
    /// Closed to everybody, keys destroyed, holders told.
    expunge: SealStep,
    hook: Hook,
    /// A paper of a court is served and recorded.
    order: Order,
    /// An ask or an order is over.
    withdraw: Withdraw,
    /// Somebody looks at an ask or an order.
    review: Review,
    /// An accounting or list that the hub owes.
    report: ReportWanted,
    /// Published numbers.
    measure: Measure,
    /// Anything else that a person or the hub does, by its name.
    procedure: Procedure,
}

/// A unit's user asks about a person. Without a purpose: what the unit's own view shows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// What later steps call the ask that this becomes.
    pub id: Option<String>,
    pub by: String,
    /// Who is to read, where `by` gives data of its own: a warning, a report, a crime.
    #[serde(rename = "for")]
    pub reader: Option<String>,
    /// An ask made before, whose id this is.
    pub under: Option<String>,
    /// The user by name: only who asked reads under an ask.
    pub user: Option<String>,
    /// What is asked for: all categories if absent.
    pub categories: Vec<Category>,
    /// The functional role read in: the unit's first if absent.
    pub role: Option<RecipientKind>,
    /// Who asks, for example `paramedic` or `patrol-officer`.
    pub user_role: Option<String>,
    pub purpose: Option<Purpose>,
    pub about: Option<String>,
    /// Only of these events.
    pub events: Vec<String>,
    /// Only what these units published.
    pub from: Many,
    /// Also what the asking unit published itself.
    pub own: bool,
    /// The facts that an exception rests on, for example `medical_emergency: true`.
    pub basis: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// An event's id in the case.
    pub of: String,
    pub to: String,
    pub role: Option<RecipientKind>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Revoke {
    pub consent: String,
    pub by: Option<String>,
    /// For these recipients only.
    pub parties: Vec<String>,
    pub oral: bool,
    /// When the person revoked it, where that was before it was recorded.
    pub since: Option<Instant>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Verify {
    pub consent: String,
    pub by: String,
    /// Earlier denials and objections, by their ids, over which it is confirmed.
    pub over: Vec<String>,
}

/// The event or the day that a consent states has come.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expire {
    pub consent: String,
    pub by: Option<String>,
    pub event: Option<String>,
    /// When it came, where that was before it was recorded.
    pub since: Option<Instant>,
}

/// A request for restriction, and the unit's answer (45 CFR 164.522, 42 CFR 2.26).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Restriction {
    pub id: Option<String>,
    pub of: String,
    pub by: String,
    pub agreed: bool,
    pub recipients: Vec<String>,
    pub categories: Vec<Category>,
    pub purposes: Vec<Purpose>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Objection {
    pub id: Option<String>,
    pub of: String,
    pub by: String,
    pub kind: Option<String>,
    pub recipients: Vec<String>,
    pub categories: Vec<Category>,
    pub purposes: Vec<Purpose>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgreementMove {
    pub id: String,
    /// `suspended`, `reinstated`, `terminated`, `expired` or `activated`.
    pub to: String,
    pub version: Option<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PartnerMove {
    pub partner: String,
    /// `suspended`, `activated` or `offboarded`.
    pub to: String,
}

/// Two entries of persons are, or are not, one human being.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Link {
    pub persons: Vec<String>,
    /// The unit that keeps the first of them.
    pub by: String,
    /// The unit that keeps the second.
    pub with: String,
    pub score: Option<f64>,
    /// `manual-review` without a score, `probabilistic-reviewed` with one.
    pub method: Option<String>,
    /// Identifiers given to one human being alone that agreed, for example `government-id`.
    pub matched_on: Vec<String>,
}

/// Data ordered erased; no categories: all of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Erase {
    pub of: String,
    pub from: String,
    pub categories: Vec<Category>,
}

/// A unit seals or expunges what it keeps, or the operator what `from` keeps.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SealStep {
    pub id: Option<String>,
    pub of: String,
    pub by: String,
    /// Whose data, where the operator says so.
    pub from: Option<String>,
    /// Event ids of the case: their records.
    pub records: Vec<String>,
    pub categories: Vec<Category>,
    pub cause: Option<String>,
    pub order: Option<String>,
    /// The seal that is expunged, by its id.
    pub on: Option<String>,
    pub recall: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReportWanted {
    /// `accounting-164.528`, `accounting-2.25` or `intermediary-list-2.24`.
    pub kind: String,
    pub about: String,
    /// `person` or `privacy-officer`.
    pub reader: Option<String>,
    pub from: Option<Instant>,
    pub to: Option<Instant>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Measure {
    pub name: String,
    pub by: String,
    /// True counts by cell.
    pub counts: BTreeMap<String, u64>,
    /// The same cells as published before.
    pub published_before: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Procedure {
    pub name: String,
    pub by: Option<String>,
    pub about: Option<String>,
    pub facts: BTreeMap<String, Value>,
}
