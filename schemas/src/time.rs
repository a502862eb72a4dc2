use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

/// Where a day begins first.
pub const EAST: Offset = Offset::constant(14);
/// Where it begins last.
pub const WEST: Offset = Offset::constant(-12);

/// Time on the log: milliseconds since the Unix epoch, UTC; never decreases along `EVENTS`.
///
/// Log time = max(previous log time, server timestamp). Asserted times (when a partner says something
/// happened) are data, never this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogTime(pub i64);

impl LogTime {
    /// The later of the two: how log time advances from one message to the next.
    #[must_use]
    pub fn advance(self, server: Self) -> Self {
        self.max(server)
    }

    /// An RFC 3339 time in log milliseconds; none where the text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<Timestamp>().ok().map(Self::from)
    }

    /// The first instant of a day by this clock; none out of range.
    #[must_use]
    pub fn start_of(day: Date, zone: TimeZone) -> Option<Self> {
        day.to_zoned(zone).ok().map(|begins| begins.timestamp().into())
    }
}

impl From<Timestamp> for LogTime {
    fn from(at: Timestamp) -> Self {
        Self(at.as_millisecond())
    }
}

/// A zone as documents name it: an IANA name, or `+hh:mm` or `-hh:mm`. None where it is neither.
#[must_use]
pub fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok().or_else(|| offset(name).map(TimeZone::fixed))
}

fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = text.strip_prefix('-').map(|r| (-1, r)).or_else(|| text.strip_prefix('+').map(|r| (1, r)))?;
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let in_range = (0..=14).contains(&hours) && (0..60).contains(&minutes);
    in_range.then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())?
}
