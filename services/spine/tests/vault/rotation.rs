use std::os::unix::fs::PermissionsExt as _;

use handoff_spine::vault::{RotationProgress, SealedSlice, Vault, VaultError};

use super::event::Event;
use super::place::Place;

/// Enough rows for several batches of a rotation.
pub async fn fill(vault: &Vault, records: usize) -> Vec<(Event, Vec<SealedSlice>)> {
    let mut all = Vec::new();
    for _ in 0..records {
        let event = Event::any();
        all.push((event.clone(), event.seal(vault).await));
    }
    all
}

pub async fn all_open(vault: &Vault, all: &[(Event, Vec<SealedSlice>)]) {
    for (event, sealed) in all {
        event.opens(vault, sealed).await;
    }
}

pub fn key_files(place: &Place) -> Vec<String> {
    let names = std::fs::read_dir(place.dir()).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|n| n.starts_with("kek")).collect();
    names.sort();
    names
}

pub async fn a_rotation_keeps_everything_open(place: &Place) {
    let vault = place.vault().await;
    let all = fill(&vault, 20).await;
    let log = vault.log_key().await.unwrap().seal(b"s", b"facts").unwrap();
    let old = std::fs::read(place.dir().join("kek")).unwrap();
    assert_eq!(vault.rotate_kek().await.unwrap(), 20 * 3 + 1);
    assert_ne!(std::fs::read(place.dir().join("kek")).unwrap(), old);
    assert_eq!(key_files(place), ["kek"]);
    for vault in [vault, place.vault().await] {
        all_open(&vault, &all).await;
        assert_eq!(vault.log_key().await.unwrap().open(b"s", &log).unwrap(), b"facts");
    }
    std::fs::write(place.dir().join("kek"), old).unwrap();
    assert_eq!(Vault::open(&place.store(), place.kek()).await.unwrap_err().code(), "HO-3104");
}

pub async fn a_rotation_killed_anywhere_goes_on(place: &Place) {
    // 400 records x 3 keys: three batches, then the hub's own keys and the files.
    let vault = place.vault().await;
    let mut all = fill(&vault, 400).await;
    let log = vault.log_key().await.unwrap().seal(b"s", b"facts").unwrap();
    drop(vault);
    for killed_after in 0..4 {
        let vault = place.vault().await;
        let mut rotation = vault.rotation().await.unwrap();
        for _ in 0..killed_after {
            let progress = rotation.step().await.unwrap();
            assert!(matches!(progress, RotationProgress::Rewrapping { .. }), "{killed_after}: {progress:?}");
        }
        drop((rotation, vault));
        assert_eq!(key_files(place), ["kek", "kek.next"], "both keys are kept until all is rewrapped");
        let vault = place.vault().await;
        all_open(&vault, &all).await;
        all.extend(fill(&vault, 2).await);
        if killed_after == 2 {
            vault.rotate_kek().await.unwrap();
            assert_eq!(key_files(place), ["kek"]);
        }
    }
    // Killed between the two renames, and after the second with the old key not yet shredded.
    std::fs::hard_link(place.dir().join("kek"), place.dir().join("kek.old")).unwrap();
    let vault = place.vault().await;
    all_open(&vault, &all).await;
    vault.rotate_kek().await.unwrap();
    assert_eq!(key_files(place), ["kek"]);
    std::fs::write(place.dir().join("kek.old"), "left over").unwrap();
    let vault = place.vault().await;
    vault.rotate_kek().await.unwrap();
    assert_eq!(key_files(place), ["kek"]);
    let vault = place.vault().await;
    all_open(&vault, &all).await;
    assert_eq!(vault.log_key().await.unwrap().open(b"s", &log).unwrap(), b"facts");
}

pub async fn keys_made_during_a_rotation_survive_it(place: &Place) {
    let (rotating, busy) = (place.vault().await, place.vault().await);
    let mut all = fill(&busy, 300).await;
    let made = tokio::spawn({
        let busy = busy.clone();
        async move { fill(&busy, 100).await }
    });
    for _ in 0..3 {
        rotating.rotate_kek().await.unwrap();
    }
    all.extend(made.await.unwrap());
    all_open(&place.vault().await, &all).await;
}

#[tokio::test]
async fn a_kek_file_open_to_others_is_refused() {
    let place = Place::sqlite();
    drop(place.vault().await);
    let kek = place.dir().join("kek");
    assert_eq!(std::fs::metadata(&kek).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&kek, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(Vault::open(&place.store(), place.kek()).await.unwrap_err().code(), "HO-3105");
}

#[tokio::test]
async fn a_lost_kek_is_reported_and_not_replaced() {
    let place = Place::sqlite();
    drop(place.vault().await);
    std::fs::remove_file(place.dir().join("kek")).unwrap();
    assert_eq!(Vault::open(&place.store(), place.kek()).await.unwrap_err(), VaultError::UnknownKek);
    assert!(key_files(&place).is_empty());
}

#[tokio::test]
async fn a_damaged_kek_file_is_refused_without_quoting_it() {
    let place = Place::sqlite();
    drop(place.vault().await);
    std::fs::write(place.dir().join("kek"), "handoff-kek-v1 canary-secret").unwrap();
    let refused = Vault::open(&place.store(), place.kek()).await.unwrap_err();
    assert_eq!(refused.code(), "HO-3105");
    assert!(!format!("{refused} {refused:?}").contains("canary"));
}

#[tokio::test]
async fn two_first_starts_make_one_kek() {
    let place = Place::sqlite();
    let (a, b) = tokio::join!(place.vault(), place.vault());
    let event = Event::any();
    let sealed = event.seal(&a).await;
    event.opens(&b, &sealed).await;
    assert_eq!(key_files(&place), ["kek"]);
}
