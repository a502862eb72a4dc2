use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::{BrokerError, Result};
use super::version::{FLOOR, Version};

/// The nats-server program on this machine.
#[derive(Debug)]
pub struct NatsServer;

impl NatsServer {
    /// The program to run, in `deploy/setup`'s order: `HANDOFF_NATS_SERVER`, then `PATH`, then what setup put into
    /// `.tools/` of this folder or of one above it.
    ///
    /// # Errors
    /// HO-3300 none found, HO-3301 only older ones, HO-3302 the named one is no nats-server.
    pub fn find() -> Result<PathBuf> {
        let mut roots = Vec::new();
        for start in [std::env::current_dir(), std::env::current_exe()].into_iter().flatten() {
            roots.extend(start.ancestors().map(Path::to_path_buf));
        }
        find_among(std::env::var_os("HANDOFF_NATS_SERVER"), std::env::var_os("PATH"), &roots)
    }

    /// Asks a program for its version.
    ///
    /// # Errors
    /// HO-3302 where it does not answer like a nats-server.
    pub fn version(program: &Path) -> Result<Version> {
        Command::new(program)
            .arg("--version")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()
            .and_then(|out| Version::parse_output(&String::from_utf8_lossy(&out.stdout)))
            .ok_or_else(|| BrokerError::NoVersion { path: program.to_path_buf() })
    }
}

/// Somebody who names a program wants that one: an older one named is refused, not passed over.
fn find_among(named: Option<OsString>, path: Option<OsString>, roots: &[PathBuf]) -> Result<PathBuf> {
    if let Some(named) = named.filter(|n| !n.is_empty()) {
        let program = PathBuf::from(named);
        let version = NatsServer::version(&program)?;
        return if version.is_enough() { Ok(program) } else { Err(too_old(version)) };
    }
    let on_path = path.iter().flat_map(std::env::split_paths).map(|dir| dir.join("nats-server"));
    let fetched = roots.iter().map(|root| root.join(".tools/nats-server"));
    let mut older = None;
    for program in on_path.chain(fetched).filter(|p| p.is_file()) {
        match NatsServer::version(&program) {
            Ok(version) if version.is_enough() => return Ok(program),
            Ok(version) => older = older.max(Some(version)),
            Err(_) => {}
        }
    }
    Err(older.map_or(BrokerError::NotFound { floor: FLOOR }, too_old))
}

fn too_old(found: Version) -> BrokerError {
    BrokerError::TooOld { found: found.to_string(), floor: FLOOR }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder with a `nats-server` that prints this.
    fn fake(output: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".tools")).unwrap();
        for name in ["nats-server", ".tools/nats-server"] {
            let program = dir.path().join(name);
            std::fs::write(&program, format!("#!/bin/sh\necho '{output}'\n")).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        dir
    }

    #[test]
    fn debians_2_9_is_refused_with_the_remedy() {
        let old = fake("nats-server: v2.9.10");
        let named = old.path().join("nats-server").into_os_string();
        for refused in [find_among(Some(named), None, &[]), find_among(None, Some(old.path().into()), &[])] {
            let error = refused.unwrap_err();
            assert_eq!(error.code(), "HO-3301");
            assert!(error.to_string().contains("deploy/setup"), "{error}");
        }
    }

    #[test]
    fn an_old_one_on_path_is_passed_over_for_the_fetched_one() {
        let (old, new) = (fake("nats-server: v2.9.10"), fake("nats-server: v2.15.1"));
        let found = find_among(None, Some(old.path().into()), &[new.path().to_path_buf()]).unwrap();
        assert_eq!(found, new.path().join(".tools/nats-server"));
    }

    #[test]
    fn what_is_no_nats_server_is_refused() {
        let other = fake("hello");
        let named = other.path().join("nats-server").into_os_string();
        assert_eq!(find_among(Some(named), None, &[]).unwrap_err().code(), "HO-3302");
        assert_eq!(find_among(None, Some(other.path().into()), &[]).unwrap_err().code(), "HO-3300");
        assert_eq!(find_among(None, None, &[]).unwrap_err().code(), "HO-3300");
    }
}
