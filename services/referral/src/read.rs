use handoff_schemas::Registry;
use handoff_spine::command::{Item, Refusal};
use serde::Deserialize;

/// The data of an item, as far as this service reads it; a refusal says the schema's rule and place.
pub fn data<'a, T: Deserialize<'a>>(item: &'a Item) -> Result<T, Refusal> {
    T::deserialize(&item.data).map_err(|_| match Registry::embedded().validate(&item.event_type, &item.data) {
        Err(e) => Refusal::new(e.code, e.rule, e.remedy).at(e.place),
        Ok(()) => Refusal::new("HO-2400", "the data of this event cannot be read", "send data as its schema says"),
    })
}
