use handoff_gateway::adapter::{self, Options};
use handoff_gateway::wire;
use handoff_schemas::RecipientKind;

use super::sound::{coded, sliced};

/// A NEMSIS 3.5.1 patient care report.
pub fn nemsis(bytes: &[u8]) -> bool {
    mapped(wire::Format::Nemsis, adapter::Format::Nemsis, bytes)
}

/// An EIDO 1.0 incident.
pub fn eido(bytes: &[u8]) -> bool {
    mapped(wire::Format::Eido, adapter::Format::Eido, bytes)
}

/// As `handoff publish --check` answers: refused with a code, or drafts of events that their schemas take.
fn mapped(format: wire::Format, same: adapter::Format, bytes: &[u8]) -> bool {
    let reply = match handoff_gateway::check(format, bytes, RecipientKind::Ems, None) {
        Ok(reply) => reply,
        Err(refusal) => {
            coded(&refusal.code);
            assert!(!refusal.remedy.is_empty(), "a refusal without a remedy");
            return false;
        }
    };
    assert!(reply.published.is_empty(), "a check publishes");
    reply.findings.iter().for_each(|finding| coded(&finding.code));
    let drafts = adapter::map(same, bytes, Options::default()).expect("taken the first time").drafts;
    assert!(!drafts.is_empty(), "taken, and nothing came of it");
    drafts.iter().for_each(|draft| sliced(&draft.event_type, &draft.data));
    true
}
