use std::fmt;

use handoff_schemas::PartnerId;

/// Which database. Its name is its file (SQLite) or schema and role (PostgreSQL).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DbName {
    /// What the hub keeps about itself and its partners.
    Hub,
    /// Wrapped data keys; no part of the log and not rebuildable from it.
    Keys,
    /// Local ids and blind indexes: who is who. Rows are destroyed with their person.
    Index,
    Ledger,
    /// How far every view's floors have come.
    Standing,
    Outcomes,
    /// What one partner can read.
    View(PartnerId),
}

/// What a power cut may take back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that was committed.
    Full,
    /// The last commits, never consistency: rows and checkpoint go back together and are read again from the log.
    FromLog,
}

impl DbName {
    #[must_use]
    pub const fn durability(&self) -> Durability {
        match self {
            Self::Keys | Self::Ledger => Durability::Full,
            Self::Hub | Self::Index | Self::Standing | Self::Outcomes | Self::View(_) => Durability::FromLog,
        }
    }

    /// SQLite: bytes of a page. A released row fills most of the usual one and wastes the rest.
    #[must_use]
    pub const fn page_size(&self) -> u32 {
        if matches!(self, Self::View(_)) { 8192 } else { 4096 }
    }

    /// Whether deleted rows are overwritten in the file.
    #[must_use]
    pub const fn is_secure_delete(&self) -> bool {
        matches!(self, Self::Keys | Self::Index | Self::View(_))
    }

    /// Everything but keys comes from the log.
    #[must_use]
    pub const fn is_rebuildable(&self) -> bool {
        !matches!(self, Self::Keys)
    }
}

impl fmt::Display for DbName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hub => f.write_str("hub"),
            Self::Keys => f.write_str("keys"),
            Self::Index => f.write_str("index"),
            Self::Ledger => f.write_str("ledger"),
            Self::Standing => f.write_str("standing"),
            Self::Outcomes => f.write_str("outcomes"),
            Self::View(partner) => write!(f, "view-{partner}"),
        }
    }
}
