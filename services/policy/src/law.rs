//! The versions of the law on the log: their files, and from which position on each is in force.

use std::collections::BTreeMap;
use std::sync::Arc;

use handoff_law::{Bundle, CarriedLaw};
use handoff_schemas::{BundleHash, Fact, LogPos, LogTime};
use handoff_spine::commit::{Entry, LoggedEvent};
use handoff_spine::log::{EVENTS, Log};
use handoff_spine::service::ServiceError;
use serde::Serialize;
use serde_json::Value;

/// The subjects of the law.
pub const SUBJECTS: &str = "ev.*.bundle.*";

const CARRIED: &str = "bundle.law-carried.v1";

/// Every version that the log carries, and which of them rules each position.
///
/// INVARIANT: which version rules a position follows from the log below it alone, whatever build reads it: before the
/// first activation it is the first version carried. A log that carries none is ruled by the law of the build.
#[derive(Clone, Debug)]
pub struct Laws {
    first: Arc<Bundle>,
    carried: BTreeMap<BundleHash, Arc<Bundle>>,
    activations: Vec<(Activation, Arc<Bundle>)>,
    /// The last position taken in.
    read: LogPos,
}

/// A version of the law came into force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Activation {
    pub position: LogPos,
    /// When the log took it.
    pub at: LogTime,
    pub bundle: BundleHash,
    pub reviewer: String,
    pub reason: String,
}

impl Laws {
    /// A log that carries no law: all is ruled by the build's own.
    #[must_use]
    pub fn of_build(own: Arc<Bundle>) -> Self {
        Self { first: own, carried: BTreeMap::new(), activations: Vec::new(), read: LogPos(0) }
    }

    /// Loads every version that the log names, up to now.
    ///
    /// # Errors
    /// The log's; HO-4004 where a version is missing, altered, or cannot be read by this build.
    pub async fn read(log: &Log, own: Arc<Bundle>) -> Result<Self, ServiceError> {
        let mut laws = Self::of_build(own);
        let mut follow = log.follow(EVENTS, 1, &[SUBJECTS]).await?;
        for _ in 0..follow.waiting() {
            let entry = log.open(&follow.next().await?)?;
            if laws.carried.is_empty()
                && let Some(event) = entry.commit.events.iter().find(|e| is_carried(e))
            {
                laws.first = Arc::new(opened(event, entry.pos)?);
            }
            laws.take(&entry)?;
        }
        Ok(laws)
    }

    /// Takes in one position; one that was taken in before changes nothing.
    ///
    /// # Errors
    /// HO-4004, as [`Laws::read`].
    pub fn take(&mut self, entry: &Entry) -> Result<(), ServiceError> {
        if entry.pos <= self.read {
            return Ok(());
        }
        for event in &entry.commit.events {
            if is_carried(event) {
                self.carry(opened(event, entry.pos)?, entry.pos)?;
            }
            for fact in &event.facts {
                if let Fact::LawActivated { bundle } = fact {
                    self.activate(*bundle, event, entry)?;
                }
            }
        }
        self.read = entry.pos;
        Ok(())
    }

    fn carry(&mut self, bundle: Bundle, pos: LogPos) -> Result<(), ServiceError> {
        if self.carried.is_empty() && bundle.hash != self.first.hash {
            return Err(unsound(pos, "until here another version ruled than the first one carried"));
        }
        self.carried.entry(bundle.hash).or_insert_with(|| Arc::new(bundle));
        Ok(())
    }

    fn activate(&mut self, hash: BundleHash, event: &LoggedEvent, entry: &Entry) -> Result<(), ServiceError> {
        let bundle = self.carried.get(&hash).ok_or_else(|| unsound(entry.pos, "its files are nowhere below it"))?;
        let said = |leaf: &str| event.admin.get(leaf).and_then(Value::as_str).unwrap_or_default().to_owned();
        let activation = Activation {
            position: entry.pos,
            at: entry.stored,
            bundle: hash,
            reviewer: said("reviewer"),
            reason: said("reason"),
        };
        self.activations.push((activation, Arc::clone(bundle)));
        Ok(())
    }

    /// The version that rules a position.
    #[must_use]
    pub fn at(&self, pos: LogPos) -> &Arc<Bundle> {
        let last = self.activations.iter().rev().find(|(activation, _)| activation.position <= pos);
        last.map_or(&self.first, |(_, bundle)| bundle)
    }

    /// The version in force at the end of what was read.
    #[must_use]
    pub fn in_force(&self) -> &Arc<Bundle> {
        self.activations.last().map_or(&self.first, |(_, bundle)| bundle)
    }

    /// The version that ruled before any was activated.
    #[must_use]
    pub fn first(&self) -> &Arc<Bundle> {
        &self.first
    }

    /// Whether the log carries the files of this version.
    #[must_use]
    pub fn carries(&self, bundle: &BundleHash) -> bool {
        self.carried.contains_key(bundle)
    }

    /// Whether the log carries any version: without one it is ruled by the law of the build.
    #[must_use]
    pub fn carries_any(&self) -> bool {
        !self.carried.is_empty()
    }

    /// Every version whose files the log carries. Sorted.
    pub fn carried(&self) -> impl Iterator<Item = BundleHash> {
        self.carried.keys().copied()
    }

    /// Every activation, in log order.
    pub fn activations(&self) -> impl ExactSizeIterator<Item = &Activation> {
        self.activations.iter().map(|(activation, _)| activation)
    }
}

fn is_carried(event: &LoggedEvent) -> bool {
    event.event_type.as_str() == CARRIED
}

fn opened(event: &LoggedEvent, pos: LogPos) -> Result<Bundle, ServiceError> {
    let carried: CarriedLaw = serde_json::from_value(Value::Object(event.admin.clone()))
        .map_err(|_| unsound(pos, "its files are not as they were written"))?;
    carried.open().map_err(|e| unsound(pos, &e.to_string()))
}

fn unsound(pos: LogPos, why: &str) -> ServiceError {
    ServiceError::Stop { code: "HO-4004", message: format!("the law at log position {pos} cannot be ruled by: {why}") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests;
