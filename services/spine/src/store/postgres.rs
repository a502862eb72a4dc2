use std::time::Duration;

use sha2::{Digest as _, Sha256};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Postgres, Transaction, raw_sql};

use super::{DbName, Durability, Residue, StoreError};

/// Connections a database; idle ones are given back, for there is a pool a partner.
const CONNECTIONS: u32 = 8;
const PATIENCE: Duration = Duration::from_secs(30);
/// PostgreSQL cuts longer names silently, which could make two partners share a schema.
const NAME_MAX: usize = 63;

/// One PostgreSQL schema, used as the role that owns it and nothing else.
#[derive(Clone, Debug)]
pub struct PgDb {
    pool: PgPool,
    schema: String,
}

impl PgDb {
    pub(super) async fn open(url: &str, prefix: &str, name: &DbName) -> Result<Self, StoreError> {
        let schema = schema_name(prefix, name);
        let options = connect_options(url, name)?;
        let mut login = PgConnection::connect_with(&options).await.map_err(StoreError::open(name))?;
        ensure_schema(&mut login, &schema)
            .await
            .map_err(|e| StoreError::Rights { schema: schema.clone(), cause: e.to_string() })?;
        login.close().await.map_err(StoreError::open(name))?;

        let durable = match name.durability() {
            Durability::Full => "on",
            Durability::FromLog => "off",
        };
        // INVARIANT: `schema` holds slug characters and `_` only (`schema_name`), so quoting it is enough.
        let enter =
            format!("SET ROLE \"{schema}\"; SET search_path = \"{schema}\"; SET synchronous_commit = {durable}");
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .min_connections(0)
            .acquire_timeout(PATIENCE)
            .idle_timeout(Duration::from_secs(60))
            .after_connect(move |conn, _| {
                let enter = enter.clone();
                Box::pin(async move { raw_sql(AssertSqlSafe(enter)).execute(conn).await.map(drop) })
            })
            .connect_with(options)
            .await
            .map_err(StoreError::open(name))?;
        Ok(Self { pool, schema })
    }

    /// Every connection of it works as the schema's own role.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Schema and role name.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// # Errors
    /// [`StoreError::Query`].
    pub async fn begin(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.pool.begin().await.map_err(StoreError::query("begin"))
    }

    /// # Errors
    /// [`StoreError::Query`].
    pub async fn snapshot(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.pool
            .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await
            .map_err(StoreError::query("begin"))
    }

    /// Vacuum drops dead row versions, but page slack, the write-ahead log and its archives keep them for a while.
    pub(super) async fn scrub(&self, table: &'static str) -> Result<Residue, StoreError> {
        raw_sql(AssertSqlSafe(format!("VACUUM \"{table}\"")))
            .execute(&self.pool)
            .await
            .map_err(StoreError::query("vacuum"))?;
        Ok(Residue::Server)
    }
}

pub(super) async fn drop_schema(url: &str, prefix: &str, name: &DbName) -> Result<(), StoreError> {
    let schema = schema_name(prefix, name);
    let mut login = PgConnection::connect_with(&connect_options(url, name)?).await.map_err(StoreError::open(name))?;
    raw_sql(AssertSqlSafe(format!("DROP SCHEMA IF EXISTS \"{schema}\" CASCADE")))
        .execute(&mut login)
        .await
        .map_err(StoreError::query("drop a schema"))?;
    login.close().await.map_err(StoreError::open(name))
}

fn connect_options(url: &str, name: &DbName) -> Result<PgConnectOptions, StoreError> {
    let options: PgConnectOptions = url.parse().map_err(|_| StoreError::Open {
        db: name.to_string(),
        // The parser's own message may quote the password.
        cause: "the database URL is not of the form postgres://user@host/database".to_owned(),
    })?;
    Ok(options.application_name("handoff"))
}

/// `<prefix>_<name>`; over-long names end in a digest so that they stay apart.
fn schema_name(prefix: &str, name: &DbName) -> String {
    let clean: String = prefix.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(20).collect();
    let full = format!("{clean}_{name}");
    if full.len() <= NAME_MAX {
        return full;
    }
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(full.as_bytes()));
    full.chars().take(NAME_MAX - 17).chain(std::iter::once('_')).chain(digest.chars().take(16)).collect()
}

/// Idempotent, and safe when two processes start together.
async fn ensure_schema(login: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    let mut tx = login.begin().await?;
    raw_sql("SELECT pg_advisory_xact_lock(hashtext('handoff schemas'))").execute(&mut *tx).await?;
    let (role, member): (bool, bool) = sqlx::query_as(
        "SELECT count(*) > 0, coalesce(bool_and(pg_has_role(current_user, oid, 'MEMBER')), false) \
         FROM pg_roles WHERE rolname = $1",
    )
    .bind(schema)
    .fetch_one(&mut *tx)
    .await?;
    if !role {
        raw_sql(AssertSqlSafe(format!("CREATE ROLE \"{schema}\" NOLOGIN"))).execute(&mut *tx).await?;
    }
    if !member {
        raw_sql(AssertSqlSafe(format!("GRANT \"{schema}\" TO CURRENT_USER"))).execute(&mut *tx).await?;
    }
    raw_sql(AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\" AUTHORIZATION \"{schema}\"")))
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_partner_names_get_schemas_of_their_own() {
        let name = |tail: &str| -> String {
            let slug = format!("{}{tail}", "a".repeat(62));
            slug.parse().map(|p| schema_name("handoff", &DbName::View(p))).unwrap_or_default()
        };
        assert_eq!(name("x").len(), NAME_MAX);
        assert_ne!(name("x"), name("y"));
    }

    #[test]
    fn a_prefix_cannot_break_out_of_its_quotes() {
        assert_eq!(schema_name("h\"; DROP ROLE x; --", &DbName::Hub), "hDROPROLEx_hub");
    }
}
