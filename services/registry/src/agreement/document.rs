use handoff_law::{Agreement, AgreementError};
use handoff_schemas::OrgType;
use handoff_spine::command::Refusal;
use sha2::{Digest as _, Sha256};

use super::Drafted;
use crate::decide::Known;

/// The document says what the event says, is what was hashed, and names units that exist.
pub(super) fn check(draft: &Drafted, known: &dyn Known) -> Result<(), Refusal> {
    let agreement = Agreement::parse(&draft.document).map_err(|e| fault(&e))?;
    if agreement.id != draft.agreement || agreement.version != draft.version {
        return Err(Refusal::new(
            "HO-2031",
            "the document is another agreement or another version than the event says",
            "send the document whose `id` and `version` the event names",
        )
        .at("/document"));
    }
    same_text(draft.sha256.as_deref(), &draft.document)?;
    for party in &agreement.parties {
        let Some(unit) = known.unit(&party.unit) else {
            return Err(Refusal::new(
                "HO-2032",
                format!("the party `{}` is not registered", party.unit),
                "register the unit first, or correct the document",
            )
            .at("/document"));
        };
        let police = known.partner(&unit.partner).is_some_and(|p| p.org_type == OrgType::LawEnforcement);
        let qso = agreement.qso_parties().any(|q| *q == party.unit);
        if qso && police && !agreement.counsel_override {
            return Err(Refusal::new(
                "HO-2033",
                format!(
                    "the party `{}` is law enforcement and cannot be a QSO: 42 CFR 2.11, rulebook P2-09",
                    party.unit
                ),
                "let a service provider be the QSO, or record counsel's override in the document",
            )
            .at("/document"));
        }
    }
    Ok(())
}

fn fault(e: &AgreementError) -> Refusal {
    let message = format!("line {}: {}: {} ({})", e.line, e.clause, e.message, e.citation);
    Refusal::new(e.code, message, e.help.clone()).at("/document")
}

/// A digest that was stated is the digest of the text on record.
pub(super) fn same_text(stated: Option<&str>, document: &str) -> Result<(), Refusal> {
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(document.as_bytes()));
    if stated.is_none_or(|s| s == hash) {
        return Ok(());
    }
    Err(Refusal::new(
        "HO-2034",
        "the SHA-256 is not that of the document",
        "compare the text that was signed with the text on record, byte for byte",
    )
    .at("/sha256"))
}
