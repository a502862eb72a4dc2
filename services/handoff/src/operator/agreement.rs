//! Agreements: a document put in force as the version it says it is, going on from what the log holds of it already.

use anyhow::Result;
use handoff_law::{Agreement, Effective};
use handoff_registry::{AgreementRecord, Entry, Registrar, Version};
use handoff_schemas::{AgreementId, AgreementStatus, LogTime, UnitId};
use handoff_spine::command::Refusal;
use handoff_spine::decider::Decider as _;
use handoff_spine::intake::subject;
use serde_json::{Value, json};

use super::{Done, fingerprint};
use crate::session::Session;

/// Where a version stands after [`load`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    pub agreement: AgreementId,
    pub version: u32,
    pub status: AgreementStatus,
    /// Whether this load put anything on the log.
    pub changed: bool,
}

/// Puts a document in force: drafts version 1, or amends the agreement by the next version; then every party's
/// signature, then activation. What is on the log of it already is not sent again, so a load that was cut short goes on
/// where it was, and a document that is in force stays as it is.
///
/// # Errors
/// The session's, or an agreement that does not parse. Refusals: HO-2036 where the version is not the next one, HO-9050
/// where it has ended, HO-9051 where it would end the version in force before its own first day; the registry's.
pub async fn load(session: &Session, text: &str) -> Result<Result<Loaded, Refusal>> {
    let document = Agreement::parse(text).map_err(|e| anyhow::anyhow!("{e}"))?;
    let known = on_record(session, &document.id).await?;
    let loading = Loading { session, document: &document, text, known: known.as_ref() };
    let steps = match loading.steps() {
        Ok(steps) => steps,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let record = record(document.id.as_str());
    let status = loading.version().map(|v| v.status).filter(|_| steps.is_empty());
    let changed = !steps.is_empty();
    for (key, event_type, data) in steps {
        if let Err(refusal) = session.command("registry", &key, &record, event_type, data).await? {
            return Ok(Err(refusal));
        }
    }
    let (agreement, version) = (document.id, document.version);
    Ok(Ok(Loaded { agreement, version, status: status.unwrap_or(AgreementStatus::Active), changed }))
}

/// The version that is in force or suspended, if any.
///
/// # Errors
/// The log's.
pub async fn standing(session: &Session, agreement: &AgreementId) -> Result<Option<u32>> {
    let known = on_record(session, agreement).await?;
    Ok(known.and_then(|known| known.standing().map(|(version, _)| version)))
}

/// Suspends an agreement at the position the answer names.
///
/// # Errors
/// The session's.
pub async fn suspend(session: &Session, agreement: &str, version: u32, by: &str, reason: &str) -> Done {
    let record = record(agreement);
    let key = format!("{record}:{version}:suspended:{}", uuid::Uuid::now_v7());
    let data = json!({ "agreement": agreement, "version": version, "by": by, "reason": reason });
    session.command("registry", &key, &record, "agreement.agreement-suspended.v1", data).await
}

fn record(agreement: &str) -> String {
    format!("agreement:{agreement}")
}

/// The agreement as the registry has it, folded from the record's own events; none where nothing was drafted.
async fn on_record(session: &Session, agreement: &AgreementId) -> Result<Option<AgreementRecord>> {
    let ids = session.vault.id_key().await?;
    let id = ids.record_id(&UnitId::operator(), &record(agreement.as_str()));
    let history = session.log.history(&subject("agreement", id)).await?;
    let mut entry = Entry::default();
    for event in history.iter().flat_map(|e| &e.commit.events) {
        entry = Registrar::evolve(entry, event);
    }
    match entry {
        Entry::Agreement(record) => Ok(Some(record)),
        _ => Ok(None),
    }
}

/// Key, event type and data of one command.
type Step = (String, &'static str, Value);

struct Loading<'a> {
    session: &'a Session,
    document: &'a Agreement,
    text: &'a str,
    known: Option<&'a AgreementRecord>,
}

impl<'a> Loading<'a> {
    /// This very text, where it is on record.
    fn version(&self) -> Option<&'a Version> {
        self.known?.versions.get(&self.document.version).filter(|v| v.document == self.text)
    }

    /// What is still to be sent; nothing where the version is in force or suspended.
    fn steps(&self) -> Result<Vec<Step>, Refusal> {
        let mut steps = Vec::new();
        match self.version().map(|v| v.status) {
            Some(AgreementStatus::Active | AgreementStatus::Suspended) => return Ok(steps),
            Some(AgreementStatus::Terminated | AgreementStatus::Expired) => return Err(self.ended()),
            Some(AgreementStatus::Draft | AgreementStatus::Signed) | None => self.begins_in_time()?,
        }
        let status = self.version().map(|v| v.status);
        if status.is_none() {
            steps.push(self.drafted());
        }
        if status != Some(AgreementStatus::Signed) {
            steps.extend(self.unsigned().map(|unit| {
                let data = self.data(&[("party", json!(unit))]);
                (self.key(&format!("signed:{unit}")), "agreement.agreement-signed.v1", data)
            }));
        }
        steps.push((self.key("activated"), "agreement.agreement-activated.v1", self.data(&[])));
        Ok(steps)
    }

    /// The first version, or the amendment of what is there. Whether its number is the next one, the registry says.
    fn drafted(&self) -> Step {
        let key = |what: &str| self.key(&format!("{what}:{}", fingerprint(self.text.as_bytes())));
        let document = ("document", json!(self.text));
        let Some(known) = self.known else {
            return (key("drafted"), "agreement.agreement-drafted.v1", self.data(&[document]));
        };
        let data = match known.standing() {
            Some((replaced, _)) => self.data(&[document, ("replaces_version", json!(replaced))]),
            None => self.data(&[document]),
        };
        (key("amended"), "agreement.agreement-amended.v1", data)
    }

    /// Parties whose signature is missing; a partner's counts for its units.
    fn unsigned(&self) -> impl Iterator<Item = &'a UnitId> {
        let version = self.version();
        let directory = &self.session.directory;
        let has = move |signer: &str| version.is_some_and(|v| v.signed.contains(signer));
        let signed =
            move |unit: &UnitId| has(unit.as_str()) || directory.unit(unit).is_some_and(|u| has(u.partner.as_str()));
        self.document.parties.iter().map(|p| &p.unit).filter(move |unit| !signed(unit))
    }

    /// Activation ends the version in force at once: one that begins later would leave the parties with nothing until
    /// then.
    fn begins_in_time(&self) -> Result<(), Refusal> {
        let replaced = self.known.and_then(AgreementRecord::standing);
        let now = LogTime::from(jiff::Timestamp::now());
        match replaced {
            Some((old, version))
                if version.status == AgreementStatus::Active && self.document.effective(now) == Effective::NotYet =>
            {
                Err(Refusal::new(
                    "HO-9051",
                    format!(
                        "version {} begins later, and loading it would end version {old} now",
                        self.document.version
                    ),
                    "load it on its first day, or let it begin today",
                )
                .at("/document"))
            }
            _ => Ok(()),
        }
    }

    fn ended(&self) -> Refusal {
        let next = self.known.map_or(1, AgreementRecord::next);
        Refusal::new(
            "HO-9050",
            format!("version {} of this agreement has ended", self.document.version),
            format!("amend the agreement: number the document {next} and load it"),
        )
        .at("/document")
    }

    fn key(&self, what: &str) -> String {
        format!("{}:{}:{what}", record(self.document.id.as_str()), self.document.version)
    }

    fn data(&self, more: &[(&str, Value)]) -> Value {
        let mut data = serde_json::Map::new();
        data.insert("agreement".to_owned(), json!(self.document.id));
        data.insert("version".to_owned(), json!(self.document.version));
        data.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Value::Object(data)
    }
}
