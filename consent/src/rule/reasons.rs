use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_schemas::{AgreementId, RecordId};

use crate::bundle::Bundle;
use crate::engine::PolicyRef;
use crate::matrix::Decision;
use crate::reason::Reason;
use crate::ruling::Withheld;
use crate::situation::{CellFacts, Tightened};

/// Reasons gathered while looking for a way, each once, most decisive first.
pub(super) struct Why<'a> {
    bundle: &'a Bundle,
    found: BTreeSet<Withheld>,
}

impl<'a> Why<'a> {
    pub fn new(bundle: &'a Bundle) -> Self {
        Self { bundle, found: BTreeSet::new() }
    }

    pub fn add(&mut self, reason: Reason) {
        self.about(reason, None, None);
    }

    pub fn about(&mut self, reason: Reason, agreement: Option<AgreementId>, consent: Option<RecordId>) {
        let Some(text) = self.bundle.reasons.text(reason) else { return };
        let (policy, citation) = (Arc::clone(&text.policy), Arc::clone(&text.cite));
        let missing = Arc::clone(&text.change);
        self.found.insert(Withheld { reason, policy, citation, missing, agreement, consent });
    }

    pub fn floors(&mut self, floors: &[(Reason, PolicyRef)]) {
        self.floors_of(floors, None);
    }

    /// As [`Self::floors`]; what hooks forbid is said with the hook and its law.
    pub fn floors_of(&mut self, floors: &[(Reason, PolicyRef)], hooks: Option<&Tightened<'_>>) {
        for (reason, policy) in floors {
            let missing = self.bundle.reasons.text(*reason).map_or_else(|| "".into(), |t| Arc::clone(&t.change));
            let hook = hooks.and_then(|h| match reason {
                Reason::StateHookDenies => h.denies,
                Reason::StateHookConsent => h.consent,
                _ => None,
            });
            let id = Arc::clone(&policy.id);
            let cite = hook.map_or_else(|| Arc::clone(&policy.cite), |hook| hook.cited().into());
            let withheld =
                Withheld { reason: *reason, policy: id, citation: cite, missing, agreement: None, consent: None };
            self.found.insert(withheld);
        }
    }

    /// What of a cell stayed shut beyond agreement and consent.
    pub fn cell(&mut self, cell: &CellFacts<'_>) {
        if cell.offers(Decision::DenyCjis) {
            self.add(Reason::CjisChannel);
        }
        if cell.permits || cell.agreement || cell.consent || cell.status || cell.by_hook.is_some() {
            return;
        }
        let conditional = [Decision::Permit, Decision::Agreement, Decision::Consent, Decision::Status];
        if conditional.into_iter().any(|d| cell.offers(d)) {
            self.add(if cell.awaits_hook { Reason::HookNotReviewed } else { Reason::ConditionNotMet });
        }
        if cell.exception {
            self.add(Reason::ExceptionOnly);
        }
        if cell.offers(Decision::Order) {
            self.add(Reason::CourtOrderOnly);
        }
    }

    pub fn into_list(mut self) -> Vec<Withheld> {
        if self.found.is_empty() {
            self.add(Reason::ConditionNotMet);
        }
        self.found.into_iter().collect()
    }
}
