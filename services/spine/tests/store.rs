//! One suite, two engines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "store_support/place.rs"]
mod place;

use std::os::unix::fs::PermissionsExt as _;

use handoff_schemas::{LogTime, PartnerId};
use handoff_spine::log::Checkpoint;
use handoff_spine::store::{Db, DbName, Migration, Store, StoreError, Tx, sqlx};
use place::Place;

conformance!(
    a_checkpoint_moves_forward_only,
    a_checkpoint_goes_back_with_its_transaction,
    streams_have_checkpoints_of_their_own,
    migrations_are_applied_once,
    a_changed_migration_is_refused,
    a_newer_database_is_refused,
    a_failing_migration_leaves_nothing,
    two_processes_migrate_one_database,
    a_reset_database_begins_again,
    keys_cannot_be_reset,
    a_snapshot_does_not_move,
    writers_queue_and_lose_nothing,
    partners_have_databases_of_their_own,
);

const TALLY: &[Migration] = &[Migration {
    version: 1,
    name: "tally",
    sqlite: "CREATE TABLE tally (id INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT; INSERT INTO tally VALUES (1, 0);",
    postgres: "CREATE TABLE tally (id BIGINT PRIMARY KEY, n BIGINT NOT NULL); INSERT INTO tally VALUES (1, 0);",
}];

fn at(seq: u64) -> Checkpoint {
    Checkpoint { seq, hash: [u8::try_from(seq).unwrap(); 32], at: LogTime(1_700_000_000_000) }
}

async fn run(tx: &mut Tx, sql: &'static str) -> Result<(), sqlx::Error> {
    match tx {
        Tx::Sqlite(tx) => sqlx::query(sql).execute(&mut **tx).await.map(drop),
        Tx::Postgres(tx) => sqlx::query(sql).execute(&mut **tx).await.map(drop),
    }
}

async fn number(tx: &mut Tx, sql: &'static str) -> i64 {
    match tx {
        Tx::Sqlite(tx) => sqlx::query_scalar(sql).fetch_one(&mut **tx).await.unwrap(),
        Tx::Postgres(tx) => sqlx::query_scalar(sql).fetch_one(&mut **tx).await.unwrap(),
    }
}

async fn tally(db: &Db) -> i64 {
    number(&mut db.snapshot().await.unwrap(), "SELECT n FROM tally").await
}

async fn a_checkpoint_moves_forward_only(place: &Place) {
    let db = place.store().open(&DbName::Ledger).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    assert_eq!(tx.checkpoint("EVENTS").await.unwrap(), Checkpoint::default());
    tx.set_checkpoint("EVENTS", &at(7)).await.unwrap();
    tx.commit().await.unwrap();
    let again = place.store().open(&DbName::Ledger).await.unwrap();
    assert_eq!(again.snapshot().await.unwrap().checkpoint("EVENTS").await.unwrap(), at(7));
    for taken in [6, 7] {
        let refused = again.begin().await.unwrap().set_checkpoint("EVENTS", &at(taken)).await.unwrap_err();
        assert_eq!(refused.code(), "HO-3205");
    }
    let mut tx = again.begin().await.unwrap();
    tx.set_checkpoint("EVENTS", &at(8)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.snapshot().await.unwrap().checkpoint("EVENTS").await.unwrap(), at(8));
}

async fn a_checkpoint_goes_back_with_its_transaction(place: &Place) {
    let db = place.store().open(&DbName::Standing).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.set_checkpoint("EVENTS", &at(3)).await.unwrap();
    assert_eq!(tx.checkpoint("EVENTS").await.unwrap(), at(3));
    drop(tx);
    assert_eq!(db.begin().await.unwrap().checkpoint("EVENTS").await.unwrap(), Checkpoint::default());
}

