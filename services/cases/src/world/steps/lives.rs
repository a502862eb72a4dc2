use handoff_schemas::{CapacityFacts, Fact, LogTime, RecordId, RepresentativeFacts, RepresentativeRole, UnitId};
use handoff_spine::scenario::record_id;
use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::format::{Capacity, Person, Since};
use crate::found::Found;
use crate::world::World;
use crate::world::names::Names;

impl World {
    /// What is known of a person, as facts: no decider stands before it, and no view shows it. What a unit itself says of
    /// a person's birth, death, capacity or representative is an event of the case.
    ///
    /// # Errors
    /// A guardian whom the case does not introduce.
    pub fn person(&mut self, name: &str, p: &Person) -> Result<Found, String> {
        let operator = UnitId::operator();
        let person = Names::person(name);
        let record = |what: &str| record_id(&operator, &format!("{what} of {name}"));
        let stated = |statement: RecordId, capacity, from: Option<Date>| Fact::CapacityStated {
            capacity: CapacityFacts { statement, person, capacity, from, until: None },
        };
        let mut facts = Vec::new();
        facts.extend(p.born.map(|day| Fact::PersonBorn { person, day }));
        facts.extend(p.died.map(|since| match since.day() {
            Some(day) => Fact::PersonDied { person, day, in_error: false },
            None => Fact::PersonDied { person, day: None, in_error: true },
        }));
        facts.extend(p.capacity.map(|capacity| stated(record("capacity"), said(capacity), None)));
        let emancipated = p.emancipated.and_then(Since::day);
        let court = handoff_schemas::Capacity::Emancipated;
        facts.extend(emancipated.map(|from| stated(record("emancipation"), court, from)));
        if let Some(guardian) = &p.guardian {
            let unit = Some(self.unit_id(guardian)?).filter(|unit| self.directory.has(unit));
            let role = if minor(p.born, self.at) { RepresentativeRole::Parent } else { RepresentativeRole::Guardian };
            let representative = RepresentativeFacts {
                representative: record("guardian"),
                person,
                role,
                unit,
                categories: Vec::new(),
                from: None,
                until: None,
                endangerment: false,
            };
            facts.push(Fact::RepresentativeRecorded { representative });
        }
        if !facts.is_empty() {
            self.append(Vec::new(), &operator, facts);
        }
        Ok(Found::accepted())
    }
}

const fn said(capacity: Capacity) -> handoff_schemas::Capacity {
    match capacity {
        Capacity::Has => handoff_schemas::Capacity::Full,
        Capacity::Lacks => handoff_schemas::Capacity::AdjudicatedIncapacity,
        Capacity::CannotNow => handoff_schemas::Capacity::CannotDecideNow,
    }
}

/// Whether somebody born on this day is under 18 at a time; of whom no day is known, nobody says so.
fn minor(born: Option<Date>, at: LogTime) -> bool {
    let today = jiff::Timestamp::from_millisecond(at.0).map(|t| t.to_zoned(jiff::tz::TimeZone::UTC).date());
    let of_age = born.and_then(|day| day.checked_add(18.years()).ok());
    of_age.zip(today.ok()).is_some_and(|(of_age, today)| today < of_age)
}
