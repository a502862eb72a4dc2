//! The read path: fence, rows that stand, open, append the access record, answer (design.md, "Reading a view").

use std::time::Duration;

use handoff_schemas::{LogTime, PartnerId, Recipient};
use handoff_spine::command::Refusal;
use handoff_spine::directory::Directory;
use handoff_spine::log::{ACCESS, EVENTS, Log, RELEASES};
use handoff_spine::release::{Access, AskDoc, RulingDoc, Terms, expanded};
use handoff_spine::store::{DbName, Store};
use handoff_spine::vault::{ReleaseKeyScope, ReleaseOpener, VaultError};
use handoff_spine::view::{Query, View as StoredView, ViewError, ViewRow, Window};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::wire::{Ask, INCOMPLETE, Read, Row, View};
use handoff_spine::index::{name_token, user_token};

/// How long a read waits for standing before it answers that the view is behind.
const PATIENCE: Duration = Duration::from_secs(2);

/// Everything reading needs; cheap to clone.
#[derive(Clone)]
pub struct Reader {
    pub log: Log,
    pub store: Store,
    pub opener: ReleaseOpener,
    pub directory: Directory,
}

impl Reader {
    /// Answers one partner's request from its own view.
    ///
    /// # Errors
    /// Legible refusals for what depends on no person (unit, role); HO-4201 where the view is behind.
    pub async fn read(&self, partner: &PartnerId, request: &Read) -> Result<View, Refusal> {
        let recipient = self.recipient(partner, request)?;
        let fence = handoff_schemas::LogPos(self.log.last(EVENTS).await.map_err(|e| unavailable(&e))?);
        let key = self.opener.partner_key(partner).await.map_err(|e| unavailable(&e))?;
        let view = StoredView::open(&self.store, partner).await.map_err(|e| unavailable(&e))?;
        let integrated = self.integrated().await?;
        let window = Window { recipient: recipient.clone(), under: request.under, at: LogTime(0), integrated };
        let (query, kind) = match &request.query {
            Ask::Since(cursor) => (Query::Since(*cursor), "list"),
            Ask::Record(id) => (Query::Record(*id), "record"),
            Ask::Person(id) => (Query::Person(*id), "person"),
            Ask::Named { family, given, birth_date } => {
                (Query::Token(name_token(&key, family, given, birth_date)), "person")
            }
        };
        let mut page = view.read(fence, PATIENCE, &window, &query).await.map_err(|e| behind(&e))?;
        if matches!(query, Query::Token(_)) {
            // Always a second look, also where the first found nobody: the same work for the unknown and the withheld.
            let about = about(&page.rows);
            page = view.read(fence, PATIENCE, &window, &Query::Person(about)).await.map_err(|e| behind(&e))?;
        }
        let mut purpose = "standing".to_owned();
        if request.under.is_some() {
            // An ask that opened nothing, another's, and none: the same nothing, and the same record of it.
            let user = user_token(&key, &request.user);
            page.rows.retain(|row| asked(row).is_some_and(|ask| ask.user.is_none_or(|token| token == user)));
            purpose = page.rows.first().and_then(asked).map_or("ask".to_owned(), |ask| ask.purpose.to_string());
        }
        let mut rows = Vec::with_capacity(page.rows.len());
        for row in page.rows {
            if let Some(opened) = self.open(partner, row, &page.terms).await? {
                rows.push(opened);
            }
        }
        let access = Access {
            v: 1,
            id: Uuid::now_v7(),
            partner: partner.clone(),
            recipient,
            user: request.user.clone(),
            purpose,
            query: kind.to_owned(),
            releases: rows.iter().map(|r| r.release).collect(),
            as_of: page.standing,
            at: page.at,
        };
        let body = serde_json::to_vec(&access).map_err(|e| unavailable(&e))?;
        self.log.append(ACCESS, format!("acc.{partner}"), &body).await.map_err(|e| unavailable(&e))?;
        Ok(View { notice: INCOMPLETE.to_owned(), rows })
    }

