//! `handoff`: one binary, many roles. See `handoff --help`.

mod cli;
mod output;
mod verbs;

use std::process::ExitCode;

use clap::Parser as _;

/// Many threads hold many short-lived buffers here; the system's allocator keeps too much of what they gave back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    handoff_spine::telemetry::logs(cli.log_format());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            anstream::eprintln!("handoff: HO-9000 no threads could be started: {e}");
            return ExitCode::from(2);
        }
    };
    let json = cli.json;
    match runtime.block_on(verbs::run(cli)) {
        Ok(code) => code,
        Err(e) => {
            output::failure(&e, json);
            ExitCode::from(2)
        }
    }
}
