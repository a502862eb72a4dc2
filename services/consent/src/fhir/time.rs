use handoff_schemas::LogTime;
use jiff::civil::Date;

use super::FhirRefusal;
use super::node::Node;
use crate::moment::{Reading, period};

/// From the first instant to the first after; absent where the resource leaves it open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    pub from: Option<LogTime>,
    pub before: Option<LogTime>,
}

/// A FHIR `dateTime`: a day, a month, a year, or an instant with its offset.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Days(Date, Date),
    Instant(LogTime),
}

fn when(text: &str) -> Option<When> {
    Some(match text.len() {
        4 => {
            let first: Date = format!("{text}-01-01").parse().ok()?;
            When::Days(first, first.last_of_year())
        }
        7 => {
            let first: Date = format!("{text}-01").parse().ok()?;
            When::Days(first, first.last_of_month())
        }
        10 => {
            let day: Date = text.parse().ok()?;
            When::Days(day, day)
        }
        _ => When::Instant(LogTime::parse(text)?),
    })
}

/// A FHIR `Period`, whose end is part of it.
///
/// # Errors
/// HO-2340 for no time; HO-2326 for a period that holds no instant, or a day out of range.
pub fn window(node: &Node<'_>, zone: Option<&str>, reading: Reading) -> Result<Window, FhirRefusal> {
    node.only(&["id", "extension", "start", "end"])?;
    let read = |text: &str| when(text).ok_or_else(|| node.malformed());
    let start = node.text("start")?.map(read).transpose()?;
    let end = node.text("end")?.map(read).transpose()?;
    let reversed = match (start, end) {
        (Some(When::Days(first, _)), Some(When::Days(_, last))) => last < first,
        (Some(When::Instant(first)), Some(When::Instant(last))) => last < first,
        _ => false,
    };
    if reversed {
        return Err(node.refuse("HO-2326", "the period ends before it begins: 2.31(a)(3)", "correct its start or end"));
    }
    let here = |refusal: FhirRefusal| refusal.at(node.place());
    let from = match start {
        Some(When::Days(first, _)) => period(Some(first), None, zone, reading).map_err(here)?.0,
        Some(When::Instant(at)) => Some(at),
        None => None,
    };
    let before = match end {
        Some(When::Days(_, last)) => period(None, Some(last), zone, reading).map_err(here)?.1,
        Some(When::Instant(at)) => Some(LogTime(at.0.saturating_add(1))),
        None => None,
    };
    // A day may end before an instant; and no instant is on one day everywhere, where no zone says which place is meant.
    if from.zip(before).is_some_and(|(from, before)| before <= from) {
        return Err(node.refuse(
            "HO-2326",
            "no instant is sure to lie in the period: 2.31(a)(3)",
            "correct its start or end, or state both as instants with their offset",
        ));
    }
    Ok(Window { from, before })
}

/// When a document was signed; of a day without a zone, when that day had begun wherever the person may be.
///
/// # Errors
/// HO-2340 for no time.
pub fn signed(root: &Node<'_>, zone: Option<&str>) -> Result<Option<LogTime>, FhirRefusal> {
    let Some(text) = root.text("dateTime")? else { return Ok(None) };
    match when(text).ok_or_else(|| root.malformed())? {
        When::Instant(at) => Ok(Some(at)),
        When::Days(first, _) => {
            let days = period(Some(first), None, zone, Reading::Narrowest);
            days.map(|(from, _)| from).map_err(|refusal| refusal.at("/dateTime"))
        }
    }
}
