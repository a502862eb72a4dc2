//! Signed notes as C2SP `signed-note` defines them: text, a blank line, and Ed25519 signatures by name.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

/// The signature type byte of Ed25519 in signed notes.
const ED25519: u8 = 0x01;

/// Why a note, a key or a name is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("not a key name: use printable text without spaces and `+`, for example `hub.example/releases`")]
    Name,
    #[error("not a verifier key: expected `name+hash+base64`, as `verifier.pub` holds it")]
    Verifier,
    #[error("not a signed note: expected text, a blank line and signature lines")]
    Malformed,
    #[error("the note carries no signature by the expected key")]
    Unsigned,
    #[error("the signature does not match the text")]
    Forged,
}

/// Signs notes under one name. Its `Debug` shows the name only.
pub struct Signer {
    key: SigningKey,
    verifier: Verifier,
}

impl Signer {
    /// From the 32-byte Ed25519 seed that the vault keeps.
    ///
    /// # Errors
    /// [`NoteError::Name`] where notes cannot carry the name.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = SigningKey::from_bytes(seed);
        let verifier = Verifier::new(name, key.verifying_key())?;
        Ok(Self { key, verifier })
    }

    /// The public half, which outsiders keep.
    #[must_use]
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The text with this key's signature under it.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] where the text does not end in a newline or holds other control characters.
    pub fn sign(&self, text: &str) -> Result<String, NoteError> {
        if !text.ends_with('\n') || text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(NoteError::Malformed);
        }
        let mut signature = self.verifier.hash.to_vec();
        signature.extend_from_slice(&self.key.sign(text.as_bytes()).to_bytes());
        Ok(format!("{text}\n\u{2014} {} {}\n", self.verifier.name, BASE64.encode(&signature)))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.verifier.name).finish()
    }
}

/// Checks notes signed under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    hash: [u8; 4],
    key: VerifyingKey,
}

impl Verifier {
    fn new(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+') {
            return Err(NoteError::Name);
        }
        let mut digest = Sha256::new();
        digest.update(name.as_bytes());
        digest.update([b'\n', ED25519]);
        digest.update(key.as_bytes());
        let hash = digest.finalize().first_chunk().copied().unwrap_or_default();
        Ok(Self { name: name.to_owned(), hash, key })
    }

    /// The name signatures stand under; for a checkpoint also its origin line.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The signed text of a note, its final newline included.
    ///
    /// # Errors
    /// A [`NoteError`] where the note is malformed, not signed by this key, or the signature is wrong.
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        if note.chars().any(|c| c.is_control() && c != '\n') {
            return Err(NoteError::Malformed);
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let text = note.get(..=text.len()).ok_or(NoteError::Malformed)?;
        let lines = signatures.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        for line in lines.split('\n') {
            let named = line.strip_prefix("\u{2014} ").ok_or(NoteError::Malformed)?;
            let (name, signature) = named.split_once(' ').ok_or(NoteError::Malformed)?;
            let signature = BASE64.decode(signature.as_bytes()).map_err(|_| NoteError::Malformed)?;
            let (hash, signature) = signature.split_first_chunk::<4>().ok_or(NoteError::Malformed)?;
            // Lines of other keys are witnesses' and none of this key's business.
            if name != self.name || *hash != self.hash {
                continue;
            }
            let signature = Signature::from_slice(signature).map_err(|_| NoteError::Malformed)?;
            return match self.key.verify_strict(text.as_bytes(), &signature) {
                Ok(()) => Ok(text),
                Err(_) => Err(NoteError::Forged),
            };
        }
        Err(NoteError::Unsigned)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519];
        key.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.hash), BASE64.encode(&key))
    }
}

impl FromStr for Verifier {
    type Err = NoteError;

    fn from_str(s: &str) -> Result<Self, NoteError> {
        let mut parts = s.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Verifier);
        };
        let key = BASE64.decode(key.as_bytes()).map_err(|_| NoteError::Verifier)?;
        let Some((&ED25519, key)) = key.split_first() else { return Err(NoteError::Verifier) };
        let key = <&[u8; 32]>::try_from(key).map_err(|_| NoteError::Verifier)?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| NoteError::Verifier)?;
        let verifier = Self::new(name, key)?;
        if HEXLOWER.encode(&verifier.hash) == hash { Ok(verifier) } else { Err(NoteError::Verifier) }
    }
}
