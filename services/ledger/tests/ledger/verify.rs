//! A2: whatever is altered on disk or in a database is found, and the place is named.

use std::sync::Arc;

use crate::common::{Engine, Place, messages, released, signer, terms_text};
use handoff_ledger::verify::{Key, KeyFrom, NoViews, Place as Where, Report, What, keys, verify};
use handoff_ledger::{Tree, Unwatched};
use handoff_spine::store::DbName;

async fn check(place: &Place) -> Report {
    verify(place.data(), &place.db().await, NoViews, &[]).await.unwrap()
}

/// All findings must be about this, and there must be one.
fn names(report: &Report, what: impl Fn(&Where) -> bool, context: &str) {
    assert!(!report.is_sound(), "{context}: nothing found");
    for finding in report.found() {
        assert!(what(&finding.place), "{context}: found {finding}");
    }
}

#[tokio::test]
async fn an_untouched_ledger_is_sound() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let place = Place::build(engine, 6, 5).await;
        let report = check(&place).await;
        assert!(report.is_sound() && report.findings.is_empty(), "{:?}", report.findings);
        let releases = released(&messages(Tree::Releases, 6)).len() as u64;
        assert_eq!(report.trees.iter().map(|t| (t.leaves, t.rows)).collect::<Vec<_>>(), [(releases, releases), (5, 5)]);
        assert_eq!(report.trees.iter().map(|t| t.signed.as_ref().unwrap().size).collect::<Vec<_>>(), [releases, 5]);
    }
}

#[tokio::test]
async fn a_ledger_that_never_ran_is_sound_and_empty() {
    let report = check(&Place::new(Engine::Sqlite).await).await;
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!(report.trees.iter().map(|t| t.leaves).sum::<u64>(), 0);
}

#[tokio::test]
async fn a2_every_flipped_bit_of_every_file_is_found_and_named() {
    let place = Place::build(Engine::Sqlite, 5, 4).await;
    for tree in Tree::ALL {
        let internal: &[&str] = if tree == Tree::Releases { &["internal"] } else { &[] };
        for name in ["leaves", "checkpoint", "verifier.pub"].iter().chain(internal) {
            let path = place.tree(tree).join(name);
            let whole = std::fs::read(&path).unwrap();
            assert!(!whole.is_empty());
            for at in 0..whole.len() {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << (at % 8);
                std::fs::write(&path, &bytes).unwrap();
                let exact = |offset: u64| match *name {
                    "leaves" | "internal" => offset == at as u64 / 32 * 32,
                    _ => offset <= at as u64,
                };
                let here = path.display().to_string();
                let named =
                    |p: &Where| matches!(p, Where::File { file, offset, .. } if *file == here && exact(*offset));
                names(&check(&place).await, named, &format!("{name} byte {at}"));
            }
            std::fs::write(&path, &whole).unwrap();
        }
    }
    assert!(check(&place).await.is_sound());
}

/// The columns whose single bits are flipped, with an expression that flips one and its reverse.
/// On PostgreSQL one a cell: the engines differ in how a cell is read, not in what is compared.
fn flips(engine: Engine, column: &str, is_number: bool) -> Vec<String> {
    let mut flips = all_flips(engine, column, is_number);
    if engine == Engine::Postgres {
        flips.drain(..2);
    }
    flips
}

fn all_flips(engine: Engine, column: &str, is_number: bool) -> Vec<String> {
    if is_number {
        // Exclusive or, which is its own reverse; `#` in PostgreSQL.
        return [0, 3, 30]
            .iter()
            .map(|bit| match engine {
                Engine::Sqlite => format!("(({column} | {b}) - ({column} & {b}))", b = 1_i64 << bit),
                Engine::Postgres => format!("({column} # {})", 1_i64 << bit),
            })
            .collect();
    }
    // One character of the text: first, middle, last; changed in one bit.
    ["1", "(length({c}) + 1) / 2", "length({c})"]
        .iter()
        .map(|at| {
            let at = at.replace("{c}", column);
            match engine {
                Engine::Sqlite => format!(
                    "substr({column}, 1, {at} - 1) || char(unicode(substr({column}, {at}, 1)) + \
                     CASE unicode(substr({column}, {at}, 1)) % 2 WHEN 0 THEN 1 ELSE -1 END) || substr({column}, {at} + 1)"
                ),
                Engine::Postgres => format!(
                    "substr({column}, 1, {at} - 1) || chr(ascii(substr({column}, {at}, 1)) # 1) || \
                     substr({column}, {at} + 1)"
                ),
            }
        })
        .collect()
}

