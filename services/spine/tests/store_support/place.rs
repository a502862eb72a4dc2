//! Where a conformance case runs: a folder of its own, and in it SQLite files or a database of PostgreSQL's own.

use std::path::Path;
use std::sync::Arc;

use handoff_spine::store::Store;
use handoff_spine::testing::{Postgres, PostgresError};
use handoff_spine::vault::{KekFiles, Vault};

pub struct Place {
    dir: tempfile::TempDir,
    url: Option<String>,
}

impl Place {
    pub fn sqlite() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), url: None }
    }

    /// None where PostgreSQL is not installed.
    pub async fn postgres() -> Option<Self> {
        let server = match Postgres::shared() {
            Ok(server) => server,
            Err(PostgresError::NotFound | PostgresError::NoUser) => return None,
            Err(e) => panic!("{e}"),
        };
        Some(Self { dir: tempfile::tempdir().unwrap(), url: Some(server.database().await.unwrap()) })
    }

    /// A store as another process would open it: no pool shared.
    pub fn store(&self) -> Store {
        match &self.url {
            None => Store::sqlite(self.dir.path().join("db")),
            Some(url) => Store::postgres(url.clone(), "handoff"),
        }
    }

    #[allow(dead_code, reason = "only the vault's tests need it")]
    pub async fn vault(&self) -> Vault {
        Vault::open(&self.store(), self.kek()).await.unwrap()
    }

    #[allow(dead_code, reason = "only the vault's tests need it")]
    pub fn kek(&self) -> Arc<KekFiles> {
        Arc::new(KekFiles::new(self.dir.path()))
    }

    #[allow(dead_code, reason = "not every test file looks at files")]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    #[allow(dead_code, reason = "only some cases differ by engine")]
    pub fn is_sqlite(&self) -> bool {
        self.url.is_none()
    }
}

/// Runs each case on SQLite as a test of its own, and all of them on one PostgreSQL server.
#[macro_export]
macro_rules! conformance {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&super::place::Place::sqlite()).await;
            })*
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn postgres_conforms() {
            $(
                let Some(place) = place::Place::postgres().await else {
                    println!("skipped: no PostgreSQL here");
                    return;
                };
                println!("case {}", stringify!($case));
                $case(&place).await;
            )*
        }
    };
}