    /// The record behind an id this unit was given, if a row that stands still shows it.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub async fn record_of(
        &self,
        partner: &PartnerId,
        recipient: &Recipient,
        record: Uuid,
    ) -> Result<Option<handoff_schemas::RecordId>, Refusal> {
        let fence = handoff_schemas::LogPos(self.log.last(EVENTS).await.map_err(|e| unavailable(&e))?);
        let view = StoredView::open(&self.store, partner).await.map_err(|e| unavailable(&e))?;
        let integrated = self.integrated().await?;
        let window = Window { recipient: recipient.clone(), under: None, at: LogTime(0), integrated };
        let page = view.read(fence, PATIENCE, &window, &Query::Record(record)).await.map_err(|e| behind(&e))?;
        Ok(page.rows.iter().flat_map(|r| &r.slices).map(|s| s.record).next())
    }

    /// The unit and role that reads. Everything refused here is about the credential, never about a person.
    pub(crate) fn recipient(&self, partner: &PartnerId, request: &Read) -> Result<Recipient, Refusal> {
        let unit = self.directory.unit(&request.unit).filter(|u| u.partner == *partner).ok_or_else(not_yours)?;
        let kind = match request.role {
            Some(role) if unit.roles.contains(&role) => role,
            None => unit.roles.first().copied().ok_or_else(|| no_role(&request.unit))?,
            Some(_) => return Err(no_role(&request.unit)),
        };
        Ok(Recipient { unit: request.unit.clone(), kind })
    }

    async fn integrated(&self) -> Result<u64, Refusal> {
        let db = self.store.open(&DbName::Ledger).await.map_err(|e| unavailable(&e))?;
        let mut tx = db.snapshot().await.map_err(|e| unavailable(&e))?;
        Ok(tx.checkpoint(RELEASES).await.map_err(|e| unavailable(&e))?.seq)
    }

    /// Opens one row; none where its keys were destroyed in the meantime.
    async fn open(&self, partner: &PartnerId, row: ViewRow, terms: &Terms) -> Result<Option<Row>, Refusal> {
        let (mut parts, mut notices) = (Vec::new(), Vec::new());
        for slice in &row.slices {
            let scope = ReleaseKeyScope {
                release: row.release,
                partner,
                record: slice.record,
                category: slice.category,
                key_version: slice.sealed.key_version,
            };
            match self.opener.open_release(&scope, &slice.sealed).await {
                Ok(plain) => {
                    let mut opened: Map<String, Value> =
                        serde_json::from_slice(plain.expose()).map_err(|e| unavailable(&e))?;
                    parts.extend(opened.remove("data"));
                    if let Some(Value::Array(found)) = opened.remove("notices") {
                        notices.extend(found);
                    }
                }
                Err(VaultError::Erased) => {}
                Err(e) => return Err(unavailable(&e)),
            }
        }
        if parts.is_empty() {
            return Ok(None);
        }
        let data = handoff_schemas::present(parts);
        let ruling =
            expanded(&row.ruling, terms).ok_or_else(|| unavailable(&"a ruling or its terms cannot be read"))?;
        Ok(Some(Row { cursor: row.cursor, release: row.release, ruling, data, notices }))
    }
}

/// Whom the rows with a token are about; nobody's id where there are none.
fn about(rows: &[ViewRow]) -> Uuid {
    rows.iter()
        .filter_map(|row| serde_json::from_str::<RulingDoc>(&row.ruling).ok()?.person)
        .next()
        .unwrap_or(Uuid::nil())
}

/// The ask that a row was ruled under.
fn asked(row: &ViewRow) -> Option<AskDoc> {
    serde_json::from_str::<RulingDoc>(&row.ruling).ok()?.ask
}

/// Which units exist at other agencies is not told: theirs and nobody's are one answer.
pub(crate) fn not_yours() -> Refusal {
    Refusal::new(
        "HO-4301",
        "this unit is not one of yours",
        "use a unit that the hub operator registered for your agency",
    )
    .at("as")
}

fn no_role(unit: &handoff_schemas::UnitId) -> Refusal {
    Refusal::new(
        "HO-4302",
        format!("unit `{unit}` has no such role"),
        "read in one of the roles the unit is registered with",
    )
    .at("role")
}

fn behind(e: &ViewError) -> Refusal {
    match e {
        ViewError::Behind => Refusal::new("HO-4201", "the view is behind the log", "ask again in a moment"),
        ViewError::Store(e) => unavailable(e),
    }
}

/// A failure inside the hub: the same words whatever and whomever it was about.
fn unavailable(e: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(error = %e, "a read failed");
    Refusal::new("HO-4303", "the hub cannot answer now", "ask again in a moment; tell the hub operator if it lasts")
}
