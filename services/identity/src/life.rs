//! Birth and death, as a unit holds them: they decide whose signature counts (42 CFR 2.14, 2.15; 45 CFR 164.502(g)).

use handoff_schemas::{EAST, Fact, PersonId};
use handoff_spine::command::{Item, Refusal};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::decide::read;

#[derive(Deserialize)]
struct Asserted {
    birth_date: Option<Date>,
}

/// The day of birth that an assertion states, if any.
///
/// # Errors
/// The schema's, for data that breaks it; HO-2360 for a day after that of the assertion.
pub fn born(item: &Item) -> Result<Option<Date>, Refusal> {
    let asserted: Asserted = read(item)?;
    match asserted.birth_date {
        Some(day) if ahead(item, day) => Err(Refusal::new(
            "HO-2360",
            "nobody is born after the day on which it is said",
            "correct the date of birth or the time of the event",
        )
        .at("/birth_date")),
        day => Ok(day),
    }
}

#[derive(Deserialize)]
struct Died {
    died_on: Option<Date>,
    #[serde(default)]
    in_error: bool,
}

/// That the person died, or did not after all. A death that is only reported counts: in doubt nothing is released.
///
/// # Errors
/// The schema's, for data that breaks it; HO-2361 for a day after that of the report.
pub fn died(item: &Item, person: PersonId) -> Result<Fact, Refusal> {
    let died: Died = read(item)?;
    if died.died_on.is_some_and(|day| ahead(item, day)) {
        return Err(Refusal::new(
            "HO-2361",
            "nobody has died after the day on which it is said",
            "correct the day of death or the time of the event",
        )
        .at("/died_on"));
    }
    Ok(Fact::PersonDied { person, day: died.died_on, in_error: died.in_error })
}

/// Whether the day has begun nowhere when the event says it was stated; an event without a time cannot show it.
fn ahead(item: &Item, day: Date) -> bool {
    let stated = item.asserted_at.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    // Where a day begins first: what has not begun there lies ahead everywhere.
    stated.is_some_and(|at| day > at.to_zoned(TimeZone::fixed(EAST)).date())
}
