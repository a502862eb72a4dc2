use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A string that is no purpose code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a purpose: expected an HL7 v3 ActReason code such as TREAT, or a local code such as SCENESAFETY")]
pub struct UnknownPurpose;

macro_rules! purposes {
    ($($name:ident = $code:literal),* $(,)?) => {
        /// Purpose of use: HL7 v3 ActReason codes, and local ones (`urn:cohub:pou`) where HL7 has none
        /// (rulebook 5.1).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Purpose {
            $(#[serde(rename = $code)] $name,)*
        }

        impl Purpose {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code, for example `TREAT`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }

        impl FromStr for Purpose {
            type Err = UnknownPurpose;
            fn from_str(s: &str) -> Result<Self, UnknownPurpose> {
                match s { $($code => Ok(Self::$name),)* _ => Err(UnknownPurpose) }
            }
        }
    };
}

purposes! {
    Treat = "TREAT",
    Coc = "COC",
    Etreat = "ETREAT",
    Btg = "BTG",
    Ertreat = "ERTREAT",
    Clintrl = "CLINTRL",
    Pophlth = "POPHLTH",
    Hpaymt = "HPAYMT",
    Hoperat = "HOPERAT",
    Caremgt = "CAREMGT",
    Houtcoms = "HOUTCOMS",
    Hqualimp = "HQUALIMP",
    Perfmsr = "PERFMSR",
    Hresch = "HRESCH",
    Patrqt = "PATRQT",
    Famrqt = "FAMRQT",
    Pwatrny = "PWATRNY",
    PublicHealth = "PUBHLTH",
    Disaster = "DISASTER",
    Threat = "THREAT",
    Htest = "HTEST",
    Dispatch = "DISPATCH",
    SceneSafety = "SCENESAFETY",
    LeFollowup = "LEFOLLOWUP",
    CustodyHealth = "CUSTODYHEALTH",
    LeLocate = "LELOCATE",
    LeVictim = "LEVICTIM",
    LeCrimeAlert = "LECRIMEALERT",
    LeInvest = "LEINVEST",
    Prosecute = "PROSECUTE",
    Warrant = "WARRANT",
    CivilProc = "CIVILPROC",
    AdminProc = "ADMINPROC",
    CjMonitor = "CJMONITOR",
    MandatedReport = "MANDRPT",
    DutyWarn = "DUTYWARN",
    Missing = "MISSING",
    ProgEval = "PROGEVAL",
    FunderReport = "FUNDERRPT",
    PublicRecord = "PUBREC",
    Accounting = "ACCOUNTING",
}

impl Purpose {
    /// The next wider code of the ActReason tree, or none: `ETREAT` is a kind of `TREAT`.
    #[must_use]
    pub const fn parent(self) -> Option<Self> {
        match self {
            Self::Coc | Self::Etreat | Self::Clintrl => Some(Self::Treat),
            Self::Btg | Self::Ertreat => Some(Self::Etreat),
            Self::Caremgt | Self::Houtcoms | Self::Hqualimp | Self::Perfmsr => Some(Self::Hoperat),
            Self::Famrqt | Self::Pwatrny => Some(Self::Patrqt),
            Self::Disaster | Self::Threat => Some(Self::PublicHealth),
            _ => None,
        }
    }

    /// Whether a permission for `self` covers a request for `asked` (subsumption; rulebook 7.4:
    /// `TREAT` does not cover `SCENESAFETY`).
    #[must_use]
    pub fn covers(self, asked: Self) -> bool {
        std::iter::successors(Some(asked), |p| p.parent()).any(|p| p == self)
    }

    /// Proceedings and investigations against the patient (42 CFR 2.12(d)(1); rulebook P2-10).
    #[must_use]
    pub const fn is_proceeding(self) -> bool {
        matches!(self, Self::LeInvest | Self::Prosecute | Self::Warrant | Self::CivilProc | Self::AdminProc)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
