use handoff_schemas::PersonId;
use jiff::civil::Date;

use super::Situation;
use crate::day::Begins;
use crate::state::Life;

impl Situation<'_> {
    /// Whether the hub itself has the person on record as dead, on the word of another unit than the one that is to read
    /// (42 CFR 2.15(b)(1)): nobody opens a chart by declaring its owner dead.
    pub fn deceased(&self) -> bool {
        let begun = |day: Date| Begins::of(day, None).earliest <= self.at;
        let by_another = |life: &Life| life.died_by.iter().any(|unit| *unit != self.recipient.unit);
        let died = |life: &Life| life.died.is_some_and(|d| d.day.is_none_or(begun)) && by_another(life);
        let recorded = |person: PersonId| {
            let lives = self.state.lives_of(person);
            lives.into_iter().any(|(entry, life)| self.is_same(entry) && died(life))
        };
        self.event.person.is_some_and(recorded)
    }
}
