use handoff_schemas::{Category, EventType, Purpose, RecordId, Registry, UnitId};

use super::labels::{categories, purposes};
use super::node::Node;
use super::systems::{CONSENT_ACTION, ELEMENT, EVENT_TYPE, PARTICIPATION};
use super::time::{Window, window};
use super::{FhirRefusal, Reach, Resolve};
use crate::moment::Reading;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Permit,
    Deny,
}

impl Decision {
    /// The decision a provision states.
    pub fn stated(node: &Node<'_>) -> Result<Option<Self>, FhirRefusal> {
        Ok(match node.text("type")? {
            None => None,
            Some("permit") => Some(Self::Permit),
            Some("deny") => Some(Self::Deny),
            Some(_) => return Err(node.malformed()),
        })
    }

    const fn reading(self) -> Reading {
        match self {
            Self::Permit => Reading::Narrowest,
            Self::Deny => Reading::Widest,
        }
    }
}

/// What a provision states; nothing where it leaves a dimension open.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    pub period: Option<Window>,
    pub recipients: Option<Vec<UnitId>>,
    pub grantors: Option<Vec<UnitId>>,
    /// An actor is the group of those who may break the glass.
    pub break_glass: bool,
    pub purposes: Option<Vec<Purpose>>,
    pub categories: Option<Vec<Category>>,
    pub data_period: Option<Window>,
    pub records: Option<Vec<RecordId>>,
    pub event_types: Option<Vec<EventType>>,
    pub elements: Option<Vec<String>>,
}

impl Terms {
    /// What it leaves open is as its parent says; what it states stands in its parent's place.
    pub fn under(self, parent: &Self) -> Self {
        Self {
            period: self.period.or(parent.period),
            recipients: self.recipients.or_else(|| parent.recipients.clone()),
            grantors: self.grantors.or_else(|| parent.grantors.clone()),
            break_glass: self.break_glass,
            purposes: self.purposes.or_else(|| parent.purposes.clone()),
            categories: self.categories.or_else(|| parent.categories.clone()),
            data_period: self.data_period.or(parent.data_period),
            records: self.records.or_else(|| parent.records.clone()),
            event_types: self.event_types.or_else(|| parent.event_types.clone()),
            elements: self.elements.or_else(|| parent.elements.clone()),
        }
    }

    /// Whether it says at most how long it holds and whose data it is about.
    pub fn is_base(&self) -> bool {
        self.recipients.is_none() && !self.break_glass && self.purposes.is_none() && self.describes_no_data()
    }

    /// Whether it permits emergency treatment, or breaking the glass, and says nothing else.
    pub fn is_emergency(&self) -> bool {
        let emergency = |p: &Purpose| matches!(p, Purpose::Etreat | Purpose::Btg);
        let purpose = self.purposes.as_ref().is_some_and(|p| !p.is_empty() && p.iter().all(emergency));
        let named = self.recipients.is_some() || self.grantors.is_some() || self.period.is_some();
        let only = self.purposes.is_none() || purpose;
        (purpose || self.break_glass) && only && !named && self.describes_no_data()
    }

    const fn describes_no_data(&self) -> bool {
        self.categories.is_none()
            && self.data_period.is_none()
            && self.records.is_none()
            && self.event_types.is_none()
            && self.elements.is_none()
    }
}

const MEMBERS: &[&str] = &[
    "id",
    "extension",
    "type",
    "period",
    "actor",
    "action",
    "securityLabel",
    "purpose",
    "class",
    "code",
    "dataPeriod",
    "data",
    "provision",
];

/// The terms of one provision, its nested ones aside.
///
/// # Errors
/// What the hub does not know or does not carry, with its place.
pub fn terms(
    node: &Node<'_>,
    decision: Decision,
    zone: Option<&str>,
    known: &dyn Resolve,
) -> Result<Terms, FhirRefusal> {
    node.only(MEMBERS)?;
    action(node)?;
    let period = |name: &str| node.get(name).map(|p| window(&p, zone, decision.reading())).transpose();
    let mut terms = Terms {
        period: period("period")?,
        data_period: period("dataPeriod")?,
        purposes: purposes(&node.list("purpose")?)?,
        categories: categories(&node.list("securityLabel")?, decision)?,
        event_types: event_types(node)?,
        elements: elements(node)?,
        ..Terms::default()
    };
    actors(node, known, &mut terms)?;
    data(node, known, &mut terms)?;
    Ok(terms)
}

/// What the hub does is disclose; what else a provision lets people do never happens here.
fn action(node: &Node<'_>) -> Result<(), FhirRefusal> {
    let actions = node.list("action")?;
    let Some(first) = actions.first() else { return Ok(()) };
    for action in &actions {
        let disclosing =
            |(system, code): &(&str, &str)| *system == CONSENT_ACTION && ["access", "disclose"].contains(code);
        if action.concept()?.iter().any(disclosing) {
            return Ok(());
        }
    }
    Err(first.refuse("HO-2354", "this is about no disclosure", "the hub carries `access` and `disclose`"))
}

