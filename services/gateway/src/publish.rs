//! A partner's document becomes commands: map, resolve persons, group by key, ask the deciding service.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use data_encoding::BASE64;
use handoff_schemas::{IncidentId, PartnerId, PersonId, Recipient, RecipientKind, UnitFacts, UnitId};
use handoff_spine::command::{Accepted, Answer, Command, Item, RecordRef, Refusal};
use handoff_spine::rpc;
use handoff_spine::vault::{IdKey, IdKind, PartnerKey};
use lru::LruCache;
use serde_json::json;
use uuid::Uuid;

use crate::adapter::{self, Draft, Mapped, MappedField, PersonRef, State};
use crate::read::{Reader, not_yours};
use crate::wire::{DataQuality, Format, Publish, PublishReply, Published};

/// How long a deciding service may take.
const PATIENCE: Duration = Duration::from_secs(15);
const INCIDENT: &str = "encounter.incident-reported.v1";
/// Local person ids whose person is remembered.
const KNOWN: NonZeroUsize = NonZeroUsize::MIN.saturating_add(65_535);

/// Turns documents into commands; cheap to clone.
#[derive(Clone)]
pub struct Publisher {
    reader: Reader,
    ids: IdKey,
    nemsis_xsd: Option<Arc<adapter::XsdFolder>>,
    known: Arc<Mutex<LruCache<[u8; 32], PersonId>>>,
}

impl Publisher {
    #[must_use]
    pub fn new(reader: Reader, ids: IdKey, nemsis_xsd: Option<Arc<adapter::XsdFolder>>) -> Self {
        Self { reader, ids, nemsis_xsd, known: Arc::new(Mutex::new(LruCache::new(KNOWN))) }
    }

    /// Accepts a document for one of the partner's units, or refuses it whole with its first fault.
    ///
    /// # Errors
    /// A coded [`Refusal`] naming the place in the document.
    pub async fn publish(&self, partner: &PartnerId, request: &Publish) -> Result<PublishReply, Refusal> {
        let unit = self.own_unit(partner, &request.unit).await?;
        let bytes = BASE64.decode(request.document.as_bytes()).map_err(|_| {
            Refusal::new("HO-4310", "the document is not base64", "encode the document's bytes as base64")
                .at("document")
        })?;
        let mapped = map(request.format, &bytes, self.nemsis_xsd.as_deref())?;
        if let Some(source) = &mapped.source
            && *source != request.unit
        {
            return Err(Refusal::new(
                "HO-4313",
                "the event names another unit as its source",
                "publish as the unit that `source` names, and only for your own",
            )
            .at("/source"));
        }
        let reply = reply(&mapped, unit.roles.first().copied(), request.check);
        if request.check {
            return Ok(reply);
        }
        let key = self.reader.opener.partner_key(partner).await.map_err(|e| failed(&e))?;
        let mut published = Vec::new();
        for (command, types) in self.commands(partner, &unit, mapped.drafts).await? {
            let accepted = self.decide(command).await?;
            published.extend(names(&key, &accepted, &types));
        }
        Ok(PublishReply { published, ..reply })
    }

    /// Waits a moment for a unit registered just now, then insists that it is the partner's own.
    async fn own_unit(&self, partner: &PartnerId, unit: &UnitId) -> Result<Arc<UnitFacts>, Refusal> {
        let found = match self.reader.directory.unit_or_operator(unit).await {
            Some(handoff_spine::directory::Source::Unit(facts)) if facts.partner == *partner => Some(facts),
            _ => None,
        };
        found.ok_or_else(not_yours)
    }

    /// One command a key, items in document order, persons resolved.
    async fn commands(
        &self,
        partner: &PartnerId,
        unit: &UnitFacts,
        drafts: Vec<Draft>,
    ) -> Result<Vec<(Command, Vec<String>)>, Refusal> {
        let mut grouped: BTreeMap<usize, (Command, Vec<String>)> = BTreeMap::new();
        let mut order: BTreeMap<String, usize> = BTreeMap::new();
        for draft in drafts {
            if draft.amends.is_some() {
                return Err(Refusal::new(
                    "HO-4316",
                    "a document is amended under the id it had first",
                    "send the amended document with the same `id` and without `amends`",
                )
                .at("/amends"));
            }
            let about_identity = draft.event_type.family() == "person";
            let other = if about_identity { self.second_person(partner, unit, &draft.data).await? } else { None };
            let person = if about_identity { None } else { self.person(&unit.unit, &draft).await? };
            let next = order.len();
            let slot = *order.entry(draft.key.clone()).or_insert(next);
            let family_types = draft.event_type.to_string();
            let item = Item { event_type: draft.event_type, person, other, asserted_at: draft.time, data: draft.data };
            if let Some((command, types)) = grouped.get_mut(&slot) {
                command.items.push(item);
                types.push(family_types);
                continue;
            }
            let record = if about_identity {
                let PersonRef::Local(local) = &draft.person else { return Err(nobody()) };
                RecordRef::Key(format!("local:{local}"))
            } else if draft.record_key == draft.key {
                RecordRef::Key(draft.record_key)
            } else {
                self.record(partner, unit, draft.record_key).await?
            };
            let incident = draft.incident_key.map(|key| IncidentId(self.ids.uuid("incident", &[key.as_bytes()])));
            let command = Command {
                unit: unit.unit.clone(),
                key: draft.key,
                record,
                incident,
                items: vec![item],
                fresh: [Uuid::new_v4(), Uuid::new_v4()],
            };
            grouped.insert(slot, (command, vec![family_types]));
        }
        Ok(grouped.into_values().collect())
    }

