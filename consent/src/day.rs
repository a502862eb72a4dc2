//! When a day begins, and when somebody comes of age.

use handoff_schemas::{EAST, LogTime, WEST, time_zone};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// When a day begins: not before `earliest`, and at `latest` for certain. One instant where the zone is known; apart
/// where it is not, and between the two nothing that hangs on the day is sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begins {
    pub earliest: LogTime,
    pub latest: LogTime,
}

impl Begins {
    /// Before every instant.
    pub const EVER: Self = Self { earliest: LogTime(i64::MIN), latest: LogTime(i64::MIN) };
    /// After every instant.
    pub const NEVER: Self = Self { earliest: LogTime(i64::MAX), latest: LogTime(i64::MAX) };

    /// Of a day in a zone: an IANA name, or `+hh:mm`.
    pub fn of(day: Date, zone: Option<&str>) -> Self {
        let (east, west) = match zone.and_then(time_zone) {
            Some(zone) => (zone.clone(), zone),
            None => (TimeZone::fixed(EAST), TimeZone::fixed(WEST)),
        };
        Self {
            earliest: LogTime::start_of(day, east).unwrap_or(LogTime(i64::MIN)),
            latest: LogTime::start_of(day, west).unwrap_or(LogTime(i64::MAX)),
        }
    }
}

/// Years at which somebody is of age.
pub const OF_AGE: u8 = 18;

/// The days from which on somebody may be, and surely is, of age.
pub fn of_age(born: Date) -> Option<(Date, Date)> {
    turns(born, OF_AGE)
}

/// The days from which on somebody may be, and surely is, so many years old. One day, but for who is born on 29 February:
/// the laws of the states differ between 28 February and 1 March.
pub fn turns(born: Date, years: u8) -> Option<(Date, Date)> {
    let year = born.year().checked_add(i16::from(years))?;
    if let Ok(birthday) = Date::new(year, born.month(), born.day()) {
        return Some((birthday, birthday));
    }
    Some((Date::new(year, 2, 28).ok()?, Date::new(year, 3, 1).ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn instant(text: &str) -> LogTime {
        LogTime::parse(text).unwrap()
    }

    #[test]
    fn a_day_begins_at_one_instant_in_a_zone_and_over_a_whole_day_in_none() {
        let here = Begins::of(day("2026-11-23"), Some("America/Los_Angeles"));
        assert_eq!((here.earliest, here.latest), (instant("2026-11-23T08:00:00Z"), instant("2026-11-23T08:00:00Z")));
        assert_eq!(Begins::of(day("2026-11-23"), Some("-08:00")), here);
        for nowhere in [None, Some("Mars/Olympus")] {
            let begins = Begins::of(day("2026-11-23"), nowhere);
            assert_eq!(begins.earliest, instant("2026-11-22T10:00:00Z"));
            assert_eq!(begins.latest, instant("2026-11-23T12:00:00Z"));
        }
    }

    #[test]
    fn who_is_born_on_a_leap_day_is_surely_of_age_on_the_first_of_march() {
        assert_eq!(of_age(day("2008-11-23")), Some((day("2026-11-23"), day("2026-11-23"))));
        assert_eq!(of_age(day("2008-02-29")), Some((day("2026-02-28"), day("2026-03-01"))));
        assert_eq!(of_age(day("9990-01-01")), None);
    }
}
