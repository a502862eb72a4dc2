use std::collections::{BTreeMap, BTreeSet};

use handoff_schemas::{AskFacts, Claim, LogPos, LogTime, PersonId, RecordId, ReviewOutcome};
use jiff::civil::Weekday;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::reason::Reason;

/// An ask and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AskState {
    pub facts: AskFacts,
    pub made_at: LogPos,
    /// Log time there.
    pub from: LogTime,
    pub ended: bool,
    pub review: Option<ReviewOutcome>,
}

impl AskState {
    /// The first instant at which it opens nothing any more by time alone.
    #[must_use]
    pub fn until(&self) -> LogTime {
        let lasts = LogTime(self.from.0.saturating_add(i64::from(self.facts.minutes).saturating_mul(60_000)));
        match &self.facts.claim {
            Claim::LegalProcess(order) => order.expires.unwrap_or(lasts),
            _ => lasts,
        }
    }

    /// Whether it may open anything at an instant, and if not, why.
    ///
    /// # Errors
    /// [`Reason::AskEnded`] once it is over; [`Reason::AskUnreviewed`] for legal process that nobody decided to answer.
    pub fn in_force(&self, at: LogTime) -> Result<(), Reason> {
        if self.ended || at >= self.until() || self.review == Some(ReviewOutcome::Abuse) {
            return Err(Reason::AskEnded);
        }
        match (&self.facts.claim, self.review) {
            (Claim::LegalProcess(_), Some(ReviewOutcome::Release)) => Ok(()),
            (Claim::LegalProcess(_), Some(ReviewOutcome::Refuse)) => Err(Reason::AskEnded),
            (Claim::LegalProcess(_), _) => Err(Reason::AskUnreviewed),
            _ => Ok(()),
        }
    }

    /// Whether the units whose data it opens document it (42 CFR 2.51(c); rulebook 7.7 BTG, "notify source unit now").
    #[must_use]
    pub fn is_documented(&self) -> bool {
        matches!(self.facts.claim, Claim::Emergency(_) | Claim::BreakGlass(_))
    }

    /// Whether a person has yet to look at it: a use of break-glass, or legal process that nobody decided on. What ended
    /// unanswered needs no answer; what was used is looked at even when it is over.
    #[must_use]
    pub fn awaits_review(&self) -> bool {
        let used = matches!(self.facts.claim, Claim::BreakGlass(_));
        let served = matches!(self.facts.claim, Claim::LegalProcess(_)) && !self.ended;
        self.review.is_none() && (used || served)
    }

    /// When a use of break-glass must have been reviewed: the end of the second business day after it (rulebook 7.7).
    /// None where nothing is to be reviewed, or it was.
    #[must_use]
    pub fn review_due(&self) -> Option<LogTime> {
        let open = matches!(self.facts.claim, Claim::BreakGlass(_)) && self.review.is_none();
        if open { business_days_after(self.from, 2) } else { None }
    }
}

/// The end, UTC, of the n-th day after `from` that is neither Saturday nor Sunday. Holidays are a deployment's own.
fn business_days_after(from: LogTime, days: u32) -> Option<LogTime> {
    let start = Timestamp::from_millisecond(from.0).ok()?;
    let mut day = start.to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut left = days;
    while left > 0 {
        day = day.checked_add(1.day()).ok()?;
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    let end = day.checked_add(1.day()).ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(end.timestamp().into())
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Asks {
    all: BTreeMap<RecordId, AskState>,
    by_person: BTreeMap<PersonId, BTreeSet<RecordId>>,
}

impl Asks {
    /// A record is one ask: said again it stays what it was.
    pub fn made(&mut self, facts: AskFacts, made_at: LogPos, from: LogTime) -> Option<&AskState> {
        if self.all.contains_key(&facts.ask) {
            return None;
        }
        let ask = facts.ask;
        self.by_person.entry(facts.person).or_default().insert(ask);
        let state = AskState { facts, made_at, from, ended: false, review: None };
        Some(&*self.all.entry(ask).or_insert(state))
    }

    pub fn ended(&mut self, ask: RecordId) -> Option<PersonId> {
        let state = self.all.get_mut(&ask)?;
        state.ended = true;
        Some(state.facts.person)
    }

    pub fn reviewed(&mut self, ask: RecordId, outcome: ReviewOutcome) -> Option<PersonId> {
        let state = self.all.get_mut(&ask)?;
        // What closed an ask closed it for good: its floor stands for ever.
        if !matches!(state.review, Some(ReviewOutcome::Abuse | ReviewOutcome::Refuse)) {
            state.review = Some(outcome);
        }
        Some(state.facts.person)
    }

    pub fn get(&self, ask: RecordId) -> Option<&AskState> {
        self.all.get(&ask)
    }

    pub fn of(&self, person: PersonId) -> impl Iterator<Item = &AskState> {
        self.by_person.get(&person).into_iter().flatten().filter_map(|a| self.all.get(a))
    }

    pub fn all(&self) -> impl Iterator<Item = &AskState> {
        self.all.values()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_due_after_two_business_days() {
        let at = |text: &str| LogTime::parse(text).unwrap();
        for (from, due) in [
            ("2026-11-23T09:00:00Z", "2026-11-26T00:00:00Z"),
            ("2026-11-20T23:59:59Z", "2026-11-25T00:00:00Z"),
            ("2026-11-21T12:00:00Z", "2026-11-25T00:00:00Z"),
        ] {
            assert_eq!(business_days_after(at(from), 2), Some(at(due)), "{from}");
        }
    }
}
