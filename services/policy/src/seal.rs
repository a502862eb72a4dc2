//! From a ruling to what a partner may hold: templates applied, attachments added, sealed under release keys.

use std::collections::BTreeSet;

use handoff_law::{AskState, Bundle, PolicyState, Ruling};
use handoff_schemas::{LogPos, LogTime, PartnerId, PersonId, ReleaseId};
use handoff_spine::commit::LoggedEvent;
use handoff_spine::index::{name_token, user_token};
use handoff_spine::release::{AskDoc, Release, ReleasedSlice, Ruled, RulingDoc, SealedSlices, StatedSlice};
use handoff_spine::vault::{IdKind, Opener, PartnerKey, ReleaseKeyScope, VaultError};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::apply::source_kind;
use crate::memory::{Holder, Place};
use crate::open::{Kept, Opened};
use crate::terms::{Granted, SaidMemo, Text};

/// Everything that goes into one recipient's part of one event.
pub struct Sealing<'a> {
    pub opener: &'a Opener,
    pub bundle: &'a Bundle,
    pub state: &'a PolicyState,
    pub event: &'a LoggedEvent,
    pub place: Place,
    pub cause: LogPos,
    pub at: LogTime,
    /// What it is ruled under.
    pub ask: Option<&'a AskState>,
    pub supersedes: Option<ReleaseId>,
    /// What this recalls of the recipient's own: then it says of whom and of what nothing.
    pub recalls: Option<&'a BTreeSet<ReleaseId>>,
}

/// A ruling in stored form, with the texts it names.
pub struct Stated {
    pub ruled: Ruled,
    pub terms: Vec<Text>,
    pub why: Option<Text>,
}

