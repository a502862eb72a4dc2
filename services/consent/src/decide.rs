use handoff_schemas::{
    Category, ConsentFacts, ConsentType, Expiry, Fact, LogTime, PersonId, Purpose, RecordId, RevokedFor, UnitId,
};
use handoff_spine::command::{Command, Item, RecordRef, Refusal};
use handoff_spine::commit::LoggedEvent;
use handoff_spine::decider::{Decider, Names, NewEvent};
use serde::Deserialize;

use crate::choices;
use crate::limits::Recorder;
use crate::signatures;
use crate::state::{Consent, Status};
use crate::steps::{Step, find};
use crate::terms::{self, Scope};

/// The decider of the `consent` family.
#[derive(Clone)]
pub struct Consents {
    names: Names,
}

impl Consents {
    #[must_use]
    pub fn new(names: Names) -> Self {
        Self { names }
    }

    /// What a step says to policy.
    fn facts(
        &self,
        state: &Consent,
        step: Step,
        command: &Command,
        item: &Item,
        consent: RecordId,
        person: PersonId,
    ) -> Result<Vec<Fact>, Refusal> {
        let by = Recorder { unit: &command.unit, names: &self.names };
        Ok(match step {
            Step::Record => {
                let recorded = Fact::ConsentRecorded { consent: terms::facts(item, consent, person, &by)? };
                let signed = signatures::of_document(item, consent, person)?;
                let over = choices::of_document(item, consent, person, &by)?;
                [recorded].into_iter().chain(signed).chain(over).collect()
            }
            Step::Verify => {
                let over = choices::confirmed(item, consent, person, &by)?;
                [Fact::ConsentVerified { consent }].into_iter().chain(over).collect()
            }
            // 2.31(c): an unusable document stops at once, whatever made it so.
            Step::Reject => vec![Fact::ConsentRevoked { consent, person, parties: RevokedFor::All, oral: false }],
            Step::Revoke => {
                let (parties, oral) = revocation(state, item)?;
                let over = since(item)?.map(|since| ended_since(consent, person, &parties, since));
                [Fact::ConsentRevoked { consent, person, parties, oral }].into_iter().chain(over).collect()
            }
            Step::Expire => {
                ended(state, item)?;
                let over = since(item)?.map(|since| ended_since(consent, person, &RevokedFor::All, since));
                [Fact::ConsentExpired { consent, person }].into_iter().chain(over).collect()
            }
            Step::AgreeRestriction => {
                let named: Named = read(item)?;
                let scope = Scope { grantors: vec![command.unit.clone()], ..named.into() };
                // Emergency treatment lifts it (45 CFR 164.522(a)(1)(iii); 42 CFR 2.26(a)(3)); nothing else does.
                vec![forbid(consent, person, scope, Lifted::ByEmergency, None)]
            }
            Step::TerminateRestriction => lifted(item, consent, person)?,
            Step::Object => objection(item, consent, person)?,
            Step::Representative => vec![signatures::representative(item, consent, person)?],
            Step::Capacity => vec![signatures::capacity(item, consent, person)?],
            Step::RequestRestriction | Step::DenyRestriction | Step::Notice => Vec::new(),
        })
    }
}

impl Decider for Consents {
    const NAME: &'static str = "consent";
    type State = Consent;

    fn evolve(state: Consent, event: &LoggedEvent) -> Consent {
        match Step::of(event.event_type.as_str()) {
            Some(step) => state.apply(step, &event.unit, event.person, &event.facts),
            None => state,
        }
    }

    fn decide(&self, state: &Consent, command: &Command) -> Result<Vec<NewEvent>, Refusal> {
        if command.items.is_empty() {
            return Err(Refusal::new("HO-2302", "the command says nothing", "send at least one consent event"));
        }
        let record = command.record_id(|unit, key| (self.names)(unit, key));
        let mut state = state.clone();
        let mut events = Vec::with_capacity(command.items.len());
        for item in &command.items {
            let step = Step::of(item.event_type.as_str()).ok_or_else(|| {
                Refusal::new(
                    "HO-2303",
                    "this is no event of a consent",
                    "see schemas/events/consent for the event types",
                )
            })?;
            permitted(&state, step, command)?;
            let person = state.person.or(item.person).ok_or_else(|| {
                Refusal::new(
                    "HO-2305",
                    "a consent is one person's, and none is named: 2.31(a)(1)",
                    "name the person as subject",
                )
                .at("/subject")
            })?;
            let facts = self.facts(&state, step, command, item, record, person)?;
            state = state.apply(step, &command.unit, Some(person), &facts);
            events.push(NewEvent::of(item, Some(person), facts));
        }
        Ok(events)
    }
}

