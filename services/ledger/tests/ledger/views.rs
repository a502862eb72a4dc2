//! A2: a view's row is the leaf of its release, or is named.

use crate::common::{Engine, Place, messages, released, terms};
use handoff_ledger::Tree;
use handoff_ledger::verify::{Place as Where, ViewRows, Views, What, verify};
use handoff_schemas::PartnerId;
use handoff_spine::log::Checkpoint;
use handoff_spine::view::{StoredRow, View};

/// Rows a test makes up.
struct Given(Vec<StoredRow>);

impl ViewRows for Given {
    async fn next(&mut self) -> Option<Result<StoredRow, PartnerId>> {
        self.0.pop().map(Ok)
    }
}

#[tokio::test]
async fn a2_views_show_what_was_released_and_nothing_else() {
    let all = messages(Tree::Releases, 3);
    let place = Place::build(Engine::Sqlite, 3, 0).await;
    let db = place.db().await;
    let rows: Vec<StoredRow> = released(&all)
        .into_iter()
        .map(|r| {
            let release = r.release.unwrap();
            let (ruling, slices) = (release.ruling, release.slices.text().to_owned());
            StoredRow { partner: r.partner, release: release.id, ruling, slices, has_terms: true, is_found: true }
        })
        .collect();
    let given = |rows: &[StoredRow]| Given(rows.to_vec());
    let report = verify(place.data(), &db, given(&rows), &[]).await.unwrap();
    assert!(report.is_sound() && report.views == rows.len() as u64);

    type Alter = fn(&mut StoredRow);
    let alterations: [(Alter, What, &str); 7] = [
        (|r| r.ruling = r.ruling.replace("river-fire-ems", "river-fire-emt"), What::ViewAltered, "ruling"),
        (|r| r.has_terms = false, What::ViewAltered, "terms"),
        (|r| r.is_found = false, What::ViewAltered, "index"),
        (|r| r.slices = r.slices.replacen("\"c\":\"", "\"c\":\"A", 1), What::ViewAltered, "slices"),
        (|r| r.slices = "[]".to_owned(), What::ViewAltered, "slices"),
        (|r| r.partner = "other-partner".parse().unwrap(), What::ViewWithoutLeaf, "partner"),
        (|r| r.release = handoff_schemas::ReleaseId(uuid::Uuid::from_u128(7)), What::ViewWithoutLeaf, "release"),
    ];
    for (alter, what, part) in alterations {
        for i in 0..rows.len() {
            let mut rows = rows.clone();
            alter(&mut rows[i]);
            let report = verify(place.data(), &db, given(&rows), &[]).await.unwrap();
            let place = Where::View { partner: rows[i].partner.to_string(), release: Some(rows[i].release), part };
            let found: Vec<_> = report.found().map(|f| (f.what, f.place.clone())).collect();
            assert_eq!(found, [(what, place)]);
        }
    }
}

#[tokio::test]
async fn the_partners_own_databases_are_read_for_the_check() {
    let all = messages(Tree::Releases, 3);
    let place = Place::build(Engine::Sqlite, 3, 0).await;
    let mut partners = std::collections::BTreeSet::new();
    for (i, ruled) in released(&all).iter().enumerate() {
        let view = View::open(place.store(), &ruled.partner).await.unwrap();
        let told = serde_json::from_str(&serde_json::to_string(ruled).unwrap()).unwrap();
        let changes = handoff_spine::view::changes(&told, &terms(), 1).unwrap();
        let to = Checkpoint { seq: i as u64 + 1, ..Checkpoint::default() };
        view.apply(&changes, &to).await.unwrap();
        partners.insert(ruled.partner.clone());
    }
    let views = Views::new(place.store().clone(), partners.into_iter().collect());
    let report = verify(place.data(), &place.db().await, views, &[]).await.unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!(report.views, released(&all).len() as u64);
}
