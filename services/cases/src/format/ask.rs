use serde::Deserialize;

/// An ask, or legal process, is over.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Withdraw {
    /// The id of the request or order.
    pub ask: String,
    /// `withdrawn`, `incident-over`, `released-from-custody` or `order-satisfied`.
    pub cause: Option<String>,
}

/// Somebody looks at an ask or at legal process.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Review {
    /// The id of the request or order.
    pub ask: String,
    /// Of break-glass `appropriate` or `abuse`; of legal process `release` or `refuse`.
    pub outcome: String,
    /// Who: `reviewer` if absent.
    pub by: Option<String>,
}
