use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A basis key: `B1` to `B38` of rulebook 7.6; `B39` for an inquiry into the cause of a death (42 CFR 2.15(b)(1),
/// 45 CFR 164.512(g)(1)), which no cell of the matrix names; or `own` for what a unit published itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Basis(u8);

/// A string that is no basis key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a basis key: expected `B1` to `B39` or `own`")]
pub struct UnknownBasis;

impl Basis {
    /// A unit reads in full what it published itself.
    pub const OWN: Self = Self(0);
    /// Authorization, or plain written consent where the source is not covered by HIPAA.
    pub const AUTHORIZATION: Self = Self(3);
    /// Part 2 consent, 42 CFR 2.31 and 2.33.
    pub const PART2_CONSENT: Self = Self(14);
    /// Medical emergency, 42 CFR 2.51.
    pub const EMERGENCY: Self = Self(15);
    /// Consent for proceedings, 42 CFR 2.12(d)(1) and 2.31(d).
    pub const PROCEEDINGS_CONSENT: Self = Self(18);
    /// Criminal-justice referral consent, 42 CFR 2.35.
    pub const CRIMINAL_JUSTICE: Self = Self(22);
    /// Sealing and expungement (ST-08).
    pub const SEALING: Self = Self(33);
    /// The agreement itself.
    pub const AGREEMENT: Self = Self(34);
    /// Evidence and public-records law.
    pub const EVIDENCE: Self = Self(35);
    /// LE- or PSAP-originated data under the agency's own authority.
    pub const AGENCY: Self = Self(37);
}

impl FromStr for Basis {
    type Err = UnknownBasis;
    fn from_str(s: &str) -> Result<Self, UnknownBasis> {
        if s == "own" {
            return Ok(Self::OWN);
        }
        let number = s.strip_prefix('B').and_then(|n| n.parse().ok());
        number.filter(|n| (1..=39).contains(n)).map(Self).ok_or(UnknownBasis)
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("own"),
            n => write!(f, "B{n}"),
        }
    }
}

impl TryFrom<String> for Basis {
    type Error = UnknownBasis;
    fn try_from(s: String) -> Result<Self, UnknownBasis> {
        s.parse()
    }
}

impl From<Basis> for String {
    fn from(b: Basis) -> Self {
        b.to_string()
    }
}
