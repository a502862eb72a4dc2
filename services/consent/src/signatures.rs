//! Who signed, and on whose authority somebody may sign for another (42 CFR 2.14, 2.15; 45 CFR 164.502(g)).
//!
//! Here only what a document shows by itself is looked at. How old the person is, and whose authority stands, depends on
//! the person: a refusal would tell whoever sends a document what another unit knows. It is looked at when somebody
//! relies on the consent, and told to nobody but its source.

use handoff_schemas::{
    Capacity, CapacityFacts, Category, Fact, PersonId, RecordId, RepresentativeFacts, RepresentativeRole, Signatures,
    Signer, UnitId,
};
use handoff_spine::command::{Item, Refusal};
use jiff::civil::Date;
use serde::Deserialize;

use crate::decide::read;

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    decision: String,
    #[serde(default)]
    signatures: Vec<Signature>,
    expiry: Option<Expiry>,
}

#[derive(Deserialize)]
struct Signature {
    signer_role: Signer,
}

#[derive(Deserialize)]
struct Expiry {
    time_zone: Option<String>,
}

/// Who signed a permission; nothing of a denial, which anybody's signature or none makes.
///
/// # Errors
/// HO-2362 where the same person signs as of age and as a minor.
pub fn of_document(item: &Item, consent: RecordId, person: PersonId) -> Result<Option<Fact>, Refusal> {
    let document: Document = read(item)?;
    if document.decision == "deny" {
        return Ok(None);
    }
    let zone = document.expiry.and_then(|e| e.time_zone);
    let signatures = Signatures { signers: document.signatures.iter().map(|s| s.signer_role).collect(), zone };
    if signatures.signed(&[Signer::Patient]) && signatures.signed(&[Signer::Minor]) {
        return Err(Refusal::new(
            "HO-2362",
            "CONSENT_DEFICIENT: the person signs both as of age and as a minor: 2.31(a)(8)",
            "send one signature of the person: `patient`, or `minor` for who is under age",
        )
        .at("/signatures"));
    }
    Ok(Some(Fact::ConsentSigned { consent, person, signatures }))
}

#[derive(Deserialize)]
struct Recorded {
    role: RepresentativeRole,
    unit: Option<UnitId>,
    #[serde(default)]
    scope: Vec<Category>,
    from: Option<Date>,
    until: Option<Date>,
    #[serde(default)]
    endangerment: bool,
}

/// An authority to act for the person.
///
/// # Errors
/// HO-2363 where it ends before it begins.
pub fn representative(item: &Item, representative: RecordId, person: PersonId) -> Result<Fact, Refusal> {
    let Recorded { role, unit, scope, from, until, endangerment } = read(item)?;
    in_order(from, until)?;
    let facts =
        RepresentativeFacts { representative, person, role, unit, categories: scope, from, until, endangerment };
    Ok(Fact::RepresentativeRecorded { representative: facts })
}

#[derive(Deserialize)]
struct Stated {
    capacity: Capacity,
    from: Option<Date>,
    until: Option<Date>,
}

/// Whether the person can decide.
///
/// # Errors
/// HO-2363 where it ends before it begins.
pub fn capacity(item: &Item, statement: RecordId, person: PersonId) -> Result<Fact, Refusal> {
    let Stated { capacity, from, until } = read(item)?;
    in_order(from, until)?;
    Ok(Fact::CapacityStated { capacity: CapacityFacts { statement, person, capacity, from, until } })
}

fn in_order(from: Option<Date>, until: Option<Date>) -> Result<(), Refusal> {
    if from.zip(until).is_none_or(|(from, until)| from <= until) {
        return Ok(());
    }
    Err(Refusal::new("HO-2363", "the last day lies before the first", "correct `from` or `until`").at("/until"))
}
