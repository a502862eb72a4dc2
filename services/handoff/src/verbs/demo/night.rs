//! The night itself: documents of `night/`, published step by step, each by its agency's own credential.

use anyhow::{Context as _, Result, bail};
use handoff::operator;
use handoff::session::Session;
use handoff_gateway::adapter::{self, PersonRef};
use handoff_gateway::wire::{Format, PublishReply};
use handoff_schemas::{PersonId, UnitId};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use super::cast::{Player, accepted};

/// One document, who sends it, and what the story says of it.
pub struct Step {
    pub clock: &'static str,
    pub says: &'static str,
    pub file: &'static str,
    unit: &'static str,
    format: Format,
    document: &'static str,
}

macro_rules! step {
    ($clock:literal, $unit:literal, $format:ident, $file:literal, $says:literal) => {
        Step {
            clock: $clock,
            says: $says,
            file: $file,
            unit: $unit,
            format: Format::$format,
            document: include_str!(concat!("../../../night/", $file)),
        }
    };
}

const EIDO: &str = "911.eido.json";

/// The night and the morning after, in order.
pub static STEPS: [Step; 13] = [
    step!("21:14", "river-911", Eido, "911.eido.json", "911: a woman in distress on the library steps (EIDO in)"),
    step!("21:26", "river-pd-patrol", Cloudevents, "caution.json", "patrol arrives: no weapon, at risk of self-harm"),
    step!(
        "21:41",
        "willow-clinic-crisis",
        Cloudevents,
        "encounter.json",
        "the clinic's crisis team takes over on scene"
    ),
    step!("21:55", "river-fire-ems", Nemsis, "care-report.nemsis.xml", "EMS writes its care report (NEMSIS ePCR in)"),
    step!(
        "22:02",
        "willow-clinic-crisis",
        Cloudevents,
        "assessment.json",
        "the clinician's assessment, diagnosis, plan"
    ),
    step!("22:20", "willow-clinic-crisis", Cloudevents, "safety-plan.json", "a safety plan, written with her"),
    step!("22:35", "willow-clinic-crisis", Cloudevents, "disposition.json", "resolved on scene, nobody arrested"),
    step!(
        "09:22",
        "willow-clinic-crisis",
        Cloudevents,
        "consent-shelter.json",
        "she signs: the clinic may tell the shelter"
    ),
    step!("09:25", "harbor-recovery-sud", Cloudevents, "consent-part2.json", "she signs: Harbor may tell the clinic"),
    step!("09:28", "willow-clinic-crisis", Cloudevents, "referral.json", "the clinic refers her to the shelter"),
    step!("09:30", "harbor-recovery-sud", Cloudevents, "part2-screening.json", "Harbor, a Part 2 program, screens her"),
    step!("09:45", "harbor-recovery-sud", Cloudevents, "part2-medication.json", "and looks after her medicines"),
    step!("15:00", "willow-clinic-crisis", Cloudevents, "follow-up.json", "the clinic follows up: she was reached"),
];

/// Another patient of the Part 2 program, whom nobody else knows.
const ELSEWHERE: [Step; 2] = [
    step!("10:10", "harbor-recovery-sud", Cloudevents, "part2-other-identity.json", ""),
    step!("10:15", "harbor-recovery-sud", Cloudevents, "part2-other-patient.json", ""),
];

/// The shelter's acceptance; its record id is the one the shelter's own view shows.
const ACCEPTED: Step = step!(
    "10:05",
    "lantern-shelter-intake",
    Cloudevents,
    "referral-accepted.json",
    "the shelter accepts: a bed is hers"
);

/// The night after: a medic's ask about her, an officer's the same, and the officer's about somebody nobody knows.
pub static MEDIC_ASKS: Step =
    step!("23:10", "river-fire-ems", Cloudevents, "ask-medic.json", "a medic finds her unconscious and asks");
pub static OFFICER_ASKS: Step =
    step!("23:10", "river-pd-patrol", Cloudevents, "ask-officer.json", "an officer asks the same about her");
pub static OFFICER_ASKS_OF_A_STRANGER: Step =
    step!("23:10", "river-pd-patrol", Cloudevents, "ask-officer-stranger.json", "and about a stranger");

/// The consents, by the keys their units gave them.
pub const PART2_CONSENT: &str = "hr-118-consent-1";
pub const PART2_PROGRAM: &str = "harbor-recovery-sud";

/// Her, as each agency calls her. The 911 centre has no id of its own: the document's stands for it.
const KNOWN_AS: [&str; 4] = [
    "willow-clinic-crisis:W-3307",
    "river-fire-ems:EMS-20481",
    "river-pd-patrol:PD-7781",
    "harbor-recovery-sud:HR-118",
];

/// The day of the documents as they are written; played, it is always the day before yesterday.
const WRITTEN_ON: Date = jiff::civil::date(2026, 11, 20);

/// Publishes one step.
///
/// # Errors
/// HO-9031 where the hub refuses the document.
pub async fn publish(players: &[Player], step: &Step) -> Result<()> {
    send(players, step, &dated(step.document)?).await.map(drop)
}

/// States an ask, and returns what its unit was answered.
///
/// # Errors
/// As [`publish`].
pub async fn ask(players: &[Player], step: &Step) -> Result<PublishReply> {
    send(players, step, &dated(step.document)?).await
}

/// Publishes what the Part 2 program alone knows, about somebody else.
///
/// # Errors
/// As [`publish`].
pub async fn publish_elsewhere(players: &[Player]) -> Result<()> {
    for step in &ELSEWHERE {
        publish(players, step).await?;
    }
    Ok(())
}

