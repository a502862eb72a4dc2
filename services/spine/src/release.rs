//! The body of one message on `RELEASES`: the rulings of a run of consecutive log positions.

mod terms;

use handoff_schemas::{
    Category, EventId, EventType, LogPos, LogTime, PartnerId, PersonId, Purpose, Recipient, RecordId, ReleaseId, UnitId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::vault::Sealed;

pub use terms::{Terms, TermsId, expanded};

/// Most positions one message stands for (design.md).
pub const MAX_RUN: usize = 64;
/// Most bytes of rulings in one message (512 KiB with what stands around them); more goes into further parts.
pub const MAX_BYTES: usize = 511 * 1024;

/// One message on `RELEASES`. The last one is policy's checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Batch {
    pub v: u8,
    /// First and last position of `EVENTS` this run rules; both inclusive.
    pub first: LogPos,
    pub last: LogPos,
    /// SHA-256 of the message at `last`, hex: a log that grew back differently is noticed.
    pub last_hash: String,
    /// Log time at `last`.
    pub at: LogTime,
    /// 0 for the first message of this run, counting up while `more`.
    pub part: u32,
    pub more: bool,
    /// What the grants of these rulings say, each text once: recipients' business.
    pub terms: Terms,
    /// Why something was withheld, each text once: internal, never a recipient's.
    pub why: Terms,
    pub ruled: Vec<Ruled>,
}

/// One ruling with its texts beside it again.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub ruled: Ruled,
    /// The ruling document with its grants written out, where something was released.
    pub ruling: Option<Value>,
    pub withheld: Vec<WithheldSlice>,
}

impl Batch {
    /// The rulings with their texts; none where a text is missing or is not what its id says.
    #[must_use]
    pub fn recorded(self) -> Option<Vec<Recorded>> {
        let (terms, why) = (self.terms, self.why);
        let one = |ruled: Ruled| {
            let ruling = match &ruled.release {
                Some(release) => Some(expanded(&release.ruling, &terms)?),
                None => None,
            };
            let withheld = match &ruled.withheld {
                Some(id) => serde_json::from_str(why.get(id)?).ok()?,
                None => Vec::new(),
            };
            Some(Recorded { ruled, ruling, withheld })
        };
        self.ruled.into_iter().map(one).collect()
    }

    /// The message's body: this head, whose own list is empty, and these rulings, each as its JSON.
    ///
    /// # Errors
    /// Where the head has no JSON form.
    pub fn with(&self, ruled: &[Vec<u8>]) -> serde_json::Result<Vec<u8>> {
        let mut body = serde_json::to_vec(self)?;
        // The rulings are the last member: `"ruled":[]}`.
        body.truncate(body.len().saturating_sub(2));
        for (n, one) in ruled.iter().enumerate() {
            if n > 0 {
                body.push(b',');
            }
            body.extend_from_slice(one);
        }
        body.extend_from_slice(b"]}");
        Ok(body)
    }
}

/// What one recipient gets of one event, and (internal) what it does not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ruled {
    /// The position that caused this ruling: the event's own, or that of what changed the answer later.
    pub cause: LogPos,
    pub at: LogTime,
    pub event: EventId,
    pub event_pos: LogPos,
    /// Index of the event in its commit.
    pub event_index: u16,
    pub event_type: EventType,
    pub source: UnitId,
    pub partner: PartnerId,
    pub recipient: Recipient,
    /// The ask it was ruled under, where it was under one: what then goes is for that ask's reader alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<RecordId>,
    /// The person as policy knows them at `cause`; internal, never in a view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// Nothing where all is withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
    /// What was withheld and why: names a text of the message's `why`, a list of [`WithheldSlice`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<TermsId>,
    /// Earlier releases of the same content to the same recipient that this ruling replaces or withdraws.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<ReleaseId>,
}

/// A message on `RELEASES` as the views read it: what was told, and nothing of what was withheld.
#[derive(Debug, Deserialize)]
pub struct ToldBatch {
    /// Log time at its last position.
    pub at: LogTime,
    pub terms: Terms,
    pub ruled: Vec<Told>,
}

