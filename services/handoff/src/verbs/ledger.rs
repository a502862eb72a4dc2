use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use handoff::config::Config;
use handoff_ledger::note::Verifier;
use handoff_ledger::verify::{KeyFrom, Report, Views};
use handoff_ledger::{Lookup, Tree};
use handoff_schemas::PartnerId;
use handoff_spine::store::{DbName, Store};
use serde_json::{Value, json};

use crate::output;

/// Releases whose partners are looked up where the views' own names cannot be listed.
const MOST: u32 = 10_000;

/// `handoff ledger verify`: files and databases against each other and against the signature. Starts no hub. `keys` are
/// the auditor's own, or files of them; without any the folder vouches for itself, and the output says so.
///
/// # Errors
/// HO-9038 where there is no ledger; HO-9053, HO-9054 where a key is none; the store's; an unreadable file.
pub async fn verify(data: &Path, keys: &[String], as_json: bool) -> Result<ExitCode> {
    let trusted = given(keys)?;
    let config = Config::from_env(data);
    let store = config.store(data);
    let report = check(data, &store, config.database_url.is_none(), &trusted).await?;
    store.close().await;
    if as_json {
        output::print(&as_value(&report)?);
    } else {
        print(&report);
    }
    Ok(if report.is_sound() { output::DONE } else { ExitCode::from(1) })
}

/// `handoff ledger key`: the verifier keys in C2SP form, one a line, as `--key` takes them.
///
/// # Errors
/// HO-9038 where there is no ledger; HO-9052 where a tree has no key.
pub async fn key(data: &Path, as_json: bool) -> Result<ExitCode> {
    present(data)?;
    let mut keys = Vec::new();
    for (tree, key) in handoff_ledger::verify::keys(data).await? {
        let tree = tree.name();
        let Some(key) = key else {
            bail!("HO-9052 the {tree} in {} have no verifier key that can be read: start the hub once", data.display());
        };
        keys.push((tree, key.to_string()));
    }
    if as_json {
        let listed = keys.iter().map(|(tree, key)| json!({ "tree": tree, "verifier": key }));
        output::print(&json!({ "keys": listed.collect::<Vec<_>>() }));
    } else {
        keys.iter().for_each(|(_, key)| anstream::println!("{key}"));
    }
    Ok(output::DONE)
}

/// The keys that were written down: each itself, or the file that holds it.
fn given(keys: &[String]) -> Result<Vec<Verifier>> {
    let mut all: Vec<Verifier> = Vec::new();
    for key in keys {
        if let Ok(verifier) = key.parse::<Verifier>() {
            all.push(verifier);
            continue;
        }
        let neither = || format!("HO-9053 `{key}` is no verifier key (`name+hash+base64`) and no file of such keys");
        let text = std::fs::read_to_string(key).with_context(neither)?;
        let before = all.len();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            all.push(line.parse::<Verifier>().with_context(neither)?);
        }
        if all.len() == before {
            bail!(neither());
        }
    }
    let mut trees = Vec::new();
    for verifier in &all {
        match Tree::of(verifier) {
            Some(tree) if !trees.contains(&tree) => trees.push(tree),
            Some(tree) => bail!("HO-9054 two keys are given for the {}: give the one you trust", tree.name()),
            None => bail!(
                "HO-9054 `{}` names no tree of a ledger: give keys as `handoff ledger key` printed them",
                verifier.name()
            ),
        }
    }
    Ok(all)
}

fn present(data: &Path) -> Result<()> {
    if !data.join(handoff_ledger::FOLDER).is_dir() {
        bail!("HO-9038 there is no ledger in {}: give the data folder of a hub with --data", data.display());
    }
    Ok(())
}

/// Checks the ledger in `data` and the views in `store` against it, with the folder's own keys where none is trusted.
///
/// # Errors
/// As [`verify`].
pub async fn check(data: &Path, store: &Store, is_sqlite: bool, trusted: &[Verifier]) -> Result<Report> {
    present(data)?;
    let db = store.open(&DbName::Ledger).await?;
    let partners = if is_sqlite {
        with_files(&data.join("db"))?
    } else {
        let lookup = Lookup::new(db.clone(), data).await?;
        lookup.last(MOST).await?.into_iter().map(|row| row.internal.partner).collect()
    };
    let views = Views::new(store.clone(), partners.into_iter().collect());
    Ok(handoff_ledger::verify::verify(data, &db, views, trusted).await?)
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
    for tree in &report.trees {
        let Some(key) = &tree.key else { continue };
        let whose = match key.from {
            KeyFrom::Given => "given",
            KeyFrom::Folder => "from the data folder",
        };
        anstream::println!("{} checked with {} ({whose})", tree.tree.name(), key.verifier);
    }
    if !report.by_given_keys() {
        anstream::println!(
            "whoever can alter the data folder can exchange a key in it: give the one you keep with --key"
        );
    }
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
