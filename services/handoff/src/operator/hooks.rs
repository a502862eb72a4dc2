//! Reviews of hooks of state law (rulebook 4): until there is one, a hook may only tighten.

use handoff_schemas::AgreementId;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::Done;
use crate::session::Session;

/// What somebody says of a hook of the law.
#[derive(Clone, Copy, Debug)]
pub struct OfHook<'a> {
    /// Its id; or a rule, whose hooks in the jurisdiction are all meant.
    pub hook: &'a str,
    pub jurisdiction: Option<&'a str>,
    /// Who reviewed it.
    pub by: &'a str,
    pub on: Option<Date>,
    /// It counts for what flows under this agreement alone.
    pub agreement: Option<&'a AgreementId>,
    /// In years, in place of the law's.
    pub age: Option<u8>,
    /// The review is taken back.
    pub withdrawn: bool,
}

/// Records a review, or that it is taken back; each takes the place of what was said before of the same hook for the
/// same agreement, or for none.
///
/// # Errors
/// The session's; the inner refusal is the registry's, HO-1440 to HO-1443.
pub async fn review_hook(session: &Session, review: &OfHook<'_>) -> Done {
    let mut data = json!({ "hook": review.hook, "reviewed_by": review.by });
    if let Some(members) = data.as_object_mut() {
        let stated: [(&str, Option<Value>); 5] = [
            ("jurisdiction", review.jurisdiction.map(|place| json!(place))),
            ("agreement", review.agreement.map(|agreement| json!(agreement))),
            ("reviewed_on", review.on.map(|day| json!(day))),
            ("parameters", review.age.map(|age| json!([{ "name": "age", "value": age.to_string() }]))),
            ("withdrawn", review.withdrawn.then_some(Value::Bool(true))),
        ];
        members.extend(stated.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    let record = match review.agreement {
        Some(agreement) => format!("agreement:{agreement}"),
        None => format!("hook:{}:{}", review.jurisdiction.unwrap_or_default(), review.hook),
    };
    // What was taken back may be said again in the same words.
    let key = format!("{record}:reviewed:{}", uuid::Uuid::now_v7());
    session.command("registry", &key, &record, "agreement.hook-enabled.v1", data).await
}
