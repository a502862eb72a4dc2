use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use nkeys::{KeyPair, KeyPairType};
use zeroize::Zeroizing;

use super::error::{BrokerError, Result};
use super::jwt::Jwt;

/// Creates a folder that only its owner can enter.
pub fn private_dir(dir: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(BrokerError::io(dir))
}

/// Replaces a file whole, readable by its owner only, durable when this returns.
pub fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let partial = path.with_extension("part");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    };
    write().map_err(BrokerError::io(path))
}

/// The key in `path`; made and stored at the first call.
pub fn key_in(path: &Path, kind: &KeyPairType) -> Result<KeyPair> {
    match read_private(path)? {
        Some(seed) => usable(&seed, kind).ok_or_else(|| BrokerError::BadKey { path: path.to_path_buf(), what: "seed" }),
        None => {
            let key = KeyPair::new(kind.clone());
            write_private(path, seed_of(&key)?.as_bytes())?;
            Ok(key)
        }
    }
}

/// The user key inside a credentials file, where there is one.
pub fn user_in(creds: &Path) -> Result<Option<KeyPair>> {
    let Some(text) = read_private(creds)? else { return Ok(None) };
    let seed = text.lines().find(|line| line.starts_with("SU"));
    let key = seed.and_then(|seed| usable(seed, &KeyPairType::User));
    key.map(Some).ok_or_else(|| BrokerError::BadKey { path: creds.to_path_buf(), what: "credentials file" })
}

/// Writes a NATS credentials file: the user's claim and its seed.
pub fn write_creds(path: &Path, jwt: &Jwt, user: &KeyPair) -> Result<()> {
    let seed = seed_of(user)?;
    let text = Zeroizing::new(format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
         Whoever holds this file speaks as this user: keep it readable by its service only.\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        *seed
    ));
    write_private(path, text.as_bytes())
}

fn seed_of(key: &KeyPair) -> Result<Zeroizing<String>> {
    key.seed().map(Zeroizing::new).map_err(|e| BrokerError::Identity(e.to_string()))
}

fn usable(seed: &str, kind: &KeyPairType) -> Option<KeyPair> {
    KeyPair::from_seed(seed.trim()).ok().filter(|key| key.key_pair_type() == *kind)
}

/// None where there is no such file; refused where others can read it.
fn read_private(path: &Path) -> Result<Option<Zeroizing<String>>> {
    let mode = match fs::metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        found => found.map_err(BrokerError::io(path))?.permissions().mode(),
    };
    if mode & 0o077 != 0 {
        return Err(BrokerError::KeyExposed { path: path.to_path_buf() });
    }
    fs::read_to_string(path).map(|s| Some(Zeroizing::new(s))).map_err(BrokerError::io(path))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_readable_by_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("operator.nk");
        let made = key_in(&path, &KeyPairType::Operator).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(key_in(&path, &KeyPairType::Operator).unwrap().public_key(), made.public_key());
        assert_eq!(key_in(&path, &KeyPairType::Account).unwrap_err().code(), "HO-3310");
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hub.nk");
        key_in(&path, &KeyPairType::Account).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(key_in(&path, &KeyPairType::Account).unwrap_err().code(), "HO-3311");
    }

    #[test]
    fn a_broken_credentials_file_is_not_silently_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("policy.creds");
        assert!(user_in(&path).unwrap().is_none());
        write_private(&path, b"-----BEGIN NATS USER JWT-----\nSUBROKEN\n").unwrap();
        let error = user_in(&path).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), "HO-3310");
        assert!(!error.to_string().contains("SUBROKEN"));
    }
}