/// The shelter accepts the referral under the id its own view shows.
///
/// # Errors
/// As [`publish`].
pub async fn accept(players: &[Player], referral: uuid::Uuid) -> Result<&'static Step> {
    static STEP: Step = ACCEPTED;
    send(players, &STEP, &dated(STEP.document)?.replace("RECORD", &referral.to_string())).await?;
    Ok(&STEP)
}

async fn send(players: &[Player], step: &Step, document: &str) -> Result<PublishReply> {
    let player = players
        .iter()
        .find(|p| p.agency.units.iter().any(|u| u.id == step.unit))
        .with_context(|| format!("no agency of the demo has the unit `{}`", step.unit))?;
    let unit: UnitId = step.unit.parse()?;
    let reply = player.partner.publish(&unit, step.format, false, document.as_bytes()).await?;
    reply.map_err(super::refused).with_context(|| format!("publishing night/{}", step.file))
}

/// Records stewards decide that these local ids are one woman: explicit, never guessed.
///
/// # Errors
/// HO-9031 where the hub refuses a link.
pub async fn link(session: &Session) -> Result<usize> {
    let subject = subject_of_the_call()?;
    let [hers, others @ ..] = KNOWN_AS;
    for other in others.into_iter().chain([subject.as_str()]) {
        accepted(operator::link_persons(session, hers, other, "records stewards of both agencies").await?)?;
    }
    Ok(KNOWN_AS.len() + 1)
}

/// Every id the hub knows her by.
///
/// # Errors
/// The log's.
pub async fn persons(session: &Session) -> Result<Vec<PersonId>> {
    let subject = subject_of_the_call()?;
    let mut persons = Vec::new();
    for name in KNOWN_AS.into_iter().chain([subject.as_str()]) {
        let Some((unit, local)) = name.split_once(':') else { continue };
        persons.extend(session.person(&unit.parse()?, local).await?);
    }
    Ok(persons)
}

/// An EIDO has no ids of persons; the hub calls them by document and place in it.
fn subject_of_the_call() -> Result<String> {
    let Some(step) = STEPS.iter().find(|s| s.file == EIDO) else { bail!("the night has no call") };
    let mapped = adapter::map(adapter::Format::Eido, dated(step.document)?.as_bytes(), adapter::Options::default())
        .map_err(|e| anyhow::anyhow!("HO-9031 night/{EIDO}: {e}"))?;
    let about = mapped.drafts.iter().find(|d| d.event_type.as_str() == "encounter.incident-reported.v1");
    match about.map(|d| (&d.person, &d.key)) {
        Some((PersonRef::PerDocument(n), key)) => Ok(format!("{}:document:{key}#{n}", step.unit)),
        Some((PersonRef::Local(id), _)) => Ok(format!("{}:{id}", step.unit)),
        _ => bail!("HO-9031 night/{EIDO} names nobody the call is about"),
    }
}

/// Moves the dates of the story so that its night was the night before last, whatever today is: a consent signed in
/// the future counts for nothing, and one of a year ago has ended.
fn dated(document: &str) -> Result<String> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let days = (WRITTEN_ON.until(today.checked_sub(3.days())?)?).get_days();
    let mut moved = String::with_capacity(document.len());
    let mut rest = document;
    while let Some(at) = ["2026-1", "2027-"].iter().filter_map(|year| rest.find(year)).min() {
        let (before, from) = rest.split_at(at);
        moved.push_str(before);
        let date = from.get(..10).and_then(|text| Some((text, text.parse::<Date>().ok()?)));
        let (written, shown) = match date {
            Some((text, date)) => (text.len(), date.checked_add(days.days())?.to_string()),
            None => (4, from.chars().take(4).collect()),
        };
        moved.push_str(&shown);
        rest = from.get(written..).unwrap_or_default();
    }
    moved.push_str(rest);
    Ok(moved)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use handoff_gateway::check;
    use handoff_schemas::RecipientKind;

    #[test]
    fn every_document_of_the_night_is_accepted_by_its_adapter() {
        let asks = [&MEDIC_ASKS, &OFFICER_ASKS, &OFFICER_ASKS_OF_A_STRANGER];
        for step in STEPS.iter().chain(&ELSEWHERE).chain([&ACCEPTED]).chain(asks) {
            let document = dated(step.document).unwrap();
            let reply = check(step.format, document.as_bytes(), RecipientKind::Ems, None);
            let reply = reply.unwrap_or_else(|e| panic!("{}: {e}", step.file));
            assert!(reply.findings.is_empty(), "{}: {:?}", step.file, reply.findings);
        }
    }

    #[test]
    fn dates_of_the_story_move_together_and_birth_dates_stay() {
        let moved = dated("2026-11-20T21:14:05-08:00 1991-04-12 2026-11-21 2027-11-20 2026-x").unwrap();
        let words: Vec<&str> = moved.split(' ').collect();
        let night: Date = words.first().unwrap().get(..10).unwrap().parse().unwrap();
        let next: Date = words.get(2).unwrap().parse().unwrap();
        let year: Date = words.get(3).unwrap().parse().unwrap();
        assert_eq!(words.get(1), Some(&"1991-04-12"));
        assert_eq!(words.get(4), Some(&"2026-x"));
        assert_eq!(night.checked_add(1.day()).unwrap(), next);
        assert!(next < Timestamp::now().to_zoned(TimeZone::UTC).date());
        assert!(year > Timestamp::now().to_zoned(TimeZone::UTC).date());
    }

    #[test]
    fn the_call_is_about_somebody_and_the_caller_is_somebody_else() {
        assert!(subject_of_the_call().unwrap().starts_with("river-911:"));
    }
}
