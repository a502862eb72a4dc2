//! Persons of an EIDO: whom the incident is about, and third parties with keys of their own.

use serde_json::{Map, Value};

use super::document::{Document, Part};
use super::members::{SUBJECT_ROLES, THIRD_PARTY_ROLES};
use crate::adapter::Code;
use crate::adapter::pointer::put;
use crate::adapter::xml::{Node, Stream, Token, subtree};

/// One person of the document.
pub struct Person {
    /// The `$id` of the component: the sender's own id of the person.
    pub id: String,
    /// Whether the incident is about this person.
    pub subject: bool,
    /// Our word for a third party's role.
    role: &'static str,
    /// Name, birth date and the like, as `/person` of an incident has them.
    pub identity: Map<String, Value>,
    callback: Vec<String>,
    phones: Vec<String>,
    /// Notes about this person that are told by the person: the ids of them.
    pub notes: Vec<String>,
    statement: String,
}

impl Person {
    /// The data of the third party's own event.
    pub fn third_party(&self, incident_number: &str) -> Map<String, Value> {
        let mut data = Map::new();
        put(&mut data, "/incident_number", incident_number.into());
        put(&mut data, "/role", self.role.into());
        if let Some(name) = self.identity.get("name") {
            put(&mut data, "/name", name.clone());
        }
        for uri in &self.callback {
            put(&mut data, "/callback/-", uri.as_str().into());
        }
        for phone in &self.phones {
            put(&mut data, "/phones/-", phone.as_str().into());
        }
        if !self.statement.is_empty() {
            put(&mut data, "/statement", self.statement.as_str().into());
        }
        data
    }
}

/// Everybody in the document. A callback number that belongs to nobody named is a caller without a name.
pub fn all(document: &mut Document<'_>) -> Vec<Person> {
    let mut persons: Vec<Person> = document.all("personComponent").iter().map(|p| person(document, p)).collect();
    let mut taken: Vec<String> = Vec::new();
    for part in document.all("personComponent") {
        taken.extend(part.references("callBackReference").into_iter().map(str::to_owned));
    }
    for call in document.all("callComponent") {
        let people = call.references("personReference");
        for id in call.references("callBackReference") {
            let Some(callback) = document.get("callbackComponent", id) else { continue };
            let uris = uris(&callback);
            let caller = persons.iter_mut().find(|p| p.role == "caller" && people.contains(&p.id.as_str()));
            match caller {
                Some(caller) => {
                    caller
                        .callback
                        .extend(uris.into_iter().filter(|u| !caller.callback.contains(u)).collect::<Vec<_>>());
                }
                None if !taken.iter().any(|t| t == id) => {
                    persons.push(Person { callback: uris, ..nobody(id.to_owned(), "caller") });
                }
                None => {}
            }
            taken.push(id.to_owned());
        }
    }
    subscriber(document, &mut persons);
    persons.iter_mut().for_each(|p| p.callback.truncate(10));
    persons
}

fn nobody(id: String, role: &'static str) -> Person {
    Person {
        id,
        subject: false,
        role,
        identity: Map::new(),
        callback: Vec::new(),
        phones: Vec::new(),
        notes: Vec::new(),
        statement: String::new(),
    }
}

fn person(document: &mut Document<'_>, part: &Part<'_>) -> Person {
    let roles: Vec<String> = part.texts("personIncidentRoleRegistryText").map(str::to_ascii_lowercase).collect();
    let subject = roles.iter().any(|r| SUBJECT_ROLES.contains(&r.as_str()));
    let known = THIRD_PARTY_ROLES.iter().find(|(theirs, _)| roles.iter().any(|r| r == theirs)).map(|(_, ours)| *ours);
    if !subject && known.is_none() {
        let remedy = "use a role of the person role registry; the person was taken as a third party";
        let pointer = format!("{}/personIncidentRoleRegistryText", part.pointer());
        document.finding(Code::EIDO_Q_ROLE, &pointer, "a known role", remedy);
    }
    let mut person = Person { subject, ..nobody(part.id().to_owned(), known.unwrap_or("other")) };
    if let Some(niem) = part.members.get("ncPersonComponent") {
        identity(niem, &mut person.identity);
    }
    for id in part.references("callBackReference") {
        if let Some(callback) = document.get("callbackComponent", id) {
            person.callback.extend(uris(&callback));
        }
    }
    if !subject {
        let said: Vec<(String, &str)> = part
            .references("notesReference")
            .into_iter()
            .filter_map(|id| Some((id.to_owned(), document.get("notesComponent", id)?.text("notesActionComments")?)))
            .collect();
        let statement = said.iter().map(|(_, text)| super::incident::plain(text)).collect::<Vec<_>>().join("\n");
        // What does not fit one statement stays with the remarks, whole.
        if statement.chars().count() <= 4000 {
            person.statement = statement;
            person.notes = said.into_iter().map(|(id, _)| id).collect();
        }
    }
    person
}

