//! What only the inside can show: the bytes on disk, and contexts that never read alike.

use std::path::Path;
use std::sync::Arc;

use handoff_schemas::{Category, EventId, PersonId, RecordId, UnitId};
use proptest::prelude::*;
use uuid::Uuid;

use super::sealed::{Context, Sealed, open_body, seal_body};
use super::{Destruction, KekFiles, KeyAt, Secret, Vault, VaultError, rows};
use crate::store::{Db, DbName, Residue, Store};
use crate::testing::{Postgres, PostgresError};

fn unit() -> UnitId {
    "city-ems".parse().unwrap()
}

fn occurrences(dir: &Path, needle: &[u8]) -> usize {
    let mut found = 0;
    for file in std::fs::read_dir(dir).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            found += occurrences(&path, needle);
        } else {
            found += std::fs::read(&path).unwrap().windows(needle.len()).filter(|w| *w == needle).count();
        }
    }
    found
}

/// Key and wrapped bytes of every key of `records`, as only this test may know them.
async fn known(vault: &Vault, records: &[RecordId]) -> Vec<(PersonId, [u8; 32], Vec<u8>)> {
    let mut known = Vec::new();
    for (row, key) in vault.0.load(records).await.unwrap() {
        known.push((row.person.unwrap(), *key.unwrap().secret.expose(), row.wrapped));
    }
    known
}

/// Keys of many records made in an order that has nothing to do with theirs, so that index pages split everywhere.
async fn many(vault: &Vault, persons: &[PersonId]) -> Vec<RecordId> {
    let mut records = Vec::new();
    for i in 0..600 {
        let record = RecordId(Uuid::new_v4());
        let slices = [(Category::Cad, b"a".as_slice()), (Category::Contact, b"b")];
        let person = Some(persons[i % persons.len()]);
        vault.sealer().seal_event(record, person, &unit(), EventId(Uuid::now_v7()), &slices).await.unwrap();
        records.push(record);
    }
    records
}

#[tokio::test]
async fn a1_no_file_holds_a_key_and_after_destruction_not_even_its_wrapping() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::sqlite(dir.path().join("db"));
    let vault = Vault::open(&store, Arc::new(KekFiles::new(dir.path()))).await.unwrap();
    let persons = [PersonId(Uuid::new_v4()), PersonId(Uuid::new_v4()), PersonId(Uuid::new_v4())];
    let records = many(&vault, &persons).await;
    let known = known(&vault, &records).await;
    assert_eq!(known.len(), 1200);
    let sample = || known.iter().step_by(37);
    for (_, key, wrapped) in sample() {
        assert_eq!(occurrences(dir.path(), key), 0, "a plaintext key on disk");
        assert!(occurrences(dir.path(), wrapped) > 0, "the search itself works");
    }
    let destroyed = vault.destroy(EventId(Uuid::now_v7()), &Destruction::of_person(persons[1])).await.unwrap();
    assert_eq!((destroyed.keys, destroyed.residue), (400, Residue::None));
    for (person, key, wrapped) in sample() {
        assert_eq!(occurrences(dir.path(), key), 0);
        let left = occurrences(dir.path(), wrapped);
        assert_eq!(left == 0, *person == persons[1], "found {left} times");
    }
    vault.rotate_kek().await.unwrap();
    for (_, key, wrapped) in sample() {
        assert_eq!((occurrences(dir.path(), key), occurrences(dir.path(), wrapped)), (0, 0), "all was rewrapped");
    }
}

#[tokio::test]
async fn postgres_says_that_residue_is_possible_and_keeps_no_wrapping_in_a_row() {
    let server = match Postgres::shared() {
        Ok(server) => server,
        Err(PostgresError::NotFound | PostgresError::NoUser) => {
            println!("skipped: no PostgreSQL here");
            return;
        }
        Err(e) => panic!("{e}"),
    };
    let dir = tempfile::tempdir().unwrap();
    let store = Store::postgres(server.database().await.unwrap(), "handoff");
    let vault = Vault::open(&store, Arc::new(KekFiles::new(dir.path()))).await.unwrap();
    let person = PersonId(Uuid::new_v4());
    let records = many(&vault, &[person]).await;
    let destroyed = vault.destroy(EventId(Uuid::now_v7()), &Destruction::of_person(person)).await.unwrap();
    assert_eq!((destroyed.keys, destroyed.residue), (1200, Residue::Server));
    let mut tx = vault.0.db.snapshot().await.unwrap();
    let rows = rows::of_records(&mut tx, &records).await.unwrap();
    assert!(rows.len() == 1200 && rows.iter().all(|row| row.destroyed && row.wrapped.is_empty()));
}

#[tokio::test]
async fn a_wrapped_key_cannot_be_put_into_another_row() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::sqlite(dir.path().join("db"));
    let vault = Vault::open(&store, Arc::new(KekFiles::new(dir.path()))).await.unwrap();
    let (ann, bob) = (PersonId(Uuid::new_v4()), PersonId(Uuid::new_v4()));
    let record = RecordId(Uuid::new_v4());
    for person in [ann, bob] {
        let slices = [(Category::Cad, b"x".as_slice())];
        vault.sealer().seal_event(record, Some(person), &unit(), EventId(Uuid::now_v7()), &slices).await.unwrap();
    }
    let Db::Sqlite(db) = store.open(&DbName::Keys).await.unwrap() else { panic!("not SQLite") };
    sqlx::query("UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE version = 1) WHERE version = 2")
        .execute(db.writer())
        .await
        .unwrap();
    vault.evict(&Destruction::of_record(record));
    let at = |version| KeyAt { record, category: Category::Cad, version };
    assert_eq!(vault.0.version(at(2)).await.unwrap_err(), VaultError::Tampered);
}

