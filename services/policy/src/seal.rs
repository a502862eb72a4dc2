//! From a ruling to what a partner may hold: templates applied, attachments added, sealed under release keys.

use handoff_law::{Grant, Outcome, PolicyState, Ruling};
use handoff_schemas::{Category, LogPos, LogTime, Recipient, RecipientKind, Registry, ReleaseId};
use handoff_spine::commit::LoggedEvent;
use handoff_spine::index::name_token;
use handoff_spine::release::{Release, ReleasedSlice, Ruled, RulingDoc, WithheldSlice, release_id};
use handoff_spine::vault::{IdKind, Opener, PartnerKey, ReleaseKeyScope, VaultError};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::memory::Place;
use crate::open::Opened;

/// Everything that goes into one recipient's part of one event.
pub struct Sealing<'a> {
    pub opener: &'a Opener,
    pub state: &'a PolicyState,
    pub event: &'a LoggedEvent,
    pub place: Place,
    pub cause: LogPos,
    pub at: LogTime,
    pub supersedes: Option<ReleaseId>,
}

impl Sealing<'_> {
    /// The ruling in stored form; none where the recipient's unit is not registered any more.
    ///
    /// # Errors
    /// The vault's, but for a destroyed key: what was erased goes to nobody.
    pub async fn seal(
        &self,
        recipient: &Recipient,
        ruling: &Ruling,
        opened: &Opened,
    ) -> Result<Option<Ruled>, VaultError> {
        let Some(unit) = self.state.unit(&recipient.unit) else { return Ok(None) };
        let partner = unit.partner.clone();
        let mut withheld = Vec::new();
        let mut granted: Vec<(Category, &[Grant])> = Vec::new();
        for slice in ruling.slices.iter() {
            match &slice.outcome {
                Outcome::Release(grants) if opened.get(slice.category).is_some() => {
                    granted.push((slice.category, grants));
                }
                Outcome::Release(_) => {
                    withheld
                        .push(WithheldSlice { category: slice.category, reasons: vec![json!({"reason": "ERASED"})] });
                }
                Outcome::Withhold(reasons) => withheld.push(WithheldSlice {
                    category: slice.category,
                    reasons: reasons.iter().map(|r| serde_json::to_value(r).unwrap_or(Value::Null)).collect(),
                }),
            }
        }
        let person = self.event.person.map(|p| self.state.canonical(p));
        let release = self.release(recipient, &partner, ruling, opened, &granted, person).await?;
        Ok(Some(Ruled {
            cause: self.cause,
            at: self.at,
            event: self.event.id,
            event_pos: self.place.0,
            event_index: self.place.1,
            event_type: self.event.event_type.clone(),
            source: self.event.unit.clone(),
            partner,
            recipient: recipient.clone(),
            person,
            release,
            withheld,
            supersedes: self.supersedes.into_iter().collect(),
        }))
    }

    async fn release(
        &self,
        recipient: &Recipient,
        partner: &handoff_schemas::PartnerId,
        ruling: &Ruling,
        opened: &Opened,
        granted: &[(Category, &[Grant])],
        person: Option<handoff_schemas::PersonId>,
    ) -> Result<Option<Release>, VaultError> {
        let id = release_id(self.cause, self.event.id, recipient);
        let source = self.state.unit(&self.event.unit).and_then(|u| u.roles.first().copied());
        let source = source.unwrap_or(RecipientKind::Eval);
        let mut parts = Vec::with_capacity(granted.len());
        for (category, grants) in granted {
            let Some(plain) = opened.get(*category) else { continue };
            let allowed = grants.iter().fold(handoff_schemas::ElementSet::none(), |all, g| all.union(&g.elements));
            let kept = Registry::embedded()
                .retain(&self.event.event_type, source, *category, plain, &allowed)
                .map_err(|_| VaultError::Tampered)?;
            // A template may leave nothing of a category; then there is nothing to release or to account for.
            if kept.as_object().is_some_and(|o| !o.is_empty()) {
                parts.push((*category, *grants, kept));
            }
        }
        if parts.is_empty() {
            return Ok(None);
        }
        let key = match self.opener.partner_key(partner).await {
            Ok(key) => key,
            Err(VaultError::Erased) => return Ok(None),
            Err(e) => return Err(e),
        };
        let index = index(&key, parts.iter().map(|(_, _, kept)| kept));
        let mut slices = Vec::with_capacity(parts.len());
        let mut stated = Vec::with_capacity(parts.len());
        for (category, grants, kept) in parts {
            let Some(slice) = self.event.slices.iter().find(|s| s.category == category) else { continue };
            // A notice that cannot be stated stops the release: it must not go without (42 CFR 2.32).
            let notices: Option<Vec<Value>> =
                grants.iter().filter_map(|g| g.notice.as_ref()).map(|n| notice(n, &key)).collect();
            let notices = notices.ok_or(VaultError::Tampered)?;
            let content = zeroize::Zeroizing::new(
                serde_json::to_vec(&json!({ "data": kept, "notices": notices })).map_err(|_| VaultError::Tampered)?,
            );
            let scope = ReleaseKeyScope {
                release: id,
                partner,
                record: self.event.record,
                category,
                key_version: slice.sealed.key_version,
            };
            let sealed = self.opener.seal_release(&scope, &content).await?;
            stated.push(json!({
                "category": category,
                "grants": grants.iter().map(|g| grant(g, &key)).collect::<Vec<_>>(),
                "content": data_encoding::HEXLOWER.encode(&sealed.content_mac),
            }));
            slices.push(ReleasedSlice { category, record: self.event.record, sealed: sealed.sealed });
        }
        let scopes: Vec<String> = ruling.scopes.iter().map(ToString::to_string).collect();
        let substance = substance(&stated, &scopes, ruling.valid_until);
        let doc = RulingDoc {
            release: id,
            event_type: self.event.event_type.clone(),
            source: self.event.unit.clone(),
            recipient: recipient.clone(),
            record: key.pairwise(IdKind::Record, self.event.record.0),
            person: person.map(|p| key.pairwise(IdKind::Person, p.0)),
            incident: self.event.incident.map(|i| key.pairwise(IdKind::Incident, i.0)),
            ruled_at: self.at,
            valid_until: ruling.valid_until,
            slices: stated,
            bundle: ruling.bundle.to_string(),
            engine: ruling.engine.to_owned(),
            corrects: self.supersedes.into_iter().collect(),
        };
        // Keys sorted, no white space: the canonical form the leaf covers, whichever map the JSON library uses.
        let mut canonical = serde_json::to_value(&doc).map_err(|_| VaultError::Tampered)?;
        canonical.sort_all_objects();
        let text = canonical.to_string();
        Ok(Some(Release { id, ruling: text, slices, scopes, valid_until: ruling.valid_until, substance, index }))
    }
}

