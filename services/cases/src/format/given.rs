use std::collections::BTreeMap;

use handoff_schemas::{Category, HipaaStatus, LawLabel, OrgType, Part2Status, Purpose, RecipientKind};
use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::hub::Hub;
use super::scalar::{Instant, Many, Short, short_or_full};

/// What stands before the first step: applied in the order of time, and of these fields where times are equal.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Given {
    /// When everything without a time of its own happened: one day before the first step if absent.
    pub at: Option<Instant>,
    /// What the hub's operator declares before anything else; a business associate that declares nothing if absent.
    pub hub: Option<Hub>,
    pub units: BTreeMap<String, Unit>,
    pub persons: BTreeMap<String, Person>,
    pub agreements: Vec<Agreement>,
    pub hooks: Vec<Hook>,
    pub consents: Vec<Consent>,
    pub orders: Vec<Order>,
    pub events: Vec<Event>,
}

impl Given {
    /// This, and what a case adds: units and persons by name, the case's own in place of the file's; lists one after
    /// the other.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.at = more.at.or(self.at);
        self.hub = more.hub.or(self.hub);
        self.units.extend(more.units);
        self.persons.extend(more.persons);
        self.agreements.extend(more.agreements);
        self.hooks.extend(more.hooks);
        self.consents.extend(more.consents);
        self.orders.extend(more.orders);
        self.events.extend(more.events);
        self
    }
}

/// A program unit and its agency. `clinic: BHC` is `clinic: {kind: BHC}`.
#[derive(Clone, Debug, Default)]
pub struct Unit(pub UnitFields);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnitFields {
    pub kind: Option<RecipientKind>,
    /// Further functional roles.
    pub also: Vec<RecipientKind>,
    /// A kind that the matrix has no column for, for example `medical-examiner`: never registered as a recipient.
    pub outside: Option<String>,
    pub partner: Option<String>,
    pub name: Option<String>,
    pub org_type: Option<OrgType>,
    pub hipaa: Option<HipaaStatus>,
    pub part2: Option<Part2Status>,
    pub cjis: bool,
    pub sud_only: bool,
    pub jurisdiction: Option<String>,
    /// Law its records are under besides, for example `ferpa`.
    pub further_law: Vec<LawLabel>,
}

impl Short for Unit {
    fn short(word: &str) -> Result<Self, String> {
        let kind = word.parse::<RecipientKind>().map_err(|_| {
            format!("`{word}` is no kind of recipient: LE PSAP EMS BHC P2P HOSP CMP CBO CJ VSP L988 EVAL")
        })?;
        Ok(Self(UnitFields { kind: Some(kind), ..UnitFields::default() }))
    }
}

impl From<UnitFields> for Unit {
    fn from(fields: UnitFields) -> Self {
        Self(fields)
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        short_or_full::<D, Self, UnitFields>(deserializer)
    }
}

/// What is known of a person, as facts on the log. A person who is named anywhere needs no entry here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    pub born: Option<Date>,
    pub died: Option<Since>,
    pub capacity: Option<Capacity>,
    pub emancipated: Option<Since>,
    /// Who acts for the person: a parent as long as the person is known to be a minor, else a guardian.
    pub guardian: Option<String>,
    /// How sure the first unit that publishes about the person is of whom its entry stands for, 0 to 1.
    pub match_score: Option<f64>,
}

/// `true`, or from which day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Since {
    Day(Date),
    Yes(bool),
}

impl Since {
    /// From which day on, if that is said; none where it is not so at all.
    #[must_use]
    pub const fn day(self) -> Option<Option<Date>> {
        match self {
            Self::Day(day) => Some(Some(day)),
            Self::Yes(true) => Some(None),
            Self::Yes(false) => None,
        }
    }
}

/// Whether the person can decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capacity {
    Has,
    /// As a court has found.
    Lacks,
    /// Unconscious, in crisis; no court has found anything.
    CannotNow,
}

/// An agreement: short form, or a document by `file` or `toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agreement {
    pub id: Option<String>,
    pub at: Option<Instant>,
    pub file: Option<String>,
    pub toml: Option<String>,
    pub version: Option<u32>,
    pub kind: Option<String>,
    pub between: Vec<String>,
    /// Units by their role in it, instead of `between`.
    pub parties: BTreeMap<String, String>,
    pub from: Many,
    pub to: Many,
    pub roles: Vec<RecipientKind>,
    pub purposes: Vec<Purpose>,
    pub categories: Vec<String>,
    pub templates: Vec<String>,
    /// Several clauses, instead of the one that `from` to `templates` make.
    pub flows: Vec<Flow>,
    pub prohibits: Vec<String>,
    pub effective_from: Option<String>,
    pub effective_to: Option<String>,
    pub counsel_override: bool,
    /// `draft`, `signed` or `active`.
    pub status: Option<String>,
    pub refused: Option<String>,
}

/// One clause.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flow {
    pub clause: Option<String>,
    pub from: Many,
    pub to: Many,
    pub roles: Vec<RecipientKind>,
    pub purposes: Vec<Purpose>,
    pub categories: Vec<String>,
    pub templates: Vec<String>,
}

