//! An officer asks about a Part 2 patient, and about somebody who does not exist: the answers are the same bytes.

use anyhow::{Context as _, Result, bail};
use data_encoding::HEXLOWER;
use handoff_gateway::wire::{Ask, Read};
use sha2::{Digest as _, Sha256};

use super::cast::Player;

/// A patient of the Part 2 program alone.
const PATIENT: [&str; 3] = ["Talewright", "Morgan", "1984-09-30"];
/// Nobody.
const NOBODY: [&str; 3] = ["Neverwas", "Casey", "1979-01-01"];

/// What the two answers came to.
pub struct Probe {
    pub known_sha256: String,
    pub unknown_sha256: String,
    /// Rows the program itself finds under the same name: the question is a real one.
    pub program_rows: usize,
    pub bytes: usize,
}

/// Asks both questions as the officer, and the first also as the program.
///
/// # Errors
/// HO-9036 where the answers differ, or the program does not find its own patient; the transport's.
pub async fn ask(players: &[Player]) -> Result<Probe> {
    let officer = players.first().context("the demo has no police")?;
    let program = players.iter().find(|p| p.agency.kind() == "P2P").context("the demo has no Part 2 program")?;
    let own = program.partner.read(&program.unit, None, program.agency.reader, named(PATIENT)).await?;
    let program_rows = own.map_err(super::refused)?.rows.len();
    let known = answer(officer, PATIENT).await?;
    let unknown = answer(officer, NOBODY).await?;
    if known != unknown {
        bail!("HO-9036 the officer can tell a Part 2 patient from nobody: report this");
    }
    if program_rows == 0 {
        bail!("HO-9036 the program does not find its own patient, so the officer's question shows nothing");
    }
    Ok(Probe { known_sha256: hash(&known), unknown_sha256: hash(&unknown), program_rows, bytes: known.len() })
}

async fn answer(officer: &Player, name: [&str; 3]) -> Result<Vec<u8>> {
    let (unit, user) = (officer.unit.clone(), officer.agency.reader.to_owned());
    officer.partner.raw("in.read", &Read { unit, role: None, user, under: None, query: named(name) }).await
}

fn named([family, given, birth_date]: [&str; 3]) -> Ask {
    Ask::Named { family: family.to_owned(), given: given.to_owned(), birth_date: birth_date.to_owned() }
}

pub fn hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}
