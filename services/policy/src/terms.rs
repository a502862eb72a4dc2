//! The texts of a ruling's grants and reasons, made once while equal situations share one ruling.

use std::collections::HashMap;
use std::sync::Arc;

use handoff_law::{Grant, NOTICE_VERSION, NoticeForm, Outcome, SliceRuling};
use handoff_schemas::{Category, ElementSet, PartnerId};
use handoff_spine::release::{TermsId, WithheldSlice};
use handoff_spine::vault::{IdKind, PartnerKey, VaultError};
use serde::Serialize;
use serde_json::{Value, json};

/// Most rulings kept, each a few kilobytes of text; then all are forgotten.
const MOST: usize = 4096;
/// What a text weighs in a message beside its own escaped form: its id, quotes, colon and comma.
const NAME: usize = 70;

/// A text that messages carry once.
#[derive(Clone, Debug)]
pub struct Text {
    pub id: TermsId,
    pub body: Arc<str>,
    /// Bytes it adds to a message.
    pub weight: usize,
}

impl Text {
    /// # Errors
    /// [`VaultError::Tampered`] where it has no JSON form.
    pub fn of(stated: &impl Serialize) -> Result<Self, VaultError> {
        // Keys sorted, no white space: equal statements are equal texts, whichever map the JSON library uses.
        let mut canonical = serde_json::to_value(stated).map_err(|_| VaultError::Tampered)?;
        canonical.sort_all_objects();
        let body: Arc<str> = canonical.to_string().into();
        let escaped = serde_json::to_string(&*body).map_err(|_| VaultError::Tampered)?;
        Ok(Self { id: TermsId::of(&body), weight: escaped.len() + NAME, body })
    }
}

/// What one slice is released on.
pub struct Granted {
    pub category: Category,
    pub terms: Text,
    pub allowed: ElementSet,
    /// The 2.32 notices and scope explanations that must accompany the content: a JSON array.
    pub notices: String,
}

/// A whole ruling in texts.
pub struct Said {
    pub granted: Vec<Granted>,
    pub withheld: Vec<WithheldSlice>,
    /// The text of `withheld`, where anything was.
    pub why: Option<Text>,
}

impl Said {
    /// In the words of the partner with this key; where the key was destroyed nothing can be granted.
    ///
    /// # Errors
    /// [`VaultError::Tampered`] where a notice cannot be stated: nothing goes without (42 CFR 2.32).
    pub fn of(slices: &[SliceRuling], key: Option<&PartnerKey>) -> Result<Self, VaultError> {
        let (mut granted, mut withheld) = (Vec::new(), Vec::new());
        for slice in slices {
            match (&slice.outcome, key) {
                (Outcome::Release(grants), Some(key)) => granted.push(self::granted(slice, grants, key)?),
                (Outcome::Release(_), None) => {}
                (Outcome::Withhold(reasons), _) => withheld.push(WithheldSlice {
                    category: slice.category,
                    reasons: reasons.iter().map(|r| serde_json::to_value(r).unwrap_or(Value::Null)).collect(),
                }),
            }
        }
        let why = if withheld.is_empty() { None } else { Some(Text::of(&withheld)?) };
        Ok(Self { granted, withheld, why })
    }

    /// The same reasons, and that these categories were erased.
    ///
    /// # Errors
    /// [`VaultError::Tampered`] where they have no JSON form.
    pub fn why_erased(&self, erased: &[Category]) -> Result<Text, VaultError> {
        let gone =
            |category: &Category| WithheldSlice { category: *category, reasons: vec![json!({ "reason": "ERASED" })] };
        Text::of(&self.withheld.iter().cloned().chain(erased.iter().map(gone)).collect::<Vec<_>>())
    }
}

fn granted(slice: &SliceRuling, grants: &[Grant], key: &PartnerKey) -> Result<Granted, VaultError> {
    let notices: Option<Vec<Value>> = grants.iter().filter_map(|g| g.notice.as_ref()).map(|n| notice(n, key)).collect();
    let statements = grants.iter().filter_map(|g| g.statement.as_ref());
    let statements =
        statements.map(|text| json!({ "version": NOTICE_VERSION, "form": NoticeForm::Short, "text": &**text }));
    let notices = notices.map(|all| all.into_iter().chain(statements).collect());
    Ok(Granted {
        category: slice.category,
        terms: Text::of(&grants.iter().map(|g| grant(g, key)).collect::<Vec<_>>())?,
        allowed: slice.outcome.elements(),
        notices: Value::Array(notices.ok_or(VaultError::Tampered)?).to_string(),
    })
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
    // It goes with the content; the ruling says by its form that it did.
    if let Some(statement) = stated.pointer_mut("/statement") {
        *statement = json!({ "form": NoticeForm::Short, "version": NOTICE_VERSION });
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

/// Texts remembered by the ruling they state and the partner they speak to.
#[derive(Default)]
pub struct SaidMemo(HashMap<Name, (Arc<[SliceRuling]>, Arc<Said>)>);

/// Where the ruling lies in memory, whom it speaks to, whether that partner has a key.
type Name = (usize, PartnerId, bool);

impl SaidMemo {
    /// As [`Said::of`], remembering. Only what the decision engine remembers too is kept: the same situation gives the
    /// same shared ruling, and holding it here keeps its address from meaning another.
    ///
    /// # Errors
    /// As [`Said::of`].
    pub fn of(
        &mut self,
        slices: &Arc<[SliceRuling]>,
        partner: &PartnerId,
        key: Option<&PartnerKey>,
    ) -> Result<Arc<Said>, VaultError> {
        let name = (Arc::as_ptr(slices).cast::<u8>() as usize, partner.clone(), key.is_some());
        if let Some((_, known)) = self.0.get(&name) {
            return Ok(Arc::clone(known));
        }
        let said = Arc::new(Said::of(slices, key)?);
        if Arc::strong_count(slices) > 1 {
            if self.0.len() >= MOST {
                self.0.clear();
            }
            self.0.insert(name, (Arc::clone(slices), Arc::clone(&said)));
        }
        Ok(said)
    }
}
