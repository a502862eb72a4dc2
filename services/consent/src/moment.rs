use handoff_schemas::{EAST, LogTime, WEST, time_zone};
use handoff_spine::command::Refusal;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The first instant after the stated day where the person is: a consent "until 5 March" holds all of that day.
///
/// # Errors
/// HO-2318 where the zone is missing or unknown: a day has no end without one.
pub fn end_of_day(day: Date, zone: Option<&str>) -> Result<LogTime, Refusal> {
    let zone = zone.and_then(time_zone).ok_or_else(|| {
        Refusal::new(
            "HO-2318",
            "an expiration date needs the person's time zone",
            "send an IANA zone such as `America/Chicago`, or an offset such as `-06:00`",
        )
        .at("/expiry/time_zone")
    })?;
    end(day, zone).ok_or_else(|| {
        Refusal::new("HO-2318", "the expiration date is out of range", "send a date before the year 9999")
            .at("/expiry/date")
    })
}

/// How days are read where no time zone says when they begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// What is permitted: only what lies in the days wherever the person may be.
    Narrowest,
    /// What is forbidden: whatever may lie in them.
    Widest,
}

/// From the first instant of one day to the first after another, both whole days where the person is; absent where the
/// day is.
///
/// # Errors
/// HO-2326 where the second day lies before the first, the zone is unknown, or a day is out of range.
pub fn period(
    from: Option<Date>,
    to: Option<Date>,
    zone: Option<&str>,
    reading: Reading,
) -> Result<(Option<LogTime>, Option<LogTime>), Refusal> {
    let wrong = |what: &str, place: &str| {
        Refusal::new("HO-2326", format!("the data period {what}: 2.31(a)(3)"), "correct its days or the time zone")
            .at(place)
    };
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        return Err(wrong("ends before it begins", "/data_to"));
    }
    if from.is_none() && to.is_none() {
        return Ok((None, None));
    }
    let (begins, ends) = clocks(zone, reading).ok_or_else(|| wrong("has an unknown time zone", "/expiry/time_zone"))?;
    let bound = |at: Option<LogTime>, place| at.ok_or_else(|| wrong("is out of range", place));
    let from = from.map(|day| bound(LogTime::start_of(day, begins), "/data_from")).transpose()?;
    let before = to.map(|day| bound(end(day, ends), "/data_to")).transpose()?;
    Ok((from, before))
}

/// The days of a period as [`period`] reads them: the first of it, and the last before its end. None where the zone is
/// unknown, or a time out of range. Whether the period begins and ends with these days is seen by reading them again.
pub fn days(
    from: Option<LogTime>,
    before: Option<LogTime>,
    zone: Option<&str>,
    reading: Reading,
) -> Option<(Option<Date>, Option<Date>)> {
    let (begins, ends) = clocks(zone, reading)?;
    let day = |at: LogTime, clock: &TimeZone| {
        Timestamp::from_millisecond(at.0).ok().map(|t| t.to_zoned(clock.clone()).date())
    };
    let first = match from {
        Some(at) => Some(day(at, &begins)?),
        None => None,
    };
    let last = match before {
        Some(at) => Some(day(LogTime(at.0.saturating_sub(1)), &ends)?),
        None => None,
    };
    Some((first, last))
}

/// By which clock the first day of a period begins, and by which its last ends. None for an unknown zone.
fn clocks(zone: Option<&str>, reading: Reading) -> Option<(TimeZone, TimeZone)> {
    match (zone, reading) {
        (Some(name), _) => time_zone(name).map(|zone| (zone.clone(), zone)),
        (None, Reading::Narrowest) => Some((TimeZone::fixed(WEST), TimeZone::fixed(EAST))),
        (None, Reading::Widest) => Some((TimeZone::fixed(EAST), TimeZone::fixed(WEST))),
    }
}

/// The first instant after a day.
fn end(day: Date, zone: TimeZone) -> Option<LogTime> {
    day.tomorrow().ok().and_then(|next| LogTime::start_of(next, zone))
}
