use std::collections::HashSet;

use handoff_schemas::{Category, RecordId, UnitId};
use handoff_spine::vault::{Destruction, VaultError};

use super::event::{Event, order, person};
use super::place::Place;

/// Whether a destruction names an event's category.
type Names<'a> = &'a dyn Fn(&Event, Category) -> bool;

pub async fn destroyed_stays_destroyed(place: &Place) {
    let vault = place.vault().await;
    let event = Event::any();
    let sealed = event.seal(&vault).await;
    let (id, what) = (order(), Destruction::of_person(event.person.unwrap()));
    assert_eq!(vault.destroy(id, &what).await.unwrap().keys, 3);
    event.is_erased(&vault, &sealed).await;
    assert_eq!(vault.destroy(id, &what).await.unwrap().keys, 0, "applying an order twice is the same as once");
    let vault = place.vault().await;
    event.is_erased(&vault, &sealed).await;
    vault.rotate_kek().await.unwrap();
    event.is_erased(&vault, &sealed).await;
}

pub async fn an_order_applied_again_spares_later_data(place: &Place) {
    let vault = place.vault().await;
    let event = Event::any();
    let before = event.seal(&vault).await;
    let (id, what) = (order(), Destruction::of_person(event.person.unwrap()));
    vault.destroy(id, &what).await.unwrap();
    let after = event.seal(&vault).await;
    assert!(after.iter().all(|s| s.sealed.key_version == 2));
    // Every start applies the log's destructions again.
    let vault = place.vault().await;
    assert_eq!(vault.destroy(id, &what).await.unwrap().keys, 0);
    event.opens(&vault, &after).await;
    event.is_erased(&vault, &before).await;
    assert_eq!(vault.destroy(order(), &what).await.unwrap().keys, 3, "a new order is a new order");
    event.is_erased(&vault, &after).await;
}

pub async fn a_destruction_reaches_what_it_names_and_nothing_else(place: &Place) {
    let vault = place.vault().await;
    let (ann, bob) = (person(), person());
    let both = [Category::Location, Category::Contact];
    let events: Vec<Event> = [("city-ems", ann), ("city-ems", bob), ("clinic", ann), ("clinic", bob)]
        .map(|(unit, person)| Event::new(unit, Some(person), &both))
        .into();
    let nobody = Event::new("clinic", None, &both);
    let clinic: UnitId = "clinic".parse().unwrap();
    let cases: [(Destruction, Names<'_>); 4] = [
        (Destruction::of_person(ann).from_unit(clinic.clone()).categories([Category::Contact]), &|e, c| {
            e.person == Some(ann) && e.unit == clinic && c == Category::Contact
        }),
        (Destruction::of_person(ann).categories([Category::Contact]), &|e, c| {
            e.person == Some(ann) && c == Category::Contact
        }),
        (Destruction::of_record(events[1].record), &|e, _| e.record == events[1].record),
        (Destruction::of_unit(clinic.clone()), &|e, _| e.unit == clinic),
    ];
    let mut sealed = Vec::new();
    for event in events.iter().chain([&nobody]) {
        sealed.push((event, event.seal(&vault).await));
    }
    let mut gone: HashSet<(RecordId, Category)> = HashSet::new();
    for (what, names) in cases {
        vault.destroy(order(), &what).await.unwrap();
        for vault in [&vault, &place.vault().await] {
            for (event, slices) in &sealed {
                for slice in slices {
                    if names(event, slice.category) {
                        gone.insert((event.record, slice.category));
                    }
                    let opened = event.open(&vault.opener(), slice).await;
                    let erased = gone.contains(&(event.record, slice.category));
                    assert_eq!(opened.err(), erased.then_some(VaultError::Erased), "{what:?}");
                }
            }
        }
    }
}

pub async fn a_destruction_without_scope_is_refused(place: &Place) {
    let vault = place.vault().await;
    let everything = Destruction::default().categories([Category::Location]);
    assert_eq!(vault.destroy(order(), &everything).await.unwrap_err().code(), "HO-3109");
}

pub async fn another_process_forgets_on_eviction(place: &Place) {
    let (here, there) = (place.vault().await, place.vault().await);
    let event = Event::any();
    let sealed = event.seal(&here).await;
    event.opens(&there, &sealed).await;
    let what = Destruction::of_person(event.person.unwrap());
    here.destroy(order(), &what).await.unwrap();
    there.evict(&what);
    event.is_erased(&there, &sealed).await;
    assert!(event.seal(&there).await.iter().all(|s| s.sealed.key_version == 2));
}
