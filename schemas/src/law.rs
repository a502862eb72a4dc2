use std::fmt;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// Content address of one version of the law: SHA-256 over its files by name, in 64 hex digits where it is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BundleHash([u8; 32]);

impl BundleHash {
    /// The address with this digest.
    #[must_use]
    pub const fn of(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl fmt::Display for BundleHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for BundleHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<BundleHash> for String {
    fn from(hash: BundleHash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for BundleHash {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| "a bundle hash is 64 hex digits")?;
        bytes.try_into().map(Self).map_err(|_| "a bundle hash is 64 hex digits")
    }
}
