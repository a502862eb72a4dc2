//! What the hub's operator is by law: a fact of the deployment, declared on the log (rulebook 0.6, 7.1).

use serde::{Deserialize, Serialize};

use crate::OrgType;

/// How the hub stands to the programs and covered entities whose data it carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HubRole {
    /// Business associate and qualified service organization, and so no intermediary (42 CFR 2.11).
    #[default]
    BusinessAssociate,
    /// A general designation reaches only those who treat the person (42 CFR 2.31(a)(4)(ii)(B)).
    Intermediary,
}

/// What the operator declared last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorFacts {
    pub role: HubRole,
    pub org_type: OrgType,
    /// Counsel's decision is on record that law enforcement may run the hub.
    pub counsel_override: bool,
    /// The programs and covered entities hold the keys of their data themselves.
    pub keys_with_program: bool,
}

impl OperatorFacts {
    /// Whether units under HIPAA or Part 2 may be active at this operator's hub (rulebook 7.1): not where it is law
    /// enforcement, but with counsel's override on record and the keys out of its hands.
    #[must_use]
    pub const fn may_carry_health(self) -> bool {
        !matches!(self.org_type, OrgType::LawEnforcement) || (self.counsel_override && self.keys_with_program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rulebook_7_1_law_enforcement_needs_counsel_and_foreign_keys_both() {
        let facts = |org_type, counsel_override, keys_with_program| OperatorFacts {
            role: HubRole::BusinessAssociate,
            org_type,
            counsel_override,
            keys_with_program,
        };
        assert!(facts(OrgType::Other, false, false).may_carry_health());
        for (counsel, keys, may) in
            [(false, false, false), (true, false, false), (false, true, false), (true, true, true)]
        {
            assert_eq!(facts(OrgType::LawEnforcement, counsel, keys).may_carry_health(), may, "{counsel} {keys}");
        }
    }
}