/// As much of a [`Ruled`] as its recipient's view is made from.
#[derive(Debug, Deserialize)]
pub struct Told {
    pub cause: LogPos,
    pub at: LogTime,
    pub event_type: EventType,
    pub source: UnitId,
    pub partner: PartnerId,
    pub recipient: Recipient,
    #[serde(default)]
    pub release: Option<Release>,
    #[serde(default)]
    pub supersedes: Vec<ReleaseId>,
}

/// What reaches a partner: the ruling in its own words, and the sealed slices.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Release {
    pub id: ReleaseId,
    /// [`RulingDoc::canonical`]: what the ledger's leaf covers, and what the partner may be given as proof.
    pub ruling: String,
    pub slices: SealedSlices,
    /// Scopes whose floors this row must be at or above, in stable string form.
    pub scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<LogTime>,
    /// Hash of what was granted, for policy: an equal grant needs no second release.
    pub substance: u64,
    /// Blind-index tokens under the partner's key, for search by name and date of birth.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub index: Vec<String>,
}

/// The sealed slices of a release exactly as they are stored, a JSON list of [`ReleasedSlice`]: whoever passes them on
/// or hashes them has no need to read them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedSlices(Box<RawValue>);

impl SealedSlices {
    /// # Errors
    /// Where a slice has no JSON form.
    pub fn new(slices: &[ReleasedSlice]) -> serde_json::Result<Self> {
        serde_json::value::to_raw_value(slices).map(Self)
    }

    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// # Errors
    /// Where they are no list of slices.
    pub fn read(&self) -> serde_json::Result<Vec<ReleasedSlice>> {
        serde_json::from_str(self.text())
    }
}

/// One category's permitted fields with their attachments, sealed under the release key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReleasedSlice {
    pub category: Category,
    /// Record and version of the data key the release key derives from.
    pub record: RecordId,
    pub sealed: Sealed,
}

/// What was withheld and why. Internal: the privacy officer's, never a recipient's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithheldSlice {
    pub category: Category,
    /// Reason code, policy id and citation, most decisive first.
    pub reasons: Vec<Value>,
}

/// A ruling as its recipient may read it: no content, no log position, no id another partner could join on.
///
/// Its canonical form is JSON with sorted keys and no white space: the fields stand in that order here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RulingDoc {
    /// What it was ruled under, where not by what stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<AskDoc>,
    pub bundle: String,
    /// Releases this one replaces: a correction.
    pub corrects: Vec<ReleaseId>,
    pub engine: String,
    /// Pairwise ids under the partner's key, as are person and record.
    pub incident: Option<uuid::Uuid>,
    pub person: Option<uuid::Uuid>,
    #[serde(serialize_with = "sorted")]
    pub recipient: Recipient,
    pub record: uuid::Uuid,
    pub release: ReleaseId,
    pub ruled_at: LogTime,
    pub slices: Vec<StatedSlice>,
    pub source: UnitId,
    #[serde(rename = "type")]
    pub event_type: EventType,
    pub valid_until: Option<LogTime>,
}

/// The ask behind a ruling, as its recipient may read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskDoc {
    /// Pairwise id of the ask's record under the partner's key.
    pub id: uuid::Uuid,
    pub purpose: Purpose,
    /// Blind-index token of the one user who may read it, hex; none: whoever reads there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// One category of a ruling: what was released, on what terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatedSlice {
    pub category: Category,
    /// HMAC of the content under the release key, hex: it dies with the key.
    pub content: String,
    /// Names the text of its grants, as the decision engine states them.
    pub terms: TermsId,
}

