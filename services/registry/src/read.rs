use handoff_spine::command::{Command, Item, RecordRef, Refusal};
use serde::Deserialize;

/// The data of an item, as far as this service reads it.
pub fn data<'a, T: Deserialize<'a>>(item: &'a Item) -> Result<T, Refusal> {
    item.read("HO-2000")
}

/// A record of the registry has one name, so that nothing is registered twice: `partner:<id>`, `unit:<id>`,
/// `agreement:<id>`.
pub fn starts_under(command: &Command, kind: &str, id: &str) -> Result<(), Refusal> {
    let name = format!("{kind}:{id}");
    if matches!(&command.record, RecordRef::Key(key) if *key == name) {
        return Ok(());
    }
    Err(Refusal::new(
        "HO-2003",
        "the record key is not the one this registration has",
        format!("send the record key `{name}`"),
    ))
}

pub fn no_such(what: &str) -> Refusal {
    Refusal::new(
        "HO-2004",
        format!("there is no such {what} on this record"),
        "register it first, under its own record key",
    )
}

pub fn exists(what: &str) -> Refusal {
    Refusal::new(
        "HO-2005",
        format!("this {what} is registered already"),
        "send what changes, not the registration again",
    )
}

pub fn other_record(place: &str) -> Refusal {
    Refusal::new(
        "HO-2006",
        "the data names another record than the one it is sent on",
        "send it on the record it names",
    )
    .at(place)
}