async fn streams_have_checkpoints_of_their_own(place: &Place) {
    let db = place.store().open(&DbName::Ledger).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.set_checkpoint("RELEASES", &at(5)).await.unwrap();
    tx.set_checkpoint("ACCESS", &at(2)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.snapshot().await.unwrap();
    assert_eq!((tx.checkpoint("RELEASES").await.unwrap().seq, tx.checkpoint("ACCESS").await.unwrap().seq), (5, 2));
}

async fn migrations_are_applied_once(place: &Place) {
    let db = place.store().open(&DbName::Hub).await.unwrap();
    db.migrate("tally", TALLY).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    run(&mut tx, "UPDATE tally SET n = 5").await.unwrap();
    tx.commit().await.unwrap();
    db.migrate("tally", TALLY).await.unwrap();
    let again = place.store().open(&DbName::Hub).await.unwrap();
    again.migrate("tally", TALLY).await.unwrap();
    assert_eq!(tally(&again).await, 5);
}

async fn a_changed_migration_is_refused(place: &Place) {
    let db = place.store().open(&DbName::Hub).await.unwrap();
    db.migrate("tally", TALLY).await.unwrap();
    let changed = Migration { sqlite: "SELECT 1", postgres: "SELECT 1", ..TALLY[0] };
    let refused = db.migrate("tally", &[changed]).await.unwrap_err();
    assert_eq!(refused, StoreError::MigrationChanged { area: "tally".to_owned(), version: 1 });
}

async fn a_newer_database_is_refused(place: &Place) {
    let db = place.store().open(&DbName::Hub).await.unwrap();
    let second = Migration { version: 2, name: "more", sqlite: "SELECT 1", postgres: "SELECT 1" };
    db.migrate("tally", &[TALLY[0], second]).await.unwrap();
    assert_eq!(db.migrate("tally", TALLY).await.unwrap_err().code(), "HO-3204");
}

async fn a_failing_migration_leaves_nothing(place: &Place) {
    let db = place.store().open(&DbName::Hub).await.unwrap();
    let broken = Migration { version: 2, name: "broken", sqlite: "SELECT nothing", postgres: "SELECT nothing" };
    assert_eq!(db.migrate("tally", &[TALLY[0], broken]).await.unwrap_err().code(), "HO-3202");
    let mut tx = db.begin().await.unwrap();
    assert!(run(&mut tx, "SELECT n FROM tally").await.is_err());
    drop(tx);
    db.migrate("tally", TALLY).await.unwrap();
    assert_eq!(tally(&db).await, 0);
}

async fn two_processes_migrate_one_database(place: &Place) {
    let open = |store: Store| async move {
        let db = store.open(&DbName::Hub).await.unwrap();
        db.migrate("tally", TALLY).await.unwrap();
        tally(&db).await
    };
    assert_eq!(tokio::join!(open(place.store()), open(place.store())), (0, 0));
}

async fn a_reset_database_begins_again(place: &Place) {
    let store = place.store();
    let db = store.open(&DbName::Hub).await.unwrap();
    db.migrate("tally", TALLY).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    run(&mut tx, "UPDATE tally SET n = 5").await.unwrap();
    tx.set_checkpoint("EVENTS", &at(3)).await.unwrap();
    tx.commit().await.unwrap();
    let db = store.reset(&DbName::Hub).await.unwrap();
    db.migrate("tally", TALLY).await.unwrap();
    assert_eq!(tally(&db).await, 0);
    assert_eq!(db.snapshot().await.unwrap().checkpoint("EVENTS").await.unwrap().seq, 0);
}

async fn keys_cannot_be_reset(place: &Place) {
    assert_eq!(place.store().reset(&DbName::Keys).await.unwrap_err().code(), "HO-3208");
}

async fn a_snapshot_does_not_move(place: &Place) {
    let db = place.store().open(&DbName::Hub).await.unwrap();
    db.migrate("tally", TALLY).await.unwrap();
    let mut snapshot = db.snapshot().await.unwrap();
    assert_eq!(number(&mut snapshot, "SELECT n FROM tally").await, 0);
    let mut tx = db.begin().await.unwrap();
    run(&mut tx, "UPDATE tally SET n = 1").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(number(&mut snapshot, "SELECT n FROM tally").await, 0);
    assert!(run(&mut snapshot, "UPDATE tally SET n = 9").await.is_err(), "a snapshot only reads");
    drop(snapshot);
    assert_eq!(tally(&db).await, 1);
}

async fn writers_queue_and_lose_nothing(place: &Place) {
    let db = place.store().open(&DbName::Hub).await.unwrap();
    db.migrate("tally", TALLY).await.unwrap();
    let other = place.store().open(&DbName::Hub).await.unwrap();
    let add = |db: Db| async move {
        let mut tx = db.begin().await.unwrap();
        run(&mut tx, "UPDATE tally SET n = n + 1").await.unwrap();
        tx.commit().await.unwrap();
    };
    let tasks: Vec<_> =
        (0..40).map(|i| tokio::spawn(add(if i % 2 == 0 { db.clone() } else { other.clone() }))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(tally(&db).await, 40);
}

async fn partners_have_databases_of_their_own(place: &Place) {
    let name = |slug: &str| DbName::View(slug.parse::<PartnerId>().unwrap());
    let store = place.store();
    let (a, b) = (store.open(&name("clinic-a")).await.unwrap(), store.open(&name("clinic-b")).await.unwrap());
    a.migrate("tally", TALLY).await.unwrap();
    let mut tx = b.begin().await.unwrap();
    assert!(run(&mut tx, "SELECT n FROM tally").await.is_err());
    drop(tx);
    b.migrate("tally", TALLY).await.unwrap();
    assert_eq!((tally(&a).await, tally(&b).await), (0, 0));
    if let Db::Postgres(b) = &b {
        let refused = sqlx::query("SELECT n FROM \"handoff_view-clinic-a\".tally").execute(b.pool()).await.unwrap_err();
        assert_eq!(refused.as_database_error().and_then(|e| e.code()).as_deref(), Some("42501"), "A7: {refused}");
    }
}

#[tokio::test]
async fn sqlite_files_are_private_and_settings_follow_the_name() {
    let place = Place::sqlite();
    let store = place.store();
    for (name, synchronous, secure_delete) in [(DbName::Keys, 2, 1), (DbName::Ledger, 2, 0), (DbName::Index, 1, 1)] {
        let Db::Sqlite(db) = store.open(&name).await.unwrap() else { panic!("not SQLite") };
        let pragma = |sql: &'static str| sqlx::query_scalar::<_, i64>(sql).fetch_one(db.writer());
        assert_eq!(pragma("PRAGMA synchronous").await.unwrap(), synchronous, "{name}");
        assert_eq!(pragma("PRAGMA secure_delete").await.unwrap(), secure_delete, "{name}");
        assert_eq!(pragma("PRAGMA foreign_keys").await.unwrap(), 1, "{name}");
        assert!(sqlx::query("DELETE FROM checkpoint").execute(db.reader()).await.is_err(), "readers only read");
    }
    for file in std::fs::read_dir(place.dir().join("db")).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
    }
    assert_eq!(std::fs::metadata(place.dir().join("db")).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_connection_url_is_not_printed() {
    let store = Store::postgres("postgres://hub:s3cret-canary@[/nowhere", "handoff");
    let refused = store.open(&DbName::Hub).await.unwrap_err();
    assert_eq!(refused.code(), "HO-3201");
    assert!(!format!("{store:?} {refused} {refused:?}").contains("s3cret"));
}
