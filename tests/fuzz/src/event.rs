use handoff_schemas::{CloudEvent, Registry, strict_json};

use super::sound::{alike, coded, sliced};

/// The envelope and data of an event, as partners publish them.
pub fn cloudevent(bytes: &[u8]) -> bool {
    let registry = Registry::embedded();
    let event = match CloudEvent::parse(bytes, registry) {
        Ok(event) => event,
        Err(refusal) => {
            coded(refusal.code);
            assert!(!refusal.rule.is_empty() && !refusal.remedy.is_empty(), "a refusal without a remedy");
            return false;
        }
    };
    sliced(&event.event_type, &event.data);
    let written = serde_json::to_vec(&event.to_json()).expect("an event can be written");
    if written.len() <= strict_json::MAX_BYTES {
        let again = CloudEvent::parse(&written, registry).unwrap_or_else(|e| panic!("not taken again: {e}"));
        assert!(alike(&again.to_json(), &event.to_json()), "an event comes back as another");
    }
    true
}