/// A grant in its recipient's words: the consent by the id this partner knows, the notice by its form.
fn grant(grant: &Grant, key: &PartnerKey) -> Value {
    let mut stated = serde_json::to_value(grant).unwrap_or(Value::Null);
    if let (Some(consent), Some(named)) = (&grant.consent, stated.pointer_mut("/consent/record")) {
        *named = json!(key.pairwise(IdKind::Consent, consent.record.0));
    }
    if let Some(notice) = stated.pointer_mut("/notice").and_then(Value::as_object_mut) {
        notice.retain(|field, _| field == "form" || field == "version");
    }
    stated
}

/// The 2.32 notice and scope explanation, sealed with the content it must accompany.
fn notice(notice: &handoff_law::Notice232, key: &PartnerKey) -> Option<Value> {
    let mut stated = serde_json::to_value(notice).ok()?;
    let named = stated.pointer_mut("/scope/consent")?;
    let consent = named.as_str()?.parse().ok()?;
    *named = json!(key.pairwise(IdKind::Consent, consent));
    Some(stated)
}

/// Tokens for search, from what is released and nothing else: the index cannot tell more than the view.
fn index<'a>(key: &PartnerKey, parts: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let (mut family, mut given, mut born) = (None, None, None);
    for part in parts {
        family = family.or_else(|| find(part, "family"));
        given = given.or_else(|| find(part, "given"));
        born = born.or_else(|| find(part, "birth_date"));
    }
    match (family, given, born) {
        (Some(f), Some(g), Some(b)) => vec![name_token(key, f, g, b)],
        _ => Vec::new(),
    }
}

fn find<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    match value {
        Value::Object(map) => {
            map.get(field).and_then(Value::as_str).or_else(|| map.values().find_map(|inner| find(inner, field)))
        }
        _ => None,
    }
}

/// What was granted, on what, until when: the content's own hash left out, since it changes with the release id.
fn substance(stated: &[Value], scopes: &[String], valid_until: Option<LogTime>) -> u64 {
    let mut hash = Sha256::new();
    for slice in stated {
        for part in ["category", "grants"] {
            hash.update(slice.get(part).unwrap_or(&Value::Null).to_string().as_bytes());
        }
    }
    for scope in scopes {
        hash.update(scope.as_bytes());
        hash.update([0]);
    }
    hash.update(valid_until.map_or(i64::MAX, |t| t.0).to_be_bytes());
    hash.finalize().iter().take(8).fold(0, |n, b| (n << 8) | u64::from(*b))
}
