//! Resident memory of this process and its nats-server.

use std::path::Path;

use anyhow::{Context as _, Result};

/// Megabytes of the hub (with the bench's own clients in it) and of its nats-server together.
///
/// # Errors
/// HO-9040 where the system does not tell.
pub fn resident(data: &Path) -> Result<f64> {
    let nats =
        std::fs::read_to_string(data.join("nats/nats.pid")).context("HO-9040 the nats-server has no pid file")?;
    Ok(of("self")? + of(nats.trim())?)
}

fn of(process: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).context("HO-9040 no memory figures")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("HO-9040 no memory figures")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse().context("HO-9040 no memory figures")?;
    Ok(kilobytes / 1024.0)
}
