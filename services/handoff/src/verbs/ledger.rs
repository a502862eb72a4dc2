use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use handoff::config::Config;
use handoff_ledger::Lookup;
use handoff_ledger::verify::{Report, Views};
use handoff_schemas::PartnerId;
use handoff_spine::store::{DbName, Store};
use serde_json::Value;

use crate::output;

/// Releases whose partners are looked up where the views' own names cannot be listed.
const MOST: u32 = 10_000;

/// `handoff ledger verify`: files and databases against each other and against the signature. Starts no hub.
///
/// # Errors
/// HO-9038 where there is no ledger; the store's; an unreadable file.
pub async fn verify(data: &Path, as_json: bool) -> Result<ExitCode> {
    let config = Config::from_env(data);
    let store = config.store(data);
    let report = check(data, &store, config.database_url.is_none()).await?;
    store.close().await;
    if as_json {
        output::print(&as_value(&report)?);
    } else {
        print(&report);
    }
    Ok(if report.is_sound() { output::DONE } else { ExitCode::from(1) })
}

/// Checks the ledger in `data` and the views in `store` against it.
///
/// # Errors
/// As [`verify`].
pub async fn check(data: &Path, store: &Store, is_sqlite: bool) -> Result<Report> {
    let folder = data.join(handoff_ledger::FOLDER);
    if !folder.is_dir() {
        bail!("HO-9038 there is no ledger in {}: give the data folder of a hub with --data", data.display());
    }
    let db = store.open(&DbName::Ledger).await?;
    let partners = if is_sqlite {
        with_files(&data.join("db"))?
    } else {
        let lookup = Lookup::new(db.clone(), data).await?;
        lookup.last(MOST).await?.into_iter().map(|row| row.internal.partner).collect()
    };
    let views = Views::new(store.clone(), partners.into_iter().collect());
    Ok(handoff_ledger::verify::verify(data, &db, views, &[]).await?)
}

/// Every partner that has a view file, whether or not the ledger names it.
fn with_files(dir: &Path) -> Result<BTreeSet<PartnerId>> {
    let entries = std::fs::read_dir(dir).with_context(|| format!("HO-9038 {} cannot be read", dir.display()))?;
    let mut partners = BTreeSet::new();
    for entry in entries {
        let name = entry?.file_name();
        let partner = name.to_str().and_then(|n| n.strip_prefix("view-")?.strip_suffix(".sqlite")?.parse().ok());
        partners.extend(partner);
    }
    Ok(partners)
}

fn as_value(report: &Report) -> Result<Value> {
    let mut value = serde_json::to_value(report)?;
    if let Value::Object(members) = &mut value {
        members.insert("sound".to_owned(), report.is_sound().into());
    }
    Ok(value)
}

fn print(report: &Report) {
    let mut table = output::table(&["tree", "leaves", "rows", "signed up to"]);
    for tree in &report.trees {
        let signed =
            tree.signed.as_ref().map_or_else(|| "no valid checkpoint".to_owned(), |head| head.size.to_string());
        table.add_row([tree.tree.name().to_owned(), tree.leaves.to_string(), tree.rows.to_string(), signed]);
    }
    anstream::println!("{table}");
    for finding in &report.findings {
        anstream::println!("{finding}");
    }
    if report.more > 0 {
        anstream::println!("and {} more findings", report.more);
    }
    if report.is_sound() {
        anstream::println!("sound: every leaf, row and signature agrees, and {} rows of views with them", report.views);
    } else {
        anstream::println!("NOT sound: {} findings", report.found().count() as u64 + report.more);
    }
}
