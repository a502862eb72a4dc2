//! Legal process reduced to what policy looks at (rulebook P2-33).

use handoff_schemas::{AskFacts, Claim, CourtFinding, LegalProcessClaim, Licence, ProcessKind, Purpose};
use handoff_spine::command::Refusal;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::decide::{Given, read};
use crate::request::{Reader, instant, named, scope};

/// How long an order without an end of its own opens anything: thirty days from its record.
const THIRTY_DAYS: u32 = 30 * 24 * 60;

#[derive(Deserialize)]
struct Recorded {
    kind: ProcessKind,
    purpose: Purpose,
    recipient: Reader,
    #[serde(default)]
    findings: Vec<CourtFinding>,
    mandate: Option<IgnoredAny>,
    served_at: Option<String>,
    expires_at: Option<String>,
    notice_to_patient_at: Option<String>,
}

/// Anything served is recorded, a bare subpoena too: what it opens is ruled, and nothing is before a review.
///
/// # Errors
/// HO-2508 to HO-2510 for a recipient, scope or time that the hub cannot hold to.
pub fn facts(given: &Given<'_>) -> Result<AskFacts, Refusal> {
    let read: Recorded = read(given.item)?;
    let expires = read.expires_at.as_deref().map(instant).transpose()?;
    Ok(AskFacts {
        ask: given.ask,
        person: given.person,
        unit: given.command.unit.clone(),
        to: named(given, read.recipient)?,
        user: None,
        licence: Licence::None,
        purpose: read.purpose,
        scope: scope(given)?,
        minutes: THIRTY_DAYS,
        claim: Claim::LegalProcess(LegalProcessClaim {
            kind: Some(read.kind),
            findings: read.findings,
            mandate: read.mandate.is_some(),
            served: read.served_at.is_some(),
            notice_to_patient: read.notice_to_patient_at.is_some(),
            expires,
        }),
    })
}
