use std::path::Path;

use super::identity::{Paths, Preload};

/// The largest message: one commit, sealed, well above the 512 KiB an event may have.
const MAX_PAYLOAD: usize = 8 * 1024 * 1024;

/// nats-server's configuration. Holds claims, never a seed.
///
/// `sync_interval: always` makes an ack mean "on disk". The resolver is `full` from the first start, so that partners'
/// accounts come and go while it runs. Loopback only: partners reach the hub through the gateway, or through a broker
/// that their operator publishes.
pub fn nats_conf(paths: &Paths, port: u16, preload: &Preload) -> String {
    let quoted = |path: &Path| serde_json::Value::from(path.to_string_lossy()).to_string();
    let port = if port == 0 { -1 } else { i32::from(port) };
    let accounts: String = preload.accounts.iter().map(|(key, jwt)| format!("    {key}: {jwt}\n")).collect();
    let dir = |name: &str| quoted(&paths.nats.join(name));
    format!(
        "# Written by handoff at every start; a change made here is lost.\n\
         server_name: handoff\n\
         host: \"127.0.0.1\"\n\
         port: {port}\n\
         ports_file_dir: {ports}\n\
         pid_file: {pid}\n\
         log_file: {log}\n\
         logtime_utc: true\n\
         log_size_limit: 16MB\n\
         max_payload: {MAX_PAYLOAD}\n\
         operator: {operator}\n\
         system_account: {system}\n\
         resolver {{\n    type: full\n    dir: {jwt}\n    allow_delete: false\n    interval: \"2m\"\n}}\n\
         resolver_preload {{\n{accounts}}}\n\
         jetstream {{\n    store_dir: {js}\n    sync_interval: always\n}}\n",
        ports = quoted(&paths.nats),
        pid = dir("nats.pid"),
        log = dir("nats.log"),
        operator = preload.operator,
        system = preload.system,
        jwt = dir("jwt"),
        js = dir("js"),
    )
}
