use handoff_schemas::LogTime;
use handoff_spine::command::Refusal;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

/// An RFC 3339 time in log milliseconds; none where it is none.
pub fn instant(text: &str) -> Option<LogTime> {
    text.parse::<Timestamp>().ok().map(|t| LogTime(t.as_millisecond()))
}

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
    day.tomorrow()
        .and_then(|next| next.to_zoned(zone))
        .map(|midnight| LogTime(midnight.timestamp().as_millisecond()))
        .map_err(|_| {
            Refusal::new("HO-2318", "the expiration date is out of range", "send a date before the year 9999")
                .at("/expiry/date")
        })
}

fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok().or_else(|| offset(name).map(TimeZone::fixed))
}

/// `+hh:mm` or `-hh:mm`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = text.strip_prefix('-').map(|r| (-1, r)).or_else(|| text.strip_prefix('+').map(|r| (1, r)))?;
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let in_range = (0..=14).contains(&hours) && (0..60).contains(&minutes);
    in_range.then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())?
}
