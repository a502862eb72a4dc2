//! A medic asks about her while she is unconscious, and is answered; an officer asks the same, and might as well have
//! asked about somebody nobody knows.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use handoff::client::under;
use handoff::session::Session;
use handoff_gateway::wire::PublishReply;
use serde_json::Value;
use uuid::Uuid;

use super::cast::{Player, unit_name};
use super::night::{self, Step};
use super::{probe, sight, words};

/// The source of the Part 2 record.
const PROGRAM_KIND: &str = "P2P";
const ASKED: &str = "ask.access-requested.v1";
/// What 42 CFR 2.51(c) has the program write down, and where it stands in the ask.
const ITEMS: [(&str, &[&str]); 4] = [
    ("to whom", &["/emergency/personnel_name", "/emergency/personnel_affiliation"]),
    ("by whom", &["/emergency/disclosing_person"]),
    ("when", &["/emergency/disclosed_at"]),
    ("why", &["/emergency/nature"]),
];

/// How it came out.
pub struct Emergency {
    /// What the medic reads under the ask: medicines by source, with the law it rests on.
    pub medicines: BTreeMap<&'static str, BTreeSet<String>>,
    pub citations: BTreeSet<String>,
    /// The four items as the program's own view shows them.
    pub documented: Vec<(&'static str, String)>,
    /// The officer's answers: about her, and about a stranger.
    pub known_sha256: String,
    pub unknown_sha256: String,
    pub bytes: usize,
}

/// Asks three times, and reads what came of each.
///
/// # Errors
/// HO-9085 where the medic is not answered or the program not told; HO-9086 where the officer's answers differ.
pub async fn ask(session: &mut Session, players: &[Player]) -> Result<Emergency> {
    let medic = of_kind(players, "EMS")?;
    let reply = night::ask(players, &night::MEDIC_ASKS).await?;
    sight::settle(session).await?;
    let read = under(made(&reply)?, &medic.unit, medic.agency.reader);
    let rows = medic.partner.request(&read).await?.map_err(super::refused)?.rows;
    let (mut medicines, mut citations) = (BTreeMap::<_, BTreeSet<_>>::new(), BTreeSet::new());
    for row in &rows {
        let source = unit_name(words::text(&row.ruling, "/source").unwrap_or_default());
        let names = words::items(&row.data, "/medications").filter_map(|m| words::text(m, "/name"));
        medicines.entry(source).or_default().extend(names.map(str::to_owned));
        let grants = words::items(&row.ruling, "/slices").flat_map(|slice| words::items(slice, "/grants"));
        citations.extend(grants.filter_map(|g| words::text(g, "/citation")).map(str::to_owned));
    }
    let program = of_kind(players, PROGRAM_KIND)?;
    let documented = documented(program, medic).await?;
    let opened = medicines.get(program.agency.name).is_some_and(|names| !names.is_empty());
    if !opened || documented.len() != ITEMS.len() {
        bail!("HO-9085 an emergency opened nothing of the program, or did not tell it what to document: report this");
    }
    let known = officer(session, players, &night::OFFICER_ASKS).await?;
    let unknown = officer(session, players, &night::OFFICER_ASKS_OF_A_STRANGER).await?;
    if known != unknown {
        bail!("HO-9086 the officer can tell her from a stranger by asking: report this");
    }
    let (known_sha256, unknown_sha256) = (probe::hash(&known), probe::hash(&unknown));
    Ok(Emergency { medicines, citations, documented, known_sha256, unknown_sha256, bytes: known.len() })
}

/// The answer to an officer's ask and what is read under it, byte by byte; the ids that the officer's own agency gave
/// to record and person, and gives to every record and person, are left out.
async fn officer(session: &mut Session, players: &[Player], step: &Step) -> Result<Vec<u8>> {
    let officer = of_kind(players, "LE")?;
    let mut reply = night::ask(players, step).await?;
    sight::settle(session).await?;
    let read = under(made(&reply)?, &officer.unit, officer.agency.reader);
    for published in &mut reply.published {
        published.record = Uuid::nil();
        published.person = published.person.map(|_| Uuid::nil());
    }
    let mut answers = serde_json::to_vec(&reply)?;
    answers.extend(officer.partner.raw("in.read", &read).await?);
    Ok(answers)
}

/// The four items, from the ask as the program's view shows it.
async fn documented(program: &Player, medic: &Player) -> Result<Vec<(&'static str, String)>> {
    let rows = sight::try_read(program).await?.map_err(super::refused)?.rows;
    let told = rows.iter().find(|row| {
        let text = |pointer| words::text(&row.ruling, pointer);
        text("/type") == Some(ASKED) && text("/source") == Some(medic.unit.as_str())
    });
    let Some(told) = told else { return Ok(Vec::new()) };
    let item = |places: &[&str]| -> Option<String> {
        let parts: Option<Vec<&str>> = places.iter().map(|p| told.data.pointer(p).and_then(Value::as_str)).collect();
        parts.map(|parts| parts.join(", "))
    };
    Ok(ITEMS.iter().filter_map(|(name, places)| Some((*name, item(places)?))).collect())
}

fn made(reply: &PublishReply) -> Result<Uuid> {
    reply.published.first().map(|p| p.record).context("HO-9031 the hub's answer names no ask")
}

fn of_kind<'a>(players: &'a [Player], kind: &str) -> Result<&'a Player> {
    players.iter().find(|p| p.agency.kind() == kind).with_context(|| format!("the demo has nobody of kind {kind}"))
}
