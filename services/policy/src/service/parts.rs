//! Rulings as they are written, and how those of one position are cut into messages: the same cut every time, so that a
//! cut run can be continued.

use std::collections::BTreeSet;

use handoff_spine::release::{MAX_BYTES, Terms, TermsId};
use handoff_spine::service::ServiceError;

use crate::seal::Stated;
use crate::terms::Text;

/// One ruling in the form a message holds it. Its length follows from what was ruled alone: ciphertexts of equal
/// contents are of equal length.
#[derive(Clone, Debug, Default)]
pub struct Written {
    json: Vec<u8>,
    terms: Vec<Text>,
    why: Option<Text>,
}

/// Writes each ruling once; what it weighs is then known exactly.
///
/// # Errors
/// HO-4001, which says that a ruling has no JSON form.
pub fn write(stated: Vec<Stated>) -> Result<Vec<Written>, ServiceError> {
    let cannot = |e| ServiceError::Stop { code: "HO-4001", message: format!("a ruling cannot be written: {e}") };
    let one =
        |s: Stated| Ok(Written { json: serde_json::to_vec(&s.ruled).map_err(cannot)?, terms: s.terms, why: s.why });
    stated.into_iter().map(one).collect()
}

/// Rulings on their way into one message, with each text they name once.
#[derive(Debug, Default)]
pub struct Message {
    pub rulings: Vec<Vec<u8>>,
    pub terms: Terms,
    pub why: Terms,
    weight: usize,
}

impl Message {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rulings.is_empty()
    }

    /// Whether these still fit.
    #[must_use]
    pub fn has_room(&self, more: &[Written]) -> bool {
        self.weight + self.added(more) <= MAX_BYTES
    }

    /// What these would add: texts that are there already add nothing.
    fn added(&self, more: &[Written]) -> usize {
        let mut new: BTreeSet<TermsId> = BTreeSet::new();
        let mut weight = 0;
        for one in more {
            weight += one.json.len() + 1;
            let terms = one.terms.iter().filter(|t| self.terms.get(&t.id).is_none());
            let why = one.why.iter().filter(|t| self.why.get(&t.id).is_none());
            weight += terms.chain(why).filter(|t| new.insert(t.id)).map(|t| t.weight).sum::<usize>();
        }
        weight
    }

    pub fn add(&mut self, one: Written) {
        self.weight += self.added(std::slice::from_ref(&one));
        self.rulings.push(one.json);
        self.terms.extend(one.terms.into_iter().map(|t| (t.id, t.body)));
        self.why.extend(one.why.into_iter().map(|t| (t.id, t.body)));
    }
}

/// Splits one position's rulings into messages of at most [`MAX_BYTES`], or of one ruling that is larger by itself.
pub fn parts(written: Vec<Written>) -> Vec<Message> {
    let mut parts = Vec::new();
    let mut part = Message::default();
    for one in written {
        if !part.is_empty() && !part.has_room(std::slice::from_ref(&one)) {
            parts.push(std::mem::take(&mut part));
        }
        part.add(one);
    }
    parts.push(part);
    parts
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(n: usize) -> Text {
        Text::of(&vec!["x"; n]).unwrap()
    }

    proptest! {
        #[test]
        fn parts_keep_order_and_bounds(sizes in prop::collection::vec((0usize..2 * MAX_BYTES, 0usize..4), 0..40)) {
            let one = |(bytes, named): &(usize, usize)| Written {
                json: vec![b'x'; *bytes],
                terms: (0..*named).map(|n| text(1000 * (n + 1))).collect(),
                why: (*named > 2).then(|| text(1000)),
            };
            let written: Vec<Written> = sizes.iter().map(one).collect();
            let cut = parts(written.clone());
            for part in &cut {
                let texts = part.terms.iter().chain(part.why.iter()).map(|(_, text)| text.len()).sum::<usize>();
                let bytes = part.rulings.iter().map(Vec::len).sum::<usize>() + texts;
                prop_assert!(part.rulings.len() <= 1 || bytes <= MAX_BYTES);
                prop_assert!(part.weight >= bytes);
            }
            let kept: Vec<Vec<u8>> = cut.into_iter().flat_map(|p| p.rulings).collect();
            prop_assert_eq!(kept, written.into_iter().map(|w| w.json).collect::<Vec<_>>());
        }
    }
}
