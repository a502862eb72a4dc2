//! What waits for a person's review: uses of break-glass (rulebook 7.7) and legal process (rulebook P2-33).

use std::time::Duration;

use anyhow::{Context as _, Result};
use handoff_law::AskState;
use handoff_schemas::{Claim, LogTime, ReviewOutcome, UnitId};
use handoff_spine::command::{Command, Item, RecordRef, Refusal};
use handoff_spine::rpc;
use handoff_spine::vault::IdKind;
use serde_json::json;
use uuid::Uuid;

use super::{Done, fingerprint};
use crate::folded::Folded;
use crate::session::Session;

/// How long the deciding service may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// One ask that somebody has to look at.
pub struct Waiting {
    /// As the unit that made it knows it: what its publication was answered with.
    pub id: Uuid,
    pub what: Kind,
    pub unit: UnitId,
    /// Whom it let read; none for legal process.
    pub user: Option<String>,
    /// Log time of the ask.
    pub made: LogTime,
    /// Until when it must have been reviewed; none where nothing goes before it was.
    pub due: Option<LogTime>,
}

/// Why an ask waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It was used already, on the word of its user alone.
    BreakGlass,
    /// It opens nothing before somebody decides.
    LegalProcess,
}

impl Kind {
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::BreakGlass => "break-glass",
            Self::LegalProcess => "legal process",
        }
    }

    fn of(ask: &AskState) -> Option<Self> {
        match &ask.facts.claim {
            Claim::BreakGlass(_) => Some(Self::BreakGlass),
            Claim::LegalProcess(_) => Some(Self::LegalProcess),
            _ => None,
        }
    }
}

/// What a reviewer says.
pub struct Review<'a> {
    pub outcome: ReviewOutcome,
    /// Who reviewed: anybody but the user who asked.
    pub by: &'a str,
    pub note: Option<&'a str>,
}

/// Everything that waits, oldest first.
///
/// # Errors
/// The log's and the vault's.
pub async fn waiting(session: &Session) -> Result<Vec<Waiting>> {
    let folded = Folded::read(&session.log, None, None).await?;
    let mut all = Vec::new();
    for ask in folded.state.asks().filter(|a| a.awaits_review()) {
        let (Some(what), Some(id)) = (Kind::of(ask), known_as(session, &folded, ask).await?) else { continue };
        let (unit, user) = (ask.facts.unit.clone(), ask.facts.user.clone());
        all.push(Waiting { id, what, unit, user, made: ask.from, due: ask.review_due() });
    }
    all.sort_by_key(|w| (w.made, w.id));
    Ok(all)
}

/// Records a review in the name of the unit that made the ask, as its privacy officer or counsel decided.
///
/// # Errors
/// The log's and the vault's; the inner refusal is the service's, HO-9080, HO-9081 or HO-9082.
pub async fn review(session: &Session, id: Uuid, review: &Review<'_>) -> Done {
    let by = review.by.trim();
    if by.is_empty() {
        return Ok(Err(Refusal::new("HO-9082", "a review names nobody", "say who reviewed it: `--by`")));
    }
    let folded = Folded::read(&session.log, None, None).await?;
    let Some(ask) = found(session, &folded, id).await? else {
        return Ok(Err(Refusal::new(
            "HO-9080",
            "no ask and no legal process has this id",
            "see `handoff review list`; it is the id that its publication was answered with",
        )));
    };
    let (event_type, said) = match (Kind::of(ask), review.outcome) {
        (Some(Kind::BreakGlass), ReviewOutcome::Appropriate | ReviewOutcome::Abuse) => {
            ("ask.access-reviewed.v1", "outcome")
        }
        (Some(Kind::LegalProcess), ReviewOutcome::Release | ReviewOutcome::Refuse) => {
            ("ask.legal-process-reviewed.v1", "decision")
        }
        _ => {
            return Ok(Err(Refusal::new(
                "HO-9081",
                "this is no outcome of such a review",
                "a use of break-glass was appropriate or abuse, legal process is to release or to refuse; nothing \
                 else is reviewed",
            )));
        }
    };
    let mut data = json!({ said: review.outcome, "reviewed_by": by });
    if let (Some(note), Some(members)) = (review.note, data.as_object_mut()) {
        members.insert("note".to_owned(), json!(note));
    }
    let command = Command {
        unit: ask.facts.unit.clone(),
        // The same review sent again is the same command; another one is refused by what came before it.
        key: format!("{}:reviewed:{}", ask.facts.ask.0, fingerprint(data.to_string().as_bytes())),
        record: RecordRef::Id(ask.facts.ask),
        incident: None,
        items: vec![Item { event_type: event_type.parse()?, person: None, other: None, asserted_at: None, data }],
        fresh: [Uuid::new_v4(), Uuid::new_v4()],
    };
    Ok(rpc::ask(&session.log, "cmd.ask", &command, PATIENCE).await?)
}

async fn found<'a>(session: &Session, folded: &'a Folded, id: Uuid) -> Result<Option<&'a AskState>> {
    for ask in folded.state.asks() {
        if known_as(session, folded, ask).await? == Some(id) {
            return Ok(Some(ask));
        }
    }
    Ok(None)
}

/// The ask's id under the key of its unit's agency; none where the unit is not registered.
async fn known_as(session: &Session, folded: &Folded, ask: &AskState) -> Result<Option<Uuid>> {
    let Some(unit) = folded.state.unit(&ask.facts.unit) else { return Ok(None) };
    let key = session.vault.opener().partner_key(&unit.partner).await;
    let key = key.context("the key of the agency that asked cannot be used")?;
    Ok(Some(key.pairwise(IdKind::Record, ask.facts.ask.0)))
}
