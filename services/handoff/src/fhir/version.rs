use anyhow::Result;
use data_encoding::HEXLOWER;
use handoff_consent::fhir::Identity;
use handoff_law::ConsentState;
use handoff_schemas::{LogTime, UnitId};
use handoff_spine::intake::subject;
use handoff_spine::vault::IdKey;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Refused;
use crate::folded::Folded;
use crate::session::Session;

/// Which version of a Consent a set of records is of: the first that was imported, the next after it was over, and so
/// on. A record of the hub is one document and never another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(u32);

impl Generation {
    pub const FIRST: Self = Self(1);

    /// The unit's key for the record of a provision.
    #[must_use]
    pub fn key(self, leaf: &str) -> String {
        if self == Self::FIRST { format!("fhir:{leaf}") } else { format!("fhir:{leaf}#{}", self.0) }
    }

    fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A version in one word: its `versionId`, or what its content comes to.
pub fn word(identity: &Identity, resource: &Value) -> String {
    identity.version.clone().unwrap_or_else(|| {
        let mut ordered = resource.clone();
        ordered.sort_all_objects();
        let digest = HEXLOWER.encode(&Sha256::digest(ordered.to_string().as_bytes()));
        format!("content-{digest}")
    })
}

/// The idempotency key of the event on a record: the same version sent again meets its own record.
pub fn event_key(record: &str, word: &str) -> String {
    format!("{record}@{word}")
}

/// The generation that this version is, or becomes.
///
/// # Errors
/// The log's; the inner refusal is HO-2337 where another version of the Consent still counts.
pub async fn generation(
    session: &Session,
    ids: &IdKey,
    folded: &Folded,
    unit: &UnitId,
    (identity, word): (&Identity, &str),
) -> Result<Result<Generation, Refused>> {
    let at = folded.at.advance(LogTime::from(jiff::Timestamp::now()));
    let mut generation = Generation::FIRST;
    loop {
        let keys: Vec<String> = identity.leaves().map(|leaf| generation.key(&leaf)).collect();
        let state = |key: &String| folded.state.consent(ids.record_id(unit, key));
        let present: Vec<(&String, &ConsentState)> = keys.iter().filter_map(|k| Some((k, state(k)?))).collect();
        let Some((first, _)) = present.first() else { return Ok(Ok(generation)) };
        if began_with(session, ids, unit, first, &event_key(first, word)).await? {
            return Ok(Ok(generation));
        }
        if present.iter().any(|(_, consent)| !consent.revoked && !consent.ended(at)) {
            return Ok(Err(Refused::new(
                "HO-2337",
                "another version of this Consent is on record and counts, and an import ends nothing",
                "revoke every consent it came to, by the keys that `handoff consent import` printed",
            )
            .at("/meta/versionId")));
        }
        generation = generation.next();
    }
}

/// Whether the first event of the record came under this idempotency key.
async fn began_with(session: &Session, ids: &IdKey, unit: &UnitId, record: &str, key: &str) -> Result<bool> {
    let history = session.log.history(&subject("consent", ids.record_id(unit, record))).await?;
    let digest = HEXLOWER.encode(&ids.digest(format!("{unit}\0{key}").as_bytes()));
    Ok(history.first().is_some_and(|entry| entry.commit.key == digest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_generation_has_records_of_its_own() {
        assert_eq!(Generation::FIRST.key("c-1/2"), "fhir:c-1/2");
        assert_eq!(Generation::FIRST.next().key("c-1/2"), "fhir:c-1/2#2");
    }

    #[test]
    fn a_version_without_an_id_is_its_content() {
        let word = |resource: Value| word(&Identity::of(&resource).unwrap(), &resource);
        assert_eq!(word(json!({ "id": "c-1", "meta": { "versionId": "7" } })), "7");
        let one = word(json!({ "id": "c-1", "status": "active" }));
        assert_eq!(one, word(json!({ "status": "active", "id": "c-1" })));
        assert_ne!(one, word(json!({ "id": "c-1", "status": "inactive" })));
    }
}
