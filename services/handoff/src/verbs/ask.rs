use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use handoff::session::Session;
use handoff_gateway::wire::{Format, PublishReply};
use handoff_schemas::TYPE_PREFIX;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::cli::AskFor;
use crate::output;

/// The event that states an ask.
const ASKED: &str = "ask.access-requested.v1";

/// `handoff ask`: states an ask with the unit's own credential, as the unit itself would publish it.
///
/// # Errors
/// The session's; HO-9083.
pub async fn ask(data: &Path, what: &AskFor, as_json: bool) -> Result<ExitCode> {
    let document = serde_json::to_vec(&event(what)?)?;
    let mut session = Session::open(data).await?;
    let partner = session.partner(&session.partner_of(&what.unit)?).await?;
    let code = match partner.publish(&what.unit, Format::Cloudevents, false, &document).await? {
        Ok(reply) => {
            // A hub of this verb's own rules it before it ends.
            if let Some(hub) = session.hub() {
                hub.settle().await?;
            }
            show(what, &reply, as_json);
            output::DONE
        }
        Err(e) => output::refused(&e, as_json),
    };
    session.close().await?;
    Ok(code)
}

/// What was asked, as its event. When is the log's to say, so that the same ask sent again is the same.
fn event(what: &AskFor) -> Result<Value> {
    let mut data = Map::new();
    for fact in &what.facts {
        let (object, name, value) = stated(fact)?;
        let members = data.entry(object).or_insert_with(|| json!({}));
        if let Some(members) = members.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    }
    data.insert("basis".to_owned(), json!(what.basis));
    data.insert("purpose".to_owned(), json!(what.purpose));
    data.insert("categories".to_owned(), json!(what.categories));
    let optional = [
        ("user", what.user.as_ref().map(|u| json!(u))),
        ("role", what.role.map(|r| json!(r.code()))),
        ("licence", what.licence.as_ref().map(|l| json!(l))),
        ("minutes", what.minutes.map(|m| json!(m))),
    ];
    data.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    let key = what.key.clone().unwrap_or_else(|| format!("ask-{}", Uuid::now_v7()));
    let mut event = json!({
        "specversion": "1.0", "id": key, "source": format!("/units/{}", what.unit),
        "type": format!("{TYPE_PREFIX}{ASKED}"), "subject": what.person, "datacontenttype": "application/json",
        "data": data,
    });
    if let (Some(incident), Some(members)) = (&what.incident, event.as_object_mut()) {
        members.insert("incident".to_owned(), json!(incident));
    }
    Ok(event)
}

/// `object.name=value`, or `object.name` for what is so. Nothing of it is repeated where it is wrong: it may be words
/// about a person.
fn stated(fact: &str) -> Result<(&str, &str, Value)> {
    let (path, value) = match fact.split_once('=') {
        None => (fact, Value::Bool(true)),
        Some((path, "true")) => (path, Value::Bool(true)),
        Some((path, "false")) => (path, Value::Bool(false)),
        Some((path, text)) => (path, json!(text)),
    };
    match path.split_once('.') {
        Some((object, name)) if !object.is_empty() && !name.is_empty() && !name.contains('.') => {
            Ok((object, name, value))
        }
        _ => {
            bail!("HO-9083 a fact is not of the form object.name or object.name=value, as in emergency.nature=overdose")
        }
    }
}

fn show(what: &AskFor, reply: &PublishReply, as_json: bool) {
    let Some(published) = reply.published.first() else { return };
    let id = published.record;
    if as_json {
        output::print(&json!({ "ask": id, "unit": what.unit, "user": what.user, "duplicate": published.duplicate }));
        return;
    }
    let again = if published.duplicate { ", asked before" } else { "" };
    anstream::println!("ask {id}{again}");
    match &what.user {
        Some(user) => {
            anstream::println!("read under it: handoff view --as {} --user '{user}' --under {id}", what.unit);
        }
        None => anstream::println!("whom it names reads it in their own view"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use handoff_schemas::{EventType, Registry};

    use super::*;

    fn medic(facts: &[&str]) -> AskFor {
        AskFor {
            unit: "river-fire-ems".parse().unwrap(),
            user: Some("medic-7".to_owned()),
            person: "EMS-1".to_owned(),
            basis: "emergency".to_owned(),
            purpose: "ETREAT".to_owned(),
            categories: vec!["medications".to_owned()],
            role: None,
            licence: Some("paramedic".to_owned()),
            facts: facts.iter().map(|&f| f.to_owned()).collect(),
            incident: None,
            minutes: Some(30),
            key: Some("ask-1".to_owned()),
        }
    }

    #[test]
    fn facts_become_the_event_that_its_schema_knows() {
        let event = event(&medic(&[
            "emergency.nature=overdose",
            "emergency.treating_provider_determined",
            "emergency.patient_present=false",
            "emergency.personnel_name=Alex = Medic",
        ]))
        .unwrap();
        let facts = event.pointer("/data/emergency").unwrap();
        let wanted = json!({
            "nature": "overdose", "treating_provider_determined": true, "patient_present": false,
            "personnel_name": "Alex = Medic",
        });
        assert_eq!(facts, &wanted);
        let event_type: EventType = ASKED.parse().unwrap();
        assert!(Registry::embedded().validate(&event_type, event.pointer("/data").unwrap()).is_ok());
    }

    #[test]
    fn a_fact_of_another_form_is_refused_and_not_repeated() {
        for wrong in ["Jo lies there", "Jo=there", ".nature=overdose", "emergency.=Jo", "a.b.c=Jo"] {
            let said = event(&medic(&[wrong])).unwrap_err().to_string();
            assert!(said.starts_with("HO-9083") && !said.contains("Jo"), "{said}");
        }
    }
}
