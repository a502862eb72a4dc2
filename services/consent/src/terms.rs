use handoff_law::{ConsentForm, Deficiency, FormType, consent_deficiencies};
use handoff_schemas::{Category, ConsentFacts, ConsentType, Expiry, LogTime, PersonId, Purpose, RecordId, UnitId};
use handoff_spine::command::{Item, Refusal};
use jiff::civil::Date;
use serde::Deserialize;

use crate::decide::read;
use crate::limits::{Limits, Recorder};
use crate::moment::end_of_day;

/// The terms of a document, as far as they decide who may have what. Everything else stays in the sealed slices.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Terms {
    types: Vec<FormType>,
    decision: String,
    grantors: Vec<UnitId>,
    data_scope: Vec<Category>,
    recipients: Vec<UnitId>,
    tpo_class: bool,
    purposes: Vec<Purpose>,
    expiry: Option<Until>,
    signatures: Vec<Signature>,
    signed_at: Option<String>,
    cj_condition: Option<Condition>,
    intermediary: Intermediary,
}

#[derive(Deserialize)]
struct Until {
    kind: String,
    date: Option<Date>,
    event_code: Option<String>,
    time_zone: Option<String>,
}

/// 2.35: of the condition, when the consent becomes revocable.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Condition {
    revocable_after_date: Option<Date>,
}

/// 2.31(a)(4)(ii): the exchange that hands it on, and to whom of its participants.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Intermediary {
    name: String,
    /// (B): its participants who treat the person. Those of (A) are recipients by name.
    treating_providers_only: bool,
}

#[derive(Deserialize)]
struct Signature {
    signer_role: String,
}

/// Reduces a consent or denial as signed to what policy resolves.
///
/// # Errors
/// HO-13xx with the element of 42 CFR 2.31(a) that is missing; HO-23xx for what the hub cannot carry out.
pub fn facts(item: &Item, consent: RecordId, person: PersonId, by: &Recorder<'_>) -> Result<ConsentFacts, Refusal> {
    let terms: Terms = read(item)?;
    let zone = terms.expiry.as_ref().and_then(|until| until.time_zone.clone());
    let deny = terms.decision == "deny";
    let whole = if deny { denial(terms, consent, person)? } else { permission(terms, item, consent, person)? };
    read::<Limits>(item)?.limit(whole, zone.as_deref(), by)
}

fn permission(terms: Terms, item: &Item, consent: RecordId, person: PersonId) -> Result<ConsentFacts, Refusal> {
    let lacking = consent_deficiencies(&read::<ConsentForm>(item)?);
    if !lacking.is_empty() {
        return Err(deficient(&lacking));
    }
    let consent_type = kind(&terms)?;
    named(&terms)?;
    parent_alone(&terms)?;
    counseling_notes(&terms, consent_type)?;
    let signed_at = terms.signed_at.as_deref().and_then(LogTime::parse).unwrap_or_default();
    if item.asserted_at.as_deref().and_then(LogTime::parse).is_some_and(|received| signed_at > received) {
        return Err(Refusal::new(
            "HO-2315",
            "the consent was signed after it was received: 2.31(a)(9)",
            "correct the date signed or the time of the event",
        )
        .at("/signed_at"));
    }
    let expiry = expiry(&terms, signed_at)?;
    let revocable_from = revocable_from(&terms, consent_type)?;
    // 2.31(a)(5): "at the request of the patient" is a purpose where the patient asks.
    let purposes = if terms.purposes.is_empty() { vec![Purpose::Patrqt] } else { terms.purposes };
    Ok(ConsentFacts {
        grantors: terms.grantors.into(),
        recipients: terms.recipients.into(),
        tpo_class: terms.tpo_class,
        treating_participants: !terms.intermediary.name.is_empty() && terms.intermediary.treating_providers_only,
        purposes: purposes.into(),
        categories: terms.data_scope.into(),
        signed_at,
        expiry,
        revocable_from,
        ..ConsentFacts::blank(consent, person, consent_type)
    })
}

/// A person may forbid in any form: no element is asked for, and what is left open is forbidden too.
fn denial(terms: Terms, consent: RecordId, person: PersonId) -> Result<ConsentFacts, Refusal> {
    // A denial of a type the hub does not carry still forbids.
    let consent_type = kind(&terms).unwrap_or(ConsentType::General);
    let expiry = match &terms.expiry {
        Some(_) => expiry(&terms, LogTime(0))?,
        None => Expiry::Never,
    };
    // A later choice can stand over a denial only where it is known when that was made (rulebook 7.4).
    let signed_at = terms.signed_at.as_deref().and_then(LogTime::parse).unwrap_or_default();
    let denied = forbidding(
        consent,
        person,
        consent_type,
        expiry,
        Scope {
            grantors: terms.grantors,
            recipients: terms.recipients,
            purposes: terms.purposes,
            categories: terms.data_scope,
        },
    );
    Ok(ConsentFacts { signed_at, ..denied })
}

/// What a denial, objection or restriction names; an empty list means all of its kind.
#[derive(Default)]
pub struct Scope {
    pub grantors: Vec<UnitId>,
    pub recipients: Vec<UnitId>,
    pub purposes: Vec<Purpose>,
    pub categories: Vec<Category>,
}

