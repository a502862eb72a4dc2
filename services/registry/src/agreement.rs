mod document;

use handoff_schemas::{AgreementId, AgreementStatus, Fact, PartnerId, UnitId};
use handoff_spine::command::{Command, Item, Refusal};
use handoff_spine::directory::OPERATOR;
use serde::Deserialize;

use crate::decide::Known;
use crate::hook;
use crate::moves::{Move, leads};
use crate::read::{data, exists, no_such, other_record, starts_under};
use crate::state::{AgreementRecord, Entry, Version};

#[derive(Deserialize)]
struct Drafted {
    agreement: AgreementId,
    version: u32,
    document: String,
    sha256: Option<String>,
    replaces_version: Option<u32>,
}

#[derive(Deserialize)]
struct Moved {
    agreement: AgreementId,
    version: u32,
    party: Option<String>,
    unit: Option<UnitId>,
    sha256: Option<String>,
}

/// What an event of the `agreement` family says to policy.
pub fn facts(state: &Entry, command: &Command, item: &Item, known: &dyn Known) -> Result<Vec<Fact>, Refusal> {
    match (item.event_type.as_str(), Move::of(item.event_type.as_str())) {
        ("agreement.agreement-drafted.v1", _) => drafted(state, command, item, known),
        ("agreement.agreement-amended.v1", _) => amended(state, item, known),
        ("agreement.hook-enabled.v1", _) => hook::facts(state, command, item, known),
        ("agreement.party-added.v1", _) => party(state, item, Party::Added),
        ("agreement.party-removed.v1", _) => party(state, item, Party::Removed),
        (_, Some(by)) => moved(state, command, item, by, known),
        _ => Err(Refusal::new(
            "HO-2002",
            "this is no event of an agreement",
            "see schemas/events/agreement for the event types",
        )),
    }
}

fn drafted(state: &Entry, command: &Command, item: &Item, known: &dyn Known) -> Result<Vec<Fact>, Refusal> {
    let draft: Drafted = data(item)?;
    starts_under(command, "agreement", draft.agreement.as_str())?;
    if *state != Entry::None {
        return Err(exists("agreement"));
    }
    follows(&draft, 1)?;
    document::check(&draft, known)?;
    Ok(vec![fact(draft)])
}

/// A new version starts as a draft; the version in force stays in force until the new one is activated.
fn amended(state: &Entry, item: &Item, known: &dyn Known) -> Result<Vec<Fact>, Refusal> {
    let draft: Drafted = data(item)?;
    let record = record(state, &draft.agreement)?;
    follows(&draft, record.next())?;
    if draft.replaces_version.is_some_and(|v| !record.versions.contains_key(&v)) {
        return Err(no_version("/replaces_version"));
    }
    document::check(&draft, known)?;
    Ok(vec![fact(draft)])
}

/// Versions count up by one from 1, so that all parties mean the same text by a number.
fn follows(draft: &Drafted, next: u32) -> Result<(), Refusal> {
    if draft.version == next {
        return Ok(());
    }
    Err(Refusal::new(
        "HO-2036",
        format!("version {} is not the next one of this agreement", draft.version),
        format!("number the document {next}: what is on record under another number never changes"),
    )
    .at("/version"))
}

fn fact(draft: Drafted) -> Fact {
    Fact::AgreementDrafted { agreement: draft.agreement, version: draft.version, document: draft.document }
}

pub fn record<'a>(state: &'a Entry, agreement: &AgreementId) -> Result<&'a AgreementRecord, Refusal> {
    let Entry::Agreement(record) = state else { return Err(no_such("agreement")) };
    if record.agreement == *agreement { Ok(record) } else { Err(other_record("/agreement")) }
}

fn no_version(place: &str) -> Refusal {
    Refusal::new("HO-2035", "there is no such version of the agreement", "draft or amend it first").at(place)
}