fn permitted(state: &Consent, step: Step, command: &Command) -> Result<(), Refusal> {
    if state.status == Status::None {
        return match (&command.record, find(Status::None, step)) {
            (RecordRef::Key(_), Some(_)) => Ok(()),
            _ => Err(no_such_consent()),
        };
    }
    let actors = state.actors(&command.unit);
    if actors.is_empty() {
        return Err(no_such_consent());
    }
    let row = find(state.status, step).ok_or_else(|| wrong_status(state.status))?;
    if row.who.iter().any(|w| actors.contains(w)) {
        return Ok(());
    }
    Err(Refusal::new(
        "HO-2308",
        "this step is not this unit's to take",
        "verification belongs to the unit that discloses; restrictions belong to the unit that keeps them",
    ))
}

/// One text for "there is none" and "it is not yours": a consent's existence says where somebody is a patient.
fn no_such_consent() -> Refusal {
    Refusal::new(
        "HO-2301",
        "there is no such consent for this unit",
        "check the consent id; only the unit that recorded it or may disclose under it can act on it",
    )
}

fn wrong_status(status: Status) -> Refusal {
    let (message, remedy) = match status {
        Status::None | Status::Recorded | Status::Verified => {
            ("this step does not follow", "verify, revoke or expire it; a new document is a new record")
        }
        Status::Rejected => ("CONSENT_DEFICIENT: it was rejected", "record a new consent under a new key"),
        Status::Revoked => ("CONSENT_REVOKED: it was revoked for all", "record a new consent under a new key"),
        Status::Expired => ("CONSENT_EXPIRED: it has ended", "record a new consent under a new key"),
        Status::RestrictionRequested => ("the restriction waits for an answer", "agree to it or deny it"),
        Status::RestrictionAgreed => ("the restriction is in force", "terminate it if it ends"),
        Status::RestrictionDenied | Status::RestrictionTerminated => {
            ("the restriction has ended", "record a new request under a new key")
        }
        Status::Noted => ("nothing follows on this record", "use a record of its own"),
    };
    Refusal::new("HO-2307", message, remedy)
}

#[derive(Deserialize)]
struct Revoked {
    scope: String,
    #[serde(default)]
    parties: Vec<UnitId>,
    form: String,
    revoked_at: Option<String>,
    #[serde(default)]
    all_consents: bool,
}

/// P2-19: whole or as to named parties; an oral revocation stops too, and writing is asked for later.
fn revocation(state: &Consent, item: &Item) -> Result<(RevokedFor, bool), Refusal> {
    let revoked: Revoked = read(item)?;
    // 42 CFR 2.35(c): irrevocable until what it states has come. An event that it states ends it.
    let when = revoked.revoked_at.as_deref().or(item.asserted_at.as_deref()).and_then(LogTime::parse);
    let too_early = |f: &ConsentFacts| {
        let revocable = f.revocable_from.zip(when).is_some_and(|(from, when)| when >= from);
        f.consent_type == ConsentType::Part2CriminalJustice && !revocable
    };
    if state.facts.as_ref().is_some_and(too_early) {
        return Err(Refusal::new(
            "HO-2327",
            "a consent for a criminal-justice referral cannot be revoked before its time or event: 2.35(c)",
            "send `consent-expired` when the date or event that the document states has come",
        )
        .at("/scope"));
    }
    if revoked.all_consents {
        return Err(Refusal::new(
            "HO-2314",
            "a revocation of every consent is carried out one consent at a time",
            "send a revocation for each consent of the person",
        )
        .at("/all_consents"));
    }
    let oral = revoked.form == "oral";
    if revoked.scope == "all" {
        return Ok((RevokedFor::All, oral));
    }
    if revoked.parties.is_empty() {
        return Err(Refusal::new("HO-2309", "the revocation names no party", "name the parties, or revoke for all")
            .at("/parties"));
    }
    let strangers =
        |f: &handoff_schemas::ConsentFacts| !f.tpo_class && revoked.parties.iter().any(|p| !f.recipients.contains(p));
    if state.facts.as_ref().is_some_and(strangers) {
        return Err(Refusal::new(
            "HO-2313",
            "the revocation names a party that the consent does not",
            "name recipients of the consent, or revoke for all",
        )
        .at("/parties"));
    }
    Ok((RevokedFor::Parties(revoked.parties), oral))
}

#[derive(Deserialize)]
struct Since {
    revoked_at: Option<String>,
    cause: Option<String>,
    expired_at: Option<String>,
}

