//! What partners send and get, over NATS today and HTTP later: one request, one reply, both JSON.

use handoff_schemas::{RecipientKind, ReleaseId, UnitId};
use handoff_spine::command::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The line every health view of every person carries (design.md, idea 5): no view claims to be whole.
pub const INCOMPLETE: &str = "may be incomplete; emergency access available";

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    Cloudevents,
    Nemsis,
    Eido,
}

/// `in.publish`: a document in one of the accepted formats.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    #[serde(rename = "as")]
    pub unit: UnitId,
    pub format: Format,
    /// Validate and show the mapping, store nothing.
    #[serde(default)]
    pub check: bool,
    /// The document's bytes, base64.
    pub document: String,
}

/// What became of one event of a published document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Published {
    /// The record as this partner knows it.
    pub record: Uuid,
    pub person: Option<Uuid>,
    #[serde(rename = "type")]
    pub event_type: String,
    /// 1, or more where the document amended an earlier one.
    pub version: u32,
    /// The same content came before; nothing was stored again.
    pub duplicate: bool,
}

/// Something to mend at the source that did not stop the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataQuality {
    pub code: String,
    pub place: String,
    pub rule: String,
    pub remedy: String,
}

/// Reply to `in.publish`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PublishReply {
    pub published: Vec<Published>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<DataQuality>,
    /// With `check`: each mapped field, without its value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mapping: Vec<Value>,
}

/// `in.read`: one unit's own view.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    #[serde(rename = "as")]
    pub unit: UnitId,
    /// The functional role to read in; the unit's first one if absent.
    #[serde(default)]
    pub role: Option<RecipientKind>,
    /// Who at the partner reads: goes into the access record.
    pub user: String,
    /// Read what an ask opened, by the id its publication was answered with, instead of what stands. Only the user that
    /// the ask names reads it, and only while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<Uuid>,
    pub query: Ask,
}

/// What to read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Everything after this cursor; 0 from the beginning.
    Since(u64),
    Record(Uuid),
    Person(Uuid),
    /// By name and date of birth (`YYYY-MM-DD`), compared as blind-index tokens.
    Named {
        family: String,
        given: String,
        birth_date: String,
    },
}

/// One row of a view, opened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    pub cursor: u64,
    pub release: ReleaseId,
    /// The ruling in the recipient's words: type, source, basis, agreement, obligations.
    pub ruling: Value,
    /// The permitted fields, in the shape the source sent; items of which nothing was released do not show.
    pub data: Value,
    /// 42 CFR 2.32 notice and scope explanation, where the release is a consented Part 2 disclosure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Value>,
}

/// Reply to `in.read`. A person who does not exist and one of whom nothing may be told give the same bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct View {
    pub notice: String,
    pub rows: Vec<Row>,
}

/// Every reply: the result, or a coded refusal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply<T> {
    Ok(T),
    Error(Refusal),
}

impl<T> From<Result<T, Refusal>> for Reply<T> {
    fn from(result: Result<T, Refusal>) -> Self {
        match result {
            Ok(ok) => Self::Ok(ok),
            Err(e) => Self::Error(e),
        }
    }
}

impl<T> From<Reply<T>> for Result<T, Refusal> {
    fn from(reply: Reply<T>) -> Self {
        match reply {
            Reply::Ok(ok) => Ok(ok),
            Reply::Error(e) => Err(e),
        }
    }
}
