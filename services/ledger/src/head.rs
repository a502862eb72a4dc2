//! A tree head in the text form of C2SP `tlog-checkpoint`: origin, size, root, and extension lines.

use data_encoding::BASE64;
use serde::Serialize;

use crate::merkle::Hash;
use crate::note::NoteError;

/// The extension line that commits to the accounting rows beside the releases.
const ROWS: &str = "rows ";

/// What a checkpoint signs: one tree at one size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TreeHead {
    /// Names the tree, world-wide: the signing key's name.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    #[serde(serialize_with = "as_base64")]
    pub root: Hash,
    /// Root of the tree over the internal facts of each row. Opaque to outsiders: the facts hold ids that are
    /// random, so no row can be guessed from it.
    #[serde(serialize_with = "as_base64_option")]
    pub rows: Option<Hash>,
}

impl TreeHead {
    /// The text to sign, with its final newline.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(&self.root));
        if let Some(rows) = &self.rows {
            text.push_str(&format!("{ROWS}{}\n", BASE64.encode(rows)));
        }
        text
    }

    /// Reads the text back; unknown extension lines are allowed and dropped.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.strip_suffix('\n').ok_or(NoteError::Malformed)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::Malformed);
        };
        let number: u64 = size.parse().map_err(|_| NoteError::Malformed)?;
        // `+1` and `01` parse as numbers too, but a checkpoint has one spelling.
        if origin.is_empty() || number.to_string() != size {
            return Err(NoteError::Malformed);
        }
        let rows = lines.find_map(|l| l.strip_prefix(ROWS)).map(hash).transpose()?;
        Ok(Self { origin: origin.to_owned(), size: number, root: hash(root)?, rows })
    }
}

fn hash(text: &str) -> Result<Hash, NoteError> {
    let bytes = BASE64.decode(text.as_bytes()).map_err(|_| NoteError::Malformed)?;
    Hash::try_from(bytes.as_slice()).map_err(|_| NoteError::Malformed)
}

fn as_base64<S: serde::Serializer>(hash: &Hash, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&BASE64.encode(hash))
}

fn as_base64_option<S: serde::Serializer>(hash: &Option<Hash>, to: S) -> Result<S::Ok, S::Error> {
    match hash {
        Some(hash) => as_base64(hash, to),
        None => to.serialize_none(),
    }
}
