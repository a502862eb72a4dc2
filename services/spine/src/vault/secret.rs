use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use super::VaultError;

pub(super) type HmacSha256 = Hmac<Sha256>;

/// 32 secret bytes. On the heap, so that moving the owner leaves no copy; zeroized on drop; printed by nobody.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Secret(Box<[u8; 32]>);

impl Secret {
    /// Fresh from the operating system.
    pub(super) fn random() -> Result<Self, VaultError> {
        let mut secret = Self(Box::new([0; 32]));
        getrandom::fill(secret.0.as_mut_slice()).map_err(|_| VaultError::NoRandomness)?;
        Ok(secret)
    }

    /// `count` fresh secrets with one call to the operating system.
    pub(super) fn random_many(count: usize) -> Result<Vec<Self>, VaultError> {
        let mut bytes = Zeroizing::new(vec![0u8; count * 32]);
        getrandom::fill(&mut bytes).map_err(|_| VaultError::NoRandomness)?;
        Ok(bytes.as_chunks::<32>().0.iter().map(|b| Self(Box::new(*b))).collect())
    }

    /// None where `bytes` is not 32 long.
    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut secret = Self(Box::new([0; 32]));
        if bytes.len() != 32 {
            return None;
        }
        secret.0.copy_from_slice(bytes);
        Some(secret)
    }

    pub(super) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA256 keyed by this secret. Cannot fail: a key shorter than the block is padded with zeros, which is
    /// how RFC 2104 treats it anyway.
    pub(super) fn hmac(&self) -> HmacSha256 {
        let mut block = hmac::digest::Key::<HmacSha256>::default();
        block.iter_mut().zip(self.0.iter()).for_each(|(b, k)| *b = *k);
        let mac = HmacSha256::new(&block);
        block.as_mut_slice().zeroize();
        mac
    }

    /// A secret of its own for `label` and `parts`, each with its length before it.
    pub(super) fn derive(&self, label: &str, parts: &[&[u8]]) -> Self {
        let mut out = self.keyed_hash(label, parts);
        let derived = Self(Box::new(out));
        out.zeroize();
        derived
    }

    /// HMAC of `label` and `parts`, each with its length before it, so that no two inputs read alike.
    pub(super) fn keyed_hash(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.hmac();
        for part in std::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[withheld]")
    }
}

/// Opened bytes: zeroized on drop, printed by nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Plain(Zeroizing<Vec<u8>>);

impl Plain {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The content. Do not let it outlive this value.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[withheld]")
    }
}

/// A value about a person: it can be used, never printed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    pub const fn expose(&self) -> &T {
        &self.0
    }

    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[withheld]")
    }
}
