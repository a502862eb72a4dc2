//! Stopping, rebuilding and other databases change nothing of what was ruled.

use handoff::config::Config;
use handoff_gateway::wire::Row;
use handoff_schemas::PartnerId;
use handoff_spine::testing::Postgres;
use handoff_tests::{County, event};
use serde_json::{Value, json};

const REPORTED: &str = "encounter.incident-reported.v1";

async fn publish_some(county: &mut County, from: usize, to: usize) {
    for n in from..to {
        let data = json!({ "incident_number": format!("INC-{n}"), "call": { "type": "welfare-check" } });
        let person = format!("P-{}", n % 3);
        let sent = event("river-911", REPORTED, &format!("inc-{n}"), Some(&person), data);
        county.publish("river-911", &sent).await.unwrap();
    }
    county.settle().await.unwrap();
}

/// What every unit sees: cursor, ruling and data of each row.
type Seen = Vec<(String, Vec<(u64, Value, Value)>)>;

async fn five_incidents() -> (County, Seen, Config) {
    let mut county = County::start().await.unwrap();
    publish_some(&mut county, 0, 5).await;
    let before = everything(&county).await;
    let config = Config::embedded(county.data());
    (county, before, config)
}

async fn everything(county: &County) -> Seen {
    let mut all = Vec::new();
    for unit in ["river-pd-patrol", "river-fire-ems", "willow-clinic-crisis", "river-911"] {
        let rows: Vec<Row> = county.view(unit).await.unwrap().rows;
        all.push((unit.to_owned(), rows.into_iter().map(|r| (r.cursor, r.ruling, r.data)).collect()));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_hub_goes_on_where_it_was_and_releases_nothing_twice() {
    let (county, before, config) = five_incidents().await;
    let mut county = county.restart(&config).await.unwrap();
    county.settle().await.unwrap();
    assert_eq!(everything(&county).await, before);
    publish_some(&mut county, 0, 5).await;
    assert_eq!(everything(&county).await, before, "retries after a restart are still retries");
    publish_some(&mut county, 5, 7).await;
    let police = county.rows_of("river-pd-patrol", "river-911", REPORTED).await.unwrap();
    assert_eq!(police.len(), 7);
    county.stop().await.unwrap();
}

/// A view is disposable: dropped, it comes back from the streams row for row.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilt_view_is_the_same_view() {
    let (county, before, config) = five_incidents().await;
    let partner: PartnerId = "river-pd".parse().unwrap();
    let dir = county.stop_keeping().await.unwrap();
    {
        let ground = handoff::hub::Ground::open(&config).await.unwrap();
        ground.store.reset(&(&partner).into()).await.unwrap();
        ground.store.close().await;
        ground.broker.stop().await.unwrap();
    }
    let mut county = County::again(dir, &config).await.unwrap();
    county.settle().await.unwrap();
    assert_eq!(everything(&county).await, before);
    county.stop().await.unwrap();
}

/// The same story on PostgreSQL: one schema a partner.
#[tokio::test(flavor = "multi_thread")]
async fn postgresql_shows_what_sqlite_shows() {
    let server = Postgres::shared().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config =
        Config { database_url: Some(server.database().await.unwrap()), ..Config::embedded(dir.path().join("hub")) };
    let mut county = County::on(dir, &config).await.unwrap();
    publish_some(&mut county, 0, 5).await;
    let police = county.rows_of("river-pd-patrol", "river-911", REPORTED).await.unwrap();
    assert_eq!(police.len(), 5);
    assert_eq!(police[0].data["incident_number"], "INC-0");
    let mut county = county.restart(&config).await.unwrap();
    publish_some(&mut county, 0, 6).await;
    assert_eq!(county.rows_of("river-pd-patrol", "river-911", REPORTED).await.unwrap().len(), 6);
    county.stop().await.unwrap();
}