const ACCOUNTING: &[(&str, bool)] = &[
    ("leaf_index", true),
    ("release_id", false),
    ("event_type", false),
    ("source_unit", false),
    ("recipient_unit", false),
    ("recipient_kind", false),
    ("ruled_at", true),
    ("purposes", false),
    ("basis", false),
    ("agreements", false),
    ("categories", false),
    ("notice_forms", false),
    ("corrects", false),
    ("sequence", true),
    ("cause", true),
    ("event_id", false),
    ("event_position", true),
    ("person", false),
    ("partner", false),
    ("consents", false),
    ("supersedes", false),
    ("ciphertext_hash", false),
    ("ruling", false),
    ("internal", false),
];
const READING: &[(&str, bool)] = &[
    ("leaf_index", true),
    ("access_id", false),
    ("partner", false),
    ("recipient_unit", false),
    ("recipient_kind", false),
    ("user_name", false),
    ("purpose", false),
    ("query", false),
    ("releases", false),
    ("as_of", true),
    ("read_at", true),
    ("access", false),
];

async fn every_column_of_every_row(engine: Engine) {
    let place = Place::build(engine, 2, 3).await;
    let mut flipped = 0;
    for (tree, table, columns) in [(Tree::Releases, "accounting", ACCOUNTING), (Tree::Accesses, "reading", READING)] {
        let rows = check(&place).await.trees.iter().find(|t| t.tree == tree).unwrap().rows;
        for (column, is_number) in columns {
            for leaf in 0..rows {
                for flip in flips(engine, column, *is_number) {
                    place.tamper("DROP TABLE IF EXISTS kept").await.unwrap();
                    place
                        .tamper(&format!("CREATE TABLE kept AS SELECT * FROM {table} WHERE leaf_index = {leaf}"))
                        .await
                        .unwrap();
                    let context = format!("{table}.{column} of leaf {leaf} by {flip}");
                    let done = place
                        .tamper(&format!(
                            "UPDATE {table} SET {column} = {flip} WHERE leaf_index = {leaf} AND {}",
                            if *is_number { "true".to_owned() } else { format!("length({column}) > 0") }
                        ))
                        .await;
                    // Another row has that index already: the database itself refuses.
                    if done != Ok(1) {
                        continue;
                    }
                    flipped += 1;
                    let named =
                        |p: &Where| matches!(p, Where::Row { table: t, column: c, .. } if *t == table && c == column);
                    names(&check(&place).await, named, &context);
                    let key = if *column == "leaf_index" { "true" } else { "false" };
                    let gone = format!(
                        "DELETE FROM {table} WHERE leaf_index = {leaf} OR ({key} AND leaf_index NOT BETWEEN 0 AND {})",
                        rows - 1
                    );
                    place.tamper(&gone).await.unwrap();
                    place.tamper(&format!("INSERT INTO {table} SELECT * FROM kept")).await.unwrap();
                }
            }
        }
    }
    place.tamper("DROP TABLE kept").await.unwrap();
    assert!(check(&place).await.is_sound(), "every flip was undone");
    assert!(flipped >= if engine == Engine::Sqlite { 500 } else { 180 }, "only {flipped} flips");
}

#[tokio::test]
async fn a2_every_altered_column_of_every_row_is_found_and_named_on_sqlite() {
    every_column_of_every_row(Engine::Sqlite).await;
}

#[tokio::test]
async fn a2_every_altered_column_of_every_row_is_found_and_named_on_postgres() {
    every_column_of_every_row(Engine::Postgres).await;
}

