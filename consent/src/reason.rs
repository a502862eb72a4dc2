//! Why something was withheld, as stable codes with their words in `law/reasons.toml`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::bundle::place;

macro_rules! reasons {
    ($($name:ident = $code:literal),* $(,)?) => {
        /// A reason code (rulebook 7.3). Internal: the source and the privacy officer see it, a recipient never.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $(#[serde(rename = $code)] $name,)*
        }

        impl Reason {
            /// Every reason, most decisive first: the order in which they are stated.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code, for example `NO_CONSENT`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }

        impl FromStr for Reason {
            type Err = UnknownReason;
            fn from_str(s: &str) -> Result<Self, UnknownReason> {
                match s { $($code => Ok(Self::$name),)* _ => Err(UnknownReason) }
            }
        }
    };
}

/// A string that is no reason code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a reason code: expected one of law/reasons.toml")]
pub struct UnknownReason;

reasons! {
    EvaluationError = "EVALUATION_ERROR",
    NotAuthorized = "NOT_AUTHORIZED",
    NeverCarried = "NEVER_CARRIED",
    VictimServices = "VICTIM_SERVICES",
    Erased = "ERASED",
    Sealed = "SEALED",
    IdentityUncertain = "IDENTITY_UNCERTAIN",
    PurposeBarred = "PURPOSE_BARRED",
    NoticeMissing = "NOTICE_MISSING",
    PersonDenies = "PERSON_DENIES",
    Part2Exception = "PART2_EXCEPTION",
    BreakGlassBarred = "BREAK_GLASS_BARRED",
    NotMedical = "NOT_MEDICAL",
    NotDeceased = "NOT_DECEASED",
    StateHookDenies = "STATE_HOOK_DENIES",
    StateHookConsent = "STATE_HOOK_CONSENT",
    AgreementProhibits = "AGREEMENT_PROHIBITS",
    CjisChannel = "CJIS_CHANNEL",
    MatrixDenies = "MATRIX_DENIES",
    AggregateOnly = "AGGREGATE_ONLY",
    OutsideMatrix = "OUTSIDE_MATRIX",
    QsoLawEnforcement = "QSO_LAW_ENFORCEMENT",
    AgreementSuspended = "AGREEMENT_SUSPENDED",
    AgreementTerminated = "AGREEMENT_TERMINATED",
    AgreementExpired = "AGREEMENT_EXPIRED",
    AgreementNotYet = "AGREEMENT_NOT_YET",
    AgreementUnreadable = "AGREEMENT_UNREADABLE",
    AgreementTerm = "AGREEMENT_TERM",
    NoAgreement = "NO_AGREEMENT",
    ConsentRevoked = "CONSENT_REVOKED",
    ConsentExpired = "CONSENT_EXPIRED",
    ConsentDeficient = "CONSENT_DEFICIENT",
    ConsentUnverified = "CONSENT_UNVERIFIED",
    ConsentOverruled = "CONSENT_OVERRULED",
    HoldForReview = "HOLD_FOR_REVIEW",
    SignerDied = "SIGNER_DIED",
    SignerAge = "SIGNER_AGE",
    SignerMinor = "SIGNER_MINOR",
    SignerAuthority = "SIGNER_AUTHORITY",
    VictimRelease = "VICTIM_RELEASE",
    TpoRecipient = "TPO_RECIPIENT",
    NoTreatment = "NO_TREATING_RELATIONSHIP",
    ConsentType = "CONSENT_TYPE",
    ConsentScope = "CONSENT_SCOPE",
    NoConsent = "NO_CONSENT",
    AskEnded = "ASK_ENDED",
    AskUnreviewed = "ASK_UNREVIEWED",
    AskScope = "ASK_SCOPE",
    AskPurpose = "ASK_PURPOSE",
    FactMissing = "FACT_MISSING",
    ExceptionElsewhere = "EXCEPTION_ELSEWHERE",
    ExceptionOnly = "EXCEPTION_ONLY",
    CourtOrderOnly = "COURT_ORDER_ONLY",
    HookNotReviewed = "HOOK_NOT_REVIEWED",
    ConditionNotMet = "CONDITION_NOT_MET",
    NotInTemplate = "NOT_IN_TEMPLATE",
    NoPurpose = "NO_PURPOSE",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A reason in plain language, with its law and what would change the answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonText {
    /// The rule that speaks where no `forbid` of the floors does.
    pub policy: Arc<str>,
    pub cite: Arc<str>,
    pub plain: Arc<str>,
    pub change: Arc<str>,
}

/// The words of every reason. Complete: a bundle without one of them does not load.
#[derive(Clone, Debug)]
pub struct Reasons(BTreeMap<Reason, ReasonText>);

impl Reasons {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let read: BTreeMap<Reason, ReasonText> = place::read(text)?;
        match Reason::ALL.iter().find(|r| !read.contains_key(r)) {
            Some(missing) => Err(format!("no words for `{missing}`")),
            None => Ok(Self(read)),
        }
    }

    /// The words of a reason.
    #[must_use]
    pub fn text(&self, reason: Reason) -> Option<&ReasonText> {
        self.0.get(&reason)
    }
}
