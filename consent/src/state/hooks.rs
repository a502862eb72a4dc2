use std::collections::BTreeMap;

use handoff_schemas::HookReview;
use serde::{Deserialize, Serialize};

use super::PolicyState;

/// Reviews that stand, by hook: at most one for everything, and one for each agreement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reviews(BTreeMap<String, Vec<HookReview>>);

impl Reviews {
    pub fn recorded(&mut self, review: &HookReview) {
        let known = self.0.entry(review.hook.clone()).or_default();
        known.retain(|before| before.agreement != review.agreement);
        if !review.withdrawn {
            known.push(review.clone());
        }
    }
}

impl PolicyState {
    /// The reviews of a hook that stand, by its id in the bundle. None: the hook may only tighten (rulebook 4).
    #[must_use]
    pub fn hook_reviews(&self, hook: &str) -> &[HookReview] {
        self.hooks.0.get(hook).map_or(&[], Vec::as_slice)
    }
}
