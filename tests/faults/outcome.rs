//! What a hub has come to, in words that do not depend on ids, keys, positions or times: comparable between runs.

use std::collections::{BTreeMap, BTreeSet};

use handoff_gateway::wire::{Ask, Row};
use handoff_ledger::verify::{Views, verify};
use handoff_policy::Replay;
use handoff_schemas::LogPos;
use handoff_spine::log::{EVENTS, RELEASES};
use handoff_spine::release::{Batch, Recorded, Ruled};
use handoff_spine::store::DbName;
use handoff_tests::County;
use serde_json::Value;

/// How often each thing is there.
pub type Bag = BTreeMap<String, usize>;

/// All that must be equal between a run with kills and one without.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Commits on the log, by unit, key and version.
    pub commits: Bag,
    /// Rulings, by event, recipient, cause and what was released or withheld.
    pub rulings: Bag,
    /// Rows that stand, by reader, source, type and content.
    pub rows: Bag,
    /// Leaves and rows of the releases tree.
    pub leaves: u64,
}

impl Outcome {
    /// The first differences to another outcome, for people.
    pub fn against(&self, other: &Self) -> Vec<String> {
        let mut all = Vec::new();
        for (what, a, b) in [
            ("commit", &self.commits, &other.commits),
            ("ruling", &self.rulings, &other.rulings),
            ("row", &self.rows, &other.rows),
        ] {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let count = |bag: &Bag, name: &str| bag.get(name).copied().unwrap_or(0);
            let differs = names.into_iter().filter(|n| count(a, n) != count(b, n));
            all.extend(differs.map(|n| format!("{what} {n}: {} here, {} undisturbed", count(a, n), count(b, n))));
        }
        if self.leaves != other.leaves {
            all.push(format!("{} leaves here, {} undisturbed", self.leaves, other.leaves));
        }
        all
    }
}

/// Reads a hub that has settled, and holds every stream, ledger and view of it to their rules on the way.
pub async fn of(county: &County, keys: &[(String, String)]) -> Outcome {
    let ids = county.session.vault.id_key().await.unwrap();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (unit, key) in keys {
        let digest = ids.digest(format!("{unit}\0{key}").as_bytes());
        names.insert(data_encoding::HEXLOWER.encode(&digest), format!("{unit}/{key}"));
    }
    let mut commits = Bag::new();
    let mut at: BTreeMap<LogPos, String> = BTreeMap::new();
    let log = &county.session.log;
    let mut follow = log.follow(EVENTS, 1, &[]).await.unwrap();
    for _ in 0..log.last(EVENTS).await.unwrap() {
        let entry = log.open(&follow.next().await.unwrap()).unwrap();
        let name = names.get(&entry.commit.key).map_or("else", String::as_str);
        let name = format!("{name} v{}", entry.commit.version);
        if !name.starts_with("else") {
            *commits.entry(name.clone()).or_default() += 1;
        }
        at.insert(entry.pos, name);
    }
    assert!(commits.values().all(|n| *n == 1), "a commit is there twice");

    let batches = batches(county).await;
    let mut rulings = Bag::new();
    let (mut released, mut ids) = (0, BTreeSet::new());
    let recorded = batches.iter().flat_map(|b| b.clone().recorded().expect("every text is there"));
    for recorded in recorded {
        let ruled = &recorded.ruled;
        if let Some(release) = &ruled.release {
            released += 1;
            assert!(ids.insert(release.id), "release {} is there twice", release.id);
        }
        let what = format!(
            "{} -> {} for {}: {}",
            at.get(&ruled.event_pos).map_or("?", String::as_str),
            ruled.recipient,
            at.get(&ruled.cause).map_or("?", String::as_str),
            said(&recorded)
        );
        if !what.starts_with("else") {
            *rulings.entry(what).or_default() += 1;
        }
    }
    same_again(county, &batches).await;

    let partners = county.session.directory.partners();
    let db = county.session.store.open(&DbName::Ledger).await.unwrap();
    let views = Views::new(county.session.store.clone(), partners);
    let report = verify(county.data(), &db, views, &[]).await.unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    let tree = &report.trees[0];
    assert_eq!((tree.leaves, tree.rows), (released, released), "one leaf and one row for each release");

    let mut rows = Bag::new();
    for (unit, ..) in handoff_tests::UNITS {
        for row in whole_view(county, unit).await {
            let notices = row.notices.len();
            let mut data = row.data;
            data.sort_all_objects();
            let (source, kind) = (&row.ruling["source"], &row.ruling["type"]);
            *rows.entry(format!("{unit} <- {source} {kind} {data} with {notices} notices")).or_default() += 1;
        }
    }
    Outcome { commits, rulings, rows, leaves: released }
}

