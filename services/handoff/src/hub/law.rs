//! The law in force for those who label what comes in: read from the log, then followed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use handoff_law::Bundle;
use handoff_policy::{LAW_SUBJECTS, Laws};
use handoff_registry::Known;
use handoff_schemas::{
    Category, EventType, Labeller, LawLabel, OperatorFacts, PartnerId, SliceLabels, UnitFacts, UnitId,
};
use handoff_spine::directory::{Directory, PartnerFacts};
use handoff_spine::log::{EVENTS, Log, LogError};
use handoff_spine::service::ServiceError;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

/// Labels by the version of the law in force, as far as the log was followed.
pub struct LawInForce(RwLock<Arc<Bundle>>);

impl LawInForce {
    /// Reads the versions on the log. `own`, the law of this build, rules where there is none.
    ///
    /// # Errors
    /// The log's; HO-4004.
    pub async fn read(log: &Log, own: Arc<Bundle>) -> Result<(Arc<Self>, Laws), ServiceError> {
        let laws = Laws::read(log, own).await?;
        Ok((Arc::new(Self(RwLock::new(Arc::clone(laws.in_force())))), laws))
    }

    /// Follows the log until shutdown.
    ///
    /// # Errors
    /// HO-4004: the hub stops rather than label by a law that is not in force.
    pub async fn follow(&self, mut laws: Laws, log: Log, shutdown: CancellationToken) -> Result<(), ServiceError> {
        loop {
            let failed = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                failed = self.follow_once(&mut laws, &log) => failed,
            };
            match failed {
                ServiceError::Log(e) => tracing::warn!(error = %e, "the law is read again from the log"),
                e => return Err(e),
            }
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
            }
        }
    }

    /// Until it fails. What was taken in before changes nothing.
    async fn follow_once(&self, laws: &mut Laws, log: &Log) -> ServiceError {
        let mut follow = match log.follow(EVENTS, 1, &[LAW_SUBJECTS]).await {
            Ok(follow) => follow,
            Err(e) => return e.into(),
        };
        loop {
            let entry: Result<_, LogError> = follow.next().await.and_then(|raw| log.open(&raw));
            let taken = entry.map_err(ServiceError::from).and_then(|entry| laws.take(&entry));
            if let Err(e) = taken {
                return e;
            }
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(laws.in_force());
        }
    }

    /// The version in force, as far as the log was followed.
    pub fn now(&self) -> Arc<Bundle> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the registry knows: units and partners from the directory, hooks from the law in force.
pub struct KnownInForce {
    pub directory: Directory,
    pub law: Arc<LawInForce>,
}

impl Known for KnownInForce {
    fn unit(&self, unit: &UnitId) -> Option<Arc<UnitFacts>> {
        self.directory.unit(unit)
    }

    fn partner(&self, partner: &PartnerId) -> Option<PartnerFacts> {
        self.directory.partner(partner)
    }

    fn operator(&self) -> Option<OperatorFacts> {
        self.directory.operator()
    }

    fn law(&self) -> Option<Arc<Bundle>> {
        Some(self.law.now())
    }
}

impl Labeller for LawInForce {
    fn law(&self, unit: &UnitFacts, categories: &[Category]) -> BTreeSet<LawLabel> {
        self.now().law(unit, categories)
    }

    fn content(&self, event_type: &EventType, slices: &BTreeMap<Category, Map<String, Value>>) -> Vec<SliceLabels> {
        self.now().content(event_type, slices)
    }

    fn holds_cji(&self, event_type: &EventType, slices: &BTreeMap<Category, Map<String, Value>>) -> bool {
        self.now().holds_cji(event_type, slices)
    }
}