fn actors(node: &Node<'_>, known: &dyn Resolve, terms: &mut Terms) -> Result<(), FhirRefusal> {
    for actor in node.list("actor")? {
        actor.only(&["id", "extension", "role", "reference"])?;
        let reference = actor.get("reference").ok_or_else(|| actor.malformed())?;
        let role = actor.get("role").ok_or_else(|| actor.malformed())?;
        let roles = role.concept()?;
        let has = |codes: &[&str]| roles.iter().any(|(system, code)| *system == PARTICIPATION && codes.contains(code));
        let list = match (has(&["IRCP", "PRCP"]), has(&["CST"])) {
            (true, false) if reference.named()?.iter().any(|n| known.breaks_glass(n)) => {
                terms.break_glass = true;
                continue;
            }
            (true, false) => &mut terms.recipients,
            (false, true) => &mut terms.grantors,
            _ => {
                return Err(role.refuse(
                    "HO-2347",
                    "the hub knows no such role of an actor",
                    "use IRCP or PRCP for who receives, CST for whose data it is",
                ));
            }
        };
        let unit = reference.resolved(|n| known.unit(n))?.ok_or_else(|| unknown_unit(&reference))?;
        let list = list.get_or_insert_with(Vec::new);
        if !list.contains(&unit) {
            list.push(unit);
        }
    }
    Ok(())
}

/// No unit of the hub is what the reference names.
pub fn unknown_unit(reference: &Node<'_>) -> FhirRefusal {
    reference.refuse(
        "HO-2347",
        "this names no unit of the hub: a release goes to a unit, never to one of its people alone",
        "name the unit by a reference or identifier that it is known by here",
    )
}

fn data(node: &Node<'_>, known: &dyn Resolve, terms: &mut Terms) -> Result<(), FhirRefusal> {
    let entries = node.list("data")?;
    let mut authors = Vec::new();
    let mut records = Vec::new();
    for entry in &entries {
        entry.only(&["id", "extension", "meaning", "reference"])?;
        let reference = entry.get("reference").ok_or_else(|| entry.malformed())?;
        let reach = match entry.text("meaning")? {
            Some("authoredby") => {
                let author = reference.resolved(|n| known.unit(n))?.ok_or_else(|| unknown_unit(&reference))?;
                if !authors.contains(&author) {
                    authors.push(author);
                }
                continue;
            }
            Some("instance") => Reach::Instance,
            Some("related") => Reach::Related,
            _ => {
                return Err(entry.refuse(
                    "HO-2353",
                    "the hub does not follow what depends on a record",
                    "name the records as `instance` or `related`",
                ));
            }
        };
        let record = reference.resolved(|n| known.record(n, reach))?.ok_or_else(|| {
            reference.refuse(
                "HO-2353",
                "no record of the hub holds this and only this",
                "name a record by its hub id, or an encounter with what is `related` to it",
            )
        })?;
        records.push(record);
    }
    if !authors.is_empty() && (!records.is_empty() || terms.grantors.is_some()) {
        return Err(node.refuse(
            "HO-2349",
            "data by its author stands beside records or custodians, which one consent of the hub cannot hold",
            "use a provision for the author and another for the records",
        ));
    }
    if !authors.is_empty() {
        terms.grantors = Some(authors);
    }
    if !records.is_empty() {
        terms.records = Some(records);
    }
    Ok(())
}

fn event_types(node: &Node<'_>) -> Result<Option<Vec<EventType>>, FhirRefusal> {
    let classes = node.list("class")?;
    let mut found = Vec::new();
    for class in &classes {
        let (system, code) = class.coding()?;
        let kind = code.parse::<EventType>().ok().filter(|t| Registry::embedded().schema(t).is_ok());
        found.push(kind.filter(|_| system == EVENT_TYPE).ok_or_else(|| {
            class.refuse(
                "HO-2350",
                "the hub holds events, and this class is none of their types",
                "name event types in `urn:handoff:event-type`",
            )
        })?);
    }
    Ok(if classes.is_empty() { None } else { Some(found) })
}

fn elements(node: &Node<'_>) -> Result<Option<Vec<String>>, FhirRefusal> {
    let concepts = node.list("code")?;
    let mut found = Vec::new();
    for concept in &concepts {
        let known = |(system, code): &&(&str, &str)| *system == ELEMENT && Registry::embedded().is_element(code);
        let codings = concept.concept()?;
        let (_, code) = codings.iter().find(known).ok_or_else(|| {
            concept.refuse(
                "HO-2350",
                "the hub finds no data by this code",
                "name elements in `urn:handoff:element`, in the words of schemas/elements.json",
            )
        })?;
        found.push((*code).to_owned());
    }
    Ok(if concepts.is_empty() { None } else { Some(found) })
}
