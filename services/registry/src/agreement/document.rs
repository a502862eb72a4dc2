use handoff_law::{Agreement, AgreementError};
use handoff_schemas::{OrgType, RecipientKind, UnitFacts, UnitId};
use handoff_spine::command::Refusal;
use sha2::{Digest as _, Sha256};

use super::Drafted;
use crate::decide::Known;

/// The document says what the event says, is what was hashed, names units that exist, and no police serve by it.
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
        if known.unit(&party.unit).is_none() {
            return Err(Refusal::new(
                "HO-2032",
                format!("the party `{}` is not registered", party.unit),
                "register the unit first, or correct the document",
            )
            .at("/document"));
        }
    }
    no_police_serve(&agreement, known).map_err(|e| e.at("/document"))
}

/// The same of a text on record that is to be in force: a unit may have become police since it was drafted.
pub(super) fn still_lawful(document: &str, known: &dyn Known) -> Result<(), Refusal> {
    let agreement = Agreement::parse(document).map_err(|e| fault(&e))?;
    no_police_serve(&agreement, known).map_err(|e| e.at("/version"))
}

/// P2-09a. Counsel may let police run a service for a program; the engine makes them recipient of nothing by it.
fn no_police_serve(agreement: &Agreement, known: &dyn Known) -> Result<(), Refusal> {
    let police = |unit: &&UnitId| known.unit(unit).is_some_and(|facts| is_police(&facts, known));
    match agreement.qso_parties().find(police) {
        Some(unit) if !agreement.counsel_override => Err(Refusal::new(
            "HO-2033",
            format!(
                "party.role: `{unit}` is law enforcement and cannot be a qualified service organization \
                 (42 CFR 2.11, 2.12(c)(4); rulebook P2-09a)"
            ),
            "name the organization that serves the program, or record clauses.counsel_override",
        )),
        _ => Ok(()),
    }
}

/// By functional role or by organisation; one whose organisation is not known counts as police.
fn is_police(unit: &UnitFacts, known: &dyn Known) -> bool {
    let organisation = known.partner(&unit.partner).map(|p| p.org_type);
    unit.roles.contains(&RecipientKind::Le) || organisation.is_none_or(|o| o == OrgType::LawEnforcement)
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
