//! What a match rests on, as the event says it. Whether it suffices is the law's to say (rulebook 7.3 step 2).

use std::collections::BTreeSet;

use handoff_schemas::{MatchEvidence, MatchMethod, MatchScore};
use handoff_spine::command::{Item, Refusal};
use serde::Deserialize;

use crate::decide::read;

#[derive(Deserialize)]
struct Linked {
    method: MatchMethod,
    score: Option<f64>,
    #[serde(default)]
    matched_on: BTreeSet<String>,
}

/// Of a link.
///
/// # Errors
/// The schema's, for data that breaks it; HO-2110 for a score that is no share of one.
pub fn of_link(item: &Item) -> Result<MatchEvidence, Refusal> {
    let linked: Linked = read(item)?;
    let score = linked.score.map(|share| score(share, "/score")).transpose()?;
    Ok(MatchEvidence { method: Some(linked.method), verified: false, score, strong_ids: count(&linked.matched_on) })
}

#[derive(Deserialize)]
struct Asserted {
    #[serde(default)]
    verified: bool,
    match_score: Option<f64>,
    #[serde(default)]
    matched_on: BTreeSet<String>,
}

/// Of an entry of the unit's own; none where the unit states no score and takes nothing back.
///
/// # Errors
/// As [`of_link`].
pub fn of_entry(item: &Item) -> Result<Option<MatchEvidence>, Refusal> {
    let asserted: Asserted = read(item)?;
    let Some(share) = asserted.match_score else {
        // Verified without a score: whatever score was stated before is settled.
        let settled = MatchEvidence { verified: true, ..MatchEvidence::default() };
        return Ok(asserted.verified.then_some(settled));
    };
    let score = Some(score(share, "/match_score")?);
    let (verified, strong_ids) = (asserted.verified, count(&asserted.matched_on));
    Ok(Some(MatchEvidence { method: None, verified, score, strong_ids }))
}

fn score(share: f64, place: &str) -> Result<MatchScore, Refusal> {
    MatchScore::of(share).ok_or_else(|| {
        Refusal::new("HO-2110", "a score is a share between 0 and 1", "send the score as the matcher gave it").at(place)
    })
}

fn count(identifiers: &BTreeSet<String>) -> u8 {
    u8::try_from(identifiers.len()).unwrap_or(u8::MAX)
}
