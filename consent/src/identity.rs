//! How sure it must be who somebody is before anything about them goes to others (rulebook 7.3 step 2).

use std::collections::BTreeSet;

use handoff_schemas::{Category, MatchEvidence, MatchMethod, MatchScore};
use serde::Deserialize;

/// How sure it is that two entries are one human being. In order, the least sure first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Nobody linked them.
    Unlinked,
    /// Linked on too little to release anything.
    Uncertain,
    /// Enough in an emergency, with a warning (T_emerg).
    Likely,
    /// Enough (T_release), or the same entry.
    Certain,
}

/// The thresholds (45 CFR 164.514(h)): `[identity]` of `law/defaults.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identification {
    /// T_release, with at least `strong_ids` identifiers given to one human being alone.
    pub release: MatchScore,
    pub strong_ids: u8,
    /// T_emerg.
    pub emergency: MatchScore,
    /// Methods that verify: they stand whatever a score says.
    pub verified: BTreeSet<MatchMethod>,
    /// Methods by which a person looked and decided: they stand where no lower score speaks against it.
    pub reviewed: BTreeSet<MatchMethod>,
    /// What is the incident's rather than a person's, and goes whoever it is about.
    pub incident: BTreeSet<Category>,
}

impl Identification {
    /// How far this evidence goes.
    #[must_use]
    pub fn confidence(&self, evidence: &MatchEvidence) -> Confidence {
        let by = |methods: &BTreeSet<MatchMethod>| evidence.method.is_some_and(|m| methods.contains(&m));
        let reaches = |threshold| evidence.score.is_some_and(|score| score >= threshold);
        let looked = by(&self.reviewed) && (evidence.score.is_none() || reaches(self.release));
        let matched = reaches(self.release) && evidence.strong_ids >= self.strong_ids;
        if evidence.verified || by(&self.verified) || looked || matched {
            Confidence::Certain
        } else if reaches(self.emergency) {
            Confidence::Likely
        } else {
            Confidence::Uncertain
        }
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let in_order = self.emergency <= self.release && self.release <= MatchScore(10_000);
        if in_order { Ok(()) } else { Err("the emergency threshold of `[identity]` lies above the other".to_owned()) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::bundle::Bundle;

    fn of(method: Option<MatchMethod>, score: Option<u16>, strong_ids: u8) -> Confidence {
        let evidence = MatchEvidence { method, verified: false, score: score.map(MatchScore), strong_ids };
        Bundle::embedded().unwrap().defaults.identity.confidence(&evidence)
    }

    #[test]
    fn a_score_needs_its_identifiers_and_a_person_who_looked_no_lower_score() {
        use Confidence::{Certain, Likely, Uncertain};
        use MatchMethod::{Deterministic, DocumentMatch, ManualReview, PersonConfirmed, ProbabilisticReviewed};
        for (method, score, strong_ids, expected) in [
            (ProbabilisticReviewed, Some(9_800), 2, Certain),
            (ProbabilisticReviewed, Some(9_799), 2, Likely),
            (ProbabilisticReviewed, Some(10_000), 1, Likely),
            (ProbabilisticReviewed, Some(8_999), 5, Uncertain),
            (ProbabilisticReviewed, None, 5, Uncertain),
            (Deterministic, None, 2, Uncertain),
            (Deterministic, Some(10_000), 2, Certain),
            (ManualReview, None, 0, Certain),
            (ManualReview, Some(9_300), 0, Likely),
            (ManualReview, Some(9_900), 0, Certain),
            (DocumentMatch, Some(5_000), 0, Certain),
            (PersonConfirmed, None, 0, Certain),
        ] {
            assert_eq!(of(Some(method), score, strong_ids), expected, "{method:?} {score:?} {strong_ids}");
        }
        assert_eq!(of(None, Some(9_999), 0), Likely);
    }

    #[test]
    fn what_the_unit_verified_stands() {
        let evidence = MatchEvidence { verified: true, ..MatchEvidence::default() };
        let law = &Bundle::embedded().unwrap().defaults.identity;
        assert_eq!(law.confidence(&evidence), Confidence::Certain);
        assert_eq!(law.confidence(&MatchEvidence::default()), Confidence::Uncertain);
    }
}
