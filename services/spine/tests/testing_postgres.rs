//! The throw-away PostgreSQL that other tests stand on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::time::{Duration, Instant};

use handoff_spine::testing::Postgres;
use sqlx::{Connection as _, PgConnection};

#[tokio::test]
async fn databases_of_one_server_are_apart_and_all_go_with_it() {
    let server = Postgres::start().unwrap();
    let (one, two) = (server.database().await.unwrap(), server.database().await.unwrap());
    let mut first = PgConnection::connect(&one).await.unwrap();
    sqlx::raw_sql("CREATE TABLE mine (id uuid)").execute(&mut first).await.unwrap();
    let mut second = PgConnection::connect(&two).await.unwrap();
    assert!(sqlx::raw_sql("SELECT * FROM mine").execute(&mut second).await.is_err());

    let dir = std::path::PathBuf::from(one.split_once("host=").unwrap().1);
    assert!(dir.exists());
    drop(server);
    let deadline = Instant::now() + Duration::from_secs(20);
    while dir.exists() {
        assert!(Instant::now() < deadline, "the server's folder is still there");
        tokio::task::yield_now().await;
    }
    assert!(sqlx::raw_sql("SELECT 1").execute(&mut first).await.is_err(), "the server is still there");
}

#[tokio::test]
async fn the_shared_server_is_one() {
    let url = |s: &Postgres| s.url("postgres");
    assert_eq!(url(Postgres::shared().unwrap()), url(Postgres::shared().unwrap()));
}
