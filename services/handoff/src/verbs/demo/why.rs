//! Why an agency saw what it saw and not the rest, read back from the recorded rulings.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use handoff::session::Session;
use handoff_law::{Bundle, Reason};
use handoff_schemas::{PersonId, Recipient};
use handoff_spine::release::Recorded;
use serde_json::Value;

use super::cast::unit_name;
use super::sight::Sight;
use super::words;
use crate::verbs::explain;

/// What each agency gave, by authority.
type BySource = BTreeMap<&'static str, BTreeSet<&'static str>>;

/// What authorities opened, each in one line: agreement and clause, consent, law. Her own word first, then what opened
/// most.
pub fn got(sight: &Sight) -> Vec<String> {
    let mut by_authority: BTreeMap<Authority, BySource> = BTreeMap::new();
    for row in sight.rows.iter().filter(|r| !r.is_own) {
        for (category, grant) in row.grants() {
            let by_source = by_authority.entry(Authority::of(grant)).or_default();
            by_source.entry(unit_name(&row.source)).or_default().insert(words::short(category));
        }
    }
    let mut lines: Vec<(bool, usize, String)> = by_authority
        .into_iter()
        .map(|(why, by_source)| (why.consent.is_none(), things(&by_source), line(&by_source, &why.words())))
        .collect();
    lines.sort_by_key(|(without_consent, opened, _)| (*without_consent, Reverse(*opened)));
    lines.into_iter().map(|(.., line)| line).collect()
}

fn things(by_source: &BySource) -> usize {
    by_source.values().map(BTreeSet::len).sum()
}

/// `place and care from River Fire EMS; name from River County 911 and Willow Clinic: why`
fn line(by_source: &BySource, why: &str) -> String {
    let mut together: BTreeMap<&BTreeSet<&str>, Vec<&str>> = BTreeMap::new();
    for (source, categories) in by_source {
        together.entry(categories).or_default().push(source);
    }
    let from = |(categories, sources): (&BTreeSet<&str>, Vec<&str>)| {
        let categories: Vec<&str> = categories.iter().copied().collect();
        format!("{} from {}", words::list(&categories), words::list(&sources))
    };
    let parts: Vec<String> = together.into_iter().map(from).collect();
    format!("{}: {why}", parts.join("; "))
}

/// What a grant rests on, as the ruling states it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Authority {
    agreement: Option<String>,
    consent: Option<String>,
    has_notice: bool,
    purposes: Vec<String>,
    citation: String,
}

impl Authority {
    fn of(grant: &Value) -> Self {
        let text = |pointer: &str| words::text(grant, pointer);
        let clause = text("/agreement/clause").unwrap_or("-");
        Self {
            agreement: text("/agreement/id").map(|id| format!("agreement {id}, clause {clause}")),
            consent: text("/consent/type").map(|kind| format!("her {kind} consent")),
            has_notice: grant.pointer("/notice").is_some_and(Value::is_object),
            purposes: words::items(grant, "/purposes").filter_map(Value::as_str).map(str::to_owned).collect(),
            citation: text("/citation").unwrap_or("-").to_owned(),
        }
    }

    fn words(&self) -> String {
        let notice = self.has_notice.then(|| "with the 42 CFR 2.32 notice".to_owned());
        let rests_on: Vec<&String> = [&self.agreement, &self.consent, &notice].into_iter().flatten().collect();
        let rests_on: Vec<&str> = rests_on.into_iter().map(String::as_str).collect();
        format!("{}, for {} [{}]", rests_on.join(" + "), self.purposes.join(", "), self.citation)
    }
}

/// The newest recorded ruling of each event for one recipient, in log order.
///
/// # Errors
/// The log's.
pub async fn standing(session: &Session, wanted: impl Fn(&Recipient) -> bool) -> Result<Vec<Recorded>> {
    let mut newest: BTreeMap<(u64, u16, String), Recorded> = BTreeMap::new();
    for recorded in explain::rulings(session, wanted).await? {
        let ruled = &recorded.ruled;
        newest.insert((ruled.event_pos.0, ruled.event_index, ruled.recipient.to_string()), recorded);
    }
    Ok(newest.into_values().collect())
}

/// What of hers was withheld and why, each in one line with its law. Of several recorded reasons, one of law speaks before
/// one of scope.
///
/// # Errors
/// The log's; the bundle's.
pub async fn withheld(session: &Session, unit: &str, hers: &[PersonId]) -> Result<Vec<String>> {
    let bundle = Bundle::embedded()?;
    let mut by_reason: BTreeMap<(bool, String), BySource> = BTreeMap::new();
    let rulings = standing(session, |r| r.unit.as_str() == unit).await?;
    let about_her = rulings.iter().filter(|r| r.ruled.person.is_some_and(|p| hers.contains(&p)));
    for recorded in about_her.filter(|r| shown(r.ruled.event_type.as_str())) {
        let ruled = &recorded.ruled;
        for slice in &recorded.withheld {
            let Some(telling) = slice.reasons.iter().find(|r| !is_scope(r)).or(slice.reasons.first()) else { continue };
            let by_source = by_reason.entry((is_scope(telling), reason(&bundle, telling))).or_default();
            by_source.entry(unit_name(ruled.source.as_str())).or_default().insert(words::short(slice.category.slug()));
        }
    }
    let mut lines: Vec<_> = by_reason.into_iter().collect();
    lines.sort_by_key(|((is_scope, _), by_source)| (*is_scope, Reverse(things(by_source))));
    Ok(lines.into_iter().map(|((_, why), by_source)| line(&by_source, &why)).collect())
}

/// That no clause or no template covers it: true of most slices, and no answer to "would the law let it go".
fn is_scope(reason: &Value) -> bool {
    matches!(words::text(reason, "/policy"), Some("step-6-agreement" | "step-11-minimum"))
}

/// Events of the story; registrations and links show nobody anything.
fn shown(event_type: &str) -> bool {
    words::SCENES.iter().any(|s| s.events.contains(&words::event_name(event_type)))
}

fn reason(bundle: &Bundle, reason: &Value) -> String {
    let text = |pointer: &str| words::text(reason, pointer).unwrap_or("-");
    let plain = text("/reason").parse::<Reason>().ok().and_then(|r| bundle.reasons.text(r));
    let plain = plain.map_or_else(|| text("/reason").to_owned(), |t| t.plain.to_string());
    format!("{plain} [{}, {}]", text("/policy"), text("/citation"))
}
