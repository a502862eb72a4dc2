//! What must go with a consented Part 2 disclosure: the 2.32(a) notice and the 2.32(b) scope explanation.

use std::collections::BTreeMap;
use std::sync::Arc;

use handoff_schemas::{Category, ConsentFacts, ConsentType, EventType, Expiry, LogTime, Purpose, RecordId};
use serde::{Deserialize, Serialize};

use crate::bundle::place;

/// The wording in force since 2024; earlier wording is non-conforming (P2-22).
pub const NOTICE_VERSION: &str = "2024";

/// Which of the two statements of 42 CFR 2.32(a).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum NoticeForm {
    Long,
    Short,
}

impl TryFrom<u8> for NoticeForm {
    type Error = &'static str;
    fn try_from(n: u8) -> Result<Self, Self::Error> {
        match n {
            1 => Ok(Self::Long),
            2 => Ok(Self::Short),
            _ => Err("a notice form is 1 or 2"),
        }
    }
}

impl From<NoticeForm> for u8 {
    fn from(form: NoticeForm) -> Self {
        match form {
            NoticeForm::Long => 1,
            NoticeForm::Short => 2,
        }
    }
}

/// Notice and scope explanation together; one cannot be had without the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Notice232 {
    form: NoticeForm,
    text: Arc<str>,
    scope: ScopeExplanation,
}

/// The scope of the consent in plain words (P2-23), in each language of the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ScopeExplanation {
    pub consent: RecordId,
    pub en: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub es: Option<Arc<str>>,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    version: String,
    form: NoticeForm,
    text: Arc<str>,
    scope: ScopeExplanation,
}

impl TryFrom<Wire> for Notice232 {
    type Error = &'static str;
    fn try_from(w: Wire) -> Result<Self, Self::Error> {
        Self::new(w.form, w.text, w.scope).ok_or("a notice needs its text and its scope explanation")
    }
}

impl From<Notice232> for Wire {
    fn from(n: Notice232) -> Self {
        Self { version: NOTICE_VERSION.to_owned(), form: n.form, text: n.text, scope: n.scope }
    }
}

impl Notice232 {
    pub(crate) fn new(form: NoticeForm, text: Arc<str>, scope: ScopeExplanation) -> Option<Self> {
        (!text.is_empty() && !scope.en.is_empty()).then_some(Self { form, text, scope })
    }

    #[must_use]
    pub const fn form(&self) -> NoticeForm {
        self.form
    }

    /// The statement, word for word.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub const fn scope(&self) -> &ScopeExplanation {
        &self.scope
    }
}

/// The sentences of one language (`law/scope.<lang>.toml`), `{}` where the consent's own terms go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScopeWords {
    heading: String,
    grantor: String,
    recipient: String,
    recipient_class: String,
    data: String,
    narrowed: String,
    data_from: String,
    data_before: String,
    records: String,
    event_types: String,
    purposes: String,
    signed: String,
    expires_at: String,
    expires_event: String,
    expires_never: String,
    revocable: String,
    revocable_from: String,
    revocable_at_end: String,
    onward_tpo: String,
    onward_named: String,
    onward_criminal_justice: String,
    onward_proceedings: String,
    joiner: String,
    purpose: BTreeMap<Purpose, String>,
    category: BTreeMap<Category, String>,
}

/// The two parties as the explanation names them: this discloser, this recipient, nobody else of the consent.
pub(crate) struct Between<'a> {
    pub discloser: &'a str,
    pub recipient: &'a str,
}

impl ScopeWords {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let read: Self = place::read(text)?;
        let named = Category::ALL.iter().filter(|c| **c != Category::Administrative);
        match named.copied().find(|c| !read.category.contains_key(c)) {
            Some(missing) => Err(format!("no words for the category `{missing}`")),
            None => Ok(read),
        }
    }

    /// A purpose as people read it; its code where these words have none.
    pub(crate) fn purpose(&self, purpose: Purpose) -> &str {
        word(&self.purpose, &purpose, purpose.code())
    }

    /// A category as people read it.
    pub(crate) fn category(&self, category: Category) -> &str {
        word(&self.category, &category, category.slug())
    }

    pub(crate) fn explain(&self, consent: &ConsentFacts, between: &Between<'_>) -> String {
        let put = |sentence: &str, what: &str| sentence.replacen("{}", what, 1);
        let data = join(consent.categories.iter().map(|c| word(&self.category, c, c.slug())), &self.joiner);
        let purposes = join(consent.purposes.iter().map(|p| word(&self.purpose, p, p.code())), &self.joiner);
        let mut lines = vec![self.heading.clone(), put(&self.grantor, between.discloser)];
        lines.push(match consent.tpo_class {
            true => self.recipient_class.clone(),
            false => put(&self.recipient, between.recipient),
        });
        lines.push(put(&self.data, &data));
        lines.extend(self.limits(consent));
        lines.push(put(&self.purposes, &purposes));
        lines.push(put(&self.signed, &stamp(consent.signed_at)));
        lines.push(match &consent.expiry {
            Expiry::At { at } => put(&self.expires_at, &stamp(*at)),
            Expiry::Event { code } => put(&self.expires_event, code),
            Expiry::Never => self.expires_never.clone(),
        });
        lines.push(self.revocation(consent));
        lines.push(self.onward(consent).to_owned());
        lines.join("\n")
    }

    /// When the person may take it back: a criminal-justice consent not before its time or event (42 CFR 2.35(c)).
    fn revocation(&self, consent: &ConsentFacts) -> String {
        match (consent.consent_type, consent.revocable_from) {
            (ConsentType::Part2CriminalJustice, Some(from)) => self.revocable_from.replacen("{}", &stamp(from), 1),
            (ConsentType::Part2CriminalJustice, None) => self.revocable_at_end.clone(),
            _ => self.revocable.clone(),
        }
    }

    /// What the recipient may do with it (42 CFR 2.33, 2.35(d), 2.31(d)).
    fn onward(&self, consent: &ConsentFacts) -> &str {
        match consent.consent_type {
            ConsentType::Part2CriminalJustice => &self.onward_criminal_justice,
            ConsentType::Part2Proceedings => &self.onward_proceedings,
            _ if consent.tpo_class => &self.onward_tpo,
            _ => &self.onward_named,
        }
    }

    /// To what the data is limited. Records are not named: their ids are the hub's, and others of them are not sent.
    fn limits(&self, consent: &ConsentFacts) -> Vec<String> {
        let put = |sentence: &str, what: &str| sentence.replacen("{}", what, 1);
        let mut lines = Vec::new();
        if !consent.elements.is_empty() {
            lines.push(put(&self.narrowed, &join(consent.elements.iter().map(String::as_str), &self.joiner)));
        }
        lines.extend(consent.data_from.map(|from| put(&self.data_from, &stamp(from))));
        lines.extend(consent.data_before.map(|end| put(&self.data_before, &stamp(end))));
        if !consent.records.is_empty() {
            lines.push(self.records.clone());
        }
        if !consent.event_types.is_empty() {
            lines.push(put(&self.event_types, &join(consent.event_types.iter().map(EventType::as_str), &self.joiner)));
        }
        lines
    }
}

fn word<'a, K: Ord>(words: &'a BTreeMap<K, String>, key: &K, code: &'a str) -> &'a str {
    words.get(key).map_or(code, String::as_str)
}

fn join<'a>(parts: impl Iterator<Item = &'a str>, joiner: &str) -> String {
    parts.collect::<Vec<_>>().join(joiner)
}

/// An instant as people read it; the log keeps UTC.
fn stamp(at: LogTime) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(t) => t.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => "?".to_owned(),
    }
}