impl Sealing<'_> {
    /// The ruling in stored form; none where the recipient's unit is not registered any more.
    ///
    /// # Errors
    /// The vault's, but for a destroyed key: what was erased goes to nobody.
    pub async fn seal(
        &self,
        holder: &Holder,
        ruling: &Ruling,
        opened: &mut Opened,
        memo: &mut SaidMemo,
    ) -> Result<Option<Stated>, VaultError> {
        let recipient = &holder.to;
        let Some(unit) = self.state.unit(&recipient.unit) else { return Ok(None) };
        let partner = unit.partner.clone();
        let key = match self.opener.partner_key(&partner).await {
            Ok(key) => Some(key),
            Err(VaultError::Erased) => None,
            Err(e) => return Err(e),
        };
        let said = memo.of(&ruling.slices, &partner, key.as_ref())?;
        let erased: Vec<_> = said.granted.iter().map(|g| g.category).filter(|c| opened.get(*c).is_none()).collect();
        let why = if erased.is_empty() { said.why.clone() } else { Some(said.why_erased(&erased)?) };
        let person = self.event.person.map(|p| self.state.canonical(p, &self.bundle.defaults.identity));
        let released = match &key {
            Some(key) => self.release(holder, (&partner, key), ruling, opened, &said.granted, person).await?,
            None => None,
        };
        let (release, terms) = released.unzip();
        let ruled = Ruled {
            cause: self.cause,
            at: self.at,
            event: self.event.id,
            event_pos: self.place.0,
            event_index: self.place.1,
            event_type: self.event.event_type.clone(),
            source: self.event.unit.clone(),
            partner,
            recipient: recipient.clone(),
            ask: holder.ask,
            person,
            release,
            withheld: why.as_ref().map(|text| text.id),
            supersedes: self.supersedes.into_iter().collect(),
        };
        Ok(Some(Stated { ruled, terms: terms.unwrap_or_default(), why }))
    }

    async fn release(
        &self,
        holder: &Holder,
        (partner, key): (&PartnerId, &PartnerKey),
        ruling: &Ruling,
        opened: &mut Opened,
        granted: &[Granted],
        person: Option<PersonId>,
    ) -> Result<Option<(Release, Vec<Text>)>, VaultError> {
        let id = holder.release_id(self.cause, self.event.id);
        let source = source_kind(self.state, &self.event.unit);
        let mut parts = Vec::with_capacity(granted.len());
        for grant in granted {
            // A template may leave nothing of a category; then there is nothing to release or to account for.
            if let Some(kept) = opened.kept(&self.event.event_type, source, grant.category, &grant.allowed)? {
                parts.push((grant, kept));
            }
        }
        if parts.is_empty() {
            return Ok(None);
        }
        let index = index(key, parts.iter().map(|(_, kept)| &kept.value));
        let mut slices = Vec::with_capacity(parts.len());
        let mut stated = Vec::with_capacity(parts.len());
        let mut terms = Vec::with_capacity(parts.len());
        for (grant, kept) in parts {
            let category = grant.category;
            let Some(slice) = self.event.slices.iter().find(|s| s.category == category) else { continue };
            let scope = ReleaseKeyScope {
                release: id,
                partner,
                record: self.event.record,
                category,
                key_version: slice.sealed.key_version,
            };
            let sealed = self.opener.seal_release(&scope, &content(&kept, &grant.notices)).await?;
            let content = data_encoding::HEXLOWER.encode(&sealed.content_mac);
            stated.push(StatedSlice { category, content, terms: grant.terms.id });
            slices.push(ReleasedSlice { category, record: self.event.record, sealed: sealed.sealed });
            terms.push(grant.terms.clone());
        }
        let scopes: Vec<String> = ruling.scopes.iter().map(ToString::to_string).collect();
        let substance = substance(&stated, &scopes, ruling.valid_until);
        let told = self.recalls.is_none();
        let doc = RulingDoc {
            ask: self.ask.map(|ask| ask_doc(ask, key)),
            bundle: ruling.bundle.to_string(),
            corrects: match self.recalls {
                Some(recalled) => recalled.iter().copied().collect(),
                None => self.supersedes.into_iter().collect(),
            },
            engine: ruling.engine.to_owned(),
            incident: self.event.incident.filter(|_| told).map(|i| key.pairwise(IdKind::Incident, i.0)),
            person: person.filter(|_| told).map(|p| key.pairwise(IdKind::Person, p.0)),
            recipient: holder.to.clone(),
            record: key.pairwise(IdKind::Record, self.event.record.0),
            release: id,
            ruled_at: self.at,
            slices: stated,
            source: self.event.unit.clone(),
            event_type: self.event.event_type.clone(),
            valid_until: ruling.valid_until,
        };
        let ruling = doc.canonical().map_err(|_| VaultError::Tampered)?;
        let slices = SealedSlices::new(&slices).map_err(|_| VaultError::Tampered)?;
        let release = Release { id, ruling, slices, scopes, valid_until: doc.valid_until, substance, index };
        Ok(Some((release, terms)))
    }
}

/// The ask in its recipient's words.
fn ask_doc(ask: &AskState, key: &PartnerKey) -> AskDoc {
    AskDoc {
        id: key.pairwise(IdKind::Record, ask.facts.ask.0),
        purpose: ask.facts.purpose,
        user: ask.facts.user.as_deref().map(|user| user_token(key, user)),
    }
}

/// What is sealed: the permitted fields and the notices that accompany them.
fn content(kept: &Kept, notices: &str) -> zeroize::Zeroizing<Vec<u8>> {
    let mut content = zeroize::Zeroizing::new(Vec::with_capacity(kept.json.len() + notices.len() + 24));
    for part in [b"{\"data\":".as_slice(), &kept.json, b",\"notices\":", notices.as_bytes(), b"}"] {
        content.extend_from_slice(part);
    }
    content
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
fn substance(stated: &[StatedSlice], scopes: &[String], valid_until: Option<LogTime>) -> u64 {
    let mut hash = Sha256::new();
    for slice in stated {
        hash.update(slice.category.slug().as_bytes());
        hash.update(slice.terms.as_bytes());
    }
    for scope in scopes {
        hash.update(scope.as_bytes());
        hash.update([0]);
    }
    hash.update(valid_until.map_or(i64::MAX, |t| t.0).to_be_bytes());
    hash.finalize().iter().take(8).fold(0, |n, b| (n << 8) | u64::from(*b))
}
