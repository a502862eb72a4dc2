use std::collections::HashSet;

use handoff_schemas::{Category, EventId, RecordId};
use handoff_spine::vault::{Destruction, SealedSlice, Vault, VaultError};
use uuid::Uuid;

use super::event::{Event, order, partner, person};
use super::place::Place;
use super::rotation::{all_open, fill};

pub async fn a_sealed_event_opens_after_a_restart(place: &Place) {
    let event = Event::any();
    let vault = place.vault().await;
    let sealed = event.seal(&vault).await;
    event.opens(&vault, &sealed).await;
    drop(vault);
    event.opens(&place.vault().await, &sealed).await;
    let same = event.seal(&place.vault().await).await;
    assert!(same.iter().all(|s| s.sealed.key_version == 1), "the key found again is used again");
    let json = serde_json::to_string(&sealed).unwrap();
    let read: Vec<SealedSlice> = serde_json::from_str(&json).unwrap();
    event.opens(&place.vault().await, &read).await;
}

pub async fn a_slice_cannot_be_moved_or_changed(place: &Place) {
    let vault = place.vault().await;
    let opener = vault.opener();
    let event = Event::any();
    let sealed = event.seal(&vault).await.remove(0);
    event.open(&opener, &sealed).await.unwrap();
    let moved = [
        Event { id: EventId(Uuid::now_v7()), ..event.clone() },
        Event { person: Some(person()), ..event.clone() },
        Event { person: None, ..event.clone() },
        Event { unit: "city-em".parse().unwrap(), ..event.clone() },
    ];
    for event in moved {
        assert_eq!(event.open(&opener, &sealed).await.unwrap_err(), VaultError::Tampered);
    }
    let elsewhere = Event { record: RecordId(Uuid::new_v4()), ..event.clone() };
    assert_eq!(elsewhere.open(&opener, &sealed).await.unwrap_err(), VaultError::NoKey);
    let neighbour = Event { record: RecordId(Uuid::new_v4()), ..event.clone() };
    neighbour.seal(&vault).await;
    assert_eq!(neighbour.open(&opener, &sealed).await.unwrap_err(), VaultError::Tampered);
    let mut relabelled = sealed.clone();
    relabelled.category = Category::Location;
    assert_eq!(event.open(&opener, &relabelled).await.unwrap_err(), VaultError::Tampered);
    let mut reversioned = sealed.clone();
    reversioned.sealed.key_version = 2;
    assert_eq!(event.open(&opener, &reversioned).await.unwrap_err(), VaultError::NoKey);
    let mut renonced = sealed.clone();
    renonced.sealed.nonce[0] ^= 1;
    assert_eq!(event.open(&opener, &renonced).await.unwrap_err(), VaultError::Tampered);
    for byte in 0..sealed.sealed.ciphertext.len() {
        let mut changed = sealed.clone();
        changed.sealed.ciphertext[byte] ^= 0x80;
        assert_eq!(event.open(&opener, &changed).await.unwrap_err(), VaultError::Tampered);
    }
    let mut short = sealed;
    short.sealed.ciphertext.truncate(3);
    assert_eq!(event.open(&opener, &short).await.unwrap_err(), VaultError::Tampered);
}

pub async fn two_persons_of_one_record_have_keys_of_their_own(place: &Place) {
    let vault = place.vault().await;
    let patient = Event::any();
    let caller = Event { person: Some(person()), id: order(), ..patient.clone() };
    let (of_patient, of_caller) = (patient.seal(&vault).await, caller.seal(&vault).await);
    assert!(of_patient.iter().zip(&of_caller).all(|(a, b)| a.sealed.key_version != b.sealed.key_version));
    vault.destroy(order(), &Destruction::of_person(patient.person.unwrap())).await.unwrap();
    patient.is_erased(&vault, &of_patient).await;
    caller.opens(&vault, &of_caller).await;
}

pub async fn many_sealers_at_once_share_one_key_a_record(place: &Place) {
    let vault = place.vault().await;
    let records: Vec<Event> = (0..20).map(|_| Event::any()).collect();
    let tasks: Vec<_> = (0..200)
        .map(|i| {
            let (vault, event) = (vault.clone(), Event { id: order(), ..records[i % 20].clone() });
            tokio::spawn(async move { (event.seal(&vault).await, event) })
        })
        .collect();
    let restarted = place.vault().await;
    for task in tasks {
        let (sealed, event) = task.await.unwrap();
        assert!(sealed.iter().all(|s| s.sealed.key_version == 1));
        event.opens(&restarted, &sealed).await;
    }
}

pub async fn two_processes_agree_on_a_key(place: &Place) {
    let (here, there) = (place.vault().await, place.vault().await);
    for _ in 0..20 {
        let event = Event::any();
        let (ours, theirs) = tokio::join!(event.seal(&here), event.seal(&there));
        event.opens(&there, &ours).await;
        event.opens(&here, &theirs).await;
    }
}

pub async fn a_small_cache_forgets_and_reads_again(place: &Place) {
    let vault = Vault::open_with(&place.store(), place.kek(), 10).await.unwrap();
    let all = fill(&vault, 30).await;
    assert!(vault.cached() <= 11, "{}", vault.cached());
    all_open(&vault, &all).await;
    assert!(vault.cached() <= 11, "{}", vault.cached());
    vault.opener().warm(&all.iter().map(|(event, _)| event.record).collect::<Vec<_>>()).await.unwrap();
    assert!(vault.cached() <= 11, "{}", vault.cached());
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let place = Place::sqlite();
    let vault = place.vault().await;
    let event = Event::any();
    let sealed = event.seal(&vault).await;
    let opened = event.open(&vault.opener(), &sealed[0]).await.unwrap();
    let pii = handoff_spine::vault::Pii::new("canary-name");
    let printed = format!(
        "{opened:?} {pii:?} {vault:?} {:?} {:?} {:?} {:?}",
        vault.log_key().await.unwrap(),
        vault.signing_seed().await.unwrap(),
        vault.opener(),
        vault.partner_key(&partner("cedar-clinic")).await.unwrap(),
    );
    assert!(!printed.contains("canary"), "{printed}");
    let seed = vault.signing_seed().await.unwrap();
    assert!(!printed.contains(&format!("{:?}", &seed.expose()[..4]).replace(['[', ']'], "")), "{printed}");
}

#[tokio::test]
async fn nonces_do_not_repeat() {
    let place = Place::sqlite();
    let vault = place.vault().await;
    let event = Event::new("city-ems", None, &[Category::Cad]);
    let mut nonces = HashSet::new();
    let mut bodies = HashSet::new();
    for _ in 0..5000 {
        let sealed = event.seal(&vault).await.remove(0).sealed;
        assert!(nonces.insert(sealed.nonce));
        assert!(bodies.insert(sealed.ciphertext));
    }
}

#[tokio::test]
async fn a_broken_key_table_refuses_to_seal() {
    let place = Place::sqlite();
    let store = place.store();
    let vault = Vault::open(&store, place.kek()).await.unwrap();
    let handoff_spine::store::Db::Sqlite(db) = store.open(&handoff_spine::store::DbName::Keys).await.unwrap() else {
        panic!("not SQLite")
    };
    handoff_spine::store::sqlx::query("DROP TABLE data_key").execute(db.writer()).await.unwrap();
    let event = Event::any();
    let slices = [(Category::Cad, b"x".as_slice())];
    let refused = vault.sealer().seal_event(event.record, None, &event.unit, event.id, &slices).await.unwrap_err();
    assert_eq!(refused.code(), "HO-3202");
}