fn moved(state: &Entry, command: &Command, item: &Item, by: Move, known: &dyn Known) -> Result<Vec<Fact>, Refusal> {
    let moved: Moved = data(item)?;
    let record = record(state, &moved.agreement)?;
    let version = record.versions.get(&moved.version).ok_or_else(|| no_version("/version"))?;
    let status = leads(version.status, by).ok_or_else(|| wrong_status(version.status))?;
    if by == Move::Sign && !complete(version, &moved, command, known)? {
        return Ok(Vec::new());
    }
    if matches!(by, Move::Activate | Move::Reinstate) {
        document::still_lawful(&version.document, known)?;
    }
    let mut facts = Vec::new();
    // One version stands at a time: the one that was in force ends where the new one begins.
    if by == Move::Activate
        && let Some((old, _)) = record.standing()
    {
        if old > moved.version {
            return Err(superseded(old));
        }
        facts.push(to(&moved.agreement, old, AgreementStatus::Terminated));
    }
    facts.push(to(&moved.agreement, moved.version, status));
    Ok(facts)
}

fn superseded(by: u32) -> Refusal {
    Refusal::new("HO-2043", format!("version {by} took the place of this one"), "amend the agreement").at("/version")
}

fn to(agreement: &AgreementId, version: u32, status: AgreementStatus) -> Fact {
    Fact::AgreementMoved { agreement: agreement.clone(), version, status }
}

/// Checks one signature; says whether it was the last one missing. A partner signs for all its units.
fn complete(version: &Version, moved: &Moved, command: &Command, known: &dyn Known) -> Result<bool, Refusal> {
    let party = moved.party.as_deref().unwrap_or_default();
    let partner_of = |unit: &UnitId| known.unit(unit).map(|u| u.partner.clone());
    let signs_for = |signer: &str, unit: &UnitId| {
        signer == unit.as_str() || partner_of(unit).as_ref().map(PartnerId::as_str) == Some(signer)
    };
    if !version.parties.iter().any(|u| signs_for(party, u)) {
        return Err(Refusal::new(
            "HO-2038",
            "the signer is no party of this version",
            "sign as a unit or partner that the document names",
        )
        .at("/party"));
    }
    if command.unit.as_str() != OPERATOR && !signs_for(party, &command.unit) {
        return Err(
            Refusal::new("HO-2039", "a unit signs for itself or its own partner only", "sign as yourself").at("/party")
        );
    }
    if version.signed.contains(party) {
        return Err(
            Refusal::new("HO-2040", "this party has signed this version", "wait for the other parties").at("/party")
        );
    }
    document::same_text(moved.sha256.as_deref(), &version.document)?;
    let signed = |unit: &UnitId| signs_for(party, unit) || version.signed.iter().any(|s| signs_for(s, unit));
    Ok(version.parties.iter().all(signed))
}

fn wrong_status(status: AgreementStatus) -> Refusal {
    let (message, remedy) = match status {
        AgreementStatus::Draft => ("the version is a draft", "have every party sign it first"),
        AgreementStatus::Signed => ("the version is signed by all and not in force", "activate it"),
        AgreementStatus::Active => ("the version is in force", "suspend, terminate or amend it"),
        AgreementStatus::Suspended => ("the version is suspended", "reinstate or terminate it"),
        AgreementStatus::Terminated => ("the version was terminated", "amend the agreement and have it signed again"),
        AgreementStatus::Expired => ("the version has expired", "amend the agreement and have it signed again"),
    };
    Refusal::new("HO-2037", format!("{message}: this step does not follow"), remedy)
}

enum Party {
    Added,
    Removed,
}

/// Parties change by an amended document that all sign; these events say for the record what the draft changed.
fn party(state: &Entry, item: &Item, change: Party) -> Result<Vec<Fact>, Refusal> {
    let moved: Moved = data(item)?;
    let record = record(state, &moved.agreement)?;
    let version = record.versions.get(&moved.version).ok_or_else(|| no_version("/version"))?;
    let named = moved.unit.as_ref().is_some_and(|u| version.parties.contains(u));
    match (change, named) {
        (Party::Added, true) | (Party::Removed, false) => Ok(Vec::new()),
        _ => Err(Refusal::new(
            "HO-2041",
            "the document of this version says otherwise about the unit",
            "amend the agreement with a document that names its parties, and have it signed",
        )
        .at("/unit")),
    }
}
