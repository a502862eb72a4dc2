use handoff_spine::command::{Item, Refusal};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;

use crate::state::CAUTION;

/// Pairs of leaves of one event, of which the second cannot lie before the first. Pairs across events are not
/// checked: an arrival logged before its dispatch is how the field really writes, and is kept as it came.
const ORDERED: &[(&str, &str, &str)] = &[
    ("encounter.caution-recorded.v1", "observed_at", "expires_at"),
    ("encounter.hold-initiated.v1", "initiated_at", "ends_at"),
    ("encounter.booking-recorded.v1", "booked_at", "released_at"),
    ("encounter.hospital-admitted.v1", "at", "discharged_at"),
    ("encounter.charge-outcome-recorded.v1", "filed_on", "decided_on"),
];

/// Checks what an item says about time, where the item alone can tell.
pub fn check(item: &Item) -> Result<(), Refusal> {
    if item.asserted_at.as_deref().is_some_and(|t| t.parse::<Timestamp>().is_err()) {
        return Err(Refusal::new(
            "HO-2209",
            "the asserted time is no RFC 3339 time",
            "send a time with its offset, such as 2026-11-22T19:26:00-06:00",
        )
        .at("/time"));
    }
    for (event_type, first, second) in ORDERED {
        if *event_type != item.event_type.as_str() {
            continue;
        }
        if let (Some(start), Some(end)) = (instant(&item.data, first), instant(&item.data, second))
            && end < start
        {
            return Err(Refusal::new(
                "HO-2210",
                format!("`{second}` lies before `{first}`"),
                "correct one of the two times",
            )
            .at(format!("/{second}")));
        }
    }
    if item.event_type.as_str() == CAUTION { twelve_months(&item.data) } else { Ok(()) }
}

/// Rulebook 7.5, F2: a caution expires within twelve months, and is reviewed or forgotten then.
fn twelve_months(data: &Value) -> Result<(), Refusal> {
    let (Some(observed), Some(expires)) = (instant(data, "observed_at"), instant(data, "expires_at")) else {
        return Ok(());
    };
    let latest = observed.to_zoned(jiff::tz::TimeZone::UTC).checked_add(1.year().days(1)).map(|z| z.timestamp());
    if latest.is_ok_and(|latest| expires > latest) {
        return Err(Refusal::new(
            "HO-2211",
            "a caution cannot last longer than twelve months",
            "set `expires_at` within twelve months; review the caution then and record it again if it still holds",
        )
        .at("/expires_at"));
    }
    Ok(())
}

fn instant(data: &Value, field: &str) -> Option<Timestamp> {
    let text = data.get(field)?.as_str()?;
    text.parse()
        .ok()
        .or_else(|| text.parse::<Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp()))
}