    /// A record named by the unit's own key, or by the id under which its view shows another's record.
    async fn record(&self, partner: &PartnerId, unit: &UnitFacts, named: String) -> Result<RecordRef, Refusal> {
        let Ok(id) = named.parse::<Uuid>() else { return Ok(RecordRef::Key(named)) };
        for &kind in &unit.roles {
            let recipient = Recipient { unit: unit.unit.clone(), kind };
            if let Some(found) = self.reader.record_of(partner, &recipient, id).await? {
                return Ok(RecordRef::Id(found));
            }
        }
        // A UUID is a good key of one's own too; whether somebody else's record has it is not told.
        Ok(RecordRef::Key(named))
    }

    /// The second person an identity event names: another local id of the unit's own agency. Links between agencies
    /// are the hub's records steward's act, so that no agency can join itself to another's people.
    async fn second_person(
        &self,
        partner: &PartnerId,
        unit: &UnitFacts,
        data: &serde_json::Value,
    ) -> Result<Option<PersonId>, Refusal> {
        let own = ["duplicate_local_id", "new_local_id"].iter().find_map(|field| data.get(*field)?.as_str());
        let (of, local) = match (named(data, "/other/unit"), named(data, "/other/local_id"), own) {
            (Some(of), Some(local), _) => (of.parse().map_err(|_| not_own_agency())?, local),
            (_, _, Some(local)) => (unit.unit.clone(), local),
            _ => return Ok(None),
        };
        if self.reader.directory.unit(&of).is_none_or(|u| u.partner != *partner) {
            return Err(not_own_agency());
        }
        let record = self.ids.record_id(&of, &format!("local:{local}"));
        let subject = handoff_spine::intake::subject("person", record);
        let history = self.reader.log.history(&subject).await.map_err(|e| failed(&e))?;
        Ok(history.iter().flat_map(|e| &e.commit.events).find_map(|e| e.person))
    }

    /// The person a draft is about; a local id is claimed at its first use.
    async fn person(&self, unit: &UnitId, draft: &Draft) -> Result<Option<PersonId>, Refusal> {
        let local = match &draft.person {
            // An incident before anybody is known has a placeholder, so that it can be linked and restricted later.
            PersonRef::None if draft.event_type.as_str() == INCIDENT => format!("local:document:{}#0", draft.key),
            PersonRef::None => return Ok(None),
            PersonRef::Local(id) => format!("local:{id}"),
            PersonRef::PerDocument(n) => match self.first_person(unit, draft, *n as usize).await? {
                Some(person) => return Ok(Some(person)),
                None => format!("local:document:{}#{n}", draft.key),
            },
        };
        let digest = self.ids.digest(format!("{unit}\0{local}").as_bytes());
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&digest) {
            return Ok(Some(*known));
        }
        let event_type = "person.person-registered.v1".parse().map_err(|e| failed(&e))?;
        let fresh = [Uuid::new_v4(), Uuid::new_v4()];
        let claim = Command {
            unit: unit.clone(),
            key: local.clone(),
            record: RecordRef::Key(local),
            incident: None,
            items: vec![Item { event_type, person: None, other: None, asserted_at: None, data: json!({}) }],
            fresh,
        };
        let accepted = self.decide(claim).await?;
        let person = accepted.persons.first().copied().flatten().ok_or_else(|| failed(&"no person was claimed"))?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).put(digest, person);
        Ok(Some(person))
    }

    /// Whom the first version of this document was about. An amendment that leaves the local id out is still about
    /// them, with all they ever restricted.
    async fn first_person(&self, unit: &UnitId, draft: &Draft, n: usize) -> Result<Option<PersonId>, Refusal> {
        let record = self.ids.record_id(unit, &draft.record_key);
        let subject = handoff_spine::intake::subject(draft.event_type.family(), record);
        let history = self.reader.log.history(&subject).await.map_err(|e| failed(&e))?;
        let Some(first) = history.first() else { return Ok(None) };
        Ok(first.commit.events.iter().filter(|e| e.event_type == draft.event_type).nth(n).and_then(|e| e.person))
    }

    /// Asks the service that decides this family.
    ///
    /// # Errors
    /// Its refusal, or HO-4311 where it does not answer.
    pub async fn decide(&self, command: Command) -> Answer {
        let Some(item) = command.items.first() else {
            return Err(Refusal::new("HO-3012", "the command says nothing", "send at least one item"));
        };
        let service = match item.event_type.family() {
            "partner" | "unit" | "agreement" | "bundle" => "registry",
            "person" => "identity",
            "encounter" => "encounter",
            "consent" => "consent",
            "referral" => "referral",
            "ask" => "ask",
            "privacy" => "privacy",
            _ => {
                return Err(Refusal::new(
                    "HO-4312",
                    "no service accepts this kind of event",
                    "use an event type of the catalogue: `handoff schemas`",
                )
                .at("type"));
            }
        };
        rpc::ask(&self.reader.log, &format!("cmd.{service}"), &command, PATIENCE).await.map_err(|e| {
            tracing::error!(error = %e, service, "a deciding service did not answer");
            Refusal::new(
                "HO-4311",
                "the hub could not decide in time",
                "send the same document again with the same key",
            )
        })?
    }
}

