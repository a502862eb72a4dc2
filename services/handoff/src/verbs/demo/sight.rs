//! What an agency sees: its own view, read with its own credential, as event types, categories and fields.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use handoff::session::Session;
use handoff_gateway::wire::{Ask, Row, View};
use handoff_schemas::{Category, EventType, RecipientKind, Registry};
use handoff_spine::command::Refusal;
use serde_json::{Value, json};

use super::cast::{AGENCIES, Agency, Player};
use super::words;

/// One row of a view.
pub struct Seen {
    pub event_type: String,
    pub source: String,
    pub is_own: bool,
    /// The fields shown, as JSON pointers with `*` for any index, by category.
    pub fields: BTreeMap<Category, BTreeSet<String>>,
    /// The recorded ruling in the recipient's words.
    pub ruling: Value,
}

impl Seen {
    fn of(row: Row, own_unit: &str) -> Result<Self> {
        let text = |pointer: &str| words::text(&row.ruling, pointer).unwrap_or_default().to_owned();
        let (event_type, source) = (text("/type"), text("/source"));
        let fields = fields(&event_type, &source, &row.data)?;
        let is_own = source == own_unit;
        Ok(Self { event_type, source, is_own, fields, ruling: row.ruling })
    }

    /// Every authority of the row, with the category it opens.
    pub fn grants(&self) -> impl Iterator<Item = (&str, &Value)> {
        words::items(&self.ruling, "/slices").flat_map(|slice| {
            let category = words::text(slice, "/category").unwrap_or("?");
            words::items(slice, "/grants").map(move |grant| (category, grant))
        })
    }

    /// Whether anything in the row rests on a consent of this type.
    pub fn relies_on(&self, consent_type: &str) -> bool {
        self.grants().any(|(_, g)| words::text(g, "/consent/type") == Some(consent_type))
    }

    pub fn as_value(&self) -> Value {
        let all: BTreeSet<&String> = self.fields.values().flatten().collect();
        let categories: Vec<&str> = self.fields.keys().map(|c| c.slug()).collect();
        json!({ "type": self.event_type, "source": self.source, "categories": categories, "fields": all })
    }
}

/// One agency's whole view.
pub struct Sight {
    pub player: &'static Agency,
    pub rows: Vec<Seen>,
}

/// Reads everything an agency sees, as its own user.
///
/// # Errors
/// HO-9031 where the hub refuses; the transport's.
pub async fn of(player: &Player) -> Result<Sight> {
    let view = try_read(player).await?.map_err(super::refused)?;
    let rows = view.rows.into_iter().map(|row| Seen::of(row, player.agency.unit())).collect::<Result<_>>()?;
    Ok(Sight { player: player.agency, rows })
}

/// One read, with the hub's own answer.
///
/// # Errors
/// The transport's.
pub async fn try_read(player: &Player) -> Result<Result<View, Refusal>> {
    player.partner.read(&player.unit, None, player.agency.reader, Ask::Since(0)).await
}

/// Settles, then reads all five.
///
/// # Errors
/// As [`of`].
pub async fn all(session: &mut Session, players: &[Player]) -> Result<Vec<Sight>> {
    settle(session).await?;
    let mut sights = Vec::with_capacity(players.len());
    for player in players {
        sights.push(of(player).await?);
    }
    Ok(sights)
}

/// Waits until everything published is ruled, in the views and on the ledger.
///
/// # Errors
/// The hub's.
pub async fn settle(session: &mut Session) -> Result<()> {
    session.hub().context("the demo runs its own hub")?.settle().await
}

/// The leaves of the data that are there, by category.
fn fields(event_type: &str, source: &str, data: &Value) -> Result<BTreeMap<Category, BTreeSet<String>>> {
    let event_type: EventType = event_type.parse()?;
    let leaves = Registry::embedded().leaves(&event_type).map_err(|e| anyhow::anyhow!("{e}"))?;
    let kind = kind_of(source);
    let mut pointers = BTreeSet::new();
    let known: BTreeMap<&str, Category> =
        leaves.iter().map(|l| (l.pointer.as_str(), l.category.resolve(kind))).collect();
    walk(data, String::new(), &known, &mut pointers);
    let mut fields: BTreeMap<Category, BTreeSet<String>> = BTreeMap::new();
    for pointer in pointers {
        if let Some(category) = known.get(pointer.as_str()) {
            fields.entry(*category).or_default().insert(pointer);
        }
    }
    Ok(fields)
}

fn walk(value: &Value, at: String, leaves: &BTreeMap<&str, Category>, found: &mut BTreeSet<String>) {
    if leaves.contains_key(at.as_str()) {
        found.insert(at);
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                walk(member, format!("{at}/{name}"), leaves, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                walk(item, format!("{at}/*"), leaves, found);
            }
        }
        _ => {}
    }
}

/// The matrix column whose words a unit's leaves are read with.
fn kind_of(unit: &str) -> RecipientKind {
    let role = AGENCIES.iter().flat_map(|a| a.units).find(|u| u.id == unit).map(|u| u.role);
    role.and_then(|r| r.parse().ok()).unwrap_or(RecipientKind::Eval)
}
