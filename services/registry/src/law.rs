//! The law on the log: its versions, carried whole, and which of them is in force.

use handoff_law::{Bundle, BundleError, CarriedLaw};
use handoff_schemas::{BundleHash, Fact};
use handoff_spine::command::{Command, Item, Refusal};
use serde::Deserialize;

use crate::read::{data, starts_under};
use crate::state::Entry;

pub(crate) const CARRIED: &str = "bundle.law-carried.v1";
const ACTIVATED: &str = "bundle.law-activated.v1";

/// The one record of the law.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LawRecord {
    /// Every version on the log, in the order it was carried. The first is the one that everything was ruled by before
    /// any was activated.
    pub carried: Vec<BundleHash>,
    pub(crate) activated: Option<BundleHash>,
}

impl LawRecord {
    /// The version in force; none where the log carries none.
    #[must_use]
    pub fn in_force(&self) -> Option<BundleHash> {
        self.activated.or_else(|| self.carried.first().copied())
    }
}

#[derive(Deserialize)]
struct Activation {
    bundle: BundleHash,
    reviewer: String,
    reason: String,
}

/// Carrying a version changes nothing; activating it rules everything again.
pub fn facts(state: &Entry, command: &Command, item: &Item) -> Result<Vec<Fact>, Refusal> {
    starts_under(command, "bundle", "law")?;
    let none = LawRecord::default();
    let law = if let Entry::Law(law) = state { law } else { &none };
    match item.event_type.as_str() {
        CARRIED => carried(law, item),
        ACTIVATED => activated(law, item),
        _ => Err(Refusal::new(
            "HO-2002",
            "this is no event of the registry",
            "send `bundle.law-carried.v1` or `bundle.law-activated.v1`",
        )),
    }
}

/// INVARIANT: no version that does not load is ever carried, so none can be activated.
fn carried(law: &LawRecord, item: &Item) -> Result<Vec<Fact>, Refusal> {
    let sent: CarriedLaw = data(item)?;
    if law.carried.contains(&sent.bundle) {
        return Err(Refusal::new("HO-1485", "the log carries this version of the law already", "activate it"));
    }
    sent.open().map_err(|e| unsound(&e))?;
    let began_with = Bundle::embedded().map_err(|e| unsound(&e))?.hash;
    if law.carried.is_empty() && sent.bundle != began_with {
        return Err(Refusal::new(
            "HO-1482",
            "the first version on the log must be the one that everything was ruled by until now",
            format!("carry the law of this build first, {began_with}"),
        ));
    }
    Ok(Vec::new())
}

fn activated(law: &LawRecord, item: &Item) -> Result<Vec<Fact>, Refusal> {
    let said: Activation = data(item)?;
    if said.reviewer.trim().is_empty() || said.reason.trim().is_empty() {
        let place = if said.reviewer.trim().is_empty() { "/reviewer" } else { "/reason" };
        return Err(Refusal::new(
            "HO-1484",
            "nobody reviewed this version of the law, or for no reason",
            "name the reviewer and the reason",
        )
        .at(place));
    }
    if !law.carried.contains(&said.bundle) {
        return Err(Refusal::new(
            "HO-1486",
            "the log carries no such version of the law",
            "send its files first, as `bundle.law-carried.v1`",
        )
        .at("/bundle"));
    }
    if law.in_force() == Some(said.bundle) {
        return Err(Refusal::new("HO-1483", "this version of the law is in force already", "nothing is to be done"));
    }
    Ok(vec![Fact::LawActivated { bundle: said.bundle }])
}

fn unsound(error: &BundleError) -> Refusal {
    Refusal::new(error.code(), error.to_string(), "correct the folder until `handoff law check` accepts it")
}