/// Every page of a unit's view.
async fn whole_view(county: &County, unit: &str) -> Vec<Row> {
    let mut all: Vec<Row> = Vec::new();
    loop {
        let page = county.ask(unit, Ask::Since(all.last().map_or(0, |r| r.cursor))).await.unwrap().rows;
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// What is on `RELEASES`; runs join without hole or overlap, parts count up.
async fn batches(county: &County) -> Vec<Batch> {
    let log = &county.session.log;
    let mut follow = log.follow(RELEASES, 1, &[]).await.unwrap();
    let mut all: Vec<Batch> = Vec::new();
    for _ in 0..log.last(RELEASES).await.unwrap() {
        let batch = log.open_batch(&follow.next().await.unwrap()).unwrap().unwrap();
        match all.last() {
            Some(before) if before.more => {
                assert_eq!((batch.first, batch.last, batch.part), (before.first, before.last, before.part + 1));
            }
            before => {
                assert_eq!(batch.first.0, before.map_or(0, |b| b.last.0) + 1, "runs join");
                assert_eq!(batch.part, 0);
            }
        }
        all.push(batch);
    }
    let ended = all.last().is_none_or(|b| !b.more && b.last.0 > 0);
    assert!(ended, "the last run is whole");
    all
}

/// A3: what the log says now is what was ruled then, in order, to the byte of every ruling document.
pub async fn same_again(county: &County, batches: &[Batch]) {
    let bundle = handoff_law::Bundle::embedded().unwrap();
    let opener = county.session.vault.opener();
    let mut replay = Replay::start(county.session.log.clone(), opener, bundle).await.unwrap();
    let mut recorded = batches.iter().flat_map(|b| &b.ruled);
    while let Some((pos, derived)) = replay.next().await.unwrap() {
        for ruled in derived {
            let then = recorded.next().unwrap_or_else(|| panic!("nothing was recorded for {pos}"));
            assert_eq!(without_ciphertext(&ruled), without_ciphertext(then), "at {pos}");
        }
    }
    assert!(recorded.next().is_none(), "everything recorded follows from the log");
}

/// Nonces are random, so that ciphertexts differ; the content's keyed hash in the ruling does not.
fn without_ciphertext(ruled: &Ruled) -> Value {
    let mut value = serde_json::to_value(ruled).unwrap();
    for slice in value.pointer_mut("/release/slices").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(sealed) = slice.pointer_mut("/sealed").and_then(Value::as_object_mut) {
            sealed.remove("n");
            sealed.remove("c");
        }
    }
    value
}

fn said(recorded: &Recorded) -> String {
    let ruled = &recorded.ruled;
    let released = ruled.release.iter().flat_map(|r| r.slices.read().unwrap());
    let released = released.map(|s| s.category.slug()).collect::<Vec<_>>();
    let withheld = recorded.withheld.iter().map(|w| {
        // Which consent or agreement was looked at is told by ids of this hub's own.
        let reasons = w.reasons.iter().filter_map(|r| r["reason"].as_str()).collect::<Vec<_>>();
        format!("{} {reasons:?}", w.category.slug())
    });
    let (withheld, corrects) = (withheld.collect::<Vec<_>>(), ruled.supersedes.len());
    format!("released {released:?} withheld {withheld:?} corrects {corrects}")
}
