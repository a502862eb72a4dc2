//! A6: ending the process between any two steps loses nothing and doubles nothing.

use std::io::Write as _;
use std::sync::Arc;

use crate::common::{Engine, Place, StopAt, messages, signer};
use handoff_ledger::verify::{NoViews, verify};
use handoff_ledger::{LedgerError, Step, Tree, Unwatched};

const MESSAGES: u64 = 7;
const BATCH: usize = 2;

async fn undisturbed(engine: Engine, tree: Tree) -> (Vec<Vec<u8>>, Vec<String>) {
    let place = Place::new(engine).await;
    place.run(tree, &messages(tree, MESSAGES), BATCH, Arc::new(Unwatched)).await.unwrap();
    let content = place.content(tree).await;
    assert!(!content.1.is_empty());
    content
}

/// Ends the process at each step's first, second, … time, at most `times`.
async fn survives_every_step(engine: Engine, times: usize) {
    for tree in Tree::ALL {
        let expected = undisturbed(engine, tree).await;
        let all = messages(tree, MESSAGES);
        for step in Step::ALL {
            for nth in 1..=times {
                let mut place = Place::new(engine).await;
                let steps = StopAt::new(step, nth);
                let ended = place.run(tree, &all, BATCH, Arc::<StopAt>::clone(&steps)).await;
                if !steps.stopped() {
                    ended.unwrap();
                    assert!(nth > 1, "{step:?} is never reached");
                    break;
                }
                assert!(matches!(ended, Err(LedgerError::Stopped(s)) if s == step), "{step:?} {nth}");
                place.restart().await;
                let report = verify(place.data(), &place.db().await, NoViews, &[]).await.unwrap();
                assert!(report.is_sound(), "a crash at {step:?} {nth} looks like tampering: {:?}", report.findings);
                place.run(tree, &all, BATCH, Arc::new(Unwatched)).await.unwrap();
                assert!(place.content(tree).await == expected, "{tree:?} differs after {step:?} {nth}");
            }
        }
    }
}

#[tokio::test]
async fn a6_sqlite_survives_every_step() {
    survives_every_step(Engine::Sqlite, usize::MAX).await;
}

#[tokio::test]
async fn a6_postgres_survives_every_step() {
    survives_every_step(Engine::Postgres, 2).await;
}

#[tokio::test]
async fn a6_a_torn_or_lost_tail_of_the_files_is_mended() {
    for tree in Tree::ALL {
        let expected = undisturbed(Engine::Sqlite, tree).await;
        let all = messages(tree, MESSAGES);
        let mut place = Place::new(Engine::Sqlite).await;
        place.run(tree, &all[..4], BATCH, Arc::new(Unwatched)).await.unwrap();
        let path = place.tree(tree).join("leaves");
        let whole = std::fs::read(&path).unwrap();
        // Shorter by whole leaves and parts of them, and empty.
        for keep in (0..=whole.len()).rev().step_by(7).chain([0]) {
            std::fs::write(&path, &whole[..keep]).unwrap();
            drop(place.open_lane(tree, Arc::new(Unwatched)).await.unwrap());
            assert_eq!(std::fs::read(&path).unwrap(), whole, "kept {keep} bytes");
        }
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(&[7; 45]).unwrap();
        place.restart().await;
        place.run(tree, &all, BATCH, Arc::new(Unwatched)).await.unwrap();
        assert!(place.content(tree).await == expected);
    }
}

#[tokio::test]
async fn a_rebuild_from_the_log_gives_the_same_ledger_and_may_sign_again() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        for tree in Tree::ALL {
            let all = messages(tree, MESSAGES);
            let mut place = Place::new(engine).await;
            place.run(tree, &all, BATCH, Arc::new(Unwatched)).await.unwrap();
            let before = place.content(tree).await;
            place.drop_ledger_database().await;
            place.restart().await;
            place.run(tree, &all, 1, Arc::new(Unwatched)).await.unwrap();
            assert!(place.content(tree).await == before);
        }
    }
}

#[tokio::test]
async fn a_rebuild_signs_nothing_until_it_has_come_to_the_signed_size() {
    let all = messages(Tree::Accesses, MESSAGES);
    let place = Place::new(Engine::Sqlite).await;
    place.run(Tree::Accesses, &all, BATCH, Arc::new(Unwatched)).await.unwrap();
    place.drop_ledger_database().await;
    let mut lane = place.open_lane(Tree::Accesses, Arc::new(Unwatched)).await.unwrap();
    for at in 0..all.len() {
        assert_eq!(lane.head("x"), None, "at {at} of {}", all.len());
        lane = lane.integrate(&all[at..=at]).await.unwrap();
    }
    assert_eq!(lane.head("x").map(|h| h.size), Some(MESSAGES));
}

