//! What the sameness of a person rests on: of two entries that were linked, or of one that a unit keeps.

use serde::{Deserialize, Serialize};

/// How two entries were found to be one human being.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchMethod {
    ManualReview,
    DocumentMatch,
    Deterministic,
    ProbabilisticReviewed,
    PersonConfirmed,
}

/// A share of one in ten-thousandths: 9800 is 0.98.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MatchScore(pub u16);

impl MatchScore {
    /// From a share between 0 and 1, rounded down: nothing reaches a threshold by rounding. None outside.
    #[must_use]
    pub fn of(share: f64) -> Option<Self> {
        // A share as written (0.98) is no binary fraction: what is missing to it is far less than a tenth of a step.
        let steps = (share * 10_000.0 + 0.000_1).floor();
        let steps: u16 = format!("{steps:.0}").parse().ok()?;
        (steps <= 10_000).then_some(Self(steps))
    }
}

/// What is known of a match; whether it suffices is the law's to say (rulebook 7.3 step 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchEvidence {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<MatchMethod>,
    /// The unit verified it itself: 45 CFR 164.514(h).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub verified: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<MatchScore>,
    /// How many different identifiers agreed that are given to one human being alone.
    #[serde(default)]
    pub strong_ids: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_rounded_down_and_reads_as_it_is_written() {
        for (share, steps) in [(0.0, 0), (0.93, 9_300), (0.97999, 9_799), (0.98, 9_800), (1.0, 10_000)] {
            assert_eq!(MatchScore::of(share), Some(MatchScore(steps)), "{share}");
        }
        for none in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(MatchScore::of(none), None, "{none}");
        }
    }
}