#[tokio::test]
async fn text_that_is_no_text_any_more_is_found_and_named() {
    let place = Place::build(Engine::Sqlite, 2, 0).await;
    for (column, is_number) in ACCOUNTING {
        if *is_number {
            continue;
        }
        place.tamper("CREATE TABLE kept AS SELECT * FROM accounting WHERE leaf_index = 1").await.unwrap();
        place
            .tamper(&format!(
                "UPDATE accounting SET {column} = CAST(x'fffe' || CAST({column} AS BLOB) AS TEXT) WHERE leaf_index = 1"
            ))
            .await
            .unwrap();
        let named = |p: &Where| matches!(p, Where::Row { leaf: Some(1), column: c, .. } if c == column);
        names(&check(&place).await, named, column);
        place.tamper("DELETE FROM accounting WHERE leaf_index = 1").await.unwrap();
        place.tamper("INSERT INTO accounting SELECT * FROM kept").await.unwrap();
        place.tamper("DROP TABLE kept").await.unwrap();
    }
    assert!(check(&place).await.is_sound());
}

#[tokio::test]
async fn missing_and_added_rows_leaves_and_tree_sizes_are_found() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let cases: [(&str, &[What]); 6] = [
            ("DELETE FROM accounting WHERE leaf_index = 2", &[What::LeafWithoutRow]),
            ("DELETE FROM reading WHERE leaf_index = 2", &[What::LeafWithoutRow]),
            (
                "INSERT INTO reading SELECT leaf_index + 100, access_id, partner, recipient_unit, recipient_kind, \
                 user_name, purpose, query, releases, as_of, read_at, access FROM reading WHERE leaf_index = 1",
                &[What::RowWithoutLeaf],
            ),
            ("UPDATE tree SET size = size + 1 WHERE name = 'releases'", &[What::ColumnAltered]),
            ("UPDATE tree SET root = internal_root WHERE name = 'releases'", &[What::ColumnAltered]),
            ("UPDATE checkpoint SET sequence = 1", &[What::ColumnAltered]),
        ];
        for (sql, expected) in cases {
            let place = Place::build(engine, 3, 3).await;
            assert!(place.tamper(sql).await.unwrap() > 0);
            let report = check(&place).await;
            assert!(!report.is_sound(), "{sql}");
            for finding in report.found() {
                assert!(expected.contains(&finding.what), "{sql}: {finding}");
            }
        }
    }
}

#[tokio::test]
async fn a_history_rewritten_in_files_and_rows_alike_is_found_by_the_signature() {
    let tree = Tree::Releases;
    let place = Place::build(Engine::Sqlite, 5, 1).await;
    let signed = std::fs::read(place.tree(tree).join("checkpoint")).unwrap();
    // Somebody with every right builds another ledger of the same size in its place, but has no signing key.
    std::fs::remove_file(place.tree(tree).join("checkpoint")).unwrap();
    place.drop_ledger_database().await;
    let mut other = messages(tree, 5);
    let text = String::from_utf8(other[1].body.clone())
        .unwrap()
        .replace("encounter.care-reported.v1", "encounter.care-withdrawn.v1");
    other[1].body = text.into_bytes();
    place.run(tree, &other, 2, Arc::new(Unwatched)).await.unwrap();
    place.run(Tree::Accesses, &messages(Tree::Accesses, 1), 2, Arc::new(Unwatched)).await.unwrap();
    std::fs::write(place.tree(tree).join("checkpoint"), signed).unwrap();
    let report = check(&place).await;
    assert!(report.found().any(|f| f.what == What::HistoryRewritten), "{:?}", report.findings);
}

#[tokio::test]
async fn an_exchanged_key_is_found_by_who_knows_the_right_one() {
    let place = Place::build(Engine::Sqlite, 3, 3).await;
    let trusted = Tree::ALL.map(|tree| signer(tree).verifier().clone());
    let db = place.db().await;
    assert!(verify(place.data(), &db, NoViews, &trusted).await.unwrap().is_sound());
    let other = Tree::ALL
        .map(|t| handoff_ledger::note::Signer::new(signer(t).verifier().name(), &[1; 32]).unwrap().verifier().clone());
    let report = verify(place.data(), &db, NoViews, &other).await.unwrap();
    let what: Vec<_> = report.found().map(|f| f.what).collect();
    assert_eq!(what, [What::Verifier, What::Checkpoint, What::Verifier, What::Checkpoint]);
}

