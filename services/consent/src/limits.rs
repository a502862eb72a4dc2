use handoff_schemas::{ConsentFacts, EventType, RecordId, Registry, UnitId};
use handoff_spine::command::Refusal;
use handoff_spine::decider::Names;
use jiff::civil::Date;
use serde::Deserialize;

use crate::moment::{Reading, period};

/// The unit that records a document, and the hub's names for that unit's own records.
pub struct Recorder<'a> {
    pub unit: &'a UnitId,
    pub names: &'a Names,
}

/// To what a document limits its categories: "how much and what kind" (2.31(a)(3)). What it leaves out limits nothing.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Limits {
    data_from: Option<Date>,
    data_to: Option<Date>,
    records: Vec<String>,
    event_types: Vec<EventType>,
    data_elements: Vec<String>,
}

impl Limits {
    /// The consent or denial with its limits.
    ///
    /// # Errors
    /// HO-2323 to HO-2326 for a limit that the hub could not hold to; it is never taken as no limit.
    pub fn limit(self, whole: ConsentFacts, zone: Option<&str>, by: &Recorder<'_>) -> Result<ConsentFacts, Refusal> {
        self.known()?;
        if !self.records.is_empty() && !whole.grantors.is_empty() && !whole.grantors.contains(by.unit) {
            return Err(Refusal::new(
                "HO-2324",
                "the records named are not those of a unit that the document lets disclose",
                "let the unit that keeps the records record the consent, under its own keys",
            )
            .at("/records"));
        }
        let reading = if whole.deny { Reading::Widest } else { Reading::Narrowest };
        let (data_from, data_before) = period(self.data_from, self.data_to, zone, reading)?;
        // A denial of parts of a category denies it whole: a slice cannot go in parts that nobody named.
        let elements = if whole.deny { Vec::new() } else { self.data_elements };
        let records: Vec<RecordId> = self.records.iter().map(|key| (by.names)(by.unit, key)).collect();
        Ok(ConsentFacts {
            elements: elements.into(),
            data_from,
            data_before,
            records: records.into(),
            event_types: self.event_types.into(),
            ..whole
        })
    }

    /// A word that means nothing at the hub would leave a limit nobody can act on.
    fn known(&self) -> Result<(), Refusal> {
        let registry = Registry::embedded();
        if !self.data_elements.iter().all(|word| registry.is_element(word)) {
            return Err(Refusal::new(
                "HO-2323",
                "the document is limited to an element that the hub does not know",
                "use the words of schemas/elements.json",
            )
            .at("/data_elements"));
        }
        if self.event_types.iter().all(|t| registry.schema(t).is_ok()) {
            return Ok(());
        }
        Err(Refusal::new(
            "HO-2325",
            "the document is limited to a type of event that the hub does not know",
            "use event types of the catalogue: `handoff schemas`",
        )
        .at("/event_types"))
    }
}