#[tokio::test]
async fn what_was_read_before_an_eviction_is_not_kept_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::sqlite(dir.path().join("db"));
    let vault = Vault::open(&store, Arc::new(KekFiles::new(dir.path()))).await.unwrap();
    let person = PersonId(Uuid::new_v4());
    let record = RecordId(Uuid::new_v4());
    let slices = [(Category::Cad, b"x".as_slice())];
    vault.sealer().seal_event(record, Some(person), &unit(), EventId(Uuid::now_v7()), &slices).await.unwrap();
    // A reader has the row in hand while the destruction happens.
    let epoch = vault.0.cache.epoch();
    let mut tx = vault.0.db.snapshot().await.unwrap();
    let rows = rows::of_records(&mut tx, &[record]).await.unwrap();
    drop(tx);
    vault.destroy(EventId(Uuid::now_v7()), &Destruction::of_person(person)).await.unwrap();
    vault.0.unwrap_rows(epoch, rows).unwrap();
    assert_eq!(vault.cached(), 0);
    let at = KeyAt { record, category: Category::Cad, version: 1 };
    assert_eq!(vault.0.version(at).await.unwrap_err(), VaultError::Erased);
}

#[test]
fn sealed_reads_and_writes_base64url() {
    let sealed = Sealed { key_version: 3, nonce: [255; 12], ciphertext: vec![0, 1, 254] };
    let json = serde_json::to_string(&sealed).unwrap();
    assert_eq!(json, r#"{"k":3,"n":"________________","c":"AAH-"}"#);
    assert_eq!(serde_json::from_str::<Sealed>(&json).unwrap(), sealed);
    for wrong in [r#"{"k":3,"n":"____","c":"AAH-"}"#, r#"{"k":3,"n":"________________","c":"canary+/="}"#] {
        let refused = serde_json::from_str::<Sealed>(wrong).unwrap_err().to_string();
        assert!(!refused.contains("canary"), "{refused}");
    }
}

/// RFC 4231, test case 2, through the key's padding.
#[test]
fn hmac_agrees_with_the_standard() {
    use hmac::Mac as _;
    let mut key = [0u8; 32];
    key[..4].copy_from_slice(b"Jefe");
    let mut mac = Secret::from_slice(&key).unwrap().hmac();
    mac.update(b"what do ya want for nothing?");
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes()), expected);
}

fn parts() -> impl Strategy<Value = (u128, Option<u128>, String, usize, u32)> {
    let slug = "[a-c]{1,3}";
    (0u128..3, proptest::option::of(0u128..3), slug, 0usize..4, 0u32..3)
}

fn context(p: &(u128, Option<u128>, String, usize, u32)) -> Context {
    let unit: UnitId = p.2.parse().unwrap();
    let person = p.1.map(|n| PersonId(Uuid::from_u128(n)));
    Context::slice(EventId(Uuid::from_u128(p.0)), person, &unit, Category::ALL[p.3], p.4)
}

proptest! {
    #[test]
    fn what_is_sealed_opens_in_its_own_context_only(
        content in proptest::collection::vec(any::<u8>(), 0..2000), here in parts(), there in parts()
    ) {
        let key = Secret::random().unwrap();
        let sealed = Sealed::seal(&key, here.4, &context(&here), &content).unwrap();
        prop_assert_eq!(sealed.ciphertext.len(), content.len() + 16);
        let opened = sealed.open(&key, &context(&there));
        if here == there {
            prop_assert!(opened.unwrap().expose() == content.as_slice());
        } else {
            prop_assert_eq!(opened.unwrap_err(), VaultError::Tampered);
        }
        prop_assert!(sealed.open(&Secret::random().unwrap(), &context(&here)).is_err());
    }

    #[test]
    fn lists_of_parts_never_read_alike(
        a in proptest::collection::vec("[ab]{0,3}", 0..4), b in proptest::collection::vec("[ab]{0,3}", 0..4)
    ) {
        let build = |parts: &[String]| parts.iter().fold(Context::new("t"), |c, p| c.with(p.as_bytes()));
        prop_assert_eq!(build(&a).as_bytes() == build(&b).as_bytes(), a == b);
        let key = Secret::from_slice(&[7; 32]).unwrap();
        let hash = |parts: &[String]| {
            key.keyed_hash("t", &parts.iter().map(|p| p.as_bytes()).collect::<Vec<_>>())
        };
        prop_assert_eq!(hash(&a) == hash(&b), a == b);
    }

    #[test]
    fn a_body_opens_whole_or_not_at_all(
        body in proptest::collection::vec(any::<u8>(), 0..500), at in any::<proptest::sample::Index>(), flip in 1u8..
    ) {
        let key = Secret::random().unwrap();
        let sealed = seal_body(&key, "label", b"subject", &body).unwrap();
        prop_assert_eq!(sealed.len(), body.len() + 45);
        prop_assert!(open_body(&key, "label", b"subject", &sealed).unwrap().expose() == body.as_slice());
        prop_assert!(open_body(&key, "other", b"subject", &sealed).is_err());
        let mut changed = sealed.clone();
        changed[at.index(sealed.len())] ^= flip;
        prop_assert!(open_body(&key, "label", b"subject", &changed).is_err());
        prop_assert!(open_body(&key, "label", b"subject", &sealed[..at.index(sealed.len())]).is_err());
    }
}
