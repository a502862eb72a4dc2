//! `handoff`: one binary, many roles. See `handoff --help`.

mod cli;
mod output;
mod verbs;

use std::process::ExitCode;

use clap::Parser as _;

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
