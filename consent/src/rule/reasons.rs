use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_schemas::{AgreementId, RecordId};

use crate::bundle::Bundle;
use crate::engine::PolicyRef;
use crate::matrix::Decision;
use crate::reason::Reason;
use crate::ruling::Withheld;
use crate::situation::CellFacts;

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
        for (reason, policy) in floors {
            let missing = self.bundle.reasons.text(*reason).map_or_else(|| "".into(), |t| Arc::clone(&t.change));
            let (id, cite) = (Arc::clone(&policy.id), Arc::clone(&policy.cite));
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
        if cell.permits || cell.agreement || cell.consent || cell.status {
            return;
        }
        let conditional = [Decision::Permit, Decision::Agreement, Decision::Consent, Decision::Status];
        if conditional.into_iter().any(|d| cell.offers(d)) {
            self.add(if needs_hook(cell) { Reason::HookNotReviewed } else { Reason::ConditionNotMet });
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

fn needs_hook(cell: &CellFacts<'_>) -> bool {
    use crate::matrix::Requirement::{HoldInitiated, ReviewedHook};
    let of = |c: &crate::matrix::Cell| {
        c.alternatives.iter().flat_map(|a| &a.requirements).any(|r| matches!(r, ReviewedHook | HoldInitiated))
    };
    cell.cell.is_some_and(of)
}
