//! The ledger's files: hashes one after another, appended and synced; small files replaced in one step.

use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};

use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use crate::LedgerError;
use crate::merkle::Hash;

/// Bytes of one hash.
pub const WIDTH: u64 = 32;

/// 32-byte hashes one after another, in leaf order.
#[derive(Debug)]
pub struct HashFile {
    path: PathBuf,
    file: File,
}

impl HashFile {
    /// Opens the file for appending, made where missing, and returns the whole hashes in it. A torn last hash is
    /// left to [`HashFile::keep`].
    ///
    /// # Errors
    /// [`LedgerError::File`].
    pub async fn open(path: PathBuf) -> Result<(Self, Vec<Hash>), LedgerError> {
        let opened = async {
            let mut options = OpenOptions::new();
            let mut file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).await?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).await?;
            io::Result::Ok((file, bytes))
        };
        let (file, bytes) = opened.await.map_err(failed(&path))?;
        let (hashes, _torn) = hashes(&bytes);
        Ok((Self { path, file }, hashes))
    }

    /// Cuts everything after the first `count` hashes and goes on appending there.
    ///
    /// # Errors
    /// [`LedgerError::File`].
    pub async fn keep(&mut self, count: u64) -> Result<(), LedgerError> {
        let cut = async {
            self.file.set_len(count * WIDTH).await?;
            self.file.seek(SeekFrom::Start(count * WIDTH)).await?;
            self.file.sync_data().await
        };
        cut.await.map_err(failed(&self.path))
    }

    /// Appends; durable only after [`HashFile::sync`].
    ///
    /// # Errors
    /// [`LedgerError::File`].
    pub async fn append(&mut self, hashes: &[Hash]) -> Result<(), LedgerError> {
        let written = async {
            self.file.write_all(hashes.as_flattened()).await?;
            self.file.flush().await
        };
        written.await.map_err(failed(&self.path))
    }

    /// # Errors
    /// [`LedgerError::File`].
    pub async fn sync(&self) -> Result<(), LedgerError> {
        self.file.sync_data().await.map_err(failed(&self.path))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The whole hashes in `bytes`, and how many bytes of a torn one follow.
#[must_use]
pub fn hashes(bytes: &[u8]) -> (Vec<Hash>, usize) {
    let (whole, torn) = bytes.as_chunks::<32>();
    (whole.to_vec(), torn.len())
}

/// Writes a small file so that a reader, or a crash, meets the old or the new content and nothing between.
/// `written` runs when the new content is durable and not yet in place.
///
/// # Errors
/// [`LedgerError::File`]; what `written` returns.
pub async fn replace(
    path: &Path,
    content: &[u8],
    written: impl FnOnce() -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let write = async {
        let mut file = File::create(&new).await?;
        file.write_all(content).await?;
        file.flush().await?;
        file.sync_all().await
    };
    write.await.map_err(failed(&new))?;
    written()?;
    let rename = async {
        fs::rename(&new, path).await?;
        sync_dir(path).await
    };
    rename.await.map_err(failed(path))
}

/// Makes names in the folder of `path` durable.
async fn sync_dir(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(dir) => File::open(dir).await?.sync_all().await,
        None => Ok(()),
    }
}

/// Makes the folder, readable by the owner only.
///
/// # Errors
/// [`LedgerError::File`].
pub async fn make_dir(dir: &Path) -> Result<(), LedgerError> {
    let mut builder = fs::DirBuilder::new();
    let made = async {
        builder.recursive(true).mode(0o700).create(dir).await?;
        sync_dir(dir).await
    };
    made.await.map_err(failed(dir))
}

/// The file's bytes; none where there is no file.
///
/// # Errors
/// [`LedgerError::File`].
pub async fn read(path: &Path) -> Result<Option<Vec<u8>>, LedgerError> {
    match fs::read(path).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(failed(path)(e)),
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> LedgerError {
    let file = path.display().to_string();
    move |cause| LedgerError::File { file: file.clone(), cause }
}
