//! A fictional county on a real hub: five agencies, their agreements, and what a test needs to act as each of them.
#![allow(clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use handoff::client::Partner;
use handoff::config::Config;
use handoff::hub::Hub;
use handoff::operator;
use handoff::session::Session;
use handoff_gateway::wire::{Ask, Format, PublishReply, Row, View};
use handoff_schemas::UnitId;
use handoff_spine::command::Refusal;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The units of the county: unit, partner, kind of organisation, role, HIPAA status, Part 2 status.
pub const UNITS: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("river-911", "river-pd", "law-enforcement", "PSAP", "none", "no"),
    ("river-pd-patrol", "river-pd", "law-enforcement", "LE", "none", "no"),
    ("river-fire-ems", "river-fire", "fire-ems", "EMS", "covered-provider", "no"),
    ("willow-clinic-crisis", "willow-clinic", "behavioral-health", "BHC", "covered-provider", "no"),
    ("harbor-recovery-sud", "harbor-recovery", "substance-use-program", "P2P", "covered-provider", "yes"),
    ("lantern-shelter-intake", "lantern-shelter", "community-service", "CBO", "none", "no"),
];

/// Agreements the county starts with.
pub const AGREEMENTS: &[&str] = &[
    include_str!("../../consent/forms/agreement-crisis-co-response.toml"),
    include_str!("../../consent/forms/agreement-treatment.toml"),
    include_str!("../../consent/forms/agreement-shelter-referrals.toml"),
];

/// A hub with the county on it. Everything goes when it is dropped.
pub struct County {
    pub session: Session,
    partners: BTreeMap<String, Partner>,
    pub dir: TempDir,
}

impl County {
    /// Starts a hub on SQLite and its own nats-server, with all units and agreements in force.
    ///
    /// # Errors
    /// What kept it from starting.
    pub async fn start() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let config = Config::embedded(dir.path().join("hub"));
        Self::on(dir, &config).await
    }

    /// The same on a given configuration.
    ///
    /// # Errors
    /// What kept it from starting.
    pub async fn on(dir: TempDir, config: &Config) -> Result<Self> {
        let session = Session::of(Hub::start(config).await?).await?;
        let mut county = Self { session, partners: BTreeMap::new(), dir };
        county.register().await?;
        for agreement in AGREEMENTS {
            accepted(operator::load(&county.session, agreement).await?)?;
        }
        county.settle().await?;
        Ok(county)
    }

    /// Stops the hub and starts it again on the same folder.
    ///
    /// # Errors
    /// What kept it from either.
    pub async fn restart(self, config: &Config) -> Result<Self> {
        let dir = self.stop_keeping().await?;
        Self::again(dir, config).await
    }

    /// Starts a hub on a folder where the county is registered already.
    ///
    /// # Errors
    /// What kept it from starting.
    pub async fn again(dir: TempDir, config: &Config) -> Result<Self> {
        let session = Session::of(Hub::start(config).await?).await?;
        let mut county = Self { session, partners: BTreeMap::new(), dir };
        county.connect().await?;
        Ok(county)
    }

    /// Ends the hub and keeps its folder.
    ///
    /// # Errors
    /// What did not end cleanly.
    pub async fn stop_keeping(self) -> Result<TempDir> {
        self.session.close().await?;
        Ok(self.dir)
    }

    async fn register(&mut self) -> Result<()> {
        for (_, partner, org_type, ..) in UNITS {
            let facts = json!({ "partner": partner, "name": partner, "org_type": org_type });
            accepted(operator::add_partner(&self.session, partner, facts).await?)?;
        }
        for (unit, partner, _, role, hipaa, part2) in UNITS {
            let facts = json!({
                "unit": unit, "partner": partner, "name": unit, "roles": [role], "hipaa": hipaa, "part2": part2,
                "cjis": *partner == "river-pd", "victim_services": false, "jurisdiction": "US-WA",
            });
            accepted(operator::add_unit(&self.session, unit, facts).await?)?;
        }
        self.connect().await
    }

    async fn connect(&mut self) -> Result<()> {
        for (_, partner, ..) in UNITS {
            if !self.partners.contains_key(*partner) {
                let client = self.session.partner(&partner.parse()?).await?;
                self.partners.insert((*partner).to_owned(), client);
            }
        }
        Ok(())
    }

    /// The client that holds the credential of the unit's agency.
    ///
    /// # Errors
    /// Where no such unit is in the county.
    pub fn agency(&self, unit: &str) -> Result<&Partner> {
        let (_, partner, ..) = UNITS.iter().find(|u| u.0 == unit).context("no such unit in the county")?;
        self.partners.get(*partner).context("the agency is not connected")
    }

    /// Waits until everything accepted so far is ruled, on the ledger and in the views.
    ///
    /// # Errors
    /// Where the hub does not keep up.
    pub async fn settle(&mut self) -> Result<()> {
        self.session.hub().context("the hub is not of this process")?.settle().await
    }

    /// Publishes an event as a unit; a refusal is an error of the test.
    ///
    /// # Errors
    /// The refusal.
    pub async fn publish(&self, unit: &str, event: &Value) -> Result<PublishReply> {
        accepted(self.try_publish(unit, Format::Cloudevents, &serde_json::to_vec(event)?).await?)
    }

    /// Publishes a document as a unit and returns the hub's answer.
    ///
    /// # Errors
    /// The transport's.
    pub async fn try_publish(
        &self,
        unit: &str,
        format: Format,
        document: &[u8],
    ) -> Result<std::result::Result<PublishReply, Refusal>> {
        self.agency(unit)?.publish(&unit.parse()?, format, false, document).await
    }

    /// A unit's whole view.
    ///
    /// # Errors
    /// The refusal.
    pub async fn view(&self, unit: &str) -> Result<View> {
        self.ask(unit, Ask::Since(0)).await
    }

    /// What a unit gets for a question.
    ///
    /// # Errors
    /// The refusal.
    pub async fn ask(&self, unit: &str, ask: Ask) -> Result<View> {
        let id: UnitId = unit.parse()?;
        accepted(self.agency(unit)?.read(&id, None, "tester", ask).await?)
    }

    /// Rows of a view that came from one unit.
    ///
    /// # Errors
    /// The refusal.
    pub async fn rows_from(&self, unit: &str, source: &str) -> Result<Vec<Row>> {
        let rows = self.view(unit).await?.rows;
        Ok(rows.into_iter().filter(|r| r.ruling["source"] == source).collect())
    }

    /// Rows of one event type in a view, from one unit.
    ///
    /// # Errors
    /// The refusal.
    pub async fn rows_of(&self, unit: &str, source: &str, event_type: &str) -> Result<Vec<Row>> {
        let rows = self.rows_from(unit, source).await?;
        Ok(rows.into_iter().filter(|r| r.ruling["type"] == event_type).collect())
    }

    /// Links two `unit:local id`s.
    ///
    /// # Errors
    /// The refusal.
    pub async fn link(&self, a: &str, b: &str) -> Result<()> {
        accepted(operator::link_persons(&self.session, a, b, "Records steward").await?).map(drop)
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.session.data
    }

    /// Ends the hub in good order.
    ///
    /// # Errors
    /// What did not end cleanly.
    pub async fn stop(self) -> Result<()> {
        self.session.close().await
    }
}

