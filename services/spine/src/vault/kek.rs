use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use super::sealed::{open_body, seal_body};
use super::{Secret, VaultError};

/// Names a key-encryption key in key rows; derived from the key, so that a file cannot claim another's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KekId(pub(super) [u8; 16]);

/// Wraps data keys. The default is a key in a file; a KMS or Vault transit unwraps its key once at start and then
/// works here too, for a remote call a data key would be thousands a second.
pub trait KeyEncryption: Send + Sync {
    fn id(&self) -> KekId;

    /// Encrypts `key`, bound to `context`; always the same length.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    fn wrap(&self, context: &[u8], key: &Secret) -> Result<Vec<u8>, VaultError>;

    /// # Errors
    /// [`VaultError::Tampered`] where key or context differ.
    fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<Secret, VaultError>;
}

/// Where key-encryption keys come from and go to.
pub trait KekSource: Send + Sync {
    /// Every key-encryption key that rows may be wrapped with: one, during a rotation two.
    ///
    /// # Errors
    /// [`VaultError::Kek`] where one exists but cannot be used. Empty where none exists.
    fn load(&self) -> Result<Vec<Arc<dyn KeyEncryption>>, VaultError>;

    /// Makes the first key.
    ///
    /// # Errors
    /// [`VaultError::Kek`].
    fn create(&self) -> Result<(), VaultError>;

    /// Makes the next key durable, or finds the one an interrupted rotation made.
    ///
    /// # Errors
    /// [`VaultError::Kek`].
    fn begin_rotation(&self) -> Result<Arc<dyn KeyEncryption>, VaultError>;

    /// No row is under the old key any more: `next` takes its place, the old one is destroyed. Done before, it does
    /// nothing.
    ///
    /// # Errors
    /// [`VaultError::Kek`].
    fn finish_rotation(&self, next: KekId) -> Result<(), VaultError>;
}

/// AES-256-GCM under a key held in memory.
struct LocalKek {
    id: KekId,
    key: Secret,
}

impl LocalKek {
    fn new(key: Secret) -> Self {
        let hash = key.keyed_hash("handoff kek id v1", &[]);
        let mut id = [0; 16];
        id.iter_mut().zip(hash).for_each(|(b, h)| *b = h);
        Self { id: KekId(id), key }
    }
}

impl KeyEncryption for LocalKek {
    fn id(&self) -> KekId {
        self.id
    }

    fn wrap(&self, context: &[u8], key: &Secret) -> Result<Vec<u8>, VaultError> {
        seal_body(&self.key, WRAP, context, key.expose())
    }

    fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<Secret, VaultError> {
        let plain = open_body(&self.key, WRAP, context, wrapped)?;
        Secret::from_slice(plain.expose()).ok_or(VaultError::Tampered)
    }
}

/// Key-encryption keys as files of mode 0600: `kek`, and while a rotation runs `kek.next`.
///
/// At every instant `kek` exists and every row opens with a file that exists: `kek.next` is durable before the
/// first row is wrapped with it, and `kek` is replaced only when no row needs it.
#[derive(Clone, Debug)]
pub struct KekFiles {
    dir: PathBuf,
}

const WRAP: &str = "handoff wrapped key v1";
const HEADER: &str = "handoff-kek-v1 ";

