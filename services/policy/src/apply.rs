//! Templates applied: what a ruling's elements leave of an event. Pure, so that everybody who must know what a
//! recipient would hold applies them as policy does.

use handoff_law::PolicyState;
use handoff_schemas::{Category, ElementSet, EventType, RecipientKind, Registry, SchemaError, UnitId};
use serde_json::Value;

/// The matrix column whose words an event's leaves are read with: its unit's first role.
#[must_use]
pub fn source_kind(state: &PolicyState, unit: &UnitId) -> RecipientKind {
    state.unit(unit).and_then(|u| u.roles.first().copied()).unwrap_or(RecipientKind::Eval)
}

/// What these elements leave of a slice that a source of this kind wrote; none where nothing is left.
///
/// # Errors
/// The schema's, where the event's type is unknown.
pub fn left(
    event: &EventType,
    source: RecipientKind,
    category: Category,
    slice: &Value,
    allowed: &ElementSet,
) -> Result<Option<Value>, SchemaError> {
    let kept = Registry::embedded().retain(event, source, category, slice, allowed)?;
    Ok(kept.as_object().is_some_and(|o| !o.is_empty()).then_some(kept))
}