/// A consent, authorization or denial, with every element of 42 CFR 2.31(a) unless the case takes one away.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consent {
    pub id: Option<String>,
    pub at: Option<Instant>,
    pub of: String,
    /// One type, or several on one form, which makes it deficient.
    #[serde(rename = "type")]
    pub types: Many,
    pub deny: bool,
    pub from: Many,
    pub to: Many,
    pub purposes: Vec<String>,
    pub categories: Vec<Category>,
    pub elements: Vec<String>,
    /// Limits: event ids of the case, types of events, days.
    pub records: Vec<String>,
    pub event_types: Vec<String>,
    pub data_from: Option<String>,
    pub data_to: Option<String>,
    /// Earlier denials and objections, by their ids, that the document names.
    pub refers_to: Vec<String>,
    pub signed: Option<Instant>,
    pub signers: Many,
    pub expires: Option<Expires>,
    /// Elements to leave out, by their section, for example `2.31(a)(6)`.
    pub lacks: Vec<String>,
    /// Raw leaves of `consent.consent-recorded.v1`, in place of what this would say.
    pub form: Map<String, Value>,
    /// The unit that records it: the first of `from` if absent.
    pub by: Option<String>,
    pub verified_by: Option<String>,
    /// Stands on the log although intake would refuse it, as what another version of the hub took.
    pub unchecked: bool,
    pub refused: Option<String>,
}

/// When a consent ends: `none`, a day, or the code of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expires {
    Never,
    On { date: String, zone: Option<String> },
    Event(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpiresFields {
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    event: Option<String>,
}

impl Short for Expires {
    fn short(word: &str) -> Result<Self, String> {
        Ok(if word == "none" { Self::Never } else { Self::On { date: word.to_owned(), zone: None } })
    }
}

impl From<ExpiresFields> for Expires {
    fn from(fields: ExpiresFields) -> Self {
        match (fields.event, fields.date) {
            (Some(event), _) => Self::Event(event),
            (None, Some(date)) => Self::On { date, zone: fields.zone },
            (None, None) => Self::Never,
        }
    }
}

impl<'de> Deserialize<'de> for Expires {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        short_or_full::<D, Self, ExpiresFields>(deserializer)
    }
}

/// Something a unit publishes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Event {
    pub id: Option<String>,
    pub at: Option<Instant>,
    /// `family.name`, version 1 unless it ends in `.vN`.
    #[serde(rename = "type")]
    pub event_type: String,
    pub by: String,
    pub about: Option<String>,
    /// A second person, for events that name one.
    pub other: Option<String>,
    /// When the source says it came about: `at` if absent; `unknown` for none.
    pub asserted: Option<String>,
    /// The event of the case whose record this one continues: its own record if absent.
    pub on: Option<String>,
    pub data: Map<String, Value>,
    pub refused: Option<String>,
}

/// A hook of state law (rulebook 4): the law's, or the case's own, and who reviewed it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hook {
    /// By its id, or by its rule and jurisdiction; any `RULE-number` for one of the case's own.
    pub hook: String,
    pub at: Option<Instant>,
    pub jurisdiction: Option<String>,
    /// What it does. Of the case's own it takes this, and what follows down to `age`.
    pub effect: Option<String>,
    pub categories: Vec<Category>,
    pub kinds: Vec<RecipientKind>,
    pub purposes: Vec<Purpose>,
    pub except: Vec<Purpose>,
    pub elements: Vec<String>,
    pub template: Option<String>,
    pub sources: Vec<RecipientKind>,
    pub age: Option<u8>,
    pub cite: Option<String>,
    /// Nobody yet if absent.
    pub reviewed_by: Option<String>,
    pub reviewed_on: Option<Date>,
    /// For what flows under this agreement alone.
    pub agreement: Option<String>,
    /// Ages that the reviewer states.
    pub parameters: BTreeMap<String, Value>,
    /// The review is taken back.
    pub withdrawn: bool,
    pub refused: Option<String>,
}

/// A paper of a court or an agency (rulebook P2-33).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Order {
    pub id: Option<String>,
    pub at: Option<Instant>,
    /// `subpoena`, `warrant`, `order-2.64`, `order-2.65`, `order-2.66` or `generic-court-order`.
    pub kind: String,
    pub about: Option<String>,
    /// The unit whose data it is after, and that records it.
    pub holder: Option<String>,
    /// Who is to read, and in which role: its first if absent.
    pub for_unit: Option<String>,
    pub role: Option<RecipientKind>,
    /// Of the proceeding; by the kind of order if absent.
    pub purpose: Option<Purpose>,
    pub categories: Vec<Category>,
    pub elements: Vec<String>,
    pub data_from: Option<String>,
    pub data_to: Option<String>,
    /// What the court found: all that 2.64 or 2.65 asks for if absent.
    pub findings: Option<Vec<String>>,
    /// What the paper lacks: findings, `served`, `notice_to_patient`.
    pub lacks: Vec<String>,
    /// The subpoena or other mandate that goes with it.
    pub mandate: Option<String>,
    /// Who released it after a review: nobody yet if absent.
    pub reviewed_by: Option<String>,
    pub expires: Option<Instant>,
    pub refused: Option<String>,
}
