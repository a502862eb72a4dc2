//! Units and partners as every service knows them: a small projection of `EVENTS`, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use handoff_schemas::{
    Fact, LogPos, OperatorFacts, OrgType, PartnerId, PartnerStatus, RecipientKind, UnitFacts, UnitId,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::log::{EVENTS, Log, LogError};

/// The unit that operator commands act as; it belongs to no partner and never receives.
pub const OPERATOR: &str = "hub-operator";

/// How long a unit that was registered a moment ago may take to be known here.
const PATIENCE: Duration = Duration::from_millis(750);

#[derive(Clone, Debug)]
pub struct PartnerFacts {
    pub name: String,
    pub org_type: OrgType,
    pub status: PartnerStatus,
}

#[derive(Default)]
struct Known {
    units: BTreeMap<UnitId, Arc<UnitFacts>>,
    partners: BTreeMap<PartnerId, PartnerFacts>,
    operator: Option<OperatorFacts>,
}

/// Cheap to clone; follows the log until shutdown.
#[derive(Clone)]
pub struct Directory {
    known: Arc<RwLock<Known>>,
    moved: watch::Receiver<u64>,
}

/// A source of events: a registered unit, or the operator.
pub enum Source {
    Unit(Arc<UnitFacts>),
    Operator,
}

impl Source {
    /// The matrix column whose words its schema leaves are read with.
    #[must_use]
    pub fn source_kind(&self) -> RecipientKind {
        match self {
            Self::Unit(u) => u.roles.first().copied().unwrap_or(RecipientKind::Eval),
            Self::Operator => RecipientKind::Eval,
        }
    }
}

impl Directory {
    /// Reads all that is known so far, then goes on following in a task of its own.
    ///
    /// # Errors
    /// [`LogError`] where the log cannot be read at the start.
    pub async fn start(log: &Log, shutdown: CancellationToken) -> Result<Self, LogError> {
        let known = Arc::new(RwLock::new(Known::default()));
        let (sender, moved) = watch::channel(0);
        let mut follow = log.follow(EVENTS, 1, &["ev.*.partner.*", "ev.*.unit.*"]).await?;
        let this = Self { known: Arc::clone(&known), moved };
        let log = log.clone();
        for _ in 0..follow.waiting() {
            fold(&known, &log, &follow.next().await?)?;
        }
        tokio::spawn(async move {
            loop {
                let raw = tokio::select! {
                    () = shutdown.cancelled() => return,
                    next = follow.next() => next,
                };
                let folded = raw.and_then(|raw| fold(&known, &log, &raw).map(|()| raw.seq));
                match folded {
                    Ok(seq) => {
                        let _ = sender.send(seq);
                    }
                    Err(e) => {
                        tracing::error!(error = %e, "the directory of units can no longer follow the log");
                        match log.follow(EVENTS, 1, &["ev.*.partner.*", "ev.*.unit.*"]).await {
                            Ok(again) => follow = again,
                            Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
                        }
                    }
                }
            }
        });
        Ok(this)
    }

    /// The unit as registered, or none.
    #[must_use]
    pub fn unit(&self, unit: &UnitId) -> Option<Arc<UnitFacts>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).units.get(unit).cloned()
    }

    /// The partner as registered, or none.
    #[must_use]
    pub fn partner(&self, partner: &PartnerId) -> Option<PartnerFacts> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).partners.get(partner).cloned()
    }

    /// What the hub's operator declared last, or none.
    #[must_use]
    pub fn operator(&self) -> Option<OperatorFacts> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).operator
    }

    /// All units, in order of id.
    #[must_use]
    pub fn units(&self) -> Vec<Arc<UnitFacts>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).units.values().cloned().collect()
    }

    /// All partners, in order of id.
    #[must_use]
    pub fn partners(&self) -> Vec<PartnerId> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).partners.keys().cloned().collect()
    }

    /// Rises whenever a partner or unit moved.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.moved.clone()
    }

    /// Waits a moment until what was registered at this position is known here, so that whoever is told of it can build
    /// on it at once: a unit on its partner.
    pub async fn reached(&self, position: LogPos) {
        let mut moved = self.moved.clone();
        drop(tokio::time::timeout(PATIENCE, moved.wait_for(|seq| *seq >= position.0)).await);
    }

    /// The source of a command, waiting a moment for a unit registered just now.
    pub async fn unit_or_operator(&self, unit: &UnitId) -> Option<Source> {
        if unit.as_str() == OPERATOR {
            return Some(Source::Operator);
        }
        let mut moved = self.moved.clone();
        let found = async {
            loop {
                if let Some(u) = self.unit(unit) {
                    return Some(Source::Unit(u));
                }
                if moved.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.ok().flatten()
    }
}

fn fold(known: &RwLock<Known>, log: &Log, raw: &crate::log::RawEntry) -> Result<(), LogError> {
    let entry = log.open(raw)?;
    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
    for fact in entry.commit.events.iter().flat_map(|e| &e.facts) {
        match fact {
            Fact::PartnerRegistered { partner, name, org_type } => {
                let facts = PartnerFacts { name: name.clone(), org_type: *org_type, status: PartnerStatus::Registered };
                known.partners.insert(partner.clone(), facts);
            }
            Fact::PartnerMoved { partner, status } => {
                if let Some(p) = known.partners.get_mut(partner) {
                    p.status = *status;
                }
            }
            Fact::UnitRegistered { unit } => {
                known.units.insert(unit.unit.clone(), Arc::new(unit.clone()));
            }
            Fact::OperatorDeclared { operator } => known.operator = Some(*operator),
            _ => {}
        }
    }
    Ok(())
}
