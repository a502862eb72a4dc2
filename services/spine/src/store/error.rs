/// Why a database did not do what was asked. Driver errors are kept as their message only: their details may
/// quote row values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("HO-3201 cannot open database `{db}`: check that its folder or server can be reached and written: {cause}")]
    Open { db: String, cause: String },
    #[error("HO-3202 the database could not {what}: check its disk, its log and its connections: {cause}")]
    Query { what: &'static str, cause: String },
    #[error(
        "HO-3203 migration {version} of `{area}` is not the one this database has had: run the release that wrote it"
    )]
    MigrationChanged { area: String, version: u32 },
    #[error(
        "HO-3204 the database has migration {found} of `{area}`, this program knows {known}: run a newer release, or \
         restore the backup of before the upgrade"
    )]
    Newer { area: String, found: u32, known: u32 },
    #[error(
        "HO-3205 the checkpoint of `{stream}` is already at or after {sequence}: another process writes this database; \
         stop one of them"
    )]
    CheckpointTaken { stream: String, sequence: u64 },
    #[error(
        "HO-3206 role and schema `{schema}` cannot be made: give the login CREATEROLE and CREATE on the database, or \
         create them and grant the role to the login: {cause}"
    )]
    Rights { schema: String, cause: String },
    #[error("HO-3207 a value in table `{table}` cannot be read: restore the database, or rebuild it from the log")]
    Corrupt { table: &'static str },
    #[error("HO-3208 database `{0}` cannot be rebuilt from the log: restore it from its own backup")]
    NotRebuildable(String),
}

impl StoreError {
    /// The stable code, explained in `services/ERRORS.md`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Open { .. } => "HO-3201",
            Self::Query { .. } => "HO-3202",
            Self::MigrationChanged { .. } => "HO-3203",
            Self::Newer { .. } => "HO-3204",
            Self::CheckpointTaken { .. } => "HO-3205",
            Self::Rights { .. } => "HO-3206",
            Self::Corrupt { .. } => "HO-3207",
            Self::NotRebuildable(_) => "HO-3208",
        }
    }

    /// For `map_err`: what the database was asked to do, then the driver's message.
    pub fn query(what: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |e| Self::Query { what, cause: e.to_string() }
    }

    pub(super) fn open(db: impl ToString) -> impl Fn(sqlx::Error) -> Self {
        let db = db.to_string();
        move |e| Self::Open { db: db.clone(), cause: e.to_string() }
    }
}
