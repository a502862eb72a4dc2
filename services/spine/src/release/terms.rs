//! What many rulings say alike is carried once and named by its hash.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a text; as a word, 64 hex digits. The ledger's leaf covers the id, and so the text.
///
/// No text holds anything about a person beyond the pairwise id of a consent, so nobody who does not hold the text can
/// guess it (design.md, "no unkeyed content hash").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermsId([u8; 32]);

impl TermsId {
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for TermsId {
    fn from(hash: [u8; 32]) -> Self {
        Self(hash)
    }
}

impl fmt::Display for TermsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for TermsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TermsId({self})")
    }
}

/// A word that names no terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no name of terms: expected 64 hex digits")]
pub struct NoTermsId;

impl FromStr for TermsId {
    type Err = NoTermsId;
    fn from_str(s: &str) -> Result<Self, NoTermsId> {
        let bytes = data_encoding::HEXLOWER.decode(s.as_bytes()).map_err(|_| NoTermsId)?;
        bytes.try_into().map(Self).map_err(|_| NoTermsId)
    }
}

impl Serialize for TermsId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TermsId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Texts by their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Terms(BTreeMap<TermsId, Arc<str>>);

impl Terms {
    #[must_use]
    pub fn get(&self, id: &TermsId) -> Option<&Arc<str>> {
        self.0.get(id)
    }

    /// False where it was there already.
    pub fn add(&mut self, id: TermsId, text: Arc<str>) -> bool {
        self.0.insert(id, text).is_none()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&TermsId, &Arc<str>)> {
        self.0.iter()
    }

    /// Without the texts that are not what their ids say.
    #[must_use]
    pub fn sound(mut self) -> Self {
        self.0.retain(|id, text| TermsId::of(text) == *id);
        self
    }
}

impl IntoIterator for Terms {
    type Item = (TermsId, Arc<str>);
    type IntoIter = std::collections::btree_map::IntoIter<TermsId, Arc<str>>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Extend<(TermsId, Arc<str>)> for Terms {
    fn extend<I: IntoIterator<Item = (TermsId, Arc<str>)>>(&mut self, texts: I) {
        self.0.extend(texts);
    }
}

impl FromIterator<(TermsId, Arc<str>)> for Terms {
    fn from_iter<I: IntoIterator<Item = (TermsId, Arc<str>)>>(texts: I) -> Self {
        Self(texts.into_iter().collect())
    }
}

/// A ruling document with each slice's `grants` written out beside the `terms` that name them; none where it is no
/// such document or a text is missing.
#[must_use]
pub fn expanded(ruling: &str, terms: &Terms) -> Option<Value> {
    let mut document: Value = serde_json::from_str(ruling).ok()?;
    for slice in document.get_mut("slices")?.as_array_mut()? {
        let id: TermsId = slice.get("terms")?.as_str()?.parse().ok()?;
        let grants = serde_json::from_str(terms.get(&id)?).ok()?;
        slice.as_object_mut()?.insert("grants".to_owned(), grants);
    }
    Some(document)
}