/// Maps a document and checks every draft against its schema, before anything is stored.
fn map(format: Format, bytes: &[u8], nemsis_xsd: Option<&adapter::XsdFolder>) -> Result<Mapped, Refusal> {
    let format = match format {
        Format::Cloudevents => adapter::Format::CloudEvent,
        Format::Nemsis => adapter::Format::Nemsis,
        Format::Eido => adapter::Format::Eido,
    };
    let mapped = adapter::map(format, bytes, adapter::Options { nemsis_xsd }).map_err(|e| {
        let rule = format!("the document breaks the rule `{}`", e.rule);
        Refusal::new(e.code.as_str(), rule, e.remedy.clone()).at(e.place.to_string())
    })?;
    // CloudEvents were validated as they were parsed.
    if format != adapter::Format::CloudEvent {
        let registry = handoff_schemas::Registry::embedded();
        for draft in &mapped.drafts {
            registry
                .validate(&draft.event_type, &draft.data)
                .map_err(|e| Refusal::new(e.code, e.rule.clone(), e.remedy.clone()).at(e.place.clone()))?;
        }
    }
    Ok(mapped)
}

/// What a document says about itself: findings for its source, and with `check` where each element would go.
fn reply(mapped: &Mapped, source: Option<RecipientKind>, check: bool) -> PublishReply {
    let findings = mapped.findings.iter().map(|f| DataQuality {
        code: f.code.as_str().to_owned(),
        place: f.place.to_string(),
        rule: f.rule.to_string(),
        remedy: f.remedy.to_string(),
    });
    let source = source.unwrap_or(RecipientKind::Eval);
    let mapping = if check { mapped.fields.iter().map(|f| field(f, mapped, source)).collect() } else { Vec::new() };
    PublishReply { published: Vec::new(), findings: findings.collect(), mapping }
}

/// One mapped element, with the category it falls in, without its value.
fn field(field: &MappedField, mapped: &Mapped, source: RecipientKind) -> serde_json::Value {
    let registry = handoff_schemas::Registry::embedded();
    let category = mapped.drafts.iter().find_map(|draft| {
        let leaves = registry.leaves(&draft.event_type).ok()?;
        leaves.iter().find(|leaf| leaf.pointer == field.pointer).map(|leaf| leaf.category.resolve(source).slug())
    });
    let state = match &field.state {
        State::Recorded => "recorded".to_owned(),
        State::NotRecorded(why) => format!("not recorded: {why}"),
    };
    json!({
        "source": field.element, "place": field.place.to_string(), "target": field.pointer,
        "category": category.unwrap_or("-"), "state": state,
    })
}

/// Validates a document and shows its mapping; needs no hub.
///
/// # Errors
/// The refusal that publishing it would meet.
pub fn check(
    format: Format,
    document: &[u8],
    source: RecipientKind,
    nemsis_xsd: Option<&adapter::XsdFolder>,
) -> Result<PublishReply, Refusal> {
    Ok(reply(&map(format, document, nemsis_xsd)?, Some(source), true))
}

/// An accepted command in the partner's own ids.
fn names(key: &PartnerKey, accepted: &Accepted, types: &[String]) -> Vec<Published> {
    let record = key.pairwise(IdKind::Record, accepted.record.0);
    types
        .iter()
        .zip(accepted.persons.iter().map(Some).chain(std::iter::repeat(None)))
        .map(|(event_type, person)| Published {
            record,
            person: person.copied().flatten().map(|p| key.pairwise(IdKind::Person, p.0)),
            event_type: event_type.clone(),
            version: accepted.version,
            duplicate: accepted.duplicate,
        })
        .collect()
}

fn named<'a>(data: &'a serde_json::Value, pointer: &str) -> Option<&'a str> {
    data.pointer(pointer)?.as_str()
}

fn nobody() -> Refusal {
    Refusal::new("HO-4315", "the event names no person", "put your own id for the person into `subject`").at("/subject")
}

fn not_own_agency() -> Refusal {
    Refusal::new(
        "HO-4314",
        "the other local id is not of your own agency",
        "ask the hub's records steward to link people across agencies: `handoff link`",
    )
    .at("/data/other/unit")
}

fn failed(e: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(error = %e, "a publish failed");
    Refusal::new("HO-4303", "the hub cannot answer now", "send the same document again with the same key")
}