#[tokio::test]
async fn a_rebuild_that_differs_from_what_was_signed_is_refused() {
    for tree in Tree::ALL {
        let all = messages(tree, MESSAGES);
        let place = Place::new(Engine::Sqlite).await;
        place.run(tree, &all, BATCH, Arc::new(Unwatched)).await.unwrap();
        let signed = std::fs::read(place.tree(tree).join("checkpoint")).unwrap();
        place.drop_ledger_database().await;
        let mut other = all.clone();
        other.remove(2);
        for (i, message) in other.iter_mut().enumerate() {
            message.seq = i as u64 + 1;
        }
        // As many leaves as were signed, so that only the root can tell.
        other.extend(messages(tree, MESSAGES + 3).into_iter().skip(MESSAGES as usize).map(|mut m| {
            m.seq -= 1;
            m
        }));
        let refused = place.run(tree, &other, BATCH, Arc::new(Unwatched)).await.unwrap_err();
        assert_eq!(refused.code(), "HO-4101");
        assert_eq!(std::fs::read(place.tree(tree).join("checkpoint")).unwrap(), signed, "nothing was signed");
    }
}

#[tokio::test]
async fn an_altered_file_or_checkpoint_stops_the_start() {
    let tree = Tree::Releases;
    for (file, code) in [("leaves", "HO-4102"), ("internal", "HO-4102"), ("checkpoint", "HO-4103")] {
        let place = Place::new(Engine::Sqlite).await;
        place.run(tree, &messages(tree, 3), BATCH, Arc::new(Unwatched)).await.unwrap();
        if file != "checkpoint" {
            // Without a signature the database alone must notice.
            std::fs::remove_file(place.tree(tree).join("checkpoint")).unwrap();
        }
        let path = place.tree(tree).join(file);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[10] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let refused = place.open_lane(tree, Arc::new(Unwatched)).await.map(drop).unwrap_err();
        assert_eq!(refused.code(), code, "{file}: {refused}");
    }
}

#[tokio::test]
async fn another_hubs_key_cannot_go_on_with_a_ledger() {
    let tree = Tree::Accesses;
    let place = Place::new(Engine::Sqlite).await;
    place.run(tree, &messages(tree, 3), BATCH, Arc::new(Unwatched)).await.unwrap();
    let other = handoff_ledger::note::Signer::new(signer(tree).verifier().name(), &[1; 32]).unwrap();
    let dir = place.tree(tree);
    let opened = handoff_ledger::Lane::open(tree, &dir, place.db().await, other.verifier(), Arc::new(Unwatched));
    assert_eq!(opened.await.map(drop).unwrap_err().code(), "HO-4103");
}

#[tokio::test]
async fn a_second_writer_and_a_hole_in_the_stream_are_refused() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let tree = Tree::Releases;
        let all = messages(tree, 4);
        let place = Place::new(engine).await;
        let first = place.open_lane(tree, Arc::new(Unwatched)).await.unwrap();
        let second = place.open_lane(tree, Arc::new(Unwatched)).await.unwrap();
        let first = first.integrate(&all[..2]).await.unwrap();
        assert!(second.integrate(&all[..2]).await.is_err());
        let hole = first.integrate(&all[3..]).await.map(drop).unwrap_err();
        assert!(matches!(hole, LedgerError::Log(_)), "{hole}");
    }
}

#[tokio::test]
async fn a_message_that_is_no_ruling_or_contradicts_itself_stops_the_ledger() {
    let tree = Tree::Releases;
    let place = Place::new(Engine::Sqlite).await;
    let mut foreign = messages(tree, 1);
    foreign[0].body = b"{\"v\":9}".to_vec();
    let lane = place.open_lane(tree, Arc::new(Unwatched)).await.unwrap();
    assert_eq!(lane.integrate(&foreign).await.map(drop).unwrap_err().code(), "HO-4105");

    let mut lying = messages(tree, 1);
    let mut batch: handoff_spine::release::Batch = serde_json::from_slice(&lying[0].body).unwrap();
    let ruled = batch.ruled.iter_mut().find(|r| r.release.is_some()).unwrap();
    ruled.recipient.kind = handoff_schemas::RecipientKind::Eval;
    lying[0].body = serde_json::to_vec(&batch).unwrap();
    let lane = place.open_lane(tree, Arc::new(Unwatched)).await.unwrap();
    assert_eq!(lane.integrate(&lying).await.map(drop).unwrap_err().code(), "HO-4105");
}

#[tokio::test]
async fn one_release_twice_is_refused() {
    let tree = Tree::Releases;
    let place = Place::new(Engine::Sqlite).await;
    let mut all = messages(tree, 1);
    let mut again = all[0].clone();
    again.seq = 2;
    all.push(again);
    let lane = place.open_lane(tree, Arc::new(Unwatched)).await.unwrap();
    assert_eq!(lane.integrate(&all).await.map(drop).unwrap_err().code(), "HO-3202");
}
