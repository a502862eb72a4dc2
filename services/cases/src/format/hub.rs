use handoff_schemas::{HubRole, OrgType};
use serde::{Deserialize, Deserializer};

use super::scalar::{Short, short_or_full};

/// What the hub's operator is by law. `hub: intermediary` is `hub: {role: intermediary}`.
#[derive(Clone, Debug)]
pub struct Hub(pub HubFields);

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HubFields {
    pub role: HubRole,
    pub org_type: OrgType,
    /// Counsel's decision that law enforcement may run the hub is on record.
    pub counsel_override: bool,
    pub keys_with_program: bool,
}

impl Default for HubFields {
    fn default() -> Self {
        Self { role: HubRole::default(), org_type: OrgType::Other, counsel_override: false, keys_with_program: false }
    }
}

impl Short for Hub {
    fn short(word: &str) -> Result<Self, String> {
        let role = match word {
            "business-associate" => HubRole::BusinessAssociate,
            "intermediary" => HubRole::Intermediary,
            _ => return Err(format!("`{word}` is no role of a hub: business-associate, intermediary")),
        };
        Ok(Self(HubFields { role, ..HubFields::default() }))
    }
}

impl From<HubFields> for Hub {
    fn from(fields: HubFields) -> Self {
        Self(fields)
    }
}

impl<'de> Deserialize<'de> for Hub {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        short_or_full::<D, Self, HubFields>(deserializer)
    }
}
