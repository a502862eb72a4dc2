use crate::store::StoreError;

/// Why something was not sealed or opened. Names no person, record or content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The key was destroyed on order: what it sealed is gone for good (42 CFR 2.16, 2.19). Skip it as `erased`.
    #[error("HO-3101 erased: the key of this data was destroyed on order; skip it")]
    Erased,
    #[error(
        "HO-3102 the key table holds no such key: it is older than the log; restore the key backup of the log's time \
         or later"
    )]
    NoKey,
    /// Wrong key, or bytes or context that are not those sealed.
    #[error("HO-3103 sealed data does not open in this place: it was changed or moved; compare with a backup")]
    Tampered,
    #[error(
        "HO-3104 no key-encryption key at hand opens the key table: restore the file `kek` (and `kek.next`) that \
         belongs to this data folder"
    )]
    UnknownKek,
    #[error("HO-3105 the key-encryption key cannot be used: {0}")]
    Kek(String),
    #[error("HO-3106 the operating system gives no random bytes: nothing is sealed until it does")]
    NoRandomness,
    #[error("HO-3107 the key service has stopped: restart the service")]
    Stopped,
    #[error("HO-3108 keys are being changed by many at once: try again")]
    Contended,
    #[error("HO-3109 a destruction must name a person, a unit or a record: add one")]
    Unscoped,
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl VaultError {
    /// The stable code, explained in `services/ERRORS.md`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Erased => "HO-3101",
            Self::NoKey => "HO-3102",
            Self::Tampered => "HO-3103",
            Self::UnknownKek => "HO-3104",
            Self::Kek(_) => "HO-3105",
            Self::NoRandomness => "HO-3106",
            Self::Stopped => "HO-3107",
            Self::Contended => "HO-3108",
            Self::Unscoped => "HO-3109",
            Self::Store(e) => e.code(),
        }
    }

    /// Gone on order, for ever: a rebuild skips it and goes on.
    #[must_use]
    pub const fn is_erased(&self) -> bool {
        matches!(self, Self::Erased)
    }
}
