use crate::release::{ReleasedSlice, Terms};
use handoff_schemas::{LogPos, LogTime, Recipient, RecipientKind, ReleaseId};
use uuid::Uuid;

/// Most rows one page holds.
pub const PAGE: u32 = 500;

/// What a reader asks of its own view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Everything after this cursor, oldest first.
    Since(u64),
    /// One record, by the id this partner knows it by.
    Record(Uuid),
    /// One person, by the id this partner knows them by.
    Person(Uuid),
    /// One person, by a blind-index token over name and date of birth.
    Token(String),
}

/// What a read is bound to.
#[derive(Clone, Debug)]
pub struct Window {
    pub recipient: Recipient,
    /// The ask to read under, by the id this partner knows it by; none: what stands.
    pub under: Option<Uuid>,
    /// Log time the answer is for: what is valid until then or earlier is not shown.
    pub at: LogTime,
    /// Last position on `RELEASES` that the ledger has integrated.
    pub integrated: u64,
}

impl Window {
    /// The reader as the rows name it: the recipient kind, and the ask where it reads under one.
    #[must_use]
    pub fn reader(&self) -> String {
        reader(self.recipient.kind, self.under)
    }
}

/// Under each ask a recipient is a reader of its own: with rows and a cursor that nobody else has, so that no gap in
/// another's tells of them.
pub(super) fn reader(kind: RecipientKind, under: Option<Uuid>) -> String {
    match under {
        None => kind.code().to_owned(),
        Some(ask) => format!("{}:{}", kind.code(), ask.simple()),
    }
}

/// One row that stands, still sealed.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewRow {
    pub release: ReleaseId,
    /// Dense within the recipient, from 1; never a log position.
    pub cursor: u64,
    pub ruling: String,
    pub slices: Vec<ReleasedSlice>,
}

/// Rows and the standing they were judged by, from one snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    pub rows: Vec<ViewRow>,
    /// The texts that the rows' rulings name.
    pub terms: Terms,
    /// Position of `EVENTS` whose narrowings are all in effect here.
    pub standing: LogPos,
    /// Log time there.
    pub at: LogTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ask_is_a_reader_of_its_own() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let readers = [None, Some(one), Some(other)].map(|ask| reader(RecipientKind::Ems, ask));
        assert_eq!(readers.first().map(String::as_str), Some("EMS"));
        assert!(readers.iter().skip(1).all(|r| r.starts_with("EMS:")) && readers.first() != readers.last());
        assert_ne!(reader(RecipientKind::Ems, Some(one)), reader(RecipientKind::Ems, Some(other)));
    }
}
