use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::UnitId;

/// A string that is no recipient kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a recipient kind: expected LE, PSAP, EMS, BHC, P2P, HOSP, CMP, CBO, CJ, VSP, L988, EVAL, ME or KIN")]
pub struct UnknownRecipientKind;

macro_rules! kinds {
    (
        { $($(#[$doc:meta])* $name:ident = $code:literal),* $(,)? }
        { $($(#[$outer_doc:meta])* $outer:ident = $outer_code:literal),* $(,)? }
    ) => {
        /// The column of `matrix.csv` that a reader's functional role falls in, or a kind that has none (rulebook 7.6).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum RecipientKind {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
            $($(#[$outer_doc])* #[serde(rename = $outer_code)] $outer,)*
        }

        impl RecipientKind {
            /// The twelve of the matrix, in its order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Kinds without a column: nothing reaches them but by their own named exception (rulebook 7.6).
            pub const OUTSIDE: &[Self] = &[$(Self::$outer),*];

            /// The matrix column, for example `LE`, or the code of a kind outside.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* $(Self::$outer => $outer_code,)* }
            }

            /// Whether the matrix has a column for it.
            #[must_use]
            pub const fn in_matrix(self) -> bool {
                !matches!(self, $(Self::$outer)|*)
            }
        }

        impl FromStr for RecipientKind {
            type Err = UnknownRecipientKind;
            fn from_str(s: &str) -> Result<Self, UnknownRecipientKind> {
                match s { $($code => Ok(Self::$name),)* $($outer_code => Ok(Self::$outer),)* _ => Err(UnknownRecipientKind) }
            }
        }
    };
}

kinds! {
    {
        /// Officer, co-response officers included.
        Le = "LE",
        /// 911 centre.
        Psap = "PSAP",
        /// Fire/EMS medical personnel.
        Ems = "EMS",
        /// Behavioral-health clinician, covered, not Part 2.
        Bhc = "BHC",
        /// 42 CFR Part 2 program.
        P2p = "P2P",
        /// Emergency department or crisis stabilisation.
        Hosp = "HOSP",
        /// Case manager or peer in a provider's workforce.
        Cmp = "CMP",
        /// Housing or social services, not covered by HIPAA.
        Cbo = "CBO",
        /// Court, probation, prosecutor, jail.
        Cj = "CJ",
        /// Victim service provider.
        Vsp = "VSP",
        /// Crisis line that is a provider.
        L988 = "L988",
        /// Funder, evaluator, board, public.
        Eval = "EVAL",
    }
    {
        /// Medical examiner or coroner.
        Me = "ME",
        /// Parent, guardian or other family of the person.
        Kin = "KIN",
    }
}

impl fmt::Display for RecipientKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Who a ruling is for: a unit, read in one functional role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Recipient {
    pub unit: UnitId,
    pub kind: RecipientKind,
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.unit, self.kind)
    }
}