#[tokio::test]
async fn a_report_says_of_each_tree_whose_key_it_was_checked_with() {
    let place = Place::build(Engine::Sqlite, 3, 3).await;
    let db = place.db().await;
    let mine = Tree::ALL.map(|tree| signer(tree).verifier().clone());
    let beside = keys(place.data()).await.unwrap();
    assert_eq!(beside, Tree::ALL.into_iter().zip(mine.clone().map(Some)).collect::<Vec<_>>());
    for (trusted, from) in [
        (&mine[..0], [KeyFrom::Folder, KeyFrom::Folder]),
        (&mine[..1], [KeyFrom::Given, KeyFrom::Folder]),
        (&mine[..], [KeyFrom::Given, KeyFrom::Given]),
    ] {
        let report = verify(place.data(), &db, NoViews, trusted).await.unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
        let said: Vec<_> = report.trees.iter().map(|t| t.key.clone().unwrap()).collect();
        let expected = mine.iter().zip(from).map(|(key, from)| Key { verifier: key.to_string(), from });
        assert_eq!(said, expected.collect::<Vec<_>>());
        assert_eq!(report.by_given_keys(), from == [KeyFrom::Given; 2]);
    }
    // With the right key at hand a folder that lost its own is still checked.
    std::fs::remove_file(place.tree(Tree::Releases).join("verifier.pub")).unwrap();
    assert_eq!(keys(place.data()).await.unwrap()[0], (Tree::Releases, None));
    let report = verify(place.data(), &db, NoViews, &mine).await.unwrap();
    assert_eq!(report.found().map(|f| f.what).collect::<Vec<_>>(), [What::Verifier]);
    assert!(report.trees.iter().all(|t| t.signed.is_some()));
    let report = verify(place.data(), &db, NoViews, &[]).await.unwrap();
    assert_eq!((report.trees[0].key.clone(), report.trees[0].signed.clone()), (None, None));
}

#[tokio::test]
async fn what_a_crash_leaves_behind_is_no_alteration() {
    let place = Place::build(Engine::Sqlite, 3, 3).await;
    let path = place.tree(Tree::Releases).join("leaves");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend([9; 32 + 5]);
    std::fs::write(&path, bytes).unwrap();
    let report = check(&place).await;
    assert!(report.is_sound());
    assert!(report.findings.iter().all(|f| f.what == What::Unfinished) && report.findings.len() == 2);
}

#[tokio::test]
async fn a2_terms_that_were_altered_or_lost_are_found_and_named() {
    let text = terms_text().replace('\'', "''");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let place = Place::build(engine, 3, 0).await;
        let altered = text.replace("TREAT", "TREAU");
        for (alter, back) in [
            (format!("UPDATE terms SET body = '{altered}'"), format!("UPDATE terms SET body = '{text}'")),
            (
                "DELETE FROM terms".to_owned(),
                format!(
                    "INSERT INTO terms (id, body) VALUES ('{}', '{text}')",
                    handoff_spine::release::TermsId::of(&text)
                ),
            ),
        ] {
            assert_eq!(place.tamper(&alter).await, Ok(1));
            let named = |p: &Where| match p {
                Where::Row { table: "terms", column, .. } => *column == "body",
                Where::Row { column, .. } => *column == "terms",
                _ => false,
            };
            names(&check(&place).await, named, &alter);
            assert_eq!(place.tamper(&back).await, Ok(1));
            assert!(check(&place).await.is_sound());
        }
    }
}

#[tokio::test]
async fn a2_a_flipped_byte_of_the_database_file_is_found_or_harmless() {
    let mut place = Place::build(Engine::Sqlite, 3, 3).await;
    let before = (place.content(Tree::Releases).await, place.content(Tree::Accesses).await);
    place.restart().await;
    let path = place.data().join("db/ledger.sqlite");
    let whole = std::fs::read(&path).unwrap();
    let mut found = 0;
    let mut tried = 0;
    for at in (0..whole.len()).step_by(397) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(&path, &bytes).unwrap();
        tried += 1;
        let sound = match place.store().open(&DbName::Ledger).await {
            Ok(db) => verify(place.data(), &db, NoViews, &[]).await.is_ok_and(|report| report.is_sound()),
            Err(_) => false,
        };
        if sound {
            let now = (place.content(Tree::Releases).await, place.content(Tree::Accesses).await);
            assert!(now == before, "byte {at} changed what the ledger says and was not found");
        } else {
            found += 1;
        }
        place.restart().await;
        for side in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{side}", path.display()));
        }
    }
    std::fs::write(&path, &whole).unwrap();
    assert!(check(&place).await.is_sound());
    assert!(found > 10, "{found} of {tried} found");
}
