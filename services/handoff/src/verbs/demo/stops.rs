//! What stops when the person revokes a consent, and when an agreement is suspended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use handoff::operator;
use handoff::session::Session;

use super::cast::{self, Player};
use super::night::{PART2_CONSENT, PART2_PROGRAM};
use super::sight::{self, Seen, Sight};
use crate::cli::Revoke;
use crate::verbs::publish;

/// The consent's type, as rulings name it.
const CONSENT: &str = "part2-named";
/// How long the view may take to go dark before the demo calls it a fault.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a view went dark.
pub struct Revocation {
    pub rows_before: usize,
    pub rows_after: usize,
    /// From sending the revocation to the first read without what relied on it, milliseconds.
    pub stop_ms: f64,
    /// Reads after that one; none showed it again.
    pub reads_after: usize,
}

/// Revokes the Part 2 consent, orally, and reads the clinic's view until it is dark.
///
/// # Errors
/// HO-9033 where it does not go dark, or lights up again; HO-9031 where the hub refuses.
pub async fn revoke(session: &mut Session, players: &[Player]) -> Result<Revocation> {
    let clinic = players.iter().find(|p| p.agency.kind() == "BHC").context("the demo has no clinic")?;
    let rows_before = relying(&sight::of(clinic).await?.rows);
    if rows_before == 0 {
        bail!("HO-9033 nothing in the clinic's view relies on the consent, so its revocation would show nothing");
    }
    let what =
        Revoke { unit: PART2_PROGRAM.parse()?, consent: PART2_CONSENT.to_owned(), parties: Vec::new(), oral: true };
    let sent = Instant::now();
    publish::revoke_consent(session, &what).await?.map_err(super::refused)?;
    while left(clinic).await?.is_none_or(|rows| rows > 0) {
        if sent.elapsed() > PATIENCE {
            bail!("HO-9033 a revoked consent still opens rows after {} s: report this", PATIENCE.as_secs());
        }
    }
    let stop_ms = sent.elapsed().as_secs_f64() * 1000.0;
    let mut reads_after = 0;
    let mut rows_after = 0;
    // Once dark it stays dark: while the hub rules again what the consent had opened, and after.
    while reads_after < 5 {
        rows_after += left(clinic).await?.unwrap_or(0);
        reads_after += 1;
    }
    sight::settle(session).await?;
    rows_after += left(clinic).await?.unwrap_or(0);
    if rows_after > 0 {
        bail!("HO-9033 a read after the revocation showed what relied on the consent: report this");
    }
    Ok(Revocation { rows_before, rows_after, stop_ms, reads_after: reads_after + 1 })
}

/// Rows that rely on the consent; none where the hub says that its view is behind, which shows nothing either.
async fn left(clinic: &Player) -> Result<Option<usize>> {
    Ok(match sight::try_read(clinic).await? {
        Ok(view) => {
            let types = view.rows.iter().filter(|r| r.ruling.to_string().contains(&format!("\"{CONSENT}\"")));
            Some(types.count())
        }
        Err(_) => None,
    })
}

fn relying(rows: &[Seen]) -> usize {
    rows.iter().filter(|r| r.relies_on(CONSENT)).count()
}

/// What a suspension stopped and left, as `agency: type from source (categories)`.
pub struct Suspension {
    pub stopped: Vec<String>,
    pub kept: Vec<String>,
}

type Shown = BTreeMap<(&'static str, String, String), BTreeSet<&'static str>>;

/// Suspends one agreement and compares all five views before and after.
///
/// # Errors
/// HO-9031 where the hub refuses.
pub async fn suspend(session: &mut Session, players: &[Player]) -> Result<Suspension> {
    let before = shown(&sight::all(session, players).await?);
    let answer = operator::suspend(session, cast::SUSPENDED, 1, "county attorney", "audit finding").await?;
    cast::accepted(answer)?;
    let after = shown(&sight::all(session, players).await?);
    let (mut stopped, mut kept) = (Vec::new(), Vec::new());
    for (key, categories) in &before {
        let left = after.get(key);
        let (stays, stops): (Vec<&str>, Vec<&str>) =
            categories.iter().partition(|c| left.is_some_and(|left| left.contains(*c)));
        let (agency, event, source) = key;
        let line = |categories: &[&str]| format!("{agency}: {event} from {source} ({})", categories.join(", "));
        if !stops.is_empty() {
            stopped.push(line(&stops));
        }
        if !stays.is_empty() {
            kept.push(line(&stays));
        }
    }
    Ok(Suspension { stopped, kept })
}

fn shown(sights: &[Sight]) -> Shown {
    let mut shown = Shown::new();
    for sight in sights {
        for row in &sight.rows {
            let key = (sight.player.id, row.event_type.clone(), row.source.clone());
            shown.entry(key).or_default().extend(row.fields.keys().map(|c| c.slug()));
        }
    }
    shown
}
