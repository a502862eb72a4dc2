//! What the officer, `handoff explain` and an outsider ask the ledger.

use crate::common::{Engine, Place, messages, person, released, signer};
use handoff_ledger::merkle::verify_inclusion;
use handoff_ledger::{Counts, Lookup, Tree, TreeHead, integrated};
use handoff_schemas::ReleaseId;

async fn answers(engine: Engine) {
    let place = Place::build(engine, 4, 3).await;
    let lookup = Lookup::new(place.db().await, place.data()).await.unwrap();
    let all = released(&messages(Tree::Releases, 4));

    let counts = lookup.counts().await.unwrap();
    let leaves = all.len() as u64;
    assert_eq!(counts, Counts { releases: leaves, accesses: 3, releases_sequence: 4, accesses_sequence: 3 });
    assert_eq!(integrated(&place.db().await).await.unwrap(), 4);

    for (leaf, ruled) in all.iter().enumerate() {
        let release = ruled.release.as_ref().unwrap();
        let row = lookup.by_release(release.id).await.unwrap().unwrap();
        assert_eq!(row.leaf, leaf as u64);
        assert_eq!(row.ruling_text, release.ruling);
        assert_eq!((row.internal.cause, row.internal.person), (ruled.cause, ruled.person));
        assert_eq!(row.internal.partner, ruled.partner);
        assert_eq!(row.purposes, ["COC", "TREAT"]);
        assert_eq!(row.agreements, ["crisis-ila@2"]);
        assert_eq!(row.categories, ["ems-clinical"]);
        assert_eq!((row.basis, row.notice_forms), (vec!["agreement".to_owned()], vec!["1".to_owned()]));
        assert_eq!(row.internal.consents().count(), 1);
        assert_eq!(lookup.for_event(ruled.event).await.unwrap().iter().filter(|r| r.leaf == row.leaf).count(), 1);
    }
    assert!(lookup.by_release(ReleaseId(uuid::Uuid::nil())).await.unwrap().is_none());

    for n in 0..3 {
        let about: Vec<u64> = lookup.for_person(person(n)).await.unwrap().iter().map(|r| r.leaf).collect();
        let expected = all.iter().enumerate().rev().filter(|(_, r)| r.person == Some(person(n)));
        assert_eq!(about, expected.map(|(i, _)| i as u64).collect::<Vec<_>>());
        assert!(!about.is_empty());
    }
    let last: Vec<u64> = lookup.last(2).await.unwrap().iter().map(|r| r.leaf).collect();
    assert_eq!(last, [leaves - 1, leaves - 2]);

    let readings = lookup.last_readings(10).await.unwrap();
    assert_eq!(readings.len(), 3);
    for reading in &readings {
        for release in &reading.access.releases {
            let of: Vec<u64> = lookup.readings_of(*release).await.unwrap().iter().map(|r| r.leaf).collect();
            assert_eq!(of, [reading.leaf]);
        }
    }
}

#[tokio::test]
async fn every_release_and_access_is_found_again_on_sqlite() {
    answers(Engine::Sqlite).await;
}

#[tokio::test]
async fn every_release_and_access_is_found_again_on_postgres() {
    answers(Engine::Postgres).await;
}

#[tokio::test]
async fn an_outsider_can_check_one_release_with_the_verifier_key_alone() {
    let place = Place::build(Engine::Sqlite, 4, 0).await;
    let lookup = Lookup::new(place.db().await, place.data()).await.unwrap();
    let verifier = std::fs::read_to_string(place.tree(Tree::Releases).join("verifier.pub")).unwrap();
    let verifier: handoff_ledger::note::Verifier = verifier.trim_end().parse().unwrap();
    assert_eq!(&verifier, signer(Tree::Releases).verifier());
    for ruled in released(&messages(Tree::Releases, 4)) {
        let release = ruled.release.unwrap();
        let proof = lookup.proof(release.id).await.unwrap().unwrap();
        // The recipient holds ruling and ciphertext, and computes the leaf.
        let leaf = handoff_ledger::merkle::leaf_hash(&release.leaf());
        assert_eq!(leaf, proof.leaf_hash);
        let head = TreeHead::parse(verifier.open(&proof.checkpoint).unwrap()).unwrap();
        assert_eq!(head.size, proof.size);
        assert!(verify_inclusion(&leaf, proof.leaf, head.size, &proof.path, &head.root));
    }
}