impl KekFiles {
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn read(&self, name: &str) -> Result<Option<LocalKek>, VaultError> {
        let path = self.path(name);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed(&path, &e)),
        };
        let mode = file.metadata().map_err(|e| failed(&path, &e))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(VaultError::Kek(format!("`{}` is open to others: chmod 600 it", path.display())));
        }
        let mut text = Zeroizing::new(String::with_capacity(128));
        file.read_to_string(&mut text).map_err(|e| failed(&path, &e))?;
        let unreadable = || VaultError::Kek(format!("`{}` is not a key file: restore it", path.display()));
        let encoded = text.trim_end().strip_prefix(HEADER).ok_or_else(unreadable)?;
        let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(encoded.as_bytes()).map_err(|_| unreadable())?);
        Secret::from_slice(&bytes).map(|key| Some(LocalKek::new(key))).ok_or_else(unreadable)
    }

    /// Writes a new key under `name` unless there is one, whole or not at all.
    fn make(&self, name: &str) -> Result<(), VaultError> {
        let path = self.path(name);
        fs::create_dir_all(&self.dir).map_err(|e| failed(&self.dir, &e))?;
        let draft = self.path(&format!("{name}.{}.draft", uuid::Uuid::new_v4()));
        let written = self.write_draft(&draft).and_then(|()| match fs::hard_link(&draft, &path) {
            // Another process was first: its key is the key.
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked.map_err(|e| failed(&path, &e)),
        });
        if written.is_ok() && same_file(&draft, &path) {
            fs::remove_file(&draft).map_err(|e| failed(&draft, &e))?;
        } else {
            shred(&draft)?;
        }
        written?;
        self.sync_dir()
    }

    fn write_draft(&self, draft: &Path) -> Result<(), VaultError> {
        let key = Secret::random()?;
        let encoded = Zeroizing::new(BASE64URL_NOPAD.encode(key.expose()));
        let text = Zeroizing::new(format!("{HEADER}{}\n", encoded.as_str()));
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft).map_err(|e| failed(draft, &e))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|e| failed(draft, &e))
    }

    /// Shreds `kek.old`; where it is still the very file `kek`, only its name goes.
    fn retire(&self) -> Result<(), VaultError> {
        let (kek, old) = (self.path("kek"), self.path("kek.old"));
        if same_file(&kek, &old) {
            return fs::remove_file(&old).map_err(|e| failed(&old, &e));
        }
        shred(&old)
    }

    fn sync_dir(&self) -> Result<(), VaultError> {
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(|e| failed(&self.dir, &e))
    }
}

impl KekSource for KekFiles {
    fn load(&self) -> Result<Vec<Arc<dyn KeyEncryption>>, VaultError> {
        let mut keks: Vec<Arc<dyn KeyEncryption>> = Vec::new();
        // `kek.next` first: renamed over `kek` meanwhile, it is then found there.
        for name in ["kek.next", "kek"] {
            if let Some(kek) = self.read(name)? {
                keks.push(Arc::new(kek));
            }
        }
        Ok(keks)
    }

    fn create(&self) -> Result<(), VaultError> {
        self.make("kek")
    }

    fn begin_rotation(&self) -> Result<Arc<dyn KeyEncryption>, VaultError> {
        // A rotation killed at its very end may have left its shredding undone.
        if !self.path("kek.next").exists() {
            self.retire()?;
        }
        self.make("kek.next")?;
        match self.read("kek.next")? {
            Some(kek) => Ok(Arc::new(kek)),
            None => Err(VaultError::Kek("`kek.next` was removed: start the rotation again".to_owned())),
        }
    }

    fn finish_rotation(&self, finished: KekId) -> Result<(), VaultError> {
        let (kek, next, old) = (self.path("kek"), self.path("kek.next"), self.path("kek.old"));
        if self.read("kek.next")?.is_some_and(|next| next.id == finished) {
            match fs::hard_link(&kek, &old) {
                Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(failed(&old, &e)),
                _ => {}
            }
            self.sync_dir()?;
            fs::rename(&next, &kek).map_err(|e| failed(&kek, &e))?;
            self.sync_dir()?;
        }
        self.retire()?;
        self.sync_dir()
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (fs::metadata(a), fs::metadata(b)) {
        (Ok(a), Ok(b)) => a.dev() == b.dev() && a.ino() == b.ino(),
        _ => false,
    }
}

/// Overwrites, then removes. On a disk that writes elsewhere (SSD, copy-on-write) the old blocks outlive this.
fn shred(path: &Path) -> Result<(), VaultError> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(failed(path, &e)),
    };
    let overwritten = file.metadata().and_then(|meta| {
        let zeros = vec![0u8; usize::try_from(meta.len()).unwrap_or(0)];
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&zeros)?;
        file.sync_all()
    });
    overwritten.and_then(|()| fs::remove_file(path)).map_err(|e| failed(path, &e))
}

fn failed(path: &Path, e: &std::io::Error) -> VaultError {
    VaultError::Kek(format!("`{}`: {e}", path.display()))
}