impl RulingDoc {
    /// What the ledger's leaf covers.
    ///
    /// # Errors
    /// Where it has no JSON form.
    pub fn canonical(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

fn sorted<S: serde::Serializer>(recipient: &Recipient, to: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeStruct as _;
    let mut fields = to.serialize_struct("Recipient", 2)?;
    fields.serialize_field("kind", &recipient.kind)?;
    fields.serialize_field("unit", &recipient.unit)?;
    fields.end()
}

impl Release {
    /// [`ciphertext_hash`] of its slices.
    #[must_use]
    pub fn ciphertext_hash(&self) -> [u8; 32] {
        ciphertext_hash(self.slices.text())
    }

    /// [`leaf`] of its ruling and slices.
    #[must_use]
    pub fn leaf(&self) -> Vec<u8> {
        leaf(&self.ruling, &self.ciphertext_hash())
    }
}

/// SHA-256 over the text of the sealed slices as stored.
#[must_use]
pub fn ciphertext_hash(slices: &str) -> [u8; 32] {
    Sha256::digest(slices).into()
}

/// The ledger's leaf input: ruling, then the ciphertext hash. The tree adds RFC 6962's 0x00.
#[must_use]
pub fn leaf(ruling: &str, ciphertext: &[u8; 32]) -> Vec<u8> {
    let mut leaf = ruling.as_bytes().to_vec();
    leaf.extend_from_slice(ciphertext);
    leaf
}

/// Release id = hash(cause position, event id, recipient), as a UUIDv8.
#[must_use]
pub fn release_id(cause: LogPos, event: EventId, recipient: &Recipient) -> ReleaseId {
    id_of(cause, event, recipient, None)
}

/// The id of a release under an ask: its recipient is another than the one that reads what stands.
#[must_use]
pub fn asked_release_id(cause: LogPos, event: EventId, recipient: &Recipient, ask: RecordId) -> ReleaseId {
    id_of(cause, event, recipient, Some(ask))
}

fn id_of(cause: LogPos, event: EventId, recipient: &Recipient, ask: Option<RecordId>) -> ReleaseId {
    let mut hash = Sha256::new();
    hash.update(b"handoff release id v1\0");
    hash.update(cause.0.to_be_bytes());
    hash.update(event.0.as_bytes());
    hash.update(recipient.to_string().as_bytes());
    if let Some(ask) = ask {
        hash.update([0]);
        hash.update(ask.0.as_bytes());
    }
    let digest = hash.finalize();
    let mut bytes = [0u8; 16];
    bytes.iter_mut().zip(digest.iter()).for_each(|(b, d)| *b = *d);
    ReleaseId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// One read, on `ACCESS`: which releases were handed to whom, for what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Access {
    pub v: u8,
    pub id: uuid::Uuid,
    pub partner: PartnerId,
    pub recipient: Recipient,
    /// The person at the partner who asked, as the partner names them.
    pub user: String,
    pub purpose: String,
    /// What was asked: `list`, `record`, `person`; never a name.
    pub query: String,
    pub releases: Vec<ReleaseId>,
    /// Position of `EVENTS` the answer reflects.
    pub as_of: LogPos,
    /// Gateway clock, milliseconds since the epoch.
    pub at: LogTime,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_ruling_is_written_in_canonical_form() {
        let terms = TermsId::of("[]");
        let doc = RulingDoc {
            ask: Some(AskDoc { id: uuid::Uuid::nil(), purpose: Purpose::Etreat, user: Some("00".to_owned()) }),
            bundle: "b".to_owned(),
            corrects: Vec::new(),
            engine: "e".to_owned(),
            incident: None,
            person: Some(uuid::Uuid::nil()),
            recipient: Recipient {
                unit: "willow-clinic-crisis".parse().unwrap(),
                kind: handoff_schemas::RecipientKind::Bhc,
            },
            record: uuid::Uuid::nil(),
            release: ReleaseId(uuid::Uuid::nil()),
            ruled_at: LogTime(7),
            slices: vec![StatedSlice { category: Category::Cad, content: "00".to_owned(), terms }],
            source: "river-911".parse().unwrap(),
            event_type: "encounter.incident-reported.v1".parse().unwrap(),
            valid_until: None,
        };
        let text = doc.canonical().unwrap();
        let mut sorted: Value = serde_json::from_str(&text).unwrap();
        sorted.sort_all_objects();
        assert_eq!(sorted.to_string(), text);
    }
}