/// A denial, in force from the position it is recorded at.
pub fn forbidding(
    consent: RecordId,
    person: PersonId,
    consent_type: ConsentType,
    expiry: Expiry,
    scope: Scope,
) -> ConsentFacts {
    let all = |given: Vec<Category>| if given.is_empty() { Category::ALL.to_vec() } else { given };
    ConsentFacts {
        grantors: scope.grantors.into(),
        recipients: scope.recipients.into(),
        purposes: if scope.purposes.is_empty() { Purpose::ALL.to_vec().into() } else { scope.purposes.into() },
        categories: all(scope.categories).into(),
        expiry,
        deny: true,
        ..ConsentFacts::blank(consent, person, consent_type)
    }
}

fn deficient(lacking: &[Deficiency]) -> Refusal {
    let word = if lacking.iter().any(|d| d.code == "HO-1351") { "ON_FACE_DEFICIENT" } else { "CONSENT_DEFICIENT" };
    let elements: Vec<_> = lacking.iter().map(|d| d.element).collect();
    let (code, remedy) = lacking.first().map_or(("HO-2300", ""), |d| (d.code, d.remedy));
    Refusal::new(code, format!("{word}: the document does not satisfy {}", elements.join(", ")), remedy)
}

fn kind(terms: &Terms) -> Result<ConsentType, Refusal> {
    Ok(match terms.types.as_slice() {
        [FormType::Part2Named] => ConsentType::Part2Named,
        [FormType::Part2Tpo] => ConsentType::Part2Tpo,
        [FormType::Part2CounselingNotes] => ConsentType::Part2CounselingNotes,
        [FormType::Part2Proceedings] => ConsentType::Part2Proceedings,
        [FormType::Part2CriminalJustice] => ConsentType::Part2CriminalJustice,
        [FormType::HipaaAuthorization] => ConsentType::HipaaAuthorization,
        [FormType::General] => ConsentType::General,
        _ => {
            return Err(Refusal::new(
                "HO-2310",
                "the hub carries no releases under a consent of this type",
                "keep the document at the program; research, registry and PDMP consents are not for the hub",
            )
            .at("/types"));
        }
    })
}

/// A class or a name in words is lawful on paper, but the hub can only act on units.
fn named(terms: &Terms) -> Result<(), Refusal> {
    if terms.grantors.is_empty() {
        return Err(Refusal::new(
            "HO-2311",
            "no unit of the hub is named that may disclose: 2.31(a)(2)",
            "list the unit ids of the programs that the document means",
        )
        .at("/grantors"));
    }
    if terms.recipients.is_empty() && !terms.tpo_class {
        return Err(Refusal::new(
            "HO-2312",
            "no unit of the hub is named that may receive: 2.31(a)(4)(i)",
            "list the unit ids of the recipients that the document names",
        )
        .at("/recipients"));
    }
    Ok(())
}

/// P2-27, 42 CFR 2.14: the minor alone, or the minor and the parent; never the parent alone.
fn parent_alone(terms: &Terms) -> Result<(), Refusal> {
    let part2 = terms.types.iter().any(|t| t.is_part2());
    if part2 && terms.signatures.iter().all(|s| s.signer_role == "parent-or-guardian") {
        return Err(Refusal::new(
            "HO-2319",
            "a parent's signature alone does not open a minor's Part 2 record: 2.14",
            "have the minor sign too; a guardian of an incapacitated adult signs as `authorized-under-2.15`",
        )
        .at("/signatures"));
    }
    Ok(())
}

/// P2-16, 2.31(b): SUD counseling notes have a consent of their own, which covers nothing else.
fn counseling_notes(terms: &Terms, consent_type: ConsentType) -> Result<(), Refusal> {
    let only_notes = consent_type == ConsentType::Part2CounselingNotes;
    if terms.data_scope.iter().all(|c| (*c == Category::SudCounselingNotes) == only_notes) {
        return Ok(());
    }
    Err(Refusal::new(
        "HO-2320",
        "ON_FACE_DEFICIENT: SUD counseling notes are combined with other information: 2.31(b)",
        "use a `part2-counseling-notes` consent for the notes alone, and another for the rest",
    )
    .at("/data_scope"))
}

/// 42 CFR 2.35(c): no earlier than the stated day is over, wherever the person may be; where an event is stated, the
/// consent ends by it.
fn revocable_from(terms: &Terms, consent_type: ConsentType) -> Result<Option<LogTime>, Refusal> {
    let day = terms.cj_condition.as_ref().and_then(|c| c.revocable_after_date);
    let zone = terms.expiry.as_ref().and_then(|until| until.time_zone.as_deref()).unwrap_or("-12:00");
    let day = day.filter(|_| consent_type == ConsentType::Part2CriminalJustice);
    day.map(|day| end_of_day(day, Some(zone))).transpose()
}

fn expiry(terms: &Terms, signed_at: LogTime) -> Result<Expiry, Refusal> {
    let Some(until) = &terms.expiry else { return Ok(Expiry::Never) };
    match (until.kind.as_str(), until.date, &until.event_code) {
        ("none", ..) => Ok(Expiry::Never),
        ("date", Some(day), _) => {
            let at = end_of_day(day, until.time_zone.as_deref())?;
            if at > signed_at {
                return Ok(Expiry::At { at });
            }
            Err(Refusal::new(
                "HO-2316",
                "CONSENT_EXPIRED: it ended before it was signed",
                "correct one of the two dates",
            )
            .at("/expiry/date"))
        }
        ("event", _, Some(code)) => Ok(Expiry::Event { code: code.clone() }),
        _ => Err(Refusal::new(
            "HO-2317",
            "the expiration names no date and no event that the hub can recognise: 2.31(a)(7)",
            "send a date, or the code of the event that ends it",
        )
        .at("/expiry")),
    }
}
