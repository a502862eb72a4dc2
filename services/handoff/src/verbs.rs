//! One module a verb.

mod admin;
mod ask;
mod bench;
mod cases;
mod consent;
mod dead;
mod demo;
mod explain;
mod hooks;
mod law;
mod ledger;
mod publish;
mod review;
mod rule;
mod schemas;
mod up;
mod view;

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::{CasesVerb, Cli, ConsentVerb, LawVerb, LedgerVerb, ReviewVerb, Verb};

/// Carries out what was asked.
///
/// # Errors
/// What kept the verb from being carried out; refusals are exit codes, not errors.
pub async fn run(cli: Cli) -> Result<ExitCode> {
    let (data, json) = (cli.data, cli.json);
    match cli.verb {
        Verb::Up(options) => up::up(&data, options, json).await,
        Verb::Run(options) => up::run(&data, options, json).await,
        Verb::Partner(verb) => admin::partner(&data, verb, json).await,
        Verb::Unit(verb) => admin::unit(&data, verb, json).await,
        Verb::Agreement(verb) => admin::agreement(&data, verb, json).await,
        Verb::Link(link) => admin::link(&data, &link, json).await,
        Verb::Publish(what) => publish::publish(&data, &what, json).await,
        Verb::Ask(what) => ask::ask(&data, &what, json).await,
        Verb::Review(ReviewVerb::List) => review::list(&data, json).await,
        Verb::Review(ReviewVerb::Record(what)) => review::record(&data, &what, json).await,
        Verb::View(what) => view::view(&data, what, json).await,
        Verb::Explain(what) => explain::explain(&data, &what, json).await,
        Verb::Rule(what) => rule::rule(&data, &what, json).await,
        Verb::Revoke(what) => publish::revoke(&data, &what, json).await,
        Verb::Consent(ConsentVerb::Check(what)) => consent::check(&data, &what, json).await,
        Verb::Consent(ConsentVerb::Import(what)) => consent::import(&data, &what, json).await,
        Verb::Consent(ConsentVerb::Export(what)) => consent::export(&data, &what, json).await,
        Verb::Ledger(LedgerVerb::Verify(with)) => ledger::verify(&data, &with.keys, json).await,
        Verb::Ledger(LedgerVerb::Key) => ledger::key(&data, json).await,
        Verb::Law(LawVerb::Prove(with)) => law::prove(&with, json).await,
        Verb::Law(LawVerb::Check { dir }) => law::check(&dir, json),
        Verb::Law(LawVerb::Activate(what)) => law::put_in_force(&data, &what, json).await,
        Verb::Law(LawVerb::List) => law::list(&data, json).await,
        Verb::Law(LawVerb::Hooks(of)) => hooks::list(&data, &of, json).await,
        Verb::Law(LawVerb::Review(what)) => hooks::review(&data, &what, json).await,
        Verb::Dead(what) => dead::dead(&data, &what, json).await,
        Verb::Rebuild(what) => view::rebuild(&data, &what, json).await,
        Verb::Demo(options) => demo::demo(&data, &options, json).await,
        Verb::Bench(options) => bench::bench(&options, json).await,
        Verb::Cases(CasesVerb::Run { paths }) => cases::run(&paths, json),
        Verb::Schemas(what) => schemas::schemas(&what, json),
    }
}