fn uris(callback: &Part<'_>) -> Vec<String> {
    let all = callback.texts("callBackInformationUri").chain(callback.text("deviceContactHeader"));
    all.filter(|u| (1..=200).contains(&u.chars().count())).map(str::to_owned).collect()
}

/// Name and birth date of a NIEM person. Its members are lists of texts, plain or wrapped.
fn identity(niem: &Value, identity: &mut Map<String, Value>) {
    let name = niem.get("name").map(first).unwrap_or_default();
    let parts = [
        ("personSurName", "/name/family", 100),
        ("personGivenName", "/name/given", 100),
        ("personMiddleName", "/name/middle", 100),
        ("suffix", "/name/suffix", 20),
        ("personFullName", "/name/family", 100),
    ];
    for (theirs, to, max) in parts {
        let full_beside_parts = theirs == "personFullName" && identity.contains_key("name");
        if let Some(text) = name.get(theirs).and_then(text).filter(|t| t.chars().count() <= max)
            && !full_beside_parts
        {
            put(identity, to, text.into());
        }
    }
    let born = niem.get("birthDate").map(first).unwrap_or_default();
    if let Some(date) =
        born.get("date").and_then(text).filter(|d| d.parse::<jiff::civil::Date>().is_ok() && d.len() == 10)
    {
        put(identity, "/birth_date", date.into());
    }
}

fn first(value: &Value) -> &Value {
    value.as_array().and_then(|a| a.first()).unwrap_or(value)
}

fn text(value: &Value) -> Option<&str> {
    let value = first(value);
    let inner = value.as_object().and_then(|o| ["value", "text", "$"].iter().find_map(|n| o.get(*n)));
    inner.unwrap_or(value).as_str().map(str::trim).filter(|t| !t.is_empty())
}

/// The subscriber of the line (RFC 7852) is the caller, as far as anybody knows. Other additional data about the call
/// or its provider is not carried; comments become remarks.
fn subscriber(document: &mut Document<'_>, persons: &mut [Person]) {
    for part in document.all("additionalDataComponent") {
        let at = format!("{}/additionalDataByValue", part.pointer());
        let Some(xml) = part.text("additionalDataByValue") else {
            document.not_carried(&part.pointer());
            continue;
        };
        let Some(root) = by_value(xml) else {
            let remedy = "send well-formed XML of RFC 7852; this value was left out";
            document.finding(Code::EIDO_Q_BY_VALUE, &at, "XML carried by value", remedy);
            continue;
        };
        match root.start.name.as_str() {
            "EmergencyCallData.Comment" => {}
            "EmergencyCallData.SubscriberInfo" => {
                let callers: Vec<&mut Person> = persons.iter_mut().filter(|p| p.role == "caller").collect();
                if let Ok([caller]) = <[_; 1]>::try_from(callers)
                    && caller.identity.is_empty()
                {
                    vcard(&root, caller);
                }
            }
            _ => document.not_carried(&at),
        }
    }
}

fn vcard(root: &Node, caller: &mut Person) {
    let short = |t: &&str| t.chars().count() <= 100;
    for (theirs, to) in [("surname", "/name/family"), ("given", "/name/given")] {
        if let Some(text) = root.text_of(theirs).filter(short) {
            put(&mut caller.identity, to, text.into());
        }
    }
    if let Some(tel) = root.find("tel").and_then(|t| t.text_of("uri").or_else(|| t.text_of("text"))) {
        let number: String = tel.trim_start_matches("tel:").chars().take(33).collect();
        if (3..=32).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit() || b"+(). x-".contains(&b)) {
            caller.phones.push(number);
        }
    }
}

/// XML inside a JSON text, under the same guards as a document of its own.
pub fn by_value(xml: &str) -> Option<Node> {
    let mut stream = Stream::new(xml.trim().as_bytes()).ok()?;
    let root = loop {
        if let Token::Start(start) = stream.next().ok()?? {
            break subtree(&mut stream, start).ok()?;
        }
    };
    stream.next().ok()?.is_none().then_some(root)
}
