use handoff_gateway::adapter::{Format, PersonRef};
use serde_json::{Value, json};

use super::common::{map, valid};

fn event() -> Value {
    json!({
        "specversion": "1.0", "id": "e-1", "source": "/units/river-911", "time": "2031-03-05T21:40:00Z",
        "type": "handoff.encounter.third-party-reported.v1", "subject": "local-7", "incident": "INC-2031-17",
        "datacontenttype": "application/json", "data": { "role": "caller", "callback": ["tel:+12125550142"] }
    })
}

#[test]
fn an_event_of_our_own_is_a_draft() {
    let mapped = valid(Format::CloudEvent, event().to_string().as_bytes());
    let draft = &mapped.drafts[0];
    assert_eq!((draft.key.as_str(), draft.record_key.as_str()), ("e-1", "e-1"));
    assert!(draft.person == PersonRef::Local("local-7".into()));
    assert_eq!(draft.incident_key.as_deref(), Some("INC-2031-17"));
    let mut pointers: Vec<&str> = mapped.fields.iter().map(|f| f.pointer.as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/callback", "/role"]);
}

#[test]
fn formats_are_told_apart() {
    let cases = [
        (event().to_string(), Some(Format::CloudEvent)),
        (super::common::EIDO.to_owned(), Some(Format::Eido)),
        (format!("\u{feff}  {}", super::common::REPORT), Some(Format::Nemsis)),
        ("name,date\n".to_owned(), None),
        (String::new(), None),
    ];
    for (text, format) in cases {
        assert_eq!(Format::detect(text.as_bytes()).ok(), format);
    }
}

#[test]
fn registry_events_are_not_open_to_partners() {
    let mut agreement: Value = event();
    agreement["type"] = json!("handoff.agreement.agreement-suspended.v1");
    agreement["data"] = json!({ "by": "x" });
    let refused = map(Format::CloudEvent, agreement.to_string().as_bytes()).unwrap_err();
    assert!(["HO-1110", "HO-1002"].contains(&refused.code.as_str()), "{refused}");
}