/// When a revocation was made, or the event came that ends a consent, where the source says so: perhaps before anybody
/// told the hub. A consent that ends by its date ends then without being told.
fn since(item: &Item) -> Result<Option<LogTime>, Refusal> {
    let said: Since = read(item)?;
    let came = said.expired_at.filter(|_| said.cause.as_deref() == Some("event"));
    Ok(said.revoked_at.or(came).as_deref().and_then(LogTime::parse))
}

fn ended_since(consent: RecordId, person: PersonId, parties: &RevokedFor, since: LogTime) -> Fact {
    Fact::ConsentEnded { consent, person, parties: parties.clone(), since }
}

#[derive(Deserialize)]
struct Ended {
    cause: String,
    expired_at: Option<String>,
    event_code: Option<String>,
}

/// By its date, not before it; by its event, and no other.
fn ended(state: &Consent, item: &Item) -> Result<(), Refusal> {
    let ended: Ended = read(item)?;
    let expiry = state.facts.as_ref().map(|f| &f.expiry);
    match (ended.cause.as_str(), expiry) {
        ("date", Some(Expiry::At { at })) => {
            let when = ended.expired_at.as_deref().or(item.asserted_at.as_deref()).and_then(LogTime::parse);
            if when.is_some_and(|when| when >= *at) {
                return Ok(());
            }
            Err(Refusal::new(
                "HO-2321",
                "the consent's last day is not over",
                "wait for the end of the day in the person's time zone; to end it before, revoke it",
            )
            .at("/expired_at"))
        }
        ("event", Some(Expiry::Event { code })) if ended.event_code.as_ref() == Some(code) => Ok(()),
        _ => Err(Refusal::new(
            "HO-2322",
            "this is not what the consent ends by: 2.31(a)(7)",
            "send the date or the event code that the document states; to end it otherwise, revoke it",
        )
        .at("/cause")),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    data_scope: Vec<Category>,
    recipients: Vec<UnitId>,
    purposes: Vec<Purpose>,
}

impl From<Named> for Scope {
    fn from(named: Named) -> Self {
        Self {
            grantors: Vec::new(),
            recipients: named.recipients,
            purposes: named.purposes,
            categories: named.data_scope,
        }
    }
}

/// Whether an emergency lifts what is forbidden.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lifted {
    ByEmergency,
    Never,
}

/// `since`: when the person said so, where that is known.
fn forbid(consent: RecordId, person: PersonId, scope: Scope, lifted: Lifted, since: Option<LogTime>) -> Fact {
    let facts = terms::forbidding(consent, person, ConsentType::General, Expiry::Never, scope);
    let (restriction, signed_at) = (lifted == Lifted::ByEmergency, since.unwrap_or_default());
    Fact::ConsentRecorded { consent: ConsentFacts { restriction, signed_at, ..facts } }
}

#[derive(Deserialize)]
struct Objection {
    kind: String,
    objected_at: String,
    #[serde(flatten)]
    named: Named,
}

/// An objection to sharing forbids, and one that lists no recipient forbids all: a person who objects is not asked
/// for a form. One about a directory or the family has no flow at the hub to stop.
fn objection(item: &Item, consent: RecordId, person: PersonId) -> Result<Vec<Fact>, Refusal> {
    let objection: Objection = read(item)?;
    let scope: Scope = objection.named.into();
    let since = LogTime::parse(&objection.objected_at);
    match objection.kind.as_str() {
        // Who allows sharing in an emergency only has said what may lift the rest.
        "emergency-only" => Ok(vec![forbid(consent, person, scope, Lifted::ByEmergency, since)]),
        "named-recipients" | "all-sharing" => Ok(vec![forbid(consent, person, scope, Lifted::Never, since)]),
        _ => Ok(Vec::new()),
    }
}

#[derive(Deserialize)]
struct Terminated {
    by: String,
    applies_to: Option<String>,
}

/// 164.522(a)(2): by the unit's notice alone a restriction ends only for data made after it, so what it hides stays
/// hidden.
fn lifted(item: &Item, consent: RecordId, person: PersonId) -> Result<Vec<Fact>, Refusal> {
    let terminated: Terminated = read(item)?;
    let wholly = terminated.by != "unit-notice" && terminated.applies_to.as_deref() != Some("data-after-notice");
    let lifted = Fact::ConsentRevoked { consent, person, parties: RevokedFor::All, oral: false };
    Ok(if wholly { vec![lifted] } else { Vec::new() })
}

/// The data of an item, as far as this service reads it.
pub(crate) fn read<'a, T: Deserialize<'a>>(item: &'a Item) -> Result<T, Refusal> {
    item.read("HO-2300")
}
