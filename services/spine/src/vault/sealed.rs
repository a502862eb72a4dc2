use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use handoff_schemas::{Category, EventId, PartnerId, PersonId, ReleaseId, UnitId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use super::{Plain, Secret, VaultError};

pub(super) const TAG: usize = 16;
pub(super) const NONCE: usize = 12;

/// AES-256-GCM ciphertext with its random nonce, and the version of the data key it is under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sealed {
    #[serde(rename = "k")]
    pub key_version: u32,
    #[serde(rename = "n", with = "base64url")]
    pub nonce: [u8; NONCE],
    /// Content and 16 bytes of tag.
    #[serde(rename = "c", with = "base64url")]
    pub ciphertext: Vec<u8>,
}

/// An event's fields of one category, sealed under the data key of (record, category).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSlice {
    pub category: Category,
    pub sealed: Sealed,
}

/// Associated data: what a ciphertext is bound to. Every part has its length before it, an absent one its own
/// mark, so that no two contexts read alike.
pub(super) struct Context(Vec<u8>);

impl Context {
    pub(super) fn new(label: &str) -> Self {
        Self(Vec::with_capacity(160)).with(label.as_bytes())
    }

    pub(super) fn with(mut self, part: &[u8]) -> Self {
        self.0.extend_from_slice(&(part.len() as u64).to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }

    pub(super) fn maybe(self, part: Option<&[u8]>) -> Self {
        match part {
            Some(part) => self.with(b"some").with(part),
            None => self.with(b"none"),
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What an event's slice is bound to: it cannot be moved to another event, person, unit, category or key.
    pub(super) fn slice(event: EventId, person: Option<PersonId>, unit: &UnitId, category: Category, v: u32) -> Self {
        Self::new("handoff slice v1")
            .with(event.0.as_bytes())
            .maybe(person.as_ref().map(|p| p.0.as_bytes().as_slice()))
            .with(unit.as_str().as_bytes())
            .with(category.slug().as_bytes())
            .with(&v.to_be_bytes())
    }

    /// What a released slice is bound to.
    pub(super) fn release(release: ReleaseId, partner: &PartnerId, category: Category) -> Self {
        Self::new("handoff released slice v1")
            .with(release.0.as_bytes())
            .with(partner.as_str().as_bytes())
            .with(category.slug().as_bytes())
    }
}

pub(super) fn random_nonce() -> Result<[u8; NONCE], VaultError> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(|_| VaultError::NoRandomness)?;
    Ok(nonce)
}

/// Encrypts into a buffer that has room for the tag, so that no second copy of the plaintext is ever made.
pub(super) fn encrypt(
    key: &Secret,
    nonce: &[u8; NONCE],
    context: &[u8],
    content: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let cipher = Aes256Gcm::new(key.expose().into());
    let mut buffer = Vec::with_capacity(content.len() + TAG);
    buffer.extend_from_slice(content);
    if cipher.encrypt_in_place(&Nonce::from(*nonce), context, &mut buffer).is_err() {
        buffer.zeroize();
        return Err(VaultError::Tampered);
    }
    Ok(buffer)
}

pub(super) fn decrypt(
    key: &Secret,
    nonce: &[u8; NONCE],
    context: &[u8],
    ciphertext: &[u8],
) -> Result<Plain, VaultError> {
    let cipher = Aes256Gcm::new(key.expose().into());
    let mut buffer = ciphertext.to_vec();
    cipher.decrypt_in_place(&Nonce::from(*nonce), context, &mut buffer).map_err(|_| VaultError::Tampered)?;
    Ok(Plain::new(buffer))
}

impl Sealed {
    pub(super) fn seal(key: &Secret, version: u32, context: &Context, content: &[u8]) -> Result<Self, VaultError> {
        let nonce = random_nonce()?;
        let ciphertext = encrypt(key, &nonce, context.as_bytes(), content)?;
        Ok(Self { key_version: version, nonce, ciphertext })
    }

    pub(super) fn open(&self, key: &Secret, context: &Context) -> Result<Plain, VaultError> {
        decrypt(key, &self.nonce, context.as_bytes(), &self.ciphertext)
    }
}

const BODY_V1: u8 = 1;
const SALT: usize = 16;

/// `1 || salt || nonce || ciphertext`. Each has a key of its own, derived by its random salt, so that one key
/// never meets the 2^32 messages that random nonces allow (NIST SP 800-38D, 8.3).
pub(super) fn seal_body(secret: &Secret, label: &str, context: &[u8], content: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut salt = [0u8; SALT];
    getrandom::fill(&mut salt).map_err(|_| VaultError::NoRandomness)?;
    let nonce = random_nonce()?;
    let ciphertext = encrypt(&secret.derive(label, &[&salt]), &nonce, context, content)?;
    let mut body = Vec::with_capacity(1 + SALT + NONCE + ciphertext.len());
    body.push(BODY_V1);
    body.extend_from_slice(&salt);
    body.extend_from_slice(&nonce);
    body.extend_from_slice(&ciphertext);
    Ok(body)
}

pub(super) fn open_body(secret: &Secret, label: &str, context: &[u8], body: &[u8]) -> Result<Plain, VaultError> {
    let Some((&BODY_V1, rest)) = body.split_first() else { return Err(VaultError::Tampered) };
    let (salt, sealed) = rest.split_first_chunk::<SALT>().ok_or(VaultError::Tampered)?;
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE>().ok_or(VaultError::Tampered)?;
    decrypt(&secret.derive(label, &[salt]), nonce, context, ciphertext)
}

mod base64url {
    use std::marker::PhantomData;

    use data_encoding::BASE64URL_NOPAD;
    use serde::{Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(bytes: &impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(bytes.as_ref()))
    }

    pub fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(deserializer: D) -> Result<T, D::Error> {
        struct Text<T>(PhantomData<T>);
        impl<T: TryFrom<Vec<u8>>> de::Visitor<'_> for Text<T> {
            type Value = T;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("base64url of the right length")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
                // Neither error repeats the text.
                let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| E::custom("not base64url"))?;
                T::try_from(bytes).map_err(|_| E::custom("not of the right length"))
            }
        }
        deserializer.deserialize_str(Text(PhantomData))
    }
}