/// Asks again and again until it holds, a minute at most.
///
/// # Errors
/// Where it never does.
pub async fn until(what: &str, holds: impl AsyncFn() -> bool) -> Result<()> {
    let all = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.with_context(|| format!("never: {what}"))
}

/// The answer, or its refusal as an error.
///
/// # Errors
/// The refusal.
pub fn accepted<T>(answer: std::result::Result<T, Refusal>) -> Result<T> {
    answer.map_err(|refusal| anyhow!("{refusal}"))
}

/// A CloudEvent of `unit` about its own local person.
#[must_use]
pub fn event(unit: &str, event_type: &str, id: &str, person: Option<&str>, data: Value) -> Value {
    let mut event = json!({
        "specversion": "1.0", "id": id, "source": format!("/units/{unit}"), "type": format!("handoff.{event_type}"),
        "time": "2026-11-02T21:40:00Z", "datacontenttype": "application/json", "data": data,
    });
    if let Some(person) = person {
        event["subject"] = json!(person);
    }
    event
}

/// A sample event of the schemas folder, as its unit would send it.
///
/// # Errors
/// Where there is no such sample.
pub fn sample(family: &str, name: &str, case: &str) -> Result<Value> {
    let path = workspace().join(format!("schemas/samples/events/{family}/{name}/{case}.json"));
    let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

/// A consent of a Part 2 program's patient that lets the clinic have these categories: the full sample, without what it
/// says of other situations and of limits.
///
/// # Errors
/// Where the sample is not as expected.
pub fn part2_consent(id: &str, patient: &str, categories: &[&str]) -> Result<Value> {
    let mut consent = sample("consent", "consent-recorded.v1", "full")?;
    let data = consent["data"].as_object_mut().context("the sample has no data")?;
    for extra in [
        "intermediary",
        "cj_condition",
        "refers_to",
        "data_from",
        "data_to",
        "document",
        "grantor_class",
        "records",
        "event_types",
        "data_elements",
    ] {
        data.remove(extra);
    }
    data.insert("data_scope".into(), json!(categories));
    data.insert("signed_at".into(), json!("2026-11-01T15:00:00Z"));
    data.insert("received_at".into(), json!("2026-11-01T15:10:00Z"));
    data.insert("expiry".into(), json!({ "kind": "date", "date": "2027-11-05", "time_zone": "America/Los_Angeles" }));
    data["signatures"][0]["signed_at"] = json!("2026-11-01T15:00:00Z");
    consent["id"] = json!(id);
    consent["subject"] = json!(patient);
    consent["time"] = json!("2026-11-02T21:40:00Z");
    Ok(consent)
}

/// The root of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Real inputs from outside, or none where they are absent (the test then says that it was skipped).
#[must_use]
pub fn external() -> Option<PathBuf> {
    let folder = std::env::var_os("HANDOFF_EXTERNAL_DATA").map(PathBuf::from);
    folder.or_else(|| Some(workspace().join("../shared/data"))).filter(|f| f.is_dir())
}

/// Every leaf of a JSON value, as pointer and value.
#[must_use]
pub fn leaves(value: &Value) -> Vec<(String, Value)> {
    fn walk(value: &Value, at: String, into: &mut Vec<(String, Value)>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(k, v)| walk(v, format!("{at}/{k}"), into)),
            Value::Array(items) => items.iter().for_each(|v| walk(v, format!("{at}/*"), into)),
            leaf => into.push((at, leaf.clone())),
        }
    }
    let mut all = Vec::new();
    walk(value, String::new(), &mut all);
    all
}

/// The `handoff` program, built beside the tests.
///
/// # Errors
/// Where it is not built.
pub fn binary() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let path = here.ancestors().nth(2).context("the test program lies in no target folder")?.join("handoff");
    if !path.is_file() {
        bail!("{} is not built: run `cargo build --release --workspace --bin handoff`", path.display());
    }
    Ok(path)
}

/// Files below a folder, for searching their raw bytes.
///
/// # Errors
/// Where a folder cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.is_file() {
                all.push(path);
            }
        }
    }
    if all.is_empty() {
        bail!("no files below {}", folder.display());
    }
    Ok(all)
}
