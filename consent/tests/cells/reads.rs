//! What each kind reads by default, for which purposes (rulebook 7.5).

use handoff_schemas::{Purpose, RecipientKind};

pub type Reads = (Purpose, &'static [&'static str]);

const PROGEVAL: Reads = (Purpose::ProgEval, &["F9"]);
const DISPATCH: Reads = (Purpose::Dispatch, &["F1"]);
const CENTRE: Reads = (Purpose::Dispatch, &["F1", "S"]);
const SCENE: Reads = (Purpose::SceneSafety, &["F2"]);
const FOLLOW_UP: Reads = (Purpose::LeFollowup, &["F3", "F7-min"]);
const CARE: Reads = (Purpose::Coc, &["F5", "F6", "F7", "S"]);
const MANAGEMENT: Reads = (Purpose::Coc, &["F5-CM", "F6", "F7", "S"]);
const SERVICE: Reads = (Purpose::Coc, &["F6", "F7", "S"]);
const VICTIM: Reads = (Purpose::Coc, &["F6"]);
const MONITORING: Reads = (Purpose::CjMonitor, &["F8"]);

/// Rulebook 7.5, the default templates; DISPATCH and SCENESAFETY for kinds that can be sent, referral templates for
/// coordination. F3b stands apart: it needs a reviewed hold hook.
pub fn standing(kind: RecipientKind) -> Vec<Reads> {
    use RecipientKind::*;
    let treat = (Purpose::Treat, treatment(kind));
    let mut all = match kind {
        Le => vec![DISPATCH, SCENE, FOLLOW_UP],
        Psap => vec![CENTRE, SCENE],
        Ems | L988 => vec![treat, DISPATCH, SCENE],
        Bhc | P2p => vec![treat, CARE, DISPATCH, SCENE],
        Hosp => vec![treat, CARE],
        Cmp => vec![MANAGEMENT, DISPATCH, SCENE],
        Cbo => vec![SERVICE],
        Cj => vec![MONITORING],
        Vsp => vec![VICTIM],
        Eval => Vec::new(),
    };
    all.push(PROGEVAL);
    all
}

pub fn treatment(kind: RecipientKind) -> &'static [&'static str] {
    use RecipientKind::{Bhc, Ems, Hosp, L988, P2p};
    match kind {
        Ems | L988 => &["F4", "S"],
        Bhc | P2p | Hosp => &["F5", "S"],
        _ => &[],
    }
}
