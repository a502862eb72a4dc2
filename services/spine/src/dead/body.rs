use std::fmt;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::log::{MAX_COMMIT, body_hash};

/// The most that a letter keeps of what was sent, bytes. As text it is a third larger, and fits one message then.
pub const MAX_BODY: usize = MAX_COMMIT / 2;

/// What was sent, as it came. `Debug` prints nothing of it, not even its hash, by which a guess could be tried.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    Whole(#[serde(with = "base64")] Zeroizing<Vec<u8>>),
    /// More than [`MAX_BODY`]: what tells it from another, for whoever compares it with the sender's copy.
    Cut {
        /// Lower-case hexadecimal.
        sha256: String,
        bytes: u64,
    },
}

impl Body {
    /// Keeps `sent`, or what it is known by where it is too large.
    #[must_use]
    pub fn of(sent: &[u8]) -> Self {
        if sent.len() > MAX_BODY {
            return Self::Cut { sha256: HEXLOWER.encode(&body_hash(sent)), bytes: sent.len() as u64 };
        }
        Self::Whole(Zeroizing::new(sent.to_vec()))
    }

    /// Bytes of what was sent, kept or not.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Cut { bytes, .. } => *bytes,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[withheld]")
    }
}

mod base64 {
    use data_encoding::BASE64;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
    use zeroize::Zeroizing;

    pub fn serialize<S: Serializer>(bytes: &Zeroizing<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        let text = Zeroizing::new(BASE64.encode(bytes));
        serializer.serialize_str(&text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<Vec<u8>>, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        // The error does not repeat the text.
        BASE64.decode(text.as_bytes()).map(Zeroizing::new).map_err(|_| D::Error::custom("not base64"))
    }
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_known_by_hash_and_size() {
        assert!(matches!(Body::of(&[7; MAX_BODY]), Body::Whole(bytes) if bytes.len() == MAX_BODY));
        let large = vec![7; MAX_BODY + 1];
        let Body::Cut { sha256, bytes } = Body::of(&large) else { panic!("it was kept whole") };
        assert_eq!((sha256, bytes), (HEXLOWER.encode(&body_hash(&large)), large.len() as u64));
    }
}
